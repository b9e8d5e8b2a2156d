"""What is said of a solution: its table, its JSON record."""

import dataclasses
import importlib.metadata
import math
import platform

import jax
import numpy as np

from .._basics._version import __version__
from ._data import SolutionData


def solution_table(solution: SolutionData) -> str:
    """The solution as text: status, conditions, unknowns, error, cost."""
    lines = [f"{solution.name}: {solution.status}. {solution.message}", ""]
    width = max(len(name) for name in ["condition", *solution.conditions])
    lines.append(f"  {'condition':<{width}}  {'rows':>6}  {'weight':>8}  {'training':>9}  held out")
    for name, row in solution.conditions.items():
        if row.is_built_in:
            lines.append(f"  {name:<{width}}  built in")
            continue
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
    whole = f" of {len(solution.spectrum)}" if len(solution.spectrum) else ""
    lines.append(
        f"  rank {solution.rank}{whole}, condition number "
        f"{solution.condition_number():.1e}, {solution.steps} steps, {solution.seconds:.1f} s "
        f"(of which compiling {solution.compile_seconds:.1f} s), {solution.memory}"
    )
    return "\n".join(lines)


def solution_record(solution: SolutionData) -> dict:
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
    names = ("jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
    found = {"python": platform.python_version(), "pinnsven": __version__}
    return found | {name: importlib.metadata.version(name) for name in names}


def _finite(value):
    """The same record with null for every number that is not finite, of which JSON has none."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
