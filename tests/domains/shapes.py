"""Every kind of shape with its measures, and how the tests draw from one."""

import dataclasses
import math

import numpy as np

import pinnsven as pv
from pinnsven._domains import (
    AbstractShape,
    as_domain,
    boundary_site,
)

PI = math.pi
COUNT = 4096
ROUNDING = 1e-12  # of a level, relative to the extent of the shape


@dataclasses.dataclass(frozen=True)
class Row:
    """A shape with its volume, the measure of its boundary and the names of its parts."""

    name: str
    shape: AbstractShape
    volume: float
    surface: float
    parts: str


HALF_DISK = pv.Disk() & pv.Box(x=(0, 2), y=(-2, 2))
LENS = 2 * PI / 3 - math.sqrt(3) / 2  # the overlap of two unit disks at distance 1
ELL = [(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)]

ROWS = [
    Row("interval", pv.Interval(-1, 2), 3, 2, "x x+ x-"),
    Row("named interval", pv.Interval(r=(0.5, 2)), 1.5, 2, "r r+ r-"),
    Row("box", pv.Box(x=(0, 1), y=(-1, 2)), 3, 8, "x x+ x- y y+ y-"),
    Row("box in 3-d", pv.Box(x=(0, 1), y=(0, 2), z=(1, 4)), 6, 22, "x x+ x- y y+ y- z z+ z-"),
    Row("vector box", pv.Box(x=[(0, 1), (0, 2), (1, 4)]), 6, 22, "x x+ x-"),
    Row("mixed box", pv.Box(a=(0, 2), v=[(0, 1), (-1, 1)]), 4, 16, "a a+ a- v v+ v-"),
    Row("strip", pv.Box(x=(0, 1), y=(0, 2), periodic="x"), 2, 2, "y y+ y-"),
    Row("disk", pv.Disk((1, -2), 0.5), PI / 4, PI, "circle"),
    Row("ball in 1-d", pv.Ball((0.5,), 2), 4, 2, "sphere"),
    Row("ball in 2-d", pv.Ball((0.5, 0), 2), 4 * PI, 4 * PI, "sphere"),
    Row("ball in 3-d", pv.Ball((0, 1, 2), 2, name="skin"), 32 * PI / 3, 16 * PI, "skin"),
    Row("ball in 4-d", pv.Ball((0, 0, 0, 1)), PI**2 / 2, 2 * PI**2, "sphere"),
    Row("ball in 5-d", pv.Ball((0,) * 5), 8 * PI**2 / 15, 8 * PI**2 / 3, "sphere"),
    Row("triangle", pv.Polygon([(0, 0), (3, 0), (0, 4)]), 6, 12, "edge0 edge1 edge2 polygon"),
    Row("clockwise triangle", pv.Polygon([(0, 0), (0, 4), (3, 0)]), 6, 12, "edge0 edge1 edge2 polygon"),
    Row("ell", pv.Polygon(ELL), 0.75, 4, "edge0 edge1 edge2 edge3 edge4 edge5 polygon"),
    Row("two disks", pv.Disk() | pv.Disk((1, 0)), 2 * PI - LENS, 8 * PI / 3, "circle"),
    Row("lens", pv.Disk() & pv.Disk((1, 0)), LENS, 4 * PI / 3, "circle"),
    Row("moon", pv.Disk() - pv.Disk((1, 0)), PI - LENS, 2 * PI, "circle"),
    Row("half disk", HALF_DISK, PI / 2, PI + 2, "circle x x-"),
    Row(
        "plate with two holes",
        pv.Box(x=(0, 4), y=(0, 2)) - pv.Disk((1, 1), 0.5, name="a") - pv.Disk((3, 1), 0.5, name="b"),
        8 - PI / 2,
        12 + 2 * PI,
        "a b x x+ x- y y+ y-",
    ),
    Row(
        "box less its corner",
        pv.Box(x=(0, 1), y=(0, 1)) - pv.Box(x=(0.5, 1), y=(0.5, 1)),
        0.75,
        4,
        "x x+ x- y y+ y-",
    ),
    Row(
        "boxes side by side",
        pv.Box(x=(0, 1), y=(0, 1)) | pv.Box(x=(1, 3), y=(0, 1)),
        3,
        8,
        "x x+ x- y y+ y-",
    ),
    Row(
        "overlapping boxes",
        pv.Box(x=(0, 2), y=(0, 1)) | pv.Box(x=(1, 3), y=(0, 1)),
        3,
        8,
        "x x+ x- y y+ y-",
    ),
    Row("cylinder", pv.Disk() * pv.Interval(z=(0, 1)), PI, 4 * PI, "circle z z+ z-"),
    Row("lying cylinder", pv.Interval(z=(0, 3)) * pv.Disk(), 3 * PI, 8 * PI, "circle z z+ z-"),
    Row("ring", pv.Disk() * pv.Interval(z=(0, 1), periodic=True), PI, 2 * PI, "circle"),
    Row("product of boxes", pv.Box(x=(0, 1)) * pv.Box(y=(-1, 2)), 3, 8, "x x+ x- y y+ y-"),
    Row(
        "half cylinder",
        HALF_DISK * pv.Interval(z=(0, 2)),
        PI,
        2 * (PI + 2) + PI,
        "circle x x- z z+ z-",
    ),
    Row(
        "pipe",
        (pv.Disk((0, 0), 2, name="outer") - pv.Disk(name="inner")) * pv.Interval(z=(0, 1)),
        3 * PI,
        12 * PI,
        "inner outer z z+ z-",
    ),
]


def fresh():
    return np.random.default_rng(7)


def boundary(shape, on=None, count=COUNT):
    return boundary_site(as_domain(shape), on).draw(count, pv.Sobol(), fresh())


def size(shape):
    return float(np.max(shape.upper - shape.lower))
