"""Functions on the walls of a rectangle, joined inside, as series: a file holds them as numbers."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import chebyshev

from .._domains import Plane
from ._built_in import AbstractLift

TERMS = 64  # of a series that a function on a wall may need
SMOOTH = 1e-12  # of its largest term, below which the last ones are where a function is smooth
LAST = 8  # terms that are looked at for that; series have a multiple of so many
LOOKS = 1 << 17  # places along a wall, at which a series is held against its function
HELD = 1e-11  # of its largest term, by which it may miss that
# Of the largest term, below which others are rounding, and left out: a second derivative would make
# that of 64 terms as large as 1e-10 (experiment 165).
FAINT = 3e-16


class Patch(AbstractLift):
    """Values on walls of a rectangle by transfinite interpolation (Gordon 1971).

    - `coefficients`: of Chebyshev polynomials along each wall, (walls, terms).
    - `lower`, `upper`: corners of the rectangle, (2,).
    - `walls`: the sides.
    """

    coefficients: Float[Array, "walls terms"]
    lower: Float[Array, " 2"]
    upper: Float[Array, " 2"]
    walls: tuple[Plane, ...] = eqx.field(static=True)

    def __call__(self, point, constants):
        """What walls across the first axis say, and what those across the second say beyond that."""
        lower, upper, terms = (
            jnp.asarray(a, point.dtype) for a in (self.lower, self.upper, self.coefficients)
        )
        unit = 2 * (point[:2] - lower) / (upper - lower) - 1
        along = jnp.stack([unit[1 - wall.axes[0]] for wall in self.walls])
        values = _sums(terms, along)
        across = [[(i, self._share(i, point)) for i in self._across(axis)] for axis in (0, 1)]
        found = sum((share * values[i] for i, share in across[0]), jnp.zeros((), point.dtype))
        for j, share in across[1]:
            # At this wall the others give what they have in its corners.
            end = 1.0 if self.walls[j].extent < 0 else -1.0
            signs = jnp.asarray(end ** np.arange(terms.shape[1]), point.dtype)
            there = sum((s * (terms[i] @ signs) for i, s in across[0]), jnp.zeros((), point.dtype))
            found = found + share * (values[j] - there)
        return found

    def _across(self, axis: int) -> list[int]:
        """Which walls lie across an axis."""
        return [i for i, wall in enumerate(self.walls) if wall.axes[0] == axis]

    def _share(self, i: int, point):
        """One on a wall, zero on the one opposite, where there is one."""
        opposite = [j for j in self._across(self.walls[i].axes[0]) if j != i]
        return self.walls[opposite[0]].level(point) if opposite else jnp.ones((), point.dtype)


def _sums(terms, places):
    """Chebyshev series (walls, terms) at a place each, (walls,), by Clenshaw's recurrence (1955)."""
    number = terms.shape[1]

    def body(k, carry):
        one, two = carry
        return 2 * places * one - two + terms[:, number - 1 - k], one

    nothing = jnp.zeros_like(places)
    one, two = jax.lax.fori_loop(0, number - 1, body, (nothing, nothing))
    return places * one - two + terms[:, 0]


def wall_series(function, lower: float, upper: float) -> Float[np.ndarray, " terms"] | None:
    """The Chebyshev series of a function along a wall; None where so many terms do not hold it.

    - `function`: of places along it, (n,), to (n,).
    - `lower`, `upper`: its ends.
    """
    places, many = chebyshev.chebpts1(TERMS), np.linspace(-1, 1, LOOKS)
    unit = np.concatenate([places, many])  # together, so that a function is compiled once
    values = np.asarray(function(lower + (unit + 1) / 2 * (upper - lower)), float)
    # At these places the polynomials are orthogonal.
    terms = chebyshev.chebvander(places, TERMS - 1).T @ values[:TERMS] * (2 / TERMS)
    terms[0] /= 2
    most = np.max(np.abs(terms))
    if not np.all(np.isfinite(terms)) or np.max(np.abs(terms[-LAST:])) > SMOOTH * most:
        return None
    # What is narrow may lie between them.
    missed = np.abs(chebyshev.chebval(many, terms) - values[TERMS:])
    return terms if np.all(missed <= HELD * most) else None


def patch_of(series: list[np.ndarray], walls: tuple[Plane, ...], lower, upper) -> Patch:
    """The series of walls as one patch, as long as the longest of them needs to be."""
    terms = np.stack(series)
    terms = np.where(np.abs(terms) > FAINT * np.max(np.abs(terms)), terms, 0.0)
    needed = 1 + max(np.flatnonzero(np.any(terms != 0, axis=0)), default=0)
    kept = min(-(-needed // LAST) * LAST, TERMS)
    corners = (np.asarray(lower, float), np.asarray(upper, float))
    return Patch(terms[:, :kept], *corners, walls)  # type: ignore[call-arg]
