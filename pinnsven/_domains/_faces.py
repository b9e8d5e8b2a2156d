"""Boundaries made of edges or triangles: their parts by name, and even points on them."""

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from .._basics._functions import known_arguments
from .._basics._numbers import numeric_array
from ._cells import fold, simplex_rule
from ._pieces import Facet
from ._shape import AbstractShape, part_names, shape_name

MOST_NODES = 60_000  # of a rule; with more cells than that, one node each

Parts = tuple[tuple[str, tuple[int, ...]], ...]
"""Names of parts of a boundary, each with the numbers of its faces."""


class Faces:
    """The edges or triangles that bound a shape, and the names of parts of them.

    - `vertices`: (n, dim), `faces`: the numbers of the vertices of each, (m, dim).
    - `normals`: of each face, outward, as long as an edge, or twice as a triangle is large, (m, dim).
    - `coordinates`: the names of the coordinates, for predicates.
    - `parts`: a predicate over coordinates, asked at the middle of every face, or vertex numbers.

    Raises `ValueError` for a part that is none of the boundary, and one without faces.
    """

    def __init__(self, vertices, faces, normals, coordinates: list[str], parts: Mapping | None):
        self.vertices, self.faces = vertices, faces
        self.corners: Float[np.ndarray, "m dim dim"] = vertices[faces]
        lengths = np.linalg.norm(normals, axis=1)
        self.sizes = lengths / (vertices.shape[1] - 1)
        self.normals = normals / lengths[:, None]
        self.parts: Parts = tuple(
            (name, self._chosen(shape_name(name), wanted, coordinates))
            for name, wanted in (parts or {}).items()
        )

    def _chosen(self, name: str | None, wanted, coordinates: list[str]) -> tuple[int, ...]:
        """The numbers of the faces that a part consists of; `ValueError` where there are none."""
        label = f"parts[{name!r}]"
        if callable(wanted):
            asked = known_arguments(wanted, coordinates, label, label)
            middles = self.corners.mean(axis=1)
            columns = [middles[:, coordinates.index(n)].tolist() for n in asked]
            found = [i for i, at in enumerate(zip(*columns, strict=True)) if wanted(*at)]
        else:
            given = vertex_numbers(label, wanted, self.faces.shape[1], len(self.vertices))
            known_faces = {tuple(sorted(f)): i for i, f in enumerate(self.faces.tolist())}
            keys = [tuple(sorted(face)) for face in given.tolist()]
            if missing := [key for key in keys if key not in known_faces]:
                raise ValueError(f"{label}: {missing[0]} is no piece of the boundary")
            found = [known_faces[key] for key in keys]
        if not found:
            raise ValueError(f"{label} holds nowhere on the boundary")
        return tuple(found)

    def described(self) -> dict[str, list]:
        """The parts, as vertex numbers."""
        return {name: self.faces[list(chosen)].tolist() for name, chosen in self.parts}

    def facets(self, name: str | None, bare: str, owner: AbstractShape) -> tuple[Facet, ...]:
        """One for each set of part names that faces have, the faces of each in order.

        - `name`: of the shape, None where it has none.
        - `bare`: what all of its boundary is called.
        """
        of: list[set[str]] = [set() for _ in self.faces]
        for part, chosen in self.parts:
            for i in chosen:
                of[i].add(part)
        kinds = sorted({tuple(sorted(names)) for names in of})
        pieces = []
        for kind in kinds:
            chosen = np.array([i for i, names in enumerate(of) if tuple(sorted(names)) == kind])
            pieces.append(self._facet(part_names(name, bare, *kind), chosen, owner))
        return tuple(pieces)

    def _facet(self, names: frozenset[str], chosen, owner: AbstractShape) -> Facet:
        """The facet of some faces, by their numbers."""
        corners, normals, sizes = self.corners[chosen], self.normals[chosen], self.sizes[chosen]
        dim = corners.shape[2]

        def place(unit):
            which, rest = choose(sizes, unit[:, 0])
            inside = np.column_stack([rest, unit[:, 1:]])
            return blend(corners[which], fold(inside)), normals[which]

        def rule(nodes):
            order = max(min(nodes, int((MOST_NODES / len(chosen)) ** (1 / (dim - 1)))), 1)
            shares, weights = simplex_rule(dim - 1, order)
            points = np.einsum("kc,mcd->mkd", shares, corners).reshape(-1, dim)
            spread = np.repeat(normals, len(weights), axis=0)
            return points, spread, np.outer(sizes, weights).ravel()

        return Facet(names, dim - 1, float(sizes.sum()), place, None, owner, rule=rule)


def cells_rule(corners: Float[np.ndarray, "m corners dim"], volumes, nodes: int, least: int):
    """Points and weights for integrals over simplices that fill a shape.

    - `nodes`: what an integrand needs along each side of the shape.
    - `least`: nodes along each cell at least, where there are not too many cells.
    """
    dim = corners.shape[2]
    wanted, most = (
        int((number / len(corners)) ** (1 / dim)) for number in (4 * nodes**dim, MOST_NODES)
    )
    order = max(min(max(wanted, least), most), 1)
    shares, weights = simplex_rule(dim, min(order, nodes))
    points = np.einsum("kc,mcd->mkd", shares, corners).reshape(-1, dim)
    return points, np.outer(volumes, weights).ravel()


def vertex_numbers(label: str, given, corners: int, count: int) -> Int[np.ndarray, "m corners"]:
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


def choose(sizes, unit):
    """Which of several things a number in the unit interval falls on, and where within it."""
    ends = np.cumsum(sizes)
    at = unit * ends[-1]
    which = np.minimum(np.searchsorted(ends, at, side="right"), len(sizes) - 1)
    rest = (at - (ends[which] - sizes[which])) / sizes[which]
    return which, np.clip(rest, 0.0, math.nextafter(1.0, 0.0))


def blend(corners, shares):
    """Points with barycentric coordinates in simplices: (n, corners, dim) and (n, corners)."""
    return np.einsum("nc,ncd->nd", shares, corners)
