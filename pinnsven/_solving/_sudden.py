"""What an equation does suddenly: its program with all fields held fixed, followed along lines."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._calculus._derivatives import DerivativePlan
from .._conditions import Block

HALVINGS = 36  # of an interval, until it is 1e-13 of the domain
# What a program needs to make a jump: without any of these it is continuous.
CHOICES = ("select_n", "sign", "floor", "ceil", "round", "clamp", "rem", "argmax", "argmin", "sort")
COMPARED = ("gt", "lt", "ge", "le", "eq", "ne")
CONTROL = ("cond", "while", "scan", "gather", "dynamic_slice", "pure_callback")
SUDDEN = frozenset(CHOICES + COMPARED + CONTROL)


def together(blocks: tuple[Block, ...]) -> list[tuple[Block, ...]]:
    """Equations one by one, those that share the domain out among them as one."""
    inside = [block for block in blocks if block.interior]
    parts = tuple(block for block in inside if getattr(block.site, "where", None) is not None)
    return [(block,) for block in inside if block not in parts] + ([parts] if parts else [])


def holds_at(block: Block, points: Float[np.ndarray, "n dim"]) -> np.ndarray:
    """Whether an equation holds at points, (n,)."""
    where = getattr(block.site, "where", None)
    if where is None:
        return np.ones(len(points), bool)
    return where.holds(block.plan.space.domain, points)


def same_field(one, other) -> bool:
    """Whether two quantities are of one field."""
    return getattr(one, "field", None) == getattr(other, "field", None)


def frozen(plan: DerivativePlan, point) -> dict:
    """All named values of a field that is constant, at one point: their shapes, and the coordinates."""
    space = plan.space
    unknowns = dict.fromkeys((*space.unknowns, *space.constants), jnp.zeros(()))
    normal = jnp.zeros(space.domain.space_dim)
    return plan.evaluate(lambda p: jnp.zeros(len(space.fields)), point, normal, unknowns)


def fixed_values(plan: DerivativePlan, numbers: dict[str, float]) -> dict:
    """A number drawn for all that a condition asks for but coordinates, and those that are known.

    - `numbers`: of unknowns and constants.
    """
    shapes = jax.eval_shape(lambda p: frozen(plan, p), jnp.zeros(plan.space.domain.dim))

    def drawn(name: str):  # the same in each condition that asks for it
        return np.random.default_rng(list(name.encode())).standard_normal(shapes[name].shape)

    asked = [name for name in shapes if name not in plan.space.coordinates]
    return {n: jnp.asarray(numbers[n] if n in numbers else drawn(n)) for n in asked}


def at_most(number: int, program: Callable) -> Callable:
    """A program for so many points (number, dim), for fewer of them."""

    def function(points):
        padded = np.concatenate([points, np.repeat(points[-1:], number - len(points), axis=0)])
        return np.asarray(program(padded), float)[: len(points)]

    return function


def may_jump(function: Callable, *arguments) -> bool:
    """Whether a function's program has anything that can make a jump."""
    program = jax.make_jaxpr(function)(*arguments).jaxpr
    return any(equation.primitive.name in SUDDEN for equation in equations_of(program))


def halved(function: Callable, starts, axis: int, ends, values):
    """Where in intervals along an axis a function changes most, by halving them again and again.

    Returns the places and the function's values before and after, (n,) each.

    - `function`: maps points (n, dim) to numbers (n,).
    - `starts`: the other coordinates of each interval, (n, dim).
    - `ends`: the lower and upper ends, (n,) each, and `values` the function's there.
    """
    points = starts.copy()
    (low, high), (left, right) = ends, values
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        points[:, axis] = middle
        center = function(points)
        in_left = np.abs(center - left) >= np.abs(right - center)
        low, high = np.where(in_left, low, middle), np.where(in_left, middle, high)
        left, right = np.where(in_left, left, center), np.where(in_left, center, right)
    return (low + high) / 2, left, right


def equations_of(jaxpr):
    """All equations of a program, those inside its calls included."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, (tuple, list)) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from equations_of(inner)
