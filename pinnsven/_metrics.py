"""What is said of a solution: its error against what is known, its table, its JSON record."""

import contextlib
import dataclasses
import importlib.metadata
import math
import platform

import jax
import numpy as np

from ._domains._sampling import Sobol
from ._output._evaluate import named_function_values
from ._output._solution import FieldErrors, Solution
from ._problem import Problem, Reference, check_reference

ERROR_POINTS = 16384


def known_values(problem: Problem) -> Reference | None:
    """The exact solution on 16,384 quasi-random points, or the reference, or None.

    An exact solution in closed form carries the rounding error of float64 as its floor. Raises
    `ValueError` where evaluating either fails.
    """
    if problem.exact is not None:
        from ._domains import Interior

        points, _ = Interior(problem.domain).draw(ERROR_POINTS, Sobol(), np.random.default_rng(2024))
        columns, values = problem.domain.split(points), {}
        for field, function in problem.exact.items():
            with _failure_named(f"exact[{field!r}]: evaluating it at {ERROR_POINTS} points"):
                values[field] = named_function_values(function, columns, "float64")
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


def solution_table(solution: Solution) -> str:
    """The solution as text: status, conditions, unknowns, error, cost."""
    lines = [f"{solution.name}: {solution.status}. {solution.message}", ""]
    width = max(len(name) for name in ["condition", *solution.conditions])
    lines.append(f"  {'condition':<{width}}  {'rows':>6}  {'weight':>8}  {'training':>9}  held out")
    for name, row in solution.conditions.items():
        lines.append(
            f"  {name:<{width}}  {row.rows:>6}  {row.weight:>8.2g}  {row.training:>9.2e}  "
            f"{row.held_out:.2e}"
        )
    lines.append("  (root mean square of the unweighted residual; held out: at points never fitted)")
    for name, value in solution.unknowns.items():
        lines.append(f"  {name} = {value:.8g} +- {value.standard_error:.1e}")
    if solution.error_estimate is not None:
        estimates = ", ".join(f"{field} {e:.1e}" for field, e in solution.error_estimate.items())
        lines.append(f"  estimated relative L2 error: {estimates}")
    if solution.error is not None:
        errors = ", ".join(f"{field} {error:.2e}" for field, error in solution.error.items())
        lines.append(f"  relative L2 error: {errors} (reference floor {solution.reference_floor:.0e})")
    lines.append(
        f"  rank {solution.rank} of {len(solution.spectrum)}, condition number "
        f"{solution.condition_number():.1e}, {solution.steps} steps, {solution.seconds:.1f} s "
        f"(of which compiling {solution.compile_seconds:.1f} s), {solution.memory}"
    )
    return "\n".join(lines)


def solution_record(solution: Solution) -> dict:
    """The figures of a solution as plain numbers, strings, lists and dicts; not finite is null."""
    record = {
        "problem": solution.name,
        "status": str(solution.status),
        "message": solution.message,
        "seconds": solution.seconds,
        "compile_seconds": solution.compile_seconds,
        "verdict_seconds": solution.verdict_seconds,
        "memory": dataclasses.asdict(solution.memory),
        "steps": solution.steps,
        "rank": solution.rank,
        "condition_number": solution.condition_number(),
        "error": {f: (solution.error or {}).get(f) for f in solution.fields},
        "error_estimate": {f: (solution.error_estimate or {}).get(f) for f in solution.fields},
        "reference_floor": solution.reference_floor,
        "residual": {
            name: {"training": row.training, "held_out": row.held_out}
            for name, row in solution.conditions.items()
        },
        "conditions": {
            name: {"rows": row.rows, "weight": row.weight} for name, row in solution.conditions.items()
        },
        "unknowns": {
            name: {"value": float(value), "standard_error": value.standard_error}
            for name, value in solution.unknowns.items()
        },
        "standard_errors": {name: value.standard_error for name, value in solution.unknowns.items()},
        "correlation": np.asarray(solution.unknowns.correlation).tolist(),
        "devices": [str(device) for device in jax.devices()],
        "versions": versions(),
    }
    return {key: _finite(value) for key, value in record.items()}


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    names = ("pinnsven", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "source tree"
    return found


def _finite(value):
    """The same record with null for every number that is not finite, of which JSON has none."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
