"""What a problem knows of its answer, worked out again and written as columns."""

import os
import time
from pathlib import Path

import numpy as np

from .._basics._messages import listing
from .._output._records import Reference
from .._problem import Problem, known_values

SUFFIXES = (".npz", ".csv")


def check_columns(path: str) -> None:
    """Raises `ValueError` for a file that columns cannot be written to."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise ValueError(f"--save {path}: columns are written as {listing(SUFFIXES)}")
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.path.isdir(folder):
        missing = "that is a folder" if os.path.isdir(path) else f"there is no folder {folder}"
        raise ValueError(f"--save {path}: {missing}")


def regenerated(problem: Problem, path: str | None) -> str:
    """Works out the known solution of a problem; returns a table of it.

    - `path`: an npz or CSV file for its columns, which `pv.Data.read` reads: coordinates, then fields;
      None for no file.

    Raises `ValueError` for a problem that knows none.
    """
    began = time.perf_counter()
    known = known_values(problem)
    if known is None:
        raise ValueError(
            "the problem has neither exact= nor reference=: there is nothing known of its answer. "
            "`pinnsven solve` estimates the error without"
        )
    spent = time.perf_counter() - began
    if path is not None:
        _write(path, known)
    kind = "closed form" if problem.exact is not None else "reference"
    count = len(next(iter(known.values.values())))
    lines = [f"{kind}, {count:,} points, floor {known.floor:.1e} (relative L2), {spent:.1f} s"]
    for name, values in known.values.items():
        there = np.asarray(values)[np.isfinite(values)]
        low, high, size = np.min(there), np.max(there), np.sqrt(np.mean(there**2))
        lines.append(f"{name:<10} from {low:.6g} to {high:.6g}, root mean square {size:.6g}")
    return "\n".join(lines)


def _write(path: str, known: Reference) -> None:
    """Writes the columns; a vector coordinate has one for each component."""
    columns: dict[str, np.ndarray] = {}
    for name, values in (known.points | known.values).items():
        values = np.asarray(values)
        if values.ndim == 1:
            columns[name] = values
            continue
        columns |= {f"{name}{number + 1}": part for number, part in enumerate(values.T)}
    if path.lower().endswith(".npz"):
        np.savez(path, **columns)  # type: ignore[arg-type]
        return
    table = np.stack(list(columns.values()), axis=1)
    np.savetxt(path, table, "%.17g", ",", header=",".join(columns), comments="")
