"""Poisson's equation on an interval.

    -u_xx = pi^2 sin(pi x)                  for -1 < x < 1
    u(-1) = u(1) = 0

Coefficients: none.

Exact: u = sin(pi x).
Source: Lu, Meng, Mao and Karniadakis, DeepXDE (2021), an example of its documentation.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem() -> pv.Problem:
    """Returns Poisson's equation on [-1, 1] with one sine wave as its solution."""

    def poisson(u_xx: Array, x: Array) -> Array:
        return u_xx + jnp.pi**2 * jnp.sin(jnp.pi * x)

    def exact(x: Array) -> Array:
        return jnp.sin(jnp.pi * x)

    return pv.Problem(
        domain=pv.Interval(-1, 1),
        fields="u",
        conditions={"pde": pv.PDE(poisson), "walls": pv.Dirichlet(u=0.0)},
        exact=exact,
    )
