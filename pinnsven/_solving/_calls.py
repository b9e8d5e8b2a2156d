"""What every call that solves something checks."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from .._basics._numbers import finite_number
from .._sven import Sven
from ._limits import Limits
from ._weighting import ScaledWeights

LIMIT = "must be a finite number"  # what is asked of a tolerance and a time


def check_top_level(name: str) -> None:
    """Raises `ValueError` inside a transformation of JAX, where there are no numbers to decide by.

    - `name`: of the function that was called there.
    """
    if not _is_top_level():
        raise ValueError(
            f"{name} runs a loop on the host, which decides by numbers: jax.jit, grad, vmap and the "
            f"like have none to give. Call {name} outside of them; for a gradient with respect to a "
            "parameter, difference two solves or make it an unknown."
        )


def _is_top_level() -> bool:
    try:
        from jax._src.core import trace_state_clean
    except ImportError:  # it is private; what remains knows of jit alone
        return not isinstance(jnp.zeros(()), jax.core.Tracer)  # type: ignore[attr-defined]
    return trace_state_clean()


def is_left_alone(problem: Any, network: Any, limits: Limits, asked: Mapping[str, Any]) -> bool:
    """Whether a solve has nothing of the user's that rests on how it is solved.

    - `network`: as given, `asked`: the other arguments, by name.
    """
    own = network is None and problem.network is None and asked["points"] is None
    own = own and limits.max_steps is None and asked["precision"] == "float64" and asked["drawn"]
    return bool(own and asked["solver"] == Sven() and isinstance(asked["weighting"], ScaledWeights))


def check_time_limit(time_limit: float | None) -> None:
    if time_limit is not None and not finite_number("time_limit =", time_limit, LIMIT) > 0:
        raise ValueError(f"time_limit={time_limit!r}: must be a positive number of seconds")
