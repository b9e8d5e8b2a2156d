"""What is known of the answer, and the error of a solution against that."""

import contextlib
import math

import numpy as np

from .._calculus._names import NameSpace
from .._domains import Sobol
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
        layout, domain = problem.layout, problem.domain
        site = layout.site(domain, len(problem.fields))
        points, _ = site.draw(ERROR_POINTS, Sobol(), np.random.default_rng(2024))
        columns, values = domain.split(points), {}
        alive = layout.alive(domain, points) if layout.has_parts else None
        for field in problem.exact:
            with _failure_named(f"exact[{field!r}]: evaluating it at {ERROR_POINTS} points"):
                values[field] = exact_at(problem, field, points)
            if alive is not None:
                values[field] = np.where(alive[:, problem.fields.index(field)], values[field], np.nan)
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


def relative_errors(evaluate, known: Reference | None, space: NameSpace) -> FieldErrors | None:
    """Relative L2 error per field, over the points of what is known; absolute where that is zero.

    That of a field which is made of others is over all of these.

    - `evaluate`: maps named coordinates to an array (n, fields).
    """
    if known is None:
        return None
    values = evaluate(known.points)
    found: dict[str, tuple[float, float, int]] = {}
    for field, truth in known.values.items():
        there = np.isfinite(truth)  # a field on a part of the domain is known there alone
        differences = (values[..., space.fields.index(field)] - truth)[there]
        found[field] = _square(truth[there]), _square(differences), int(there.sum())
    owner = {m: c for c in space.layout.composites for m in c.members}
    for composite in space.layout.composites:
        parts = [found[member] for member in composite.members if member in found]
        if len(parts) == len(composite.members):
            found[composite.name] = tuple(map(sum, zip(*parts, strict=True)))  # type: ignore
    errors = {}
    for field, (size, difference, number) in found.items():
        whole = owner.get(field)
        if whole is not None and whole.is_one and whole.name in found:
            size = found[whole.name][0]  # one part of a complex number, or one component, may be zero
        errors[field] = math.sqrt(difference / (size if size > 0 else max(number, 1)))
    return FieldErrors(errors)


def _square(values) -> float:
    return float(np.sum(np.asarray(values) ** 2))
