"""A shape that was turned and moved, where it does not remain one of its own kind."""

import dataclasses

import equinox as eqx
import numpy as np

from ._descriptions import describe_shape, register_shape, shape_of
from ._pieces import Coordinate, Facet, component_slices
from ._sections import placed_region
from ._shape import AbstractShape, operation
from ._surfaces import Carried


@register_shape
class Placed(AbstractShape):
    """The points R p + s for the points p of a shape.

    - `shape`: as it was; the names of its parts stay.
    - `matrix`: the rotation R by rows, `shift`: s.
    """

    shape: AbstractShape
    matrix: tuple[tuple[float, ...], ...] = eqx.field(static=True)
    shift: tuple[float, ...] = eqx.field(static=True)
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)

    def __init__(self, shape: AbstractShape, matrix, shift):
        turn, move = np.asarray(matrix, float), np.asarray(shift, float)
        if isinstance(shape, Placed):  # one place for two moves
            turn, move = turn @ shape._turn, turn @ np.asarray(shape.shift) + move
            shape = shape.shape
        self.shape = shape
        self.matrix = tuple(map(tuple, turn.tolist()))
        self.shift = tuple(move.tolist())
        # The largest component of R p is the reach of p along a row of R.
        upper = np.array([shape.reach(row) for row in turn]) + move
        lower = -np.array([shape.reach(-row) for row in turn]) + move
        wrapped = np.concatenate([np.full(c.size, c.periodic) for c in shape.coordinates])
        lower, upper = (
            np.where(wrapped, old + move, new)
            for old, new in ((shape.lower, lower), (shape.upper, upper))
        )
        parts = component_slices(shape.coordinates)
        self._coordinates = tuple(
            dataclasses.replace(
                c,
                lower=tuple(lower[parts[c.name]].tolist()),
                upper=tuple(upper[parts[c.name]].tolist()),
            )
            for c in shape.coordinates
        )

    @property
    def coordinates(self):
        return self._coordinates

    @property
    def _turn(self) -> np.ndarray:
        return np.asarray(self.matrix)

    def __repr__(self) -> str:
        turned = "" if np.array_equal(self._turn, np.eye(self.dim)) else " turned and"
        return f"{self.shape!r}{turned} moved by {self.shift}"

    def _back(self, points):
        return (points - np.asarray(self.shift)) @ self._turn

    def _there(self, points):
        return points @ self._turn.T + np.asarray(self.shift)

    def level(self, points):
        return self.shape.level(self._back(points))

    def fill(self, unit):
        return self._there(self.shape.fill(unit))

    def rule(self, nodes):
        points, weights = self.shape.rule(nodes)
        return self._there(points), weights

    def region(self):
        region = self.shape.region()
        return None if region is None else placed_region(region, self._turn, np.asarray(self.shift))

    def volume(self):
        return self.shape.volume()

    def reach(self, direction):
        return self.shape.reach(direction @ self._turn) + float(direction @ np.asarray(self.shift))

    def placed(self, matrix, shift):
        return Placed(self, matrix, shift)

    def describe(self):
        return {
            "shape": describe_shape(self.shape),
            "matrix": [list(row) for row in self.matrix],
            "shift": list(self.shift),
        }

    @classmethod
    def from_description(cls, given):
        return cls(shape_of(given["shape"]), given["matrix"], given["shift"])

    def facets(self):
        return tuple(self._facet(facet) for facet in self.shape.facets())

    def _facet(self, facet: Facet) -> Facet:
        """A facet of the shape as it was, carried along."""

        def place(unit):
            points, normals = facet.place(unit)
            return self._there(points), normals @ self._turn.T

        def rule(nodes):
            assert facet.rule is not None
            points, normals, weights = facet.rule(nodes)
            return self._there(points), normals @ self._turn.T, weights

        surface = facet.surface
        if surface is not None:
            surface = Carried(tuple(range(self.dim)), surface, self.matrix, self.shift)
        return dataclasses.replace(
            facet, place=place, surface=surface, rule=None if facet.rule is None else rule
        )


operation("placed")(Placed)
