"""Products of shapes: a cylinder, a slab."""

import dataclasses

import numpy as np

from ._descriptions import describe_shape, register_shape, shape_of
from ._pieces import Facet, check_distinct
from ._rules import MOST, fewer_nodes, times
from ._sections import Pair
from ._shape import AbstractShape, operation


@operation("*")
@register_shape
class Product(AbstractShape):
    """All pairs of a point of the first shape and a point of the second: a cylinder, a slab."""

    first: AbstractShape
    second: AbstractShape

    def __check_init__(self):
        check_distinct([coordinate.name for coordinate in self.coordinates])

    @property
    def coordinates(self):
        return self.first.coordinates + self.second.coordinates

    def __repr__(self) -> str:
        return f"{self.first!r} * {self.second!r}"

    def _split(self, points):
        return points[:, : self.first.dim], points[:, self.first.dim :]

    def level(self, points):
        first, second = self._split(points)
        return np.maximum(self.first.level(first), self.second.level(second))

    def rule(self, nodes):
        """All pairs; in four dimensions and more with as many nodes as leave at most `MOST` points."""
        if self.dim > 6:
            return super().rule(nodes)
        count = fewer_nodes(nodes, self.dim)
        first, second = self.first.rule(count), self.second.rule(count)
        while self.dim > 3 and count > 1 and len(first[1]) * len(second[1]) > MOST:
            count -= 1
            first, second = self.first.rule(count), self.second.rule(count)
        return times(first, second)

    def region(self):
        first, second = self.first.region(), self.second.region()
        return Pair(first, second) if first is not None and second is not None else None

    def describe(self):
        return {"first": describe_shape(self.first), "second": describe_shape(self.second)}

    @classmethod
    def from_description(cls, given):
        return cls(shape_of(given["first"]), shape_of(given["second"]))

    def reach(self, direction):
        first, second = direction[: self.first.dim], direction[self.first.dim :]
        return self.first.reach(first) + self.second.reach(second)

    def placed(self, matrix, shift):
        """A product again where it is only moved."""
        if not np.array_equal(matrix, np.eye(self.dim)):
            return super().placed(matrix, shift)
        split = self.first.dim
        return Product(self.first.moved(shift[:split]), self.second.moved(shift[split:]))

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
        surface=facet.surface.shifted(shape.dim) if swapped and facet.surface else facet.surface,
    )
