"""Set operations: everything in one of several shapes, in all of them, or in the first alone.

Whether a piece of boundary survives such an operation is read off by stepping a hair along its normal.
"""

import abc
import dataclasses
import functools
from typing import ClassVar

import equinox as eqx
import numpy as np

from ._descriptions import describe_shape, register_shape, shape_of
from ._pieces import Coordinate, Facet, component_slices
from ._sections import Join
from ._shape import AbstractShape, operation

LOOKS = 256  # points at which a combination is first held to be not empty, then 64 times as many


class _Combination(AbstractShape):
    """Shapes over the same coordinates, joined by a rule on their levels.

    - `shapes`: in order; a combination of combinations of one kind is one of all their shapes.
    """

    _sign: ClassVar[str]  # as Python writes the operation
    shapes: tuple[AbstractShape, ...]
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)

    def __init__(self, *shapes: AbstractShape):
        if len(shapes) < 2:
            raise ValueError(f"{type(self).__name__}: give at least two shapes")
        names = [tuple(c.name for c in shape.coordinates) for shape in shapes]
        for other in names[1:]:
            if other != names[0]:
                raise ValueError(f"the shapes must share their coordinates; got {names[0]} and {other}")
        if any(c.periodic for shape in shapes for c in shape.coordinates):
            raise ValueError("set operations need shapes without periodic coordinates")
        self.shapes = tuple(self._flattened(shapes))
        lower, upper = self._bounds()
        first = shapes[0].coordinates
        self._coordinates = tuple(
            Coordinate(c.name, tuple(lower[s].tolist()), tuple(upper[s].tolist()), vector=c.vector)
            for c, s in zip(first, component_slices(first).values(), strict=True)
        )

    def __check_init__(self):
        rng = np.random.default_rng(0)
        if not any(len(self.fill(rng.random((n, self.dim)))) for n in (LOOKS, 64 * LOOKS)):
            number = "two shapes" if len(self.shapes) == 2 else f"{len(self.shapes)} shapes"
            raise ValueError(f"{type(self).__name__} of the {number} is empty")

    @classmethod
    def _flattened(cls, shapes):
        """The shapes, with those of combinations of the same kind in place of these."""
        for shape in shapes:
            yield from shape.shapes if type(shape) is cls else (shape,)

    @abc.abstractmethod
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners of a box around the result."""

    @property
    def coordinates(self):
        return self._coordinates

    def __repr__(self) -> str:
        return "(" + f" {self._sign} ".join(map(repr, self.shapes)) + ")"

    @staticmethod
    @abc.abstractmethod
    def _joined(levels: list[np.ndarray]) -> np.ndarray:
        """The level of the result from those of the shapes, in order."""

    @staticmethod
    @abc.abstractmethod
    def _keeps(first: bool, second: bool) -> bool:
        """Whether a point belongs to the result of two, told whether it is in each."""

    def level(self, points):
        return self._joined([shape.level(points) for shape in self.shapes])

    def region(self):
        regions = [region for shape in self.shapes if (region := shape.region()) is not None]
        if len(regions) < len(self.shapes):
            return None
        return functools.reduce(functools.partial(Join, self._keeps), regions)

    def pieces(self):
        return tuple(piece for shape in self.shapes for piece in shape.pieces())

    def placed(self, matrix, shift):
        return type(self)(*[shape.placed(matrix, shift) for shape in self.shapes])

    def describe(self):
        return {"shapes": [describe_shape(shape) for shape in self.shapes]}

    @classmethod
    def from_description(cls, given):
        shapes = given["shapes"] if "shapes" in given else (given["first"], given["second"])
        return cls(*map(shape_of, shapes))

    def _turns(self, number: int) -> bool:
        """Whether the result lies outside of the shape of a number, so that its normals turn."""
        return False

    def _beside(self, number: int, near: list[int]) -> list[int] | None:
        """The shapes that matter on the boundary of one, out of those whose boxes come `near`."""
        return near

    @functools.cached_property
    def _boxes(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([s.lower for s in self.shapes]), np.array([s.upper for s in self.shapes])

    def facets(self):
        """The facets of all shapes where the result really ends."""
        return self._facets

    @functools.cached_property
    def _facets(self) -> tuple[Facet, ...]:
        """What is left of the facets of every shape, found once."""
        hair = 1e-7 * float(np.max(self.upper - self.lower))
        lower, upper = self._boxes
        found = []
        for number, shape in enumerate(self.shapes):
            apart = np.any((lower > upper[number] + hair) | (upper < lower[number] - hair), axis=1)
            chosen = self._beside(number, np.flatnonzero(~apart).tolist())
            if chosen is None:
                continue
            turned = -1.0 if self._turns(number) else 1.0
            keep = functools.partial(self._ends_here, number, chosen, hair)
            for facet in shape.facets():
                kept = facet.restrict(keep, turned)
                if kept.measure > 0:
                    surface = kept.surface
                    if turned < 0 and surface is not None:
                        surface = surface.turned()
                    inner = kept.inner or turned < 0
                    found.append(dataclasses.replace(kept, surface=surface, inner=inner))
        return tuple(found)

    def _ends_here(self, number: int, chosen: list[int], hair: float, points, normals):
        """Where the result ends on the boundary of one of its shapes.

        Where the boundaries of two coincide, the facet of the first covers both.
        """

        def level(places):
            return self._joined([self.shapes[i].level(places) for i in chosen])

        kept = (level(points + hair * normals) > 0) & (level(points - hair * normals) < 0)
        for before in chosen:
            if before < number:
                kept &= np.abs(self.shapes[before].level(points)) > hair
        return kept


@operation("|")
@register_shape
class Union(_Combination):
    """Everything in one of the shapes."""

    _sign = "|"

    @staticmethod
    def _joined(levels):
        return functools.reduce(np.minimum, levels)

    @staticmethod
    def _keeps(first, second):
        return first or second

    def reach(self, direction):
        return max(shape.reach(direction) for shape in self.shapes)

    def _bounds(self):
        lower, upper = self._boxes
        return lower.min(axis=0), upper.max(axis=0)


@operation("-")
@register_shape
class Difference(_Combination):
    """The first shape without all the others."""

    _sign = "-"

    @classmethod
    def _flattened(cls, shapes):
        first, *others = shapes
        yield from first.shapes if type(first) is cls else (first,)
        for shape in others:  # what is in none of several shapes is not in their union
            yield from shape.shapes if type(shape) is Union else (shape,)

    @staticmethod
    def _joined(levels):
        first, *others = levels
        return functools.reduce(lambda level, other: np.maximum(level, -other), others, first)

    @staticmethod
    def _keeps(first, second):
        return first and not second

    def inside(self, points):
        """Each shape that is taken away is asked about the points in its box alone."""
        kept = self.shapes[0].inside(points)
        for shape in self.shapes[1:]:
            near = np.flatnonzero(kept)
            for axis, (low, high) in enumerate(zip(shape.lower, shape.upper, strict=True)):
                along = points[near, axis]
                near = near[(along >= low) & (along <= high)]
            kept[near] = shape.level(points[near]) > 0
        return kept

    def _turns(self, number):
        return number > 0

    def _beside(self, number, near):
        # Beyond the first shape there is nothing of the result.
        return near if 0 in near else None

    def reach(self, direction):
        return self.shapes[0].reach(direction)

    def _bounds(self):
        return self.shapes[0].lower, self.shapes[0].upper


@operation("&")
@register_shape
class Intersection(_Combination):
    """Everything in all of the shapes."""

    _sign = "&"

    @staticmethod
    def _joined(levels):
        return functools.reduce(np.maximum, levels)

    @staticmethod
    def _keeps(first, second):
        return first and second

    def _beside(self, number, near):
        return near if len(near) == len(self.shapes) else None

    def reach(self, direction):
        return min(shape.reach(direction) for shape in self.shapes)

    def _bounds(self):
        lowers, uppers = self._boxes
        lower = lowers.max(axis=0)
        return lower, np.maximum(uppers.min(axis=0), lower)
