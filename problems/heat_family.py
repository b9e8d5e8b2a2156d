"""A cooling rod for a range of diffusivities at once.

    u_t = D u_xx                            for 0 < x < 1, 0 < t < 1, 0.05 < D < 0.2
    u(x, 0) = sin(pi x)
    u = 0 at x = 0 and 1

Exact: u = exp(-pi^2 D t) sin(pi x).
Source: separation of variables; D is a coordinate of the network.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(low: float = 0.05, high: float = 0.2) -> pv.Problem:
    """Returns the heat equation with its diffusivity as a parameter.

    - `low`, `high`: the range of diffusivities, in the square of length over time.
    """

    def heat(u_t: Array, u_xx: Array, D: Array) -> Array:
        return u_t - D * u_xx

    def exact(x: Array, t: Array, D: Array) -> Array:
        return jnp.exp(-(jnp.pi**2) * D * t) * jnp.sin(jnp.pi * x)

    return pv.Problem(
        domain=pv.Interval(0, 1) * pv.Time(0, 1) * pv.Parameter(D=(low, high)),
        fields="u",
        conditions={
            "pde": pv.PDE(heat),
            "start": pv.Initial(u=lambda x: jnp.sin(jnp.pi * x)),
            "walls": pv.Dirichlet(u=0.0),
        },
        exact=exact,
    )
