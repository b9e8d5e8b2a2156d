"""Burgers' equation with the shock of the PINN literature, viscosity 0.01 / pi.

    u_t + u u_x = nu u_xx                   for -1 < x < 1, 0 < t <= 1
    u(x, 0) = -sin(pi x),   u(-1, t) = u(1, t) = 0

Coefficient: nu = 0.01 / pi = 0.00318. (Another Burgers, nu = 0.01, is pi times more viscous and
much easier: `make_problem(viscosity=0.01)`.)
From t = 1 / pi on, a shock of half-width 2 nu stands at x = 0.

Reference: Cole-Hopf quadrature, see `_cole_hopf.py`; floor 1e-14.
Source: Basdevant et al. (1986); for networks Raissi, Perdikaris and Karniadakis (2019).
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv
from _cole_hopf import burgers_reference


def make_problem(viscosity: float = 0.01 / math.pi) -> pv.Problem:
    """Returns Burgers' equation on [-1, 1] x [0, 1] with a sine start and zero walls.

    - `viscosity`: nu, nondimensional.
    """

    def burgers(u: Array, u_t: Array, u_x: Array, u_xx: Array) -> Array:
        return u_t + u * u_x - viscosity * u_xx

    def start(x: Array) -> Array:
        return -jnp.sin(jnp.pi * x)

    return pv.Problem(
        domain=pv.Interval(-1, 1) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(burgers),
            "start": pv.Initial(u=start),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        reference=lambda: burgers_reference(viscosity),
    )
