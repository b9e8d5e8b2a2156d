"""What moves in time, in place of a network over space and time: how `solve` tries it."""

import dataclasses
import time
from typing import Any

from .._basics._results import RESULTS
from .._domains import Box
from .._output._callbacks import tell
from .._output._solution import Solution
from .._problem import Problem
from ._calls import is_left_alone
from ._evolve import judged
from ._in_products import check_kind, in_products
from ._limits import Limits

SHARE = 0.6  # of the time that is left, which it may take if it comes to an end
HOPE = 0.2  # of the time that is left, in which a first run has to come to its end
LONGEST, HOPES = 300.0, 40.0  # seconds of both where there is no limit


def may_move(problem: Any, network: Any, limits: Limits, asked: dict[str, Any]) -> bool:
    """Whether coefficients may move in time in place of a network: with nothing of the user's own.

    - `network`: as given to `solve`.
    - `asked`: the other arguments, by name.
    """
    domain = problem.domain
    # Over a square there are more products than move in seconds (experiment 188).
    if not isinstance(domain.space, Box) or domain.space_dim > 1:
        return False
    if not asked["refine"] or not is_left_alone(problem, network, limits, asked):
        return False
    try:
        check_kind(problem)
    except ValueError:
        return False
    return all(block.weight is None for block in problem.blocks)


def moved(declared: Problem, run: Any) -> Solution | None:
    """The solution of a run's problem by coefficients that move in time; None where that fails.

    - `declared`: the problem as the user has it, before anything was built in.
    """
    limits, now = run.limits, time.perf_counter()
    left = limits.left()
    share, hope = (LONGEST, HOPES) if left == float("inf") else (SHARE * left, HOPE * left)
    tell(run.hooks, "on_stage", "moving products of functions in time")
    tolerance = limits.target
    ends = now + share, now + hope
    found, estimate = in_products(declared, tolerance, None, *ends, limits.are_budgets)
    if found is None or estimate is None or not found.finished:
        return None
    evolution = judged(found, estimate, run.known, tolerance, limits.began)
    if evolution.status is not RESULTS.converged:
        return None
    return dataclasses.replace(
        evolution.solution,
        tolerance=tolerance,
        settings=run.settings,
        seconds=time.perf_counter() - limits.began,
    )
