"""The verdict: which status a run ends with, and the sentence that says why."""

import math

from .._messages import listing
from .._naming import Value
from .._networks import Ansatz
from .._solution import RESULTS, Estimate, FieldErrors, StepRecord

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


def loose_fields(run) -> tuple[str, ...]:
    """Fields that may be shifted by a constant: no condition and no ansatz asks for their value."""
    if isinstance(run.network, Ansatz):
        return ()
    asked = [q for block in run.system.blocks for q in block.plan.quantities.values()]
    known = {quantity.field for quantity in asked if isinstance(quantity, Value)}
    return tuple(field for field in run.problem.fields if field not in known)


def is_falling(records: list[StepRecord]) -> bool:
    """Whether the held-out residual halved in the last third of the steps."""
    held = [r.held_out for r in records if math.isfinite(r.held_out)]
    if len(held) < 30:
        return True
    third = len(held) // 3
    return min(held[-third:]) < 0.5 * min(held[:-third])
