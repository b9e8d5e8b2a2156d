"""Heat in a square that conducts 250,000 times better one way than the other.

    u_t = u_xx / (500 pi)^2 + u_yy / pi^2   for 0 < x, y < 1, 0 < t <= 5
    u(x, y, 0) = sin(20 pi x) sin(pi y),   u = 0 on the boundary

Coefficients: conductivities 4.05e-7 and 0.101; twenty half waves across, one up.

Exact: u = sin(20 pi x) sin(pi y) exp(-(1 + 0.04^2) t).
Source: "Heat 2d-MS" of PINNacle, Hao et al. (2023); the best of its twelve methods reaches 1.7e-2.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(half_waves: int = 20) -> pv.Problem:
    """Returns the heat equation of two scales.

    - `half_waves`: of the start, along x.
    """
    along, up = 1 / (500 * jnp.pi) ** 2, 1 / jnp.pi**2
    rate = (half_waves / 500) ** 2 + 1

    def heat(u_t: Array, u_xx: Array, u_yy: Array) -> Array:
        return u_t - along * u_xx - up * u_yy

    def start(x: Array, y: Array) -> Array:
        return jnp.sin(half_waves * jnp.pi * x) * jnp.sin(jnp.pi * y)

    def exact(x: Array, y: Array, t: Array) -> Array:
        return start(x, y) * jnp.exp(-rate * t)

    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)) * pv.Time(0, 5),
        fields="u",
        conditions={
            "pde": pv.PDE(heat),
            "start": pv.Initial(u=start),
            "walls": pv.Dirichlet(u=0.0),
        },
        exact=exact,
    )
