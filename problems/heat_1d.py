"""The heat equation on a rod with cold ends.

    u_t = kappa u_xx                        for 0 < x < 1, 0 < t <= 1
    u(x, 0) = sin(pi x),   u(0, t) = u(1, t) = 0

Coefficient: kappa = 1/4.

Exact: u = exp(-kappa pi^2 t) sin(pi x).
Source: Müller and Zeinhofer, energy natural gradient descent (2023).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(diffusivity: float = 0.25) -> pv.Problem:
    """Returns the heat equation on [0, 1] x [0, 1].

    - `diffusivity`: kappa, nondimensional.
    """

    def heat(u_t: Array, u_xx: Array) -> Array:
        return u_t - diffusivity * u_xx

    def start(x: Array) -> Array:
        return jnp.sin(jnp.pi * x)

    def exact(x: Array, t: Array) -> Array:
        return jnp.exp(-diffusivity * jnp.pi**2 * t) * start(x)

    return pv.Problem(
        domain=pv.Interval(0, 1) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(heat),
            "start": pv.Initial(u=start),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=exact,
    )
