"""Axis-parallel boxes, of which an interval is the one-dimensional case."""

import dataclasses
from typing import Any

import equinox as eqx
import numpy as np

from .._basics._messages import listing
from .._basics._repr import called
from ._descriptions import register_shape, save_as
from ._pieces import (
    Coordinate,
    Facet,
    check_distinct,
    component_slices,
    coordinate_name,
    finite_interval,
)
from ._rules import fewer_nodes, gauss_rule
from ._sections import Brick
from ._shape import AbstractShape, part_names, shape_name
from ._surfaces import Plane


@register_shape
class Box(AbstractShape):
    """An axis-parallel box with named coordinates: `Box(x=(0, 1), y=(0, 2), periodic="x")`.

    - `periodic`: the name of a coordinate, or several, along which everything repeats. The box has
      no boundary there, and the network is made exactly periodic.
    - `bounds`: one keyword per coordinate: a pair (lower, upper), or a list of pairs for a vector
      coordinate, `Box(x=[(0, 1)] * 5)`, which functions receive as an array of shape (5,).
    - `name`: of the box; its boundary is then that, and its parts are `"hole.x-"` and so on too. None
      for no name.

    Its boundary parts are `"x"` (both ends), `"x-"` and `"x+"` for each coordinate. Raises
    `ValueError` for an empty, inverted or infinite interval and for an unknown periodic name.
    """

    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    _name: str | None = eqx.field(static=True)

    def __init__(
        self,
        *,
        periodic: str | tuple[str, ...] | list[str] = (),
        name: str | None = None,
        **bounds: Any,
    ):
        if not bounds:
            raise ValueError("Box needs at least one coordinate, for example Box(x=(0, 1))")
        wrapped = tuple(periodic.replace(",", " ").split()) if isinstance(periodic, str) else periodic
        if not isinstance(wrapped, (tuple, list)):
            raise ValueError(f"periodic={periodic!r}: give the name of a coordinate, or several")
        unknown = [name for name in wrapped if name not in bounds]
        if unknown:
            raise ValueError(
                f"periodic={periodic!r}: no coordinate {unknown[0]!r}; the box has {listing(bounds)}"
            )
        self._coordinates = tuple(
            _coordinate(name, pair, name in wrapped) for name, pair in bounds.items()
        )
        check_distinct([c.name for c in self._coordinates])
        self._name = shape_name(name)

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return self._coordinates

    def __repr__(self) -> str:
        pairs = {c.name: list(zip(c.lower, c.upper, strict=True)) for c in self.coordinates}
        bounds = {c.name: pairs[c.name] if c.vector else pairs[c.name][0] for c in self.coordinates}
        wrapped = [c.name for c in self.coordinates if c.periodic]
        named = {} if self._name is None else {"name": self._name}
        return called(type(self).__name__, **bounds, periodic=" ".join(wrapped) or None, **named)

    def level(self, points):
        # Along a periodic coordinate nothing is outside.
        wrapped = np.concatenate([np.full(c.size, c.periodic) for c in self.coordinates])
        beyond = np.maximum(self.lower - points, points - self.upper)
        return np.max(np.where(wrapped, -(self.upper - self.lower), beyond), axis=1)

    def fill(self, unit):
        return self.lower + unit * (self.upper - self.lower)

    def rule(self, nodes):
        if self.dim > 6:
            return super().rule(nodes)
        return gauss_rule(self.lower, self.upper, fewer_nodes(nodes, self.dim))

    def region(self):
        return Brick(tuple(self.lower.tolist()), tuple(self.upper.tolist()))

    def describe(self):
        named = {} if self._name is None else {"name": self._name}
        return {"coordinates": [dataclasses.asdict(c) for c in self.coordinates]} | named

    @classmethod
    def from_description(cls, given):
        bounds = {c["name"]: _pairs(c) for c in given["coordinates"]}
        wrapped = [c["name"] for c in given["coordinates"] if c["periodic"]]
        return Box(periodic=wrapped, name=given.get("name"), **bounds)

    def placed(self, matrix, shift):
        """A box again where it is only moved."""
        if not np.array_equal(matrix, np.eye(self.dim)):
            return super().placed(matrix, shift)
        given: dict[str, Any] = self.describe()
        slices = component_slices(self.coordinates)
        for c in given["coordinates"]:
            for side in ("lower", "upper"):
                c[side] = (np.asarray(c[side]) + shift[slices[c["name"]]]).tolist()
        return Box.from_description(given)

    def facets(self):
        extent = self.upper - self.lower
        pieces = []
        axis = 0
        for coordinate in self.coordinates:
            for _ in range(coordinate.size):
                if not coordinate.periodic:
                    measure = float(np.prod(np.delete(extent, axis)))
                    for side in "-+":
                        names = part_names(self._name, coordinate.name, coordinate.name + side)
                        place, wall = self._face(axis, side), self._wall(axis, side)
                        pieces.append(Facet(names, self.dim - 1, measure, place, wall, self))
                axis += 1
        return tuple(pieces)

    def _wall(self, axis: int, side: str) -> Plane:
        low, high = float(self.lower[axis]), float(self.upper[axis])
        return Plane((axis,), low, high - low) if side == "-" else Plane((axis,), high, low - high)

    def _face(self, axis: int, side: str):
        value = self.lower[axis] if side == "-" else self.upper[axis]
        normal = np.zeros(self.dim)
        normal[axis] = -1.0 if side == "-" else 1.0

        def place(unit):
            points = self.fill(np.insert(unit, axis, 0.0, axis=1))
            points[:, axis] = value  # exactly on the face, free of rounding
            return points, np.tile(normal, (len(points), 1))

        return place


class Interval(Box):
    """An interval of one coordinate, `x` unless named: `Interval(-1, 1)` or `Interval(r=(0, 2))`.

    - `name`: of the coordinate beside two ends; of the interval, as a part of others, beside a pair.
    - `periodic`: true when its ends are the same place.

    Raises `ValueError` for an empty, inverted or infinite interval.
    """

    def __init__(
        self,
        lower: float | None = None,
        upper: float | None = None,
        *,
        name: str | None = None,
        periodic: bool | str = False,
        **bounds: Any,
    ):
        if (lower is None) != (upper is None) or (lower is None) == (not bounds) or len(bounds) > 1:
            raise ValueError("Interval takes two ends, Interval(0, 1), or one pair, Interval(x=(0, 1))")
        own = name if bounds else None
        if not bounds:
            bounds = {"x" if name is None else name: (lower, upper)}
        wrapped = (periodic,) if isinstance(periodic, str) else tuple(bounds) if periodic else ()
        super().__init__(periodic=wrapped, name=own, **bounds)


save_as(Interval, "box")


def _coordinate(name: str, bounds: object, periodic: bool) -> Coordinate:
    coordinate_name(name)
    if isinstance(bounds, (list, np.ndarray)) and len(bounds) and np.ndim(bounds[0]) == 1:
        pairs = [finite_interval(f"{name}[{i}]", pair) for i, pair in enumerate(bounds)]
        lower, upper = zip(*pairs, strict=True)
        return Coordinate(name, lower, upper, periodic, vector=True)
    lower, upper = finite_interval(name, bounds)
    return Coordinate(name, (lower,), (upper,), periodic)


def _pairs(coordinate):
    """The bounds of a described coordinate, as `Box` takes them."""
    pairs = list(zip(coordinate["lower"], coordinate["upper"], strict=True))
    return [tuple(pair) for pair in pairs] if coordinate["vector"] else tuple(pairs[0])
