"""What every spatial shape offers: a level function, a map from the unit cube, and facets.

The *level* of a point is negative inside, zero on the boundary and positive outside (a signed
distance or anything of the same sign). Set operations are then one line each, and whether a piece of
boundary survives such an operation is read off by stepping a hair along its normal.
"""

import abc
import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import qmc

from .._basics._repr import called
from ._descriptions import describe_shape, plain_fact, register_shape, shape_of, tupled
from ._pieces import Coordinate, Facet, check_distinct, even_probe
from ._rules import MOST, SOLID, fewer_nodes, times
from ._sections import AbstractRegion, Join, Pair
from ._slices import Rule, sliced_rule


class AbstractShape(eqx.Module):
    """A bounded set in space with named coordinates.

    A new shape says what its coordinates, its level and its facets are; all else follows, and each of
    the other methods may be replaced by a better one. For files it is made known by `register_shape`.
    """

    @property
    @abc.abstractmethod
    def coordinates(self) -> tuple[Coordinate, ...]:
        """The coordinates, in the order in which points store them."""

    @abc.abstractmethod
    def level(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, " n"]:
        """Negative inside, zero on the boundary, positive outside."""

    @abc.abstractmethod
    def facets(self) -> tuple[Facet, ...]:
        """The boundary in smooth pieces."""

    def fill(self, unit: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "m dim"]:
        """Maps unit-cube points to points inside; m < n where some fell outside.

        Here to the bounding box, of which those inside are kept: even points stay even.
        """
        points = self.lower + unit * (self.upper - self.lower)
        return points[self.level(points) < 0]

    def rule(self, nodes: int) -> Rule:
        """Points (n, dim) inside and positive weights (n,) for integrals over the shape.

        A smooth integrand is resolved as by Gauss-Legendre's rule with `nodes` along every side, to
        rounding with enough of them, on the shapes of this package in up to two dimensions, and on
        boxes, balls and products of such in three. Unions, differences and intersections in three
        dimensions reach about 1e-6. A box in four to six dimensions has fewer nodes, at most 4,096
        in all; any other shape in four and more, and one from outside that has no rule of its own,
        has even points, good to two digits.

        - `nodes`: per dimension.
        """
        region = self.region() if self.dim <= 3 else None
        if region is not None:
            wanted = nodes if self.dim < 3 else math.ceil(SOLID * nodes)
            return sliced_rule(region, self.upper - self.lower, wanted)
        # As many in all as a rule in two dimensions has.
        drawn = qmc.Sobol(self.dim, scramble=True, rng=np.random.default_rng(0))
        points = self.fill(drawn.random_base2(max((nodes**2 - 1).bit_length(), 6)))
        return points, np.full(len(points), self.volume() / len(points))

    def region(self) -> AbstractRegion | None:
        """The geometry in sections, of which `rule` is made; None where it is not known."""
        return None

    def describe(self) -> dict[str, Any]:
        """What `from_description` makes the shape of: texts, numbers, and lists and dicts of such.

        Here the fields by name. Raises `ValueError` for a field that a file cannot hold.
        """
        fields = [field.name for field in dataclasses.fields(self) if field.init]
        return {name: plain_fact(name, getattr(self, name)) for name in fields}

    @classmethod
    def from_description(cls, given: Mapping[str, Any]) -> Self:
        """The shape of a description, which a file may have damaged: whatever is wrong is an error.

        - `given`: as `describe` made it; what were tuples may be lists.
        """
        return cls(**{name: tupled(value) for name, value in given.items()})

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

    def __repr__(self) -> str:
        fields = [field.name for field in dataclasses.fields(self)]
        return called(
            type(self).__name__, **{n: getattr(self, n) for n in fields if not n.startswith("_")}
        )

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


class _Combination(AbstractShape):
    """Two shapes over the same coordinates, joined by a rule on their levels."""

    _sign: ClassVar[str]  # as Python writes the operation
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

    def __repr__(self) -> str:
        return f"({self.first!r} {self._sign} {self.second!r})"

    @abc.abstractmethod
    def _keeps(self, first: bool, second: bool) -> bool:
        """Whether a point belongs to the result, told whether it is in the first and in the second."""

    def region(self):
        first, second = self.first.region(), self.second.region()
        return Join(self._keeps, first, second) if first is not None and second is not None else None

    def describe(self):
        return {"first": describe_shape(self.first), "second": describe_shape(self.second)}

    @classmethod
    def from_description(cls, given):
        return cls(shape_of(given["first"]), shape_of(given["second"]))

    def _surviving(self, turned: float = 1.0):
        """Facets of both shapes where the result really ends; the second's normals times `turned`."""
        hair = 1e-7 * float(np.max(self.upper - self.lower))

        def ends_here(points, normals):
            return (self.level(points + hair * normals) > 0) & (self.level(points - hair * normals) < 0)

        def ends_here_once(points, normals):
            # Where both boundaries coincide the first shape's facet already covers it.
            return ends_here(points, normals) & (np.abs(self.first.level(points)) > hair)

        pieces = [facet.restrict(ends_here) for facet in self.first.facets()]
        pieces += [
            _turned(facet.restrict(ends_here_once, turned), turned) for facet in self.second.facets()
        ]
        return tuple(piece for piece in pieces if piece.measure > 0)

    def facets(self):
        return self._surviving()


@register_shape
class Union(_Combination):
    """Everything in either shape."""

    _sign = "|"
    first: AbstractShape
    second: AbstractShape

    def level(self, points):
        return np.minimum(self.first.level(points), self.second.level(points))

    def _keeps(self, first, second):
        return first or second

    def _bounds(self):
        return (
            np.minimum(self.first.lower, self.second.lower),
            np.maximum(self.first.upper, self.second.upper),
        )


@register_shape
class Difference(_Combination):
    """The first shape without the second."""

    _sign = "-"
    first: AbstractShape
    second: AbstractShape

    def level(self, points):
        return np.maximum(self.first.level(points), -self.second.level(points))

    def _keeps(self, first, second):
        return first and not second

    def _bounds(self):
        return self.first.lower, self.first.upper

    def facets(self):
        return self._surviving(turned=-1.0)


@register_shape
class Intersection(_Combination):
    """Everything in both shapes."""

    _sign = "&"
    first: AbstractShape
    second: AbstractShape

    def level(self, points):
        return np.maximum(self.first.level(points), self.second.level(points))

    def _keeps(self, first, second):
        return first and second

    def _bounds(self):
        lower = np.maximum(self.first.lower, self.second.lower)
        return lower, np.maximum(np.minimum(self.first.upper, self.second.upper), lower)


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

    def facets(self):
        pieces = [_facet_times(facet, self.second, swapped=False) for facet in self.first.facets()] + [
            _facet_times(facet, self.first, swapped=True) for facet in self.second.facets()
        ]
        return tuple(pieces)


def _turned(facet: Facet, turned: float) -> Facet:
    """A facet whose surface is seen from its other side, where `turned` is negative."""
    if turned > 0 or facet.surface is None:
        return facet
    return dataclasses.replace(facet, surface=facet.surface.turned())


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


def _slices(coordinates: tuple[Coordinate, ...]) -> list[slice]:
    ends = np.cumsum([c.size for c in coordinates]).tolist()
    return [slice(end - c.size, end) for c, end in zip(coordinates, ends, strict=True)]
