"""Shapes inside of a closed surface of triangles."""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Bool, Float, Int

from .._basics._numbers import numeric_array
from ._descriptions import register_shape
from ._faces import Faces, cells_rule, vertex_numbers
from ._from_points import AbstractFromPoints
from ._mesh_files import read_file, surface_of
from ._nearest import NearestTriangle
from ._pieces import Coordinate, vertex_coordinates
from ._shape import shape_name

ORDER = 4  # nodes along each tetrahedron at least, where there are not too many


class _Surface:
    """What is worked out of a surface once: it hashes by identity, as static parts of a module must."""

    def __init__(self, vertices, triangles, coordinates: list[str], parts: Mapping | None):
        _check_closed(triangles)
        corners = vertices[triangles]
        size = float(np.max(np.ptp(corners.reshape(-1, 3), axis=0)))
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        if np.any(flat := np.linalg.norm(normals, axis=1) <= 1e-15 * size**2):
            raise ValueError(
                f"triangles: {np.count_nonzero(flat)} have no area, the first being number "
                f"{np.argmax(flat)}"
            )
        self.center = corners.reshape(-1, 3).mean(axis=0)
        volumes = np.linalg.det(corners - self.center) / 6
        if volumes.sum() < 0:  # all of them are seen from inside: the surface is the same
            triangles, corners = triangles[:, ::-1], corners[:, ::-1]
            normals, volumes = -normals, -volumes
        self.vertices, self.triangles, self.volumes = vertices, triangles, volumes
        self.outside = Faces(vertices, triangles, normals, coordinates, parts)
        self.nearest = NearestTriangle(corners, triangles)


@register_shape
class Solid(AbstractFromPoints):
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

    CARRIED: ClassVar[str] = "vertices"
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    name: str | None = eqx.field(static=True)
    _surface: _Surface = eqx.field(static=True)

    def __init__(
        self,
        vertices: Any,
        triangles: Any,
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
        found = read_file(path, "Solid.read")
        return solid_in(path, found, name=name, coordinates=coordinates, parts=parts)

    @property
    def vertices(self) -> Float[np.ndarray, "n 3"]:
        """The vertices, in the order given."""
        return self._surface.vertices

    @property
    def triangles(self) -> Int[np.ndarray, "m 3"]:
        """The numbers of each triangle's vertices, counterclockwise as seen from outside."""
        return self._surface.triangles

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

    @property
    def _ends(self):
        return self.vertices[np.unique(self.triangles)]

    def describe(self):
        return {
            "vertices": self.vertices.tolist(),
            "triangles": self.triangles.tolist(),
            "parts": self._surface.outside.described(),
        } | self.described_names()

    def facets(self):
        """One for each named part, and one for what no part has."""
        return self._surface.outside.facets(self.name, "solid", self)


def solid_in(path, found: Any, **given) -> Solid:
    """The solid of a surface that meshio has read; `ValueError` that names the file where it is none.

    - `given`: as of `Solid`.
    """
    try:
        return Solid(*surface_of(found), **given)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _check_closed(faces: Int[np.ndarray, "m 3"]) -> None:
    """`ValueError` for triangles that do not bound a volume, with the edge that shows it."""
    ends = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, inverse, counts = np.unique(
        np.sort(ends, axis=1), axis=0, return_inverse=True, return_counts=True
    )
    inverse = inverse.reshape(-1)

    def first(wrong: Bool[np.ndarray, " edges"]) -> str:
        one = edges[np.flatnonzero(wrong)[0]].tolist()
        return f"{np.count_nonzero(wrong)} edges, the first between vertices {one[0]} and {one[1]}"

    if np.any(open_ := counts == 1):
        raise ValueError(f"triangles: the surface is open at {first(open_)}: close its holes")
    if np.any(many := counts > 2):
        raise ValueError(f"triangles: more than two of them meet at {first(many)}")
    forward = np.zeros(len(edges), int)
    np.add.at(forward, inverse, np.where(ends[:, 0] < ends[:, 1], 1, -1))
    if np.any(alike := forward != 0):
        raise ValueError(
            f"triangles: neighbours are turned against each other at {first(alike)}: give all of them "
            "counterclockwise as seen from outside"
        )
