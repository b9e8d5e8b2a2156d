"""What a shape is made of: named coordinates, and smooth pieces of boundary."""

import dataclasses
import keyword
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from .._basics._messages import listing
from ._sequences import sobol
from ._surfaces import AbstractSurface

Thing = TypeVar("Thing")
Place = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Coordinate:
    """A named coordinate: its number of components, its bounds, and whether it is periodic.

    - `name`: an identifier, by which functions ask for it.
    - `lower`, `upper`: the bounds of each component.
    - `vector`: true when a function receives it as an array of shape (size,) rather than a scalar.

    Raises `ValueError` for a name that no argument can have, and for bounds that are not finite or are
    inverted.
    """

    name: str
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    periodic: bool = False
    vector: bool = False

    def __post_init__(self):
        coordinate_name(self.name)
        pairs = list(zip(self.lower, self.upper, strict=True))
        if not pairs or not all(-math.inf < low <= high < math.inf for low, high in pairs):
            raise ValueError(
                f"{self.name}: the bounds {self.lower} and {self.upper} are not finite, or inverted"
            )

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
    - `surface`: on which it lies; None where nothing is known of that, or a predicate chose a part.
    - `owner`: the shape that it bounds, by which two parts of one name are told apart.
    - `inner`: whether that shape was taken away from another, so that the piece bounds a hole.
    - `rule`: points, normals and weights for integrals over the piece, of so many nodes; None where
      the map from the unit cube is smooth, and makes one.
    """

    names: frozenset[str]
    dim: int
    measure: float
    place: Place
    surface: AbstractSurface | None = None
    owner: object = None
    inner: bool = False
    rule: Callable[[int], tuple[np.ndarray, np.ndarray, np.ndarray]] | None = None

    def restrict(self, keep: Callable[[np.ndarray, np.ndarray], np.ndarray], sign: float = 1.0):
        """The part of the facet where `keep(points, normals)` holds; `sign` may turn the normals."""

        def place(unit):
            points, normals = self.place(unit)
            chosen = keep(points, sign * normals)
            return points[chosen], sign * normals[chosen]

        probe = even_probe(self.dim)
        share = len(place(probe)[0]) / max(len(self.place(probe)[0]), 1)
        rule = self.rule
        if rule is not None:
            rule = _kept_of(rule, keep, sign)
        return dataclasses.replace(self, measure=self.measure * share, place=place, rule=rule)


def _kept_of(rule, keep, sign: float):
    """A rule without the points that a restriction removes."""

    def restricted(nodes: int):
        points, normals, weights = rule(nodes)
        chosen = keep(points, sign * normals)
        return points[chosen], sign * normals[chosen], weights[chosen]

    return restricted


def component_slices(coordinates: Sequence[Coordinate]) -> dict[str, slice]:
    """Which components of a point belong to each coordinate, by name."""
    ends = np.cumsum([c.size for c in coordinates]).tolist()
    return {c.name: slice(end - c.size, end) for c, end in zip(coordinates, ends, strict=True)}


def each_once(things: Iterable[Thing]) -> list[Thing]:
    """Things in their order, each once: one is the same as another only where it is that other."""
    return list({id(thing): thing for thing in things}.values())


def even_probe(dim: int) -> Float[np.ndarray, "n dim"]:
    """Fixed points (4096, dim) spread evenly over the unit cube, for measuring shares of it."""
    if dim == 0:
        return np.zeros((1, 0))
    if dim == 1:
        return (np.arange(4096)[:, None] + 0.5) / 4096
    return sobol(dim, 12, np.random.default_rng(0))


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
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"coordinate name {name!r}: use a Python identifier such as 'x'")
    if name.startswith("_") or name in ("normal", "outside"):
        raise ValueError(f"coordinate name {name!r} is reserved: choose another, such as 'x'")
    return name


def vertex_coordinates(names, vertices: Float[np.ndarray, "n dim"]) -> tuple[Coordinate, ...]:
    """A coordinate for each component of the vertices of a shape, as far as these reach.

    Raises `ValueError` where names do not fit, and for numbers that are not finite.
    """
    dim = vertices.shape[1]
    if len(names) != dim:
        raise ValueError(f"coordinates={names!r}: the vertices have {dim} components")
    check_distinct(list(names))
    low, high = vertices.min(axis=0).tolist(), vertices.max(axis=0).tolist()
    return tuple(
        Coordinate(coordinate_name(n), (a,), (b,)) for n, a, b in zip(names, low, high, strict=True)
    )


def check_distinct(names: list[str]) -> None:
    """`ValueError` when a coordinate name occurs twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"coordinate names must differ; {listing(repeated)} occurs more than once")
