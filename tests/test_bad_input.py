"""Wrong use is refused where it happens, with words that name what was given and what is allowed.

One table: what is written, and phrases that its message must hold. Another for the command.
"""

import dataclasses
import functools
import operator
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._cli import main
from pinnsven._domains import as_domain
from pinnsven._output._records import FieldErrors
from pinnsven._solving._points import PointSet
from pinnsven._sven import least_squares

NAN, INF = float("nan"), float("inf")

# Words of the machinery, which mean nothing to the reader of a message.
INTERNAL = ("Tracer", "traced", "site-packages", "pinnsven/_", "object has no attribute")


@dataclasses.dataclass(frozen=True)
class Row:
    """Something wrong, the phrases of its message, and the class of the error."""

    name: str
    attempt: Callable[[], object]
    phrases: tuple[str, ...]
    error: type[Exception] = ValueError


ROWS: list[Row] = []


def bad(name, attempt, *phrases, error=ValueError):
    ROWS.append(Row(name, attempt, phrases, error))


SLAB = pv.Box(x=(0, 1), y=(0, 2)) * pv.Time(0, 1)
TWO_POINTS = {"x": [0.1, 0.2], "y": [0.3, 0.4], "t": [0.5, 0.6]}


def problem(domain=SLAB, fields="u", conditions=None, **options):
    """A sound problem, save for what a row changes."""
    if conditions is None:
        conditions = {"pde": pv.PDE(lambda u_t, u: u_t + u), "start": pv.Initial(u=1.0)}
    return pv.Problem(domain, fields, conditions, **options)


def condition(given, **options):
    return problem(conditions={"mine": given}, **options)


def solve(given=None, **options):
    options = {"network": pv.MLP(2, 1), "points": 4, "max_steps": 1} | options
    return pv.solve(problem() if given is None else given, **options)


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
CUBE = pv.Box(x=[(0, 1)] * 2)
bad("part that does not exist", lambda: on("z"), "condition 'mine'", "on='z'", "parts are", "x+")
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

# Names.


def pde(function, **options):
    return condition(pv.PDE(function), **options)


bad("name of nothing", lambda: pde(lambda w: w), "condition 'mine'", "named 'w'", "u, x, y, t")
bad("name with a slip", lambda: pde(lambda uxx: uxx), "'uxx'", "Did you mean 'u_xx'?")
bad(
    "derivative along nothing",
    lambda: pde(lambda u_z: u_z),
    "condition 'mine'",
    "'u_z'",
    "along 'z'",
    "x, y, t",
)
bad(
    "second derivative along nothing",
    lambda: pde(lambda u_xz: u_xz),
    "'u_xz'",
    "coordinates are x, y, t",
    "Did you mean",
)
bad("gradient of nothing", lambda: pde(lambda grad_v: grad_v[0]), "'grad_v'", "Did you mean 'grad_u'?")
bad("derivative without a coordinate", lambda: pde(lambda u_: u_), "'u_'")
bad("*args", lambda: pde(lambda *args: args[0]), "condition 'mine'", "*args", "by name")
bad("**kwargs", lambda: pde(lambda u, **rest: u), "**rest", "by name")
bad("function without a signature", lambda: pde(min), "condition 'mine'", "argument names")
bad("slope inside", lambda: pde(lambda u_n: u_n), "condition 'mine'", "only in boundary conditions")
bad(
    "normal at the start",
    lambda: condition(pv.Initial(lambda u, normal: u * normal[0])),
    "only in boundary",
)
bad(
    "ambiguous name",
    lambda: pde(lambda u_xx: u_xx, domain=pv.Box(x=(0, 1), xx=(0, 1))),
    "'u_xx' is ambiguous",
)
bad(
    "second derivative along a vector",
    lambda: pde(lambda u_xx: u_xx, domain=CUBE),
    "vector coordinate",
    "laplacian_u",
)
bad("no field in a residual", lambda: pde(lambda x: x), "condition 'mine'", "depends on no field")
bad(
    "value of the field itself",
    lambda: condition(pv.Initial(u=lambda u: u)),
    "condition 'mine'",
    "u=",
    "by position",
)
bad(
    "value of a missing name", lambda: condition(pv.Dirichlet(u=lambda z: z)), "condition 'mine'", "'z'"
)
bad(
    "value of a missing field",
    lambda: condition(pv.Dirichlet(v=0.0)),
    "no field is named 'v'",
    "fields are u",
)
bad(
    "slip in a field",
    lambda: condition(pv.Neumann(temprature=0.0), fields="temperature"),
    "Did you mean 'temperature'?",
)
bad("derivative in Dirichlet", lambda: condition(pv.Dirichlet(u_x=0.0)), "no field is named 'u_x'")
bad("initial value of a coordinate", lambda: condition(pv.Initial(x=0.0)), "x=", "not 'x'")
bad("part in Initial", lambda: condition(pv.Initial(u=0.0, on="x")), "condition 'mine'", "'on'")
bad(
    "initial value without time",
    lambda: condition(pv.Initial(u=0.0), domain=pv.Disk()),
    "needs time",
    "pv.Time",
)

# Defaults on names that exist: the name would never be looked up.

DEFAULTS = {
    "field": lambda: pde(lambda u_t, u=0.0: u_t + u),
    "derivative": lambda: pde(lambda u, u_xx=0.0: u + u_xx),
    "coordinate": lambda: pde(lambda u, x=0.0: u + x),
    "unknown": lambda: pde(lambda u, k=1.0: u * k, unknowns={"k": 1.0}),
    "keyword": lambda: pde(lambda u, *, y=0.0: u + y),
    "partial": lambda: pde(functools.partial(lambda u_t, u: u_t + u, u=0.0)),
    "value": lambda: condition(pv.Initial(u=lambda x=0.0: x)),
    "slope": lambda: condition(pv.Neumann(u=lambda y, x=0.0: x * y)),
    "right side of Robin": lambda: condition(pv.Robin(u=(1, 1, lambda x=0.0: x))),
    "residual at the start": lambda: condition(pv.Initial(lambda u, x=0.0: u - x)),
    "residual on the boundary": lambda: condition(pv.Boundary(lambda u, u_n=0.0: u + u_n)),
    "residual at points": lambda: condition(pv.Condition(lambda u, u_x=0.0: u + u_x, TWO_POINTS)),
    "integrand": lambda: condition(pv.Integral(lambda u, x=0.0: u * x)),
    "value of an integral": lambda: condition(pv.Integral(lambda u: u, value=lambda t=0.0: t)),
    "predicate": lambda: condition(pv.Dirichlet(u=0.0, on=lambda x=0.5: x < 0.1)),
    "exact": lambda: problem(exact=lambda x, t=0.0: x + t),
    "ansatz": lambda: solve(network=pv.Ansatz(pv.MLP(2, 1), lambda u, x=0.0: u * x)),
}
for name, attempt in DEFAULTS.items():
    bad(f"default in a {name}", attempt, "has the default", "Leave the default out")

# Fields taken for functions, and more than one function.

bad("field that is called", lambda: pde(lambda u, x: u(x)), "u is a number at a point", "u_x")
bad("gradient of a field", lambda: pde(lambda u, x: jax.grad(u)(x)), "u is a number at a point", "u_x")
bad("jacobian of a field", lambda: pde(lambda u, x: jax.jacfwd(u)(x)), "u is a number at a point")
bad(
    "field that is called, by its name",
    lambda: pde(lambda v, x: v(x), fields="v"),
    "condition 'mine'",
    "v is a number at a point",
    "v_x",
)
bad("two functions", lambda: pv.PDE(lambda u: u, lambda u_t: u_t), "one function", "tuple")
bad("integral of two", lambda: pv.Integral(lambda u: u, weight=lambda u: u), "one function", "weight")

# What is prescribed.

bad("nothing prescribed", lambda: pv.Dirichlet(), "Dirichlet", "u=0.0")
bad("value by position", lambda: pv.Dirichlet(0.0), "by position returns a residual", "0.0")
bad("value in Boundary", lambda: condition(pv.Boundary(u=0.0)), "u=", "use Dirichlet")
for value in ("0", None, NAN, INF, True, 1j, np.complex128(1j), [1.0], (1.0, 2.0)):
    bad(
        f"value {value!r}",
        lambda v=value: condition(pv.Initial(u=v)),
        "condition 'mine'",
        "u=",
        repr(value),
        "finite number",
    )
bad(
    "value of two numbers",
    lambda: condition(pv.Initial(u=lambda x, y: jnp.stack([x, y]))),
    "u=",
    "shape (2,)",
    "scalar",
)
bad(
    "value of one number with an axis",
    lambda: condition(pv.Initial(u=lambda x: x[None])),
    "shape (1,)",
    "scalar",
)
bad(
    "value of nothing",
    lambda: condition(pv.Initial(u=lambda x: None)),
    "condition 'mine'",
    "u=",
    "None",
)
bad("Robin with a pair", lambda: condition(pv.Robin(u=(1.0, 2.0))), "u=(1.0, 2.0)", "triple (a, b, g)")
bad("Robin with a number", lambda: condition(pv.Robin(u=1.0)), "u=1.0", "triple (a, b, g)")
bad(
    "Robin with a function for a",
    lambda: condition(pv.Robin(u=(lambda x: x, 1, 0))),
    "u=: a =",
    "finite number",
)
bad("Robin that is not finite", lambda: condition(pv.Robin(u=(1, NAN, 0))), "u=: b =", "nan")
bad(
    "Robin without left side",
    lambda: condition(pv.Robin(u=(0, 0, 1))),
    "condition 'mine'",
    "u=(0, 0, 1)",
)

# What a function returns.

RETURNS = [
    ("vector", lambda grad_u: grad_u, "shape (2,)", "scalar"),
    ("vector by broadcasting", lambda grad_u, u: grad_u - u, "shape (2,)", "scalar"),
    ("scalar with an axis", lambda u: u[None], "shape (1,)", "no"),
    ("vector in a tuple", lambda u, grad_u: (u, grad_u), "shape (2,)", "tuple of scalars"),
    ("nothing", lambda u: None, "returned", "None"),
    ("list", lambda u: [u, u], "returned", "list"),
    ("dict", lambda u: {"a": u}, "returned", "dict"),
    ("text", lambda u: "u", "returned", "str"),
    ("empty tuple", lambda u: (), "returned", "empty"),
    ("nested tuple", lambda u: ((u, u), u), "returned", "tuple of scalars"),
    ("bool", lambda u: u > 0, "bool", "real number"),
    ("whole number", lambda u: 1, "int", "real number"),
    ("complex number", lambda u: jax.lax.complex(u, u), "complex", "real number"),
    ("error", lambda u: 1 / 0, "ZeroDivisionError"),
    ("branch", lambda u: u if u > 0 else -u, "jnp.where"),
    ("numpy function", lambda u: np.sin(u), "jnp"),
]
for name, function, *phrases in RETURNS:
    bad(f"returned {name}", lambda f=function: pde(f), "condition 'mine'", *phrases)

# Weights and numbers of points.

for weight in (-1.0, 0.0, NAN, -INF, "heavy", True):
    bad(f"weight {weight!r}", lambda w=weight: pv.PDE(lambda u: u, weight=w), "weight", repr(weight))
for count in (0, -3, 2.5, True, "many"):
    bad(
        f"points {count!r}",
        lambda c=count: pv.Dirichlet(u=0.0, points=c),
        f"points={count!r}",
        "positive",
    )
bad("weight of data", lambda: pv.Data(TWO_POINTS, u=[0, 0], weight=-2), "weight=-2", "positive")
bad(
    "weight of a condition",
    lambda: pv.Condition(lambda u: u, TWO_POINTS, weight=0),
    "weight=0",
    "positive",
)
bad("PDE that is no function", lambda: pv.PDE("u_t - u_xx"), "PDE", "'u_t - u_xx'")
bad("condition that is no function", lambda: pv.Condition(3, TWO_POINTS), "Condition", "3")
bad("no weight for equations", lambda: pv.FixedWeights(equation=0.0), "equation=0.0", "positive")
bad("weight of others", lambda: pv.FixedWeights(others=NAN), "others=nan", "finite")
bad("bound of weights", lambda: pv.BalancedWeights(bound=0.5), "bound=0.5", "at least 1")
bad("power of weights", lambda: pv.BalancedWeights(power=NAN), "power=nan", "[0, 1]")

# Data and points.


def data(points=TWO_POINTS, domain=SLAB, **values):
    return condition(pv.Data(points, **(values or {"u": [0.0, 1.0]})), domain=domain)


def moved(**coordinates):
    return TWO_POINTS | coordinates


bad("data without values", lambda: pv.Data(TWO_POINTS), "Data", "u=values")
bad("data of a missing field", lambda: data(v=[0, 1]), "condition 'mine'", "'v'")
bad("data of a coordinate", lambda: data(x=[0, 1]), "x=", "not 'x'")
bad("data of a gradient", lambda: data(grad_u=[0, 1]), "condition 'mine'", "shape (2,)")
bad(
    "coordinates of two lengths",
    lambda: data(moved(x=[0.1, 0.2, 0.3])),
    "different lengths",
    "'x': 3",
    "'y': 2",
)
bad("coordinate of one number", lambda: data(moved(t=0.5)), "points['t']", "shape ()", "(n,)")
bad("coordinate of one entry", lambda: data(moved(t=[0.5])), "different lengths", "'t': 1")
bad(
    "column of coordinates",
    lambda: data(moved(x=[[0.1], [0.2]])),
    "points['x']",
    "shape (2, 1)",
    "(n,)",
)
bad("too few values", lambda: data(u=[0.0]), "condition 'mine'", "shape (1,)", "2 points")
bad("one value for all points, no number", lambda: data(u=NAN), "u=", "nan")
bad("column of values", lambda: data(u=[[0.0], [1.0]]), "shape (2, 1)", "2 points")
bad("value that is no number", lambda: data(u=[0.0, NAN]), "condition 'mine'", "u=", "[1]", "nan")
bad("coordinate that is no number", lambda: data(moved(y=[NAN, 0.1])), "points['y']", "[0]", "nan")
bad("infinite value", lambda: data(u=[-INF, 0.0]), "[0]", "-inf")
bad("complex values", lambda: data(u=[1j, 0.0]), "u=", "real numbers")
bad("true and false", lambda: data(u=[True, False]), "u=", "real numbers")
bad("values of text", lambda: data(u=["1", "2"]), "u=", "real numbers")
MASKED = np.ma.masked_array([0.5, 1e20], mask=[False, True])
bad("masked values", lambda: data(u=MASKED), "condition 'mine'", "u=", "1 of 2 entries are masked")
bad("masked coordinates", lambda: data(moved(x=MASKED)), "points['x']", "1 of 2 entries are masked")
bad("masked number", lambda: condition(pv.Dirichlet(u=np.ma.masked)), "u=", "masked")
bad(
    "noise of each reading",
    lambda: pv.Data(TWO_POINTS, u=[0, 0], noise=np.ones(2)),
    "(2,)",
    "one number",
)
bad("noise in a list", lambda: pv.Data(TWO_POINTS, u=[0, 0], noise=[0.1, 0.2]), "(2,)", "of their own")
bad("noise of text", lambda: pv.Data(TWO_POINTS, u=[0, 0], noise="low"), "noise", "standard deviation")
bad("ragged values", lambda: data(u=[[1.0], [1.0, 2.0]]), "u=", "real numbers")
bad(
    "missing coordinate",
    lambda: data({"x": [0.1], "y": [0.1]}, u=[0.0]),
    "condition 'mine'",
    "'t' is missing",
)
bad("coordinate too many", lambda: data(moved(z=[0, 1])), "no coordinate 'z'", "x, y, t")
bad(
    "slip in a coordinate",
    lambda: data({"xx": [0.1], "t": [0.1]}, pv.Interval(xi=(0, 1)) * pv.Time(0, 1), u=[0.0]),
    "Did you mean 'xi'?",
)
bad(
    "point outside",
    lambda: data(moved(x=[0.5, 1.5])),
    "condition 'mine'",
    "1 of 2",
    "outside",
    "number 1",
)
bad("point before the start", lambda: data(moved(t=[-1.0, 0.5])), "1 of 2", "outside", "number 0")
bad("no point", lambda: data({name: [] for name in "xyt"}, u=[]), "there is no point")
bad(
    "points without names",
    lambda: data([[0.1, 0.2, 0.3]], u=[0.0]),
    "dict of coordinate arrays",
    "x, y, t",
)
bad("vector of another size", lambda: data({"x": np.zeros((2, 3))}, CUBE), "shape (2, 3)", "(n, 2)")
bad(
    "own points outside",
    lambda: condition(pv.Condition(lambda u: u, moved(x=[3, 3]))),
    "2 of 2",
    "outside",
)

# Problems.

bad("domain of numbers", lambda: problem((0, 1)), "domain=(0, 1)", "pv.Box")
bad("domain that is a class", lambda: problem(pv.Disk), "domain=", "pv.Box")
bad("no field", lambda: problem(fields=""), "at least one field")
bad("field that is a number", lambda: problem(fields=3), "fields=3", "'u'")
bad("field with a minus", lambda: problem(fields="u-v"), "'u-v'", "identifier")
bad("field by number", lambda: problem(fields=[1]), "1", "identifier")
bad("private field", lambda: problem(fields="_u"), "'_u'", "identifier")
bad("field that is a keyword", lambda: problem(fields="u lambda"), "'lambda'", "identifier")
bad("fields in a set", lambda: problem(fields={"u", "v"}), "a set has no order", "list")
bad("fields in a frozen set", lambda: problem(fields=frozenset("uv")), "a set has no order")
for word in ("error", "plot", "status", "history", "corrected", "save", "rank", "spectrum", "domain"):
    bad(f"field named {word}", lambda w=word: problem(fields=f"u {w}"), repr(word), f"solution.{word}")
bad("coordinate named outside", lambda: pv.Box(outside=(0, 1)), "'outside' is reserved")
bad("one field twice", lambda: problem(fields="u v u"), "'u' is used twice")
bad("field named as a coordinate", lambda: problem(fields="u x"), "'x' is used twice")
bad("field named normal", lambda: problem(fields="u normal"), "'normal' is used twice")
bad("unknown named as a field", lambda: problem(unknowns={"u": 1.0}), "'u' is used twice")
bad("unknown named as a coordinate", lambda: problem(unknowns={"t": 1.0}), "'t' is used twice")
for word in ("weight", "points", "on"):  # `Dirichlet(weight=0.0)` would mean something else
    bad(f"field named {word}", lambda w=word: problem(fields=f"u {w}"), repr(word), "name")
bad("unknowns without values", lambda: problem(unknowns=["k"]), "unknowns=['k']", "dict")
bad("unknown without a number", lambda: problem(unknowns={"k": "1"}), "unknowns: k", "'1'")
bad("unknown that is not finite", lambda: problem(unknowns={"k": INF}), "unknowns: k", "inf")
bad(
    "unknown nobody asks for",
    lambda: problem(unknowns={"k": 1.0}),
    "no condition mentions the unknown 'k'",
)
bad("field nobody asks for", lambda: problem(fields="u v"), "no condition mentions the field 'v'")
bad("no condition", lambda: problem(conditions={}), "conditions", "dict of named conditions")
bad(
    "conditions without names",
    lambda: problem(conditions=[pv.PDE(lambda u: u)]),
    "dict of named conditions",
)
bad("bare function", lambda: condition(lambda u: u), "condition 'mine'", "wrap a function in pv.PDE")
bad(
    "condition without a name", lambda: problem(conditions={"": pv.PDE(lambda u: u)}), "''", "non-empty"
)
bad("condition named by number", lambda: problem(conditions={1: pv.PDE(lambda u: u)}), "1", "string")
bad("exact number", lambda: problem(exact=3), "exact", "function of named coordinates")
bad(
    "exact of one of two fields",
    lambda: pde(lambda u, v: u * v, fields="u v", exact=lambda x: x),
    "exact",
    "one function per field, u, v",
)
bad(
    "exact of a missing field",
    lambda: problem(exact={"w": lambda x: x}),
    "exact",
    "'w'",
    "fields are u",
)
bad(
    "exact of a missing coordinate",
    lambda: problem(exact=lambda x, z: x),
    "exact['u']",
    "'z'",
    "x, y, t",
)
bad("exact of *args", lambda: problem(exact=lambda *args: 0.0), "exact", "*args")
bad("exact in numpy", lambda: problem(exact=lambda x: np.sin(x)), "exact", "jnp")
bad("exact vector", lambda: problem(exact=lambda x: jnp.stack([x, x])), "exact", "shape (2,)")
bad("reference of a number", lambda: problem(reference=3), "reference=3", "pv.Reference")
bad("reference without values", lambda: pv.Reference(TWO_POINTS, floor=0.0), "Reference", "u=u")
bad("floor that is no number", lambda: pv.Reference(TWO_POINTS, floor=NAN, u=[0, 0]), "floor", "nan")
bad("floor below zero", lambda: pv.Reference(TWO_POINTS, floor=-1.0, u=[0, 0]), "floor", "-1.0")


def reference(points=TWO_POINTS, **values):
    return problem(reference=pv.Reference(points, floor=0.0, **values))


bad("reference of a missing field", lambda: reference(w=[0, 0]), "reference", "'w'", "fields are u")
bad("reference too short", lambda: reference(u=[0]), "reference u=", "(2,)")
bad("reference that is no number", lambda: reference(u=[0, NAN]), "reference u=", "nan")
bad("masked reference", lambda: reference(u=MASKED), "reference u=", "masked")
bad("reference outside", lambda: reference(moved(x=[0, 9]), u=[0, 0]), "1 of 2", "outside")

# Networks.

for size in (0, -2, 1.5, True, "8"):
    bad(f"width {size!r}", lambda s=size: pv.MLP(width=s), f"width={size!r}", "positive integer")
bad("no layer", lambda: pv.SineMLP(depth=0), "depth=0", "positive integer")
bad(
    "activation with a slip",
    lambda: pv.MLP(activation="tahn"),
    "activation='tahn'",
    "Did you mean 'tanh'?",
    "softplus",
)
bad("activation far off", lambda: pv.MLP(activation="zzz"), "activation='zzz'", "tanh, sin, gelu")
bad("activation by number", lambda: pv.MLP(activation=3), "activation=3", "tanh")
bad("activation in a list", lambda: pv.MLP(activation=["tanh"]), "activation=['tanh']", "tanh")
bad("no features", lambda: pv.FourierMLP(features=0), "features=0", "positive")
for scale in (-1.0, NAN, INF):
    bad(f"scale {scale}", lambda s=scale: pv.FourierMLP(scale=s), f"scale={scale}", "positive")
    bad(f"size {scale}", lambda s=scale: pv.MLP(scale=s), f"scale={scale}", "positive")
    bad(f"sizes {scale}", lambda s=scale: pv.MLP(scale=(1.0, s)), f"scale=(1.0, {scale})", "positive")
    bad(f"frequency {scale}", lambda s=scale: pv.SineMLP(frequency=s), f"frequency={scale}", "positive")
bad("size of nothing", lambda: pv.MLP(scale=()), "scale=()", "positive")
bad("size in words", lambda: pv.MLP(scale="large"), "scale='large'", "positive")

KEY = jax.random.PRNGKey(0)


class Silent(eqx.Module):
    """No `__call__`."""


class Three(eqx.Module):
    """Takes three numbers apart."""

    weight: jax.Array

    def __call__(self, inputs):
        a, b = inputs
        return self.weight * a * b


class Pair(eqx.Module):
    """Returns a tuple."""

    weight: jax.Array

    def __call__(self, inputs):
        return self.weight * inputs[0], inputs[1]


def ansatz(transform):
    return lambda: solve(network=pv.Ansatz(pv.MLP(2, 1), transform))


bad("network by number", lambda: solve(network=3), "network=3", "pv.MLP")
bad("network class", lambda: solve(network=pv.MLP), "network=", "pv.MLP(...)")
bad("network without a call", lambda: solve(network=Silent()), "network=", "__call__")
bad("network of too few inputs", lambda: solve(network=eqx.nn.MLP(2, 1, 4, 1, key=KEY)), "3 inputs")
bad(
    "network of too many outputs",
    lambda: solve(network=eqx.nn.MLP(3, 2, 4, 1, key=KEY)),
    "shape (2,)",
    "1 field",
)
bad(
    "network that expects two inputs", lambda: solve(network=Three(jnp.ones(()))), "network", "3 inputs"
)
bad("network that returns a tuple", lambda: solve(network=Pair(jnp.ones(()))), "network", "tuple")
bad("ansatz of a missing name", ansatz(lambda u, z: u * z), "Ansatz", "'z'", "u, x, y, t")
bad("ansatz of *args", ansatz(lambda *args: args[0]), "Ansatz", "*args")
bad("ansatz of nothing", ansatz(lambda u: None), "Ansatz", "1 scalar")
bad("ansatz of two values", ansatz(lambda u: (u, u)), "Ansatz", "1 scalar", "u")
bad("ansatz of a vector", ansatz(lambda u: u[None]), "Ansatz", "shapes [(1,)]")
bad("ansatz that is no function", ansatz(3), "Ansatz", "3")

# Solving.

bad("no problem", lambda: pv.solve("burgers"), "problem='burgers'", "pv.Problem")
for tolerance in (-1e-3, NAN, INF, "small"):
    bad(
        f"tolerance {tolerance!r}", lambda t=tolerance: solve(tolerance=t), "tolerance", repr(tolerance)
    )
for limit in (0, -1.0, NAN, INF, "1 min"):
    bad(f"time limit {limit!r}", lambda v=limit: solve(time_limit=v), "time_limit", repr(limit))
for steps in (0, -1, 1.5, True, "ten"):
    bad(
        f"max_steps {steps!r}", lambda v=steps: solve(max_steps=v), f"max_steps={steps!r}", "at least 1"
    )
for seed in (-1, 0.5, None, "s"):
    bad(f"seed {seed!r}", lambda v=seed: solve(seed=v), f"seed={seed!r}", "at least 0")
bad("solver by name", lambda: solve(solver="sven"), "solver='sven'", "optax")
bad("solver class", lambda: solve(solver=pv.Sven), "solver=", "pv.Sven(...)")
bad("callback by number", lambda: solve(callbacks=3), "callbacks", "3")
bad("callback by class", lambda: solve(callbacks=[pv.Progress]), "callbacks", "Progress()")
bad("callback by name", lambda: solve(callbacks=["plot"]), "callbacks", "'plot'")
bad(
    "precision by another name",
    lambda: solve(precision="double"),
    "precision='double'",
    "float64, float32",
)
bad("sampler by name", lambda: solve(sampler="sobol"), "sampler='sobol'", "pv.Sobol()")
bad("weighting by name", lambda: solve(weighting="balanced"), "weighting='balanced'", "pv.FixedWeights")
bad("resume from nowhere", lambda: solve(resume=True), "resume", "checkpoint")


def march(slabs: object = 2, domain=SLAB, extra=None, **options):
    conditions = {
        "pde": pv.PDE(lambda u_t, u: u_t + u),
        "start": pv.Initial(u=0.0),
        "more": extra or pv.Dirichlet(u=0.0, on="x"),
    }
    given = problem(domain, conditions=conditions)
    return pv.march(given, slabs, network=pv.MLP(2, 1), **options)  # type: ignore[arg-type]


bad("march of no slab", lambda: march(0), "slabs=0", "at least one")
bad("march of a fraction", lambda: march(2.5), "slabs=2.5", "inner edges")
bad("march of text", lambda: march("ab"), "slabs =", "'a'")
bad("march of yes", lambda: march(True), "slabs=True", "inner edges")
bad("march beyond the end", lambda: march([0.5, 1.5]), "slabs=[0.5, 1.5]", "between 0.0 and 1.0")
bad("march backwards", lambda: march([0.5, 0.2]), "slabs=[0.5, 0.2]", "ascend")
bad("march to nowhere", lambda: march([NAN]), "slabs =", "nan")
bad("march with a file", lambda: march(checkpoint="a.ckpt"), "checkpoint", "no checkpoint")
bad("march in no time", lambda: march(time_limit=0), "time_limit=0", "positive")
bad("march of nothing", lambda: pv.march(None, 2), "pv.Problem")  # type: ignore[arg-type]
bad("march without a start", lambda: pv.march(pde(lambda u: u - 1), 2), "pv.Initial")
bad("march with data", lambda: march(extra=pv.Data(TWO_POINTS, u=[0, 0])), "'more'", "times together")
bad("march with an end", lambda: march(extra=pv.Dirichlet(u=0.0, on="t+")), "'more'", "times together")
bad("march with an integral", lambda: march(extra=pv.Integral(lambda u: u, value=0.0)), "'more'")
bad(
    "march with an unknown",
    lambda: pv.march(pde(lambda u, k: u - k, unknowns={"k": 1.0})),
    "unknown",
    "solve()",
)
for points in (0, -1, 2.5, True, "many", [4]):
    bad(
        f"solve with points {points!r}",
        lambda p=points: solve(points=p),
        f"points={points!r}",
        "positive",
    )
bad("points of a missing condition", lambda: solve(points={"pda": 4}), "'pda'", "Did you mean 'pde'?")
bad("no points of a condition", lambda: solve(points={"pde": 0}), "points['pde']", "positive")
bad(
    "own points without time",
    lambda: solve(points={"pde": {"x": [0.1], "y": [0.1]}}),
    "points['pde']",
    "'t' is missing",
)
bad(
    "own points outside the domain",
    lambda: solve(points={"pde": moved(x=[7, 8])}),
    "points['pde']",
    "outside",
)
bad(
    "points for data",
    lambda: solve(data(), points={"mine": TWO_POINTS}),
    "points['mine']",
    "cannot be replaced",
)
bad(
    "points for slopes",
    lambda: solve(condition(pv.Neumann(u=0.0)), points={"mine": TWO_POINTS}),
    "points['mine']",
    "normals",
)
bad(
    "own points off the boundary",
    lambda: solve(condition(pv.Dirichlet(u=0.0)), points={"mine": TWO_POINTS}),
    "points['mine']",
    "boundary",
)
bad(
    "own points after the start",
    lambda: solve(condition(pv.Initial(u=0.0)), points={"mine": TWO_POINTS}),
    "points['mine']",
    "start",
)
bad("number of points for data", lambda: solve(data(), points={"mine": 7}), "points['mine']")
bad(
    "not finite at its first points",
    lambda: solve(pde(lambda u, x: u / (x - x))),
    "condition 'mine'",
    "x = 0.",
    "t = 0.",
    "4 of 4 points",
    "division by zero",
)
bad(
    "not finite at one of its own points",
    lambda: solve(condition(pv.Condition(lambda u, x: u + jnp.log(x), moved(x=[0.5, 0.0])))),
    "condition 'mine'",
    "-inf",
    "x = 0",
    "y = 0.4",
    "t = 0.6",
    "1 of 2 points",
)
bad(
    "not finite at one place of two conditions",
    lambda: solve(
        problem(
            conditions={
                "fine": pv.PDE(lambda u: u),
                "start": pv.Initial(lambda u, t: u + jnp.sqrt(t - 1)),
            }
        ),
        points={"start": 3},
    ),
    "condition 'start'",
    "nan",
    "t = 0",
    "3 of 3 points",
)

# Sven alone.

bad("no rank", lambda: pv.Sven(max_rank=0), "max_rank=0", "at least 1")
bad("cut at everything", lambda: pv.Sven(rtol=1.0), "rtol=1.0", "[0, 1)")
bad("negative cut", lambda: pv.Sven(rtol=-1e-3), "rtol=-0.001", "[0, 1)")
bad("no parameters early", lambda: pv.Sven(early_share=0.0), "early_share=0.0", "(0, 1]")
bad("no candidate", lambda: pv.SpectralSearch(probes=0), "probes=0", "at least one")
bad("no patience", lambda: pv.SpectralSearch(patience=0), "patience=0", "at least one")
bad(
    "parameters without floats",
    lambda: least_squares(lambda p: p, jnp.arange(3)),
    "params",
    "floating-point",
)
bad("residual without rows", lambda: least_squares(lambda p: p[:0], jnp.ones(3)), "residual", "no rows")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_refused(row):
    with pytest.raises(Exception) as caught:
        row.attempt()
    message = str(caught.value)
    assert isinstance(caught.value, row.error), message
    missing = [phrase for phrase in row.phrases if phrase not in message]
    assert not missing, message
    assert not [word for word in INTERNAL if word in message], message


def test_every_row_has_a_name_of_its_own_and_phrases():
    assert len(ROWS) >= 90
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert all(row.phrases for row in ROWS)


# What is said and goes on: a start or a side that counting shows to be missing.

ROOM = pv.Box(x=(0, 1), y=(0, 2))
LINE = pv.Interval(0, 1)
HEAT = {"pde": pv.PDE(lambda u_t, u_xx: u_t - u_xx)}
LAPLACE = {"pde": pv.PDE(lambda u_xx, u_yy: u_xx + u_yy)}
WAVE = {"pde": pv.PDE(lambda u_tt, u_xx: u_tt - u_xx), "walls": pv.Dirichlet(u=0.0)}
STARTED = {"start": pv.Initial(u=0.0)}
WALLS = {"walls": pv.Dirichlet(u=0.0)}


def three_sides(**more):
    sides = {part: pv.Dirichlet(u=0.0, on=part) for part in ("x-", "x+", "y-")}
    return pv.Problem(ROOM, "u", LAPLACE | sides | more)


def tanks(**more):
    pair = pv.PDE(lambda a_t, b_t, a, b: (a_t + a, b_t + b - a))
    return pv.Problem(pv.Time(0, 1), "a b", {"tanks": pair, "first": pv.Initial(a=1.0)} | more)


WARNED = {
    "heat without a start": (
        lambda: pv.Problem(LINE * pv.Time(0, 1), "u", HEAT | WALLS),
        "'u' is of order 1 in t, and no conditions",
        r"pv\.Initial\(u=0\.0\)",
    ),
    "wave with half a start": (
        lambda: pv.Problem(LINE * pv.Time(0, 1), "u", WAVE | STARTED),
        "of order 2 in t, and 1 condition in time",
        r"Is u_t at t = 0 missing",
    ),
    "decay alone": (
        lambda: pv.Problem(pv.Time(2, 3), "u", {"p": pv.PDE(lambda u_t, u: u_t + u)}),
        "at t = 2 missing",
    ),
    "second tank": (tanks, "the equation of 'b'", "b at t = 0"),
    "one side of a square": (three_sides, r"no condition on the side 'y\+'", r"on='y\+'"),
    "one side by the Laplacian": (
        lambda: pv.Problem(
            ROOM,
            "u",
            {"pde": pv.PDE(lambda laplacian_u, x: laplacian_u - x), "x": pv.Dirichlet(u=0.0, on="x")}
            | {"y": pv.Neumann(u=0.0, on="y-")},
        ),
        r"no condition on the side 'y\+'",
    ),
    "one end of a heated bar": (
        lambda: pv.Problem(
            LINE * pv.Time(0, 1), "u", HEAT | STARTED | {"left": pv.Dirichlet(u=0.0, on="x-")}
        ),
        r"no condition on the side 'x\+'",
    ),
}


@pytest.mark.parametrize("row", WARNED.values(), ids=WARNED)
def test_what_is_missing_is_said_where_the_problem_is_declared(row):
    make, *phrases = row
    with pytest.warns(UserWarning) as caught:
        make()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    for phrase in ("the answer may not be determined", *phrases):
        assert caught[0].message and re.search(phrase, str(caught[0].message)), caught[0].message


def equation(function, domain=LINE * pv.Time(0, 1), fields="u", **more):
    return lambda: pv.Problem(domain, fields, {"pde": pv.PDE(function)} | more)


LEFT = pv.Dirichlet(u=0.0, on="x-")
WHOLE = {
    "square": lambda: three_sides(top=pv.Neumann(u=1.0, on="y+")),
    "square by a predicate": lambda: three_sides(top=pv.Dirichlet(u=1.0, on=lambda y: y > 1.9)),
    "square with readings": lambda: three_sides(some=pv.Data({"x": [0.5], "y": [1.9]}, u=1.0)),
    "square with an integral": lambda: three_sides(all=pv.Integral(lambda u: u, value=1.0)),
    "both tanks": lambda: tanks(second=pv.Initial(b=0.0)),
    "both ends of time": lambda: tanks(second=pv.Boundary(lambda b: b - 1, on="t+")),
    "a tank with readings": lambda: tanks(some=pv.Data({"t": [0.5]}, b=0.1)),
    "start by position": equation(
        lambda u_tt, u: u_tt + u, pv.Time(0, 1), start=pv.Initial(lambda u, u_t: (u - 1, u_t))
    ),
    "transport": equation(lambda u_t, u_x: u_t + u_x, start=pv.Initial(u=0.0), left=LEFT),
    "third order": equation(lambda u_t, u_xxx: u_t + u_xxx, start=pv.Initial(u=0.0), left=LEFT),
    "axis of a cylinder": equation(
        lambda u_t, u_rr, u_r, r: u_t - u_rr - u_r / r,
        pv.Box(r=(0, 1)) * pv.Time(0, 1),
        start=pv.Initial(u=0.0),
        wall=pv.Dirichlet(u=0.0, on="r+"),
    ),
    "a price of zero": equation(
        lambda u_t, u_xx, u_x, u, x: u_t - x**2 * u_xx - x * u_x + u,
        start=pv.Initial(u=0.0),
        far=pv.Dirichlet(u=0.0, on="x+"),
    ),
    "wave over a box": equation(
        lambda u_yy, u_xx: u_yy - u_xx,
        ROOM,
        start=pv.Boundary(lambda u, u_y: (u, u_y), on="y-"),
        walls=pv.Dirichlet(u=0.0, on="x"),
    ),
    "heat over a box": equation(
        lambda u_y, u_xx: u_y - u_xx,
        ROOM,
        start=pv.Dirichlet(u=0.0, on="y-"),
        walls=pv.Dirichlet(u=0.0, on="x"),
    ),
    "shot from one end": equation(
        lambda u_xx, u: u_xx + u, LINE, left=pv.Boundary(lambda u, u_x: (u, u_x - 1), on="x-")
    ),
    "periodic": equation(
        lambda u_t, u_xx: u_t - u_xx,
        pv.Interval(0, 1, periodic=True) * pv.Time(0, 1),
        start=pv.Initial(u=0.0),
    ),
    "an algebraic equation": equation(
        lambda u_t, v, u, t: (u_t - v, u - t), pv.Time(0, 1), "u v", fix=pv.PDE(lambda v: v - 1)
    ),
    "a flow": equation(
        lambda u_t, u_xx, p_x, u_x: (u_t - u_xx + p_x, u_x), fields="u p", walls=pv.Dirichlet(u=0.0)
    ),
    "an ansatz": lambda: pv.Problem(
        LINE * pv.Time(0, 1),
        "u",
        HEAT,
        network=pv.Ansatz(pv.MLP(), lambda u, x, t: t * x * (1 - x) * u),
    ),
}


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)
def test_what_counting_cannot_judge_is_passed_over(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make()


# Numbers of numpy's.


def test_whole_numbers_of_numpy_are_whole_numbers(tmp_path, quick_compilation):
    network = pv.MLP(width=np.int64(2), depth=np.int32(1), scale=np.float32(1.0))
    conditions = {
        "pde": pv.PDE(lambda u_t, u: u_t + u, points=np.int64(6)),
        "start": pv.Initial(u=np.float32(1.0)),
    }
    given = pv.Problem(pv.Time(0, 1), "u", conditions)
    options = {"seed": np.int64(1), "max_steps": np.int64(2), "time_limit": np.float32(60)}
    found = pv.march(given, np.int64(1), network=network, estimate_error=False, **options)
    assert found.steps == 2
    found.save(tmp_path / "s.pv")
    loaded = pv.load(tmp_path / "s.pv")  # needs no network=: the sizes were written as numbers
    np.testing.assert_array_equal(loaded.u(t=0.5), found.u(t=0.5))
    assert pv.FourierMLP(features=np.int64(3), seed=np.int64(2)) == pv.FourierMLP(features=3, seed=2)
    assert pv.Sven(max_rank=np.int64(3)).max_rank == 3


# Errors that are none.


@pytest.mark.parametrize("order", [(NAN, 1e-9), (1e-9, NAN)])
def test_errors_with_one_that_is_no_number_are_no_number(order):
    errors = FieldErrors(dict(zip("uv", order, strict=True)))
    assert np.isnan(float(errors)) and f"{errors:.1e}" == "nan"
    assert not (errors < 1 or errors <= 1 or errors > 0 or errors >= 0 or errors == 1e-9)
    assert errors != 1e-9 and not operator.ne(FieldErrors(u=0.5), 0.5)


# Outside the domain.


@pytest.fixture(scope="module")
def older():
    """A solution over x in (0, 1) and t in (0, 1)."""
    return pv.load(Path(__file__).parent / "data" / "older.pv")


def test_outside_the_domain_there_is_no_solution(older):
    x, t = np.array([-0.1, 0.0, 0.5, 1.0, 2.0]), 0.5
    known = np.array([False, True, True, True, False])
    np.testing.assert_array_equal(np.isfinite(older.u(x=x, t=t)), known)
    np.testing.assert_array_equal(np.isfinite(older(x=x, t=t)["v"]), known)
    assert np.isnan(older.u(x=0.5, t=1.1)) and np.isnan(older.u(x=0.5, t=-0.1))
    further = older.u(x=x, t=t, outside="extrapolate")
    assert np.all(np.isfinite(further))
    np.testing.assert_array_equal(older.u(x=x, t=t)[known], further[known])
    np.testing.assert_array_equal(older(x=x, t=t, outside="extrapolate")["u"], further)
    with pytest.raises(ValueError, match=r"outside='wrap'.*'nan', 'extrapolate'"):
        older.u(x=x, t=t, outside="wrap")


def test_the_boundary_in_single_precision_is_inside(older):
    domain = pv.Box(x=(0, 0.1)) * pv.Time(0, 0.7)
    moved = dataclasses.replace(older, domain=domain)
    ends = {"x": np.float32(0.1), "t": np.float32(0.7)}
    assert float(ends["x"]) > 0.1
    assert np.isfinite(moved.u(**ends)) and np.isnan(moved.u(x=0.1001, t=0.5))


def test_a_periodic_coordinate_has_no_outside(older):
    ring = dataclasses.replace(older, domain=pv.Box(x=(0, 1), periodic="x") * pv.Time(0, 1))
    assert np.isfinite(ring.u(x=7.3, t=0.5)) and np.isnan(ring.u(x=7.3, t=1.5))


def test_outside_a_hole_nothing_is_known(older):
    domain = pv.Box(x=(0, 1), y=(0, 1)) - pv.Disk((0.5, 0.5), 0.2)
    x = np.array([0.5, 0.1, 0.5])
    found = dataclasses.replace(older, domain=as_domain(domain)).u(x=x, y=np.array([0.5, 0.1, 0.71]))
    np.testing.assert_array_equal(np.isnan(found), [True, False, False])


def test_masked_coordinates_are_refused(older):
    with pytest.raises(ValueError, match="x=: 1 entries are masked"):
        older.u(x=MASKED, t=0.5)


# A grid.


def test_held_out_points_of_a_grid_are_others():
    given = pv.Problem(LINE * pv.Time(0, 1), "u", HEAT | STARTED | WALLS)
    points = PointSet(given, 64, pv.Grid(), np.random.default_rng(0))
    fitted = points.current["pde"].points
    held = points.fresh(given.blocks[0], 64).points
    distances = np.abs(held[:, None] - fitted[None]).max(axis=-1)
    assert fitted.shape == held.shape == (64, 2) and distances.min() > 1e-3


def test_checkpoint_that_cannot_be_written_is_refused_before_the_first_step(tmp_path):
    steps = []
    with pytest.raises((ValueError, OSError), match="nowhere"):
        solve(checkpoint=tmp_path / "nowhere" / "run.npz", callbacks=[steps.append])
    assert not steps


# Files.


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_file_that_is_no_solution_is_refused(tmp_path, content):
    file = tmp_path / "solution.npz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="not a pinnsven file"):
        pv.load(file)


def test_solution_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        pv.load(tmp_path / "missing.npz")


# The command.

HEAD = "import jax.numpy as jnp\nimport pinnsven as pv\n"
SOUND = (
    HEAD
    + """
def make_problem(rate: float = 1.0):
    ode = pv.PDE(lambda u_t, u: u_t + rate * u)
    return pv.Problem(pv.Time(0, 1), "u", {"ode": ode, "start": pv.Initial(u=1.0)})
"""
)
FILES = {
    "sound.py": SOUND,
    "nothing.py": "",
    "number.py": "make_problem = 3\n",
    "text.py": "def make_problem():\n    return 'burgers'\n",
    "none.py": "def make_problem():\n    pass\n",
    "syntax.py": "def make_problem(:\n",
    "imports.py": "import no_such_module\n",
    "raises.py": "def make_problem():\n    return {}['rate']\n",
    "divides.py": "def make_problem():\n    return 1 / 0\n",
    "inside.py": "def make_problem(rate=1):\n    return rate + 'a'\n",
    "invalid.py": HEAD + "def make_problem():\n    return pv.Problem(pv.Time(1, 0), 'u', {})\n",
    "infinite.py": SOUND.replace("u_t + rate * u", "u_t + u / 0.0 * rate"),
    "algebraic.py": HEAD
    + "def make_problem():\n    return pv.Problem(pv.Time(0, 1), 'u', {'p': pv.PDE(lambda u: u)})\n",
    "notes.txt": "hello\n",
}

COMMANDS = [
    ("no file", "solve missing.py", "missing.py: there is no such file"),
    ("slip in a file", "solve {folder}/sounds.py", "Did you mean", "sound.py"),
    ("folder for a file", "solve {folder}", "no such file"),
    ("no make_problem", "solve {folder}/nothing.py", "nothing.py", "make_problem(**parameters)"),
    ("make_problem is a number", "solve {folder}/number.py", "number.py", "no function make_problem"),
    ("make_problem makes text", "solve {folder}/text.py", "returned str, not a pv.Problem"),
    ("make_problem makes nothing", "solve {folder}/none.py", "returned NoneType, not a pv.Problem"),
    ("syntax error", "solve {folder}/syntax.py", "syntax.py", "SyntaxError"),
    (
        "import error",
        "solve {folder}/imports.py",
        "imports.py",
        "ModuleNotFoundError",
        "no_such_module",
    ),
    ("not Python", "solve {folder}/notes.txt", "notes.txt", "not a Python file"),
    ("error in make_problem", "solve {folder}/raises.py", "raises.py", "KeyError", "rate"),
    ("division in make_problem", "solve {folder}/divides.py", "divides.py", "ZeroDivisionError"),
    (
        "TypeError in make_problem",
        "solve {folder}/inside.py",
        "inside.py: make_problem failed",
        "unsupported operand",
    ),
    ("invalid problem", "solve {folder}/invalid.py", "t=(1.0, 0.0) is inverted"),
    ("infinite residual", "solve {folder}/infinite.py --quiet --points 4", "condition 'ode'", "t = "),
    ("unknown parameter", "solve {folder}/sound.py --set speed=2", "does not take speed", "rate"),
    ("parameter without a value", "solve {folder}/sound.py --set rate", "--set rate", "NAME=VALUE"),
    ("parameter without a name", "solve {folder}/sound.py --set =3", "--set =3", "NAME=VALUE"),
    ("resume from nowhere", "solve {folder}/sound.py --resume", "--resume needs --checkpoint"),
    ("slabs without a start", "solve {folder}/algebraic.py --slabs 2", "without a pv.Initial"),
    (
        "slabs and a checkpoint",
        "solve {folder}/sound.py --slabs 2 --checkpoint {folder}/c",
        "--slabs keeps no checkpoint",
    ),
    (
        "picture in no folder",
        "solve {folder}/sound.py --plot {folder}/no/a.png",
        "--plot",
        "folder does not exist",
    ),
    (
        "figures in no folder",
        "solve {folder}/sound.py --json {folder}/no/a.json",
        "--json",
        "folder does not exist",
    ),
    (
        "checkpoint that is a folder",
        "solve {folder}/sound.py --checkpoint {folder}",
        "--checkpoint",
        "cannot be written",
    ),
    (
        "negative time limit",
        "solve {folder}/sound.py --quiet --time-limit -3",
        "time_limit=-3.0",
        "positive",
    ),
    ("time limit of nan", "solve {folder}/sound.py --quiet --time-limit nan", "time_limit", "nan"),
    ("no steps", "solve {folder}/sound.py --quiet --max-steps 0", "max_steps=0", "at least 1"),
    ("negative seed", "solve {folder}/sound.py --quiet --seed -1", "seed=-1", "at least 0"),
    ("no points", "solve {folder}/sound.py --quiet --points 0", "points=0", "positive"),
    (
        "negative tolerance",
        "solve {folder}/sound.py --quiet --tolerance -1",
        "tolerance=-1.0",
        "negative",
    ),
    ("steps of text", "solve {folder}/sound.py --max-steps ten", "--max-steps", "'ten'"),
    (
        "precision by another name",
        "solve {folder}/sound.py --precision half",
        "--precision",
        "'half'",
        "float32",
    ),
    ("unknown option", "solve {folder}/sound.py --speed 3", "--speed"),
    ("unknown command", "slove {folder}/sound.py", "'slove'", "solve"),
    ("solve without a file", "solve", "problem"),
    ("list of no folder", "list {folder}/no", "there is no such folder"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of problem files; the command's cache of compiled code goes there too."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "phrases"), [(c, p) for _, c, *p in COMMANDS], ids=[n for n, *_ in COMMANDS]
)
def test_command_refuses(command, phrases, folder, capsys):
    arguments = [part.format(folder=folder) for part in command.split()]
    try:
        status = main(arguments)
    except SystemExit as stop:  # what argparse does with options it cannot read
        status = stop.code
    words = capsys.readouterr().err
    assert status == 2
    assert not [phrase for phrase in phrases if phrase not in words], words
    assert "Traceback" not in words


def test_command_without_arguments_shows_how_it_is_used(capsys):
    assert main([]) == 2
    assert "usage: pinnsven" in capsys.readouterr().out
