"""What is known of the answer, and the error of a solution against that."""

import contextlib
import math

import numpy as np

from .._domains import Interior, Sobol
from .._output._exactness import exact_at
from .._output._records import FieldErrors, Reference
from ._problem import Problem, check_reference

ERROR_POINTS = 16384


def known_values(problem: Problem) -> Reference | None:
    """The exact solution on 16,384 quasi-random points, or the reference, or None.

    An exact solution in closed form carries the rounding error of float64 as its floor. Raises
    `ValueError` where evaluating either fails.
    """
    if problem.exact is not None:
        points, _ = Interior(problem.domain).draw(ERROR_POINTS, Sobol(), np.random.default_rng(2024))
        columns, values = problem.domain.split(points), {}
        for field in problem.exact:
            with _failure_named(f"exact[{field!r}]: evaluating it at {ERROR_POINTS} points"):
                values[field] = exact_at(problem, field, points)
        return Reference(columns, floor=float(np.finfo(np.float64).eps), **values)
    reference = problem.reference
    if callable(reference) and not isinstance(reference, Reference):
        with _failure_named("reference: calling it"):
            reference = reference()
        if not isinstance(reference, Reference):
            raise ValueError(
                f"reference: calling it returned {type(reference).__name__}; it must return a "
                "pv.Reference(points, floor=..., u=...)"
            )
        reference = check_reference(reference, problem.space)
    return reference


@contextlib.contextmanager
def _failure_named(what: str):
    """Turns whatever a user's function raises into a `ValueError` that says so."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"{what} raised {type(error).__name__}: {error}. Nothing was solved yet; leave it out to "
            "solve without knowing the answer."
        ) from error


def relative_errors(evaluate, known: Reference | None, fields: tuple[str, ...]) -> FieldErrors | None:
    """Relative L2 error per field, over the points of what is known; absolute where that is zero.

    - `evaluate`: maps named coordinates to an array (n, fields).
    """
    if known is None:
        return None
    values = evaluate(known.points)
    errors = {}
    for field, truth in known.values.items():
        size = float(np.linalg.norm(truth))
        difference = float(np.linalg.norm(values[..., fields.index(field)] - truth))
        errors[field] = difference / size if size > 0 else difference / math.sqrt(len(truth))
    return FieldErrors(errors)
