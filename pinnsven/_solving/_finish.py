"""From the end of a run to a `Solution`: the last measurement, the verdict, and what is reported."""

import math

import numpy as np

from .._evaluate import Evaluator
from .._memory import Memory, peak, shortage_as_memory_error
from .._metrics import known_values, relative_errors
from .._networks import FieldModel
from .._solution import (
    RESULTS,
    ConditionReport,
    Estimate,
    FieldErrors,
    Solution,
    StepRecord,
    stack_coordinates,
)
from ._error_estimate import estimate_errors
from ._unknowns import estimate_unknowns
from ._verdict import LAST_DRAWS, is_falling, judge, loose_fields


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
    """
    run.hooks = ()  # none may stop what follows; `solve` calls their `on_end`
    if run.sizes is None:
        run.prepare()
    if run.checkpoint is not None:
        run.save()  # before the last measurement draws points, so that a resumed run draws the same
    run.scratch = ()  # the estimate of the error needs the memory
    run.settle()
    estimate = _keep_the_better(run)
    if run.trouble:
        ended = (RESULTS.diverged, run.trouble)
    confirmed = any(not run.points.is_complete(b) for b in run.system.blocks if b.interior)
    loose, falling = loose_fields(run), is_falling(run.records)
    errors = corrected = None
    if run.estimates_error and not run.interrupted:  # who pressed Ctrl-C waits for no compilation
        found = None if ended[0] is RESULTS.diverged else _errors_if_they_fit(run)
        unknown = [math.nan] * len(run.problem.fields)
        values, corrected = (unknown, None) if found is None else (found[0].tolist(), found[1])
        errors = FieldErrors(zip(run.problem.fields, values, strict=True))
    status, message = judge(*ended, estimate, errors, tolerance, confirmed, loose, falling)
    if run.memory_trouble:
        message += f" Since {run.memory_trouble}, the Jacobian was not stored."
    if run.save_trouble:
        message += f" The checkpoint could not be written: {run.save_trouble}."
    model, _ = run.system.unpack(run.theta)
    evaluator = Evaluator(model, precision, run.network)
    domain = run.problem.domain
    known = known_values(run.problem)
    error = relative_errors(
        lambda points: evaluator(stack_coordinates(domain, points)[0]), known, run.problem.fields
    )
    spectrum = np.asarray(run.report.singular_values) if run.report is not None else np.zeros(0)
    return Solution(
        name=run.problem.name,
        fields=run.problem.fields,
        domain=domain,
        evaluator=evaluator,
        status=status,
        message=message,
        conditions=_table(run, estimate),
        unknowns=estimate_unknowns(run),
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
        corrected=corrected,
        stopped=run.stopped,
    )


def _keep_the_better(run) -> Estimate:
    """Measures the last parameters of a run, and those that seemed best; keeps the better ones.

    Both on the same points: where kinks make the residual's mean square vary from draw to draw, those
    that seemed best may have met a lucky one.
    """
    points, weights = run.points.snapshot(), run.weights

    def loss(theta) -> float:
        run.theta, run.weights = theta, weights
        run.points.restore(points)
        found = run.measure(LAST_DRAWS)
        return math.inf if math.isnan(found) else found

    last, best = run.theta, run.best[1]
    lowest = loss(best)
    if not loss(last) <= lowest:
        loss(best)
    return run.estimate


def _errors_if_they_fit(run) -> tuple[np.ndarray, FieldModel] | None:
    """The estimated errors and the corrected model; None if not finite, or if memory runs out."""
    try:
        with shortage_as_memory_error():
            return estimate_errors(run.system, run.theta, run.points, run.weights, run.compiler.compile)
    except MemoryError:
        return None


def _table(run, estimate: Estimate) -> dict[str, ConditionReport]:
    return {
        block.name: ConditionReport(
            rows=run.points.rows(block),
            weight=run.weights[block.name],
            training=float(estimate.training[i]),
            held_out=float(estimate.held_out[i]),
        )
        for i, block in enumerate(run.system.blocks)
    }
