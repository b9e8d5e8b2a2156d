"""Where a condition that holds somewhere says nothing: its residual does not depend on a field there.

`jnp.where(near, 0.0, u - 1)` holds on all of a wall, and leaves open what is near.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from .._conditions import Block
from ._reading import is_of
from ._sudden import SUDDEN, at_fixed, equations_of, fixed_values, residuals

SWITCHES = SUDDEN | {"max", "min"}
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
