"""Where along the first coordinate the sections of a region change their form."""

import itertools
import math
from collections.abc import Iterator

import numpy as np

from ._sections import AbstractRegion, Brick, Circle, Join, Outline, Oval, Pair, Round, Segment


def breaks(region: AbstractRegion) -> list[float]:
    """The values between which sections depend smoothly on the first coordinate, in order.

    In the plane they are exact: ends of segments, extremes of circles and all crossings. In three
    dimensions those of boxes, balls and products are, and of the curves in which balls meet balls and
    boxes; of other curves they are not.
    """
    if region.dim == 1:
        found = [end for interval in region.intervals() for end in interval]
    else:
        oval = any(isinstance(leaf, Oval) for leaf in region.leaves())
        found = list(_in_plane(region) if region.dim == 2 and not oval else _in_space(region))
    if not found:
        return []
    values = np.sort(np.asarray(found))
    # Values that only rounding tells apart are one.
    apart = 1e-13 * (values[-1] - values[0]) + 4 * np.finfo(float).eps * np.max(np.abs(values))
    return values[np.concatenate([[True], np.diff(values) > apart])].tolist()


def plane_panels(region: AbstractRegion) -> list[tuple[float, float, list[Circle]]]:
    """Between breaks of a region in the plane: both ends, and the circles that bound it there.

    Neighbors bounded by the same curves are one panel: what happens at a break inside the region,
    or outside, changes no section.
    """
    segments, circles = region.curves()
    lines = np.array(segments, float).reshape(-1, 4).T
    rounds = np.array(circles, float).reshape(-1, 3).T
    joined: list[tuple[float, float, tuple[int, ...]]] = []
    for left, right in itertools.pairwise(breaks(region)):
        # Not at the middle: there, a circle may touch a line between two symmetric crossings.
        met = _bounding(region, left + 0.381 * (right - left), lines, rounds)
        if joined and joined[-1][1:] == (left, met):
            left = joined.pop()[0]
        joined.append((left, right, met))
    count = len(segments)
    return [
        (left, right, sorted({circles[(i - count) // 2] for i in met if i >= count}))
        for left, right, met in joined
        if met
    ]


def _bounding(region: AbstractRegion, x: float, lines, rounds) -> tuple[int, ...]:
    """The curves on which the section at `x` ends: segments, then lower and upper half circles."""
    ends = np.array(region.section(x).intervals(), float).reshape(-1, 1)
    if not len(ends):
        return ()
    (a, b, to_a, to_b), (center, height, radius) = lines, rounds
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        straight = b + (x - a) / (to_a - a) * (to_b - b)
        half = np.sqrt((radius - np.abs(x - center)) * (radius + np.abs(x - center)))
    straight[(np.minimum(a, to_a) >= x) | (np.maximum(a, to_a) <= x)] = np.inf
    half[np.isnan(half)] = np.inf
    values = np.concatenate([straight, np.stack([height - half, height + half], axis=1).ravel()])
    return tuple(np.argmin(np.abs(values - ends), axis=1).tolist())


def _in_plane(region: AbstractRegion) -> Iterator[float]:
    segments, circles = region.curves()
    for x, _, to_x, _ in segments:
        yield from (x, to_x)
    for x, _, radius in circles:
        yield from (x - radius, x + radius)
    if not isinstance(region, Join):
        return
    for one, other in itertools.combinations(segments, 2):
        yield from _segments_meet(one, other)
    for segment, circle in itertools.product(segments, circles):
        yield from _segment_meets_circle(segment, circle)
    for one, other in itertools.combinations(circles, 2):
        yield from _circles_meet(one, other)


def _segments_meet(one: Segment, other: Segment) -> Iterator[float]:
    (x, y, to_x, to_y), (a, b, to_a, to_b) = one, other
    if max(x, to_x) < min(a, to_a) or max(a, to_a) < min(x, to_x):
        return
    determinant = (to_x - x) * (to_b - b) - (to_y - y) * (to_a - a)
    if determinant:
        share = ((a - x) * (to_b - b) - (b - y) * (to_a - a)) / determinant
        if 0 <= share <= 1:
            yield x + share * (to_x - x)


def _segment_meets_circle(segment: Segment, circle: Circle) -> Iterator[float]:
    (x, y, to_x, to_y), (a, b, radius) = segment, circle
    length = math.hypot(to_x - x, to_y - y)
    across, along = (to_x - x) / length, (to_y - y) / length
    foot = (a - x) * across + (b - y) * along
    distance = abs((a - x) * along - (b - y) * across)
    if distance <= radius:
        half = math.sqrt((radius - distance) * (radius + distance))
        yield from (x + at * across for at in (foot - half, foot + half) if 0 <= at <= length)


def _circles_meet(one: Circle, other: Circle) -> Iterator[float]:
    (x, y, radius), (a, b, second) = one, other
    distance = math.hypot(a - x, b - y)
    if distance and abs(radius - second) <= distance <= radius + second:
        foot = (distance + (radius - second) * (radius + second) / distance) / 2
        half = math.sqrt(max((radius - foot) * (radius + foot), 0.0))
        middle = x + foot * (a - x) / distance
        yield from (middle - half * (b - y) / distance, middle + half * (b - y) / distance)


def _in_space(region: AbstractRegion) -> Iterator[float]:
    """The places along the first axis where a region of two dimensions or more changes its shape.

    These are the ends of its pieces, and where their surfaces meet.
    """
    leaves = list(region.leaves())
    for leaf in leaves:
        if isinstance(leaf, Brick):
            yield from (leaf.lower[0], leaf.upper[0])
        if isinstance(leaf, Round):
            yield from (leaf.center[0] - leaf.radius, leaf.center[0] + leaf.radius)
        if isinstance(leaf, Oval):
            yield from (leaf.center[0] - leaf.half, leaf.center[0] + leaf.half)
        if isinstance(leaf, Outline):
            yield from leaf.vertices[:, 0].tolist()
        if isinstance(leaf, Pair):
            yield from breaks(leaf.first)
    if region.dim == 2:
        return
    balls = [leaf for leaf in leaves if isinstance(leaf, Round)]
    bricks = [leaf for leaf in leaves if isinstance(leaf, Brick)]
    for ball, brick in itertools.product(balls, bricks):
        yield from _ball_meets_brick(ball, brick)
    for one, other in itertools.combinations(balls, 2):
        yield from _balls_meet(one, other)


def _ball_meets_brick(ball: Round, brick: Brick) -> Iterator[float]:
    """The extremes of the circles on the faces, and the ends on the edges, along the first axis."""
    x, *center = ball.center
    pairs = zip(brick.lower[1:], brick.upper[1:], center, strict=True)
    away = [[(low - c) ** 2, (high - c) ** 2] for low, high, c in pairs]
    for first, second in itertools.product([0.0, *away[0]], [0.0, *away[1]]):
        rest = ball.radius**2 - first - second
        if rest >= 0:
            yield from (x - math.sqrt(rest), x + math.sqrt(rest))


def _balls_meet(one: Round, other: Round) -> Iterator[float]:
    """The extremes of the circle in which two spheres meet, along the first axis."""
    between = np.subtract(other.center, one.center)
    distance = float(np.linalg.norm(between))
    if distance and abs(one.radius - other.radius) <= distance <= one.radius + other.radius:
        foot = (distance + (one.radius - other.radius) * (one.radius + other.radius) / distance) / 2
        around = math.sqrt(max((one.radius - foot) * (one.radius + foot), 0.0))
        middle = one.center[0] + foot * between[0] / distance
        half = around * float(np.linalg.norm(between[1:])) / distance
        yield from (middle - half, middle + half)
