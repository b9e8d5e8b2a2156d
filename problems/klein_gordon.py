"""The Klein-Gordon equation with a cubic term, driven so that its solution is known.

    u_tt - u_xx + u^3 = f(x, t)             for 0 < x < 1, 0 < t <= 1
    u = x, u_t = 0 at t = 0;  u as below at x = 0 and 1

Exact: u = x cos(5 pi t) + (x t)^3.
Source: Wang, Teng and Perdikaris, SIAM J. Sci. Comput. 43 (2021), section 4.2.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(frequency: float = 5.0) -> pv.Problem:
    """Returns the equation on [0, 1] x [0, 1].

    - `frequency`: half-waves in time.
    """
    rate = frequency * jnp.pi

    def exact(x: Array, t: Array) -> Array:
        return x * jnp.cos(rate * t) + (x * t) ** 3

    def klein_gordon(u: Array, u_tt: Array, u_xx: Array, x: Array, t: Array) -> Array:
        bent = -(rate**2) * x * jnp.cos(rate * t) + 6 * x**3 * t - 6 * x * t**3
        return u_tt - u_xx + u**3 - bent - exact(x, t) ** 3

    return pv.Problem(
        domain=pv.Interval(0, 1) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(klein_gordon),
            "start": pv.Initial(u=lambda x: x, u_t=0.0),
            "ends": pv.Dirichlet(u=exact, on="x"),
        },
        exact=exact,
    )
