"""The breather of the sine-Gordon equation: two kinks that never part.

    u_tt - u_xx + sin u = 0                 for -10 < x < 10, 0 < t <= 10
    u, u_t as below at t = 0, u as below at x = -10 and 10

Coefficient: w = 1/2, the frequency; the period is 4 pi.

Exact: u = 4 arctan(r cos(w t) / (w cosh(r x))) with r = sqrt(1 - w^2).
Source: Drazin and Johnson, Solitons: an Introduction (1989), chapter 5.
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(frequency: float = 0.5) -> pv.Problem:
    """Returns the breather, which starts with its largest swing, at rest.

    - `frequency`: w, between 0 and 1.
    """
    rate = math.sqrt(1 - frequency**2)

    def exact(x: Array, t: Array) -> Array:
        return 4 * jnp.arctan(rate / frequency * jnp.cos(frequency * t) / jnp.cosh(rate * x))

    return pv.Problem(
        domain=pv.Interval(-10, 10) * pv.Time(0, 10),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_tt, u_xx: u_tt - u_xx + jnp.sin(u)),
            "start": pv.Initial(u=lambda x: exact(x, jnp.zeros_like(x)), u_t=0.0),
            "ends": pv.Dirichlet(u=exact, on="x"),
        },
        exact=exact,
    )
