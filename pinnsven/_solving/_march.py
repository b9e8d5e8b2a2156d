"""Time slab after time slab: for solutions of which one network cannot hold the whole.

Each slab has a network of its own and starts from the end of the one before. Its estimated error is
measured against that end *with* the estimated error there, so that what is known of the error is
carried along.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._basics._numbers import finite_number
from .._basics._precision import precision_context
from .._basics._results import RESULTS
from .._basics._traces import SharedTraces
from .._conditions import (
    PDE,
    Boundary,
    Dirichlet,
    Initial,
    Interface,
    Neumann,
    Periodic,
    Robin,
)
from .._domains import Moment
from .._output._solution import Solution
from .._problem import Problem, known_values
from ._calls import check_time_limit, check_top_level
from ._choose_network import network_for
from ._joined import joined
from ._limits import VERDICT_SECONDS, Limits
from ._loop import INTERRUPTED
from ._singular import find_singularities
from ._slab_problem import slab_of
from ._slabs import Slabs
from ._solve import NotInDrawn, solve_within

ASIDE, LAST = (
    0.5,
    0.1,
)  # of the time limit, kept for networks while no slab is solved: with space, without
HASTE = 2.0  # times the time that is left, which slabs in drawn functions may seem to need: they grow
TRACED = 0.3  # of what the first slab compiles, that is traced again for each of the others


def march(
    problem: Problem,
    slabs: int | Sequence[float] | None = None,
    *,
    time_limit: float | None = None,
    estimate_error: bool = True,
    **settings: Any,
) -> Solution:
    """Solves a problem in time slab by slab, each from the end of the one before.

    For stiff, chaotic or long histories, which one network on the whole interval does not find. Each
    slab takes a network of the same kind, freshly drawn; the first two compile for all.

    - `slabs`: how many of equal length, or the inner edges between them. By default each is as long as
      drawn functions solve it, from one to the next of very different lengths; where they do not do, as
      with fronts in space, the rest of the time is four equal slabs.
    - `time_limit`: seconds of the whole call. Slabs share what compilation and verdicts leave; what one
      of them leaves goes to the others. The first is always solved; one that could not end in time is
      not begun.
    - `estimate_error`: as for `solve`; the error at the end of a slab is carried into the next.
      Without it the growth of errors is not known, and several slabs are never called converged.
    - `settings`: of each slab, as for `solve`, without `checkpoint` and `resume`.

    The `Solution` covers the whole time. It has converged if all slabs have; its message names the
    first that has not. After one that diverged, or that Ctrl-C or a callback stopped, no other is
    begun, and the fields are not a number there. Its table shows every condition in the slab with its
    largest held-out residual, its spectrum is that of the last slab.

    Raises `ValueError` for a problem without time or `Initial`, with unknowns, or with a condition
    that ties times together, for edges outside the time, and as `solve`.
    """
    asked = Limits(settings.pop("tolerance", None), settings.pop("max_steps", None), time_limit)
    check_top_level("march")
    plan = planned(problem, slabs, asked.target)
    if unfit := [name for name in ("checkpoint", "resume") if settings.get(name)]:
        raise ValueError(f"{unfit[0]}=: a march keeps no checkpoint; solve() keeps one of each slab")
    check_time_limit(time_limit)
    return marched(problem, plan, asked, settings | {"estimate_error": estimate_error})


def marched(problem: Problem, plan: Slabs, asked: Limits, settings: dict[str, Any]) -> Solution:
    """The solution of slab after slab.

    - `plan`: of the slabs, from which something may have been found out already.
    - `settings`: of each slab.
    """
    settings, known = dict(settings), known_values(problem)
    if settings.get("network") is None:
        settings["network"] = network_for(problem)
    settings["singularities"] = find_singularities(problem, settings["network"])
    solved, ended = _solved(problem, plan, asked, settings)
    return joined(problem, plan.ends, solved, ended, known, plan.chosen)


def _solved(
    problem: Problem, plan: Slabs, asked: Limits, settings: dict[str, Any]
) -> tuple[list[Solution], tuple[RESULTS, str]]:
    """The solutions of slab after slab, and what ended the march, with the reason.

    - `settings`: of each slab.
    """
    solved: list[Solution] = []
    traces = SharedTraces()
    while plan.number_left:
        beside = _seconds_beside(solved, plan.drawn)
        if plan.drawn and _takes_too_long(problem, plan, asked, solved, beside):
            plan.too_long(math.nan)
        if solved and asked.left() + asked.overrun() < beside:
            return solved, (RESULTS.time_limit, f"the limit of {asked.time_limit:g} s was reached")
        try:
            with precision_context(settings.get("precision", "float64")):
                during = problem.domain.during(*plan.next())
                part = slab_of(problem, during, solved[-1] if solved else None)
            limits = dataclasses.replace(asked, stepping=_share(asked, plan, beside))
            here = {"only_drawn": plan.drawn, "following": solved[-1] if solved else None}
            found = solve_within(limits, part, traces=traces.of_run(), **here, **settings)
        except (Exception, KeyboardInterrupt) as error:
            if plan.drawn and _is_too_long(error, plan):
                plan.too_long(error.left if isinstance(error, NotInDrawn) else math.inf)
                continue
            if not solved:
                raise
            # What was solved is not lost: a residual may not be finite where a slab begins.
            stopped = isinstance(error, KeyboardInterrupt)
            why = str(error) or (INTERRUPTED if stopped else type(error).__name__)
            return solved, (RESULTS.stopped if stopped else RESULTS.diverged, why)
        if found.stopped and solved and not found.steps:
            return solved, (RESULTS.stopped, found.stopped)
        if plan.drawn and not (found.rank or found.stopped or found.status is RESULTS.converged):
            plan.too_long(1.0)  # it is what it began with, and that is wrong
            continue
        solved.append(found)
        plan.solved(float(found.history["held_out"][-1]) if found.steps else math.nan)
        if found.stopped or found.status is RESULTS.diverged:
            return solved, (RESULTS.stopped if found.stopped else RESULTS.converged, found.stopped)
    return solved, (RESULTS.converged, "")


def _takes_too_long(
    problem: Problem, plan: Slabs, asked: Limits, solved: list[Solution], beside
) -> bool:
    """Whether slabs in drawn functions would use up the time without coming to its end.

    - `beside`: seconds that the last one took.
    """
    if asked.time_limit is None:
        return False
    if not solved:
        kept = ASIDE if problem.domain.dim > 1 else LAST  # networks seldom find a history alone
        return asked.left() < kept * asked.time_limit
    return problem.domain.dim > 1 and beside * plan.number_left > HASTE * asked.left()


def _is_too_long(error: BaseException, plan: Slabs) -> bool:
    """Whether a shorter slab may do better than one that ended so.

    Where nothing was tried before, what is wrong is what the user has asked for.
    """
    return isinstance(error, NotInDrawn) or (isinstance(error, ValueError) and not plan.is_fresh)


def _share(asked: Limits, plan: Slabs, beside: float) -> float | None:
    """Seconds of stepping for the first of the slabs that are left; None without a time limit.

    - `beside`: seconds that a slab takes beside its steps.
    """
    if asked.time_limit is None or plan.drawn:
        return None
    return max(asked.left() / plan.number_left - beside, 0.0)


def _seconds_beside(solved: list[Solution], drawn: bool) -> float:
    """About how many seconds a slab takes beside its steps, from the last one that was solved.

    - `drawn`: whether it takes none but those of drawn functions.
    """
    if not solved:
        return VERDICT_SECONDS
    if drawn:
        return solved[-1].seconds - solved[-1].compile_seconds  # the verdict included
    compiled = (TRACED if len(solved) == 1 else 1.0) * solved[-1].compile_seconds
    return max(VERDICT_SECONDS, solved[-1].verdict_seconds + compiled)


def planned(problem: Problem, slabs: object, tolerance: float) -> Slabs:
    """The slabs of a march; `ValueError` where there can be none."""
    time = problem.domain.time if isinstance(problem, Problem) else None
    if time is None:
        raise ValueError("march: give a pv.Problem whose domain is multiplied by pv.Time(start, stop)")
    if problem.unknowns:
        raise ValueError("march: an unknown would take another value in each slab; use solve()")
    for (name, condition), block in zip(problem.conditions.items(), problem.blocks, strict=True):
        if isinstance(condition, Initial) and condition.exact:
            raise ValueError(
                f"march: {name!r} is built in by exact=True, but a slab starts from what a network "
                "gives. Leave exact out"
            )
        on_boundary = isinstance(condition, (Boundary, Dirichlet, Neumann, Robin))
        in_space = isinstance(condition, Periodic) and condition.along != time.coordinate.name
        if (
            isinstance(condition, (PDE, Initial, Interface))
            or in_space
            or (on_boundary and not isinstance(block.site, Moment))
        ):
            continue
        raise ValueError(f"march: {name!r} ties times together; use solve()")
    if not any(isinstance(c, Initial) for c in problem.conditions.values()):
        raise ValueError("march: without a pv.Initial there is nothing for a slab to start from")
    if isinstance(slabs, (int, np.integer)) and not isinstance(slabs, bool):
        if slabs < 1:
            raise ValueError(f"slabs={slabs!r}: need at least one")
        edges = np.linspace(time.start, time.stop, slabs + 1).tolist()
    else:
        edges = [time.start, *_inner(slabs), time.stop]
    if not all(before < after for before, after in itertools.pairwise(edges)):
        raise ValueError(
            f"slabs={slabs!r}: inner edges must ascend between {time.start} and {time.stop}"
        )
    has_space = problem.domain.dim > 1
    return Slabs(edges, slabs is None, has_space=has_space, tolerance=tolerance)


def _inner(slabs: object) -> list[float]:
    """The inner edges that were asked for, none by default."""
    if slabs is None:
        return []
    try:
        return [finite_number("slabs =", edge) for edge in slabs]  # type: ignore[attr-defined]
    except TypeError:
        raise ValueError(f"slabs={slabs!r}: give their number, or the inner edges") from None
