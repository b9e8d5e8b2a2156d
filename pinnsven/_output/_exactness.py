"""What is known of the answer, at any point: the exact solution of the problem where it has one."""

import numpy as np
from jaxtyping import Float

from ._data import SolutionData
from ._evaluate import named_function_values


def has_exact(solution: SolutionData, field: str) -> bool:
    """Whether the problem is at hand and says what the field is."""
    return field in (getattr(solution.problem, "exact", None) or {})


def exact_at(solution: SolutionData, field: str, points: np.ndarray) -> Float[np.ndarray, " n"]:
    """The exact solution at points (n, dim)."""
    given = solution.domain.split(points) | {
        name: np.asarray(value) for name, value in solution.problem.constants.items()
    }
    return named_function_values(solution.problem.exact[field], given, "float64")
