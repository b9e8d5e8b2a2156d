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
        from ._domain import multiply

        return multiply(self, other)

    def __or__(self, other):
        from ._operations import Union

        return Union(self, _shape_operand(other, "|"))

    def __sub__(self, other):
        from ._operations import Difference

        return Difference(self, _shape_operand(other, "-"))

    def __and__(self, other):
        from ._operations import Intersection

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
