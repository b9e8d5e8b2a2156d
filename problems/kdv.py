"""The Korteweg-de Vries equation of Zabusky and Kruskal: a wave that breaks into solitons.

    u_t + u u_x + d^2 u_xxx = 0             for x in [-1, 1], periodic, 0 < t <= 1
    u(x, 0) = cos(pi x)

Coefficient: d = 0.022, hence d^2 = 4.84e-4. (Networks are more often asked for d^2 = 0.0025, five
times as dispersive: `make_problem(dispersion=0.05)`.)
From t = 1 / pi on the front disperses into a train of solitons, the tallest 2.6 high.

Reference: Fourier series and ETDRK4, see `_periodic_advection.py`; floor 3e-10.
Source: Zabusky and Kruskal (1965); with d = 0.05 Raissi, Perdikaris and Karniadakis (2019).
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from _periodic_advection import periodic_reference


def make_problem(dispersion: float = 0.022, end: float = 1.0) -> pv.Problem:
    """Returns the Korteweg-de Vries equation on the periodic interval [-1, 1].

    - `dispersion`: d, nondimensional.
    - `end`: the last time, nondimensional.
    """

    def korteweg_de_vries(u: Array, u_t: Array, u_x: Array, u_xxx: Array) -> Array:
        return u_t + u * u_x + dispersion**2 * u_xxx

    return pv.Problem(
        domain=pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, end),
        fields="u",
        conditions={
            "pde": pv.PDE(korteweg_de_vries),
            "start": pv.Initial(u=lambda x: jnp.cos(jnp.pi * x)),
        },
        reference=lambda: periodic_reference(
            lambda x: np.cos(np.pi * x),
            lambda derivative: -(dispersion**2) * derivative**3,
            speed=1.0,
            interval=(-1, 1),
            end=end,
        ),
    )
