"""The Gray-Scott equations in one dimension: a pulse that divides.

    u_t = u_xx - u v^2 + A (1 - u)          for x in [-25, 25], periodic, 0 < t <= 200
    v_t = D v_xx + u v^2 - B v
    u = 1 - exp(-x^2 / 20) / 2, v = exp(-x^2 / 20) / 4  at t = 0

Coefficients: D = 0.01, A = 0.01, B = 0.053, all nondimensional: v is eaten up where there is no u left,
and moves on to where there is some.

Reference: Fourier series and ETDRK4, see `_periodic_reaction.py`.
Source: A. Doelman, T. J. Kaper and P. A. Zegeling, Nonlinearity 10 (1997), 523.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from _periodic_reaction import reaction_reference

HALF = 25.0


def make_problem(end: float = 200.0) -> pv.Problem:
    """Returns the equations on a ring of length 50.

    - `end`: the last time, nondimensional.
    """
    d, a, b = 0.01, 0.01, 0.053

    def feeding(u: Array, v: Array, u_t: Array, u_xx: Array) -> Array:
        return u_t - u_xx + u * v**2 - a * (1 - u)

    def growing(u: Array, v: Array, v_t: Array, v_xx: Array) -> Array:
        return v_t - d * v_xx - u * v**2 + b * v

    def bell(x):
        return np.exp(-(x**2) / 20)

    return pv.Problem(
        domain=pv.Box(x=(-HALF, HALF), periodic="x") * pv.Time(0, end),
        fields="u v",
        conditions={
            "feeding": pv.PDE(feeding),
            "growing": pv.PDE(growing),
            "start": pv.Initial(
                u=lambda x: 1 - jnp.exp(-(x**2) / 20) / 2, v=lambda x: jnp.exp(-(x**2) / 20) / 4
            ),
        },
        reference=lambda: reaction_reference(
            ("u", "v"),
            lambda x: (1 - bell(x) / 2, bell(x) / 4),
            (lambda k: np.real(k**2) - a, lambda k: d * np.real(k**2) - b),
            lambda u, v: (a - u * v**2, u * v**2),
            interval=(-HALF, HALF),
            end=end,
        ),
    )
