"""Shapes as sections see them: cut at a first coordinate, each leaves one of a dimension less.

An integral over a shape is an integral over its first coordinate of integrals over its sections; a
section of a section is in the end a set of intervals, known exactly. So a *region* needs three things:
its section, its intervals where it is a set of numbers, and, to know where sections change their form,
the curves that bound it in the plane. The shapes themselves carry names, checks and facets, which
thousands of sections would pay for; regions are their bare geometry.
"""

import abc
import bisect
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

Intervals = list[tuple[float, float]]
Segment = tuple[float, float, float, float]
"""Both ends of a straight piece of boundary, (x, y) and (x, y)."""
Circle = tuple[float, float, float]
"""The center, (x, y), and the radius."""


class AbstractRegion(abc.ABC):
    """The geometry of a shape; `dim` is its dimension."""

    dim: int

    @abc.abstractmethod
    def section(self, at: float) -> "AbstractRegion":
        """What lies at a value of the first coordinate, over the other coordinates."""

    def intervals(self) -> Intervals:
        """In one dimension: the disjoint intervals it consists of, in order."""
        raise NotImplementedError

    def curves(self) -> tuple[list[Segment], list[Circle]]:
        """In two dimensions: segments and circles among which its boundary lies."""
        raise NotImplementedError

    def leaves(self) -> Iterator["AbstractRegion"]:
        """The regions it is joined from."""
        yield self


@dataclasses.dataclass(frozen=True)
class Nothing(AbstractRegion):
    """The empty region."""

    dim: int

    def section(self, at):
        return Nothing(self.dim - 1)

    def intervals(self):
        return []

    def curves(self):
        return [], []


@dataclasses.dataclass(frozen=True)
class Brick(AbstractRegion):
    """A box, or an interval."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]

    @property
    def dim(self):
        return len(self.lower)

    def section(self, at):
        inside = self.lower[0] < at < self.upper[0]
        return Brick(self.lower[1:], self.upper[1:]) if inside else Nothing(self.dim - 1)

    def intervals(self):
        return [(self.lower[0], self.upper[0])]

    def curves(self):
        sides = [[(low, high)] for low, high in zip(self.lower, self.upper, strict=True)]
        return _rectangles(*sides), []


@dataclasses.dataclass(frozen=True)
class Half(AbstractRegion):
    """One side of a line or plane, n . p < c, as far as `reach` from the origin along every axis."""

    normal: tuple[float, ...]
    offset: float
    reach: float

    @property
    def dim(self):
        return len(self.normal)

    def section(self, at):
        rest, offset = self.normal[1:], self.offset - self.normal[0] * at
        if any(rest):
            return Half(rest, offset, self.reach)
        ends = ((end,) * (self.dim - 1) for end in (-self.reach, self.reach))
        return Brick(*ends) if offset > 0 else Nothing(self.dim - 1)

    def intervals(self):
        end = self.offset / self.normal[0]
        return [(-self.reach, end) if self.normal[0] > 0 else (end, self.reach)]

    def curves(self):
        a, b = self.normal
        x, y = (self.offset / (a * a + b * b) * part for part in (a, b))
        far = 2 * self.reach / math.hypot(a, b)
        return [(x - far * b, y + far * a, x + far * b, y - far * a)], []


@dataclasses.dataclass(frozen=True)
class Round(AbstractRegion):
    """A ball, or a disk."""

    center: tuple[float, ...]
    radius: float

    @property
    def dim(self):
        return len(self.center)

    def section(self, at):
        away = abs(at - self.center[0])
        if away >= self.radius:
            return Nothing(self.dim - 1)
        # The difference of squares, without cancellation near the rim.
        return Round(self.center[1:], math.sqrt((self.radius - away) * (self.radius + away)))

    def intervals(self):
        return [(self.center[0] - self.radius, self.center[0] + self.radius)]

    def curves(self):
        return [], [(*self.center, self.radius)]


@dataclasses.dataclass(frozen=True)
class Oval(AbstractRegion):
    """The inside of an ellipse: (p - c) . Q (p - c) < 1, with Q = (a, b; b, d)."""

    center: tuple[float, float]
    form: tuple[float, float, float]
    dim = 2

    @property
    def half(self) -> float:
        """Half its extent along the first coordinate."""
        a, b, d = self.form
        return math.sqrt(d / (a * d - b * b))

    def section(self, at):
        (x, y), (a, b, d) = self.center, self.form
        away, half = at - x, self.half
        if abs(away) >= half:
            return Line([])
        middle = y - b / d * away
        reach = math.sqrt((a * d - b * b) * (half - away) * (half + away)) / d
        return Line([(middle - reach, middle + reach)])


@dataclasses.dataclass(frozen=True)
class Outline(AbstractRegion):
    """The inside of a polygon."""

    vertices: np.ndarray
    dim = 2

    def section(self, at):
        (x, y), (to_x, to_y) = self.vertices.T, np.roll(self.vertices, -1, axis=0).T
        # Half-open, so that a vertex on the line counts once and the crossings stay even in number.
        met = (x <= at) != (to_x <= at)
        share = (at - x[met]) / (to_x - x)[met]
        ends = np.sort(y[met] * (1 - share) + to_y[met] * share).tolist()
        return Line(list(zip(ends[::2], ends[1::2], strict=True)))

    def curves(self):
        return [
            tuple(edge) for edge in np.hstack([self.vertices, np.roll(self.vertices, -1, 0)]).tolist()
        ], []


@dataclasses.dataclass(frozen=True)
class Line(AbstractRegion):
    """A set of disjoint intervals, in order."""

    parts: Intervals
    dim = 1

    def section(self, at):
        raise NotImplementedError

    def intervals(self):
        return self.parts


@dataclasses.dataclass(frozen=True)
class Pair(AbstractRegion):
    """All pairs of a point of the first and a point of the second."""

    first: AbstractRegion
    second: AbstractRegion

    @property
    def dim(self):
        return self.first.dim + self.second.dim

    def section(self, at):
        if self.first.dim > 1:
            return Pair(self.first.section(at), self.second)
        inside = any(low < at < high for low, high in self.first.intervals())
        return self.second if inside else Nothing(self.dim - 1)

    def curves(self):
        return _rectangles(self.first.intervals(), self.second.intervals()), []


@dataclasses.dataclass(frozen=True)
class Join(AbstractRegion):
    """The points that `keep` wants, told whether they are in the first and in the second."""

    keep: Callable[[bool, bool], bool]
    first: AbstractRegion
    second: AbstractRegion

    @property
    def dim(self):
        return self.first.dim

    def section(self, at):
        return Join(self.keep, self.first.section(at), self.second.section(at))

    def intervals(self):
        first, second = self.first.intervals(), self.second.intervals()
        ends = sorted({end for interval in first + second for end in interval})
        kept: Intervals = []
        for low, high in itertools.pairwise(ends):
            middle = low + (high - low) / 2
            if self.keep(_holds(first, middle), _holds(second, middle)):
                start = kept.pop()[0] if kept and kept[-1][1] == low else low
                kept.append((start, high))
        return kept

    def curves(self):
        (lines, circles), (more_lines, more_circles) = self.first.curves(), self.second.curves()
        return lines + more_lines, circles + more_circles

    def leaves(self):
        yield from self.first.leaves()
        yield from self.second.leaves()


def placed_region(region: AbstractRegion, turn: np.ndarray, shift: np.ndarray) -> AbstractRegion | None:
    """The region at R p + s for its points p; None for one that is not known to sections.

    - `turn`: the rotation R, `shift`: s.
    """
    unturned = np.array_equal(turn, np.eye(region.dim))
    match region:
        case Join(keep, first, second):
            one, other = (placed_region(part, turn, shift) for part in (first, second))
            return Join(keep, one, other) if one is not None and other is not None else None
        case Round(center, radius):
            return Round(tuple((turn @ np.asarray(center) + shift).tolist()), radius)
        case Oval(center, (a, b, d)):
            form = turn @ np.array([[a, b], [b, d]]) @ turn.T
            moved = (turn @ np.asarray(center) + shift).tolist()
            return Oval(tuple(moved), (form[0, 0], form[0, 1], form[1, 1]))
        case Outline(vertices):
            return Outline(vertices @ turn.T + shift)
        case Half(normal, offset, reach):
            turned = turn @ np.asarray(normal)
            moved = offset + float(turned @ shift)
            return Half(tuple(turned.tolist()), moved, reach + float(np.linalg.norm(shift)))
        case Brick(lower, upper) if unturned:
            low, high = np.asarray(lower) + shift, np.asarray(upper) + shift
            return Brick(tuple(low.tolist()), tuple(high.tolist()))
        case Brick((left, low), (right, high)):
            corners = np.array([(left, low), (right, low), (right, high), (left, high)])
            return Outline(corners @ turn.T + shift)
        case Line(parts) if unturned:
            by = float(shift[0])
            return Line([(low + by, high + by) for low, high in parts])
        case Pair(first, second) if unturned:
            eyes = np.eye(first.dim), np.eye(second.dim)
            one = placed_region(first, eyes[0], shift[: first.dim])
            other = placed_region(second, eyes[1], shift[first.dim :])
            return Pair(one, other) if one is not None and other is not None else None
    return None


def _holds(parts: Intervals, value: float) -> bool:
    place = bisect.bisect_right(parts, (value, math.inf)) - 1
    return place >= 0 and value < parts[place][1]


def _rectangles(across: Intervals, along: Intervals) -> list[Segment]:
    """The sides of all products of two intervals."""
    sides = []
    for (left, right), (low, high) in itertools.product(across, along):
        sides += [(left, low, right, low), (left, high, right, high)]
        sides += [(left, low, left, high), (right, low, right, high)]
    return sides
