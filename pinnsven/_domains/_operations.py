"""Union, difference, intersection and product of shapes in space."""

import abc
import dataclasses

import equinox as eqx
import numpy as np

from ._shape import AbstractShape, Coordinate, Facet, check_distinct


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
