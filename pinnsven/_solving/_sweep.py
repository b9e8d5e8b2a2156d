"""Many solves of one structure: over seeds, and over constants."""

import dataclasses
import inspect
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._basics._messages import listing, nearest
from .._basics._numbers import finite_number, numeric_array
from .._output._grids import library
from .._output._several import SeveralSolutions
from .._output._solution import Solution
from .._problem import Problem
from ._calls import check_time_limit, check_top_level
from ._whole import solve

SEEDS = "seed"  # the name of the axis of seeds


@dataclasses.dataclass(frozen=True)
class Sweep(SeveralSolutions):
    """The solutions of a sweep, in the order of its axes; the last axis changes first.

    Iterating gives the solutions; `sweep.at(k=2.0)` gives the one of some values.

    - `axes`: the values along each axis, by name: constants in the order given, then `seed`.
    - `solutions`: one for each combination.
    """

    axes: dict[str, np.ndarray]
    solutions: tuple[Solution, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values along each axis."""
        return tuple(len(values) for values in self.axes.values())

    def at(self, **values: float) -> Solution:
        """The solution of some values, one for each axis; of an axis of one value it may be left out.

        Raises `ValueError` for a name that is no axis, and for a value that is none of its.
        """
        for name in values:
            if name not in self.axes:
                raise ValueError(f"at: there is no axis {name!r}; there are {listing(self.axes)}")
        index = []
        for name, along in self.axes.items():
            if name not in values and len(along) > 1:
                raise ValueError(f"at: give {name}=, one of {listing(map(str, along.tolist()))}")
            found = np.flatnonzero(along == values.get(name, along[0]))
            if not found.size:
                raise ValueError(
                    f"at: {name}={values[name]!r} was not solved; there are "
                    f"{listing(map(str, along.tolist()))}"
                )
            index.append(int(found[0]))
        return self.solutions[int(np.ravel_multi_index(index, self.shape))]

    def values(self, field: str, **coordinates) -> np.ndarray:
        """A field, or what else a name asks for, of all solutions at coordinates.

        - `field`: the name.
        - `coordinates`: as for a call of a solution.

        Returns an array of the sweep's shape, then that of the coordinates.
        """
        found = [np.asarray(getattr(s, field)(**coordinates)) for s in self.solutions]
        return np.stack(found).reshape(*self.shape, *found[0].shape)

    def spread(self, field: str, **coordinates) -> np.ndarray:
        """The standard deviation over the seeds of a field at coordinates, without the axis of seeds.

        - `field`, `coordinates`: as for `values`.

        Raises `ValueError` for a sweep of one seed.
        """
        if len(self.axes[SEEDS]) < 2:
            raise ValueError("spread: one seed has no spread; sweep over several, as in seeds=8")
        return np.std(self.values(field, **coordinates), axis=len(self.shape) - 1, ddof=1)

    def to_xarray(self) -> Any:
        """One table as an `xarray.Dataset`: status, seconds, steps, errors and unknowns of every solve.

        Raises `ImportError` where xarray is not installed.
        """
        xarray = library("xarray", "to_xarray")
        first, names = self.solutions[0], list(self.axes)
        columns: dict[str, list] = {
            "status": [str(s.status) for s in self.solutions],
            "seconds": [s.seconds for s in self.solutions],
            "compile_seconds": [s.compile_seconds for s in self.solutions],
            "steps": [s.steps for s in self.solutions],
        }
        for field in first.fields:
            for label in ("error", "error_estimate"):
                found = [getattr(s, label) for s in self.solutions]
                columns[f"{label}_{field}"] = [
                    np.nan if f is None else f.get(field, np.nan) for f in found
                ]
        for unknown in first.unknowns:
            columns[unknown] = [float(s.unknowns[unknown]) for s in self.solutions]
        shaped = {name: (names, np.array(v).reshape(self.shape)) for name, v in columns.items()}
        return xarray.Dataset(shaped, coords=self.axes, attrs={"problem": first.name})

    def __str__(self) -> str:
        """A table with a line for each solve: where it is, how it ended, seconds and errors."""
        lines = [f"{self.solutions[0].name}: {len(self)} solves over {listing(self.axes)}", ""]
        wanted = [name for name, along in self.axes.items() if len(along) > 1] or [SEEDS]
        head = [*wanted, "status", "seconds", "error", "estimated"]
        rows = []
        for values, s in zip(itertools.product(*self.axes.values()), self.solutions, strict=True):
            named = dict(zip(self.axes, values, strict=True))
            errors = ["-" if e is None else f"{float(e):.1e}" for e in (s.error, s.error_estimate)]
            rows.append(
                [*[f"{named[n]:g}" for n in wanted], str(s.status), f"{s.seconds:.1f}", *errors]
            )
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        for row in (head, *rows):
            lines.append("  " + "  ".join(f"{c:>{w}}" for c, w in zip(row, widths, strict=True)))
        return "\n".join(lines)

    __repr__ = __str__


def sweep(
    problem: Problem,
    *,
    seeds: int | Sequence[int] = 1,
    time_limit: float | None = None,
    **given: Any,
) -> Sweep:
    """Solves a problem for several seeds and constants: `pv.sweep(problem, seeds=8, k=[1.0, 2.0])`.

    All solves are of one structure, so that what one of them has compiled serves the others.

    - `seeds`: how many, from 0, or which.
    - `time_limit`: seconds of the whole call; each solve has an even share of what is left.
    - `given`: the values of some of the problem's constants, each a sequence; all combinations are
      solved. Whatever else `solve` takes is handed to it as it is.

    Raises `ValueError` for a name that is neither a constant nor an argument of `solve`, for no values,
    for values that are not finite, and as `solve` does.
    """
    check_top_level("sweep")
    if not isinstance(problem, Problem):
        raise ValueError(f"problem={problem!r}: give a pv.Problem")
    check_time_limit(time_limit)
    axes, settings = _axes(problem, given)
    axes[SEEDS] = _seeds(seeds)
    combinations = list(itertools.product(*axes.values()))
    begun, solved = time.perf_counter(), []
    for number, values in enumerate(combinations):
        *constants, seed = values
        named = {n: float(v) for n, v in zip(axes, constants, strict=False)}
        share = None
        if time_limit is not None:
            left = time_limit - (time.perf_counter() - begun)
            share = max(left / (len(combinations) - number), 1e-3)
        changed = problem.with_constants(**named) if named else problem
        found = solve(changed, seed=int(seed), time_limit=share, **settings)
        solved.append(found)
        if found.stopped:
            raise KeyboardInterrupt(found.stopped)
    return Sweep(axes, tuple(solved))


def _axes(problem: Problem, given: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The values of constants, and what is handed to `solve`."""
    known = set(inspect.signature(solve).parameters) - {"problem", "seed", "time_limit", "checkpoint"}
    axes, settings = {}, {}
    for name, value in given.items():
        if name in problem.constants:
            along = numeric_array(f"{name}=", value)
            if along.ndim != 1 or not len(along):
                raise ValueError(
                    f"{name}={value!r}: give a sequence of numbers, as in {name}=[1.0, 2.0]"
                )
            axes[name] = np.array([finite_number(f"{name}=", v) for v in along.tolist()])
        elif name in known:
            settings[name] = value
        else:
            names = [*problem.constants, "seeds", *sorted(known)]
            raise ValueError(
                f"{name}=: it is no constant of the problem, which has "
                f"{listing(problem.constants) or 'none'}, and no argument of solve."
                + nearest(name, names)
            )
    return axes, settings


def _seeds(seeds: object) -> np.ndarray:
    """The seeds, in order; `ValueError` for none, and what is no whole number."""
    if isinstance(seeds, int) and not isinstance(seeds, bool) and seeds > 0:
        return np.arange(seeds)
    try:
        found = np.array([int(s) for s in seeds])  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        found = np.zeros(0, int)
    if not found.size or np.any(found < 0) or len(set(found.tolist())) < found.size:
        raise ValueError(f"seeds={seeds!r}: give their number, or a sequence of different ones")
    return found
