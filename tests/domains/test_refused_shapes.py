"""Shapes, times and parts of boundaries that are refused where they are written."""

import numpy as np

import pinnsven as pv
from refusals import CUBE, INF, NAN, SLAB, Refused, check, condition

REFUSED = Refused()
bad = REFUSED.add

# Domains.

bad("box without coordinates", lambda: pv.Box(), "at least one coordinate")
bad("empty interval", lambda: pv.Interval(1, 1), "x=(1.0, 1.0) is empty", "below the upper")
bad("inverted interval", lambda: pv.Interval(2, 1), "x=(2.0, 1.0) is inverted")
bad("empty side of a box", lambda: pv.Box(x=(0, 1), y=(3, 3)), "y=(3.0, 3.0) is empty")
bad("infinite side", lambda: pv.Box(x=(0, INF)), "x=(0.0, inf)", "finite")
bad("side that is no number", lambda: pv.Box(x=(NAN, 1)), "x=(nan, 1.0)", "finite")
bad("side without a pair", lambda: pv.Box(x=3), "x=3", "pair")
bad("side of three numbers", lambda: pv.Box(x=(0, 1, 2)), "x=(0, 1, 2)", "pair")
bad("side of text", lambda: pv.Box(x="ab"), "x='ab'", "pair")
bad("inverted component", lambda: pv.Box(x=[(0, 1), (1, 0)]), "x[1]=(1.0, 0.0) is inverted")
bad("empty vector", lambda: pv.Box(x=[]), "x=[]")
bad("unknown periodic name", lambda: pv.Box(x=(0, 1), periodic="y"), "'y'", "the box has x")
bad("periodic without a name", lambda: pv.Box(x=(0, 1), periodic=True), "periodic=True")
bad("coordinate with a space", lambda: pv.Box(**{"x y": (0, 1)}), "'x y'", "identifier")
bad("coordinate that is a keyword", lambda: pv.Box(**{"lambda": (0, 1)}), "'lambda'", "identifier")
bad("private coordinate", lambda: pv.Box(_x=(0, 1)), "'_x' is reserved")
bad("coordinate named normal", lambda: pv.Box(normal=(0, 1)), "'normal' is reserved")
bad("interval without ends", lambda: pv.Interval(), "two ends")
bad("interval with one end", lambda: pv.Interval(0), "two ends")
bad("interval with two coordinates", lambda: pv.Interval(0, 1, y=(0, 1)), "two ends")
bad("interval periodic elsewhere", lambda: pv.Interval(0, 1, periodic="z"), "'z'", "has x")
bad("time without ends", lambda: pv.Time(), "a start and an end")
bad("inverted time", lambda: pv.Time(1, 0), "t=(1.0, 0.0) is inverted")
bad("endless time", lambda: pv.Time(0, INF), "t=(0.0, inf)", "finite")
bad("name of time", lambda: pv.Time(0, 1, name="2t"), "'2t'", "identifier")
for radius in (0, -1, NAN, INF, "a", None):
    bad(f"radius {radius}", lambda r=radius: pv.Disk(radius=r), f"radius={radius!r}", "positive")
bad("center that is no number", lambda: pv.Ball((0, NAN, 0)), "center=(0, nan, 0)", "finite")
bad("center of nothing", lambda: pv.Ball(()), "center=()")
bad("disk in space", lambda: pv.Disk((0, 0, 0)), "center=(0, 0, 0)", "two components")
bad("ball with too few names", lambda: pv.Ball(coordinates="xy"), "coordinates='xy'", "3 parts")
bad("disk with one name twice", lambda: pv.Disk(coordinates=("x", "x")), "x occurs more than once")
bad("polygon of two vertices", lambda: pv.Polygon([(0, 0), (1, 1)]), "vertices", "three pairs")
bad("polygon in space", lambda: pv.Polygon([(0, 0, 0)] * 3), "vertices", "shape (3, 3)")
bad("polygon on a line", lambda: pv.Polygon([(0, 0), (1, 1), (2, 2)]), "vertices", "no area")
bad(
    "polygon with a repeated vertex",
    lambda: pv.Polygon([(0, 0), (0, 0), (1, 0), (0, 1)]),
    "length zero",
)
bad("polygon without end", lambda: pv.Polygon([(0, 0), (1, 0), (0, INF)]), "vertices", "finite")
TRIANGLE = [(0, 0), (1, 0), (0, 1)]
bad("polygon that crosses itself", lambda: pv.Polygon([(0, 0), (2, 2), (2, 0), (0, 1)]), "cross")
bad("polygon with one name", lambda: pv.Polygon(TRIANGLE, coordinates=("x",)), "coordinates=('x',)")
bad(
    "polygon with one name twice",
    lambda: pv.Polygon(TRIANGLE, coordinates="xx"),
    "x occurs more than once",
)
for radii in ((1, 0), (-1, 2), 3, (1, NAN)):
    bad(f"ellipse with half axes {radii}", lambda r=radii: pv.Ellipse(radii=r), "radii")
bad("ring inside out", lambda: pv.Annulus((0, 0), 2, 1), "inner=2, outer=1", "0 < inner < outer")
bad("cylinder without a base", lambda: pv.Cylinder(radius=0), "radius=0", "positive")
bad("cylinder along two", lambda: pv.Cylinder(z=(0, 1), w=(0, 1)), "one coordinate", "'w'")
bad("name with a period", lambda: pv.Box(x=(0, 1), name="a.b"), "name='a.b'", "periods")
bad("name that is a number", lambda: pv.Disk(name=3), "name=3", "text")
bad("moved along nothing", lambda: pv.Disk().moved(z=1), "no coordinate 'z'", "x, y")
bad("moved by three", lambda: pv.Disk().moved((1, 2, 3)), "(1, 2, 3)", "2 components")
bad("moved out of sight", lambda: pv.Disk().moved(x=INF), "finite")
bad("turned interval", lambda: pv.Interval(0, 1).rotated(1), "two or three")
bad("turned about nothing", lambda: pv.Ball().rotated(1, axis=(0, 0, 0)), "axis=(0, 0, 0)")
CORNERS = [(0, 0), (1, 0), (0, 1), (1, 1), (0.2, 0.2)]
bad("mesh of numbers", lambda: pv.Mesh([1, 2], [(0, 1, 2)]), "vertices has shape (2,)")
bad("mesh of lines", lambda: pv.Mesh(CORNERS, [(0, 1)]), "cells has shape (1, 2)", "(m, 3)")
bad("mesh of no cells", lambda: pv.Mesh(CORNERS, np.zeros((0, 3))), "cells has shape (0, 3)")
bad("mesh with a vertex too many", lambda: pv.Mesh(CORNERS, [(0, 1, 9)]), "from 0 to 4")
bad("mesh of half vertices", lambda: pv.Mesh(CORNERS, [(0, 1, 1.5)]), "numbered")
bad("flat cell", lambda: pv.Mesh(CORNERS, [(0, 1, 2), (0, 3, 4)]), "1 have no volume", "number 1")
bad("inverted mesh", lambda: pv.Mesh(CORNERS, [(0, 1, 2), (1, 2, 4)]), "cells 0 and 1", "one side")
THREE = [(0, 1, 2), (1, 2, 3), (1, 2, 4)]
bad("three cells at a face", lambda: pv.Mesh(CORNERS, THREE), "3 cells share the face [1, 2]")
PART = {"a": [(1, 2)]}
bad("part inside a mesh", lambda: pv.Mesh(CORNERS, THREE[:2], parts=PART), "(1, 2) is no piece")
NOWHERE = {"a": lambda x: x > 5}
bad("part beside a mesh", lambda: pv.Mesh(CORNERS, THREE[:2], parts=NOWHERE), "nowhere")
TETRA = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
SKIN = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
bad("solid in the plane", lambda: pv.Solid(CORNERS, SKIN), "vertices has shape (5, 2)", "(n, 3)")
bad("open solid", lambda: pv.Solid(TETRA, SKIN[1:]), "open at 3 edges", "vertices 0 and 1")
bad("solid of turned triangles", lambda: pv.Solid(TETRA, [*SKIN[:3], (1, 3, 2)]), "against each other")
bad("solid with a flap", lambda: pv.Solid(TETRA, [*SKIN, *SKIN[:1]]), "more than two", "3 edges")
bad("flat solid", lambda: pv.Solid([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 0, 1]], SKIN), "no area")
AROUND = np.stack([np.cos(np.arange(9.0)), np.sin(np.arange(9.0))], axis=1)
bad("cloud of numbers", lambda: pv.PointCloud([1, 2], [1, 2]), "points has shape (2,)")
bad("cloud of few", lambda: pv.PointCloud(AROUND[:3], AROUND[:3]), "3 cannot bound")
bad("cloud with other normals", lambda: pv.PointCloud(AROUND, AROUND[:3]), "normals has shape (3, 2)")
bad("cloud with no normals", lambda: pv.PointCloud(AROUND, 0 * AROUND), "9 are zero")
bad("cloud from inside", lambda: pv.PointCloud(AROUND, -AROUND), "point inward")
TWICE = np.concatenate([AROUND, AROUND[:1]])
bad("cloud with a point twice", lambda: pv.PointCloud(TWICE, TWICE), "2 of them occur twice")
FAR = np.concatenate([AROUND, [[40, 0]]])
bad("cloud with a stray point", lambda: pv.PointCloud(FAR, FAR), "from its neighbours", "stray")
DISK = pv.Disk()
bad("half space of one number", lambda: pv.HalfSpace(1, 2), "give two numbers each")
bad("half space without a normal", lambda: pv.HalfSpace((0, 0), (0, 0)), "the normal not zero")
bad("half space in space", lambda: DISK & pv.HalfSpace((0, 0, 0), (0, 0, 1)), "3 dimensions, not in 2")
bad("union with a half space", lambda: DISK | pv.HalfSpace((0, 0), (0, 1)), "joins two shapes")
bad("half spaces alone", lambda: pv.HalfSpace((0, 0), (0, 1)) & 3, "has no bounds")
bad("nothing left of a disk", lambda: DISK & pv.HalfSpace((2, 0), (-1, 0)), "is empty")
bad("product with a name twice", lambda: pv.Disk() * pv.Interval(0, 1), "x occurs more than once")
bad(
    "space and time of one name",
    lambda: pv.Interval(t=(0, 1)) * pv.Time(0, 1),
    "t occurs more than once",
)
bad("two times", lambda: SLAB * pv.Time(tau=(0, 1)), "at most one Time")
bad("product with a number", lambda: pv.Disk() * 3, "domain=3", "pv.Box")
bad(
    "union over other names",
    lambda: pv.Disk() | pv.Box(a=(0, 1), b=(0, 1)),
    "share their coordinates",
    "'a'",
)
bad("union with time", lambda: pv.Disk() | pv.Time(0, 1), "| joins two shapes", "Time")
bad("difference with a number", lambda: pv.Disk() - 3, "- joins two shapes", "int")
bad("periodic union", lambda: pv.Box(x=(0, 1), periodic="x") | pv.Box(x=(0, 2)), "without periodic")
bad("empty intersection", lambda: pv.Disk() & pv.Disk((9, 9)), "Intersection", "is empty")
bad("empty difference", lambda: pv.Disk() - pv.Disk(radius=2), "Difference", "is empty")

# Boundary parts.


def on(part, domain=SLAB):
    return condition(pv.Dirichlet(u=0.0, on=part), domain=domain)


STRIP = pv.Box(x=(0, 1), y=(0, 1), periodic="x")


bad("part that does not exist", lambda: on("z"), "condition 'mine'", "on='z'", "parts are", "x+")
HOLED = pv.Box(x=(-2, 2), y=(-2, 2)) - pv.Disk(radius=0.5) - pv.Disk((1, 1), 0.2)
bad("part of two shapes", lambda: on("circle", HOLED), "fits parts of 2 shapes", "radius=0.2", "name=")
CUT = pv.Box(x=(0, 2), y=(0, 2)) - pv.Box(x=(-1, 3), y=(-1, 1))
bad("part that was cut off", lambda: on("y-", CUT), "'y-'", "has removed that part")
bad("part with a slip", lambda: on("circl", pv.Disk()), "on='circl'", "Did you mean 'circle'?")
bad("one of two parts does not exist", lambda: on("x- w+"), "on='w+'", "parts are")
bad(
    "edge beyond the last",
    lambda: on("edge3", pv.Polygon(TRIANGLE)),
    "on='edge3'",
    "edge0, edge1, edge2",
)
bad("periodic part", lambda: on("x-", STRIP), "on='x-'", "'x' is periodic")
bad(
    "no boundary at all",
    lambda: on(None, pv.Interval(0, 1, periodic=True)),
    "every coordinate is periodic",
)
bad("empty part", lambda: on(""), "on=''", "names no part")
bad("part by number", lambda: on(3), "condition 'mine'", "on=3")
bad("space and time in one", lambda: on(("x-", "t+")), "condition 'mine'", "'t+'", "of its own")
bad("boundary of time alone", lambda: on("x", pv.Time(0, 1)), "no boundary in space", "on='t-'")
bad("predicate that never holds", lambda: on(lambda x: x > 5), "condition 'mine'", "holds at no point")
bad("predicate of the unknown", lambda: on(lambda z: z > 0), "'z'", "coordinates x, y")
bad("predicate of time", lambda: on(lambda t: t > 0), "'t'", "spatial coordinates x, y")
bad("predicate that fails", lambda: on(lambda x: x.real[0] > 0), "condition 'mine'", "on=", "predicate")
bad(
    "predicate without one answer",
    lambda: on(lambda x: x > 0.5, CUBE),
    "condition 'mine'",
    "on=",
    "predicate",
)
bad(
    "slope at the end of time",
    lambda: condition(pv.Neumann(u=0.0, on="t+")),
    "condition 'mine'",
    "normal",
)
bad("u_n at the end of time", lambda: condition(pv.Boundary(lambda u_n: u_n - 1, on="t+")), "normal")


@REFUSED.each()
def test_refused(row):
    check(row)
