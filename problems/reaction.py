"""Logistic reaction at every point of a ring.

    u_t = rho u (1 - u)                     for 0 <= x <= 2 pi, 0 < t <= 1
    u(x, 0) = h(x) = exp(-(x - pi)^2 / (2 s^2))

Coefficients: rho = 5, s = pi / 4.

No derivative in x: every x is an ordinary differential equation of its own and the ends need no
condition. The published problem asks for u(0, t) = u(2 pi, t), which holds by the symmetry of h,
but the slope jumps there, by 0.0034 at t = 0 and 0.46 at t = 1. A network that is smooth around the
ring (`periodic=True`) therefore cannot represent the solution; the default leaves the ends free.

Exact: u = h exp(rho t) / (h exp(rho t) + 1 - h).
Source: Krishnapriyan, Gholami, Zhe, Kirby and Mahoney (2021); Rathore et al. (2024).
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(rate: float = 5.0, periodic: bool = False) -> pv.Problem:
    """Returns the reaction equation on [0, 2 pi] x [0, 1].

    - `rate`: rho, nondimensional.
    - `periodic`: whether the network is exactly (and smoothly) periodic in x; see above.
    """

    def reaction(u: Array, u_t: Array) -> Array:
        return u_t - rate * u * (1 - u)

    def start(x: Array) -> Array:
        return jnp.exp(-((x - jnp.pi) ** 2) / (2 * (jnp.pi / 4) ** 2))

    def exact(x: Array, t: Array) -> Array:
        grown = start(x) * jnp.exp(rate * t)
        return grown / (grown + 1 - start(x))

    space = pv.Box(x=(0, 2 * math.pi), periodic="x" if periodic else ())
    return pv.Problem(
        domain=space * pv.Time(0, 1),
        fields="u",
        conditions={"pde": pv.PDE(reaction), "start": pv.Initial(u=start)},
        exact=exact,
    )
