"""Networks that cannot answer: derivatives that are zero everywhere, an input or a place ignored."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv

from ._case import SMALL, Kind

kind = Kind("network")
PI = jnp.pi


def _poisson(network) -> pv.Problem:
    """lap u = -2 pi^2 sin(pi x) sin(pi y) on the unit square, u = 0 at the walls."""

    def right(x, y):
        return jnp.sin(PI * x) * jnp.sin(PI * y)

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {
            "poisson": pv.PDE(lambda laplacian_u, x, y: laplacian_u + 2 * PI**2 * right(x, y)),
            "walls": pv.Dirichlet(u=0.0),
        },
        exact=right,
        network=network,
    )


def _line(network) -> pv.Problem:
    """u'' = 0 on [0, 1], u(0) = 1, u(1) = 3; exact: 1 + 2 x."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "line": pv.PDE(lambda u_xx: u_xx),
            "left": pv.Dirichlet(u=1.0, on="x-"),
            "right": pv.Dirichlet(u=3.0, on="x+"),
        },
        exact=lambda x: 1 + 2 * x,
        network=network,
    )


@kind.case("relu: the Laplacian is zero everywhere")
def relu_square() -> pv.Problem:
    """Poisson's equation on a square, which no kinked function solves."""
    return _poisson(pv.MLP(20, 2, activation=jax.nn.relu))


@kind.case("leaky relu by a function: any kinked line has u'' = 0")
def leaky_line() -> pv.Problem:
    """u'' = 0 between 1 and 3: every kinked line through both ends has no residual."""
    return _line(pv.MLP(10, 2, activation=lambda z: jnp.where(z > 0, z, 0.1 * z)))


@kind.case("a piecewise linear hat as activation, in time: u'' = 0 wherever it is looked at")
def hat_swing() -> pv.Problem:
    """q'' = 0 on [0, 2], q(0) = 0, q'(0) = 1; exact: t."""
    return pv.Problem(
        pv.Time(0, 2),
        "q",
        {"newton": pv.PDE(lambda q_tt: q_tt), "start": pv.Initial(q=0.0, q_t=1.0)},
        exact=lambda t: t,
        network=pv.MLP(10, 1, activation=lambda z: jnp.maximum(1 - jnp.abs(z), 0.0)),
    )


@kind.case("a step as activation: every derivative is zero, and no weight but the last counts")
def step_line() -> pv.Problem:
    """u'' = 0 between 1 and 3: every step function with both ends right has no residual."""
    return _line(pv.MLP(10, 2, activation=lambda z: jnp.heaviside(z, 0.0)))


@kind.case("a constant activation: the network is one number")
def constant_square() -> pv.Problem:
    """Poisson's equation on a square by a number."""
    return _poisson(pv.MLP(10, 1, activation=jnp.ones_like))


class Deaf(eqx.Module):
    """Twenty sine units of the first input alone."""

    slopes: Array
    shifts: Array
    weights: Array

    def __call__(self, inputs):
        return self.weights @ jnp.sin(self.slopes * inputs[0] + self.shifts)


@kind.case("a module that ignores its second input")
def deaf_to_y() -> pv.Problem:
    """Poisson's equation on a square by a function of x alone."""
    rng = np.random.default_rng(0)
    return _poisson(Deaf(*(jnp.asarray(rng.standard_normal(20)) for _ in range(3))))


@kind.case("an Ansatz that is zero on the left half")
def silent_half() -> pv.Problem:
    """v'' = -pi^2 sin(pi x), zero ends, with max(x - 1/2, 0)^3 times a network."""
    return pv.Problem(
        pv.Interval(0, 1),
        "v",
        {
            "ode": pv.PDE(lambda v_xx, x: v_xx + PI**2 * jnp.sin(PI * x)),
            "ends": pv.Dirichlet(v=0.0, on="x"),
        },
        exact=lambda x: jnp.sin(PI * x),
        network=pv.Ansatz(SMALL, lambda v, x: jnp.maximum(x - 0.5, 0.0) ** 3 * v),
    )


@kind.case("an Ansatz that is zero at the ends, where 1 and 3 are asked for")
def silent_ends() -> pv.Problem:
    """u'' = 0 between 1 and 3 with x (1 - x) times a network."""
    return _line(pv.Ansatz(SMALL, lambda u, x: x * (1 - x) * u))
