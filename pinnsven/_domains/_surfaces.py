"""Smooth surfaces that bound a domain, each with a function that is zero on it and grows from it.

What is built into a solution needs such a function of which the derivatives exist everywhere: the
distance itself has none at the center of a disk.
"""

import abc
import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class AbstractSurface(abc.ABC):
    """A surface, and how far a point is from it.

    - `axes`: the components of a point that the surface knows.
    """

    axes: tuple[int, ...]

    @abc.abstractmethod
    def level(self, point: Any) -> Any:
        """Zero on the surface and positive in the domain: of (dim,) or (dim, n), a scalar or (n,)."""

    def shifted(self, by: int) -> "AbstractSurface":
        """The same surface where so many other components come first."""
        return dataclasses.replace(self, axes=tuple(axis + by for axis in self.axes))

    def turned(self) -> "AbstractSurface | None":
        """The same surface seen from its other side; None where that is no side of a domain."""
        return None


@dataclasses.dataclass(frozen=True)
class Plane(AbstractSurface):
    """Where one component has a value: a face of a box.

    - `place`: the value; `extent`: the length of the box along it, with a sign, inwards.
    """

    place: float
    extent: float

    def level(self, point):
        return (point[self.axes[0]] - self.place) / self.extent


@dataclasses.dataclass(frozen=True)
class Slope(AbstractSurface):
    """A straight edge of a polygon.

    - `start`: a point on it; `inward`: the normal divided by the size of the polygon.
    """

    start: tuple[float, float]
    inward: tuple[float, float]

    def level(self, point):
        (i, j), (a, b), (x, y) = self.axes, self.inward, self.start
        return a * (point[i] - x) + b * (point[j] - y)


@dataclasses.dataclass(frozen=True)
class Sphere(AbstractSurface):
    """The sphere, or circle, around a center.

    - `outside`: whether the domain is outside of it.
    """

    center: tuple[float, ...]
    radius: float
    outside: bool = False

    def level(self, point):
        pairs = zip(self.axes, self.center, strict=True)
        squared = sum(((point[axis] - c) / self.radius) ** 2 for axis, c in pairs)
        # Far from a hole its level is one: a square would be large there.
        return (squared - 1) / (squared + 1) if self.outside else 1 - squared

    def turned(self):
        return dataclasses.replace(self, outside=not self.outside)


@dataclasses.dataclass(frozen=True)
class Carried(AbstractSurface):
    """The surface at A p + s for the points p of another one.

    Its axes are all components of a point, in order.

    - `surface`: the other one.
    - `matrix`: A by rows, orthogonal but for factors along the other one's axes; `shift`: s.
    """

    surface: AbstractSurface
    matrix: tuple[tuple[float, ...], ...]
    shift: tuple[float, ...]

    def level(self, point):
        moved = [point[axis] - s for axis, s in zip(self.axes, self.shift, strict=True)]
        back = [sum(a * m for a, m in zip(row, moved, strict=True)) for row in self.inverse]
        return self.surface.level(back)

    @property
    def inverse(self) -> list[list[float]]:
        """The inverse of the matrix, by rows."""
        return np.linalg.inv(np.asarray(self.matrix)).tolist()

    def turned(self):
        turned = self.surface.turned()
        return None if turned is None else dataclasses.replace(self, surface=turned)
