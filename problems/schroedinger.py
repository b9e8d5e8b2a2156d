"""The nonlinear Schroedinger equation: two solitons that beat.

    i psi_t + psi_xx / 2 + |psi|^2 psi = 0  for -5 < x < 5, 0 < t < pi / 2
    psi(x, 0) = 2 / cosh x
    psi as below at the ends

Exact: psi = 4 e^(i t / 2) (cosh 3x + 3 e^(4 i t) cosh x) / (cosh 4x + 4 cosh 2x + 3 cos 4t).
Source: J. Satsuma and N. Yajima, Suppl. Prog. Theor. Phys. 55 (1974), section 4. The example of Raissi,
Perdikaris and Karniadakis (2019) repeats along x instead, which differs by 3 % at the ends.
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(duration: float = math.pi / 2) -> pv.Problem:
    """Returns the equation on [-5, 5], a complex field.

    - `duration`: the length of time; |psi| repeats after pi / 2.
    """

    def exact(x: Array, t: Array) -> Array:
        above = jnp.cosh(3 * x) + 3 * jnp.exp(4j * t) * jnp.cosh(x)
        return (
            4 * jnp.exp(0.5j * t) * above / (jnp.cosh(4 * x) + 4 * jnp.cosh(2 * x) + 3 * jnp.cos(4 * t))
        )

    def equation(psi: Array, psi_t: Array, psi_xx: Array) -> Array:
        return 1j * psi_t + psi_xx / 2 + jnp.abs(psi) ** 2 * psi

    return pv.Problem(
        domain=pv.Interval(-5, 5) * pv.Time(0, duration),
        fields=pv.Field("psi", complex=True),
        conditions={
            "equation": pv.PDE(equation),
            "start": pv.Initial(psi=lambda x: 2 / jnp.cosh(x)),
            "ends": pv.Dirichlet(psi=exact, on="x"),
        },
        exact={"psi": exact},
    )
