"""Narrow: a feature that few points meet, or none, and on which the answer hangs."""

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("narrow")
PI = jnp.pi
ROOT = float(np.sqrt(np.pi))


def _heated_spot(width: float, height: float, center: float) -> pv.Problem:
    """u'' = -height exp(-((x - c) / width)^2) on [0, 1] with zero ends, by integrating twice."""

    def spot(x):
        return jnp.exp(-(((x - center) / width) ** 2))

    def twice(x):
        z = (x - center) / width
        return -height * width**2 * (z * erf(z) * ROOT + jnp.exp(-(z**2))) / 2

    def right(x):
        left, far = twice(0.0 * x), twice(0.0 * x + 1.0)
        return twice(x) - left - (far - left) * x

    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "rod": pv.PDE(lambda u_xx, x: u_xx + height * spot(x)),
            "ends": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("a source of width 1e-3 on a length of 1", may_converge=True, near={"x": (0.37, 1e-3)})
def heated_spot() -> pv.Problem:
    """u'' = -4000 exp(-((x - 0.37) / 1e-3)^2) on [0, 1], zero ends."""
    return _heated_spot(1e-3, 4e3, 0.37)


@kind.case(
    "a needle of width 1e-8, which no point meets: nobody can know, unless the source is read",
    near={"x": (0.61803398, 1e-8)},
)
def needle() -> pv.Problem:
    """u'' = -4e8 exp(-((x - c) / 1e-8)^2) on [0, 1], zero ends: zero fits at every point drawn."""
    return _heated_spot(1e-8, 4e8, 0.61803398)


@kind.case("a bump of width 5e-3 in a boundary value", may_converge=True, near={"x": (0.43, 5e-3)})
def bump_at_wall() -> pv.Problem:
    """lap u = 0 on the unit square, u = d (y + d) / ((x - 0.43)^2 + (y + d)^2) at walls, d = 5e-3."""
    d = 5e-3

    def right(x, y):
        return d * (y + d) / ((x - 0.43) ** 2 + (y + d) ** 2)

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {"laplace": pv.PDE(lambda laplacian_u: laplacian_u), "walls": pv.Dirichlet(u=right)},
        exact=right,
        network=NETWORK,
    )


@kind.case("a spike of width 2e-3 at the start", may_converge=True, near={"x": (0.21, 0.1)})
def spike_at_start() -> pv.Problem:
    """c_t = 0.01 c_xx on [-1, 1], c(x, 0) = 50 exp(-((x - 0.21) / 2e-3)^2), which spreads."""

    def right(x, t):
        square = 4e-6 + 0.04 * t
        return 50 * jnp.sqrt(4e-6 / square) * jnp.exp(-((x - 0.21) ** 2) / square)

    return pv.Problem(
        pv.Interval(-1, 1) * pv.Time(0, 1),
        "c",
        {
            "spread": pv.PDE(lambda c_t, c_xx: c_t - 0.01 * c_xx),
            "start": pv.Initial(c=lambda x: right(x, 0.0)),
            "walls": pv.Dirichlet(c=right, on="x"),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("a kick of 1e-3 in time", may_converge=True, near={"t": (0.7, 1e-3)})
def kick() -> pv.Problem:
    """v' = -sin t + 500 exp(-((t - 0.7) / 1e-3)^2) on [0, 2], v(0) = 1: a step by 0.886."""
    width = 1e-3

    def push(t):
        return 500 * jnp.exp(-(((t - 0.7) / width) ** 2))

    return pv.Problem(
        pv.Time(0, 2),
        "v",
        {"newton": pv.PDE(lambda v_t, t: v_t + jnp.sin(t) - push(t)), "start": pv.Initial(v=1.0)},
        exact=lambda t: jnp.cos(t) + 250 * width * ROOT * (1 + erf((t - 0.7) / width)),
        network=NETWORK,
    )


@kind.case("a coefficient with 50 periods", may_converge=True)
def two_scales() -> pv.Problem:
    """(v' / (2 + cos(100 pi x)))' = 0 on [0, 1], v(0) = 0, v(1) = 2; exact: 2 x + a small wave."""
    rate = 100 * PI

    def flux(v_xx, v_x, x):
        wave = 2 + jnp.cos(rate * x)
        return v_xx / wave + rate * jnp.sin(rate * x) / wave**2 * v_x

    return pv.Problem(
        pv.Interval(0, 1),
        "v",
        {
            "flux": pv.PDE(flux),
            "left": pv.Dirichlet(v=0.0, on="x-"),
            "right": pv.Dirichlet(v=2.0, on="x+"),
        },
        exact=lambda x: 2 * x + jnp.sin(rate * x) / rate,
        network=SMALL,
    )


@kind.case(
    "a source of width 5e-3 in a square", may_converge=True, near={"x": (0.37, 5e-3), "y": (0.58, 5e-3)}
)
def spot_in_square() -> pv.Problem:
    """lap T = f on the unit square, zero walls up to rounding; exact: sin sin + exp(-r^2 / 2.5e-5)."""
    square = 2.5e-5

    def spot(x, y):
        return jnp.exp(-((x - 0.37) ** 2 + (y - 0.58) ** 2) / square)

    def waves(x, y):
        return jnp.sin(PI * x) * jnp.sin(PI * y)

    def source(x, y):
        far = ((x - 0.37) ** 2 + (y - 0.58) ** 2) / square
        return 4 * (far - 1) / square * spot(x, y) - 2 * PI**2 * waves(x, y)

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "T",
        {
            "heat": pv.PDE(lambda laplacian_T, x, y: laplacian_T - source(x, y)),
            "walls": pv.Dirichlet(T=0.0),
        },
        exact=lambda x, y: waves(x, y) + spot(x, y),
        network=NETWORK,
    )
