"""Space, time, ranges of parameters, and their product."""

from typing import Any

import equinox as eqx
import numpy as np

from .._basics._repr import called
from ._pieces import (
    Coordinate,
    Facet,
    check_distinct,
    component_slices,
    coordinate_name,
    each_once,
    finite_interval,
)
from ._product import Product
from ._shape import AbstractShape


class Time(eqx.Module):
    """An interval of time, with coordinate `t` unless named: `Time(0, 1)` or `Time(tau=(0, 1))`.

    Its boundary parts are `"t-"` (the start, where `Initial` conditions hold) and `"t+"` (the end).
    Raises `ValueError` for an empty, inverted or infinite interval.
    """

    coordinate: Coordinate = eqx.field(static=True)

    def __init__(
        self, start: float | None = None, stop: float | None = None, *, name: str = "t", **bounds: Any
    ):
        if (start is None) != (stop is None) or (start is None) == (not bounds) or len(bounds) > 1:
            raise ValueError("Time takes a start and an end, Time(0, 1), or one pair, Time(t=(0, 1))")
        name, pair = next(iter(bounds.items())) if bounds else (name, (start, stop))
        lower, upper = finite_interval(coordinate_name(name), pair)
        self.coordinate = Coordinate(name, (lower,), (upper,))

    def __repr__(self) -> str:
        ends = (self.start, self.stop)
        plain = self.coordinate.name == "t"
        return called("Time", *ends) if plain else called("Time", **{self.coordinate.name: ends})

    @property
    def start(self) -> float:
        return self.coordinate.lower[0]

    @property
    def stop(self) -> float:
        return self.coordinate.upper[0]

    def __mul__(self, other):
        return multiply(self, other)

    def __rmul__(self, other):
        return multiply(other, self)


class Parameter(eqx.Module):
    """A range of parameters: `pv.Box(x=(0, 1)) * pv.Parameter(nu=(0.01, 0.1))`, a family of problems.

    Conditions ask for a parameter as for a coordinate, and the solution is known for all of its values
    at once, with its derivatives along it (`u_nu`). It has no boundary.

    - `bounds`: one keyword per parameter: a pair (lower, upper) in its own unit.

    Raises `ValueError` for none, and for an empty, inverted or infinite interval.
    """

    coordinates: tuple[Coordinate, ...] = eqx.field(static=True)

    def __init__(self, **bounds: Any):
        if not bounds:
            raise ValueError("Parameter: name a range, as in pv.Parameter(nu=(0.01, 0.1))")
        found = []
        for name, pair in bounds.items():
            lower, upper = finite_interval(coordinate_name(name), pair)
            found.append(Coordinate(name, (lower,), (upper,)))
        self.coordinates = tuple(found)

    def __repr__(self) -> str:
        return called("Parameter", **{c.name: (c.lower[0], c.upper[0]) for c in self.coordinates})

    def __mul__(self, other):
        return multiply(self, other)

    def __rmul__(self, other):
        return multiply(other, self)


class Domain(eqx.Module):
    """Space, time, or both, and parameters. Points are rows (space, parameters, then time).

    - `space`: a shape, or None for an ordinary differential equation.
    - `time`: an interval of time, or None for a steady problem.
    - `parameters`: ranges of parameters, or None for one problem.
    """

    space: AbstractShape | None
    time: Time | None
    parameters: Parameter | None = None

    def __check_init__(self):
        if self.space is None and self.time is None and self.parameters is None:
            raise ValueError("a domain needs space, time or both")
        check_distinct([coordinate.name for coordinate in self.coordinates])

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        space = self.space.coordinates if self.space is not None else ()
        ranges = self.parameters.coordinates if self.parameters is not None else ()
        return space + ranges + ((self.time.coordinate,) if self.time is not None else ())

    @property
    def space_dim(self) -> int:
        return self.space.dim if self.space is not None else 0

    @property
    def dim(self) -> int:
        ranges = len(self.parameters.coordinates) if self.parameters is not None else 0
        return self.space_dim + ranges + (self.time is not None)

    @property
    def lower(self) -> np.ndarray:
        return np.concatenate([np.asarray(c.lower) for c in self.coordinates])

    @property
    def upper(self) -> np.ndarray:
        return np.concatenate([np.asarray(c.upper) for c in self.coordinates])

    def slices(self) -> dict[str, slice]:
        """Which components of a point belong to each coordinate."""
        return component_slices(self.coordinates)

    def component_names(self) -> list[str]:
        """The names of a point's components; those of a vector coordinate are numbered."""
        return [f"{c.name}{i}" if c.vector else c.name for c in self.coordinates for i in range(c.size)]

    def part_names(self) -> list[str]:
        """The names that `on=` accepts; those that fit two shapes are none."""
        facets = self.space.facets() if self.space is not None else ()
        names = {name for facet in facets for name in facet.names}
        names = {name for name in names if len(owners_of(called_so(facets, name))) == 1}
        if self.time is not None:
            names |= {self.time.coordinate.name + side for side in "-+"}
        return sorted(names)

    def during(self, start: float, stop: float) -> "Domain":
        """The same space in another interval of time."""
        assert self.time is not None
        return self.over(self.space, Time(start, stop, name=self.time.coordinate.name))

    def over(self, space: AbstractShape | None, time: "Time | None") -> "Domain":
        """The same parameters over another space and time."""
        return Domain(space, time, self.parameters)

    def rest(self, unit: np.ndarray) -> np.ndarray:
        """Parameters and times (n, the coordinates that are none of space) from unit-cube points."""
        lower, upper = self.lower[self.space_dim :], self.upper[self.space_dim :]
        return lower + unit * (upper - lower)

    def contains(self, points: np.ndarray, hair: float = 1e-9) -> np.ndarray:
        """Whether each point (n, dim) lies in the closed domain.

        - `hair`: what counts as rounding, relative to the longest side and to the length of time.
        """
        inside = np.ones(len(points), bool)
        if self.space is not None:
            inside &= self.space.contains(points[:, : self.space_dim], hair)
        rest = points[:, self.space_dim :]
        lower, upper = self.lower[self.space_dim :], self.upper[self.space_dim :]
        room = hair * (upper - lower)
        return inside & np.all((rest >= lower - room) & (rest <= upper + room), axis=1)

    def split(self, points: Any) -> dict[str, Any]:
        """Points (..., dim) as a dict of named coordinates, each (...), or (..., size) for a vector."""
        return {
            c.name: points[..., s] if c.vector else points[..., s.start]
            for c, s in zip(self.coordinates, self.slices().values(), strict=True)
        }

    def __repr__(self) -> str:
        parts = (self.space, self.time, self.parameters)
        return " * ".join(repr(part) for part in parts if part is not None)

    def __mul__(self, other):
        return multiply(self, other)

    def __rmul__(self, other):
        return multiply(other, self)


def as_domain(domain: object) -> Domain:
    """A `Domain` from a shape, a time interval or a domain; `ValueError` otherwise."""
    if isinstance(domain, Domain):
        return domain
    if isinstance(domain, AbstractShape):
        return Domain(domain, None)
    if isinstance(domain, Time):
        return Domain(None, domain)
    if isinstance(domain, Parameter):
        return Domain(None, None, domain)
    raise ValueError(
        f"domain={domain!r}: give a shape such as pv.Box(x=(0, 1)), pv.Time(0, 1), or their product"
    )


def multiply(first: object, second: object) -> AbstractShape | Domain:
    """Shape times shape is a shape; anything with time or parameters is a `Domain`."""
    if isinstance(first, AbstractShape) and isinstance(second, AbstractShape):
        return Product(first, second)
    left, right = as_domain(first), as_domain(second)
    if left.time is not None and right.time is not None:
        raise ValueError("a domain has at most one Time")
    ranges = [part.parameters for part in (left, right) if part.parameters is not None]
    bounds = {c.name: (c.lower[0], c.upper[0]) for part in ranges for c in part.coordinates}
    if len(bounds) < sum(len(part.coordinates) for part in ranges):
        raise ValueError("a domain has each parameter once")
    if left.space is not None and right.space is not None:
        space = Product(left.space, right.space)
    else:
        space = left.space if left.space is not None else right.space
    time = left.time if left.time is not None else right.time
    return Domain(space, time, Parameter(**bounds) if bounds else None)


def called_so(facets: tuple[Facet, ...], name: str) -> list[Facet]:
    """The facets of a name that bound outer shapes; those of holes where there are no such."""
    found = [facet for facet in facets if name in facet.names]
    return [facet for facet in found if not facet.inner] or found


def owners_of(facets: list[Facet]) -> list[object]:
    """The shapes that facets bound, each once."""
    return each_once(facet.owner for facet in facets)
