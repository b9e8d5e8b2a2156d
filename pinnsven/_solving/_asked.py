"""What a condition asks for at a place: the factors of its terms, and whether it says anything there.

`jnp.where(near, 0.0, u - 1)` holds on all of a wall, and leaves open what is near.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from .._calculus._derivatives import DerivativePlan
from .._calculus._names import Derivative, Gradient, Laplacian, Value
from .._conditions import GIVEN, Block
from ._reading import holds_at, is_of
from ._sudden import SUDDEN, at_fixed, equations_of, fixed_values, residuals

SWITCHES = SUDDEN | {"max", "min"}
LEAST = 3  # points that nothing covers, from where they are no edge of a part
TIMES = (1.0, -0.7, 2.0)  # what was drawn are the arguments at which a condition is asked for


def may_be_silent(block: Block, numbers: dict[str, float]) -> bool:
    """Whether a condition has anything in it that can switch it off at some of its points.

    - `numbers`: of unknowns and constants.
    """
    plan = block.plan
    if not plan.is_local or block.given is not None:
        return False
    fixed = fixed_values(plan, numbers)
    at = lambda point: residuals(block, at_fixed(plan, fixed, point), block.data)
    program = jax.make_jaxpr(at)(jnp.zeros(plan.space.domain.dim)).jaxpr
    return any(equation.primitive.name in SWITCHES for equation in equations_of(program))


def speaks(
    block: Block, field: str, numbers: dict[str, float], points: Float[np.ndarray, "n dim"]
) -> Bool[np.ndarray, " n"]:
    """Whether a condition depends on a field at points, at any of the values that are tried.

    - `numbers`: of unknowns and constants.
    """
    plan = block.plan
    own = [name for name, quantity in plan.quantities.items() if is_of(quantity, field)]
    fixed = fixed_values(plan, numbers)
    scaled = lambda times: {n: v if n in numbers else times * v for n, v in fixed.items()}

    def slopes(point, times):
        values = at_fixed(plan, scaled(times), point)
        mine = {name: values[name] for name in own}
        found = jax.jacfwd(lambda mine: residuals(block, values | mine, block.data))(mine)
        return jnp.any(jnp.stack([jnp.any(part != 0) for part in found.values()]))

    # Operation by operation, all points at once: another solve compiles nothing.
    at = jax.vmap(jax.vmap(slopes, (0, None)), (None, 0))
    return np.any(np.asarray(at(jnp.asarray(points), jnp.asarray(TIMES))), axis=0)


def says(block: Block, problem, field: str, points) -> np.ndarray:
    """Whether a condition holds at points of the domain, and speaks of a field there."""
    found, numbers = holds_at(block, points), numbers_of(problem)
    if may_be_silent(block, numbers):
        found &= speaks(block, field, numbers, points)
    return found


def is_plain(block: Block) -> bool:
    """Whether a condition asks for values, second derivatives at most and nothing mixed."""
    return all(
        isinstance(q, (Value, Laplacian, Gradient, *GIVEN))
        or (isinstance(q, Derivative) and len(q.along) <= 2 and len(set(q.along)) == 1)
        for q in block.plan.quantities.values()
    )


def factors_at(block: Block, field: str, numbers: dict[str, float], point, times) -> dict:
    """The slopes of residuals at a point by each quantity of a field, (components,) or more, by name.

    - `numbers`: of unknowns and constants.
    - `times`: what was drawn for all else are its arguments.
    """
    plan = block.plan
    fixed = {n: v if n in numbers else times * v for n, v in fixed_values(plan, numbers).items()}
    values = at_fixed(plan, fixed, jnp.asarray(point))
    own = {name: values[name] for name in asked_of(plan, field)}
    return jax.jacfwd(lambda own: residuals(block, values | own, block.data))(own)


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
