"""Every kind of shape with its measures, and how the tests draw from one."""

import dataclasses
import itertools
import math

import numpy as np
from scipy.spatial import ConvexHull
from scipy.special import ellipe

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


def frame():
    """A square without its middle as triangles, with a name for its left side."""
    corners = np.array([[0, 0], [3, 0], [3, 3], [0, 3], [1, 1], [2, 1], [2, 2], [1, 2]])
    sides = [(i, (i + 1) % 4, 4 + i) for i in range(4)]
    sides += [((i + 1) % 4, 4 + (i + 1) % 4, 4 + i) for i in range(4)]
    return pv.Mesh(corners, sides, parts={"left": lambda x: x < 1e-9}, name="frame")


def cube():
    """The unit cube as six tetrahedra."""
    corners = np.array(list(itertools.product((0, 1), repeat=3)))
    ways = [np.cumsum([4 >> a for a in order]) for order in itertools.permutations(range(3))]
    return pv.Mesh(corners, [(0, *way.tolist()) for way in ways])


def ell_solid():
    """An L-shaped prism of height 2, as a surface, with a name for its floor."""
    ring = np.array(ELL)
    corners = np.concatenate([np.column_stack([ring, np.full(6, z)]) for z in (0.0, 2.0)])
    flat = [(0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5)]
    sides = [(i, (i + 1) % 6, 6 + (i + 1) % 6) for i in range(6)]
    sides += [(i, 6 + (i + 1) % 6, 6 + i) for i in range(6)]
    floor = [(a, c, b) for a, b, c in flat]
    top = [(6 + a, 6 + b, 6 + c) for a, b, c in flat]
    return pv.Solid(corners, floor + top + sides, name="ell", parts={"floor": floor})


def hollow_cube():
    """The cube of side 3 without that of side 1 in its middle, both as surfaces, seen from inside."""
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    hull = ConvexHull(corners)
    outward = hull.equations[:, :3]
    ends = corners[hull.simplices]
    turned = np.sum(np.cross(ends[:, 1] - ends[:, 0], ends[:, 2] - ends[:, 0]) * outward, axis=1) < 0
    faces = np.where(turned[:, None], hull.simplices[:, ::-1], hull.simplices)
    places = np.concatenate([3 * corners, 1 + corners])
    return pv.Solid(places, np.concatenate([faces[:, ::-1], 8 + faces]))


def cloud(dim: int, count: int):
    """Even points on a circle or, along a spiral by the golden angle, a sphere of radius 2."""
    middle = np.arange(count) + 0.5
    if dim == 2:
        angle = 2 * PI * middle / count
        ways = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        height, angle = 1 - 2 * middle / count, PI * (1 + math.sqrt(5)) * middle
        around = np.sqrt(1 - height**2)
        ways = np.stack([around * np.cos(angle), around * np.sin(angle), height], axis=1)
    return pv.PointCloud(2 * ways + 1, 3 * ways, name="skin")


ROWS = [
    Row(
        "disk cut by a slanted line",
        pv.Disk() & pv.HalfSpace((0, 0.5), (1, 1)),
        PI - math.acos(math.sqrt(1 / 8)) + math.sqrt(7) / 8,
        2 * PI - 2 * math.acos(math.sqrt(1 / 8)) + math.sqrt(7 / 2),
        "circle cut",
    ),
    Row(
        "cut box of a vector, moved",
        (pv.Box(x=[(0, 1), (0, 2)]) - pv.HalfSpace((0, 0.5), (0, 1))).moved((1, 1)),
        1.5,
        5,
        "cut x x+ x-",
    ),
    Row(
        "box without a corner",
        pv.Box(x=(0, 1), y=(0, 1), z=(0, 2)) - pv.HalfSpace((0.5, 0, 0), (1, 1, 1), name="chamfer"),
        2 - 1 / 48,
        10 - 3 / 8 + math.sqrt(3) / 8,
        "chamfer x x+ x- y y+ y- z z+ z-",
    ),
    Row("solid L", ell_solid(), 1.5, 9.5, "ell ell.floor ell.solid floor solid"),
    Row(
        "turned solid L",
        ell_solid().rotated(1.0, axis=(1, 2, 3)),
        1.5,
        9.5,
        "ell ell.floor ell.solid floor solid",
    ),
    Row("hollow cube", hollow_cube(), 26, 60, "solid"),
    Row(
        "solid L with a bore",
        ell_solid() - pv.Cylinder((0.25, 0.25), 0.2, z=(-1, 3), name="bore"),
        1.5 - 0.08 * PI,
        9.5 + 0.72 * PI,
        "bore bore.side ell ell.floor ell.solid floor side solid",
    ),
    Row("points on a circle", cloud(2, 400), 4 * PI, 4 * PI, "skin"),
    Row("points on a sphere", cloud(3, 4000), 32 * PI / 3, 16 * PI, "skin"),
    Row("frame of triangles", frame(), 8, 16, "frame frame.left frame.mesh left mesh"),
    Row("cube of tetrahedra", cube(), 1, 6, "mesh"),
    Row(
        "turned frame",
        frame().rotated(0.4, about=(1, 1)),
        8,
        16,
        "frame frame.left frame.mesh left mesh",
    ),
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
    Row(
        "two disks",
        pv.Disk(name="left") | pv.Disk((1, 0), name="right"),
        2 * PI - LENS,
        8 * PI / 3,
        "left right",
    ),
    Row("lens", pv.Disk(name="a") & pv.Disk((1, 0), name="b"), LENS, 4 * PI / 3, "a b"),
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
        pv.Box(x=(0, 1), y=(0, 1)) | pv.Box(x=(1, 3), y=(0, 1), name="right"),
        3,
        8,
        "right right.x right.x+ right.y right.y+ right.y- x+ x-",
    ),
    Row(
        "overlapping boxes",
        pv.Box(x=(0, 2), y=(0, 1)) | pv.Box(x=(1, 3), y=(0, 1)),
        3,
        8,
        "x+ x-",
    ),
    Row(
        "ellipse",
        pv.Ellipse((1, 2), (3, 2), 0.5),
        6 * PI,
        12 * ellipe(5 / 9),
        "ellipse",
    ),
    Row("upright ellipse", pv.Ellipse(radii=(2, 3)), 6 * PI, 12 * ellipe(5 / 9), "ellipse"),
    Row("ring", pv.Annulus((1, 0), 1, 2), 3 * PI, 6 * PI, "inner outer"),
    Row(
        "named ring",
        pv.Annulus((1, 0), 1, 2, name="ring").moved(x=1.0),
        3 * PI,
        6 * PI,
        "inner outer ring ring.inner ring.outer",
    ),
    Row(
        "plate with an elliptic hole",
        (pv.Box(x=(-3, 3), y=(-2, 2)) - pv.Ellipse(radii=(2, 1), name="hole")).rotated(0.4),
        24 - 2 * PI,
        20 + 8 * ellipe(3 / 4),
        "hole x x+ x- y y+ y-",
    ),
    Row("turned box", pv.Box(x=(0, 1), y=(0, 2)).rotated(0.3), 2, 6, "x x+ x- y y+ y-"),
    Row(
        "square hole in a square",
        pv.Box(x=(-2, 2), y=(-2, 2)) - pv.Box(x=(-1, 1), y=(-1, 1), name="hole"),
        12,
        24,
        "hole hole.x hole.x+ hole.x- hole.y hole.y+ hole.y- x x+ x- y y+ y-",
    ),
    Row(
        "lying cylinder",
        pv.Cylinder((0, 1), 1, z=(1, 3)).rotated(0.7, axis=(1, 2, 0)),
        2 * PI,
        6 * PI,
        "side z z+ z-",
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
