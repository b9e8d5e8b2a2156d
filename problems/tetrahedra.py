"""Poisson's equation in a solid made of tetrahedra: an octahedron, as a mesh.

    -laplacian(u) = 3 pi^2 / 4 sin(pi x / 2) cos(pi y / 2) cos(pi z / 2)    for |x| + |y| + |z| < 1
    u as below on the lower half of the surface, its normal derivative as below on the upper one

Exact: u = sin(pi x / 2) cos(pi y / 2) cos(pi z / 2).
Source: manufactured.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv

VERTICES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
CELLS = [(0, 1 + i, 1 + (i + 1) % 4, top) for top in (5, 6) for i in range(4)]


def make_problem() -> pv.Problem:
    """Returns Poisson's equation in the octahedron, of eight tetrahedra around its middle."""
    solid = pv.Mesh(
        VERTICES.astype(float), CELLS, parts={"low": lambda z: z < 0, "high": lambda z: z > 0}
    )

    def exact(x: Array, y: Array, z: Array) -> Array:
        half = jnp.pi / 2
        return jnp.sin(half * x) * jnp.cos(half * y) * jnp.cos(half * z)

    def poisson(laplacian_u: Array, x: Array, y: Array, z: Array) -> Array:
        return laplacian_u + 3 * jnp.pi**2 / 4 * exact(x, y, z)

    def flow(u_n: Array, normal: Array, x: Array, y: Array, z: Array) -> Array:
        slope = jax.grad(exact, (0, 1, 2))(x, y, z)
        return u_n - jnp.stack(slope) @ normal

    return pv.Problem(
        domain=solid,
        fields="u",
        conditions={
            "pde": pv.PDE(poisson),
            "held": pv.Dirichlet(u=exact, on="low"),
            "flow": pv.Boundary(flow, on="high"),
        },
        exact=exact,
    )
