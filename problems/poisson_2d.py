"""Poisson's equation on the unit square.

    -(u_xx + u_yy) = 2 pi^2 sin(pi x) sin(pi y)     for 0 < x, y < 1
    u = 0 on the boundary

Coefficients: none.

Exact: u = sin(pi x) sin(pi y).
Source: Müller and Zeinhofer, energy natural gradient descent (2023).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem() -> pv.Problem:
    """Returns Poisson's equation on the unit square with zero boundary values."""

    def exact(x: Array, y: Array) -> Array:
        return jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y)

    def poisson(laplacian_u: Array, x: Array, y: Array) -> Array:
        return laplacian_u + 2 * jnp.pi**2 * exact(x, y)

    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)),
        fields="u",
        conditions={"pde": pv.PDE(poisson), "walls": pv.Dirichlet(u=0.0)},
        exact=exact,
    )
