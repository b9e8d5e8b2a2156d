"""The verdict: which status a run ends with, and the sentence that says why."""

import dataclasses
import math

from .._basics._results import RESULTS
from .._output._records import Estimate, FieldErrors, StepRecord

LAST_DRAWS = 8  # of fresh points for the verdict: a place that one draw missed may be found
LAST_DRAWS_FINER = 3  # where an equation integrates at each point, by a finer rule
AGREE = 4.0  # training and held-out mean squares within this factor count as resolved


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of an answer when it is judged.

    - `estimate`: residuals, measured on points that no decision of the run has used.
    - `errors`: the estimated relative error of each field; None where it was not estimated.
    - `bound`: how far the answer may be off with residuals as small as they are, relative to the
      variation of the field; None where it was not estimated.
    - `scatter`: the part of the estimated error that scattering readings leave, the largest one.
    - `confirmed`: whether some equation was measured at points that were never fitted.
    - `left_open`: which direction the conditions leave open, as a sentence; empty where none.
    - `amplified`: what multiplies residuals, as a sentence; empty where nothing stands out.
    - `jump`: where a coefficient jumps and what to do, as a sentence; empty where none does.
    - `missed`: a feature that the points have missed, as a sentence; empty where none was found.
    - `noisy`: which readings alone are not met, as a sentence; empty where others are neither.
    - `places`: at how many points the residual was looked at in the end; 0 where it was not.
    - `falling`: whether the held-out residual was still falling.
    """

    estimate: Estimate
    errors: FieldErrors | None = None
    bound: float | None = None
    scatter: float = 0.0
    confirmed: bool = True
    left_open: str = ""
    amplified: str = ""
    jump: str = ""
    missed: str = ""
    noisy: str = ""
    places: int = 0
    falling: bool = True


def judge(cause: RESULTS | None, why: str, evidence: Evidence, tolerance: float) -> tuple[RESULTS, str]:
    """The status of a run and a sentence on what to change.

    - `cause`: what ended the run, None when quality is to decide.
    - `why`: the cause in words.
    - `tolerance`: on the relative held-out residual; its square root is one on the estimated error.
    """
    estimate = evidence.estimate
    reached = f"the held-out residual is {estimate.relative:.1e} of its size"
    stopped = f"Stopped: {why}; {reached}"
    if cause is RESULTS.diverged or not math.isfinite(estimate.relative):
        return RESULTS.diverged, f"Stopped: {why}; look at the conditions' scales and the start."
    if cause is RESULTS.stopped:
        return cause, f"{stopped} (tolerance {tolerance:.0e})."
    met = estimate.relative <= tolerance
    if evidence.left_open and (met or cause is None):
        return RESULTS.undetermined, (
            f"{stopped}, but the conditions leave the answer open: {evidence.left_open}"
        )
    if not is_resolved(estimate, tolerance):
        return RESULTS.unresolved, (
            f"{stopped}, {estimate.gap:.1f} times the training residual: the answer "
            f"is not resolved between the points. Allow more points or more time.{_also(evidence)}"
        )
    if not met:
        return _unfinished(cause, evidence, tolerance, stopped)
    if doubt := _doubt(evidence, tolerance):
        return RESULTS.unresolved, f"{stopped}, but {doubt}"
    limited = ""
    if evidence.places:
        limited = f" What is narrower than the spacing of {evidence.places:,} points may be missed."
    if evidence.scatter > tolerance**0.5:
        limited += (
            f" The scatter of the readings is the limit: it leaves an error of {evidence.scatter:.1e}, "
            "which the estimate holds."
        )
    return RESULTS.converged, (
        f"{reached.capitalize()} (tolerance {tolerance:.0e}). It ended because {why}.{limited}"
    )


def is_resolved(estimate: Estimate, tolerance: float, margin: float = 1.0, far: float = 1.0) -> bool:
    """Whether an answer is as good between the points as at them, or so good that it does not matter.

    It does not where residuals larger once more by the gap would still meet the tolerance.

    - `margin`: on how much larger residuals may be between the points.
    - `far`: the share of the tolerance that they would have to meet.
    """
    alike = estimate.gap**2 <= margin * AGREE
    return alike or estimate.relative * estimate.gap <= far * tolerance


def _unfinished(
    cause: RESULTS | None, evidence: Evidence, tolerance: float, stopped: str
) -> tuple[RESULTS, str]:
    """What is said of a residual above the tolerance."""
    doubt = evidence.noisy or (
        "Try a larger network, or look for a condition that contradicts another or is not smooth."
    )
    if cause is RESULTS.time_limit or cause is RESULTS.max_steps:
        advice = "Allow more." if evidence.falling else f"It hardly falls any more. {doubt}"
        return cause, f"{stopped} (tolerance {tolerance:.0e}). {advice}{_also(evidence)}"
    return RESULTS.stalled, f"{stopped} (tolerance {tolerance:.0e}). {doubt}{_also(evidence)}"


def _also(evidence: Evidence) -> str:
    """What else was found, for a run that has other troubles."""
    found = [evidence.missed, evidence.jump]
    if evidence.left_open:
        found.append(f"The conditions leave the answer open: {evidence.left_open}")
    return "".join(f" {sentence[0].upper()}{sentence[1:]}" for sentence in found if sentence)


def _doubt(evidence: Evidence, tolerance: float) -> str:
    """Why an answer whose residual meets the tolerance is not believed; empty where it is."""
    errors, most = evidence.errors, tolerance**0.5
    if not evidence.confirmed:
        return (
            "every point of every equation was fitted: nothing confirms the answer between them. "
            "Declare the equation with pv.PDE, or hold points back."
        )
    if evidence.missed:
        return evidence.missed
    if evidence.jump:
        return evidence.jump
    bounded = evidence.bound is None or evidence.bound <= max(most, 2 * evidence.scatter)
    known = errors is not None and (bounded or not math.isnan(float(errors)))
    if errors is not None and known and not float(errors) <= max(most, 2 * evidence.scatter):
        return (
            f"the estimated error of the solution is {errors:.1e}: here a small residual does not mean "
            "a small error. Allow more time or a smaller tolerance."
        )
    if evidence.bound is not None and not bounded:
        return (
            f"the solution may be off by {evidence.bound:.1e} with residuals as small as these: "
            f"{evidence.amplified or 'the residual says too little of the error.'} Allow more time or "
            "a smaller tolerance."
        )
    return ""


def is_falling(records: list[StepRecord]) -> bool:
    """Whether the held-out residual halved in the last third of the steps."""
    held = [r.held_out for r in records if math.isfinite(r.held_out)]
    if len(held) < 30:
        return True
    third = len(held) // 3
    return min(held[-third:]) < 0.5 * min(held[:-third])
