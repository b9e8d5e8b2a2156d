"""What every spatial shape offers: a level function, a map from the unit cube, and facets.

The *level* of a point is negative inside, zero on the boundary and positive outside (a signed
distance or anything of the same sign). Set operations are then one line each, and whether a piece of
boundary survives such an operation is read off by stepping a hair along its normal.
"""

import abc
import dataclasses
from collections.abc import Callable

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import qmc

from .._basics._messages import listing

Place = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Coordinate:
    """A named coordinate: its number of components, its bounds, and whether it is periodic.

    - `vector`: true when a function receives it as an array of shape (size,) rather than a scalar.
    """

    name: str
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    periodic: bool = False
    vector: bool = False

    @property
    def size(self) -> int:
        return len(self.lower)


@dataclasses.dataclass(frozen=True)
class Facet:
    """A smooth piece of boundary.

    - `names`: the names by which a condition can ask for it.
    - `dim`: how many unit-cube coordinates `place` consumes; 0 for a single point.
    - `measure`: its length or area (nondimensional), used to share points between facets.
    - `place`: maps unit-cube points (n, dim) to points (m, space) and outward unit normals
      (m, space); m < n where a set operation or a predicate removed some.
    """

    names: frozenset[str]
    dim: int
    measure: float
    place: Place

    def restrict(self, keep: Callable[[np.ndarray, np.ndarray], np.ndarray], sign: float = 1.0):
        """The part of the facet where `keep(points, normals)` holds; `sign` may turn the normals."""

        def place(unit):
            points, normals = self.place(unit)
            chosen = keep(points, sign * normals)
            return points[chosen], sign * normals[chosen]

        probe = even_probe(self.dim)
        share = len(place(probe)[0]) / max(len(self.place(probe)[0]), 1)
        return dataclasses.replace(self, measure=self.measure * share, place=place)


def even_probe(dim: int) -> Float[np.ndarray, "n dim"]:
    """Fixed points (4096, dim) spread evenly over the unit cube, for measuring shares of it."""
    if dim == 0:
        return np.zeros((1, 0))
    if dim == 1:
        return (np.arange(4096)[:, None] + 0.5) / 4096
    return qmc.Sobol(dim, scramble=True, rng=np.random.default_rng(0)).random_base2(12)


class AbstractShape(eqx.Module):
    """A bounded set in space with named coordinates."""

    @property
    @abc.abstractmethod
    def coordinates(self) -> tuple[Coordinate, ...]:
        """The coordinates, in the order in which points store them."""

    @abc.abstractmethod
    def level(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, " n"]:
        """Negative inside, zero on the boundary, positive outside."""

    @abc.abstractmethod
    def fill(self, unit: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "m dim"]:
        """Maps unit-cube points to points inside; m < n where some fell outside."""

    @abc.abstractmethod
    def facets(self) -> tuple[Facet, ...]:
        """The boundary in smooth pieces."""

    @property
    def dim(self) -> int:
        """The number of scalar coordinates."""
        return sum(coordinate.size for coordinate in self.coordinates)

    @property
    def lower(self) -> Float[np.ndarray, " dim"]:
        return np.concatenate([np.asarray(c.lower) for c in self.coordinates])

    @property
    def upper(self) -> Float[np.ndarray, " dim"]:
        return np.concatenate([np.asarray(c.upper) for c in self.coordinates])

    def volume(self) -> float:
        """Its length, area or volume (nondimensional), from the share of the bounding box it fills."""
        probe = even_probe(self.dim)
        return float(np.prod(self.upper - self.lower)) * len(self.fill(probe)) / len(probe)

    def contains(
        self, points: Float[np.ndarray, "n dim"], hair: float = 1e-9
    ) -> Bool[np.ndarray, " n"]:
        """Whether each point is inside or, up to rounding, on the boundary.

        - `hair`: what counts as rounding, relative to the longest side.
        """
        return self.level(points) <= hair * float(np.max(self.upper - self.lower))

    def __mul__(self, other):
        if isinstance(other, AbstractShape):
            return Product(self, other)
        if not isinstance(other, eqx.Module):
            raise ValueError(
                f"domain={other!r}: a shape is multiplied by another, such as pv.Box(y=(0, 1)), or by "
                "pv.Time(0, 1)"
            )
        return NotImplemented  # Time and Domain, which are no shapes, know what they do with one

    def __or__(self, other):
        return Union(self, _shape_operand(other, "|"))

    def __sub__(self, other):
        return Difference(self, _shape_operand(other, "-"))

    def __and__(self, other):
        return Intersection(self, _shape_operand(other, "&"))


def _shape_operand(other, operator: str) -> AbstractShape:
    if not isinstance(other, AbstractShape):
        raise ValueError(
            f"{operator} joins two shapes in space; got {type(other).__name__}. "
            "Combine the shapes first, then multiply by pv.Time(...)."
        )
    return other


def finite_interval(name: str, bounds: object) -> tuple[float, float]:
    """`bounds` as an increasing pair of finite floats; `name` is the coordinate, for the message."""
    try:
        lower, upper = (float(bound) for bound in bounds)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError(f"{name}={bounds!r}: give a pair of numbers (lower, upper)") from None
    if not (np.isfinite(lower) and np.isfinite(upper)):
        raise ValueError(f"{name}=({lower}, {upper}): the bounds must be finite")
    if not lower < upper:
        kind = "is empty" if lower == upper else "is inverted"
        raise ValueError(f"{name}=({lower}, {upper}) {kind}: the lower bound must be below the upper")
    return lower, upper


def coordinate_name(name: object) -> str:
    """`name` if it can be an argument of a Python function; `ValueError` otherwise."""
    import keyword

    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"coordinate name {name!r}: use a Python identifier such as 'x'")
    if name.startswith("_") or name in ("normal", "outside"):
        raise ValueError(f"coordinate name {name!r} is reserved: choose another, such as 'x'")
    return name


def check_distinct(names: list[str]) -> None:
    """`ValueError` when a coordinate name occurs twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"coordinate names must differ; {listing(repeated)} occurs more than once")


class _Combination(AbstractShape):
    """Two shapes over the same coordinates, joined by a rule on their levels."""

    first: eqx.AbstractVar[AbstractShape]
    second: eqx.AbstractVar[AbstractShape]

    def __check_init__(self):
        names = [tuple(c.name for c in shape.coordinates) for shape in (self.first, self.second)]
        if names[0] != names[1]:
            raise ValueError(f"the shapes must share their coordinates; got {names[0]} and {names[1]}")
        if any(c.periodic for shape in (self.first, self.second) for c in shape.coordinates):
            raise ValueError("set operations need shapes without periodic coordinates")
        probe = np.random.default_rng(0).random((4096, self.dim))
        if not len(self.fill(probe)):
            raise ValueError(f"{type(self).__name__} of the two shapes is empty")

    @abc.abstractmethod
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners of a box around the result."""

    @property
    def coordinates(self):
        lower, upper = self._bounds()
        return tuple(
            Coordinate(c.name, tuple(lower[s].tolist()), tuple(upper[s].tolist()), vector=c.vector)
            for c, s in zip(self.first.coordinates, _slices(self.first.coordinates), strict=True)
        )

    def fill(self, unit):
        lower, upper = self._bounds()
        points = lower + unit * (upper - lower)
        return points[self.level(points) < 0]

    def _surviving(self, turned: float = 1.0):
        """Facets of both shapes where the result really ends; the second's normals times `turned`."""
        hair = 1e-7 * float(np.max(self.upper - self.lower))

        def ends_here(points, normals):
            return (self.level(points + hair * normals) > 0) & (self.level(points - hair * normals) < 0)

        def ends_here_once(points, normals):
            # Where both boundaries coincide the first shape's facet already covers it.
            return ends_here(points, normals) & (np.abs(self.first.level(points)) > hair)

        pieces = [facet.restrict(ends_here) for facet in self.first.facets()]
        pieces += [facet.restrict(ends_here_once, turned) for facet in self.second.facets()]
        return tuple(piece for piece in pieces if piece.measure > 0)

    def facets(self):
        return self._surviving()


class Union(_Combination):
    """Everything in either shape."""

    first: AbstractShape
    second: AbstractShape

    def level(self, points):
        return np.minimum(self.first.level(points), self.second.level(points))

    def _bounds(self):
        return (
            np.minimum(self.first.lower, self.second.lower),
            np.maximum(self.first.upper, self.second.upper),
        )


class Difference(_Combination):
    """The first shape without the second."""

    first: AbstractShape
    second: AbstractShape

    def level(self, points):
        return np.maximum(self.first.level(points), -self.second.level(points))

    def _bounds(self):
        return self.first.lower, self.first.upper

    def facets(self):
        return self._surviving(turned=-1.0)


class Intersection(_Combination):
    """Everything in both shapes."""

    first: AbstractShape
    second: AbstractShape

    def level(self, points):
        return np.maximum(self.first.level(points), self.second.level(points))

    def _bounds(self):
        lower = np.maximum(self.first.lower, self.second.lower)
        return lower, np.maximum(np.minimum(self.first.upper, self.second.upper), lower)


class Product(AbstractShape):
    """All pairs of a point of the first shape and a point of the second: a cylinder, a slab."""

    first: AbstractShape
    second: AbstractShape

    def __check_init__(self):
        check_distinct([coordinate.name for coordinate in self.coordinates])

    @property
    def coordinates(self):
        return self.first.coordinates + self.second.coordinates

    def _split(self, points):
        return points[:, : self.first.dim], points[:, self.first.dim :]

    def level(self, points):
        first, second = self._split(points)
        return np.maximum(self.first.level(first), self.second.level(second))

    def fill(self, unit):
        # Each factor may drop points; keep the pairs in which neither did, by rejecting in the box.
        points = self.lower + unit * (self.upper - self.lower)
        return points[self.level(points) < 0] if len(points) else points

    def facets(self):
        pieces = [_facet_times(facet, self.second, swapped=False) for facet in self.first.facets()] + [
            _facet_times(facet, self.first, swapped=True) for facet in self.second.facets()
        ]
        return tuple(pieces)


def _facet_times(facet: Facet, shape: AbstractShape, swapped: bool) -> Facet:
    """A facet of one factor times the inside of the other."""
    extent = shape.upper - shape.lower

    def place(unit):
        points, normals = facet.place(unit[:, : facet.dim])
        inside = shape.lower + unit[:, facet.dim :] * extent
        if len(points) < len(inside):
            # A restricted facet dropped points: pair the survivors with as many of the others.
            inside = inside[: len(points)]
        kept = shape.level(inside) < 0
        parts = [(points[kept], inside[kept]), (normals[kept], np.zeros_like(inside[kept]))]
        ordered = [pair[::-1] if swapped else pair for pair in parts]
        return tuple(np.concatenate(pair, axis=1) for pair in ordered)

    return dataclasses.replace(
        facet,
        dim=facet.dim + shape.dim,
        measure=facet.measure * shape.volume(),
        place=place,
    )


def _slices(coordinates: tuple[Coordinate, ...]) -> list[slice]:
    ends = np.cumsum([c.size for c in coordinates]).tolist()
    return [slice(end - c.size, end) for c, end in zip(coordinates, ends, strict=True)]
