"""One side of a line or a plane, which cuts shapes."""

import equinox as eqx
import numpy as np

from .._basics._numbers import numeric_array
from ._descriptions import register_shape
from ._pieces import Coordinate, Facet
from ._sections import Half
from ._shape import AbstractShape, shape_name
from ._surfaces import Slope


class HalfSpace:
    """All points on one side of a line in the plane, or of a plane in space, to cut shapes with.

    `shape & HalfSpace((0, 0), (1, 1))` keeps what lies against the normal's direction, `shape -
    HalfSpace(...)` what lies along it. Without bounds it is no domain itself, and no part of a union.

    - `through`: a point of the line or plane, (2,) or (3,), in the coordinates' units.
    - `normal`: out of the half space, of any length, of the same shape.
    - `name`: of the cut, a part of the boundary.

    Raises `ValueError` for a normal that is zero, numbers that are not finite, and shapes that differ.
    """

    def __init__(self, through, normal, *, name: str = "cut"):
        place, way = numeric_array("through", through), numeric_array("normal", normal)
        if place.shape not in ((2,), (3,)) or way.shape != place.shape:
            raise ValueError(f"through={through!r}, normal={normal!r}: give two numbers each, or three")
        length = float(np.linalg.norm(way))
        if not (np.all(np.isfinite(place)) and 0 < length < np.inf):
            raise ValueError(f"through={through!r}, normal={normal!r}: finite, and the normal not zero")
        self.through, self.normal = np.asarray(place, float), np.asarray(way / length, float)
        self.name = shape_name(name) or "cut"

    def __repr__(self) -> str:
        return (
            f"HalfSpace({tuple(self.through.tolist())}, {tuple(self.normal.tolist())}, "
            f"name={self.name!r})"
        )

    def __and__(self, other):
        if not isinstance(other, AbstractShape):
            raise ValueError(f"{self!r} has no bounds: start from a shape that has, as in box & half")
        return other & self

    def beside(self, shape: AbstractShape) -> AbstractShape:
        """What of it matters to a shape: as far as a box around this reaches.

        Raises `ValueError` for a shape of another dimension.
        """
        if shape.dim != len(self.through):
            raise ValueError(
                f"{self!r} cuts shapes in {len(self.through)} dimensions, not in {shape.dim}"
            )
        through, normal = tuple(self.through.tolist()), tuple(self.normal.tolist())
        return Cut(through, normal, self.name, shape.coordinates)


@register_shape
class Cut(AbstractShape):
    """One side of a line or plane within the box around another shape.

    Only the line or plane itself is its boundary: elsewhere, the shape that is cut ends.
    """

    through: tuple[float, ...] = eqx.field(static=True)
    normal: tuple[float, ...] = eqx.field(static=True)
    name: str = eqx.field(static=True)
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)

    @property
    def coordinates(self):
        return self._coordinates

    def level(self, points):
        return (points - np.asarray(self.through)) @ np.asarray(self.normal)

    @property
    def _size(self) -> float:
        return float(np.linalg.norm(self.upper - self.lower))

    def region(self):
        offset = float(np.dot(self.through, self.normal))
        far = float(np.max(np.abs([self.lower, self.upper])))
        return Half(self.normal, offset, far + self._size)

    def describe(self):
        bounds = [[c.name, list(c.lower), list(c.upper), c.vector] for c in self.coordinates]
        given = {"through": list(self.through), "normal": list(self.normal), "name": self.name}
        return given | {"bounds": bounds}

    @classmethod
    def from_description(cls, given):
        coordinates = tuple(
            Coordinate(name, tuple(low), tuple(high), vector=vector)
            for name, low, high, vector in given["bounds"]
        )
        return cls(tuple(given["through"]), tuple(given["normal"]), given["name"], coordinates)

    def facets(self):
        """A piece of the line or plane that is larger than the box."""
        normal, size = np.asarray(self.normal), self._size
        middle = (self.lower + self.upper) / 2
        foot = middle - self.level(middle[None])[0] * normal
        # The other right singular vectors of a row are an orthonormal basis of its complement.
        along = np.linalg.svd(normal[None])[2][1:]

        def place(unit):
            points = foot + size * (unit - 0.5) @ along
            return points, np.tile(normal, (len(points), 1))

        surface = None
        if self.dim == 2:
            (x, y), (a, b) = self.through, (-normal / size).tolist()
            surface = Slope((0, 1), (x, y), (a, b))
        dim = self.dim - 1
        return (Facet(frozenset({self.name}), dim, size**dim, place, surface, self),)
