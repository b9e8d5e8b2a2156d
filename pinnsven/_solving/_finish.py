"""From the end of a run to a `Solution`: the last measurement, the verdict, and what is reported."""

import dataclasses
import math
import time

import numpy as np

from .._basics._compiled import Compiler
from .._basics._messages import listing
from .._basics._results import RESULTS
from .._conditions import Initial
from .._domains import stack_coordinates
from .._networks import DrawnLayer
from .._output._callbacks import tell
from .._output._evaluate import Evaluator
from .._output._progress import displays
from .._output._records import Estimate, UnknownEstimate, Unknowns
from .._output._solution import Solution
from .._problem import relative_errors
from ._at_once import corrections
from ._attempts import Attempts
from ._examine import examine
from ._push import Pushed
from ._settle import settle
from ._singular import in_words
from ._so_far import facts_of, shown
from ._uncertainty import plain_unknowns
from ._verdict import LAST_DRAWS, LAST_DRAWS_FINER, Evidence, judge

COMPARED = 2  # draws of fresh points, at least; by as many, all on the same, parameters are compared


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
    begun = time.perf_counter() - run.compiler.seconds  # compilation is not the verdict's
    # Only displays are told of what follows, for none may stop it; `solve` calls the `on_end` of all.
    run.hooks = displays(run.hooks)
    tell(run.hooks, "on_stage", "judging the answer")
    attempt = Attempts(run)
    if run.sizes is None and not run.interrupted:
        attempt.interruptibly(run.prepare)
    if run.checkpoint is not None and run.sizes is not None:
        run.save()  # before the last measurement draws points, so that a resumed run draws the same
    run.scratch = ()  # the estimate of the error needs the memory
    estimate = attempt("the verdict could not be made", lambda: _last_measurement(run))
    diverged = bool(run.trouble) or ended[0] is RESULTS.diverged
    programs = Compiler(lambda name: None, folder=run.compiler.folder, traces=run.compiler.traces)
    evaluator = Evaluator(shown(run), precision, run.network, programs)
    examined = examine(run, attempt, None if diverged else estimate, tolerance, evaluator)
    failed = bool(attempt.said)
    domain, known = run.problem.domain, run.known
    error = None
    if run.records or not run.interrupted:
        error = attempt(
            "the error could not be told",
            lambda: relative_errors(
                lambda points: evaluator(stack_coordinates(domain, points)[0]),
                known,
                run.problem.space,
            ),
        )
    if run.trouble:
        ended = (RESULTS.diverged, run.trouble)
    evidence = examined.evidence
    if evidence is None and estimate is not None:
        evidence = Evidence(estimate=estimate)
    status, message = _verdict(run, ended, evidence, tolerance, failed)
    added = in_words(run.singularities)
    message = " ".join([message, *([added] if added else []), *attempt.said])
    message += _at_bounds(run) + _in_slabs(run, status)
    if run.memory_trouble:
        message += f" Since {run.memory_trouble}, the Jacobian was not stored."
    if run.save_trouble:
        message += f" The checkpoint could not be written: {run.save_trouble}."
    spectrum, rank = _spectrum(run)
    solution = Solution(
        **facts_of(run, estimate),
        evaluator=evaluator,
        status=status,
        message=message,
        unknowns=examined.unknowns if examined.unknowns is not None else plain_unknowns(run),
        error=error,
        error_estimate=examined.errors,
        spectrum=spectrum[spectrum > 0],
        rank=rank,
        spectra=run.spectra,
        spread=examined.spread,
        verdict_seconds=time.perf_counter() - run.compiler.seconds - programs.seconds - begun,
        corrected=examined.corrected,
        stopped=run.stopped,
    )
    if examined.second is not None:
        return dataclasses.replace(solution, second_answer=_another(solution, examined.second))
    return solution


def _another(solution: Solution, second: Pushed) -> Solution:
    """The solution with the fields and unknowns of a second answer, of which nothing else is known."""
    values = {name: UnknownEstimate(v, math.inf) for name, v in second.unknowns.items()}
    return dataclasses.replace(
        solution,
        evaluator=Evaluator(second.model, "float64"),
        message=f"A second answer, whose residual is {second.residual:.1e} of its size.",
        unknowns=Unknowns(values, np.full((len(values), len(values)), np.nan)),
        error=None,
        error_estimate=None,
        spread=None,
        corrected=None,
    )


def _at_bounds(run) -> str:
    """A sentence on unknowns that lie at a bound of theirs; empty for none."""
    parameters, values = run.system.parameters, run.system.unknown_values(run.theta)
    pairs = zip(values.items(), parameters.unknown_maps, strict=True)
    found = [f"{name} lies at its {at}" for (name, v), m in pairs if (at := m.holds(v))]
    return f" {listing(found)}: without that bound it would go on." if found else ""


def _in_slabs(run, status: RESULTS) -> str:
    """A sentence on slabs of time, where a history alone is what was not found; else empty."""
    domain, wrong = run.problem.domain, status in (RESULTS.stalled, RESULTS.time_limit)
    started = any(isinstance(c, Initial) for c in run.problem.conditions.values())
    if not wrong or not started or domain.dim > 1 or run.compiler.traces is not None or not run.draws:
        return ""
    return " For a history of very different times, pv.march(problem) chooses slabs of time."


def _spectrum(run) -> tuple[np.ndarray, int]:
    """The singular values of the last step that the solution rests on, and how many it used."""
    if run.stands_alone:
        return run.candidate.sizes, run.candidate.rank
    if run.report is None:
        return np.zeros(0), 0
    return np.asarray(run.report.singular_values), int(run.report.rank)


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
    if run.hurried:
        message += f" {run.hurried}"
    if status is RESULTS.converged and (failed or run.hurried):
        status = RESULTS.unresolved if failed else RESULTS.time_limit
    return status, message


def _last_measurement(run) -> Estimate | None:
    """What fresh points say of the better of two parameter vectors, which the run then has.

    None where the run was interrupted before it knew how large its residuals are.
    """
    if run.sizes is None:
        return None
    before = run.theta
    try:
        if not run.interrupted:
            settle(run)
        finer = any(block.finer for block in run.system.blocks)
        draws = LAST_DRAWS_FINER if finer else LAST_DRAWS
        return _keep_the_better(run, 1 if run.interrupted else draws)
    except BaseException:
        run.theta = run.best[1] if math.isfinite(run.best[0]) else before
        raise


def _keep_the_better(run, draws: int) -> Estimate:
    """Measures the last parameters of a run, those that seemed best, and these with a correction.

    All on the same points: where kinks make the residual's mean square vary from draw to draw, those
    that seemed best may have met a lucky one. The best of them is kept.
    """
    points, weights = run.points.snapshot(), run.weights
    plain = run.model.addition

    def loss(theta, drawn, draws: int) -> float:
        run.theta, run.weights = theta, weights
        run.adopt(drawn)
        run.points.restore(points)
        found = run.measure(draws)
        return math.inf if math.isnan(found) else found

    thetas = [run.theta]
    if not np.array_equal(run.best[1], run.theta):  # as they are where no network was trained
        thetas.insert(0, run.best[1])
    tried = [(theta, plain) for theta in thetas]
    if run.stands_alone and len(tried) == 1:
        loss(*tried[0], _affordable(plain, draws))
        return run.estimate
    few = min(draws, COMPARED)
    losses = [loss(*one, few) for one in tried]
    theta = run.theta = thetas[-1] if losses[-1] <= losses[0] else thetas[0]
    for combination in corrections(run):
        tried.append((theta, combination.drawn))
        losses.append(loss(*tried[-1], few))
    best = max(range(len(tried)), key=lambda i: (-losses[i], i))  # the last one where they are equal
    draws = _affordable(tried[best][1], draws)
    if best < len(tried) - 1 or draws > few:
        loss(*tried[best], draws)
    return run.estimate


def _affordable(drawn, draws: int) -> int:
    """How many draws of fresh points: fewer where thousands of functions are evaluated at each."""
    portions = int(drawn.used) if isinstance(drawn, DrawnLayer) else 0
    return max(draws // max(portions // 2, 1), min(draws, COMPARED))
