"""Ellipses, rings and cylinders."""

import dataclasses

import equinox as eqx
import numpy as np
from scipy.special import ellipe, ellipeinc

from .._basics._numbers import finite_number, numeric_array
from ._box import Box
from ._combined import Difference
from ._descriptions import register_shape
from ._pieces import Coordinate, Facet, check_distinct, coordinate_name, finite_interval
from ._round import Disk
from ._rules import polar_rule
from ._sections import Oval
from ._shape import AbstractShape, part_names, rotation_matrix, shape_name
from ._surfaces import Carried, Sphere

NEWTON = 8  # steps to the angle that belongs to a length along an ellipse


@register_shape
class Ellipse(AbstractShape):
    """The ellipse `Ellipse((0, 0), (2, 1))` with its half axes, turned by an angle.

    - `center`: two components, in the coordinates' units.
    - `radii`: both half axes, positive: the first along the first coordinate where it is not turned.
    - `angle`: in radians, counterclockwise.
    - `coordinates`: the names of the two coordinates.
    - `name`: of its boundary, "ellipse" by default.

    Raises `ValueError` for half axes that are not positive and finite, and names that do not fit.
    """

    center: tuple[float, float] = eqx.field(static=True)
    radii: tuple[float, float] = eqx.field(static=True)
    angle: float = eqx.field(static=True)
    name: str = eqx.field(static=True)
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)

    def __init__(
        self,
        center=(0.0, 0.0),
        radii=(1.0, 0.5),
        angle: float = 0.0,
        *,
        coordinates: tuple[str, str] = ("x", "y"),
        name: str = "ellipse",
    ):
        self.center, self.radii = _pair("center", center), _pair("radii", radii)
        self.angle = finite_number("angle =", angle)
        self.name = shape_name(name) or "ellipse"
        if min(self.radii) <= 0:
            raise ValueError(f"radii={radii!r}: both half axes must be positive")
        if len(coordinates) != 2:
            raise ValueError(f"coordinates={coordinates!r}: an ellipse has two")
        check_distinct(list(coordinates))
        half = [self.reach(np.array(d)) - c for d, c in zip(np.eye(2), self.center, strict=True)]
        self._coordinates = tuple(
            Coordinate(coordinate_name(name), (c - h,), (c + h,))
            for name, c, h in zip(coordinates, self.center, half, strict=True)
        )

    @property
    def coordinates(self):
        return self._coordinates

    @property
    def _turn(self) -> np.ndarray:
        return rotation_matrix(2, self.angle)

    def level(self, points):
        unit = (points - np.asarray(self.center)) @ self._turn / np.asarray(self.radii)
        return (np.linalg.norm(unit, axis=1) - 1) * min(self.radii)

    def _there(self, unit):
        return np.asarray(self.center) + (unit * np.asarray(self.radii)) @ self._turn.T

    def rule(self, nodes):
        points, weights = polar_rule((0.0, 0.0), 1.0, nodes)
        return self._there(points), weights * self.radii[0] * self.radii[1]

    def region(self):
        form = self._turn @ np.diag(1 / np.asarray(self.radii) ** 2) @ self._turn.T
        return Oval(self.center, (float(form[0, 0]), float(form[0, 1]), float(form[1, 1])))

    def volume(self):
        return float(np.pi * self.radii[0] * self.radii[1])

    def reach(self, direction):
        along = np.linalg.norm(np.asarray(self.radii) * (direction @ self._turn))
        return float(direction @ np.asarray(self.center) + along)

    def placed(self, matrix, shift):
        """An ellipse again."""
        turned = matrix @ self._turn
        given = self.describe()
        given["center"] = (matrix @ np.asarray(self.center) + shift).tolist()
        given["angle"] = float(np.arctan2(turned[1, 0], turned[0, 0]))
        return Ellipse.from_description(given)

    def describe(self):
        given = {"center": list(self.center), "radii": list(self.radii), "angle": self.angle}
        return given | {"coordinates": [c.name for c in self.coordinates], "name": self.name}

    def facets(self):
        matrix = self._turn * np.asarray(self.radii)
        rows = tuple(map(tuple, matrix.tolist()))
        surface = Carried((0, 1), Sphere((0, 1), (0.0, 0.0), 1.0), rows, self.center)
        around = 4 * max(self.radii) * ellipe(self._flatness)
        return (Facet(frozenset({self.name}), 1, float(around), self._edge, surface, self),)

    @property
    def _flatness(self) -> float:
        """The parameter of its elliptic integrals, 1 - (b / a)^2."""
        return 1 - (min(self.radii) / max(self.radii)) ** 2

    def _edge(self, unit):
        """Points and normals at shares of the whole length, from an end of the shorter half axis."""
        flat = self._flatness
        wanted = 4 * ellipe(flat) * unit[:, 0]
        angle = 2 * np.pi * unit[:, 0]
        for _ in range(NEWTON):
            angle -= (ellipeinc(angle, flat) - wanted) / np.sqrt(1 - flat * np.sin(angle) ** 2)
        # x = a sin, y = b cos, with the longer half axis first.
        circle = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        if self.radii[0] < self.radii[1]:
            circle = circle[:, ::-1]
        normals = (circle / np.asarray(self.radii)) @ self._turn.T
        return self._there(circle), normals / np.linalg.norm(normals, axis=1, keepdims=True)


class _Wrapped(AbstractShape):
    """A shape that is another one, `_inside`, with names of its own for the parts of its boundary."""

    _inside: eqx.AbstractVar[AbstractShape]

    @property
    def coordinates(self):
        return self._inside.coordinates

    def level(self, points):
        return self._inside.level(points)

    def fill(self, unit):
        return self._inside.fill(unit)

    def rule(self, nodes):
        return self._inside.rule(nodes)

    def region(self):
        return self._inside.region()

    def reach(self, direction):
        return self._inside.reach(direction)


@register_shape
class Annulus(_Wrapped):
    """The ring between two circles: `Annulus((0, 0), 0.5, 1.0)`.

    - `center`: two components, in the coordinates' units.
    - `inner`, `outer`: the radii, in the same unit.
    - `coordinates`: the names of the two coordinates.
    - `name`: of the ring; its parts are then `"ring.inner"` and `"ring.outer"` too. None for no name.

    Its boundary parts are `"inner"` and `"outer"`. Raises `ValueError` unless 0 < inner < outer.
    """

    center: tuple[float, float] = eqx.field(static=True)
    inner: float = eqx.field(static=True)
    outer: float = eqx.field(static=True)
    name: str | None = eqx.field(static=True)
    _inside: AbstractShape

    def __init__(
        self,
        center=(0.0, 0.0),
        inner: float = 0.5,
        outer: float = 1.0,
        *,
        coordinates: tuple[str, str] = ("x", "y"),
        name: str | None = None,
    ):
        self.center, self.name = _pair("center", center), shape_name(name)
        self.inner, self.outer = finite_number("inner =", inner), finite_number("outer =", outer)
        if not 0 < self.inner < self.outer:
            raise ValueError(f"inner={inner!r}, outer={outer!r}: need 0 < inner < outer")
        rims = [_disk(self.center, r, coordinates) for r in (self.outer, self.inner)]
        self._inside = Difference(*rims)  # type: ignore[arg-type]

    def volume(self):
        return float(np.pi * (self.outer - self.inner) * (self.outer + self.inner))

    def fill(self, unit):
        """Equal areas to equal areas, none left out."""
        between = self.inner**2 + unit[:, 0] * (self.outer**2 - self.inner**2)
        angle = 2 * np.pi * unit[:, 1]
        around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return np.asarray(self.center) + np.sqrt(between)[:, None] * around

    def placed(self, matrix, shift):
        """A ring again."""
        moved = matrix @ np.asarray(self.center) + shift
        return Annulus.from_description(self.describe() | {"center": moved.tolist()})

    def describe(self):
        given = {"center": list(self.center), "inner": self.inner, "outer": self.outer}
        return given | {"coordinates": [c.name for c in self.coordinates], "name": self.name}

    def facets(self):
        parts = zip(self._inside.facets(), ("outer", "inner"), strict=True)
        return tuple(
            dataclasses.replace(f, names=part_names(self.name, part), owner=self, inner=False)
            for f, part in parts
        )


@register_shape
class Cylinder(_Wrapped):
    """The upright cylinder `Cylinder((0, 0), 1.0, z=(0, 2))`; `.rotated` lays it down.

    - `center`: of its base, two components, in the coordinates' units.
    - `radius`: positive, in the same unit.
    - `coordinates`: the names of the two coordinates of its base.
    - `name`: of the cylinder; its parts are then `"rod.side"` and so on too. None for no name.
    - `along`: one keyword, the coordinate along it with its bounds.

    Its boundary parts are `"side"`, and `"z"`, `"z-"` and `"z+"` for the ends. Raises `ValueError` for
    a radius that is not positive, and an interval that is empty, inverted or infinite.
    """

    center: tuple[float, float] = eqx.field(static=True)
    radius: float = eqx.field(static=True)
    name: str | None = eqx.field(static=True)
    _inside: AbstractShape

    def __init__(
        self,
        center=(0.0, 0.0),
        radius: float = 1.0,
        *,
        coordinates: tuple[str, str] = ("x", "y"),
        name: str | None = None,
        **along,
    ):
        if len(along) > 1:
            raise ValueError(f"Cylinder: one coordinate runs along it, not {sorted(along)}")
        self.center, self.name = _pair("center", center), shape_name(name)
        self.radius = finite_number("radius =", radius)
        if self.radius <= 0:
            raise ValueError(f"radius={radius!r}: must be positive")
        upright, ends = next(iter(along.items())) if along else ("z", (0.0, 1.0))
        base = _disk(self.center, self.radius, coordinates)
        self._inside = base * Box(**{upright: finite_interval(upright, ends)})  # type: ignore[arg-type]

    def volume(self):
        return self._inside.volume()

    def describe(self):
        *base, upright = self.coordinates
        given = {"center": list(self.center), "radius": self.radius, "name": self.name}
        given |= {"coordinates": [c.name for c in base], "upright": upright.name}
        return given | {"ends": [upright.lower[0], upright.upper[0]]}

    @classmethod
    def from_description(cls, given):
        along = {given["upright"]: tuple(given["ends"])}
        names = tuple(given["coordinates"])
        return cls(given["center"], given["radius"], coordinates=names, name=given["name"], **along)

    def placed(self, matrix, shift):
        """A cylinder again where it is only moved."""
        if not np.array_equal(matrix, np.eye(3)):
            return super().placed(matrix, shift)
        given = self.describe()
        given["center"] = (np.asarray(self.center) + shift[:2]).tolist()
        given["ends"] = [end + float(shift[2]) for end in given["ends"]]
        return Cylinder.from_description(given)

    def facets(self):
        side, *ends = self._inside.facets()
        upright = self.coordinates[-1].name
        names = [("side",), (upright, upright + "-"), (upright, upright + "+")]
        return tuple(
            dataclasses.replace(facet, names=part_names(self.name, *parts), owner=self)
            for facet, parts in zip((side, *ends), names, strict=True)
        )


def _pair(label: str, given: object) -> tuple[float, float]:
    """Two finite numbers; `ValueError` otherwise."""
    numbers = numeric_array(label, given)
    if numbers.shape != (2,):
        raise ValueError(f"{label}={given!r}: give two numbers")
    return float(numbers[0]), float(numbers[1])


def _disk(center, radius: float, coordinates) -> Disk:
    return Disk(center, radius, coordinates=coordinates)
