"""Open, in time: a start, or what flows in, is nowhere asked for."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("open")
PI = jnp.pi


@kind.case("the third tank's start is missing: a constant is free")
def cascade() -> pv.Problem:
    """a' = -a, b' = a - 2 b, c' = 2 b on [0, 3], a(0) = 1, b(0) = 0; meant: c(0) = 0."""
    return pv.Problem(
        pv.Time(0, 3),
        "a b c",
        {
            "flow": pv.PDE(lambda a, b, a_t, b_t, c_t: (a_t + a, b_t - a + 2 * b, c_t - 2 * b)),
            "start": pv.Initial(a=1.0, b=0.0),
        },
        exact={
            "a": lambda t: jnp.exp(-t),
            "b": lambda t: jnp.exp(-t) - jnp.exp(-2 * t),
            "c": lambda t: 1 - 2 * jnp.exp(-t) + jnp.exp(-2 * t),
        },
        network=SMALL,
    )


@kind.case("no condition at all: any multiple of the answer fits, zero too")
def decay_alone() -> pv.Problem:
    """y' + y / 2 = 0 on [0, 4]; meant: y(0) = 1."""
    return pv.Problem(
        pv.Time(tau=(0, 4)),
        "y",
        {"decay": pv.PDE(lambda y_tau, y: y_tau + 0.5 * y)},
        exact=lambda tau: jnp.exp(-0.5 * tau),
        network=SMALL,
    )


@kind.case("the second start, that of the velocity, is missing")
def swing_without_velocity() -> pv.Problem:
    """q'' + 4 q = 0 on [0, 2], q(0) = 1; meant: q'(0) = 0."""
    return pv.Problem(
        pv.Time(0, 2),
        "q",
        {"newton": pv.PDE(lambda q_tt, q: q_tt + 4 * q), "position": pv.Initial(q=1.0)},
        exact=lambda t: jnp.cos(2 * t),
        network=SMALL,
    )


@kind.case("no start: every decaying mode fits")
def heat_without_start() -> pv.Problem:
    """s_t = 0.1 s_xx, s = 0 at both walls; meant: s(x, 0) = sin(pi x)."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "s",
        {"heat": pv.PDE(lambda s_t, s_xx: s_t - 0.1 * s_xx), "walls": pv.Dirichlet(s=0.0, on="x")},
        exact=lambda x, t: jnp.exp(-0.1 * PI**2 * t) * jnp.sin(PI * x),
        network=NETWORK,
    )


@kind.case("a wave equation with one start: the velocity is missing")
def string_without_velocity() -> pv.Problem:
    """w_tt = w_xx, w = 0 at both walls, w(x, 0) = sin(pi x); meant: w_t(x, 0) = 0."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "w",
        {
            "wave": pv.PDE(lambda w_tt, w_xx: w_tt - w_xx),
            "shape": pv.Initial(w=lambda x: jnp.sin(PI * x)),
            "walls": pv.Dirichlet(w=0.0, on="x"),
        },
        exact=lambda x, t: jnp.sin(PI * x) * jnp.cos(PI * t),
        network=NETWORK,
    )


@kind.case("advection without its inflow: what enters is free")
def inflow_forgotten() -> pv.Problem:
    """c_t + c_x / 2 = 0, c(x, 0) = sin(2 pi x); meant: the same wave enters at x = 0."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "c",
        {
            "carry": pv.PDE(lambda c_t, c_x: c_t + 0.5 * c_x),
            "start": pv.Initial(c=lambda x: jnp.sin(2 * PI * x)),
        },
        exact=lambda x, t: jnp.sin(2 * PI * (x - 0.5 * t)),
        network=NETWORK,
    )
