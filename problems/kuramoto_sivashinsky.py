"""The Kuramoto-Sivashinsky equation on its way into chaos.

    u_t + a u u_x + b u_xx + c u_xxxx = 0   for x in [0, 2 pi], periodic, 0 < t <= 0.5
    u(x, 0) = cos(x) (1 + sin(x))

Coefficients: a = 100 / 16, b = 100 / 16^2, c = 100 / 16^4. (The other one of the same source is
regular: a = 5, b = 0.5, c = 0.005, on [-1, 1].)
The waves 1 <= k <= 15 grow, the fastest as exp(25 t); chaos sets in at about t = 0.4. No network over
space and time finds the whole at once, but five slabs of time do (`pv.march(problem, 5)`), and products
that move in time, which `solve` tries before a network.

Reference: Fourier series and ETDRK4, see `_periodic_advection.py`; floor 3e-10,
and 2e-7 with `end=1`.
Source: Wang, Sankaran and Perdikaris (2022).
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from _periodic_advection import periodic_reference


def make_problem(end: float = 0.5) -> pv.Problem:
    """Returns the Kuramoto-Sivashinsky equation on the periodic interval [0, 2 pi].

    - `end`: the last time, nondimensional.
    """
    a, b, c = 100 / 16, 100 / 16**2, 100 / 16**4

    def kuramoto_sivashinsky(u: Array, u_t: Array, u_x: Array, u_xx: Array, u_xxxx: Array) -> Array:
        return u_t + a * u * u_x + b * u_xx + c * u_xxxx

    return pv.Problem(
        domain=pv.Box(x=(0, 2 * math.pi), periodic="x") * pv.Time(0, end),
        fields="u",
        conditions={
            "pde": pv.PDE(kuramoto_sivashinsky),
            "start": pv.Initial(u=lambda x: jnp.cos(x) * (1 + jnp.sin(x))),
        },
        reference=lambda: periodic_reference(
            lambda x: np.cos(x) * (1 + np.sin(x)),
            lambda derivative: b * np.abs(derivative) ** 2 - c * np.abs(derivative) ** 4,
            speed=a,
            interval=(0, 2 * math.pi),
            end=end,
        ),
    )
