"""What a solution is made of, and what callbacks are told: small records of numbers."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from .._basics._numbers import finite_number

OF_UNKNOWN = "unknowns."  # how the column of an unknown begins
MAKER = "_maker"  # where a record has what makes the solution so far


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
    - `unknowns`: their values after the step, by name.
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
    unknowns: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def solution(self) -> Any:
        """The `Solution` so far, made only now: to be called by a callback, inside its `on_step`.

        It can be evaluated, drawn, written and kept. Nothing has judged it: its status is `max_steps`,
        its message says after which step it was made, its `error` is known where the answer is, and
        its `error_estimate` is None.

        Raises `ValueError` once `on_step` is over: a record that is kept holds no parameters.
        """
        maker = self.__dict__.get(MAKER)
        if maker is None:
            raise ValueError(
                f"step {self.step} is over, and its record holds numbers alone: call record.solution() "
                "inside on_step, and keep what it returns"
            )
        return maker()

    @contextlib.contextmanager
    def shown(self, maker: Callable[[], Any]):
        """Lets `solution` work as long as the block runs.

        - `maker`: makes the solution so far.
        """
        self.__dict__[MAKER] = maker  # no field: no column of a history, and in no file
        try:
            yield self
        finally:
            self.__dict__.pop(MAKER, None)

    def __getstate__(self) -> dict:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def columns(cls, records: Sequence["StepRecord"]) -> dict[str, np.ndarray]:
        """The numbers of several steps as arrays (steps,), by name; an unknown's is `unknowns.name`."""
        found = {name: np.array([getattr(record, name) for record in records]) for name in cls.plain()}
        for name in records[0].unknowns if records else ():
            found[OF_UNKNOWN + name] = np.array([record.unknowns[name] for record in records])
        return found

    @classmethod
    def plain(cls) -> list[str]:
        """The names of the numbers that every step has."""
        return [name for name in cls.__dataclass_fields__ if name != "unknowns"]

    @classmethod
    def of_columns(cls, columns: Mapping[str, Sequence]) -> list["StepRecord"]:
        """The inverse of `columns`, of lists."""
        names = cls.plain()
        unknowns = [n.removeprefix(OF_UNKNOWN) for n in columns if n.startswith(OF_UNKNOWN)]
        return [
            cls(
                **{name: columns[name][i] for name in names},
                unknowns={name: columns[OF_UNKNOWN + name][i] for name in unknowns},
            )
            for i in range(len(columns["step"]))
        ]


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
    - `rows`, `weights`: of each condition, where a callback is told; else empty.
    """

    names: tuple[str, ...]
    training: Float[np.ndarray, " blocks"]
    held_out: Float[np.ndarray, " blocks"]
    relative: float
    gap: float
    rows: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()

    def to_dict(self) -> dict:
        """The estimate in plain numbers and lists, without rows and weights, which a run knows."""
        return {
            "names": self.names,
            "training": self.training.tolist(),
            "held_out": self.held_out.tolist(),
            "relative": self.relative,
            "gap": self.gap,
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

    @property
    def is_built_in(self) -> bool:
        """Whether the solution holds the condition by the way it is made, with no rows for it."""
        return self.rows == 0


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
class Reference:
    """Known values of the solution, with the error they carry themselves.

    - `points`: a dict of coordinate arrays of equal length n.
    - `floor`: the estimated relative L2 error of these values; no smaller error can be told apart.
    - `values`: a keyword names a field and gives its n values.
    """

    points: dict[str, np.ndarray]
    floor: float
    values: dict[str, np.ndarray]

    def __init__(self, points, /, *, floor: float, **values):
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "floor", finite_number("floor =", floor))
        object.__setattr__(self, "values", values)
        if self.floor < 0:
            raise ValueError(f"floor={floor!r}: an error estimate is not negative")
        if not values:
            raise ValueError("Reference: give the values of a field, as in Reference(points, u=u)")
