"""The Fokker-Planck equation of a particle on a spring in a bath: how its likely place spreads.

    p_t = (x p)_x + D p_xx                  for -4 < x < 4, 0 < t <= 2
    p as below at t = 0, and at x = -4 and 4

Coefficients: D = 1/2; at the start the mean is m = 1.5 and the variance s = 0.1.

Exact: a Gaussian of the mean m e^(-t) and the variance D + (s - D) e^(-2 t).
Source: Uhlenbeck and Ornstein, Phys. Rev. 36 (1930); Risken, The Fokker-Planck Equation, section 5.3.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(mean: float = 1.5, variance: float = 0.1, diffusion: float = 0.5) -> pv.Problem:
    """Returns the density of the place.

    - `mean`, `variance`: at the start.
    - `diffusion`: D, nondimensional.
    """

    def exact(x: Array, t: Array) -> Array:
        spread = diffusion + (variance - diffusion) * jnp.exp(-2 * t)
        away = x - mean * jnp.exp(-t)
        return jnp.exp(-(away**2) / (2 * spread)) / jnp.sqrt(2 * jnp.pi * spread)

    return pv.Problem(
        domain=pv.Interval(-4, 4) * pv.Time(0, 2),
        fields="p",
        conditions={
            "pde": pv.PDE(lambda p, p_t, p_x, p_xx, x: p_t - p - x * p_x - diffusion * p_xx),
            "start": pv.Initial(p=lambda x: exact(x, jnp.zeros_like(x))),
            "far": pv.Dirichlet(p=exact, on="x"),
        },
        exact=exact,
    )
