"""Shapes whose boundary is known at points with normals."""

import functools
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
import scipy  # its parts are imported by their first use, a fifth of a second
from jaxtyping import Float

from .._basics._numbers import numeric_array
from ._descriptions import register_shape
from ._faces import choose
from ._from_points import AbstractFromPoints
from ._nearest import NearestPoint
from ._pieces import Coordinate, Facet, vertex_coordinates
from ._shape import shape_name

FEWEST = 8  # points that bound a shape
UNEVEN = 8.0  # the largest gap between neighbours, relative to the median, of a boundary without holes


class _Points:
    """What is worked out of the points once: it hashes by identity, as static parts must."""

    def __init__(self, points, normals):
        dim = points.shape[1]
        self.points, self.normals = points, normals
        neighbours = 2 if dim == 2 else 6
        away = scipy.spatial.KDTree(points).query(points, neighbours + 1)[0][:, 1:]
        if np.any(twice := away[:, 0] == 0):
            raise ValueError(f"points: {np.count_nonzero(twice)} of them occur twice")
        gaps = away.mean(axis=1)
        spacing = float(np.median(gaps))
        if (widest := float(gaps.max())) > UNEVEN * spacing:
            raise ValueError(
                f"points: one is {widest:.2g} from its neighbours, most are {spacing:.2g}: the "
                "boundary has holes, or stray points"
            )
        self.shares = gaps ** (dim - 1)
        self.nearest = NearestPoint(points, normals, spacing)


@register_shape
class PointCloud(AbstractFromPoints):
    """The inside of a boundary that is known at points, a scanned one: `PointCloud(points, normals)`.

    Conditions on the boundary hold at the points given, and the surface between them is the smooth one
    that passes through them at right angles to their normals: what is between points, or thinner than a
    few times their spacing, is not seen. Its area and integrals over it are good to about a percent.

    - `points`: (n, 2) or (n, 3), all around, in the coordinates' units.
    - `normals`: outward, of any length, of the same shape.
    - `coordinates`: one name per component, x, y, z by default.
    - `name`: of its boundary, `"cloud"` by default.

    Raises `ValueError` for arrays of other shapes, fewer than eight points, points that occur twice,
    normals that are zero or mostly point inward, and points with gaps between them.
    """

    CARRIED: ClassVar[str] = "points"
    TURNED: ClassVar[tuple[str, ...]] = ("normals",)
    _coordinates: tuple[Coordinate, ...] = eqx.field(static=True)
    name: str = eqx.field(static=True)
    _known: _Points = eqx.field(static=True)

    def __init__(
        self,
        points: Any,
        normals: Any,
        *,
        coordinates: tuple[str, ...] | None = None,
        name: str = "cloud",
    ):
        places, given = numeric_array("points", points), numeric_array("normals", normals)
        if places.ndim != 2 or places.shape[1] not in (2, 3):
            raise ValueError(f"points has shape {places.shape}; it must be (n, 2) or (n, 3)")
        if given.shape != places.shape:
            raise ValueError(f"normals has shape {given.shape}; the points have {places.shape}")
        if len(places) < FEWEST:
            raise ValueError(f"points: {len(places)} cannot bound a shape; give at least {FEWEST}")
        lengths = np.linalg.norm(given, axis=1, keepdims=True)
        if not np.all(lengths > 0):
            raise ValueError(f"normals: {np.count_nonzero(lengths == 0)} are zero")
        self._coordinates = vertex_coordinates(coordinates or "xyz"[: places.shape[1]], places)
        self.name = shape_name(name) or "cloud"
        self._known = _Points(np.asarray(places, float), np.asarray(given / lengths, float))
        if self._outflow() <= 0:
            raise ValueError("normals: they point inward; give the outward ones")

    def _outflow(self) -> float:
        """Its volume times the dimension, as far as points share the area as they share it here."""
        known = self._known
        away = known.points - known.points.mean(axis=0)
        return float(np.sum(known.shares * np.sum(away * known.normals, axis=1)))

    @property
    def points(self) -> Float[np.ndarray, "n dim"]:
        """The points, in the order given."""
        return self._known.points

    @property
    def normals(self) -> Float[np.ndarray, "n dim"]:
        """The outward normals at the points, of length one."""
        return self._known.normals

    def __repr__(self) -> str:
        return f"PointCloud({len(self.points)} points, name={self.name!r})"

    def level(self, points):
        return self._known.nearest.level(np.asarray(points, float))

    @functools.cached_property
    def _volume(self) -> float:
        return super().volume()

    def volume(self):
        return self._volume

    @property
    def _ends(self):
        return self.points

    def describe(self):
        given = {"points": self.points.tolist(), "normals": self.normals.tolist()}
        return given | self.described_names()

    def facets(self):
        """The points, chosen as evenly over the area as there are."""
        known, dim = self._known, self.dim
        # By the divergence theorem for F = p: the volume tells what all shares together are.
        sizes = known.shares * (dim * self.volume() / self._outflow())

        def place(unit):
            which, _ = choose(sizes, unit[:, 0])
            return known.points[which], known.normals[which]

        def rule(nodes):
            return known.points, known.normals, sizes

        measure = float(sizes.sum())
        return (Facet(frozenset({self.name}), dim - 1, measure, place, None, self, rule=rule),)
