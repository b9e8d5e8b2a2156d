r"""Rules on sets made of others: Gauss-Legendre along sections, between the places where they change.

The inner integral $F(x) = \int f(x, y)\,dy$ over the section at $x$ is smooth between two breaks, but
for square roots where a circle is met at its extremes. Along the circle's own angle,
$x = a + (b - a) \sin^2\theta$ with $a$ and $b$ the extremes, the roots are gone
(P. J. Davis, P. Rabinowitz, Methods of Numerical Integration, 2nd ed. 1984, section 2.9). The roots of
circles farther off bound the ellipse in which $F$ is analytic, hence the nodes that a panel needs
(L. N. Trefethen, Is Gauss quadrature better than Clenshaw-Curtis?, SIAM Review 50, 2008, theorem 4.5).
"""

import cmath
import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float

from ._breaks import breaks, plane_panels
from ._sections import AbstractRegion, Brick, Half, Line, Outline, Oval, Pair

# Points and weights; a function takes rules of several sizes, so that these are not compared.
Rule = tuple[Float[np.ndarray, "_n _dim"], Float[np.ndarray, " _n"]]

LEAST = 5  # nodes of any panel
MANY = 10  # nodes of a panel that is not worth halving
ROUNDING = 1e-13
NEAREST = 1e-9
AREA = 1e-7  # of a panel's volume, relative to the box around it, in three dimensions
AREA_NODES = 10
DEPTH = 6  # of halvings in three dimensions, where not every break is known


def sliced_rule(region: AbstractRegion, extent: np.ndarray, nodes: int) -> Rule:
    """Points (n, dim) and weights (n,) for a region in at most three dimensions.

    - `extent`: sides of the box around the region.
    - `nodes`: what an integrand needs along each of the sides.
    """
    if region.dim == 1:
        return _joined(1, [_along(part, extent[0], nodes) for part in region.intervals()])
    pieces = []
    known = region.dim == 2 and not any(isinstance(leaf, Oval) for leaf in region.leaves())
    for x, weight in (_plane if known else _solid)(region, extent, nodes):
        points, inner = sliced_rule(region.section(x), extent[1:], nodes)
        pieces.append((np.insert(points, 0, x, axis=1), weight * inner))
    return _joined(region.dim, pieces)


def _joined(dim: int, pieces: list[Rule]) -> Rule:
    if not pieces:
        return np.zeros((0, dim)), np.zeros(0)
    points, weights = zip(*pieces, strict=True)
    return np.concatenate(points), np.concatenate(weights)


@functools.lru_cache(maxsize=128)
def gauss(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre on (-1, 1)."""
    return np.polynomial.legendre.leggauss(nodes)


def node_count(nodes: int, share: float) -> int:
    r"""Nodes on a part of an interval, as good there as `nodes` on the whole.

    What an integrand $e^{ikx}$ needs at an error of 1e-10, $k$ as `nodes` resolve it on the whole,
    is 24, 16, 11, 7 and 4 nodes at shares of 1, 1/2, 1/4, 1/10 and 1/100.
    """
    return max(LEAST, math.ceil(nodes * max(math.sqrt(share), share)))


def _along(part: tuple[float, float], extent: float, nodes: int) -> Rule:
    low, high = part
    unit, weights = gauss(node_count(nodes, min((high - low) / extent, 1.0)))
    half = (high - low) / 2
    return (low + half * (1 + unit))[:, None], half * weights


@dataclasses.dataclass(frozen=True)
class _Panel:
    """An interval of the first coordinate, in an angle between two extremes if `low` < `high`."""

    left: float
    right: float
    low: float = 0.0
    high: float = 0.0

    def angle(self, x: float) -> complex:
        """The variable in which nodes are placed."""
        if self.low == self.high:
            return x
        return cmath.asin(cmath.sqrt((x - self.low) / (self.high - self.low)))

    def rule(self, nodes: int) -> Iterator[tuple[float, float]]:
        left, right = self.angle(self.left).real, self.angle(self.right).real
        unit, weights = gauss(nodes)
        places, weights = left + (right - left) / 2 * (1 + unit), (right - left) / 2 * weights
        if self.low < self.high:
            weights = weights * (self.high - self.low) * np.sin(2 * places)
            places = self.low + (self.high - self.low) * np.sin(places) ** 2
        return zip(places.tolist(), weights.tolist(), strict=True)

    def bend(self) -> float:
        """The length of an arc between the same places, relative to its chord."""
        if self.low == self.high:
            return 1.0
        half = (self.angle(self.right) - self.angle(self.left)).real
        return half / math.sin(half)

    def halves(self) -> tuple["_Panel", "_Panel"]:
        middle = (self.angle(self.left).real + self.angle(self.right).real) / 2
        if self.low < self.high:
            middle = self.low + (self.high - self.low) * math.sin(middle) ** 2
        return dataclasses.replace(self, right=middle), dataclasses.replace(self, left=middle)


def _plane(region: AbstractRegion, extent: np.ndarray, nodes: int) -> Iterator[tuple[float, float]]:
    for left, right, circles in plane_panels(region):
        met = [(x - r, x + r) for x, _, r in circles]
        low = max((end for end, _ in met), default=0.0)
        high = min((end for _, end in met), default=0.0)
        # Breaks that were nearly the same are one: an extreme may lie inside by a rounding.
        panel = _Panel(left, right, min(low, left), max(high, right)) if met else _Panel(left, right)
        # A root this near to one that the angle removes changes no digit, but would be halved towards.
        hair = NEAREST * (high - low)
        ends = [end for pair in met for end in pair if min(abs(end - low), abs(end - high)) > hair]
        chord = math.hypot((right - left) / extent[0], _variation(region, left, right) / extent[1])
        wanted = node_count(nodes, chord * panel.bend())
        yield from _graded(panel, ends, wanted + 3 if met else wanted, extent[0])


def _variation(region: AbstractRegion, left: float, right: float) -> float:
    """How far the ends of sections move between two breaks."""
    shares = (1e-3, 0.25, 0.5, 0.75, 1 - 1e-3)
    rows = [region.section(left + share * (right - left)).intervals() for share in shares]
    most = max(len(row) for row in rows)
    common = np.array([row for row in rows if len(row) == most])
    return float(np.max(np.ptp(common, axis=0), initial=0.0))


def _graded(
    panel: _Panel, ends: list[float], nodes: int, extent: float
) -> Iterator[tuple[float, float]]:
    """A panel's rule, halved until no root near by asks for many more nodes than the rest does."""
    left, right = panel.angle(panel.left).real, panel.angle(panel.right).real
    places = [(2 * panel.angle(end) - left - right) / (right - left) for end in ends]
    # On a share of the extent a root is as high as its root, and its integral as small as both.
    error = ROUNDING * ((panel.right - panel.left) / extent) ** -1.5
    needed = max((_needed(place, error) for place in places), default=0)
    if needed <= 1.5 * max(nodes, MANY):
        yield from panel.rule(max(nodes, math.ceil(needed)))
        return
    for half in panel.halves():
        yield from _graded(half, ends, max(LEAST, math.ceil(nodes / math.sqrt(2))), extent)


def _needed(place: complex, error: float) -> float:
    """Nodes on (-1, 1) at which a root at `place` leaves no larger an error."""
    if error >= 1:
        return 0.0
    root = cmath.sqrt(place - 1) * cmath.sqrt(place + 1)
    return math.log(error) / (-2 * math.log(max(abs(place + root), 1 + 1e-9)))


def _solid(region: AbstractRegion, extent: np.ndarray, nodes: int) -> Iterator[tuple[float, float]]:
    """Places along the first axis, with weights, for a region that has no map.

    Panels are halved until the volume between their ends is known to `AREA` of the bounding box, and
    joined again where two of them have no break between them.
    """
    flat = all(_flat(leaf) for leaf in region.leaves())
    tolerance = AREA * float(np.prod(extent))

    @functools.cache
    def area(x: float) -> float:
        return float(np.sum(sliced_rule(region.section(x), extent[1:], AREA_NODES)[1]))

    def volume(panel: _Panel, nodes: int) -> float:
        # Growing along the axis: of a symmetric panel a plain volume sees no jump in the middle.
        rule = panel.rule(nodes)
        return sum(weight * area(x) * math.exp((x - start) / extent[0]) for x, weight in rule)

    parts: list[tuple[_Panel, float]] = []
    ends = breaks(region)
    start = ends[0]
    for left, right in itertools.pairwise(ends):
        whole = _Panel(left, right) if flat else _Panel(left, right, left, right)
        for panel, found in _adaptive(whole, volume, tolerance, DEPTH):
            # Breaks that are hidden inside the region need no panels of their own.
            if parts and parts[-1][0].right == panel.left:
                before, beside = parts[-1]
                both = _Panel(before.left, panel.right)
                both = both if flat else dataclasses.replace(both, low=both.left, high=both.right)
                if abs(volume(both, AREA_NODES) - beside - found) <= tolerance:
                    parts[-1] = (both, beside + found)
                    continue
            parts.append((panel, found))
    for panel, _ in parts:
        share = (panel.right - panel.left) / extent[0]
        yield from panel.rule(node_count(nodes, share) + (0 if flat else 3))


def _flat(leaf: AbstractRegion) -> bool:
    if isinstance(leaf, Pair):
        return _flat(leaf.first) and _flat(leaf.second)
    return isinstance(leaf, (Brick, Half, Line, Outline))


def _adaptive(
    panel: _Panel, volume: Callable[[_Panel, int], float], tolerance: float, depth: int
) -> Iterator[tuple[_Panel, float]]:
    """Panels on each of which few nodes find the volume that more find; and that volume."""
    few, many = (volume(panel, nodes) for nodes in (AREA_NODES, 2 * AREA_NODES))
    if many == 0:
        return
    if depth == 0 or abs(few - many) <= tolerance:
        yield panel, many
        return
    for half in panel.halves():
        yield from _adaptive(half, volume, tolerance, depth - 1)
