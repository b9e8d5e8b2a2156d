"""Shapes inside of a closed surface of triangles."""

from collections.abc import Mapping

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from .._basics._numbers import numeric_array
from ._descriptions import register_shape
from ._faces import Faces, cells_rule, vertex_numbers
from ._mesh_files import read_surface
from ._nearest import NearestTriangle, closed
from ._pieces import Coordinate, vertex_coordinates
from ._shape import AbstractShape, shape_name

ORDER = 4  # nodes along each tetrahedron at least, where there are not too many


class _Surface:
    """What is worked out of a surface once: it hashes by identity, as static parts of a module must."""

    def __init__(self, vertices, triangles, coordinates: list[str], parts: Mapping | None):
        closed(triangles)
        corners = vertices[triangles]
        size = float(np.max(np.ptp(corners.reshape(-1, 3), axis=0)))
        areas = np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        if np.any(flat := areas <= 1e-15 * size**2):
            raise ValueError(
                f"triangles: {np.count_nonzero(flat)} have no area, the first being number "
                f"{np.argmax(flat)}"
            )
        self.center = corners.reshape(-1, 3).mean(axis=0)
        volumes = np.linalg.det(corners - self.center) / 6
        if volumes.sum() < 0:  # all of them are seen from inside: the surface is the same
            triangles, corners, volumes = triangles[:, ::-1], corners[:, ::-1], -volumes
        self.vertices, self.triangles, self.volumes = vertices, triangles, volumes
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        self.outside = Faces(vertices, triangles, normals, coordinates, parts)
        self.nearest = NearestTriangle(corners, triangles)


@register_shape
class Solid(AbstractShape):
    """The inside of a closed surface of triangles in space: `Solid.read("part.stl")`.

    - `vertices`: (n, 3), in the coordinates' units.
    - `triangles`: the numbers of the vertices of each, (m, 3), all counterclockwise as seen from
      outside, or all clockwise. The surface may consist of several, and enclose hollows.
    - `coordinates`: one name per component.
    - `name`: of the solid; its boundary is then that too. None for no name.
    - `parts`: names for parts of the boundary: a predicate over coordinates, asked at the middle of
      every triangle, or triples of vertex numbers.

    All of its boundary is `"solid"`. Integrals over it are exact to rounding where every point can be
    seen from the middle of its vertices, else good to two digits; those over its boundary are exact.
    Raises `ValueError` for a surface that is open, whose triangles are turned against each other or
    have no area, vertex numbers that do not exist, and a part that is none of the boundary. That it
    crosses itself is not found out.
    """

    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    name: str | None = eqx.field(static=True)
    _surface: _Surface = eqx.field(static=True)

    def __init__(
        self,
        vertices,
        triangles,
        *,
        coordinates: tuple[str, ...] = ("x", "y", "z"),
        name: str | None = None,
        parts: Mapping[str, object] | None = None,
    ):
        places = numeric_array("vertices", vertices)
        if places.ndim != 2 or places.shape[1] != 3:
            raise ValueError(f"vertices has shape {places.shape}; it must be (n, 3)")
        numbers = vertex_numbers("triangles", triangles, 3, len(places))
        self._coordinates = vertex_coordinates(coordinates, places[np.unique(numbers)])
        self.name = shape_name(name)
        self._surface = _Surface(np.asarray(places, float), numbers, list(coordinates), parts)

    @classmethod
    def read(
        cls,
        path,
        *,
        name: str | None = None,
        coordinates: tuple[str, ...] = ("x", "y", "z"),
        parts=None,
    ):
        """A solid from a file of its surface: STL, OBJ, PLY, whatever meshio reads (extra `data`).

        Corners at one place, of which STL has one for each triangle, become one.

        - `path`: of the file.
        - `name`, `coordinates`, `parts`: as of `Solid`.

        Raises `ModuleNotFoundError` without meshio, `OSError` where there is no file, and `ValueError`
        for a file that holds no triangles, and a surface that is not closed.
        """
        try:
            return cls(*read_surface(path), coordinates=coordinates, name=name, parts=parts)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @property
    def vertices(self) -> Float[np.ndarray, "n 3"]:
        """The vertices, in the order given."""
        return self._surface.vertices

    @property
    def triangles(self) -> Int[np.ndarray, "m 3"]:
        """The numbers of each triangle's vertices, counterclockwise as seen from outside."""
        return self._surface.triangles

    @property
    def coordinates(self):
        return self._coordinates

    def __repr__(self) -> str:
        named = "" if self.name is None else f", name={self.name!r}"
        return f"Solid({len(self.triangles)} triangles{named})"

    def level(self, points):
        return self._surface.nearest.level(np.asarray(points, float))

    def rule(self, nodes):
        # Tetrahedra from one point to all triangles fill the solid where none is turned inside out.
        volumes = self._surface.volumes
        if np.any(volumes < -1e-12 * self.volume()):
            return super().rule(nodes)
        kept = volumes > 1e-15 * self.volume()
        corners = self.vertices[self.triangles[kept]]
        center = np.broadcast_to(self._surface.center, (len(corners), 1, 3))
        return cells_rule(np.concatenate([corners, center], axis=1), volumes[kept], nodes, ORDER)

    def volume(self):
        return float(self._surface.volumes.sum())

    def reach(self, direction):
        return float(np.max(self.vertices[np.unique(self.triangles)] @ direction))

    def placed(self, matrix, shift):
        """A solid again."""
        given = self.describe()
        given["vertices"] = (self.vertices @ np.asarray(matrix).T + shift).tolist()
        return Solid.from_description(given)

    def describe(self):
        return {
            "vertices": self.vertices.tolist(),
            "triangles": self.triangles.tolist(),
            "coordinates": [c.name for c in self.coordinates],
            "name": self.name,
            "parts": self._surface.outside.described(),
        }

    @classmethod
    def from_description(cls, given):
        return cls(**dict(given, coordinates=tuple(given["coordinates"])))

    def facets(self):
        """One for each named part, and one for what no part has."""
        return self._surface.outside.facets(self.name, "solid", self)
