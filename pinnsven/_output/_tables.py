"""What is said of a solution: its table, its JSON record."""

import dataclasses
import importlib.metadata
import math
import platform
from typing import Any

import jax
import numpy as np

from .._basics._repr import short
from .._basics._version import __version__
from ._data import SolutionData


def solution_table(solution: SolutionData) -> str:
    """The solution as text: status, conditions, unknowns, error, cost."""
    lines = [f"{solution.name}: {solution.status}. {solution.message}", ""]
    width = max(len(name) for name in ["condition", *solution.conditions])
    lines.append(f"  {'condition':<{width}}  {'rows':>6}  {'weight':>8}  {'training':>9}  held out")
    for name, rows, weight, training, held_out in condition_rows(solution):
        line = f"  {name:<{width}}  {rows:>6}  {weight:>8}  {training:>9}  {held_out}"
        lines.append(line if weight else f"  {name:<{width}}  {rows}")
    lines.append("  (root mean square of the unweighted residual; held out: at points never fitted)")
    lines += [f"  {name} = {value}" for name, value in unknown_rows(solution)]
    lines += [f"  {name}: {value}" for name, value in error_facts(solution)]
    whole = f" of {len(solution.spectrum)}" if len(solution.spectrum) else ""
    condition = solution.condition_number()
    conditioned = f", condition number {condition:.1e}" if math.isfinite(condition) else ""
    lines.append(
        f"  rank {solution.rank}{whole}{conditioned}, {solution.steps} steps, {solution.seconds:.1f} s "
        f"(of which compiling {solution.compile_seconds:.1f} s), {solution.memory}"
    )
    return "\n".join(lines)


def _measured(solution: SolutionData) -> tuple[str, ...]:
    """The fields, and those that are made of several of them."""
    every = (*solution.fields, *solution.layout.names(solution.fields))
    return tuple(dict.fromkeys(every))


def condition_rows(solution: SolutionData) -> list[tuple[str, str, str, str, str]]:
    """Name, rows, weight, training and held-out residual of each condition, as text."""
    found = []
    for name, row in solution.conditions.items():
        if row.is_built_in:
            found.append((name, "built in", "", "", ""))
        else:
            residuals = f"{row.training:.2e}", f"{row.held_out:.2e}"
            found.append((name, str(row.rows), f"{row.weight:.2g}", *residuals))
    return found


def unknown_rows(solution: SolutionData) -> list[tuple[str, str]]:
    """Each unknown with its value and standard error, as text."""
    return [
        (name, f"{value:.8g} +- {value.standard_error:.1e}")
        for name, value in solution.unknowns.items()
    ]


def error_facts(solution: SolutionData) -> list[tuple[str, str]]:
    """What is known of the error, as pairs of text: the estimate, and the error where it is known."""
    found = []
    if solution.error_estimate is not None:
        estimates = ", ".join(f"{field} {e:.1e}" for field, e in solution.error_estimate.items())
        found.append(("estimated relative L2 error", estimates))
    if solution.error is not None:
        errors = ", ".join(f"{field} {error:.2e}" for field, error in solution.error.items())
        floor = f" (reference floor {solution.reference_floor:.0e})"
        found.append(("relative L2 error", errors + floor))
    return found


def cost_facts(solution: SolutionData) -> list[tuple[str, str]]:
    """What the solution cost and how it was made, as pairs of text."""
    whole = f" of {len(solution.spectrum)}" if len(solution.spectrum) else ""
    facts = [
        ("seconds", f"{solution.seconds:.1f}, of which compiling {solution.compile_seconds:.1f}"),
        ("steps", str(solution.steps)),
        ("rank used", f"{solution.rank}{whole}"),
        ("condition number", f"{solution.condition_number():.1e}"),
        ("memory", str(solution.memory)),
        ("precision", str(getattr(solution.evaluator, "precision", "unknown"))),
        ("devices", ", ".join(_devices(solution))),
    ]
    network = getattr(solution.evaluator, "description", None)
    facts += [("network", short(network))] if network is not None else []
    facts += [("tolerance", f"{solution.tolerance:.1e}")] if solution.tolerance is not None else []
    asked = (solution.settings or {}).items()
    facts += [(name, short(value)) for name, value in asked if name != "devices"]
    return facts


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
        "error": {f: (solution.error or {}).get(f) for f in _measured(solution)},
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
        "devices": _devices(solution),
        "versions": versions(),
    }
    return {key: finite_or_none(value) for key, value in record.items()}


def _devices(solution: SolutionData) -> list[str]:
    """The devices that a solution was found on; those at hand where it does not say."""
    named = (solution.settings or {}).get("devices")
    return list(named) if isinstance(named, list) else [str(device) for device in jax.devices()]


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    names = ("jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
    found = {"python": platform.python_version(), "pinnsven": __version__}
    return found | {name: importlib.metadata.version(name) for name in names}


def finite_or_none(value) -> Any:
    """The same record with null for every number that is not finite, of which JSON has none."""
    if isinstance(value, dict):
        return {key: finite_or_none(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite_or_none(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
