"""The wave equation on a string, two modes of very different frequency.

    u_tt = c^2 u_xx                         for 0 < x < 1, 0 < t <= 1
    u(x, 0) = sin(pi x) + sin(4 pi x) / 2,   u_t(x, 0) = 0,   u(0, t) = u(1, t) = 0

Coefficient: c = 2, so the second mode swings four times while t goes from 0 to 1.

Exact: u = sin(pi x) cos(c pi t) + sin(4 pi x) cos(4 c pi t) / 2.
Source: Wang, Yu and Perdikaris (2022); "Wave1d-C" of PINNacle, Hao et al. (2023).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(speed: float = 2.0) -> pv.Problem:
    """Returns the wave equation on [0, 1] x [0, 1], starting at rest.

    - `speed`: c, nondimensional.
    """

    def wave(u_tt: Array, u_xx: Array) -> Array:
        return u_tt - speed**2 * u_xx

    def at_rest(u_t: Array) -> Array:
        return u_t

    def exact(x: Array, t: Array) -> Array:
        slow = jnp.sin(jnp.pi * x) * jnp.cos(speed * jnp.pi * t)
        fast = jnp.sin(4 * jnp.pi * x) * jnp.cos(4 * speed * jnp.pi * t)
        return slow + fast / 2

    def start(x: Array) -> Array:
        return jnp.sin(jnp.pi * x) + jnp.sin(4 * jnp.pi * x) / 2

    return pv.Problem(
        domain=pv.Interval(0, 1) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(wave),
            "shape": pv.Initial(u=start),
            "velocity": pv.Initial(at_rest),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=exact,
    )
