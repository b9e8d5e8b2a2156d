"""Scales: residuals of one tuple far apart, large offsets beside small variations."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import SMALL, Kind

kind = Kind("scales")
PI = jnp.pi


@kind.case("two residuals of one PDE 1e9 apart", may_converge=True)
def faint_second_residual() -> pv.Problem:
    """(u'' + pi^2 sin(pi x), 1e-9 (v'' + 4 pi^2 sin(2 pi x))) = 0, zero ends."""

    def both(u_xx, v_xx, x):
        faint = v_xx + 4 * PI**2 * jnp.sin(2 * PI * x)
        return u_xx + PI**2 * jnp.sin(PI * x), 1e-9 * faint

    return pv.Problem(
        pv.Interval(0, 1),
        "u v",
        {"both": pv.PDE(both), "ends": pv.Dirichlet(u=0.0, v=0.0, on="x")},
        exact={"u": lambda x: jnp.sin(PI * x), "v": lambda x: jnp.sin(2 * PI * x)},
        network=SMALL,
    )


@kind.case("a fast and a slow rate in one PDE, 1e10 apart", may_converge=True)
def fast_follower() -> pv.Problem:
    """a' = -2 a, b' = 1e10 (a - b) on [0, 1], from a = 1, b = 1 + 2e-10; exact: b = a / (1 - 2e-10)."""
    fast = 1e10
    return pv.Problem(
        pv.Time(0, 1),
        "a b",
        {
            "both": pv.PDE(lambda a, b, a_t, b_t: (a_t + 2 * a, b_t + fast * (b - a))),
            "start": pv.Initial(a=1.0, b=1 / (1 - 2 / fast)),
        },
        exact={"a": lambda t: jnp.exp(-2 * t), "b": lambda t: jnp.exp(-2 * t) / (1 - 2 / fast)},
        network=SMALL,
    )


@kind.case("1 on an offset of 1e5", may_converge=True)
def ripple_on_offset() -> pv.Problem:
    """v'' = -4 pi^2 sin(2 pi x) on [0, 1], v = 1e5 at both ends; exact: 1e5 + sin(2 pi x)."""
    return pv.Problem(
        pv.Interval(0, 1),
        "v",
        {
            "ode": pv.PDE(lambda v_xx, x: v_xx + 4 * PI**2 * jnp.sin(2 * PI * x)),
            "ends": pv.Dirichlet(v=1e5, on="x"),
        },
        exact=lambda x: 1e5 + jnp.sin(2 * PI * x),
        network=SMALL,
    )


@kind.case("a pressure of 1e5 Pa beside a velocity of 1e-2 m/s", may_converge=True)
def film_under_pressure() -> pv.Problem:
    """(p' + 9810, 1e-3 w'' + 0.8) = 0 on [0, 1] cm, p(0) = 101325, w = 0 at both ends."""
    height = 0.01
    return pv.Problem(
        pv.Interval(z=(0, height)),
        "p w",
        {
            "film": pv.PDE(lambda p_z, w_zz: (p_z + 9810.0, 1e-3 * w_zz + 0.8)),
            "air": pv.Dirichlet(p=101325.0, on="z-"),
            "plates": pv.Dirichlet(w=0.0, on="z"),
        },
        exact={"p": lambda z: 101325 - 9810 * z, "w": lambda z: 400 * z * (height - z)},
        network=SMALL,
    )


@kind.case("a steel bar under its own weight: 2e11 Pa, an answer of 1e-5 m", may_converge=True)
def hanging_bar() -> pv.Problem:
    """2.1e11 d'' + 77000 = 0 on [0, 10] m, d(0) = 0, d'(10) = 0."""
    strain = 77000 / 2.1e11
    return pv.Problem(
        pv.Interval(0, 10),
        "d",
        {
            "bar": pv.PDE(lambda d_xx: 2.1e11 * d_xx + 77000.0),
            "top": pv.Dirichlet(d=0.0, on="x-"),
            "foot": pv.Neumann(d=0.0, on="x+"),
        },
        exact=lambda x: strain * x * (10 - x / 2),
        network=SMALL,
    )


@kind.case("a clock of 1e6 s", may_converge=True)
def slow_clock() -> pv.Problem:
    """n' = -2e-6 n on [0, 1e6] s, n(0) = 6e23."""
    return pv.Problem(
        pv.Time(0, 1e6),
        "atoms",
        {
            "decay": pv.PDE(lambda atoms_t, atoms: atoms_t + 2e-6 * atoms),
            "start": pv.Initial(atoms=6e23),
        },
        exact=lambda t: 6e23 * jnp.exp(-2e-6 * t),
        network=SMALL,
    )
