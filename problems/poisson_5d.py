"""Poisson's equation on the unit cube of five dimensions, with one vector coordinate.

    -laplacian(u) = (k pi)^2 u_0                    for x in (0, 1)^5
    u = u_0 = sum_i cos(pi (k x_i - s)) on the boundary

Coefficients: the dimension, 5, k = 1 half wave along each side, s = 0. (PINNacle's "PNd" has k = s =
1/2, a quarter of a wave; the best of its twelve methods reaches 4.6e-4.)

Exact: u = u_0.
Source: Müller and Zeinhofer, energy natural gradient descent (2023); Hao et al. (2023).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(dimension: int = 5, half_waves: float = 1.0, phase: float = 0.0) -> pv.Problem:
    """Returns Poisson's equation on a unit cube; `x` is one coordinate of shape (dimension,).

    - `dimension`: of the cube.
    - `half_waves`, `phase`: k and s.
    """

    def exact(x: Array) -> Array:
        return jnp.sum(jnp.cos(jnp.pi * (half_waves * x - phase)))

    def poisson(laplacian_u: Array, x: Array) -> Array:
        return laplacian_u + (half_waves * jnp.pi) ** 2 * exact(x)

    return pv.Problem(
        domain=pv.Box(x=[(0, 1)] * dimension),
        fields="u",
        conditions={"pde": pv.PDE(poisson), "walls": pv.Dirichlet(u=exact)},
        exact=exact,
    )
