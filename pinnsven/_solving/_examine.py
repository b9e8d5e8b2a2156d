"""What is found out about an answer before it is judged, part by part: none may lose the others."""

import dataclasses

import numpy as np

from .._basics._memory import shortage_as_memory_error
from .._basics._precision import precision_context
from .._domains import Sobol
from .._networks import FieldModel
from .._output._evaluate import CHUNK, Evaluator, Spread
from .._output._records import Estimate, FieldErrors, Unknowns
from ._attempts import Attempts
from ._coefficients import Jump, find_jump
from ._drawn_programs import SEEN
from ._error_estimate import ErrorEstimate, estimate_errors
from ._evidence import (
    amplified,
    field_errors,
    jump_words,
    left_open,
    noisy,
    open_unknowns,
    second_in_words,
)
from ._features import look
from ._levels import Levels, residual_levels
from ._limits import DOUBLED_SECONDS
from ._own_reach import own_reach
from ._push import Pushed, push
from ._uncertainty import SPREAD_POINTS, Uncertainty, uncertainty, with_open
from ._uncovered import uncovered
from ._verdict import Evidence, is_falling

PLACES = 2048  # all over the domain, where the range of fields is looked for
FAILED = "the verdict could not be made, for"


@dataclasses.dataclass(frozen=True)
class Examined:
    """What was found out; None for each part that failed or was not wanted.

    - `evidence`: what the verdict rests on.
    - `errors`: the estimated relative error of every field.
    - `unknowns`: their values and standard errors.
    - `spread`: the standard errors of the fields.
    - `corrected`: the model with its estimated error added.
    - `second`: another answer whose residuals are as small.
    """

    evidence: Evidence | None
    errors: FieldErrors | None
    unknowns: Unknowns | None
    spread: Spread | None
    corrected: FieldModel | None = None
    second: Pushed | None = None


def examine(
    run, attempt: Attempts, estimate: Estimate | None, tolerance: float, evaluator: Evaluator
) -> Examined:
    """Examines the solution of a run.

    - `estimate`: its residuals; None for a run that diverged, or that was not measured.
    - `evaluator`: its network.
    """
    scatters = attempt(f"{FAILED} what scatter leaves open is not known", lambda: uncertainty(run))
    unknowns = scatters.unknowns if scatters is not None else None
    spread = _spread(run, scatters, evaluator)
    wanted = run.asks_for_error
    if estimate is None:
        nothing = np.zeros(len(run.problem.fields))
        errors = field_errors(run.problem.fields, None, nothing) if wanted else None
        return Examined(None, errors, unknowns, spread)
    gap = (
        attempt(f"{FAILED} it was not counted", lambda: uncovered(run.problem, run.compiler.compile))
        or ""
    )
    levels = residual_levels(run.system, *run.found)
    evidence = Evidence(
        estimate=estimate,
        confirmed=any(not run.points.is_complete(b) for b in run.system.blocks if b.interior),
        left_open=(scatters.open if scatters is not None else "") or gap,
        noisy=noisy(run.system.blocks, estimate, levels.scatter),
        falling=is_falling(run.records),
    )
    if not wanted:
        return Examined(evidence, None, unknowns, spread)
    found = attempt(f"{FAILED} the error was not estimated", lambda: _errors_if_they_fit(run, levels))
    scatter = attempt(
        f"{FAILED} what scatter does to the fields is not known", lambda: _scatter(run, spread)
    )
    jump = attempt(f"{FAILED} coefficients could not be looked at", lambda: _jump(run, evaluator))
    scatter = np.zeros(len(run.problem.fields)) if scatter is None else scatter
    least = 0.0 if estimate.relative <= tolerance else estimate.relative
    errors = field_errors(run.problem.fields, found, scatter, least, tolerance**0.5)
    if estimate.relative <= tolerance:
        failure = f"{FAILED} its many points could not be looked at"
        looked = attempt(failure, lambda: look(run, tolerance))
        if looked is not None:
            evidence = dataclasses.replace(evidence, missed=looked.missed, places=looked.places)
    evidence = dataclasses.replace(
        evidence,
        errors=errors,
        scatter=float(np.max(scatter)),
        jump=jump_words(jump, run.problem.domain),
    )
    lost = jump is not None or bool(gap) or bool(evidence.missed)
    if run.interrupted:  # Ctrl-C meanwhile
        return Examined(dataclasses.replace(evidence, errors=None), None, unknowns, spread)
    own = (
        attempt(f"{FAILED} what its functions leave open is not known", lambda: _own(run, evaluator))
        or 0.0
    )
    second = None
    if found is not None:
        words, unknowns, second = _freedom(run, attempt, found, unknowns, estimate.relative, tolerance)
        lost = lost or bool(words)
        # What was counted names the place where the largest movement may be anywhere beside it.
        words = gap + second_in_words(second) if gap else words
        evidence = dataclasses.replace(
            evidence,
            bound=max(float(np.max(found.bounds)), own),
            left_open=words or evidence.left_open,
            amplified=amplified(run.problem, found),
        )
    # An error along what is open, or steeper than what it is estimated in, lost in a jump, or of what
    # was missed has no known size.
    if lost or own > tolerance**0.5:
        errors = field_errors(run.problem.fields, None, scatter)
        evidence = dataclasses.replace(evidence, errors=errors)
    return Examined(evidence, errors, unknowns, spread, found.corrected if found else None, second)


def _freedom(run, attempt: Attempts, found: ErrorEstimate, unknowns, relative: float, tolerance: float):
    """What the conditions leave open in words, the unknowns with that, and a second answer or None.

    What seems open is pushed: a solution that comes back is held by what the linearized equations do
    not say.

    - `relative`: the residual of the run beside its size.
    """
    failure = f"{FAILED} it could not be pushed"

    def tried(words: str, direction) -> tuple[str, Pushed | None]:
        pushed = attempt(failure, lambda: push(found, direction, tolerance)) if words else None
        if pushed is not None and pushed.held:
            return "", None
        second = pushed if pushed is not None and pushed.second else None
        return words + second_in_words(second), second

    words, second = tried(left_open(run.problem, found), found.freedom.direction)
    if unknowns and relative <= tolerance:
        which, together = open_unknowns(unknowns, found, run.system.parameters.unknown_scale)
        together, other = tried(together, found.freedom.of_unknowns)
        if together:
            unknowns, words, second = with_open(unknowns, which), words or together, second or other
    return words, unknowns, second


def _errors_if_they_fit(run, levels: Levels) -> ErrorEstimate | None:
    """The estimated errors; None if not finite, or if memory runs out.

    - `levels`: of its residuals.
    """
    compiled = run.compiler.function
    try:
        with shortage_as_memory_error():
            given = (run.system, run.theta, run.points, levels, compiled, run.vanishing)
            patient = lambda: run.limits.left() > DOUBLED_SECONDS
            return estimate_errors(*given, patient)
    except MemoryError:
        return None


def _own(run, evaluator: Evaluator) -> float:
    """How far a solution may be off along the drawn functions that it is made of."""
    if not run.stands_alone or run.candidate is None:
        return 0.0
    places, alive = _places(run, SEEN)
    # As many as the true error is told at, where it is known, for which the same program serves.
    shown = evaluator(np.resize(places, (CHUNK, places.shape[1])))[: len(places)]
    return own_reach(run, run.candidate, places, alive, shown)


def _jump(run, evaluator: Evaluator) -> Jump | None:
    """The largest jump of a coefficient."""

    def reach() -> dict[str, tuple[float, float]]:
        places, alive = _places(run, PLACES)
        found = np.where(alive, evaluator(places), np.nan)
        ends = zip(np.nanmin(found, axis=0).tolist(), np.nanmax(found, axis=0).tolist(), strict=True)
        return dict(zip(run.problem.fields, ends, strict=True))

    with precision_context("float64"):
        numbers = run.system.numbers(run.theta)
        return find_jump(run.system.blocks, numbers, run.compiler.compile, reach)


def _spread(run, open_ones: Uncertainty | None, evaluator: Evaluator) -> Spread | None:
    """The standard errors of the fields; None where no readings scatter."""
    if open_ones is None or not open_ones.effect.size:
        return None
    number = run.theta.size - len(run.system.unknown_names)
    entries = np.asarray(run.theta[number:], float)
    maps = zip(run.system.parameters.unknown_maps, entries, strict=True)
    slopes = np.array([bounded.slope(entry) for bounded, entry in maps]).reshape(-1, 1)
    return Spread(evaluator, open_ones.effect[:number], slopes * open_ones.effect[number:])


def _scatter(run, spread: Spread | None) -> np.ndarray:
    """What the scatter of readings leaves of each field's error, relative to its size."""
    if spread is None or not run.asks_for_error:
        return np.zeros(len(run.problem.fields))
    places, alive = _places(run, SPREAD_POINTS)
    size, scatter = (
        np.sqrt(np.mean(found(places) ** 2, axis=0, where=alive))
        for found in (spread.evaluator, spread)
    )
    return scatter / np.where(size > 0, size, 1.0)


def _places(run, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Places all over the domain, or each part of it, and which fields live there.

    (n, dim) and (n, fields); where a field does not live its values mean nothing.
    """
    problem, fields = run.problem, len(run.problem.fields)
    site = problem.layout.site(problem.domain, fields)
    places = site.draw(number, Sobol(), np.random.default_rng(0))[0]
    if not problem.layout.has_parts:
        return places, np.ones((len(places), fields), bool)
    return places, problem.layout.alive(problem.domain, places)
