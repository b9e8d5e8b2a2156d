"""A plane region as triangles, and a curve as points close enough to look smooth."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

CELLS = 120  # along each side of the box around a region
SLIVER = 1e-6  # of a cell, below which a triangle is none
HALVINGS = 40  # until an edge is known to rounding
FIRST, MOST = 129, 4097  # points of a curve
BEND = 0.01  # of the picture's size, by which a point may lie off the chord of its neighbors


@dataclasses.dataclass(frozen=True)
class Triangles:
    """A region in triangles: a regular grid, cut where the edge of the region passes.

    - `points`: the corners.
    - `corners`: which three of them each triangle has.
    - `edges`: which two of them lie next to each other on the edge of the region.
    """

    points: Float[np.ndarray, "n 2"]
    corners: Int[np.ndarray, "triangles 3"]
    edges: Int[np.ndarray, "edges 2"]


def triangulate(
    inside: Callable[[Float[np.ndarray, "n 2"]], Bool[np.ndarray, " n"]], lower, upper
) -> Triangles:
    """The part of a box where `inside` holds, with edges as smooth as they are.

    What is narrower than a hundredth of the box may be missed.

    - `lower`, `upper`: (2,), the corners of the box.
    """
    lines = [np.linspace(low, high, CELLS + 1) for low, high in zip(lower, upper, strict=True)]
    points = np.stack([m.ravel() for m in np.meshgrid(*lines, indexing="ij")], axis=1)
    index = np.arange(len(points)).reshape(CELLS + 1, CELLS + 1)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    # Diagonals that alternate favor no direction.
    turned = (np.indices(a.shape).sum(axis=0) % 2).astype(bool)
    first = np.where(turned, (a, b, c), (a, b, d))
    second = np.where(turned, (a, c, d), (b, c, d))
    corners = np.concatenate([first.reshape(3, -1), second.reshape(3, -1)], axis=1).T
    kept = inside(points)
    number = kept[corners].sum(axis=1)
    whole = corners[number == 3]
    cut, ends, points = _cut(points, corners[(number == 1) | (number == 2)], kept, inside)
    corners = np.concatenate([whole, cut])
    sides = points[corners[:, 1:]] - points[corners[:, :1]]
    area = np.abs(sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0])
    # Along the rim of a cut-out that lies on the box's own there are triangles without an area.
    corners = corners[area > SLIVER * np.prod((np.asarray(upper) - lower) / CELLS)]
    # The edge is where triangles were cut, and the rim of the box as far as triangles lie on it.
    sides = np.sort(
        np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1
    )
    rim = _on_the_rim(points, sides, lower, upper)
    ends = np.concatenate([ends[~_on_the_rim(points, ends, lower, upper)], sides[rim]])
    used, index = np.unique(np.concatenate([corners.ravel(), ends.ravel()]), return_inverse=True)
    return Triangles(
        points[used], index[: corners.size].reshape(-1, 3), index[corners.size :].reshape(-1, 2)
    )


def _on_the_rim(points, pairs, lower, upper):
    """Which pairs of points lie on one side of the box."""
    near = 1e-9 * np.subtract(upper, lower)
    at: Any = np.concatenate([np.abs(points - side) <= near for side in (lower, upper)], axis=1)
    return at[pairs].all(axis=1).any(axis=1)


def _cut(points, corners, kept, inside):
    """Triangles that the edge crosses: the parts inside, the pieces of edge, and all points."""
    if not len(corners):
        return corners, np.zeros((0, 2), int), points
    # The corner that stands alone, on its side of the edge, comes first.
    alone = kept[corners].sum(axis=1) == 1
    place = np.argmax(kept[corners] == alone[:, None], axis=1)
    turned = np.stack([np.roll(t, -p) for t, p in zip(corners, place, strict=True)])
    ends = np.sort(np.concatenate([turned[:, [0, 1]], turned[:, [0, 2]]]), axis=1)
    unique, which = np.unique(ends, axis=0, return_inverse=True)
    crossing = _crossings(points, unique, kept, inside)
    new = len(points) + which.reshape(2, -1)
    tip = np.stack([turned[:, 0], new[0], new[1]], axis=1)[alone]
    base = ~alone
    lower = np.stack([turned[:, 1], turned[:, 2], new[0]], axis=1)[base]
    upper = np.stack([turned[:, 2], new[1], new[0]], axis=1)[base]
    return np.concatenate([tip, lower, upper]), new.T, np.concatenate([points, crossing])


def _crossings(points, ends, kept, inside):
    """Where the edge crosses the lines between pairs of points, by bisection."""
    within = np.where(kept[ends[:, :1]], points[ends[:, 0]], points[ends[:, 1]])
    beyond = np.where(kept[ends[:, :1]], points[ends[:, 1]], points[ends[:, 0]])
    for _ in range(HALVINGS):
        middle = (within + beyond) / 2
        good = inside(middle)[:, None]
        within, beyond = np.where(good, middle, within), np.where(good, beyond, middle)
    return within


def smooth_curve(
    function: Callable[[Float[np.ndarray, " n"]], Float[np.ndarray, "n fields"]],
    low: float,
    high: float,
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, "n fields"]]:
    """A function sampled until straight lines between its points look like a curve.

    - `function`: maps places (n,) to values (n, fields); what is not a number is left as a gap.
    - `low`, `high`: the ends.
    """
    at = np.linspace(low, high, FIRST)
    values = function(at)
    while len(at) < MOST:
        size = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
        scaled = values / np.where(size > 0, size, 1.0)
        middle = scaled[2:] * (at[1:-1] - at[:-2])[:, None] + scaled[:-2] * (at[2:] - at[1:-1])[:, None]
        off = np.abs(scaled[1:-1] - middle / (at[2:] - at[:-2])[:, None])
        bent: Any = np.concatenate([[False], np.nanmax(np.nan_to_num(off), axis=1) > BEND, [False]])
        gap: Any = np.isnan(values).any(axis=1)
        wanted = bent[:-1] | bent[1:] | (gap[:-1] != gap[1:])
        wanted &= np.diff(at) > (high - low) / (FIRST * MOST)
        if not wanted.any():
            break
        new = ((at[:-1] + at[1:]) / 2)[wanted]
        order = np.argsort(whole := np.concatenate([at, new]))
        at, values = whole[order], np.concatenate([values, function(new)])[order]
    return at, values
