"""Two results side by side: solution files, or records that `--json` wrote."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from .._domains import Interior, Sobol
from .._output._solution import Solution, load

POINTS = 4096  # at which two solutions are held against each other


def comparison(first: str, second: str) -> str:
    """A table of two results, with how far their fields are apart where both are solutions.

    Raises `ValueError` for a file that is neither a solution nor a record, `OSError` where one cannot
    be read.
    """
    results = [_read(path) for path in (first, second)]
    records = [r.to_json() if isinstance(r, Solution) else r for r in results]
    rows: list[tuple[str, ...]] = [("", *(os.path.basename(path) for path in (first, second)))]
    for label, key in (
        ("problem", "problem"),
        ("status", "status"),
        ("seconds", "seconds"),
        ("of which compiling", "compile_seconds"),
        ("steps", "steps"),
        ("rank", "rank"),
    ):
        rows.append((label, *(_shown(record.get(key)) for record in records)))
    for label, key in (("relative error", "error"), ("estimated error", "error_estimate")):
        rows += _by_name(label, [record.get(key) or {} for record in records])
    for label, key, part in (("held out", "residual", "held_out"), ("unknown", "unknowns", "value")):
        tables = [record.get(key, {}) for record in records]
        rows += _by_name(label, [{name: row[part] for name, row in t.items()} for t in tables])
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    both = [r for r in results if isinstance(r, Solution)]
    return "\n".join([*lines, *(_apart(*both) if len(both) == 2 else ())])


def _read(path: str) -> Any:
    """A solution, or the dict of a record."""
    if not Path(path).is_file():
        raise ValueError(f"{path}: there is no such file")
    if Path(path).suffix.lower() != ".json":
        return load(path)
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is no record that --json wrote: {error}") from None
    if not isinstance(record, dict) or "status" not in record:
        raise ValueError(f"{path}: is no record that --json wrote: it has no status")
    return record


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _by_name(label: str, given: list[dict]) -> list[tuple[str, ...]]:
    """A row for each name that either result has."""
    names = dict.fromkeys(name for part in given for name in part)
    rows = [(f"{label}, {name}", *(_shown(part.get(name)) for part in given)) for name in names]
    return [row for row in rows if set(row[1:]) != {"-"}]


def _apart(first: Solution, second: Solution) -> list[str]:
    """How far fields of the same name are apart, relative to the first, at even points."""
    shared = [name for name in first.fields if name in second.fields]
    axes = [[c.name for c in s.domain.coordinates] for s in (first, second)]
    if not shared or axes[0] != axes[1]:
        return ["their fields or coordinates differ, and cannot be held against each other"]
    points, _ = Interior(first.domain).draw(POINTS, Sobol(), np.random.default_rng(0))
    points = points[second.domain.contains(points)]
    if not len(points):
        return ["their domains have no point in common"]
    named = first.domain.split(points)
    values, others = first.evaluate(named), second.evaluate(named)
    lines = []
    for name in shared:
        one, other = values[:, first.fields.index(name)], others[:, second.fields.index(name)]
        size = np.sqrt(np.mean(one**2)) or 1.0
        lines.append(f"{name} differs by {np.sqrt(np.mean((other - one) ** 2)) / size:.2e}, relative")
    return lines
