"""Scales of heat in SI units: some kelvin on 300 K, millimeters, coefficients of 1e6 and 1e11."""

import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("scales")
PI = jnp.pi


@kind.case("a heated bar in SI units: 1e11 Pa beside 50 W/(m K), K beside 1e-4 m", may_converge=True)
def thermoelastic_bar() -> pv.Problem:
    """50 T'' = 0, 2e11 (d'' - 1.2e-5 T') = 0 on [0, 1] m; T from 300 to 400 K, d = 0 at both ends."""

    def bar(T_xx, T_x, d_xx):
        return 50.0 * T_xx, 2e11 * (d_xx - 1.2e-5 * T_x)

    return pv.Problem(
        pv.Interval(0, 1),
        "T d",
        {
            "bar": pv.PDE(bar),
            "cold": pv.Dirichlet(T=300.0, d=0.0, on="x-"),
            "warm": pv.Dirichlet(T=400.0, d=0.0, on="x+"),
        },
        exact={"T": lambda x: 300 + 100 * x, "d": lambda x: 6e-4 * (x**2 - x)},
        network=SMALL,
    )


@kind.case("a fin that radiates, in SI units: T^4 near 400 K", may_converge=True)
def radiating_fin() -> pv.Problem:
    """200 T'' = 1000 sigma (T^4 - 300^4) + f on [0, 0.05] m; exact: 300 + 100 (1 - x / L)^2 K."""
    length, sigma = 0.05, 5.670374e-8

    def right(x):
        return 300 + 100 * (1 - x / length) ** 2

    def fin(T_xx, T, x):
        return 200 * (T_xx - 200 / length**2) - 1000 * sigma * (T**4 - right(x) ** 4)

    return pv.Problem(
        pv.Interval(0, length),
        "T",
        {
            "fin": pv.PDE(fin),
            "root": pv.Dirichlet(T=400.0, on="x-"),
            "tip": pv.Neumann(T=0.0, on="x+"),
        },
        exact=right,
        network=SMALL,
    )


@kind.case("a copper rod near 293 K for a minute, in SI units", may_converge=True)
def warm_rod() -> pv.Problem:
    """3.4e6 T_t = 390 T_zz on 0.2 m, 60 s, ends at 293.15 K; exact: + 5 K sin(pi z / L) exp(-r t)."""
    length = 0.2

    def right(z, t):
        return 293.15 + 5 * jnp.exp(-390 / 3.4e6 * (PI / length) ** 2 * t) * jnp.sin(PI * z / length)

    return pv.Problem(
        pv.Interval(z=(0, length)) * pv.Time(0, 60),
        "T",
        {
            "heat": pv.PDE(lambda T_t, T_zz: 3.4e6 * T_t - 390 * T_zz),
            "start": pv.Initial(T=lambda z: right(z, 0.0)),
            "ends": pv.Dirichlet(T=293.15, on="z"),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("a chip of 4 mm, 1 K on 353 K", may_converge=True)
def warm_chip() -> pv.Problem:
    """148 lap T = 0 on 4 mm x 4 mm; exact: 353.15 + sin(pi x / L) sinh(pi y / L) / sinh(pi) K."""
    length = 4e-3

    def right(x, y):
        return 353.15 + jnp.sin(PI * x / length) * jnp.sinh(PI * y / length) / jnp.sinh(PI)

    return pv.Problem(
        pv.Box(x=(0, length), y=(0, length)),
        "T",
        {"heat": pv.PDE(lambda laplacian_T: 148 * laplacian_T), "sides": pv.Dirichlet(T=right)},
        exact=right,
        network=NETWORK,
    )


@kind.case("a block of steel cooled by air, in SI units", may_converge=True)
def cooling_block() -> pv.Problem:
    """3.9e6 T_t = 15 T_xx on 1 cm, 30 s; -15 T_n = 500 (T - 293.15) at x = L, T_n = 0 at x = 0."""
    k, capacity, h, length = 15.0, 3.9e6, 500.0, 0.01
    number = float(brentq(lambda b: b * np.tan(b) - h * length / k, 0.1, 1.5, xtol=1e-15)) / length

    def right(x, t):
        return 293.15 + 80 * jnp.exp(-k / capacity * number**2 * t) * jnp.cos(number * x)

    return pv.Problem(
        pv.Interval(0, length) * pv.Time(0, 30),
        "T",
        {
            "heat": pv.PDE(lambda T_t, T_xx: capacity * T_t - k * T_xx),
            "start": pv.Initial(T=lambda x: right(x, 0.0)),
            "middle": pv.Neumann(T=0.0, on="x-"),
            "air": pv.Boundary(lambda T_n, T: k * T_n + h * (T - 293.15), on="x+"),
        },
        exact=right,
        network=NETWORK,
    )
