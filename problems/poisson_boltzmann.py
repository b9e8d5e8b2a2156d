"""The linearized Poisson-Boltzmann equation on a square without four disks: a screened potential.

    -laplacian u + k^2 u = 10 (17 + x^2 + y^2) sin(pi x) sin(4 pi y)    for -1 < x, y < 1
    u = 0.2 on the walls, u = 1 on the circles

All quantities are nondimensional; 1 / k is the Debye length.

Reference: modified Bessel functions about the holes, see `_screened_holes.py`; floor 1e-13.
Source: Z. Hao et al., PINNacle, NeurIPS 2024: its case Poisson 2d-CG.
"""

from jax.numpy import pi, sin

import pinnsven as pv
from _screened_holes import holes_reference

DISKS = (((0.5, 0.5), 0.2), ((0.4, -0.4), 0.4), ((-0.2, -0.7), 0.1), ((-0.6, 0.5), 0.3))


def make_problem(k: float = 8.0) -> pv.Problem:
    """Returns the potential.

    - `k`: the reciprocal of the screening length.
    """
    domain = pv.Box(x=(-1, 1), y=(-1, 1))
    for number, (center, radius) in enumerate(DISKS):
        domain = domain - pv.Disk(center, radius, name=f"disk{number}")

    def screened(laplacian_u, u, x, y):
        source = 10 * (17 + x**2 + y**2) * sin(pi * x) * sin(4 * pi * y)
        return -laplacian_u + k**2 * u - source

    return pv.Problem(
        domain=domain,
        fields="u",
        conditions={
            "pde": pv.PDE(screened),
            "walls": pv.Dirichlet(u=0.2, on="x y"),
            "circles": pv.Dirichlet(u=1.0, on=" ".join(f"disk{n}" for n in range(len(DISKS)))),
        },
        reference=lambda: holes_reference(k, (1, 4), 10.0, 0.2, 1.0, DISKS),
    )
