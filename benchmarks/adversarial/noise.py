"""Noise: readings with errors, stated rightly, too large, not at all, few, or on one side."""

import jax.numpy as jnp
import numpy as np

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("noise")
PI = jnp.pi


def _read(right, points, scatter: float, seed: int):
    """Values of `right` at the points with normal errors of standard deviation `scatter`."""
    return right(points) + scatter * np.random.default_rng(seed).standard_normal(len(points))


@kind.case("errors of 0.05, stated: an error of some percent remains", scatter=0.05)
def cooling_stated() -> pv.Problem:
    """u' = -u on [0, 2], no start but 15 readings of exp(-t)."""
    t = np.linspace(0, 2, 15)
    values = _read(lambda t: np.exp(-t), t, 0.05, seed=1)
    return pv.Problem(
        pv.Time(0, 2),
        "u",
        {"ode": pv.PDE(lambda u_t, u: u_t + u), "readings": pv.Data({"t": t}, u=values, noise=0.05)},
        exact=lambda t: jnp.exp(-t),
        network=SMALL,
    )


@kind.case("errors of 0.02, ten times that stated", scatter=0.02)
def swing_overstated() -> pv.Problem:
    """q'' + 9 q = 0 on [0, 2], no start but 30 readings of cos(3 t)."""
    t = np.linspace(0.05, 1.95, 30)
    values = _read(lambda t: np.cos(3 * t), t, 0.02, seed=2)
    return pv.Problem(
        pv.Time(0, 2),
        "q",
        {
            "ode": pv.PDE(lambda q_tt, q: q_tt + 9 * q),
            "readings": pv.Data({"t": t}, q=values, noise=0.2),
        },
        exact=lambda t: jnp.cos(3 * t),
        network=SMALL,
    )


@kind.case("errors of 0.05, not stated", scatter=0.05)
def vibration_unstated() -> pv.Problem:
    """w'' + 4 w = 0 on [0, 3], no ends but 25 readings of sin(2 s)."""
    s = np.linspace(0, 3, 25)
    values = _read(lambda s: np.sin(2 * s), s, 0.05, seed=3)
    return pv.Problem(
        pv.Interval(s=(0, 3)),
        "w",
        {"ode": pv.PDE(lambda w_ss, w: w_ss + 4 * w), "readings": pv.Data({"s": s}, w=values)},
        exact=lambda s: jnp.sin(2 * s),
        network=SMALL,
    )


@kind.case(
    "two readings for two constants: their errors leave no trace in a residual, but are stated",
    scatter=0.1,
)
def line_through_two() -> pv.Problem:
    """u'' = 0 on [0, 1], u read at 0.4 and 0.6 with errors of 0.1, stated; meant: 1 + x."""
    x = np.array([0.4, 0.6])
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "line": pv.PDE(lambda u_xx: u_xx),
            "readings": pv.Data({"x": x}, u=_read(lambda x: 1 + x, x, 0.1, seed=4), noise=0.1),
        },
        exact=lambda x: 1 + x,
        network=SMALL,
    )


@kind.case("errors of 0.03, not stated, and a rate to be found", scatter=0.03, unknowns={"k": 1.5})
def rate_from_readings() -> pv.Problem:
    """y' = -k y on [0, 2], y(0) = 1, 20 readings of exp(-1.5 t)."""
    t = np.linspace(0.1, 2, 20)
    return pv.Problem(
        pv.Time(0, 2),
        "y",
        {
            "decay": pv.PDE(lambda y_t, y, k: y_t + k * y),
            "start": pv.Initial(y=1.0),
            "readings": pv.Data({"t": t}, y=_read(lambda t: np.exp(-1.5 * t), t, 0.03, seed=5)),
        },
        unknowns={"k": 1.0},
        exact=lambda t: jnp.exp(-1.5 * t),
        network=SMALL,
    )


@kind.case("a source from noisy readings: two derivatives of their errors", scatter=0.01)
def source_from_readings() -> pv.Problem:
    """u'' + s = 0 on [0, 1], 40 readings of sin(pi x), nothing else; meant: s = pi^2 sin(pi x)."""
    x = np.linspace(0, 1, 40)
    values = _read(lambda x: np.sin(np.pi * x), x, 0.01, seed=6)
    return pv.Problem(
        pv.Interval(0, 1),
        "u s",
        {"ode": pv.PDE(lambda u_xx, s: u_xx + s), "readings": pv.Data({"x": x}, u=values, noise=0.01)},
        exact={"u": lambda x: jnp.sin(PI * x), "s": lambda x: PI**2 * jnp.sin(PI * x)},
        network=SMALL,
    )


@kind.case("readings at the left tenth: their errors grow as exp(x)", scatter=0.01)
def readings_at_one_side() -> pv.Problem:
    """u'' = u on [0, 4], 20 readings of exp(-x) with x < 0.4."""
    x = np.linspace(0, 0.4, 20)
    values = _read(lambda x: np.exp(-x), x, 0.01, seed=7)
    return pv.Problem(
        pv.Interval(0, 4),
        "u",
        {"ode": pv.PDE(lambda u_xx, u: u_xx - u), "readings": pv.Data({"x": x}, u=values, noise=0.01)},
        exact=lambda x: jnp.exp(-x),
        network=SMALL,
    )


@kind.case("a plate without walls, 60 readings inside with errors of 0.1", scatter=0.1)
def plate_from_readings() -> pv.Problem:
    """lap T = 0 on the unit square, 60 readings of x^2 - y^2 in the middle, noise stated."""
    x, y = np.random.default_rng(8).uniform(0.3, 0.7, (2, 60))
    values = _read(
        lambda rows: rows[:, 0] ** 2 - rows[:, 1] ** 2, np.stack([x, y], axis=1), 0.1, seed=9
    )
    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "T",
        {
            "laplace": pv.PDE(lambda laplacian_T: laplacian_T),
            "readings": pv.Data({"x": x, "y": y}, T=values, noise=0.1),
        },
        exact=lambda x, y: x**2 - y**2,
        network=NETWORK,
    )


@kind.case("errors of 1e-8, stated: as good as none", may_converge=True, scatter=1e-8)
def cooling_precise() -> pv.Problem:
    """u' = -2 u on [0, 1], no start but 20 readings of exp(-2 t)."""
    t = np.linspace(0, 1, 20)
    values = _read(lambda t: np.exp(-2 * t), t, 1e-8, seed=10)
    return pv.Problem(
        pv.Time(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_t, u: u_t + 2 * u),
            "readings": pv.Data({"t": t}, u=values, noise=1e-8),
        },
        exact=lambda t: jnp.exp(-2 * t),
        network=SMALL,
    )
