"""Unstable ordinary equations: what is left of the residual is multiplied by 1e5 and more."""

import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("unstable")
PI = jnp.pi


@kind.case("exp(25) times a disturbance of 1e-8 at the start")
def unstable_rate() -> pv.Problem:
    """y' = 25 (y - sin t) + cos t on [0, 1], y(0) = 1e-8; exact: sin t + 1e-8 exp(25 t)."""
    return pv.Problem(
        pv.Time(0, 1),
        "y",
        {
            "ode": pv.PDE(lambda y_t, y, t: y_t - 25 * (y - jnp.sin(t)) - jnp.cos(t)),
            "start": pv.Initial(y=1e-8),
        },
        exact=lambda t: jnp.sin(t) + 1e-8 * jnp.exp(25 * t),
        network=SMALL,
    )


@kind.case("a saddle: 1e-7 off its stable direction")
def saddle() -> pv.Problem:
    """p' = q, q' = 100 p on [0, 2]; exact: p = exp(-10 t) + 1e-7 exp(10 t), q = p'."""
    return pv.Problem(
        pv.Time(0, 2),
        "p q",
        {
            "flow": pv.PDE(lambda p_t, q_t, p, q: (p_t - q, q_t - 100 * p)),
            "start": pv.Initial(p=1 + 1e-7, q=-10 + 1e-6),
        },
        exact={
            "p": lambda t: jnp.exp(-10 * t) + 1e-7 * jnp.exp(10 * t),
            "q": lambda t: -10 * jnp.exp(-10 * t) + 1e-6 * jnp.exp(10 * t),
        },
        network=SMALL,
    )


@kind.case("1e-6 off resonance: the answer is 1e6 times its source")
def near_resonance() -> pv.Problem:
    """u'' + (4 pi^2 + 1e-6) u = 1e-6 sin(2 pi x) on [0, 1], zero ends; exact: sin(2 pi x)."""

    def ode(u_xx, u, x):
        return u_xx + 4 * PI**2 * u + 1e-6 * (u - jnp.sin(2 * PI * x))

    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {"ode": pv.PDE(ode), "ends": pv.Dirichlet(u=0.0, on="x")},
        exact=lambda x: jnp.sin(2 * PI * x),
        network=SMALL,
    )


@kind.case("growth from 1e-9: zero nearly fits")
def logistic() -> pv.Problem:
    """m' = 20 m (1 - m) on [0, 2], m(0) = 1e-9; exact: 1 / (1 + (1e9 - 1) exp(-20 t))."""
    return pv.Problem(
        pv.Time(0, 2),
        "m",
        {"growth": pv.PDE(lambda m_t, m: m_t - 20 * m * (1 - m)), "start": pv.Initial(m=1e-9)},
        exact=lambda t: 1 / (1 + (1e9 - 1) * jnp.exp(-20 * t)),
        network=SMALL,
    )


def _lorenz_reference() -> pv.Reference:
    """By Dormand and Prince's method of order 8; its own error grows as exp(0.9 t)."""

    def flow(t, s):
        x, y, z = s
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    times = np.linspace(0, 12, 1201)
    found = solve_ivp(flow, (0, 12), [1, 1, 1], "DOP853", times, rtol=1e-13, atol=1e-13).y
    return pv.Reference({"t": times}, floor=1e-7, x=found[0], y=found[1], z=found[2])


@kind.case("chaos: an error grows by exp(11)", unchecked="no closed form; a reference instead")
def lorenz() -> pv.Problem:
    """x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8 z / 3 on [0, 12] from (1, 1, 1)."""

    def flow(x, y, z, x_t, y_t, z_t):
        return x_t - 10 * (y - x), y_t - x * (28 - z) + y, z_t - x * y + 8 / 3 * z

    return pv.Problem(
        pv.Time(0, 12),
        "x y z",
        {"flow": pv.PDE(flow), "start": pv.Initial(x=1.0, y=1.0, z=1.0)},
        reference=_lorenz_reference,
        network=NETWORK,
    )


@kind.case("a boundary-value problem with two layers, posed from its start: exp(20)")
def dichotomy_from_start() -> pv.Problem:
    """u'' = 400 u on [0, 1] with u, u' at 0; exact: exp(-20 t) + exp(-20 (1 - t))."""
    small = float(np.exp(-20.0))
    return pv.Problem(
        pv.Time(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_tt, u: u_tt - 400 * u),
            "start": pv.Initial(u=1 + small, u_t=-20 + 20 * small),
        },
        exact=lambda t: jnp.exp(-20 * t) + jnp.exp(-20 * (1 - t)),
        network=SMALL,
    )


@kind.case("just before it is infinite: an error at the start grows 1e6 times")
def near_blow_up() -> pv.Problem:
    """v' = v^2 on [0, 0.999], v(0) = 1; exact: 1 / (1 - t)."""
    return pv.Problem(
        pv.Time(0, 0.999),
        "v",
        {"growth": pv.PDE(lambda v_t, v: v_t - v**2), "start": pv.Initial(v=1.0)},
        exact=lambda t: 1 / (1 - t),
        network=SMALL,
    )


@kind.case("a turning point: what lies between two layers hangs on their ends by exp(-50)")
def metastable() -> pv.Problem:
    """0.01 u'' = x u' on [-1, 1.05], u = 1 and 2 at the ends; exact: an integral of exp(50 x^2)."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    shares, weights = (nodes + 1) / 2, weights / 2

    def below(x):  # the integral from zero on, over exp(50 1.05^2)
        return x * jnp.sum(weights * jnp.exp(50 * ((x * shares) ** 2 - 1.05**2)))

    def exact(x):
        return 1 + (below(x) - below(-1.0)) / (below(1.05) - below(-1.0))

    return pv.Problem(
        pv.Interval(-1, 1.05),
        "u",
        {
            "ode": pv.PDE(lambda u_x, u_xx, x: 0.01 * u_xx - x * u_x),
            "left": pv.Dirichlet(u=1.0, on="x-"),
            "right": pv.Dirichlet(u=2.0, on="x+"),
        },
        exact=exact,
        network=SMALL,
    )
