"""Waves on a square drum: two modes that swing out of step.

    u_tt = c^2 (u_xx + u_yy)                for 0 < x, y < 1, 0 < t <= 1
    u(x, y, 0) = sin(pi x) sin(pi y) + sin(2 pi x) sin(3 pi y) / 2,   u_t(x, y, 0) = 0
    u = 0 on the boundary

Coefficient: c = 1; the modes swing with angular frequencies sqrt(2) pi and sqrt(13) pi.

Exact: u = sin(pi x) sin(pi y) cos(sqrt(2) pi t) + sin(2 pi x) sin(3 pi y) cos(sqrt(13) pi t) / 2.
Source: Courant and Hilbert, Methods of Mathematical Physics I, chapter V. (The wave in a square of
PINNacle, "Wave 2d-MS", has as its solution one that does not solve its equation.)
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(speed: float = 1.0) -> pv.Problem:
    """Returns the wave equation on the unit square, starting at rest.

    - `speed`: c, nondimensional.
    """
    slow, fast = speed * math.sqrt(2) * math.pi, speed * math.sqrt(13) * math.pi

    def wave(u_tt: Array, laplacian_u: Array) -> Array:
        return u_tt - speed**2 * laplacian_u

    def at_rest(u_t: Array) -> Array:
        return u_t

    def exact(x: Array, y: Array, t: Array) -> Array:
        low = jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y) * jnp.cos(slow * t)
        high = jnp.sin(2 * jnp.pi * x) * jnp.sin(3 * jnp.pi * y) * jnp.cos(fast * t)
        return low + high / 2

    def start(x: Array, y: Array) -> Array:
        return exact(x, y, jnp.zeros_like(x))

    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(wave),
            "shape": pv.Initial(u=start),
            "velocity": pv.Initial(at_rest),
            "walls": pv.Dirichlet(u=0.0),
        },
        exact=exact,
    )
