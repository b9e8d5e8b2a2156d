"""Where a problem is solved in drawn functions before a network is trained, or corrected in them after.

A look of about a second decides. Where equations are linear and solutions smooth, it ends with the
solution; where it does not, the network is trained as if nothing had been tried, and what it leaves is
corrected in drawn functions if fresh points confirm the gain.
"""

import math
import time

import numpy as np
from jaxtyping import Float

from .._basics._processes import agreed
from .._basics._results import RESULTS
from .._networks import NONE, DrawnLayer, RandomFeatures
from .._output._callbacks import tell
from .._output._records import StepRecord
from ._drawn import GAIN, HOPEFUL, HOPEFUL_PRODUCTS, DrawnFit
from ._drawn_step import Combination
from ._limits import CORRECTION_SECONDS, VERDICT_SECONDS
from ._products import reach_of
from ._so_far import show_step
from ._steppers import SvenStepper
from ._verdict import LAST_DRAWS_FINER

# Seconds for which functions are added without a time limit: to gain, to end, and where the last ones
# gained so much that as many again promise to end the run.
PATIENT = 2.5, 10.0, 60.0
SHARE, LARGER_SHARE = 0.25, 0.4  # of the time that is left, where there is a limit; with that promise
SLAB_SHARE = 0.05  # the same for one slab of many
MET = 0.1  # of the tolerance, below which a combination meets it by any measure
PROMISING = (
    1e-3  # of the residual, below which a first look is worth more functions before anything else
)
NEAR = 30.0  # times the tolerance, within which a combination is held against it
SWIFT = 0.1  # of the residual that twice as many left, from where as many again promise as much
FLOOR = 1e-9  # relative residual, below which a run with a budget ends: no network gets there
BEYOND_HELP = 1e-3  # of a network's residual: no correction gains what functions alone leave then
FEW = 8  # readings, of which nobody takes an average
TRIED, TRIED_SECONDS, TRIED_STEPS = 0.1, 3.0, 20  # of the time, and at least, before training is judged
PACE = 2.0  # times that of its later half, to which training may still come
HELPS = 0.5  # of the residual that a correction leaves at most


def may_draw(run) -> bool:
    """Whether drawn functions may be used: as far as Sven decides how a problem is solved.

    Not where steps are counted, points are the user's, readings may scatter, or numbers are unknown:
    what is said of those rests on a network's parameters. A few readings without a noise, as of a
    pressure at one place, are conditions like others.
    """
    plain = run.wants_drawn and run.limits.max_steps is None
    plain = plain and run.may_refine and not run.points.has_pinned
    blocks = run.system.blocks
    measured = any(b.noise > 0 for b in blocks)
    measured |= sum(run.points.rows(b) for b in blocks if b.is_measured) > FEW
    wide = run.theta.dtype == np.float64
    own = isinstance(run.stepper, SvenStepper)
    return plain and own and wide and not measured and not run.problem.unknowns


def solve_at_once(run) -> tuple[RESULTS | None, str] | None:
    """Tries to solve a problem in drawn functions; returns what ended the run, or None.

    What meets the tolerance, or nearly does, is kept as the run's `candidate` where a network is
    trained all the same.
    """
    tell(run.hooks, "on_stage", "solving in drawn functions")
    fit = DrawnFit(run.system, run.theta, run.points, run.compiler.function, keeps=0.0)
    alone = isinstance(run.network, RandomFeatures)
    asked = run.network.units if alone else None
    fit.asked, fit.known, fit.expected = asked, run.apart_from, _expected(run)
    fit.until = time.perf_counter() + LARGER_SHARE * run.limits.left()
    began = time.perf_counter() - run.compiler.seconds
    found = fit.begin()
    run.drawn_cost = agreed(time.perf_counter() - run.compiler.seconds - began)
    if found is None and run.apart_from:
        return RESULTS.stalled, "no other solution was found than those to keep away from"
    if found is None and run.only_drawn:
        found = fit.unmoved()  # what a slab begins with may be its solution, as at an equilibrium
    if found is None:
        return None
    run.correctable = found.affine or found.left <= HOPEFUL
    if asked is not None:
        while fit.may_grow(found) and int(found.drawn.used) * fit.functions < asked:
            found = fit.grow(found) or found
    elif run.otherwise is not None and found.left > PROMISING:
        run.has_more = True  # what moves in time comes first
    elif not run.only_drawn or run.problem.domain.dim > 1:  # a shorter slab is cheaper than functions
        found = _grown(run, fit, found)
    run.drawn_left = found.left
    near = alone or run.only_drawn or found.left <= NEAR * run.limits.target
    if near or found.left <= HOPEFUL:
        run.candidate = found
    if not near:
        return None
    plain = run.model.addition
    began = run.seconds()
    _take(run, found)
    run.candidate_cost = agreed(run.seconds() - began)
    while (
        run.is_done()
        and run.estimate.relative > MET * run.limits.target
        and _may_better(run, fit, found)
    ):
        # What just meets the tolerance may hold too few functions for what grows within the domain.
        better = fit.grow(found)
        if better is None or better.left >= found.left:
            break
        found = run.candidate = better  # whose own functions the verdict asks
        run.records.pop()
        _take(run, found)
    finest = run.only_drawn or run.estimate.relative <= FLOOR or not run.limits.are_budgets
    enough = run.is_done() and finest
    if enough and not alone and any(block.finer for block in run.system.blocks):
        run.measure(LAST_DRAWS_FINER, quietly=True)  # by the finer rules
        if not run.is_done() and run.sharpen():
            run.records.pop()
            run.adopt(plain)
            run.candidate = None
            return solve_at_once(run)
    if enough or (alone and not run.only_drawn):
        show_step(run, run.records[-1])
        tell(run.hooks, "on_estimate", run.estimate)
        what = "meet the tolerance, with no network trained" if enough else "were asked for"
        return None, f"{int(found.drawn.used) * fit.functions} drawn functions {what}"
    run.records.pop()
    run.adopt(plain)
    tell(run.hooks, "on_stage", "training a network")
    run.quiet, run.lowest, run.best = 0, math.inf, (math.inf, run.theta)
    return None


def is_behind(run) -> bool:
    """Whether training, at twice the pace of its later half, stays behind what was found without it.

    For runs that use up their time: drawn functions meet the tolerance by any measure, and a network is
    trained only because there is time left.
    """
    limits, known = run.limits, run.candidate_relative
    if run.candidate is None or not known <= MET * limits.target or limits.time_limit is None:
        return False
    # The first steps are recorded with what was measured before them.
    found = [(r.seconds, r.held_out) for r in run.records if known < r.held_out < math.inf]
    if len(found) < TRIED_STEPS or run.records[-1].held_out <= known:
        return False
    seconds, held = np.array(found).T
    spent = seconds[-1] - seconds[0]
    if spent < max(TRIED * limits.time_limit, TRIED_SECONDS):
        return False
    later = seconds > seconds[0] + spent / 2
    first, best = np.min(held[~later]), np.min(held)
    pace = np.log10(first / best) / (spent / 2)
    return bool(np.log10(best / known) > PACE * pace * limits.left())


def corrections(run) -> list[Combination]:
    """What may be better than the trained network of a run: that with a correction, or no network."""
    if not run.draws or run.interrupted or run.stands_alone:
        return []
    known = [] if run.candidate is None else [run.candidate]
    measured = any(block.is_measured for block in run.system.blocks)  # parameters tell of their scatter
    if measured or not run.correctable or run.limits.left() < VERDICT_SECONDS + CORRECTION_SECONDS / 2:
        return known
    if run.candidate is not None and run.candidate.left <= BEYOND_HELP * run.estimate.relative:
        return known
    fit = DrawnFit(run.system, run.theta, run.points, run.compiler.function, keeps=1.0)
    fit.until = time.perf_counter() + run.limits.left() - VERDICT_SECONDS
    found = fit.begin()
    better = [] if found is None or found.left > HELPS else [_grown(run, fit, found)]
    return [*better, *known]


def _grown(run, fit: DrawnFit, found: Combination) -> Combination:
    """A combination with as many functions as pay in the time that there is."""
    limits, met = run.limits, MET * run.limits.target
    gain = 1.0 if int(found.drawn.used) == 1 else found.left
    while fit.may_grow(found) and found.left > limits.finest:
        hopeful = HOPEFUL_PRODUCTS if fit.kind.steepest is None else HOPEFUL
        if found.left > hopeful and not found.affine:
            break
        ends = (gain < SWIFT and found.left > FLOOR) or found.left > met >= gain * found.left
        most = PATIENT[0] if found.left <= met else PATIENT[1 + ends]
        cost = fit.cost(found)
        if limits.time_limit is not None:
            share = SLAB_SHARE if run.only_drawn else LARGER_SHARE if ends else SHARE
            most = share * limits.left()
            fit.until, cost = time.perf_counter() + most, fit.measured_cost(found)
        if cost > most:
            break
        grown = fit.grow(found)
        if grown is None or grown.left >= found.left:
            break
        gain, found = grown.left / found.left, grown
        if gain > GAIN:
            break
    return found


def _expected(run) -> Float[np.ndarray, " dim"] | None:
    """How far degrees of products reach by the slab before; None without one, or without products."""
    if run.following is None:
        return None
    model = run.following.evaluator.model
    layer = model.addition
    if not isinstance(layer, DrawnLayer) or layer.keeps or not layer.used:
        return None
    units = layer.portions
    if not all(part.degrees.size and np.any(part.degrees != NONE) for part in units):
        return None
    return reach_of(units, np.asarray(layer.coefficients), model.embedding)


def _take(run, found: Combination) -> None:
    """Makes a combination the solution of a run, measured and recorded."""
    run.adopt(found.drawn)
    run.measure(quietly=True)
    run.candidate_relative = run.estimate.relative
    run.records.append(_record(run, found))


def _may_better(run, fit: DrawnFit, found: Combination) -> bool:
    """Whether more products are worth their time where these just meet the tolerance."""
    if fit.kind.steepest is not None or run.only_drawn or not fit.may_grow(found):
        return False
    if run.limits.time_limit is None:
        return fit.cost(found) <= PATIENT[2]
    fit.until = time.perf_counter() + LARGER_SHARE * run.limits.left()
    return fit.measured_cost(found) <= LARGER_SHARE * run.limits.left()


def _record(run, found: Combination) -> StepRecord:
    return StepRecord(
        step=len(run.records) + 1,
        seconds=run.seconds(),
        loss=found.loss,
        held_out=run.estimate.relative,
        rank=found.rank,
        damping=0.0,
        ratio=1.0,
        accepted=True,
        rows=found.rows,
    )
