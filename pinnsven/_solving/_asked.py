"""What a condition asks for at a place: the factors of its terms, and whether it says anything there.

`jnp.where(near, 0.0, u - 1)` holds on all of a wall, and leaves open what is near.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._basics._traced import equations_on_inputs
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import Derivative, Gradient, Laplacian, Value
from .._conditions import GIVEN, Block
from ._reading import holds_at, is_of
from ._sudden import SUDDEN, at_fixed, fixed_values, residuals

SWITCHES = SUDDEN | {"max", "min"}
LEAST = 3  # points that nothing covers, from where they are no edge of a part
TIMES = (1.0, -0.7, 2.0)  # what was drawn are the arguments at which a condition is asked for


@dataclasses.dataclass(frozen=True)
class Inquiry:
    """Asks the conditions of a problem what they say of its fields, and where.

    - `compile`: as `Compiler.compile`: one operation after the other would cost a second.
    """

    problem: Any
    compile: Callable

    @functools.cached_property
    def numbers(self) -> dict[str, float]:
        """Unknowns and constants."""
        return numbers_of(self.problem)

    def named(self, field: str) -> str:
        """A field as its user knows it: what it is a part or a component of."""
        composites = self.problem.layout.composites
        return next((c.name for c in composites if field in c.members), field)

    def may_be_silent(self, block: Block) -> bool:
        """Whether a condition has anything in it that can switch it off at some of its points."""
        plan = block.plan
        if not plan.is_local or block.given is not None:
            return False
        fixed = fixed_values(plan, self.numbers)
        at = lambda point: residuals(block, at_fixed(plan, fixed, point), block.data)
        program = jax.make_jaxpr(at)(jnp.zeros(plan.space.domain.dim)).jaxpr
        return any(equation.primitive.name in SWITCHES for equation in equations_on_inputs(program))

    def speaks(
        self, block: Block, field: str, points: Float[np.ndarray, "n dim"]
    ) -> Bool[np.ndarray, " n"]:
        """Whether a condition depends on a field at points, at any of the values that are tried."""

        def speaks(*at):
            found = self._slopes(block, field, *at)
            return jnp.any(jnp.stack([jnp.any(part != 0) for part in found.values()]))

        at = jax.vmap(jax.vmap(speaks, (0, None, None, None)), (None, 0, None, None))
        return np.any(self._compiled(at, block, points, TIMES), axis=0)

    def says(self, block: Block, field: str, points) -> np.ndarray:
        """Whether a condition holds at points of the domain, and speaks of a field there."""
        found = holds_at(block, points)
        if self.may_be_silent(block):
            found &= self.speaks(block, field, points)
        return found

    def factors(self, block: Block, field: str, points, times) -> dict[str, np.ndarray]:
        """The slopes of residuals by each quantity of a field, (n, components) or more, by name.

        - `points`: (n, dim).
        - `times`: (n,), what was drawn for all else are its arguments.
        """
        at = jax.vmap(lambda *at: self._slopes(block, field, *at), (0, 0, None, None))
        return self._compiled(at, block, points, times)

    def _slopes(self, block: Block, field: str, point, times, fixed, data) -> dict[str, Array]:
        plan = block.plan
        scaled = {n: v if n in self.numbers else times * v for n, v in fixed.items()}
        values = at_fixed(plan, scaled, point)
        own = {name: values[name] for name in asked_of(plan, field)}
        return jax.jacfwd(lambda own: residuals(block, values | own, data))(own)

    def _compiled(self, function, block: Block, points, times):
        # Numbers are arguments: with others of them nothing is compiled again.
        fixed = fixed_values(block.plan, self.numbers)
        given = np.asarray(points, float), np.asarray(times, float), fixed, block.data
        return jax.tree.map(np.asarray, self.compile("declaration", function, *given)(*given))


def is_plain(block: Block) -> bool:
    """Whether a condition asks for values, second derivatives at most and nothing mixed."""
    return all(
        isinstance(q, (Value, Laplacian, Gradient, *GIVEN))
        or (isinstance(q, Derivative) and len(q.along) <= 2 and len(set(q.along)) == 1)
        for q in block.plan.quantities.values()
    )


def asked_of(plan: DerivativePlan, field: str) -> dict:
    """The quantities of a field that a plan computes, by name."""
    return {name: q for name, q in plan.quantities.items() if is_of(q, field)}


def numbers_of(problem) -> dict[str, float]:
    return {name: float(v) for name, v in (problem.unknowns | problem.constants).items()}


def percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def place_in_words(domain, points: np.ndarray) -> str:
    """The middle one of points, by the names of its components."""
    point = points[len(points) // 2]
    return ", ".join(f"{n} = {v:.4g}" for n, v in zip(domain.component_names(), point, strict=True))
