"""Open where counting is harder: beside readings, of several fields, of complex ones, in pairs."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, Kind

kind = Kind("open")
PI = jnp.pi
ROD = pv.Interval(0, 1) * pv.Time(0, 1)
SLOW = 0.02  # a speed at which little enters in the time


def entered(x, t):
    return 20 * jnp.maximum(t - x / SLOW, 0.0) ** 2


@kind.case("nothing is said at either wall, through which one wave enters each")
def slow_sound_without_walls() -> pv.Problem:
    """p_t + c^2 v_x = 0, v_t + p_x = 0 with c = 0.02; meant: a wave that enters at x = 0."""
    turns = 2 * PI
    return pv.Problem(
        ROD,
        ("p", "v"),
        {
            "sound": pv.PDE(lambda p_t, p_x, v_t, v_x: (p_t + SLOW**2 * v_x, v_t + p_x)),
            "start": pv.Initial(p=lambda x: jnp.sin(turns * x), v=0.0),
        },
        exact={
            "p": lambda x, t: jnp.sin(turns * x) * jnp.cos(turns * SLOW * t) + entered(x, t),
            "v": lambda x, t: (entered(x, t) - jnp.cos(turns * x) * jnp.sin(turns * SLOW * t)) / SLOW,
        },
        network=NETWORK,
    )


@kind.case("the inflow is forgotten; a reading in the middle stands for no condition there")
def slow_inflow_with_a_reading() -> pv.Problem:
    """u_t + c u_x = 0 with c = 0.02; meant: more and more that enters at x = 0."""
    wave = lambda x, t: jnp.sin(2 * PI * (x - SLOW * t))
    return pv.Problem(
        ROD,
        "u",
        {
            "carry": pv.PDE(lambda u_t, u_x: u_t + SLOW * u_x),
            "start": pv.Initial(u=lambda x: wave(x, 0.0)),
            "reading": pv.Data({"x": [0.7], "t": [0.5]}, u=[float(wave(0.7, 0.5))]),
        },
        exact=lambda x, t: wave(x, t) + entered(x, t),
        network=NETWORK,
    )


@kind.case(
    "a wall of a complex field is forgotten, from which little comes in the time",
    unchecked="what is meant at the wall stands for any pulse there",
)
def complex_wall_forgotten() -> pv.Problem:
    """psi_t = D psi_xx with D = 1e-5 (1 + i); meant: a pulse at x = 0 too."""
    spread = 1e-5 * (1 + 1j)

    def wave(x, t):
        return jnp.exp(2j * PI * x - spread * 4 * PI**2 * t)

    return pv.Problem(
        ROD,
        pv.Field("psi", complex=True),
        {
            "heat": pv.PDE(lambda psi_t, psi_xx: psi_t - spread * psi_xx),
            "start": pv.Initial(psi=lambda x: wave(x, 0.0)),
            "right": pv.Dirichlet(psi=wave, on="x+"),
        },
        exact={"psi": lambda x, t: wave(x, t) + 5 * t * jnp.exp(-((x / 0.005) ** 2))},
        network=NETWORK,
    )


@kind.case("an equation and what follows from it: one of two fields is free")
def equation_and_its_slope() -> pv.Problem:
    """u' + v = 0 and u'' + v' = 0; meant: u = cos t."""
    return pv.Problem(
        pv.Time(0, 2),
        ("u", "v"),
        {
            "law": pv.PDE(lambda u_t, v: u_t + v),
            "again": pv.PDE(lambda u_tt, v_t: u_tt + v_t),
            "start": pv.Initial(u=1.0, v=0.0),
        },
        exact={"u": lambda t: jnp.cos(t), "v": lambda t: jnp.sin(t)},
        network=NETWORK,
    )
