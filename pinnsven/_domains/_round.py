"""Disks and balls."""

from typing import Any

import equinox as eqx
import numpy as np
from scipy.special import gamma, ndtri

from .._basics._numbers import finite_number, numeric_array
from ._descriptions import register_shape, save_as
from ._pieces import Coordinate, Facet, check_distinct, coordinate_name
from ._rules import polar_rule, spherical_rule
from ._sections import Round
from ._shape import AbstractShape, shape_name
from ._surfaces import Sphere


@register_shape
class Ball(AbstractShape):
    """The ball of a radius around a center, in as many dimensions as the center has.

    - `center`: its components, in the coordinates' unit.
    - `radius`: positive, in the same unit.
    - `coordinates`: one name per component; by default x, y, z, or one vector coordinate `x` when
      there are more than three components.
    - `name`: the name of its boundary, "sphere" by default.

    Raises `ValueError` for a radius that is not positive and finite, or names that do not fit.
    """

    center: tuple[float, ...] = eqx.field(static=True)
    radius: float = eqx.field(static=True)
    name: str = eqx.field(static=True)
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)

    def __init__(
        self,
        center: Any = (0.0, 0.0, 0.0),
        radius: float = 1.0,
        *,
        coordinates: Any = None,
        name: str = "sphere",
    ):
        try:
            self.center = tuple(numeric_array("center=", center).ravel().tolist())
            self.radius = finite_number("radius =", radius)
        except ValueError:
            self.center, self.radius = (), 0.0
        self.name = shape_name(name)  # type: ignore[assignment]
        if not (self.radius > 0 and self.center):
            raise ValueError(
                f"radius={radius!r}, center={center!r}: need a finite center and a finite, "
                "positive radius"
            )
        lower = tuple(component - self.radius for component in self.center)
        upper = tuple(component + self.radius for component in self.center)
        if coordinates is None and len(self.center) > 3:
            self._coordinates = (Coordinate("x", lower, upper, vector=True),)
            return
        names = list(coordinates or "xyz"[: len(self.center)])
        if len(names) != len(self.center):
            raise ValueError(f"coordinates={coordinates!r}: the center has {len(self.center)} parts")
        check_distinct(names)
        self._coordinates = tuple(
            Coordinate(coordinate_name(n), (low,), (high,))
            for n, low, high in zip(names, lower, upper, strict=True)
        )

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return self._coordinates

    def level(self, points):
        return np.linalg.norm(points - np.asarray(self.center), axis=1) - self.radius

    def rule(self, nodes):
        if self.dim not in (2, 3):
            return super().rule(nodes)
        mapped = polar_rule if self.dim == 2 else spherical_rule
        return mapped(self.center, self.radius, nodes)

    def region(self):
        return Round(self.center, self.radius)

    def describe(self):
        names = None if self.coordinates[0].vector else [c.name for c in self.coordinates]
        round_ = {"center": list(self.center), "radius": self.radius}
        return round_ | {"coordinates": names, "name": self.name}

    @classmethod
    def from_description(cls, given):
        kind = Disk if len(given["center"]) == 2 else Ball
        names, name = given["coordinates"], given["name"]
        return kind(given["center"], given["radius"], coordinates=names, name=name)

    def reach(self, direction):
        middle = float(direction @ np.asarray(self.center))
        return middle + self.radius * float(np.linalg.norm(direction))

    def placed(self, matrix, shift):
        """A ball again."""
        moved = matrix @ np.asarray(self.center) + shift
        return Ball.from_description(self.describe() | {"center": moved.tolist()})

    def volume(self):
        dim = self.dim
        return float(np.pi ** (dim / 2) / gamma(dim / 2 + 1) * self.radius**dim)

    def facets(self):
        dim = self.dim
        area = 2 * np.pi ** (dim / 2) / gamma(dim / 2) * self.radius ** (dim - 1)
        consumed = dim - 1 if 1 < dim < 4 else dim
        sphere = Sphere(tuple(range(dim)), self.center, self.radius)
        return (Facet(frozenset({self.name}), consumed, float(area), self._surface, sphere, self),)

    def _surface(self, unit):
        normals = _directions(unit, self.dim)
        return np.asarray(self.center) + self.radius * normals, normals


class Disk(Ball):
    """The disk of a radius around a center in the plane; its boundary is named "circle".

    Arguments and errors as for `Ball`, with the coordinates x and y by default.
    """

    def __init__(
        self,
        center: Any = (0.0, 0.0),
        radius: float = 1.0,
        *,
        coordinates: Any = None,
        name: str = "circle",
    ):
        super().__init__(center, radius, coordinates=coordinates, name=name)
        if len(self.center) != 2:
            raise ValueError(f"center={center!r}: a disk has a center with two components")


save_as(Disk, "ball")


def _directions(unit, dim: int):
    """Unit vectors (n, dim) from unit-cube points, equal areas to equal areas."""
    if dim == 1:
        return np.where(unit < 0.5, -1.0, 1.0)
    if dim == 2:
        angle = 2 * np.pi * unit[:, 0]
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if dim == 3:  # Archimedes: height and longitude are independent and uniform
        height = 2 * unit[:, 0] - 1
        flat = np.sqrt(np.maximum(1 - height**2, 0.0))
        angle = 2 * np.pi * unit[:, 1]
        return np.stack([flat * np.cos(angle), flat * np.sin(angle), height], axis=1)
    # The direction of a vector of independent normals is uniform.
    normal = ndtri(np.clip(unit, 1e-12, 1 - 1e-12))
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)
