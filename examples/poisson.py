"""Poisson's equation on a square with a round hole, with a flux through the hole's edge.

    -laplacian(u) = 0 in the square [-1, 1]^2 outside the disk of radius 0.4
    u = log|x| on the outer edges,    du/dn = -1 / 0.4 on the circle

The exact solution is log|x|. Shows set operations, named parts of the boundary and normals.
"""

import jax.numpy as jnp

import pinnsven as pv


def logarithm(x, y):
    return 0.5 * jnp.log(x**2 + y**2)


square = pv.Box(x=(-1, 1), y=(-1, 1))
hole = pv.Disk(center=(0, 0), radius=0.4, name="hole")

problem = pv.Problem(
    domain=square - hole,
    fields="u",
    conditions={
        "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
        "outside": pv.Dirichlet(u=logarithm, on="x y"),
        # The normal points out of the domain, into the hole: du/dn = -d(log r)/dr = -1 / 0.4.
        "flux": pv.Neumann(u=-1 / 0.4, on="hole"),
    },
    exact=logarithm,
    network=pv.MLP(width=20, depth=2),
    name="square with a hole",
)
solution = pv.solve(problem, time_limit=20)
print(solution)
print(f"u(0.5, 0.5) = {solution(x=0.5, y=0.5):.9f}, exactly {float(logarithm(0.5, 0.5)):.9f}")
