"""The data of a solution, and its values anywhere."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._basics._memory import Memory
from .._basics._messages import listing, nearest
from .._basics._numbers import finite_number
from .._basics._results import RESULTS
from .._calculus._layout import PLAIN, FieldLayout
from .._domains import Domain, Interior, Sobol, stack_coordinates
from ._records import ConditionReport, FieldErrors, Unknowns

OUTSIDE = ("nan", "extrapolate")
GAIN_POINTS = 256  # at which the variance of a field is averaged
NO_SCATTER = "no reading scatters here: only pv.Data that a network was fitted to"
PORTION = 1 << 14  # points that are tested at a time for being outside


def by_field(fields: Sequence[str], values: np.ndarray):
    """Values whose last axis is the fields': the array of the only one, or a dict of one for each."""
    named = {field: values[..., i] for i, field in enumerate(fields)}
    return named[fields[0]] if len(fields) == 1 else named


def _hair(coordinates: dict) -> float:
    """What counts as rounding of coordinates: in single precision they miss a boundary by more."""
    kinds = [np.asarray(c).dtype for c in coordinates.values()]
    return 1e-6 if any(kind.kind == "f" and kind.itemsize < 8 for kind in kinds) else 1e-9


@dataclasses.dataclass(frozen=True)
class SolutionData:
    """What a solve found: all but the verbs of `Solution`, which draw and write this.

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
    - `spectra`: singular values as they were at steps 1, 4, 16 and so on, by the step; not saved.
    - `steps`, `seconds`, `compile_seconds`: the cost; `seconds` includes compilation.
    - `verdict_seconds`: of the time after the last step, compilation left out.
    - `memory`: bytes, as predicted and at the peak (see `pinnsven._basics._memory`).
    - `history`: arrays over the steps, by the names of `StepRecord`; `unknowns.k` for an unknown `k`.
    - `spread`: maps points (n, dim) to the standard errors of the fields (n, fields) that scattering
      readings leave; None without readings.
    - `corrected`: maps a point (dim,) to the fields with their estimated errors added, where `solve`
      has just estimated them; it is not saved.
    - `second_answer`: where the conditions leave the answer open, another solution whose residuals are
      as small, as far as one was found; else None. It is not saved.
    - `problem`: what was solved, with its conditions; a copy and a saved solution are without it.
    - `tolerance`: on the held-out residual, that of the run; None where it is not known.
    - `settings`: what the solve was asked for, by name; None where it is not known.
    - `points`: where the conditions were fitted last, coordinates by condition; not saved either.
    - `layout`: where the fields live, and which of them make up another.
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
    second_answer: Any = None
    problem: Any = None
    tolerance: float | None = None
    settings: Mapping[str, object] | None = None
    points: Mapping[str, dict[str, np.ndarray]] | None = None
    layout: FieldLayout = PLAIN
    stopped: str = ""
    spectra: Mapping[int, np.ndarray] = dataclasses.field(default_factory=dict)

    def __call__(self, *, outside: str = "nan", **coordinates):
        """The fields at the given coordinates.

        - `outside`: what to return outside the domain, where nothing was asked of the solution: "nan",
          or "extrapolate" for what the network happens to say there. Along a periodic coordinate
          nothing is outside.
        - `coordinates`: one array per coordinate, of shapes that broadcast together; a vector
          coordinate of size d has a last axis of that length.

        Returns a float64 array of the broadcast shape, or a dict of them for several fields; a vector
        or a tensor has its own axes last. Raises `ValueError` for a missing or unknown coordinate, or
        shapes that do not fit.
        """
        values = self.evaluate(coordinates, outside)
        if not self.layout.composites:
            return by_field(self.fields, values)
        points, shape = stack_coordinates(self.domain, coordinates)
        places = points[:, : self.domain.space_dim]
        found = self.layout.by_name(self.fields, values.reshape(len(points), -1).T, places)
        named = {name: value.reshape(shape + value.shape[1:]) for name, value in found.items()}
        return next(iter(named.values())) if len(named) == 1 else named

    def __getstate__(self) -> dict:
        # A function that JAX has traced has no copy; like a saved solution, a copy is without it.
        return self.__dict__ | {"corrected": None, "second_answer": None, "problem": None}

    def __getattr__(self, name: str):
        fields = self.__dict__.get("fields", ())
        if name in fields:
            index = fields.index(name)
            return lambda *, outside="nan", **named: self.evaluate(named, outside)[..., index]
        raise AttributeError(
            f"{type(self).__name__} has no attribute {name!r}; its fields are {listing(fields)}."
            + nearest(name, [*fields, *self.__dataclass_fields__])
        )

    def evaluate(self, coordinates: dict, outside: str = "nan") -> np.ndarray:
        """All fields at coordinates, on a last axis; otherwise as a call of the solution."""
        points, shape = stack_coordinates(self.domain, coordinates)
        values = self.evaluator(points)  # type: ignore[operator]
        values = self.blanked(values, points, coordinates, outside)
        if outside == "nan" and self.layout.has_parts:
            values[~self.alive(points, coordinates)] = np.nan
        return values.reshape(*shape, len(self.fields))

    def alive(self, points: np.ndarray, coordinates: dict) -> np.ndarray:
        """Which fields live at points (n, dim), (n, fields), where some have parts of the domain.

        - `coordinates`: of which the points were made.
        """
        return self.layout.alive(self.domain, points, _hair(coordinates))

    def blanked(self, values: np.ndarray, points: np.ndarray, coordinates: dict, outside: str):
        """Values (n, ...) at points (n, dim) with NaN at those outside, if that is asked for.

        - `coordinates`: of which the points were made.
        - `outside`: as for a call.
        """
        if outside not in OUTSIDE:
            raise ValueError(f"outside={outside!r}: give one of {listing(map(repr, OUTSIDE))}")
        if outside == "nan":
            values = np.array(values)
            hair = _hair(coordinates)
            for start in range(0, len(points), PORTION):  # a polygon's test takes room per edge
                part = slice(start, start + PORTION)
                inside = self.domain.contains(points[part], hair)
                values[part][~inside] = np.nan
        return values

    def named(self, plan, points: np.ndarray, normals=None) -> dict[str, np.ndarray]:
        """What the names of a `DerivativePlan` ask for at points (n, dim), by name.

        - `normals`: (n, space), where a name asks for them.
        """
        return self.evaluator.named(plan, points, normals, self.numbers)  # type: ignore[attr-defined]

    @property
    def numbers(self) -> dict[str, float]:
        """The unknowns and, where the problem is at hand, the constants, by name."""
        found = {name: float(value) for name, value in self.unknowns.items()}
        return found | dict(getattr(self.problem, "constants", None) or {})

    def standard_error(self, **coordinates):
        """The standard error of the fields that the scatter of readings leaves, at coordinates.

        The readings' noise where it is stated and borne out, and their own scatter elsewhere, to first
        order: 95 % of it lie within 1.96 standard errors.

        - `coordinates`: as for a call of the solution.

        Returns what such a call returns. Raises `ValueError` as that does, and for a solution without
        `pv.Data` that could scatter.
        """
        if self.spread is None:
            raise ValueError(f"{NO_SCATTER} leaves a standard error")
        points, shape = stack_coordinates(self.domain, coordinates)
        values = self.spread(points).reshape(*shape, len(self.fields))  # type: ignore[operator]
        return by_field(self.fields, values)

    def reading_gain(self, of: str, /, **reading):
        """Which further reading would tell most: the share of a variance that it would remove.

            gain = solution.reading_gain("k", u=0.01, t=np.linspace(0, 2, 101))

        To first order in the readings' scatter, with the covariance that they leave: with a reading of
        variance s^2 that moves by m and a wanted number by w for each cause, (m . w)^2 / (s^2 + m . m)
        over w . w (a Kalman filter's gain; Fedorov, Theory of Optimal Experiments, 1972).

        - `of`: the unknown whose variance counts, or a field: then its mean over the domain.
        - `reading`: one field with the standard deviation of its reading, and coordinates of any shape.

        Returns shares between 0 and 1, of the shape of the coordinates. Raises `ValueError` for a
        solution without `pv.Data` that could scatter, for what is no field and no unknown, and for a
        standard deviation that is not positive.
        """
        if self.spread is None:
            raise ValueError(f"{NO_SCATTER} leaves a variance to remove")
        named = [name for name in reading if name in self.fields]
        if len(named) != 1:
            raise ValueError(
                f"reading_gain: name one field with the standard deviation of its reading, as in "
                f"{self.fields[0]}=0.1; the fields are {listing(self.fields)}"
            )
        noise = finite_number(f"{named[0]} =", reading.pop(named[0]))
        if noise <= 0:
            raise ValueError(f"{named[0]}={noise!r}: a reading's standard deviation is positive")
        wanted = self._wanted(of)
        points, shape = stack_coordinates(self.domain, reading)
        moved = self.spread.movements(points)[:, :, self.fields.index(named[0])]  # type: ignore[attr-defined]
        removed = np.sum((moved @ wanted.T) ** 2, axis=1) / (noise**2 + np.sum(moved**2, axis=1))
        return (removed / np.sum(wanted**2)).reshape(shape)

    def _wanted(self, of: str) -> np.ndarray:
        """What each cause does to an unknown, (1, causes), or to a field all over, (n, causes)."""
        spread: Any = self.spread
        if of in self.unknowns:
            if spread.of_unknowns is None:
                raise ValueError(f"{of!r}: the file does not hold how readings move it; solve again")
            return spread.of_unknowns[[list(self.unknowns).index(of)]]
        if of not in self.fields:
            known = [*self.unknowns, *self.fields]
            raise ValueError(f"reading_gain({of!r}): give one of {listing(known)}{nearest(of, known)}")
        places, _ = Interior(self.domain).draw(GAIN_POINTS, Sobol(), np.random.default_rng(0))
        return spread.movements(places)[:, :, self.fields.index(of)]

    def condition_number(self) -> float:
        """The largest over the smallest singular value used; not a number without a step."""
        if not len(self.spectrum) or self.rank < 1:
            return float("nan")
        return float(self.spectrum[0] / self.spectrum[min(self.rank, len(self.spectrum)) - 1])
