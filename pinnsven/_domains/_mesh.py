"""Shapes made of triangles or tetrahedra."""

from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from .._basics._messages import listing
from .._basics._numbers import numeric_array
from ._cells import Locator, boundary_of, cell_volumes, fold
from ._descriptions import register_shape
from ._faces import Faces, blend, cells_rule, choose, vertex_numbers
from ._from_points import AbstractFromPoints
from ._mesh_files import read_file
from ._pieces import Coordinate, vertex_coordinates
from ._shape import shape_name
from ._solid import solid_in

ORDER = 4  # nodes along each cell at least, where there are not too many cells
KINDS = {3: "triangle", 4: "tetra"}  # what meshio calls cells of so many vertices


class _Geometry:
    """What is worked out of a mesh once: it hashes by identity, as static parts of a module must."""

    def __init__(self, vertices, cells, coordinates: list[str], parts: Mapping | None):
        self.vertices, self.cells = vertices, cells
        self.volumes = cell_volumes(vertices, cells)
        faces, inner_face = boundary_of(vertices, cells)
        self.locator = Locator(vertices, cells, inner_face)
        along = vertices[faces[:, 1:]] - vertices[faces[:, :1]]
        if vertices.shape[1] == 2:
            normals = np.stack([along[:, 0, 1], -along[:, 0, 0]], axis=1)
        else:
            normals = np.cross(along[:, 0], along[:, 1])
        # The opposite vertex of the face's cell is inside: the normal points away from it.
        inward = vertices[self.locator.opposite] - vertices[faces[:, 0]]
        normals *= -np.sign(np.sum(normals * inward, axis=1, keepdims=True))
        self.outside = Faces(vertices, faces, normals, coordinates, parts)


@register_shape
class Mesh(AbstractFromPoints):
    """The union of triangles in the plane, or of tetrahedra in space: `Mesh(vertices, cells)`.

    - `vertices`: (n, 2) or (n, 3), in the coordinates' units.
    - `cells`: the numbers of the vertices of each triangle (m, 3), or tetrahedron (m, 4), in any order.
    - `coordinates`: one name per component, x, y, z by default.
    - `name`: of the mesh; its boundary is then that too. None for no name.
    - `parts`: names for parts of the boundary: a predicate over coordinates, asked at the middle of
      every edge or triangle, or pairs or triples of vertex numbers.

    All of its boundary is `"mesh"`. Raises `ValueError` for vertex numbers that do not exist, cells
    without a volume, cells that overlap in a face, a part that is none of the boundary, and arrays of
    other shapes.
    """

    CARRIED: ClassVar[str] = "vertices"
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    name: str | None = eqx.field(static=True)
    _geometry: _Geometry = eqx.field(static=True)

    def __init__(
        self,
        vertices: Any,
        cells: Any,
        *,
        coordinates: tuple[str, ...] | None = None,
        name: str | None = None,
        parts: Mapping[str, object] | None = None,
    ):
        places = numeric_array("vertices", vertices)
        if places.ndim != 2 or places.shape[1] not in (2, 3):
            raise ValueError(f"vertices has shape {places.shape}; it must be (n, 2) or (n, 3)")
        dim = places.shape[1]
        numbers = vertex_numbers("cells", cells, dim + 1, len(places))
        names = tuple(coordinates or "xyz"[:dim])
        self._geometry = _Geometry(np.asarray(places, float), numbers, list(names), parts)
        self._coordinates = vertex_coordinates(names, places[np.unique(numbers)])
        self.name = shape_name(name)

    @classmethod
    def read(cls, path, *, name: str | None = None, coordinates: tuple[str, ...] | None = None):
        """A mesh from a file of any format that meshio reads (the extra `data`): Gmsh, VTK, Abaqus, ...

        Triangles make a mesh in the plane, tetrahedra one in space, and triangles in space alone, as of
        an STL file, a `Solid`; other cells are left out. Groups of edges or triangles that have a name
        in the file name parts of the boundary.

        - `path`: of the file.
        - `name`, `coordinates`: as of `Mesh`.

        Raises `ModuleNotFoundError` without meshio, `OSError` where there is no file, and `ValueError`
        for a file without triangles and tetrahedra.
        """
        found = read_file(path, "Mesh.read")
        corners = 4 if "tetra" in found.cells_dict else 3
        cells = found.cells_dict.get(KINDS[corners])
        if cells is None:
            raise ValueError(
                f"{path} holds {listing(found.cells_dict) or 'no cells'}; a shape is made of triangles "
                "in the plane or of tetrahedra in space"
            )
        points = np.asarray(found.points, float)[:, : corners - 1]
        if corners == 3 and found.points.shape[1] == 3 and np.ptp(found.points[:, 2]) > 0:
            return solid_in(path, found, name=name, coordinates=coordinates or ("x", "y", "z"))
        kind = "line" if corners == 3 else "triangle"
        parts = {
            group: found.cells_dict[kind][kinds[kind]]
            for group, kinds in found.cell_sets_dict.items()
            if kind in kinds and len(kinds[kind]) and ":" not in group
        }
        return cls(points, cells, coordinates=coordinates, name=name, parts=parts)

    @property
    def vertices(self) -> Float[np.ndarray, "n dim"]:
        """The vertices, in the order given."""
        return self._geometry.vertices

    @property
    def cells(self) -> Int[np.ndarray, "m corners"]:
        """The numbers of each cell's vertices."""
        return self._geometry.cells

    def __repr__(self) -> str:
        kind = "triangles" if self.dim == 2 else "tetrahedra"
        named = "" if self.name is None else f", name={self.name!r}"
        return f"Mesh({len(self.cells)} {kind}{named})"

    def level(self, points):
        return self._geometry.locator.level(np.asarray(points, float))

    def fill(self, unit):
        """Equal volumes to equal volumes; the first component chooses the cell and is used again."""
        chosen, rest = choose(self._geometry.volumes, unit[:, 0])
        inside = np.column_stack([rest, unit[:, 1:]])
        return blend(self.vertices[self.cells[chosen]], fold(inside))

    def rule(self, nodes):
        return cells_rule(self.vertices[self.cells], self._geometry.volumes, nodes, ORDER)

    def volume(self):
        return float(self._geometry.volumes.sum())

    @property
    def _ends(self):
        return self.vertices[np.unique(self.cells)]

    def describe(self):
        return {
            "vertices": self.vertices.tolist(),
            "cells": self.cells.tolist(),
            "parts": self._geometry.outside.described(),
        } | self.described_names()

    def facets(self):
        """One for each named part, and one for what no part has."""
        return self._geometry.outside.facets(self.name, "mesh", self)
