"""Advection of a sine wave around a ring, also called convection.

    u_t + beta u_x = 0                      for x in [0, 2 pi], periodic, 0 < t <= 1
    u(x, 0) = sin(x)

Coefficient: beta = 30, so the wave passes nearly five times. (Beta = 40 circulates too.)

Exact: u = sin(x - beta t).
Source: Krishnapriyan, Gholami, Zhe, Kirby and Mahoney (2021).
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(speed: float = 30.0) -> pv.Problem:
    """Returns the advection equation on a ring of length 2 pi.

    - `speed`: beta, nondimensional.
    """

    def advection(u_t: Array, u_x: Array) -> Array:
        return u_t + speed * u_x

    def start(x: Array) -> Array:
        return jnp.sin(x)

    def exact(x: Array, t: Array) -> Array:
        return start(x - speed * t)

    return pv.Problem(
        domain=pv.Box(x=(0, 2 * math.pi), periodic="x") * pv.Time(0, 1),
        fields="u",
        conditions={"pde": pv.PDE(advection), "start": pv.Initial(u=start)},
        exact=exact,
    )
