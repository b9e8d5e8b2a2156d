"""Unknowns that cannot be told apart, or do nothing; and some that can."""

import jax.numpy as jnp
import numpy as np

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("unknowns")
PI = jnp.pi


@kind.case("only a b is determined", unknowns={"a": 0.4, "b": 0.5})
def product() -> pv.Problem:
    """u_t = a b u_xx, zero walls, u(x, 0) = sin(pi x), readings at t = 1/2; meant: 0.4 and 0.5."""
    x = np.linspace(0.1, 0.9, 9)
    late = np.exp(-0.1 * np.pi**2) * np.sin(np.pi * x)
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx, a, b: u_t - a * b * u_xx),
            "start": pv.Initial(u=lambda x: jnp.sin(PI * x)),
            "walls": pv.Dirichlet(u=0.0, on="x"),
            "readings": pv.Data({"x": x, "t": np.full(9, 0.5)}, u=late),
        },
        unknowns={"a": 0.5, "b": 0.5},
        exact=lambda x, t: jnp.exp(-0.2 * PI**2 * t) * jnp.sin(PI * x),
        network=NETWORK,
    )


@kind.case("only c + d is determined", unknowns={"c": 0.7, "d": 0.5})
def total_rate() -> pv.Problem:
    """n' = -(c + d) n on [0, 2], n(0) = 1, readings of exp(-1.2 t); meant: 0.7 and 0.5."""
    t = np.linspace(0.1, 2, 20)
    return pv.Problem(
        pv.Time(0, 2),
        "m",
        {
            "decay": pv.PDE(lambda m_t, m, c, d: m_t + (c + d) * m),
            "start": pv.Initial(m=1.0),
            "readings": pv.Data({"t": t}, m=np.exp(-1.2 * t)),
        },
        unknowns={"c": 0.5, "d": 0.5},
        exact=lambda t: jnp.exp(-1.2 * t),
        network=SMALL,
    )


@kind.case("only f / k is determined", unknowns={"f": 3.0, "k": 2.0})
def ratio() -> pv.Problem:
    """k u'' + f pi^2 sin(pi x) = 0, zero ends, readings of 1.5 sin(pi x); meant: f = 3, k = 2."""
    x = np.linspace(0.05, 0.95, 19)
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "rod": pv.PDE(lambda u_xx, x, k, f: k * u_xx + f * PI**2 * jnp.sin(PI * x)),
            "ends": pv.Dirichlet(u=0.0, on="x"),
            "readings": pv.Data({"x": x}, u=1.5 * np.sin(np.pi * x)),
        },
        unknowns={"k": 1.0, "f": 1.0},
        exact=lambda x: 1.5 * jnp.sin(PI * x),
        network=SMALL,
    )


@kind.case("g multiplies what is zero at the answer", unknowns={"g": 2.0})
def idle_at_the_answer() -> pv.Problem:
    """u'' = g (u - x) on [0, 1], u(0) = 0, u(1) = 1; u = x for every g; meant: 2."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, u, x, g: u_xx - g * (u - x)),
            "left": pv.Dirichlet(u=0.0, on="x-"),
            "right": pv.Dirichlet(u=1.0, on="x+"),
        },
        unknowns={"g": 1.0},
        exact=lambda x: x,
        network=SMALL,
    )


@kind.case("two unknowns in one boundary value: only their sum", unknowns={"p": 0.25, "q": 0.75})
def shared_boundary_value() -> pv.Problem:
    """u'' = 2 on [0, 1], u(0) = p + q, readings of 1 + x^2; meant: 0.25 and 0.75."""
    x = np.linspace(0.2, 1, 9)
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx: u_xx - 2.0),
            "left": pv.Dirichlet(u=lambda p, q: p + q, on="x-"),
            "readings": pv.Data({"x": x}, u=1 + x**2),
        },
        unknowns={"p": 0.5, "q": 0.1},
        exact=lambda x: 1 + x**2,
        network=SMALL,
    )


@kind.case("an unknown and the constant of a Neumann problem", unknowns={"h": 1.0})
def level_of_surroundings() -> pv.Problem:
    """u'' = -pi^2 cos(pi x), u_n = 0 at both ends, u(0) - h = 0 with h unknown; meant: h = 1."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, x: u_xx + PI**2 * jnp.cos(PI * x)),
            "ends": pv.Neumann(u=0.0, on="x"),
            "level": pv.Dirichlet(u=lambda h: h, on="x-"),
        },
        unknowns={"h": 0.0},
        exact=lambda x: jnp.cos(PI * x),
        network=SMALL,
    )


def _damped(rates, unknowns, equation) -> pv.Problem:
    """An equation of second order for exp(-t) + exp(-2 t) with starts and readings."""
    t = np.linspace(0.1, 3, 30)
    return pv.Problem(
        pv.Time(0, 3),
        "u",
        {
            "ode": pv.PDE(equation),
            "start": pv.Initial(u=2.0, u_t=-3.0),
            "readings": pv.Data({"t": t}, u=sum(np.exp(-rate * t) for rate in rates)),
        },
        unknowns=unknowns,
        exact=lambda t: sum(jnp.exp(-rate * t) for rate in rates),
        network=SMALL,
    )


@kind.case("both are determined", may_converge=True, unknowns={"c": 3.0, "k": 2.0})
def damping_and_stiffness() -> pv.Problem:
    """u'' + c u' + k u = 0 on [0, 3] with starts and readings; c = 3, k = 2."""
    equation = lambda u_tt, u_t, u, c, k: u_tt + c * u_t + k * u
    return _damped((1.0, 2.0), {"c": 2.0, "k": 1.0}, equation)


@kind.case("determined up to an exchange", may_converge=True, unknowns={"a": 1.0, "b": 2.0})
def two_rates() -> pv.Problem:
    """u'' + (a + b) u' + a b u = 0 on [0, 3] with starts and readings; a = 1, b = 2 or 2, 1."""
    equation = lambda u_tt, u_t, u, a, b: u_tt + (a + b) * u_t + a * b * u
    return _damped((1.0, 2.0), {"a": 0.5, "b": 2.5}, equation)


@kind.case("readings where walls are built in", may_converge=True, unknowns={"k": 2.0})
def readings_at_the_walls() -> pv.Problem:
    """k u'' = -pi^2 sin(pi x) on [0, 1], zero ends; eleven readings, those at both ends among them."""
    x = np.linspace(0, 1, 11)
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, x, k: k * u_xx + jnp.pi**2 * jnp.sin(jnp.pi * x)),
            "ends": pv.Dirichlet(u=0.0, on="x"),
            "readings": pv.Data({"x": x}, u=0.5 * np.sin(np.pi * x)),
        },
        unknowns={"k": 1.0},
        exact=lambda x: 0.5 * jnp.sin(jnp.pi * x),
        network=SMALL,
    )
