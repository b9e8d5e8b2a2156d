"""Conditions that are refused where they are written: names, values, what functions return, data."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

import pinnsven as pv
from refusals import (
    CUBE,
    INF,
    MASKED,
    NAN,
    TWO_POINTS,
    Refused,
    check,
    condition,
    data,
    moved,
    pde,
    problem,
    solve,
)

REFUSED = Refused()
bad = REFUSED.add

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
    "Robin with a function of the field for a",
    lambda: condition(pv.Robin(u=(lambda u: u, 1, 0))),
    "u=: a =",
    "asks for 'u'",
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


@REFUSED.each()
def test_refused(row):
    check(row)
