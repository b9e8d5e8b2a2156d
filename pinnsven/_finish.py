"""From the end of a run to a `Solution`: the last measurement, the verdict, and what is reported."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from ._error_estimate import estimate_errors
from ._evaluate import Evaluator
from ._memory import Memory, peak, shortage_as_memory_error
from ._messages import listing
from ._metrics import known_values, relative_errors
from ._naming import Value
from ._networks import Ansatz, FieldModel
from ._solution import (
    RESULTS,
    ConditionReport,
    Estimate,
    FieldErrors,
    Solution,
    StepRecord,
    UnknownEstimate,
    Unknowns,
    stack_coordinates,
)

LAST_DRAWS = 8  # of fresh points for the verdict: a place that one draw missed may be found
AGREE = 4.0  # training and held-out mean squares within this factor count as resolved


def judge(
    cause: RESULTS | None,
    why: str,
    estimate: Estimate,
    errors: FieldErrors | None,
    tolerance: float,
    confirmed: bool,
    loose: tuple[str, ...] = (),
    falling: bool = True,
) -> tuple[RESULTS, str]:
    """The status of a run and a sentence on what to change.

    - `cause`: what ended the run, None when quality is to decide.
    - `why`: the cause in words.
    - `estimate`: measured on points that no decision of the run has used.
    - `errors`: the estimated relative error of each field; None where it was not estimated.
    - `tolerance`: on the relative held-out residual; its square root is one on the estimated error.
    - `confirmed`: whether some equation was measured at points that were never fitted.
    - `loose`: fields of which every condition knows derivatives only.
    - `falling`: whether the held-out residual was still falling.
    """
    reached = f"the held-out residual is {estimate.relative:.1e} of its size"
    if cause is RESULTS.diverged or not math.isfinite(estimate.relative):
        return RESULTS.diverged, f"Stopped: {why}; look at the conditions' scales and the start."
    if estimate.gap**2 > AGREE:
        return RESULTS.unresolved, (
            f"Stopped: {why}; {reached}, {estimate.gap:.1f} times the training residual: the answer "
            "is not resolved between the points. Allow more points or more time."
        )
    if estimate.relative <= tolerance and not confirmed:
        return RESULTS.unresolved, (
            f"Stopped: {why}; {reached}, but every point of every equation was fitted: nothing "
            "confirms the answer between them. Declare the equation with pv.PDE, or hold points back."
        )
    if estimate.relative <= tolerance and loose:
        return RESULTS.unresolved, (
            f"Stopped: {why}; {reached}, but the conditions know only derivatives of "
            f"{listing(loose)}: any constant may be added. Prescribe a value, or a pv.Integral."
        )
    if estimate.relative <= tolerance and errors is not None and not errors <= tolerance**0.5:
        return RESULTS.unresolved, (
            f"Stopped: {why}; {reached}, but the estimated error of the solution is {errors:.1e}: here "
            "a small residual does not mean a small error. Allow more time or a smaller tolerance."
        )
    if estimate.relative <= tolerance:
        return RESULTS.converged, (
            f"{reached.capitalize()} (tolerance {tolerance:.0e}). It ended because {why}."
        )
    doubt = "Try a larger network, or look for a condition that contradicts another or is not smooth."
    if cause is RESULTS.time_limit or cause is RESULTS.max_steps:
        advice = "Allow more." if falling else f"It hardly falls any more. {doubt}"
        return cause, f"Stopped: {why}; {reached} (tolerance {tolerance:.0e}). {advice}"
    return RESULTS.stalled, f"Stopped: {why}; {reached} (tolerance {tolerance:.0e}). {doubt}"


def _loose_fields(run) -> tuple[str, ...]:
    """Fields that may be shifted by a constant: no condition and no ansatz asks for their value."""
    if isinstance(run.network, Ansatz):
        return ()
    asked = [q for block in run.system.blocks for q in block.plan.quantities.values()]
    known = {quantity.field for quantity in asked if isinstance(quantity, Value)}
    return tuple(field for field in run.problem.fields if field not in known)


def _is_falling(records: list[StepRecord]) -> bool:
    """Whether the held-out residual halved in the last third of the steps."""
    held = [r.held_out for r in records if math.isfinite(r.held_out)]
    if len(held) < 30:
        return True
    third = len(held) // 3
    return min(held[-third:]) < 0.5 * min(held[:-third])


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
    loose, falling = _loose_fields(run), _is_falling(run.records)
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
        unknowns=_unknowns(run),
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


def _unknowns(run) -> Unknowns:
    """Values, standard errors and correlations of the unknowns.

    To first order the unknowns err by $A e$ where the rows err by e, A the last rows of $J^+$, so
    their covariance is $A \\Sigma A^T$. The variances $\\Sigma$ are those of the noise where a
    condition states one, and the loss per degree of freedom elsewhere. $J^+$ is taken over the
    directions above the noise of the Gram matrix.
    """
    names, blocks = run.system.unknown_names, run.system.blocks
    if not names:
        return Unknowns({}, np.zeros((0, 0)))
    scale = np.array(run.system.unknown_scale)
    values = np.asarray(run.theta[-len(names) :], dtype=float) * scale
    residual = run.rows(run.batches).astype(float)
    gram = jax.jit(lambda t, b: run.system.gram(t, b))(run.theta, run.batches)
    squares, vectors = np.linalg.eigh(np.asarray(gram, dtype=float))
    kept = squares > 1e-14 * squares[-1]
    rows = sum(run.points.rows(b) for b in blocks)
    freedom = max(rows - int(kept.sum()), 1) / rows
    variance, exact, number = np.zeros(residual.size), np.zeros(residual.size, bool), 0
    layout = run.system.layout(run.batches)
    for block, batch in zip(blocks, run.batches, strict=True):
        part = layout.rows[block.name]
        variance[part] = (block.noise * np.max(batch.scale)) ** 2
        exact[part] = block.noise == 0
        number += (block.noise == 0) * run.points.rows(block)
    variance[exact] = np.sum(residual[exact] ** 2) / max(number, 1) / freedom
    effect = (vectors[-len(names) :, kept] / squares[kept]) @ vectors[:, kept].T
    products = jax.jit(lambda t, b, e: run.system.implicit(t, b).apply(e))
    inverse = np.asarray(products(run.theta, run.batches, jnp.asarray(effect, run.theta.dtype)))
    covariance = (inverse * variance) @ inverse.T * np.outer(scale, scale)
    deviation = np.sqrt(np.diag(covariance))
    safe = np.where(deviation > 0, deviation, 1.0)
    estimates = {
        name: UnknownEstimate(value, error)
        for name, value, error in zip(names, values.tolist(), deviation.tolist(), strict=True)
    }
    return Unknowns(estimates, covariance / np.outer(safe, safe))
