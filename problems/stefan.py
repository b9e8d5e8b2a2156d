"""Stefan's problem: ice melts from a warm wall, and how far is part of the answer.

    s^2 u_t = y s s' u_y + u_yy             for 0 < y < 1, 1/10 < t <= 1, x = y s(t)
    u = 1 at y = 0 (the wall), u = 0 at y = 1 (the front, at melting point)
    L s s' = -u_y at y = 1;  u and s as below at t = 1/10

s(t) is the place of the front; in y = x / s the front stands still.
Coefficient: L = 2, the latent heat over the heat capacity (the Stefan number is 1/2).

Exact: u = 1 - erf(l y) / erf(l), s = 2 l sqrt(t), sqrt(pi) l e^(l^2) erf(l) = 1 / L.
Source: Neumann's solution, in Carslaw and Jaeger, Conduction of Heat in Solids (1959), section 11.2.
"""

import math

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import erf

import pinnsven as pv


def make_problem(latent: float = 2.0) -> pv.Problem:
    """Returns the melting: the temperature u, and the front s that depends on time alone.

    - `latent`: L, nondimensional.
    """
    low, high = 1e-3, 3.0
    for _ in range(60):  # halving
        rate = (low + high) / 2
        large = math.sqrt(math.pi) * rate * math.exp(rate**2) * math.erf(rate) > 1 / latent
        low, high = (low, rate) if large else (rate, high)
    rate = (low + high) / 2
    begin = 0.1

    def profile(y: Array) -> Array:
        return 1 - erf(rate * y) / math.erf(rate)

    def front(t: Array) -> Array:
        return 2 * rate * jnp.sqrt(t)

    def heat(u_t: Array, u_y: Array, u_yy: Array, s: Array, s_t: Array, y: Array) -> Array:
        return s**2 * u_t - y * s * s_t * u_y - u_yy

    return pv.Problem(
        domain=pv.Box(y=(0, 1)) * pv.Time(begin, 1),
        fields=["u", pv.Field("s", of="t")],
        conditions={
            "heat": pv.PDE(heat),
            "wall": pv.Dirichlet(u=1.0, on="y-"),
            "melting": pv.Dirichlet(u=0.0, on="y+"),
            "front": pv.Boundary(lambda s, s_t, u_y: latent * s * s_t + u_y, on="y+"),
            "start": pv.Initial(u=profile, s=2 * rate * math.sqrt(begin)),
        },
        exact={"u": profile, "s": front},
    )
