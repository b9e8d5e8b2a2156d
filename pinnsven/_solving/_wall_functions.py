"""Functions on the walls of a rectangle that are built into the solution although nobody asks for it.

Where nothing depends on time a smooth solution is known the better for it, as for numbers on walls
(experiment 159). A function is taken as a Chebyshev series along its wall: where so many terms do not
hold it to rounding it is not smooth, and would be as rough inside.
"""

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._conditions import Term, largest_distance_scale, patch_of, points_inside, wall_series
from .._domains import Box, Domain, Plane
from ._reading import prescribed

AGREE = 1e-10  # of the largest value, to which walls agree in the corner where they meet


def is_rectangle(domain: Domain) -> bool:
    """Whether a domain is a rectangle, without time, ranges and periodic coordinates."""
    flat = isinstance(domain.space, Box) and domain.dim == domain.space_dim == 2
    return flat and not any(coordinate.periodic for coordinate in domain.coordinates)


def term_of_functions(problem, given: dict[Plane, object]) -> Term | None:
    """What can be built into a field of a problem in a rectangle, or None.

    - `given`: the number or function that is prescribed on each wall.
    """
    domain = problem.domain
    walls = tuple(sorted(given, key=lambda wall: (wall.axes[0], wall.place)))
    # Compiled once for all walls that prescribe the same.
    programs = {
        value: briefly(jax.vmap(lambda point, value=value: prescribed(problem, value, point)))
        for value in given.values()
    }
    series = []
    for wall in walls:
        found = _along(domain, programs[given[wall]], wall)
        if found is None:
            return None
        series.append(found)
    if not _meet(series, walls):
        return None
    lift = patch_of(series, walls, domain.lower, domain.upper)
    scale = largest_distance_scale(walls, points_inside(domain))
    return Term(lift, walls, None, scale)  # type: ignore[call-arg]


def _along(domain: Domain, at, wall: Plane) -> np.ndarray | None:
    """The series along a wall of a function of points (n, 2); None where it has none."""
    axis = 1 - wall.axes[0]

    def values(places):
        points = np.full((len(places), 2), wall.place)
        points[:, axis] = places
        return np.asarray(at(jnp.asarray(points)))

    return wall_series(values, float(domain.lower[axis]), float(domain.upper[axis]))


def _meet(series: list[np.ndarray], walls: tuple[Plane, ...]) -> bool:
    """Whether walls that meet in a corner prescribe the same there."""
    most = max(float(np.max(np.abs(terms))) for terms in series)
    ends = [np.array([terms @ end ** np.arange(len(terms)) for end in (-1.0, 1.0)]) for terms in series]
    for one, other in ((i, j) for i in range(len(walls)) for j in range(i)):
        if walls[one].axes == walls[other].axes:
            continue
        # Which end of each lies on the other.
        mine, its = (int(walls[k].extent < 0) for k in (other, one))
        if abs(ends[one][mine] - ends[other][its]) > AGREE * most:
            return False
    return True
