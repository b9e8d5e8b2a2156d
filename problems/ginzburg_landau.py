"""The complex Ginzburg-Landau equation: a wave of one size becomes turbulent.

    A_t = A + (1 + i b) A_xx - (1 + i c) |A|^2 A    for x in [0, 40], periodic, 0 < t <= 20
    A = 1 + cos(2 pi x / 40) / 10 + i sin(6 pi x / 40) / 10  at t = 0

Coefficients: b = 1, c = -2, nondimensional: 1 + b c < 0, so that plane waves are unstable (Benjamin and
Feir) and small disturbances grow.

Reference: Fourier series and ETDRK4, see `_periodic_reaction.py`.
Source: I. S. Aranson and L. Kramer, Reviews of Modern Physics 74 (2002), 99.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from _periodic_reaction import reaction_reference

LENGTH = 40.0


def make_problem(end: float = 20.0) -> pv.Problem:
    """Returns the equation on a ring of length 40, a complex field.

    - `end`: the last time, nondimensional.
    """
    b, c, wave = 1.0, -2.0, 2 * np.pi / LENGTH

    def equation(A: Array, A_t: Array, A_xx: Array) -> Array:
        return A_t - A - (1 + 1j * b) * A_xx + (1 + 1j * c) * jnp.abs(A) ** 2 * A

    def start(x: Array) -> Array:
        return jax.lax.complex(1 + jnp.cos(wave * x) / 10, jnp.sin(3 * wave * x) / 10)

    return pv.Problem(
        domain=pv.Box(x=(0, LENGTH), periodic="x") * pv.Time(0, end),
        fields=pv.Field("A", complex=True),
        conditions={"equation": pv.PDE(equation), "start": pv.Initial(A=start)},
        reference=lambda: reaction_reference(
            ("A",),
            lambda x: (1 + np.cos(wave * x) / 10 + 1j * np.sin(3 * wave * x) / 10,),
            (lambda k: 1 + (1 + 1j * b) * k**2,),
            lambda A: (-(1 + 1j * c) * np.abs(A) ** 2 * A,),
            interval=(0, LENGTH),
            end=end,
        ),
    )
