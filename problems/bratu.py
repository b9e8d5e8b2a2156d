"""Bratu's problem: a layer that heats itself, just below the point where it explodes.

    u'' + l e^u = 0                         for 0 < x < 1
    u(0) = u(1) = 0

Coefficient: l = 2; beyond l = 3.5138 there is no solution, below it there are two.

Exact: the colder one, u = -2 ln(cosh(a (x - 1/2) / 2) / cosh(a / 4)), a = sqrt(2 l) cosh(a / 4).
Source: Frank-Kamenetskii (1955); Ascher, Mattheij and Russell, Numerical Solution of Boundary Value
Problems (1995), section 3.
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(strength: float = 2.0) -> pv.Problem:
    """Returns the layer.

    - `strength`: l, below 3.5138.
    """
    root = 0.0
    for _ in range(200):  # from below the fixed point is the smaller root
        root = math.sqrt(2 * strength) * math.cosh(root / 4)

    def exact(x: Array) -> Array:
        return -2 * jnp.log(jnp.cosh(root * (x - 0.5) / 2) / math.cosh(root / 4))

    return pv.Problem(
        domain=pv.Interval(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_xx: u_xx + strength * jnp.exp(u)),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=exact,
    )
