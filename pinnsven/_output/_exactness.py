"""What is known of the answer, at any point: the exact solution of the problem where it has one."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ._data import SolutionData
from ._evaluate import named_function_values


def has_exact(solution: SolutionData, field: str) -> bool:
    """Whether the problem is at hand and says what the field is."""
    exact, composite = getattr(solution.problem, "exact", None) or {}, solution.layout.composite(field)
    return all(name in exact for name in ((field,) if composite is None else composite.members))


def exact_at(problem: Any, field: str, points: np.ndarray) -> Float[np.ndarray, " n"]:
    """The exact solution of a problem at points (n, dim)."""
    composite = problem.layout.composite(field)
    if composite is not None:
        members = [exact_at(problem, name, points) for name in composite.members]
        return composite.whole_at(field, members, points[:, : problem.domain.space_dim])
    constants = {name: np.asarray(value) for name, value in problem.constants.items()}
    given = problem.domain.split(points) | constants
    return named_function_values(problem.exact[field], given, "float64")
