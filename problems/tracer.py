"""A tracer enters a porous column: transport in a porous medium.

    c_t + v c_x = D c_xx                    for 0 < x < L, 0 < t <= T
    c = 0 at t = 0, c = 1 at x = 0, c as below at x = L

The start and the inlet contradict each other at x = t = 0.
Coefficients: v = 1 m/day, D = 0.1 m^2/day, L = 2 m, T = 1 day.

Exact: c = (erfc((x - v t) / r) + e^(v x / D) erfc((x + v t) / r)) / 2, r = 2 sqrt(D t).
Source: Ogata and Banks, U.S. Geological Survey Professional Paper 411-A (1961).
"""

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import erfc

import pinnsven as pv


def make_problem(speed: float = 1.0, dispersion: float = 0.1) -> pv.Problem:
    """Returns the concentration over that of the inlet.

    - `speed`: v, m/day.
    - `dispersion`: D, m^2/day.
    """

    def exact(x: Array, t: Array) -> Array:
        reach = 2 * jnp.sqrt(dispersion * jnp.maximum(t, 1e-300))
        carried = erfc((x - speed * t) / reach)
        return (carried + jnp.exp(speed * x / dispersion) * erfc((x + speed * t) / reach)) / 2

    return pv.Problem(
        domain=pv.Interval(0, 2) * pv.Time(0, 1),
        fields="c",
        conditions={
            "pde": pv.PDE(lambda c_t, c_x, c_xx: c_t + speed * c_x - dispersion * c_xx),
            "start": pv.Initial(c=0.0),
            "inlet": pv.Dirichlet(c=1.0, on="x-"),
            "outlet": pv.Dirichlet(c=exact, on="x+"),
        },
        exact=exact,
    )
