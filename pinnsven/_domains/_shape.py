"""What every spatial shape offers: a level function, a map from the unit cube, and facets.

The *level* of a point is negative inside, zero on the boundary and positive outside (a signed
distance or anything of the same sign). Set operations are then one line each.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float

from .._basics._messages import listing
from .._basics._numbers import finite_number, numeric_array
from .._basics._repr import called
from ._descriptions import plain_fact, tupled
from ._pieces import Coordinate, Facet, component_slices, even_probe
from ._rules import SOLID
from ._sections import AbstractRegion
from ._sequences import sobol
from ._slices import Rule, sliced_rule

# What the operators make, by their signs. Set operations, products and moved shapes are shapes, and
# register themselves here: each knows this class, which knows none of them.
OPERATIONS: dict[str, Callable[..., "AbstractShape"]] = {}


def operation(sign: str):
    """Makes a class known as what an operator between shapes gives, as a decorator."""

    def registered(kind):
        OPERATIONS[sign] = kind
        return kind

    return registered


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
        return points[self.inside(points)]

    def inside(self, points: Float[np.ndarray, "n dim"]) -> Bool[np.ndarray, " n"]:
        """Whether each point is inside; on the boundary rounding decides."""
        return self.level(points) < 0

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
        exponent = max((nodes**2 - 1).bit_length(), 6)
        points = self.fill(sobol(self.dim, exponent, np.random.default_rng(0)))
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

    def pieces(self) -> "tuple[AbstractShape, ...]":
        """The shapes that it is made of by set operations; itself where there are none."""
        return (self,)

    def reach(self, direction: Float[np.ndarray, " dim"]) -> float:
        """The largest d . p over its points p, or a little more; d need not have length one.

        Here that of the bounding box.
        """
        return float(np.sum(np.maximum(direction * self.lower, direction * self.upper)))

    def placed(
        self, matrix: Float[np.ndarray, "dim dim"], shift: Float[np.ndarray, " dim"]
    ) -> "AbstractShape":
        """The shape at R p + s for its points p.

        - `matrix`: the rotation R, `shift`: s.
        """
        return OPERATIONS["placed"](self, matrix, shift)

    def moved(self, by=None, /, **along: float) -> "AbstractShape":
        """The same shape elsewhere: `shape.moved(x=0.5)` or `shape.moved((0.5, 0.0))`.

        - `by`: how far along each component, in the coordinates' units, (dim,).
        - `along`: how far along some coordinates, by their names.

        Raises `ValueError` for a coordinate that does not exist, and a distance that is not finite.
        """
        names = [c.name for c in self.coordinates]
        for name in along:
            if name not in names:
                raise ValueError(f"moved: there is no coordinate {name!r}; there are {listing(names)}")
        shift = np.zeros(self.dim) if by is None else numeric_array("moved: by", by)
        if shift.shape != (self.dim,):
            raise ValueError(f"moved: by={by!r} has not {self.dim} components")
        shift = shift.copy()
        for name, part in component_slices(self.coordinates).items():
            shift[part] += numeric_array(f"moved: {name}=", along.get(name, 0.0))
        if not np.all(np.isfinite(shift)):
            raise ValueError("moved: every distance must be finite")
        return self.placed(np.eye(self.dim), shift)

    def rotated(self, angle: float, *, about=None, axis="z") -> "AbstractShape":
        """The same shape turned: `shape.rotated(jnp.pi / 6)`.

        - `angle`: in radians, counterclockwise.
        - `about`: the point that stays, (dim,); the origin by default.
        - `axis`: in three dimensions, what it is turned about: "x", "y", "z" (the first, second or
          third coordinate), or a direction (3,).

        Raises `ValueError` for a shape that is not of two or three dimensions, and what is not finite.
        """
        if self.dim not in (2, 3) or any(c.periodic or c.vector for c in self.coordinates):
            raise ValueError("rotated: only shapes in two or three named coordinates can be turned")
        angle = finite_number("angle =", angle)
        center = np.zeros(self.dim) if about is None else numeric_array("about", about)
        if center.shape != (self.dim,):
            raise ValueError(f"about={about!r}: give the {self.dim} components of a point")
        matrix = rotation_matrix(self.dim, angle, axis)
        return self.placed(matrix, center - matrix @ center)

    def __mul__(self, other):
        if isinstance(other, AbstractShape):
            return OPERATIONS["*"](self, other)
        if not isinstance(other, eqx.Module):
            raise ValueError(
                f"domain={other!r}: a shape is multiplied by another, such as pv.Box(y=(0, 1)), or by "
                "pv.Time(0, 1)"
            )
        return NotImplemented  # Time and Domain, which are no shapes, know what they do with one

    def __or__(self, other):
        return OPERATIONS["|"](self, _shape_operand(other, "|"))

    def __sub__(self, other):
        return OPERATIONS["-"](self, _shape_operand(_beside(other, self), "-"))

    def __and__(self, other):
        return OPERATIONS["&"](self, _shape_operand(_beside(other, self), "&"))


def rotation_matrix(dim: int, angle: float, axis="z") -> Float[np.ndarray, "dim dim"]:
    """The matrix that turns by an angle in radians, about an axis in three dimensions (Rodrigues)."""
    c, s = np.cos(angle), np.sin(angle)
    if dim == 2:
        return np.array([[c, -s], [s, c]])
    named = dict(zip("xyz", np.eye(3), strict=True))
    if isinstance(axis, str) and axis not in named:
        raise ValueError(f"axis={axis!r}: give 'x', 'y', 'z' or a direction (3,)")
    direction = named[axis] if isinstance(axis, str) else numeric_array("axis", axis)
    length = float(np.linalg.norm(direction)) if direction.shape == (3,) else 0.0
    if not 0 < length < math.inf:
        raise ValueError(f"axis={axis!r}: give a direction with three components, not all zero")
    a, b, d = direction / length
    cross = np.array([[0, -d, b], [d, 0, -a], [-b, a, 0]])
    return np.eye(3) + s * cross + (1 - c) * cross @ cross


def part_names(name: str | None, *bare: str) -> frozenset[str]:
    """The names of a part of the boundary: with the shape's own name in front, and without it.

    - `name`: of the shape, None where it has none.
    - `bare`: what the part is called on a shape of its kind.
    """
    if name is None:
        return frozenset(bare)
    return frozenset({*bare, name, *(f"{name}.{part}" for part in bare)})


def shape_name(name: object) -> str | None:
    """`name` if it can name a shape, or None; `ValueError` otherwise."""
    if name is not None and (not isinstance(name, str) or not name or set(name) & set(" ,.")):
        raise ValueError(f"name={name!r}: a shape's name is a text without spaces, commas and periods")
    return name


def _beside(other, shape: AbstractShape):
    """What cuts shapes and is none itself, as far as a shape reaches; anything else as it is."""
    return other.beside(shape) if hasattr(other, "beside") else other


def _shape_operand(other, operator: str) -> AbstractShape:
    if not isinstance(other, AbstractShape):
        raise ValueError(
            f"{operator} joins two shapes in space; got {type(other).__name__}. "
            "Combine the shapes first, then multiply by pv.Time(...)."
        )
    return other
