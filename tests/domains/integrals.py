"""Shapes with the moments that their integration rules must have."""

import dataclasses
import math

import numpy as np

import pinnsven as pv
from pinnsven._domains import AbstractShape, as_domain, integration_rule

PI = math.pi
NODES = 24  # the default of `Integral`
EXACT = 1e-12  # relative to the integral of the absolute value
SOLID = 1e-7  # the same for sets in three dimensions that have no map
EVEN = 0.02  # the same for even points


def integral(shape, function, nodes=NODES):
    points, weights = integration_rule(as_domain(shape), nodes)
    return weights @ function(points)


def moments(shape, nodes=NODES):
    """Volume, and first and second moments, each in units of the shape's own extent."""
    points, weights = integration_rule(as_domain(shape), nodes)
    return np.concatenate([[weights.sum()], weights @ points, weights @ points**2])


@dataclasses.dataclass(frozen=True)
class Row:
    """A shape with its volume, its first moments and its second ones."""

    name: str
    shape: AbstractShape
    volume: float
    first: tuple[float, ...]
    second: tuple[float, ...]
    tolerance: float = EXACT

    @property
    def moments(self):
        return np.array([self.volume, *self.first, *self.second])


def plus(*parts):
    """Moments of pieces that are added, or taken away with a factor of -1."""
    total = np.sum([factor * np.asarray(part) for factor, part in parts], axis=0)
    dim = len(total) // 2
    return float(total[0]), tuple(total[1 : 1 + dim]), tuple(total[1 + dim :])


def box(*sides):
    lengths = np.array([high - low for low, high in sides])
    volume = np.prod(lengths)
    first = [volume * (low + high) / 2 for low, high in sides]
    second = [volume * (low**2 + low * high + high**2) / 3 for low, high in sides]
    return np.array([volume, *first, *second])


def ball(center, radius):
    center = np.asarray(center, float)
    dim = len(center)
    volume = PI ** (dim / 2) / math.gamma(dim / 2 + 1) * radius**dim
    return np.array([volume, *(volume * center), *(volume * (center**2 + radius**2 / (dim + 2)))])


def polygon(vertices):
    """Green's formula, edge by edge."""
    (x, y), (a, b) = np.array(vertices, float).T, np.roll(np.array(vertices, float), -1, axis=0).T
    cross = x * b - a * y
    terms = [cross / 2, cross * (x + a) / 6, cross * (y + b) / 6]
    terms += [cross * (x**2 + x * a + a**2) / 12, cross * (y**2 + y * b + b**2) / 12]
    return np.sum(terms, axis=1)


def lens(distance):
    """Two unit disks, at 0 and at a distance along x: twice a segment, which is x > distance / 2."""
    half = math.acos(distance / 2)
    area = half - math.sin(2 * half) / 2
    inner = 2 * math.sin(half) ** 3 / 3  # the first moment of the segment about its disk's center
    xx = half / 4 - math.sin(4 * half) / 16
    yy = half / 4 - math.sin(2 * half) / 6 + math.sin(4 * half) / 48
    other = distance**2 * area - 2 * distance * inner + xx
    return np.array([2 * area, distance * area, 0.0, xx + other, 2 * yy])


TRIANGLE = [(0, 0), (3, 0), (0, 4)]
ELL = [(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)]
STAR = [(r * math.sin(i * PI / 5), r * math.cos(i * PI / 5)) for i, r in enumerate([1, 0.3] * 5)][::-1]
DIAMOND = [(1, 0.5), (2, 1.5), (1, 2.5), (0, 1.5)]
LEANING = [(0, 0), (1e-3, -1), (2, -0.9), (2.001, 0.2)]
COMB = [
    (0, 0),
    (5, 0),
    (5, 1),
    (4, 1),
    (4, 0.1),
    (3, 0.1),
    (3, 1),
    (2, 1),
    (2, 0.1),
    (1, 0.1),
    (1, 1),
    (0, 1),
]
UNIT = pv.Box(x=(0, 1), y=(0, 1))
SQUARE = ((0, 1), (0, 1))
CUBE = pv.Box(x=(-1, 1), y=(-1, 1), z=(-1, 1))
TUBE = pv.Disk((0, 0), 0.5) * pv.Interval(z=(-1, 1))
SIDES = ((-1, 1),) * 3


def cylinder(radius):
    area = PI * radius**2
    return np.array([2 * area, 0, 0, 0, area * radius**2 / 2, area * radius**2 / 2, 2 * area / 3])


ROWS = [
    Row("interval", pv.Interval(-1, 2), *plus((1, box((-1, 2))))),
    Row(
        "two intervals",
        pv.Interval(0, 1) | pv.Interval(2, 4),
        *plus((1, box((0, 1))), (1, box((2, 4)))),
    ),
    Row("box", pv.Box(x=(0, 1), y=(-1, 2)), *plus((1, box((0, 1), (-1, 2))))),
    Row("box in 3-d", CUBE, *plus((1, box(*SIDES)))),
    Row("box in 4-d", pv.Box(x=[(0, 1)] * 4), *plus((1, box(*[(0, 1)] * 4)))),
    Row("box in 6-d", pv.Box(x=[(0, 1)] * 6), *plus((1, box(*[(0, 1)] * 6)))),
    Row("box in 8-d", pv.Box(x=[(0, 1)] * 8), *plus((1, box(*[(0, 1)] * 8))), EVEN),
    Row("disk", pv.Disk((1, -2), 0.5), *plus((1, ball((1, -2), 0.5)))),
    Row("ball in 1-d", pv.Ball((0.5,), 2), *plus((1, ball((0.5,), 2)))),
    Row("ball in 3-d", pv.Ball((0, 1, 2), 2), *plus((1, ball((0, 1, 2), 2)))),
    Row("ball in 4-d", pv.Ball((0, 0, 0, 1)), *plus((1, ball((0, 0, 0, 1), 1))), EVEN),
    Row("triangle", pv.Polygon(TRIANGLE), *plus((1, polygon(TRIANGLE)))),
    Row("ell", pv.Polygon(ELL), *plus((1, polygon(ELL)))),
    Row("clockwise ell", pv.Polygon(ELL[::-1]), *plus((1, polygon(ELL)))),
    Row("star", pv.Polygon(STAR), *plus((1, polygon(STAR)))),
    Row("comb", pv.Polygon(COMB), *plus((1, polygon(COMB)))),
    Row("leaning", pv.Polygon(LEANING), *plus((1, polygon(LEANING)))),
    Row("lens", pv.Disk() & pv.Disk((1, 0)), *plus((1, lens(1)))),
    Row("thin lens", pv.Disk() & pv.Disk((1.999, 0)), *plus((1, lens(1.999)))),
    Row("moon", pv.Disk() - pv.Disk((1, 0)), *plus((1, ball((0, 0), 1)), (-1, lens(1)))),
    Row(
        "two disks",
        pv.Disk() | pv.Disk((1, 0)),
        *plus((1, ball((0, 0), 1)), (1, ball((1, 0), 1)), (-1, lens(1))),
    ),
    Row(
        "annulus",
        pv.Disk() - pv.Disk((0, 0), 0.5),
        *plus((1, ball((0, 0), 1)), (-1, ball((0, 0), 0.5))),
    ),
    Row(
        "thin annulus",
        pv.Disk() - pv.Disk((0, 0), 0.99),
        *plus((1, ball((0, 0), 1)), (-1, ball((0, 0), 0.99))),
    ),
    Row(
        "hole that touches",
        pv.Disk() - pv.Disk((0, 0.5), 0.5),
        *plus((1, ball((0, 0), 1)), (-1, ball((0, 0.5), 0.5))),
    ),
    Row(
        "hole that touches at the side",
        pv.Disk() - pv.Disk((0.4, 0.3), 0.5),
        *plus((1, ball((0, 0), 1)), (-1, ball((0.4, 0.3), 0.5))),
    ),
    Row(
        "hole close to the side",
        UNIT - pv.Disk((0.5, 0.3), 0.3 - 1e-9),
        *plus((1, box(*SQUARE)), (-1, ball((0.5, 0.3), 0.3 - 1e-9))),
    ),
    Row(
        "holes almost in line",
        UNIT - pv.Disk((0.3, 0.25), 0.2) - pv.Disk((0.3 + 1e-7, 0.75), 0.2),
        *plus((1, box(*SQUARE)), (-1, ball((0.3, 0.25), 0.2)), (-1, ball((0.3 + 1e-7, 0.75), 0.2))),
    ),
    Row(
        "plate with two holes",
        pv.Box(x=(0, 4), y=(0, 2)) - pv.Disk((1, 1), 0.5) - pv.Disk((3, 1), 0.5),
        *plus((1, box((0, 4), (0, 2))), (-1, ball((1, 1), 0.5)), (-1, ball((3, 1), 0.5))),
    ),
    Row(
        "square hole",
        UNIT - pv.Box(x=(0.2, 0.6), y=(0.3, 0.9)),
        *plus((1, box(*SQUARE)), (-1, box((0.2, 0.6), (0.3, 0.9)))),
    ),
    Row(
        "star with a hole",
        pv.Polygon(STAR) - pv.Disk((0, 0), 0.2),
        *plus((1, polygon(STAR)), (-1, ball((0, 0), 0.2))),
    ),
    Row(
        "square and diamond",
        UNIT | pv.Polygon(DIAMOND),
        *plus((1, box(*SQUARE)), (1, polygon(DIAMOND)), (-1, polygon([(1, 0.5), (1, 1), (0.5, 1)]))),
    ),
    Row("cylinder", TUBE, *plus((1, cylinder(0.5)))),
    Row(
        "cube less a ball",
        CUBE - pv.Ball((0, 0, 0), 0.5),
        *plus((1, box(*SIDES)), (-1, ball((0, 0, 0), 0.5))),
        SOLID,
    ),
    Row(
        "shell",
        pv.Ball() - pv.Ball((0, 0, 0), 0.5),
        *plus((1, ball((0, 0, 0), 1)), (-1, ball((0, 0, 0), 0.5))),
        SOLID,
    ),
    Row("drilled cube", CUBE - TUBE, *plus((1, box(*SIDES)), (-1, cylinder(0.5))), SOLID),
    Row(
        "cube less an eighth",
        CUBE - pv.Box(x=(0, 2), y=(0, 2), z=(0, 2)),
        *plus((1, box(*SIDES)), (-1, box(*((0, 1),) * 3))),
    ),
]
PLANE = [row for row in ROWS if row.shape.dim == 2]
