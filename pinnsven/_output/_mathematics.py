"""The equations of a condition as expressions, read off the trace of its function.

JAX traces the function once with a symbol for every name that it asks for. What the trace holds of
arithmetic and elementary functions becomes a tree; anything else has no formula, and the function's
source is shown in its place.
"""

import ast
import dataclasses
import inspect
import textwrap
import types
from collections.abc import Callable, Container
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._precision import precision_context
from .._calculus._names import CoordinateValue, Derivative, Gradient, Normal
from .._conditions import INTEGRAL, Block


@dataclasses.dataclass(frozen=True)
class Expression:
    """A node of a formula.

    - `kind`: "number", "symbol", "sum", "product", "quotient", "power", "call", "compare" or "cases".
    - `parts`: the nodes it is made of.
    - `name`: of a symbol, of the function that is called, of a comparison.
    - `value`: of a number.
    """

    kind: str
    parts: tuple["Expression", ...] = ()
    name: str = ""
    value: float = 0.0

    @property
    def is_negative(self) -> bool:
        """Whether it is written with a minus in front."""
        if self.kind == "number":
            return self.value < 0
        return self.kind in ("product", "quotient") and self.parts[0].is_negative


class NoFormula(Exception):
    """The trace holds what no formula shows."""


def number(value: float) -> Expression:
    return Expression("number", value=float(value))


def symbol(name: str) -> Expression:
    return Expression("symbol", name=name)


def equations_of(block: Block) -> tuple[Expression, ...] | None:
    """The residuals of a block as formulas, one for each component; None where they have none."""
    names = (*block.plan.names, *_apart(block))
    try:
        with precision_context("float64"):
            given = {name: jnp.zeros(_shape(block, name)) for name in names}
            closed = jax.make_jaxpr(lambda values: tuple(map(jnp.asarray, block.residual(values))))(
                given
            )
        symbols = [_symbol(block, name) for name in sorted(given)]  # a dict's leaves come sorted
        return tuple(_read(closed.jaxpr, closed.consts, symbols))
    except Exception:  # a function may fail at zero, or do what a trace does not hold
        return None


def formula_of(function: Callable, names: tuple[str, ...]) -> Expression | None:
    """A function of scalars by name as a formula; None where it has none."""
    try:
        with precision_context("float64"):
            given = [jnp.zeros(()) for _ in names]
            closed = jax.make_jaxpr(lambda *values: jnp.asarray(function(*values)))(*given)
        return _read(closed.jaxpr, closed.consts, [symbol(name) for name in names])[0]
    except Exception:
        return None


def source_of(function: object) -> str:
    """The lines in which a function was written, of a lambda what it gives; or its name."""
    try:
        source = inspect.getsource(function)  # type: ignore[arg-type]
        if isinstance(function, types.FunctionType) and function.__name__ == "<lambda>":
            return _body_of(function) or textwrap.dedent(source).strip()
        return textwrap.dedent(source).strip()
    except (OSError, TypeError):
        return getattr(function, "__name__", type(function).__name__)


def _body_of(function: types.FunctionType) -> str:
    """What a lambda gives, as it was written; empty where its file does not tell it from others."""
    code = function.__code__
    whole = "".join(inspect.findsource(function)[0])
    arguments = code.co_varnames[: code.co_argcount]
    places = {(line, column) for line, _, column, _ in code.co_positions() if line and column}
    try:
        nodes = [node for node in ast.walk(ast.parse(whole)) if isinstance(node, ast.Lambda)]
    except SyntaxError:
        return ""
    here = [
        node.body
        for node in nodes
        if node.lineno == code.co_firstlineno
        and tuple(argument.arg for argument in node.args.args) == arguments
        and (node.body.lineno, len(_bytes_before(whole, node.body))) in places
    ]
    found = {ast.get_source_segment(whole, body) or "" for body in here}
    return " ".join(found.pop().split()) if len(found) == 1 else ""


def _bytes_before(source: str, node: ast.expr) -> bytes:
    """What stands before a node in its line: columns are counted in bytes."""
    return source.splitlines()[node.lineno - 1].encode()[: node.col_offset]


def _apart(block: Block) -> tuple[str, ...]:
    """What a residual gets beside what its plan names."""
    auxiliary = getattr(block.site, "auxiliary", None) or {}
    given = block.given.names if block.given is not None else ()
    return (*auxiliary, *given, *(() if block.plan.is_local else (INTEGRAL,)))


def _symbol(block: Block, name: str) -> Expression:
    if name != INTEGRAL:
        return symbol(name)
    integrand = block.plan.integrand  # type: ignore[attr-defined]
    values = formula_of(
        lambda *given: integrand(dict(zip(integrand.names, given, strict=True))), integrand.names
    )
    if values is None:
        raise NoFormula
    return Expression("call", (values,), "integral")


def _shape(block: Block, name: str) -> tuple[int, ...]:
    domain = block.plan.space.domain
    quantity = block.plan.quantities.get(name)
    sizes = {c.name: c.size for c in domain.coordinates if c.vector}
    match quantity:
        case Normal() | Gradient():
            return (domain.space_dim,)
        case CoordinateValue(coordinate) if coordinate in sizes:
            return (sizes[coordinate],)
        case Derivative(_, along) if along[0] in sizes:
            return (sizes[along[0]],)
    return ()


# The trace


def _read(jaxpr, consts, inputs: list[Expression]) -> list[Expression]:
    """The outputs of a jaxpr as expressions of its inputs."""
    known: dict[Any, Expression] = dict(zip(jaxpr.invars, inputs, strict=True))
    for variable, const in zip(jaxpr.constvars, consts, strict=True):
        known[variable] = _constant(const)

    def value(atom) -> Expression:
        return _constant(atom.val) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        arguments = [value(atom) for atom in equation.invars]
        found = _equation(equation, arguments)
        known |= dict(zip(equation.outvars, found, strict=True))
    return [value(atom) for atom in jaxpr.outvars]


def _constant(value) -> Expression:
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind == "c":
        raise NoFormula
    return number(float(array.ravel()[0]))


INLINED = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "custom_jvp_call": "call_jaxpr",
}
PASSED = {"convert_element_type", "copy", "stop_gradient", "broadcast_in_dim", "reshape", "squeeze"}
CALLS = {name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt")}
CALLS |= {name: name for name in ("asin", "acos", "atan", "atan2", "max", "min", "sign", "erf", "abs")}
CALLS |= {"asinh": "arsinh", "acosh": "arcosh", "atanh": "artanh", "reduce_sum": "sum", "cbrt": "cbrt"}
COMPARED = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "="}


def _equation(equation, given: list[Expression]) -> list[Expression]:
    """What one equation of a jaxpr gives."""
    name = equation.primitive.name
    if name in INLINED:
        inner = equation.params[INLINED[name]]
        return _read(inner.jaxpr, inner.consts, given)
    if name in PASSED:
        return [given[0]]
    if name in CALLS:
        return [Expression("call", tuple(given), CALLS[name])]
    if name in COMPARED:
        return [Expression("compare", tuple(given), COMPARED[name])]
    match name:
        case "add" | "add_any":
            return [plus(*given)]
        case "sub":
            return [plus(given[0], times(number(-1), given[1]))]
        case "neg":
            return [times(number(-1), given[0])]
        case "mul":
            return [times(*given)]
        case "div":
            return [over(*given)]
        case "integer_pow" | "square":
            return [power(given[0], number(equation.params.get("y", 2)))]
        case "pow":
            return [power(*given)]
        case "log1p":
            return [Expression("call", (plus(number(1), given[0]),), "log")]
        case "expm1":
            return [plus(Expression("call", (given[0],), "exp"), number(-1))]
        case "rsqrt":
            return [over(number(1), Expression("call", (given[0],), "sqrt"))]
        case "select_n" if given[0].kind == "compare" and len(given) == 3:
            return [Expression("cases", (given[0], given[2], given[1]))]
        case "slice" if given[0].kind == "symbol":
            starts, limits = (equation.params[key] for key in ("start_indices", "limit_indices"))
            if len(starts) == 1 and limits[0] == starts[0] + 1:
                return [symbol(f"{given[0].name}[{starts[0]}]")]
        case "dot_general" if all(len(v.aval.shape) == 1 for v in equation.invars):
            return [Expression("call", tuple(given), "dot")]
    raise NoFormula


# Simplified as they are made, as far as a reader would


def plus(*parts: Expression) -> Expression:
    """A sum without nested sums and zeros."""
    flat = [p for part in parts for p in (part.parts if part.kind == "sum" else (part,))]
    kept = tuple(p for p in flat if not (p.kind == "number" and p.value == 0))
    if not kept:
        return number(0)
    return kept[0] if len(kept) == 1 else Expression("sum", kept)


def times(*parts: Expression) -> Expression:
    """A product with one number, which comes first, and without ones; numbers go into sums."""
    flat = [p for part in parts for p in (part.parts if part.kind == "product" else (part,))]
    factor = float(np.prod([p.value for p in flat if p.kind == "number"]))
    others = tuple(p for p in flat if p.kind != "number")
    if not others or factor == 0:
        return number(factor)
    if factor == -1 and len(others) == 1 and others[0].kind == "sum":
        return plus(*(times(number(-1), p) for p in others[0].parts))
    if factor == -1 and len(others) == 1 and others[0].kind == "quotient":
        return over(times(number(-1), others[0].parts[0]), others[0].parts[1])
    if factor == 1:
        return others[0] if len(others) == 1 else Expression("product", others)
    return Expression("product", (number(factor), *others))


def over(above: Expression, below: Expression) -> Expression:
    if below.kind == "number" and above.kind == "number":
        return number(above.value / below.value)
    if below.kind == "number" and below.value == 1:
        return above
    return Expression("quotient", (above, below))


def power(base: Expression, exponent: Expression) -> Expression:
    if exponent.kind == "number" and exponent.value == 1:
        return base
    if exponent.kind == "number" and exponent.value == 0.5:
        return Expression("call", (base,), "sqrt")
    return Expression("power", (base, exponent))


def sides(residual: Expression, fields: Container[str]) -> tuple[Expression, Expression]:
    """A residual that vanishes as an equation of two sides: what knows no field goes to the right.

    - `fields`: the names of fields and of their derivatives.
    """
    terms = residual.parts if residual.kind == "sum" else (residual,)
    left = [term for term in terms if _knows(term, fields)]
    right = [times(number(-1), term) for term in terms if not _knows(term, fields)]
    return plus(*left), plus(*right)


def _knows(expression: Expression, fields: Container[str]) -> bool:
    if expression.kind == "symbol":
        return expression.name.partition("[")[0] in fields
    return any(_knows(part, fields) for part in expression.parts)
