"""Poisson's equation on the unit cube of five dimensions, with one vector coordinate.

    -laplacian(u) = pi^2 sum_i cos(pi x_i)          for x in (0, 1)^5
    u = sum_i cos(pi x_i) on the boundary

Coefficient: the dimension, 5.

Exact: u = sum_i cos(pi x_i).
Source: Müller and Zeinhofer, energy natural gradient descent (2023).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(dimension: int = 5) -> pv.Problem:
    """Returns Poisson's equation on a unit cube; `x` is one coordinate of shape (dimension,).

    - `dimension`: of the cube.
    """

    def exact(x: Array) -> Array:
        return jnp.sum(jnp.cos(jnp.pi * x))

    def poisson(laplacian_u: Array, x: Array) -> Array:
        return laplacian_u + jnp.pi**2 * exact(x)

    return pv.Problem(
        domain=pv.Box(x=[(0, 1)] * dimension),
        fields="u",
        conditions={"pde": pv.PDE(poisson), "walls": pv.Dirichlet(u=exact)},
        exact=exact,
    )
