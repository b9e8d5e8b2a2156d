"""Heat in a ball of five dimensions, with a given flow of heat through its surface.

    u_t = laplacian(u) / d - |x|^2 / d exp(|x|^2 / 2 + t)      for |x| < 1, 0 < t <= 1
    u(x, 0) = exp(|x|^2 / 2),   u_n = exp(1 / 2 + t) at |x| = 1

Coefficient: the dimension, d = 5.

Exact: u = exp(|x|^2 / 2 + t).
Source: "HNd" of PINNacle, Hao et al. (2023); the best of its twelve methods reaches 1.2e-4.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(dimension: int = 5) -> pv.Problem:
    """Returns the heat equation in the unit ball; `x` is one coordinate of shape (dimension,).

    - `dimension`: of the ball.
    """

    def exact(x: Array, t: Array) -> Array:
        return jnp.exp(jnp.sum(x * x) / 2 + t)

    def heat(u_t: Array, laplacian_u: Array, x: Array, t: Array) -> Array:
        return u_t - (laplacian_u - jnp.sum(x * x) * exact(x, t)) / dimension

    def flow(t: Array) -> Array:
        return jnp.exp(0.5 + t)

    def start(x: Array) -> Array:
        return jnp.exp(jnp.sum(x * x) / 2)

    return pv.Problem(
        domain=pv.Ball([0.0] * dimension, 1.0) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(heat),
            "start": pv.Initial(u=start),
            "surface": pv.Neumann(u=flow),
        },
        exact=exact,
    )
