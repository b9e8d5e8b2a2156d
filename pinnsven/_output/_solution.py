"""Solution: what a solve returns, and what it says of itself."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from .._basics._memory import Memory
from .._basics._messages import listing, nearest
from .._basics._numbers import masked
from .._basics._results import RESULTS
from .._domains import Domain

OUTSIDE = ("nan", "extrapolate")
PORTION = 1 << 14  # points that are tested at a time for being outside


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """One step, as callbacks and the history see it.

    - `step`: its number, from 1.
    - `seconds`: since solving began, without compilation.
    - `loss`: the sum of squared weighted residuals after the step.
    - `held_out`: the last held-out residual, relative to the start (not a number before the first).
    - `rank`: singular directions used.
    - `damping`: relative to the largest singular value.
    - `ratio`: actual over predicted reduction.
    - `accepted`: whether the step was taken.
    - `rows`: active residual rows.
    """

    step: int
    seconds: float
    loss: float
    held_out: float
    rank: int
    damping: float
    ratio: float
    accepted: bool
    rows: int


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The residual of every condition, where it was fitted and where it was not.

    - `names`: the conditions.
    - `training`: root mean square residual on the points of the steps, per condition, unweighted.
    - `held_out`: the same on fresh points.
    - `relative`: the largest held-out residual over the conditions and the residuals of their tuples,
      each divided by its size: its first residual or its response to the parameters (the root mean
      square norm of its Jacobian's rows before the first step), whichever is larger, times the size of
      its fields where that is below one; at the end of a run at most ten times the response then. This
      is what a tolerance is compared with.
    - `gap`: the largest ratio of held-out to training residual over the conditions.
    """

    names: tuple[str, ...]
    training: Float[np.ndarray, " blocks"]
    held_out: Float[np.ndarray, " blocks"]
    relative: float
    gap: float

    def to_dict(self) -> dict:
        """The estimate in plain numbers and lists."""
        return dataclasses.asdict(self) | {
            "training": self.training.tolist(),
            "held_out": self.held_out.tolist(),
        }

    @classmethod
    def from_dict(cls, given: dict) -> "Estimate":
        """The inverse of `to_dict`."""
        training, held_out = np.array(given["training"]), np.array(given["held_out"])
        return cls(tuple(given["names"]), training, held_out, given["relative"], given["gap"])


@dataclasses.dataclass(frozen=True)
class ConditionReport:
    """One row of the table of conditions: rows, weight, training and held-out RMS residual."""

    rows: int
    weight: float
    training: float
    held_out: float


class UnknownEstimate(float):
    """The value of an unknown, a float with a `standard_error`.

    The standard error is that of linear least squares at the solution, with the network's parameters
    as nuisance: the spread of the unknown when data vary by their `noise` where that is stated and
    borne out, and by their own scatter elsewhere, and all other residuals by what is left of them. It
    is infinite for an unknown that nothing determines, and knows nothing of errors in the equation.
    """

    standard_error: float

    def __new__(cls, value: float, standard_error: float):
        instance = super().__new__(cls, value)
        instance.standard_error = standard_error
        return instance

    def __getnewargs__(self):
        return float(self), self.standard_error  # what copies are made of


class Unknowns(dict[str, UnknownEstimate]):
    """The unknowns by name, with their `correlation` matrix in the same order."""

    correlation: Float[np.ndarray, "unknowns unknowns"]

    def __init__(self, values: Mapping[str, UnknownEstimate], correlation):
        super().__init__(values)
        self.correlation = np.asarray(correlation)


class FieldErrors(dict[str, float]):
    """The relative L2 error of each field; as a number, the largest of them, or none if one is none.

    So `solution.error["u"]`, `solution.error < 1e-6` and `f"{solution.error:.1e}"` all work.
    """

    def __float__(self) -> float:
        return float(np.max(list(self.values())))  # unlike max(), not a number where one is none

    # One by one: functools.total_ordering takes dict's own, which compare nothing, for given.
    def __lt__(self, other) -> bool:
        return float(self) < float(other)

    def __le__(self, other) -> bool:
        return float(self) <= float(other)

    def __gt__(self, other) -> bool:
        return float(self) > float(other)

    def __ge__(self, other) -> bool:
        return float(self) >= float(other)

    def __eq__(self, other) -> bool:
        if isinstance(other, (int, float)):
            return float(self) == other
        return super().__eq__(other)

    def __ne__(self, other) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)


@dataclasses.dataclass(frozen=True)
class Solution:
    """The answer, and how far it can be trusted.

    Call it with named coordinates of any shape: `solution(x=..., t=...)` gives one array, or a dict
    of arrays when there are several fields; `solution.u(x=..., t=...)` gives the field `u`.

    - `name`: of the problem.
    - `fields`, `domain`: of the problem.
    - `evaluator`: evaluates the network (see `pinnsven._output._evaluate`).
    - `status`: one of `RESULTS`; `message` says why and what to change.
    - `conditions`: a table, by condition.
    - `unknowns`: their values, standard errors and correlation.
    - `error`: relative L2 error per field where an exact or reference solution is known, else None.
    - `error_estimate`: the same as far as it can be told without knowing the answer (docs/trust.md):
      the right order of magnitude, no bound; nan where it is not known; None if not wanted.
    - `reference_floor`: the relative error of that reference itself, None where there is none.
    - `spectrum`: the singular values of the last Jacobian, descending; before the endgame those of
      a random half of its columns.
    - `rank`: how many of them the last step used.
    - `steps`, `seconds`, `compile_seconds`: the cost; `seconds` includes compilation.
    - `verdict_seconds`: of the time after the last step, compilation left out.
    - `memory`: bytes, as predicted and at the peak (see `pinnsven._basics._memory`).
    - `history`: arrays over the steps, by the names of `StepRecord`.
    - `spread`: maps points (n, dim) to the standard errors of the fields (n, fields) that scattering
      readings leave; None without readings.
    - `corrected`: maps a point (dim,) to the fields with their estimated errors added, where `solve`
      has just estimated them; it is not saved.
    - `stopped`: why, where Ctrl-C or a callback ended the run; not saved either.
    """

    name: str
    fields: tuple[str, ...]
    domain: Domain
    evaluator: object
    status: RESULTS
    message: str
    conditions: dict[str, ConditionReport]
    unknowns: Unknowns
    error: FieldErrors | None
    error_estimate: FieldErrors | None
    reference_floor: float | None
    spectrum: np.ndarray
    rank: int
    steps: int
    seconds: float
    compile_seconds: float
    memory: Memory
    history: dict[str, np.ndarray]
    known: object = None
    spread: object = None
    verdict_seconds: float = 0.0
    corrected: object = None
    stopped: str = ""

    def __call__(self, *, outside: str = "nan", **coordinates):
        """The fields at the given coordinates.

        - `outside`: what to return outside the domain, where nothing was asked of the solution: "nan",
          or "extrapolate" for what the network happens to say there. Along a periodic coordinate
          nothing is outside.
        - `coordinates`: one array per coordinate, of shapes that broadcast together; a vector
          coordinate of size d has a last axis of that length.

        Returns a float64 array of the broadcast shape, or a dict of them for several fields. Raises
        `ValueError` for a missing or unknown coordinate, or shapes that do not fit.
        """
        values = self._evaluate(coordinates, outside)
        named = {field: values[..., i] for i, field in enumerate(self.fields)}
        return named[self.fields[0]] if len(self.fields) == 1 else named

    def __getstate__(self) -> dict:
        # A function that JAX has traced has no copy; like a saved solution, a copy is without it.
        return self.__dict__ | {"corrected": None}

    def __getattr__(self, name: str):
        fields = self.__dict__.get("fields", ())
        if name in fields:
            index = fields.index(name)
            return lambda *, outside="nan", **named: self._evaluate(named, outside)[..., index]
        raise AttributeError(
            f"Solution has no attribute {name!r}; its fields are {listing(fields)}."
            + nearest(name, [*fields, *self.__dataclass_fields__])
        )

    def _evaluate(self, coordinates: dict, outside: str) -> np.ndarray:
        if outside not in OUTSIDE:
            raise ValueError(f"outside={outside!r}: give one of {listing(map(repr, OUTSIDE))}")
        points, shape = stack_coordinates(self.domain, coordinates)
        values = self.evaluator(points)  # type: ignore[operator]
        if outside == "nan":
            # Coordinates in single precision miss the boundary by more than those in double.
            kinds = [np.asarray(c).dtype for c in coordinates.values()]
            single = any(k.kind == "f" and k.itemsize < 8 for k in kinds)
            for start in range(0, len(points), PORTION):  # a polygon's test takes room per edge
                part = slice(start, start + PORTION)
                inside = self.domain.contains(points[part], 1e-6 if single else 1e-9)
                values[part][~inside] = np.nan
        return values.reshape(*shape, len(self.fields))

    def standard_error(self, **coordinates):
        """The standard error of the fields that the scatter of readings leaves, at coordinates.

        The readings' noise where it is stated and borne out, and their own scatter elsewhere, to first
        order: 95 % of it lie within 1.96 standard errors.

        - `coordinates`: as for a call of the solution.

        Returns what such a call returns. Raises `ValueError` as that does, and for a solution without
        `pv.Data` that could scatter.
        """
        if self.spread is None:
            raise ValueError("no reading scatters here: only pv.Data leaves a standard error")
        points, shape = stack_coordinates(self.domain, coordinates)
        values = self.spread(points).reshape(*shape, len(self.fields))  # type: ignore[operator]
        named = {field: values[..., i] for i, field in enumerate(self.fields)}
        return named[self.fields[0]] if len(self.fields) == 1 else named

    def condition_number(self) -> float:
        """The largest over the smallest singular value used; not a number without a step."""
        if not len(self.spectrum) or self.rank < 1:
            return float("nan")
        return float(self.spectrum[0] / self.spectrum[min(self.rank, len(self.spectrum)) - 1])

    def plot(self, path=None):
        """Draws the solution, beside the exact one and the difference where known.

        - `path`: where to write the picture (any format matplotlib knows); None returns the figure.
        """
        from ._plot import plot_solution

        return plot_solution(self, path)

    def report(self, path) -> None:
        """Writes one self-contained HTML page: status, table, pictures, history, spectrum."""
        from ._report import write_report

        write_report(self, path)

    def save(self, path) -> None:
        """Writes the solution to one file that `pv.load` reads; nothing in it is ever executed."""
        from ._solution_file import save_solution

        save_solution(self, path)

    def to_json(self) -> dict:
        """The figures of this solution as a dict that `json.dump` takes."""
        from .._metrics import solution_record

        return solution_record(self)

    def __str__(self) -> str:
        from .._metrics import solution_table

        return solution_table(self)

    __repr__ = __str__


def stack_coordinates(domain: Domain, given: dict) -> tuple[np.ndarray, tuple[int, ...]]:
    """Named coordinates as points (n, dim) and the shape that they broadcast to.

    Raises `ValueError` for a missing or unknown coordinate, a value that is not a number, or shapes
    that do not fit together.
    """
    names = [c.name for c in domain.coordinates]
    for name in given:
        if name not in names:
            raise ValueError(
                f"there is no coordinate {name!r}; give {listing(names)}." + nearest(name, names)
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise ValueError(f"the coordinate {missing[0]!r} is missing; give {listing(names)}")
    arrays, shapes = [], []
    for coordinate in domain.coordinates:
        if hidden := masked(given[coordinate.name]):
            raise ValueError(f"{coordinate.name}=: {hidden} entries are masked; leave those points out")
        array = np.asarray(given[coordinate.name], dtype=float)
        if coordinate.vector and (array.ndim == 0 or array.shape[-1] != coordinate.size):
            raise ValueError(
                f"{coordinate.name}= has shape {array.shape}; its last axis must be {coordinate.size}"
            )
        arrays.append(array if coordinate.vector else array[..., None])
        shapes.append(arrays[-1].shape[:-1])
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        pairs = listing(f"{n} {s}" for n, s in zip(names, shapes, strict=True))
        raise ValueError(f"the coordinates' shapes do not fit together: {pairs}") from None
    columns = [np.broadcast_to(a, (*shape, a.shape[-1])).reshape(-1, a.shape[-1]) for a in arrays]
    return np.concatenate(columns, axis=1), shape
