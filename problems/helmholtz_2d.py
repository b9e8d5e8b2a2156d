"""Helmholtz' equation on a square, with a solution that oscillates faster in one direction.

    u_xx + u_yy + k^2 u = q                 for -1 < x, y < 1
    u = 0 on the boundary

Coefficients: k = 1, a1 = 1, a2 = 4; q = (k^2 - (a1 pi)^2 - (a2 pi)^2) sin(a1 pi x) sin(a2 pi y).

Exact: u = sin(a1 pi x) sin(a2 pi y).
Source: Wang, Teng and Perdikaris (2021); a1 = a2 = 4 circulates too.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(a1: int = 1, a2: int = 4, wavenumber: float = 1.0) -> pv.Problem:
    """Returns Helmholtz' equation on [-1, 1]^2 with zero boundary values.

    - `a1`, `a2`: half waves per unit length in x and in y, whole numbers.
    - `wavenumber`: k, nondimensional.

    Raises `ValueError` if `a1` or `a2` is not whole: the boundary values would not be zero.
    """
    if a1 % 1 or a2 % 1:
        raise ValueError(f"a1 = {a1} and a2 = {a2} must be whole numbers, or u is not 0 at +-1.")
    factor = wavenumber**2 - (a1**2 + a2**2) * jnp.pi**2

    def exact(x: Array, y: Array) -> Array:
        return jnp.sin(a1 * jnp.pi * x) * jnp.sin(a2 * jnp.pi * y)

    def helmholtz(u: Array, laplacian_u: Array, x: Array, y: Array) -> Array:
        return laplacian_u + wavenumber**2 * u - factor * exact(x, y)

    return pv.Problem(
        domain=pv.Box(x=(-1, 1), y=(-1, 1)),
        fields="u",
        conditions={"pde": pv.PDE(helmholtz), "walls": pv.Dirichlet(u=0.0)},
        exact=exact,
    )
