"""Damped harmonic oscillator: an ordinary differential equation.

    u_tt + 2 d u_t + w0^2 u = 0             for 0 < t <= 1
    u(0) = 1,   u_t(0) = 0

Coefficients: damping d = 2, natural frequency w0 = 20 (about three periods); with d = 0 the motion
is harmonic.

Exact: u = exp(-d t) (cos(w t) + (d / w) sin(w t)) with w^2 = w0^2 - d^2, for d < w0.
Source: Moseley (2021), the "harmonic oscillator PINN" that many tutorials repeat.
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(damping: float = 2.0, frequency: float = 20.0, end: float = 1.0) -> pv.Problem:
    """Returns the underdamped oscillator, released at rest from u = 1.

    - `damping`: d, an inverse time; nondimensional here as is t.
    - `frequency`: w0, the angular frequency without damping, nondimensional.
    - `end`: the last time, nondimensional.

    Raises `ValueError` unless 0 <= `damping` < `frequency`.
    """
    if not 0 <= damping < frequency:
        raise ValueError(
            f"damping = {damping} with frequency = {frequency} is not underdamped, and the exact "
            "solution in this file holds for 0 <= damping < frequency only."
        )
    damped = math.sqrt(frequency**2 - damping**2)

    def newton(u: Array, u_t: Array, u_tt: Array) -> Array:
        # Divided by w0^2, so that equation and start are of one size.
        return (u_tt + 2 * damping * u_t) / frequency**2 + u

    def at_rest(u_t: Array) -> Array:
        return u_t / frequency

    def exact(t: Array) -> Array:
        swing = jnp.cos(damped * t) + damping / damped * jnp.sin(damped * t)
        return jnp.exp(-damping * t) * swing

    return pv.Problem(
        domain=pv.Time(0, end),
        fields="u",
        conditions={
            "equation": pv.PDE(newton),
            "position": pv.Initial(u=1.0),
            "velocity": pv.Initial(at_rest),
        },
        exact=exact,
    )
