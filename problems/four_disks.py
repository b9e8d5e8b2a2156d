"""Laplace's equation on a square without four disks.

    laplacian u = 0    for -1/2 < x, y < 1/2, outside of four disks of radius 0.1 about (+-0.3, +-0.3)
    u = 1 on the walls, u = 0 on the circles

All quantities are nondimensional.

Reference: a series in powers of z and 1 / z, see `_laplace_series.py`; floor 3e-11.
Source: Z. Hao et al., PINNacle, NeurIPS 2024: its case Poisson 2d-C.
"""

import itertools

import pinnsven as pv
from _laplace_series import disks_reference


def make_problem(away: float = 0.3, radius: float = 0.1) -> pv.Problem:
    """Returns the potential.

    - `away`: the coordinates of the disks' centers; with the radius less than 1/2.
    - `radius`: of the disks.
    """
    domain = pv.Box(x=(-0.5, 0.5), y=(-0.5, 0.5))
    centers = list(itertools.product((-away, away), repeat=2))
    for number, center in enumerate(centers):
        domain = domain - pv.Disk(center, radius, name=f"disk{number}")
    return pv.Problem(
        domain=domain,
        fields="u",
        conditions={
            "pde": pv.PDE(lambda laplacian_u: laplacian_u),
            "walls": pv.Dirichlet(u=1.0, on="x y"),
            "circles": pv.Dirichlet(u=0.0, on=" ".join(f"disk{n}" for n in range(len(centers)))),
        },
        reference=lambda: disks_reference(0.5, away, radius),
    )
