"""Signed distances from what bounds a shape, near to it; away from it, the side alone.

Space is cut into bins. Those that the boundary passes through are *touched*: of their points the true
distance is found, from the few pieces that may be nearest. All others are *clear*, and those that
neighbour each other lie on one side: it is found once for each group of them.
"""

import abc
from typing import Any, ClassVar

import numpy as np
import scipy  # its parts are imported by their first use, a fifth of a second
from jaxtyping import Float, Int

BINS = (16, 96)  # along the longest side, at least and at most
AT_ONCE = 1 << 20  # pairs of a point and a piece for which distances are found together
PADDING = 1.5  # bins around the boundary, so that those outside are one group


class AbstractNearest(abc.ABC):
    """The sides of a boundary that is made of pieces: triangles, or points with normals.

    A kind of pieces says which bins they touch, what the level is there, and on which side of the
    nearest piece a point lies.

    - `low`, `high`: corners of the box around the boundary, (dim,).
    - `count`: of the pieces.
    """

    PER_BIN: ClassVar[float]  # pieces for each bin that they touch, about

    def __init__(self, low, high, count: int):
        dim = len(low)
        number = int(np.clip((count / self.PER_BIN) ** (1 / (dim - 1)), *BINS))
        self.width = float(np.max(high - low)) / number
        self.low = low - PADDING * self.width
        self.shape = tuple(np.ceil((high - low) / self.width + 2 * PADDING).astype(int).tolist())
        self.half = self.width * dim**0.5 / 2  # of a bin's diagonal
        touched = self._touched()
        self.row = np.full(int(np.prod(self.shape)), -1)
        self.row[touched] = np.arange(len(touched))
        self._take_sides()

    @abc.abstractmethod
    def _touched(self) -> Int[np.ndarray, " bins"]:
        """The flat numbers of the bins that the boundary passes through, in order."""

    @abc.abstractmethod
    def _near(
        self, points: Float[np.ndarray, "n dim"], rows: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """The levels of points of touched bins.

        - `rows`: which of the touched bins each is in.
        """

    @abc.abstractmethod
    def side(
        self, points: Float[np.ndarray, "n dim"], pieces: Int[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Positive outside, negative inside, of points whose nearest pieces are given."""

    @abc.abstractmethod
    def nearest_of_all(self, point: Float[np.ndarray, " dim"]) -> int:
        """The piece nearest to a point anywhere."""

    def centers(self, bins: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n dim"]:
        """The middles of bins, from their flat numbers."""
        return self.low + (np.stack(np.unravel_index(bins, self.shape), axis=1) + 0.5) * self.width

    def bins_of(self, points) -> Int[np.ndarray, "n dim"]:
        return np.floor((points - self.low) / self.width).astype(int)

    def _take_sides(self) -> None:
        """Signs every clear bin, by one point of each group."""
        clear = (self.row < 0).reshape(self.shape)
        labelled: Any = scipy.ndimage.label(clear)
        groups: np.ndarray = labelled[0]
        numbers, firsts = np.unique(groups, return_index=True)
        sides = np.zeros(len(numbers))  # of the touched ones, number 0, it is not asked
        for group, start in zip(numbers.tolist(), firsts.tolist(), strict=True):
            place = self.centers(np.array([start]))
            sides[group] = np.sign(self.side(place, np.array([self.nearest_of_all(place[0])]))[0])
        sides[groups[(0,) * clear.ndim]] = 1.0  # the corner of the box lies outside
        # At least half a bin lies between a clear bin's points and the boundary's own bins.
        depth = np.asarray(scipy.ndimage.distance_transform_edt(clear)) * self.width / 2
        self.clear = (sides[groups] * depth).ravel()

    def level(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, " n"]:
        """Negative inside, positive outside; near the boundary, the distance from it."""
        at = self.bins_of(points)
        within = np.all((at >= 0) & (at < self.shape), axis=1)
        found = np.full(len(points), self.width)
        flat = np.ravel_multi_index(tuple(at[within].T), self.shape)
        rows, levels = self.row[flat], self.clear[flat]
        near = rows >= 0
        levels[near] = self._near(points[within][near], rows[near])
        found[within] = levels
        return found


class NearestTriangle(AbstractNearest):
    """Of a closed surface of triangles.

    The side is that of the plane through the nearest point whose normal belongs to the face, edge or
    corner that this point lies on: the sum of the faces' normals at an edge, and at a corner that
    weighted with angles (J. A. Baerentzen, H. Aanaes, IEEE Trans. Vis. Comput. Graph. 11, 2005).

    - `corners`: of each triangle, counterclockwise from outside, (m, 3, 3).
    - `faces`: the numbers of their vertices, (m, 3).
    """

    PER_BIN = 2.0

    def __init__(self, corners: Float[np.ndarray, "m 3 3"], faces: Int[np.ndarray, "m 3"]):
        self.corners = corners
        self.edges = np.roll(corners, -1, axis=1) - corners  # edge k runs from vertex k to the next
        self.lengths = np.sum(self.edges**2, axis=2)
        normal = np.cross(self.edges[:, 0], -self.edges[:, 2])
        self.normals = normal / np.linalg.norm(normal, axis=1, keepdims=True)
        self.middles = corners.mean(axis=1)
        self.radii = np.linalg.norm(corners - self.middles[:, None], axis=2).max(axis=1)
        self._weigh_normals(faces)
        super().__init__(corners.min(axis=(0, 1)), corners.max(axis=(0, 1)), len(corners))

    def _weigh_normals(self, faces) -> None:
        """Normals of edges and corners, (m, 3, 3) each."""
        ends = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2)
        _, which = np.unique(np.sort(ends, axis=2).reshape(-1, 2), axis=0, return_inverse=True)
        which = which.reshape(faces.shape)
        spread = np.repeat(self.normals[:, None], 3, axis=1)
        sums = np.zeros((which.max() + 1, 3))
        np.add.at(sums, which, spread)
        self.edge_normals = sums[which]
        one, other = self.edges, -np.roll(self.edges, 1, axis=1)
        sine = np.linalg.norm(np.cross(one, other), axis=2)
        angles = np.arctan2(sine, np.sum(one * other, axis=2))
        sums = np.zeros((faces.max() + 1, 3))
        np.add.at(sums, faces, spread * angles[..., None])
        self.corner_normals = sums[faces]

    def _touched(self):
        """Also finds for every touched bin the triangles that may be nearest to a point of it."""
        bins, pieces = self._members()
        met = self._within(self.centers(bins), pieces, self.half * (1 + 1e-9))[0]
        touched, rows = np.unique(bins[met], return_inverse=True)
        of = scipy.sparse.csr_array(
            (np.ones(len(rows), bool), (rows, pieces[met])), shape=(len(touched), pieces.max() + 1)
        )
        # A point of such a bin has a piece within a diagonal, which may pass through a bin beside it.
        places = self.centers(touched)
        tree = scipy.spatial.KDTree(places)
        reach = 4 * self.half + 0.1 * self.width
        pairs = tree.query_pairs(reach, output_type="ndarray").astype(np.int64)
        itself = np.arange(len(touched))
        row, column = (np.concatenate([pairs[:, k], pairs[:, 1 - k], itself]) for k in (0, 1))
        near = scipy.sparse.csr_array(
            (np.ones(len(row), bool), (row, column)), shape=(len(touched),) * 2
        )
        rows, members = scipy.sparse.csr_array(near @ of).nonzero()
        # Every touched bin has a piece within half a diagonal of its middle.
        met, away = self._within(places[rows], members, 3 * self.half * (1 + 1e-9))
        rows, members = rows[met], members[met]
        least = np.full(len(touched), np.inf)
        np.minimum.at(least, rows, away)
        kept = away <= least[rows] + 2 * self.half * (1 + 1e-9)
        self.members = members[kept]
        self.starts = np.searchsorted(rows[kept], np.arange(len(touched) + 1))
        return touched

    def _within(self, points, pieces, most: float) -> tuple[np.ndarray, np.ndarray]:
        """Which pairs of a point and a piece are so near, by their numbers, and their distances."""
        chosen = np.flatnonzero(self.at_least(points, pieces) <= most)
        away = self.distance(points[chosen], pieces[chosen])
        met = away <= most
        return chosen[met], away[met]

    def _members(self) -> tuple[Int[np.ndarray, " pairs"], Int[np.ndarray, " pairs"]]:
        """Bins, by their flat numbers, and triangles whose boxes meet them."""
        low = self.bins_of(self.corners.min(axis=1))
        high = self.bins_of(self.corners.max(axis=1))
        sizes = high - low + 1
        counts = np.prod(sizes, axis=1)
        pieces = np.repeat(np.arange(len(counts)), counts)
        rest = np.arange(len(pieces)) - np.repeat(np.cumsum(counts) - counts, counts)
        at = []
        for axis in reversed(range(3)):
            rest, offset = np.divmod(rest, sizes[pieces, axis])
            at.append(low[pieces, axis] + offset)
        return np.asarray(np.ravel_multi_index(tuple(reversed(at)), self.shape)), pieces

    def _near(self, points, rows):
        """Their signed distances."""
        counts = np.diff(self.starts)[rows]
        levels = np.empty(len(points))
        ends = np.cumsum(counts)
        start = 0
        while start < len(points):
            begun = ends[start] - counts[start]
            stop = max(int(np.searchsorted(ends, begun + AT_ONCE)), start + 1)
            chosen = slice(start, stop)
            owner = np.repeat(np.arange(stop - start), counts[chosen])
            first = ends[chosen] - counts[chosen] - begun
            offset = np.arange(len(owner)) - first[owner]
            pieces = self.members[self.starts[rows[chosen]][owner] + offset]
            away = self.distance(points[chosen][owner], pieces)
            least = np.minimum.reduceat(away, first)
            nearest = np.full(stop - start, -1)
            hit = away == least[owner]
            nearest[owner[hit][::-1]] = pieces[hit][::-1]  # the first of several
            sign = np.where(self.side(points[chosen], nearest) < 0, -1.0, 1.0)
            levels[chosen] = least * sign
            start = stop
        return levels

    def _closest(self, points, pieces):
        """Vectors from the nearest point of one triangle each; the edge, and the share along it.

        Where the nearest point lies inside of the triangle, the edge is -1.
        """
        away = points[:, None] - self.corners[pieces]
        edges, normals = self.edges[pieces], self.normals[pieces]
        share = np.clip(np.sum(away * edges, axis=2) / self.lengths[pieces], 0.0, 1.0)
        from_edges = away - share[..., None] * edges
        inside = np.all(np.einsum("nki,nki->nk", np.cross(normals[:, None], edges), away) >= 0, axis=1)
        edge = np.argmin(np.sum(from_edges**2, axis=2), axis=1)
        rows = np.arange(len(points))
        height = np.sum(away[:, 0] * normals, axis=1)
        vectors = np.where(inside[:, None], height[:, None] * normals, from_edges[rows, edge])
        return vectors, np.where(inside, -1, edge), share[rows, edge]

    def at_least(self, points, pieces):
        """A bound from below on the distances, that costs little."""
        return np.linalg.norm(points - self.middles[pieces], axis=1) - self.radii[pieces]

    def distance(self, points, pieces):
        """How far each point is from one triangle."""
        return np.linalg.norm(self._closest(points, pieces)[0], axis=1)

    def side(self, points, pieces):
        vectors, edge, share = self._closest(points, pieces)
        corner = np.where(share == 1, (edge + 1) % 3, edge)
        at_corner = (share == 0) | (share == 1)
        normals = np.where(
            (edge < 0)[:, None],
            self.normals[pieces],
            np.where(
                at_corner[:, None],
                self.corner_normals[pieces, corner],
                self.edge_normals[pieces, edge],
            ),
        )
        return np.sum(vectors * normals, axis=1)

    def nearest_of_all(self, point):
        everywhere = np.arange(len(self.corners))
        return int(np.argmin(self.distance(np.tile(point, (len(everywhere), 1)), everywhere)))


class NearestPoint(AbstractNearest):
    """Of a boundary that is known at points with normals.

    Near to it, the level is the mean of the distances from the planes through the nearest points,
    weighted with a Gaussian of their spacing (R. Kolluri, Provably good moving least squares, SODA
    2005) over the squared distance, so that the surface passes through the points (D. Shepard, 1968).

    - `points`, `normals`: (m, dim) each, the normals outward and of length one.
    - `spacing`: of neighbouring points, about.
    """

    PER_BIN = 1.0
    NEAR: ClassVar[int] = 8  # points of which planes are averaged, times the dimension less one

    def __init__(self, points, normals, spacing: float):
        self.points, self.normals, self.spacing = points, normals, spacing
        self.tree = scipy.spatial.KDTree(points)
        super().__init__(points.min(axis=0), points.max(axis=0), len(points))

    def _touched(self):
        # A surface between points may pass through the bins within a spacing of them.
        away = self.tree.query(self.centers(np.arange(np.prod(self.shape))))[0]
        return np.flatnonzero(away <= self.spacing + self.half)

    def side(self, points, pieces):
        return np.sum((points - self.points[pieces]) * self.normals[pieces], axis=1)

    def nearest_of_all(self, point):
        return int(self.tree.query(point)[1])

    def _near(self, points, rows):
        number = min(self.NEAR * (self.points.shape[1] - 1), len(self.points))
        away, which = self.tree.query(points, number)
        offset = np.einsum("nkd,nkd->nk", points[:, None] - self.points[which], self.normals[which])
        # Relative to the nearest, which counts one however near it is.
        least = np.maximum(away[:, :1], 1e-300)
        share = np.exp((least**2 - away**2) / self.spacing**2) * (least / np.maximum(away, least)) ** 2
        return np.sum(share * offset, axis=1) / np.sum(share, axis=1)
