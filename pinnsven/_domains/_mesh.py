"""Shapes made of triangles or tetrahedra."""

import math
from collections.abc import Mapping

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from .._basics._functions import known_arguments
from .._basics._messages import listing
from .._basics._numbers import numeric_array
from ._cells import Locator, boundary_of, cell_volumes, fold, simplex_rule
from ._descriptions import register_shape
from ._pieces import Coordinate, Facet, check_distinct, coordinate_name
from ._shape import AbstractShape, part_names, shape_name

MOST_NODES = 60_000  # of a rule; with more cells than that, one node each
ORDER = 4  # nodes along each cell at least, where there are not too many cells
KINDS = {3: "triangle", 4: "tetra"}  # what meshio calls cells of so many vertices


class _Geometry:
    """What is worked out of a mesh once: it hashes by identity, as static parts of a module must."""

    def __init__(self, vertices: Float[np.ndarray, "n dim"], cells: Int[np.ndarray, "m corners"]):
        self.vertices, self.cells = vertices, cells
        self.volumes = cell_volumes(vertices, cells)
        self.faces, self.inner_face = boundary_of(vertices, cells)
        self.locator = Locator(vertices, cells, self.inner_face)


@register_shape
class Mesh(AbstractShape):
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

    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    name: str | None = eqx.field(static=True)
    _parts: tuple[tuple[str, tuple[int, ...]], ...] = eqx.field(static=True)
    _geometry: _Geometry = eqx.field(static=True)

    def __init__(
        self,
        vertices,
        cells,
        *,
        coordinates: tuple[str, ...] | None = None,
        name: str | None = None,
        parts: Mapping[str, object] | None = None,
    ):
        places = numeric_array("vertices", vertices)
        if places.ndim != 2 or places.shape[1] not in (2, 3):
            raise ValueError(f"vertices has shape {places.shape}; it must be (n, 2) or (n, 3)")
        dim = places.shape[1]
        numbers = _vertex_numbers("cells", cells, dim + 1, len(places))
        names = tuple(coordinates or "xyz"[:dim])
        if len(names) != dim:
            raise ValueError(f"coordinates={coordinates!r}: the vertices have {dim} components")
        check_distinct(list(names))
        self._geometry = _Geometry(np.asarray(places, float), numbers)
        used = places[np.unique(numbers)]
        low, high = used.min(axis=0).tolist(), used.max(axis=0).tolist()
        self._coordinates = tuple(
            Coordinate(coordinate_name(n), (a,), (b,)) for n, a, b in zip(names, low, high, strict=True)
        )
        self.name = shape_name(name)
        self._parts = tuple((n, self._chosen(n, wanted)) for n, wanted in (parts or {}).items())

    def _chosen(self, name: str, wanted) -> tuple[int, ...]:
        """Which faces of the boundary a part consists of.

        Raises `ValueError` where it is none of them.
        """
        shape_name(name)
        faces, places = self._geometry.faces, self._geometry.vertices
        if callable(wanted):
            known = [c.name for c in self._coordinates]
            asked = known_arguments(wanted, known, f"parts[{name!r}]", f"parts[{name!r}]")
            middles = places[faces].mean(axis=1)
            columns = [middles[:, known.index(n)].tolist() for n in asked]
            found = [i for i, at in enumerate(zip(*columns, strict=True)) if wanted(*at)]
        else:
            given = _vertex_numbers(f"parts[{name!r}]", wanted, faces.shape[1], len(places))
            known_faces = {tuple(sorted(f)): i for i, f in enumerate(faces.tolist())}
            keys = [tuple(sorted(face)) for face in given.tolist()]
            if missing := [key for key in keys if key not in known_faces]:
                raise ValueError(f"parts[{name!r}]: {missing[0]} is no piece of the boundary")
            found = [known_faces[key] for key in keys]
        if not found:
            raise ValueError(f"parts[{name!r}] holds nowhere on the boundary of the mesh")
        return tuple(found)

    @classmethod
    def read(cls, path, *, name: str | None = None, coordinates: tuple[str, ...] | None = None):
        """A mesh from a file of any format that meshio reads (the extra `data`): Gmsh, VTK, Abaqus, ...

        Triangles make a mesh in the plane, tetrahedra one in space; other cells are left out. Groups of
        edges or triangles that have a name in the file name parts of the boundary.

        - `path`: of the file.
        - `name`, `coordinates`: as of `Mesh`.

        Raises `ModuleNotFoundError` without meshio, `OSError` where there is no file, and `ValueError`
        for a file without triangles and tetrahedra.
        """
        try:
            import meshio
        except ModuleNotFoundError:
            raise ModuleNotFoundError("Mesh.read needs meshio: pip install 'pinnsven[data]'") from None
        with open(path, "rb"):
            pass  # meshio ends the process where there is no file
        try:
            found = meshio.read(path)
        except (SystemExit, Exception) as error:
            raise ValueError(f"{path}: meshio cannot read it: {error}") from None
        corners = 4 if "tetra" in found.cells_dict else 3
        cells = found.cells_dict.get(KINDS[corners])
        if cells is None:
            raise ValueError(
                f"{path} holds {listing(found.cells_dict) or 'no cells'}; a shape is made of triangles "
                "in the plane or of tetrahedra in space"
            )
        points = np.asarray(found.points, float)[:, : corners - 1]
        if corners == 3 and found.points.shape[1] == 3 and np.ptp(found.points[:, 2]) > 0:
            raise ValueError(
                f"{path} holds a surface in space, of triangles without tetrahedra: mesh its inside, "
                "as Gmsh does"
            )
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

    @property
    def coordinates(self):
        return self._coordinates

    def __repr__(self) -> str:
        kind = "triangles" if self.dim == 2 else "tetrahedra"
        named = "" if self.name is None else f", name={self.name!r}"
        return f"Mesh({len(self.cells)} {kind}{named})"

    def level(self, points):
        return self._geometry.locator.level(np.asarray(points, float))

    def fill(self, unit):
        """Equal volumes to equal volumes; the first component chooses the cell and is used again."""
        chosen, rest = _choose(self._geometry.volumes, unit[:, 0])
        inside = np.column_stack([rest, unit[:, 1:]])
        return _blend(self.vertices[self.cells[chosen]], fold(inside))

    def rule(self, nodes):
        wanted, most = (
            int((number / len(self.cells)) ** (1 / self.dim))
            for number in (4 * nodes**self.dim, MOST_NODES)
        )
        order = max(min(max(wanted, ORDER), most), 1)
        shares, weights = simplex_rule(self.dim, min(order, nodes))
        corners = self.vertices[self.cells]
        points = np.einsum("kc,mcd->mkd", shares, corners).reshape(-1, self.dim)
        return points, np.outer(self._geometry.volumes, weights).ravel()

    def volume(self):
        return float(self._geometry.volumes.sum())

    def reach(self, direction):
        return float(np.max(self.vertices[np.unique(self.cells)] @ direction))

    def placed(self, matrix, shift):
        """A mesh again."""
        given = self.describe()
        given["vertices"] = (self.vertices @ np.asarray(matrix).T + shift).tolist()
        return Mesh.from_description(given)

    def describe(self):
        faces = self._geometry.faces
        return {
            "vertices": self.vertices.tolist(),
            "cells": self.cells.tolist(),
            "coordinates": [c.name for c in self.coordinates],
            "name": self.name,
            "parts": {name: faces[list(chosen)].tolist() for name, chosen in self._parts},
        }

    @classmethod
    def from_description(cls, given):
        return cls(**dict(given, coordinates=tuple(given["coordinates"])))

    def facets(self):
        """One for each named part, and one for what no part has; the faces of each in order."""
        count = len(self._geometry.faces)
        of: list[set[str]] = [set() for _ in range(count)]
        for name, chosen in self._parts:
            for i in chosen:
                of[i].add(name)
        kinds = sorted({tuple(sorted(names)) for names in of})
        pieces = []
        for kind in kinds:
            chosen = np.array([i for i, names in enumerate(of) if tuple(sorted(names)) == kind])
            pieces.append(self._facet(part_names(self.name, "mesh", *kind), chosen))
        return tuple(pieces)

    def _facet(self, names: frozenset[str], chosen) -> Facet:
        """The facet of some faces of the boundary.

        - `chosen`: their numbers.
        """
        geometry, dim = self._geometry, self.dim
        corners = geometry.vertices[geometry.faces[chosen]]
        along = corners[:, 1:] - corners[:, :1]
        if dim == 2:
            normals = np.stack([along[:, 0, 1], -along[:, 0, 0]], axis=1)
        else:
            normals = np.cross(along[:, 0], along[:, 1]) / 2
        sizes = np.linalg.norm(normals, axis=1)
        normals = normals / sizes[:, None]
        # The opposite vertex of the face's cell is inside: the normal points away from it.
        inward = geometry.vertices[geometry.locator.opposite[chosen]] - corners[:, 0]
        normals *= -np.sign(np.sum(normals * inward, axis=1, keepdims=True))

        def place(unit):
            which, rest = _choose(sizes, unit[:, 0])
            inside = np.column_stack([rest, unit[:, 1:]])
            return _blend(corners[which], fold(inside)), normals[which]

        def rule(nodes):
            order = max(min(nodes, int((MOST_NODES / len(chosen)) ** (1 / (dim - 1)))), 1)
            shares, weights = simplex_rule(dim - 1, order)
            points = np.einsum("kc,mcd->mkd", shares, corners).reshape(-1, dim)
            spread = np.repeat(normals, len(weights), axis=0)
            return points, spread, np.outer(sizes, weights).ravel()

        return Facet(names, dim - 1, float(sizes.sum()), place, None, self, rule=rule)


def _vertex_numbers(label: str, given, corners: int, count: int) -> Int[np.ndarray, "m corners"]:
    """Vertex numbers as an array (m, corners).

    Raises `ValueError` for another shape, numbers that are not whole, and those of no vertex.
    """
    array = numeric_array(label, given)
    if array.ndim != 2 or array.shape[1] != corners or not len(array):
        raise ValueError(f"{label} has shape {array.shape}; it must be (m, {corners}), m at least 1")
    numbers = array.astype(np.int64)
    if np.any(numbers != array) or numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"{label}: vertices are numbered from 0 to {count - 1}")
    return numbers


def _choose(sizes, unit):
    """Which of several things a number in the unit interval falls on, and where within it."""
    ends = np.cumsum(sizes)
    at = unit * ends[-1]
    which = np.minimum(np.searchsorted(ends, at, side="right"), len(sizes) - 1)
    rest = (at - (ends[which] - sizes[which])) / sizes[which]
    return which, np.clip(rest, 0.0, math.nextafter(1.0, 0.0))


def _blend(corners, shares):
    """Points with barycentric coordinates in simplices: (n, corners, dim) and (n, corners)."""
    return np.einsum("nc,ncd->nd", shares, corners)
