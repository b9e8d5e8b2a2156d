"""A membrane over an L under an even load: the corner that juts in bends it without end.

    -laplacian(u) = 1                       for -1 < x, y < 1 without x > 0 and y < 0
    u = 0 on the boundary

At the corner (0, 0) the slope of u is infinite, as that of r^(2/3) sin(2 theta / 3) is.

Reference: rational functions with poles that crowd toward the corners (`_corner_poles.py`); floor
2e-11.
Source: Grisvard, Elliptic Problems in Nonsmooth Domains (1985), chapter 2.
"""

from jax import Array

import pinnsven as pv
from _corner_poles import membrane

CORNERS = [(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)]


def make_problem() -> pv.Problem:
    """Returns the membrane over the L."""

    def loaded(laplacian_u: Array) -> Array:
        return laplacian_u + 1

    return pv.Problem(
        domain=pv.Polygon(CORNERS),
        fields="u",
        conditions={"pde": pv.PDE(loaded), "walls": pv.Dirichlet(u=0.0)},
        reference=membrane,
    )
