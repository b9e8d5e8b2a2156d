"""The Allen-Cahn equation of the PINN literature, diffusion 1e-4.

    u_t = D u_xx + r (u - u^3)              for x in [-1, 1], periodic, 0 < t <= 1
    u(x, 0) = x^2 cos(pi x)

Coefficients: D = 1e-4, r = 5. (Another Allen-Cahn has D = 1e-3 and walls at u = -1.)
The periodic start has a slope jump of 4 at the seam x = +-1, smoothed over sqrt(D t) only.

Reference: the method of lines on 4,096 points (`pv.method_of_lines`); floor 4e-12. The Fourier series
of the start is its own, not that of its samples, which would alias the jump (error 2e-7).
Source: Raissi, Perdikaris and Karniadakis (2019).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(diffusion: float = 1e-4, rate: float = 5.0) -> pv.Problem:
    """Returns the Allen-Cahn equation on the periodic interval [-1, 1].

    - `diffusion`, `rate`: D and r, nondimensional.
    """
    domain = pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1)

    def slope(u: Array, u_xx: Array) -> Array:
        return diffusion * u_xx + rate * (u - u**3)

    def reaction_diffusion(u: Array, u_t: Array, u_xx: Array) -> Array:
        return u_t - slope(u, u_xx)

    def start(x: Array) -> Array:
        return x**2 * jnp.cos(jnp.pi * x)

    return pv.Problem(
        domain=domain,
        fields="u",
        conditions={"pde": pv.PDE(reaction_diffusion), "start": pv.Initial(u=start)},
        reference=lambda: pv.method_of_lines(slope, start, domain),
    )
