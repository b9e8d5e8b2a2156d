"""From the end of a run to a `Solution`: the last measurement, the verdict, and what is reported."""

import dataclasses
import math

import numpy as np

from .._domains import Interior
from .._evaluate import Evaluator
from .._memory import Memory, peak, shortage_as_memory_error
from .._metrics import relative_errors
from .._precision import precision_context
from .._sampling import Sobol
from .._solution import (
    RESULTS,
    ConditionReport,
    Estimate,
    Solution,
    StepRecord,
    stack_coordinates,
)
from ._attempts import Attempts
from ._coefficients import Jump, find_jump
from ._error_estimate import ErrorEstimate, estimate_errors
from ._evidence import amplified, field_errors, jump_words, left_open
from ._features import look
from ._levels import residual_levels
from ._uncertainty import SCATTER_POINTS, Uncertainty, field_effects, plain_unknowns, uncertainty
from ._verdict import LAST_DRAWS, Evidence, is_falling, judge


def finish(
    run,
    ended: tuple[RESULTS | None, str],
    tolerance: float,
    precision: str,
) -> Solution:
    """The solution of a run that has ended.

    - `run`: a run as `solve` makes it.
    - `ended`: what its loop returned.
    - `tolerance`: on the relative held-out residual.
    - `precision`: of the run.

    What fails here is left out, and said: a run that came to its end has a solution. Ctrl-C leaves out
    what is still to come.
    """
    run.hooks = ()  # none may stop what follows; `solve` calls their `on_end`
    attempt = Attempts(run)
    if run.sizes is None and not run.interrupted:
        attempt.interruptibly(run.prepare)
    if run.checkpoint is not None and run.sizes is not None:
        run.save()  # before the last measurement draws points, so that a resumed run draws the same
    run.scratch = ()  # the estimate of the error needs the memory
    estimate = attempt("the verdict could not be made", lambda: _last_measurement(run))
    diverged = bool(run.trouble) or ended[0] is RESULTS.diverged
    found = None if estimate is None or diverged else _estimated(run, attempt)
    open_ones = attempt(
        "the verdict could not be made, for what scatter leaves open is not known",
        lambda: uncertainty(run),
    )
    scatter = attempt(
        "the verdict could not be made, for what scatter does to the fields is not known",
        lambda: _scatter(run, open_ones),
    )
    looked = None
    if estimate is not None and estimate.relative <= tolerance and not run.interrupted:
        failure = "the verdict could not be made, for its many points could not be looked at"
        looked = attempt(failure, lambda: look(run, tolerance))
    jump = None
    if found is not None:
        failure = "the verdict could not be made, for coefficients could not be looked at"
        jump = attempt(failure, lambda: _jump(run))
    failed = bool(attempt.said)
    scatter = np.zeros(len(run.problem.fields)) if scatter is None else scatter
    errors = None
    if run.estimates_error and not run.interrupted and estimate is not None:
        errors = field_errors(run.problem.fields, found, scatter, estimate, tolerance)
    model, _ = run.system.unpack(run.theta)
    evaluator = Evaluator(model, precision, run.network)
    domain, known = run.problem.domain, run.known
    error = None
    if run.records or not run.interrupted:
        error = attempt(
            "the error could not be told",
            lambda: relative_errors(
                lambda points: evaluator(stack_coordinates(domain, points)[0]),
                known,
                run.problem.fields,
            ),
        )
    if run.trouble:
        ended = (RESULTS.diverged, run.trouble)
    evidence = _evidence(run, estimate, found, errors, scatter, open_ones)
    if evidence is not None:
        evidence = dataclasses.replace(
            evidence, missed=looked.missed if looked else "", jump=jump_words(jump, run.problem.domain)
        )
    status, message = _verdict(run, ended, evidence, tolerance, failed)
    message = " ".join([message, *attempt.said])
    if run.memory_trouble:
        message += f" Since {run.memory_trouble}, the Jacobian was not stored."
    if run.save_trouble:
        message += f" The checkpoint could not be written: {run.save_trouble}."
    spectrum = np.asarray(run.report.singular_values) if run.report is not None else np.zeros(0)
    return Solution(
        name=run.problem.name,
        fields=run.problem.fields,
        domain=domain,
        evaluator=evaluator,
        status=status,
        message=message,
        conditions=_table(run, estimate),
        unknowns=open_ones.unknowns if open_ones is not None else plain_unknowns(run),
        error=error,
        error_estimate=errors,
        reference_floor=known.floor if known is not None else None,
        spectrum=spectrum[spectrum > 0],
        rank=int(run.report.rank) if run.report is not None else 0,
        steps=len(run.records),
        seconds=run.seconds() + run.compiler.seconds,
        compile_seconds=run.compiler.seconds,
        memory=Memory(run.predicted, peak()),
        history={
            name: np.array([getattr(record, name) for record in run.records])
            for name in StepRecord.__dataclass_fields__
        },
        known=known,
        corrected=found.corrected if found is not None else None,
        stopped=run.stopped,
    )


def _verdict(
    run, ended, evidence: Evidence | None, tolerance: float, failed: bool
) -> tuple[RESULTS, str]:
    """The status and its message, whatever of them could be found out.

    - `failed`: whether a part of the verdict raised an error.
    """
    cause, why = ended
    if run.stopped and cause is not RESULTS.diverged:
        cause, why = RESULTS.stopped, run.stopped
    if evidence is None:
        unknown = "; what was reached is not known" if run.stopped else ""
        return cause or RESULTS.unresolved, f"Stopped: {why}{unknown}."
    if failed and evidence.errors is not None and math.isnan(float(evidence.errors)):
        evidence = dataclasses.replace(evidence, errors=None)  # the reason is said already
    status, message = judge(cause, why, evidence, tolerance)
    return (RESULTS.unresolved if failed and status is RESULTS.converged else status), message


def _evidence(run, estimate, found, errors, scatter, open_ones) -> Evidence | None:
    """All that the verdict rests on; None where nothing was measured."""
    if estimate is None:
        return None
    words = open_ones.open if open_ones is not None else ""
    amplification = bound = None
    if found is not None:
        words = left_open(run.problem, found, estimate) or words
        amplification, bound = amplified(run.problem, found, estimate), float(np.max(found.bounds))
    return Evidence(
        estimate=estimate,
        errors=errors,
        bound=bound,
        scatter=float(np.max(scatter)),
        confirmed=any(not run.points.is_complete(b) for b in run.system.blocks if b.interior),
        left_open=words,
        amplified=amplification or "",
        falling=is_falling(run.records),
    )


def _estimated(run, attempt: Attempts) -> ErrorEstimate | None:
    """The estimated error; None where it is not wanted: who pressed Ctrl-C waits for no compilation."""
    if not run.estimates_error or run.interrupted:
        return None
    failure = "the verdict could not be made, for the error was not estimated"
    return attempt(failure, lambda: _errors_if_they_fit(run))


def _jump(run) -> Jump | None:
    """The largest jump of a coefficient."""
    unknowns = {name: float(value) for name, value in run.system.unpack(run.theta)[1].items()}
    with precision_context("float64"):
        return find_jump(run.system.blocks, unknowns)


def _scatter(run, open_ones: Uncertainty | None) -> np.ndarray:
    """What the scatter of readings leaves of each field's error, relative to its size."""
    fields = len(run.problem.fields)
    if open_ones is None or not open_ones.effect.size or not run.estimates_error or run.interrupted:
        return np.zeros(fields)
    places, _ = Interior(run.problem.domain).draw(SCATTER_POINTS, Sobol(), np.random.default_rng(0))
    moved = field_effects(run.system, run.theta, open_ones.effect, places)
    values = Evaluator(run.system.unpack(run.theta)[0], "float64")(places)
    size = np.sqrt(np.mean(values**2, axis=0))
    return np.sqrt(np.mean(np.sum(moved**2, axis=2), axis=0)) / np.where(size > 0, size, 1.0)


def _last_measurement(run) -> Estimate | None:
    """What fresh points say of the better of two parameter vectors, which the run then has.

    None where the run was interrupted before it knew how large its residuals are.
    """
    if run.sizes is None:
        return None
    before = run.theta
    try:
        if not run.interrupted:
            run.settle()
        return _keep_the_better(run, 1 if run.interrupted else LAST_DRAWS)
    except BaseException:
        run.theta = run.best[1] if math.isfinite(run.best[0]) else before
        raise


def _keep_the_better(run, draws: int) -> Estimate:
    """Measures the last parameters of a run, and those that seemed best; keeps the better ones.

    Both on the same points: where kinks make the residual's mean square vary from draw to draw, those
    that seemed best may have met a lucky one.
    """
    points, weights = run.points.snapshot(), run.weights

    def loss(theta) -> float:
        run.theta, run.weights = theta, weights
        run.points.restore(points)
        found = run.measure(draws)
        return math.inf if math.isnan(found) else found

    last, best = run.theta, run.best[1]
    lowest = loss(best)
    if not loss(last) <= lowest:
        loss(best)
    return run.estimate


def _errors_if_they_fit(run) -> ErrorEstimate | None:
    """The estimated errors; None if not finite, or if memory runs out."""
    levels, compiled = residual_levels(run.system, *run.found), run.compiler.compile
    try:
        with shortage_as_memory_error():
            return estimate_errors(run.system, run.theta, run.points, levels, compiled)
    except MemoryError:
        return None


def _table(run, estimate: Estimate | None) -> dict[str, ConditionReport]:
    unknown = np.full(len(run.system.blocks), math.nan)
    training, held_out = (estimate.training, estimate.held_out) if estimate else (unknown, unknown)
    return {
        block.name: ConditionReport(
            rows=run.points.rows(block),
            weight=run.weights[block.name],
            training=float(training[i]),
            held_out=float(held_out[i]),
        )
        for i, block in enumerate(run.system.blocks)
    }
