"""A flow in a cube whose vortices decay, with its vorticity along its velocity everywhere.

    v_t + (v . grad) v + grad p = nu laplacian(v),   div v = 0     for -1 < x, y, z < 1, 0 < t <= 1
    v as below at t = 0 and on the boundary;   p as below at x = 1

Coefficients: nu = 1, a = pi / 4, d = pi / 2.

Exact: v_i = -a (e^(a x_i) sin(a x_j + d x_k) + e^(a x_k) cos(a x_i + d x_j)) e^(-nu d^2 t) for i, j, k
in turn, and the pressure that balances it.
Source: Ethier and Steinman, Int. J. Numer. Methods Fluids 19 (1994).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(viscosity: float = 1.0, end: float = 1.0) -> pv.Problem:
    """Returns the flow in the cube, a vector field and a pressure.

    - `viscosity`: nu, nondimensional.
    - `end`: of time, nondimensional.
    """
    a, d = jnp.pi / 4, jnp.pi / 2

    def velocity(x: Array, y: Array, z: Array, t: Array) -> tuple[Array, ...]:
        fading = -a * jnp.exp(-viscosity * d**2 * t)
        part = lambda x, y, z: (
            jnp.exp(a * x) * jnp.sin(a * y + d * z) + jnp.exp(a * z) * jnp.cos(a * x + d * y)
        )
        return fading * part(x, y, z), fading * part(y, z, x), fading * part(z, x, y)

    def pressure(x: Array, y: Array, z: Array, t: Array) -> Array:
        part = lambda x, y, z: (
            jnp.exp(2 * a * x) / 2
            + jnp.sin(a * x + d * y) * jnp.cos(a * z + d * x) * jnp.exp(a * (y + z))
        )
        fading = -(a**2) * jnp.exp(-2 * viscosity * d**2 * t)
        return fading * (part(x, y, z) + part(y, z, x) + part(z, x, y))

    def momentum(v: Array, v_t: Array, grad_v: Array, laplacian_v: Array, grad_p: Array) -> Array:
        return v_t + grad_v @ v + grad_p - viscosity * laplacian_v

    def start(x: Array, y: Array, z: Array) -> tuple[Array, ...]:
        return velocity(x, y, z, jnp.zeros_like(x))

    return pv.Problem(
        domain=pv.Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)) * pv.Time(0, end),
        fields=[pv.Field("v", vector=True), "p"],
        conditions={
            "momentum": pv.PDE(momentum),
            "mass": pv.PDE(lambda div_v: div_v),
            "start": pv.Initial(v=start),
            "walls": pv.Dirichlet(v=velocity),
            "pressure": pv.Dirichlet(p=pressure, on="x+"),
        },
        exact={"v": velocity, "p": pressure},
    )
