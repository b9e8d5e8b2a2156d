"""What an equation does suddenly: its program with all fields held fixed, followed along lines."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._traced import equations_on_inputs
from .._calculus._derivatives import DerivativePlan
from .._conditions import Block
from .._domains import Domain, Interior, Sobol
from ._reading import holds_at

HALVINGS = 36  # of an interval, until it is 1e-13 of the domain
STAYS = 0.3  # of a change, after all halvings, that makes it a jump
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


def same_field(one, other) -> bool:
    """Whether two quantities are of one field."""
    return getattr(one, "field", None) == getattr(other, "field", None)


def frozen(plan: DerivativePlan, point) -> dict:
    """All named values of a field that is constant, at one point: their shapes, and the coordinates."""
    space = plan.space
    unknowns = dict.fromkeys((*space.unknowns, *space.constants), jnp.zeros(()))
    normal = jnp.zeros(space.domain.space_dim)
    return plan.evaluate(lambda p: jnp.zeros(len(space.fields)), point, normal, unknowns)


def at_fixed(plan: DerivativePlan, fixed: dict, point) -> dict:
    """What a condition asks for at one point: its coordinates, and all else as it is held fixed."""
    coordinates = plan.space.domain.split(point)
    return fixed | {name: value for name, value in coordinates.items() if name in plan.names}


def fixed_values(plan: DerivativePlan, numbers: dict[str, float]) -> dict:
    """A number drawn for all that a condition asks for but coordinates, and those that are known.

    - `numbers`: of unknowns and constants.
    """
    shapes = jax.eval_shape(lambda p: frozen(plan, p), np.zeros(plan.space.domain.dim))

    def drawn(name: str):  # the same in each condition that asks for it
        return np.random.default_rng(list(name.encode())).standard_normal(shapes[name].shape)

    asked = [name for name in shapes if name not in plan.space.coordinates]
    return {n: jnp.asarray(numbers[n] if n in numbers else drawn(n)) for n in asked}


def residuals(block: Block, values: dict, data):
    """The residuals of a condition at one point, (components,)."""
    return jnp.stack([jnp.asarray(r, float) for r in block.residual(values, data)])


def by_parts(parts: list[tuple[Block, list[int], Callable]], width: int) -> Callable:
    """One function of points (n, dim) to (n, width) of those of several equations.

    Not a number where none of them holds.

    - `parts`: equations, to which columns each belongs, and its function to (n, columns).
    """

    def function(points):
        values = np.full((len(points), width), np.nan)
        for block, columns, at in parts:
            here = holds_at(block, points)
            values[np.ix_(here, np.asarray(columns))] = at(points)[here]
        return values

    return function


def at_most(number: int, program: Callable) -> Callable:
    """A program for so many points (number, dim), for fewer of them."""

    def function(points):
        padded = np.concatenate([points, np.repeat(points[-1:], number - len(points), axis=0)])
        return np.asarray(program(padded), float)[: len(points)]

    return function


def may_jump(function: Callable, *arguments) -> bool:
    """Whether a function's program has anything that can make a jump where its arguments vary."""
    program = jax.make_jaxpr(function)(*arguments).jaxpr
    return any(equation.primitive.name in SUDDEN for equation in equations_on_inputs(program))


@dataclasses.dataclass(frozen=True)
class Lines:
    """Lines through a domain, parallel to one axis.

    - `starts`: points on them, (lines, dim), `along`: the coordinate that varies, (samples,).
    """

    axis: int
    starts: Float[np.ndarray, "lines dim"]
    along: Float[np.ndarray, " samples"]

    @classmethod
    def through(cls, domain: Domain, axis: int, lines: int, samples: int) -> "Lines":
        """So many lines, each with so many samples."""
        starts, _ = Interior(domain).draw(lines, Sobol(), np.random.default_rng(0))
        return cls(axis, starts, np.linspace(domain.lower[axis], domain.upper[axis], samples))

    def values(self, function: Callable) -> Float[np.ndarray, "lines samples columns"]:
        """A function of points (n, dim) to (n, columns) along all of them."""
        points = np.repeat(self.starts[:, None], len(self.along), axis=1)
        points[:, :, self.axis] = self.along
        found = function(points.reshape(-1, points.shape[-1]))
        return found.reshape(*points.shape[:2], -1)

    def halved(self, function: Callable, values, lines, intervals):
        """Where in intervals between samples a function changes most, by halving them again and again.

        Returns the places and the function's values before and after, (n,) each, and whether a part of
        the change is left: that makes it a jump, half of it where a point has a value of its own.

        - `function`: maps points (n, dim) to numbers (n,), and `values` are its own, (lines, samples).
        - `lines`, `intervals`: the numbers of both, (n,) each.
        """
        points = self.starts[lines]
        low, high = self.along[intervals], self.along[intervals + 1]
        left, right = values[lines, intervals], values[lines, intervals + 1]
        first = np.abs(right - left)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            points[:, self.axis] = middle
            center = function(points)
            in_left = np.abs(center - left) >= np.abs(right - center)
            low, high = np.where(in_left, low, middle), np.where(in_left, middle, high)
            left, right = np.where(in_left, left, center), np.where(in_left, center, right)
        return (low + high) / 2, left, right, np.abs(right - left) > STAYS * first
