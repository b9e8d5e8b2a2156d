"""Problems and networks that are refused where they are written."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import pinnsven as pv
from refusals import INF, MASKED, NAN, TWO_POINTS, Refused, check, condition, moved, pde, problem, solve

REFUSED = Refused()
bad = REFUSED.add

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
bad(
    "constant nobody asks for",
    lambda: problem(constants={"k": 2.0}),
    "no condition mentions the constant 'k'",
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


@REFUSED.each()
def test_refused(row):
    check(row)
