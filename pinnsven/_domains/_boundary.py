"""The boundary as it is asked about afterwards: normals at given points, and integrals over parts."""

import functools
import math
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float

from .._basics._compiled import briefly
from .._basics._precision import precision_context
from ._domain import Domain
from ._pieces import Facet, even_probe
from ._rules import gauss_rule
from ._sites import Facets
from ._surfaces import AbstractSurface

NEAR = 1e-6  # of the longest side, within which a point counts as one of the boundary
CHORD = 1e-3  # of a piece, over which its length per unit is measured
LOOKS = 257  # places along a piece where a set operation may have removed some of it
HALVINGS = 50  # until an end is known to rounding
EVEN = 14  # binary logarithm of the number of even points on a surface that has no rule


@functools.lru_cache(maxsize=64)
def _level_and_slope(surface: AbstractSurface) -> Callable:
    """One program for the same surface, which a solution may be asked about again and again."""
    return briefly(jax.vmap(jax.value_and_grad(surface.level)))


def outward_normals(
    domain: Domain, points: Float[np.ndarray, "n dim"], pieces: tuple[Facet, ...] | None = None
) -> Float[np.ndarray, "n space"]:
    """The outward unit normals at points of the boundary.

    Where several smooth pieces meet, the first that the point lies on has the say.

    - `pieces`: of the boundary, on which the points lie; None for all of it.

    Raises `ValueError` for points that do not lie there.
    """
    space = domain.space
    if space is None:
        raise ValueError("there is no boundary in space, and no normal")
    size = float(np.max(space.upper - space.lower))
    places = points[:, : space.dim]
    normals = np.full(places.shape, np.nan)
    on_it = np.abs(space.level(places)) <= NEAR * size
    for piece in space.facets() if pieces is None else pieces:
        surface = piece.surface
        if surface is None:
            continue
        with precision_context("float64"):
            found = _level_and_slope(surface)(np.asarray(places, float))
            level, slope = (np.asarray(part) for part in found)
        length = np.linalg.norm(slope, axis=1, keepdims=True)
        here = on_it & (np.abs(level) <= NEAR * size * length[:, 0]) & np.isnan(normals[:, 0])
        normals[here] = -slope[here] / length[here]
    left = on_it & np.isnan(normals[:, 0])
    if pieces is None or any(piece.surface is None for piece in pieces):
        normals[left] = _level_normals(space, places[left], size)
    missing = np.flatnonzero(np.isnan(normals[:, 0]))
    if missing.size:
        where = "on that part of the boundary" if pieces is not None else "on the boundary"
        raise ValueError(
            f"{missing.size} of {len(points)} points do not lie {where}, the first being number "
            f"{missing[0]} at {places[missing[0]].tolist()}: a normal exists only there"
        )
    return normals


def _level_normals(space, places, size: float):
    """Normals from differences of the level, for a boundary of which no more is known."""
    hair = 1e-5 * size
    steps = hair * np.eye(space.dim)
    slope = np.stack([space.level(places + h) - space.level(places - h) for h in steps], axis=1)
    return slope / np.linalg.norm(slope, axis=1, keepdims=True)


def boundary_rule(
    site: Facets, nodes: int
) -> tuple[Float[np.ndarray, "n space"], Float[np.ndarray, "n space"], Float[np.ndarray, " n"]]:
    """Points, outward normals and positive weights for integrals over a part of the boundary in space.

    Curves in the plane and whole faces in space have Gauss-Legendre's rule, exact for what is smooth.
    Faces of which a set operation or a predicate has removed some, and all in more dimensions, have
    even points, good to about three digits.

    - `nodes`: along every side of a piece.
    """
    found = [_piece_rule(piece, nodes) for piece in site.pieces]
    points, normals, weights = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return points, normals, weights


def _piece_rule(piece: Facet, nodes: int):
    if piece.rule is not None:
        return piece.rule(nodes)
    if piece.dim == 0:
        return *piece.place(np.zeros((1, 0))), np.ones(1)
    if piece.dim == 1:
        return _curve_rule(piece, nodes)
    unit, weights = gauss_rule(np.zeros(piece.dim), np.ones(piece.dim), nodes)
    points, normals = piece.place(unit)
    probe = even_probe(piece.dim)
    if piece.dim == 2 and len(points) == len(unit) and len(piece.place(probe)[0]) == len(probe):
        return points, normals, piece.measure * weights
    points, normals = piece.place(np.random.default_rng(0).random((1 << EVEN, piece.dim)))
    return points, normals, np.full(len(points), piece.measure / len(points))


def _curve_rule(piece: Facet, nodes: int):
    """The rule on the stretches of a curve that are there, each measured along itself."""
    parts = []
    for start, stop in _stretches(piece):
        unit, weights = gauss_rule([start], [stop], nodes)
        points, normals = piece.place(unit)
        whole = (start, stop) == (0.0, 1.0)
        length = piece.measure if whole else _speed(piece, start, stop)
        parts.append((points, normals, length * weights))
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _stretches(piece: Facet) -> list[tuple[float, float]]:
    """The intervals of the unit parameter in which the piece is there."""
    looks = np.linspace(0.0, 1.0, LOOKS)
    looks[[0, -1]] = 1e-12, 1 - 1e-12  # ends may count as removed by rounding
    if len(piece.place(looks[:, None])[0]) == LOOKS:
        return [(0.0, 1.0)]

    def there(at: float) -> bool:
        return len(piece.place(np.array([[at]]))[0]) > 0

    kept = [there(at) for at in looks]
    edges = [0.0] if kept[0] else []
    for k in np.flatnonzero(np.diff(np.asarray(kept, int))):
        low, high = looks[k], looks[k + 1]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if there(middle) == kept[k] else (low, middle)
        edges.append((low + high) / 2)
    edges += [1.0] if kept[-1] else []
    return list(zip(edges[::2], edges[1::2], strict=True))


def _speed(piece: Facet, start: float, stop: float) -> float:
    """Length per unit parameter, which is even along a piece: from two chords (Richardson)."""
    middle = (start + stop) / 2
    reach = min(CHORD, (stop - start) / 4)

    def chord(half: float) -> float:
        ends = piece.place(np.array([[middle - half], [middle + half]]))[0]
        return math.dist(*ends) / (2 * half)

    return (4 * chord(reach / 2) - chord(reach)) / 3
