"""Right, on an interval: well-posed twins of the other kinds, which must be called right."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("right")
PI = jnp.pi


@kind.case("the twin of beam_three_conditions, with all four", may_converge=True)
def beam_clamped() -> pv.Problem:
    """w'''' = 24 on [0, 1], w = w' = 0 at both ends."""
    return pv.Problem(
        pv.Interval(0, 1),
        "w",
        {
            "beam": pv.PDE(lambda w_xxxx: w_xxxx - 24.0),
            "ends": pv.Dirichlet(w=0.0, on="x"),
            "clamps": pv.Neumann(w=0.0, on="x"),
        },
        exact=lambda x: x**2 * (1 - x) ** 2,
        network=SMALL,
    )


@kind.case("the twin of eigenfunction, with its slope", may_converge=True)
def eigenfunction_scaled() -> pv.Problem:
    """-psi'' = pi^2 psi on [0, 1], psi(0) = 0, psi'(0) = pi."""
    return pv.Problem(
        pv.Interval(0, 1),
        "psi",
        {
            "state": pv.PDE(lambda psi_xx, psi: psi_xx + PI**2 * psi),
            "wall": pv.Dirichlet(psi=0.0, on="x-"),
            "slope": pv.Boundary(lambda psi_x: psi_x - PI, on="x-"),
        },
        exact=lambda x: jnp.sin(PI * x),
        network=SMALL,
    )


def _layer(width: float) -> pv.Problem:
    """width u'' + u' = 0 on [0, 1] with the ends of its exact solution 1 - exp(-x / width)."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, u_x: width * u_xx + u_x),
            "left": pv.Dirichlet(u=0.0, on="x-"),
            "right": pv.Dirichlet(u=float(1 - np.exp(-1 / width)), on="x+"),
        },
        exact=lambda x: 1 - jnp.exp(-x / width),
        network=NETWORK,
    )


@kind.case("a boundary layer of 1e-2", may_converge=True)
def layer_2() -> pv.Problem:
    """0.01 u'' + u' = 0 on [0, 1]; exact: 1 - exp(-100 x)."""
    return _layer(1e-2)


@kind.case("a boundary layer of 1e-3", may_converge=True)
def layer_3() -> pv.Problem:
    """0.001 u'' + u' = 0 on [0, 1]; exact: 1 - exp(-1000 x)."""
    return _layer(1e-3)


@kind.case("the residual is rounding: fourth derivatives of a straight line", may_converge=True)
def straight_beam() -> pv.Problem:
    """w'''' = 0 on [0, 1], w(0) = 1, w(1) = 2, slopes 1 at both ends; exact: 1 + x."""
    return pv.Problem(
        pv.Interval(0, 1),
        "w",
        {
            "beam": pv.PDE(lambda w_xxxx: w_xxxx),
            "ends": pv.Dirichlet(w=lambda x: 1 + x, on="x"),
            "slopes": pv.Boundary(lambda w_x: w_x - 1.0, on="x"),
        },
        exact=lambda x: 1 + x,
        network=SMALL,
    )


@kind.case("an answer of 1e-6 everywhere", may_converge=True)
def tiny_answer() -> pv.Problem:
    """v'' = -1e-6 pi^2 sin(pi x) on [0, 1], zero ends; exact: 1e-6 sin(pi x)."""
    return pv.Problem(
        pv.Interval(0, 1),
        "v",
        {
            "ode": pv.PDE(lambda v_xx, x: v_xx + 1e-6 * PI**2 * jnp.sin(PI * x)),
            "ends": pv.Dirichlet(v=0.0, on="x"),
        },
        exact=lambda x: 1e-6 * jnp.sin(PI * x),
        network=SMALL,
    )


@kind.case("an integral that its nodes resolve", may_converge=True)
def total_resolved() -> pv.Problem:
    """u' = 2 x on [-1, 1], int u = 8 / 3; exact: x^2 + 1."""
    return pv.Problem(
        pv.Interval(-1, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_x, x: u_x - 2 * x),
            "total": pv.Integral(lambda u: u, value=8 / 3),
        },
        exact=lambda x: x**2 + 1,
        network=SMALL,
    )


@kind.case("the commonest network of all, eqx.nn.MLP", may_converge=True)
def equinox_network() -> pv.Problem:
    """u'' = -pi^2 sin(pi x) on [0, 1], zero ends."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, x: u_xx + PI**2 * jnp.sin(PI * x)),
            "ends": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=lambda x: jnp.sin(PI * x),
        network=eqx.nn.MLP(1, 1, 16, 2, jnp.tanh, key=jax.random.key(0)),
    )


@kind.case("a fork, where the linearized equation leaves a mode free", may_converge=True)
def fork() -> pv.Problem:
    """u'' + pi^2 u - u^3 = 0 on [0, 1], zero ends; exact: 0, for u^3 sin(pi x) has the integral 0."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, u: u_xx + PI**2 * u - u**3),
            "ends": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=lambda x: 0 * x,
        network=SMALL,
    )


@kind.case("an equation without a linear part", may_converge=True)
def no_linear_part() -> pv.Problem:
    """(u')^2 = 0 on [0, 1], u(0) = 1; exact: 1."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {"ode": pv.PDE(lambda u_x: u_x**2), "left": pv.Dirichlet(u=1.0, on="x-")},
        exact=lambda x: 1.0 + 0 * x,
        network=SMALL,
    )
