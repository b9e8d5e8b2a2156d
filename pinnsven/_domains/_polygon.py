"""Simple polygons in the plane."""

import dataclasses
from typing import Any

import equinox as eqx
import numpy as np

from .._basics._numbers import numeric_array
from ._descriptions import register_shape
from ._pieces import Coordinate, Facet, check_distinct, coordinate_name
from ._sections import Outline
from ._shape import AbstractShape, part_names, shape_name
from ._surfaces import Slope


@register_shape
class Polygon(AbstractShape):
    """The inside of a closed polygonal line that does not cross itself.

    - `vertices`: at least three pairs, in either orientation, the last joined to the first.
    - `coordinates`: the names of the two coordinates.
    - `name`: of the polygon; its boundary is then that, and its parts are `"hole.edge0"` and so on too.
      None for no name.

    Its edges are the boundary parts `"edge0"` (first to second vertex), `"edge1"`, and so on, and
    `"polygon"` is all of them. Raises `ValueError` for fewer than three vertices, vertices that are
    not finite, an edge of length zero, an area of
    zero, or edges that cross.
    """

    vertices: tuple[tuple[float, float], ...] = eqx.field(static=True)
    _turned: float = eqx.field(static=True)
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    name: str | None = eqx.field(static=True)

    def __init__(
        self, vertices: Any, *, coordinates: tuple[str, str] = ("x", "y"), name: str | None = None
    ):
        corners = numeric_array("vertices", vertices)
        if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
            raise ValueError(f"vertices: need at least three pairs, got shape {corners.shape}")
        following = np.roll(corners, -1, axis=0)
        area = np.sum(corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]) / 2
        if area == 0 or np.any(np.all(corners == following, axis=1)):
            raise ValueError("vertices: the polygon has no area, or an edge of length zero")
        self._turned = 1.0 if area > 0 else -1.0
        names = list(coordinates)
        if len(names) != 2:
            raise ValueError(f"coordinates={coordinates!r}: a polygon has two")
        check_distinct(names)
        if _crosses_itself(corners):
            raise ValueError("vertices: the edges cross each other")
        self.name = shape_name(name)
        self.vertices = tuple((float(a), float(b)) for a, b in corners)
        low, high = corners.min(axis=0), corners.max(axis=0)
        self._coordinates = tuple(
            Coordinate(coordinate_name(name), (float(low[i]),), (float(high[i]),))
            for i, name in enumerate(names)
        )

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return self._coordinates

    def _edges(self):
        start = np.asarray(self.vertices)
        return start, np.roll(start, -1, axis=0) - start

    def level(self, points):
        start, along = self._edges()
        offset = points[:, None] - start
        share = np.clip(np.sum(offset * along, -1) / np.sum(along**2, -1), 0, 1)
        distance = np.linalg.norm(offset - share[..., None] * along, axis=-1).min(axis=1)
        # Even-odd rule: count the edges that a ray to the right crosses.
        above = offset[..., 1] < 0
        above_next = points[:, None, 1] < (start + along)[:, 1]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            crossing = start[:, 0] + offset[..., 1] * along[:, 0] / along[:, 1]
        crossed = (above != above_next) & (points[:, None, 0] < crossing)
        inside = np.sum(crossed, axis=1) % 2 == 1
        return np.where(inside, -distance, distance)

    def region(self):
        return Outline(np.asarray(self.vertices))

    def describe(self):
        named = {} if self.name is None else {"name": self.name}
        return {"vertices": self.vertices, "coordinates": [c.name for c in self.coordinates]} | named

    @classmethod
    def from_description(cls, given):
        names, name = tuple(given["coordinates"]), given.get("name")
        return cls(given["vertices"], coordinates=names, name=name)

    def reach(self, direction):
        return float(np.max(np.asarray(self.vertices) @ direction))

    def placed(self, matrix, shift):
        """A polygon again."""
        vertices = np.asarray(self.vertices) @ matrix.T + shift
        return Polygon.from_description(self.describe() | {"vertices": vertices.tolist()})

    def facets(self):
        start, along = self._edges()
        size = float(np.max(self.upper - self.lower))
        edges = (
            (part_names(self.name, "polygon", f"edge{i}"), start[i], along[i])
            for i in range(len(start))
        )
        pieces = [_edge_facet(*edge, self._turned, size) for edge in edges]
        return tuple(dataclasses.replace(piece, owner=self) for piece in pieces)


def _edge_facet(names: frozenset[str], start, along, turned: float, size: float) -> Facet:
    """An edge from `start` along `along`, of a polygon of a size and an orientation."""
    length = float(np.linalg.norm(along))
    normal = turned * np.array([along[1], -along[0]]) / length

    def place(unit):
        return start + unit * along, np.tile(normal, (len(unit), 1))

    inward = (float(-normal[0] / size), float(-normal[1] / size))
    edge = Slope((0, 1), (float(start[0]), float(start[1])), inward)
    return Facet(names, 1, length, place, edge)


def _crosses_itself(corners: np.ndarray) -> bool:
    """Whether two edges that share no corner meet in their insides."""
    start, end = corners, np.roll(corners, -1, axis=0)

    def side(a, b, c):
        return np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    count = len(corners)
    return any(
        side(start[i], end[i], start[j]) * side(start[i], end[i], end[j]) < 0
        and side(start[j], end[j], start[i]) * side(start[j], end[j], end[i]) < 0
        for i in range(count)
        for j in range(i + 2, count)
    )
