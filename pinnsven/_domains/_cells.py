"""Simplices: their volumes, boundary and rules, and which of them a point lies in."""

import itertools
import math

import numpy as np
import scipy  # its parts are imported by their first use, a fifth of a second
from jaxtyping import Float, Int

from ._slices import gauss

BINS = 2.0  # cells for each bin of the grid in which they are looked up
ROUNDED = 1e-12  # of the largest cell, below which a volume is none


def cell_volumes(vertices, cells) -> Float[np.ndarray, " m"]:
    """The area or volume of each simplex; `ValueError` for one that has none."""
    edges = vertices[cells[:, 1:]] - vertices[cells[:, :1]]
    volumes = np.abs(np.linalg.det(edges)) / math.factorial(vertices.shape[1])
    lengths = np.linalg.norm(edges, axis=2).max(axis=1) ** vertices.shape[1]
    flat = np.flatnonzero(volumes <= ROUNDED * lengths)
    if flat.size:
        raise ValueError(f"cells: {flat.size} have no volume, the first being number {flat[0]}")
    return volumes


def boundary_of(vertices, cells) -> tuple[Int[np.ndarray, "faces corners"], np.ndarray]:
    """The faces that one cell alone has, and for every face of every cell whether another has it too.

    Raises `ValueError` for a face that more than two cells have, or two on the same side of it.
    """
    corners = cells.shape[1]
    # Face k of a cell is the one opposite its vertex k.
    faces = np.stack([np.delete(cells, k, axis=1) for k in range(corners)], axis=1)
    keys = np.sort(faces.reshape(-1, corners - 1), axis=1)
    unique, inverse, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    if np.any(counts > 2):
        raise ValueError(
            f"cells: {counts.max()} cells share the face {unique[np.argmax(counts)].tolist()}; "
            "the mesh overlaps itself"
        )
    order = np.argsort(inverse, kind="stable")
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    for face in np.flatnonzero(counts == 2):
        one, other = order[first[face]], order[first[face] + 1]
        ends = cells.reshape(-1)[[one, other]]  # the vertices opposite of it
        if _side(vertices, unique[face], ends[0]) == _side(vertices, unique[face], ends[1]):
            raise ValueError(
                f"cells {one // corners} and {other // corners} lie on one side of their common face: "
                "the mesh is inverted there, or overlaps itself"
            )
    shared = (counts == 2)[inverse].reshape(-1, corners)
    return faces[~shared], shared


def _side(vertices, face, vertex: int) -> float:
    base = vertices[face]
    return float(np.sign(np.linalg.det(np.vstack([base[1:] - base[0], vertices[vertex] - base[0]]))))


class Locator:
    """Finds the simplices that points lie in, by a grid of bins.

    - `inner_face`: whether face k of a cell, opposite its vertex k, is another's too, (m, corners).
    """

    def __init__(self, vertices, cells, inner_face):
        self.lower, self.upper = vertices[cells].min(axis=(0, 1)), vertices[cells].max(axis=(0, 1))
        dim, count = vertices.shape[1], len(cells)
        self.inner_face = inner_face
        self.opposite = cells[~inner_face]
        corners = vertices[cells]
        self.origins = corners[:, 0]
        self.inverse = np.linalg.inv(np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2))
        # Heights turn barycentric coordinates into distances from faces.
        slopes = np.concatenate([-self.inverse.sum(axis=1, keepdims=True), self.inverse], axis=1)
        self.heights = 1 / np.linalg.norm(slopes, axis=2)
        self.tree = scipy.spatial.KDTree(corners.mean(axis=1))
        number = max(int((count / BINS) ** (1 / dim)), 1)
        self.shape = np.full(dim, number)
        self.width = (self.upper - self.lower) / number
        low = self._bin(corners.min(axis=1))
        high = self._bin(corners.max(axis=1))
        keys, owners = [], []
        for offset in itertools.product(*[range(int(n) + 1) for n in (high - low).max(axis=0)]):
            at = low + np.array(offset)
            within = np.all(at <= high, axis=1)
            keys.append(self._flat(at[within]))
            owners.append(np.flatnonzero(within))
        bins, cell = np.concatenate(keys), np.concatenate(owners)
        order = np.argsort(bins, kind="stable")
        self.members = cell[order]
        self.starts = np.searchsorted(bins[order], np.arange(number**dim + 1))

    def _bin(self, points):
        return np.clip(((points - self.lower) / self.width).astype(int), 0, self.shape - 1)

    def _flat(self, at):
        return np.ravel_multi_index(tuple(at.T), tuple(self.shape))

    def _barycentric(self, points, cells):
        rest = np.einsum("nij,nj->ni", self.inverse[cells], points - self.origins[cells])
        return np.concatenate([1 - rest.sum(axis=1, keepdims=True), rest], axis=1)

    def level(self, points) -> Float[np.ndarray, " n"]:
        """Negative inside, positive outside: about the distance from the boundary near to it."""
        found = np.full(len(points), np.inf)
        bins = self._flat(self._bin(points))
        starts, counts = self.starts[bins], np.diff(self.starts)[bins]
        for turn in range(int(counts.max(initial=0))):
            here = np.flatnonzero((counts > turn) & (found > 0))
            if not here.size:
                break
            found[here] = np.minimum(
                found[here], self._depth(points[here], self.members[starts[here] + turn])
            )
        lost = np.flatnonzero(np.isinf(found))
        if lost.size:
            nearest = self.tree.query(points[lost])[1]
            found[lost] = np.maximum(self._depth(points[lost], nearest), 1e-300)
        beyond = np.max(np.maximum(self.lower - points, points - self.upper), axis=1)
        return np.maximum(found, beyond)

    def _depth(self, points, cells):
        """How far points are outside of cells; inside, how far from their faces on the boundary."""
        shares = self._barycentric(points, cells)
        heights = self.heights[cells]
        outside = np.max(-shares * heights, axis=1)
        # A face that another cell has too is no boundary: on it, a point is inside.
        walls = np.where(self.inner_face[cells], -heights, -shares * heights)
        return np.where(outside <= 0, np.max(walls, axis=1), outside)


def fold(unit: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n corners"]:
    """Barycentric coordinates in a simplex from points of the unit cube, volumes to volumes.

    The order statistics of the components would be even; powers keep even points even.
    """
    dim = unit.shape[1]
    left, shares = np.ones(len(unit)), []
    for k in range(dim):
        kept = left * (1 - unit[:, k]) ** (1 / (dim - k))
        shares.append(left - kept)
        left = kept
    return np.stack([*shares, left], axis=1)


def simplex_rule(dim: int, nodes: int) -> tuple[Float[np.ndarray, "k corners"], np.ndarray]:
    """Barycentric nodes and weights that sum to one: Gauss-Legendre in collapsed coordinates.

    Exact for polynomials of degree 2 nodes - dim (Stroud 1971, section 2.4); one node is the middle.
    """
    if nodes == 1:  # in collapsed coordinates its weight would not be that of the simplex
        return np.full((1, dim + 1), 1 / (dim + 1)), np.ones(1)
    unit, weights = gauss(nodes)
    unit, weights = (1 + unit) / 2, weights / 2
    shares, total = np.ones((1, 1)), np.ones(1)
    for k in range(dim):
        # (1 - u)^(dim - 1 - k) is the size of the section at u, and dim - k makes its mean one.
        part = weights * (1 - unit) ** (dim - 1 - k) * (dim - k)
        last = shares[:, -1:]
        shares = np.concatenate(
            [np.concatenate([shares[:, :-1], last * u, last * (1 - u)], axis=1) for u in unit]
        )
        total = np.concatenate([total * p for p in part])
    return shares, total
