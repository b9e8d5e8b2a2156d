"""Solving a problem: as a whole, or a history that is too long for that in slabs of time."""

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

from .._basics._results import RESULTS
from .._domains import AbstractSampler, Sobol
from .._output._callbacks import as_callbacks
from .._output._solution import Solution
from .._problem import Problem
from .._sven import Sven
from ._at_once import FLOOR
from ._calls import is_left_alone
from ._limits import Limits
from ._march import marched, planned
from ._slabs import Slabs
from ._solve import NotInDrawn, solve_within
from ._weighting import AbstractWeighting, ScaledWeights

SHARE = 0.6  # of the time that is left for slabs, if they end in it
LEAST = 8.0  # seconds, less than which is not worth to be divided


def solve(
    problem: Problem,
    network: object = None,
    solver: object = Sven(),
    points: object = None,
    tolerance: float | None = None,
    max_steps: int | None = None,
    time_limit: float | None = None,
    seed: int = 0,
    callbacks: object = (),
    checkpoint: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    refine: bool = True,
    sampler: AbstractSampler = Sobol(),
    weighting: AbstractWeighting = ScaledWeights(),
    precision: str = "float64",
    estimate_error: bool = True,
    drawn: bool = True,
    apart_from: Solution | Sequence[Solution] = (),
    cache: bool | str | os.PathLike[str] = True,
    progress: bool | str | None = None,
    devices: object = None,
) -> Solution:
    """Solves a problem.

    With no network of the user's a history that is too long for drawn functions is solved in slabs of
    time, as by `march`, and over an interval products move in time, as by `evolve`; then by a network.

    - `network`: an architecture, an `Ansatz` or an `equinox.Module`; by default the problem's own, or
      one that suits its equations.
    - `solver`: `Sven(...)`, or an `optax.GradientTransformation`, which then minimizes half the
      squared norm of the same weighted residual vector.
    - `points`: a number of interior points to start with, or a dict from conditions to numbers or to
      dicts of coordinate arrays, which are then kept.
    - `tolerance`: the held-out residual to reach, for every condition relative to its size (see
      `Estimate`). By default 1e-6, and a run with a limit goes on below that until the limit.
    - `max_steps`: at most this many steps.
    - `time_limit`: at most this many seconds of the whole call, compilation and verdict included, but
      for one step.
    - `seed`: of the network, the points and the subsets; the same seed gives the same result.
    - `callbacks`: `Callback` objects, or functions called after each step; an error ends the run.
    - `checkpoint`: a file written every 20 s and at the end; `resume` continues from it if it exists.
    - `refine`: whether points may be redrawn and grow in number.
    - `sampler`: draws the points.
    - `weighting`: chooses the factors of conditions that carry none of their own.
    - `precision`: "float64" or "float32".
    - `estimate_error`: whether the solution's error is estimated at the end, and whether the conditions
      determine it, for a few seconds of compilation; not after Ctrl-C. Without that `converged` rests
      on residuals alone: neither an error nor an open direction is looked for.
    - `drawn`: whether drawn functions may solve the problem before a network is trained, or correct the
      network after it, as far as nothing of the user's depends on a network's parameters: unknowns,
      more than eight readings, points of one's own, `max_steps`, an optax solver
      (docs/points-and-networks.md).
    - `apart_from`: solutions of the same problem, where it has several: another one is looked for, by
      deflation (Farrell, Birkisson and Funke 2015). It is found in drawn functions or not at all.
    - `cache`: a folder in which compiled programs are kept for other processes; True for the user's
      own (docs/waiting.md), False for none.
    - `progress`: whether the run is shown while it goes on (see `Progress`): by default where someone
      looks, in a terminal or a notebook. True elsewhere too, line by line; False nowhere; "live" or
      "lines" for one of the two.
    - `devices`: among which the rows of the residual are spread: a number of them, a list of
      `jax.devices()`, or a `jax.sharding.Mesh` of one axis or with one named "rows"; None for all that
      have enough to do (docs/devices.md). The numbers do not depend on it, but for rounding.

    Raises `ValueError` for an argument out of range, points or a network that do not fit or cannot
    answer, a reference that fails, a condition that is not finite at its first points, and a call
    under `jax.jit`, `grad` or `vmap`. Numerical trouble later raises nothing: it is the solution's
    `status`. Where memory runs out the Jacobian is recomputed instead of stored; `MemoryError` is
    raised when not even the residual fits. Ctrl-C ends the run as `stopped`, with the best solution so
    far: a step is finished, a compilation is left alone. A second one, while that is measured, is
    raised.
    """
    asked = dict(locals())  # the arguments alone, before anything else has a name
    limits = Limits(*(asked.pop(name) for name in ("tolerance", "max_steps", "time_limit")))
    plan = _plan(limits, asked)
    if plan is None:
        return solve_within(limits, **asked)
    found = _as_history(limits, plan, asked) or solve_within(limits, **asked)
    return dataclasses.replace(found, seconds=time.perf_counter() - limits.began)


def _plan(limits: Limits, asked: dict[str, Any]) -> Slabs | None:
    """The slabs of time that a solve may be divided into; None with anything of the user's own."""
    problem = asked["problem"]
    alone = isinstance(problem, Problem) and problem.domain.space is None and problem.domain.dim == 1
    if not alone or not is_left_alone(problem, asked["network"], limits, asked):
        return None
    kept = ("checkpoint", "resume", "apart_from", "devices")
    if not asked["estimate_error"] or any(asked[name] not in (None, False, ()) for name in kept):
        return None
    if not all(callback.hears_slabs for callback in as_callbacks(asked["callbacks"])):
        return None
    try:
        return planned(problem, None, limits.target)
    except ValueError:
        return None


def _as_history(limits: Limits, plan: Slabs, asked: dict[str, Any]) -> Solution | None:
    """The solution in drawn functions, whole or slab by slab; None where that does not do."""
    try:
        found = solve_within(limits, only_drawn=True, **asked)
        if found.stopped or not limits.are_budgets or found.history["held_out"][-1] <= FLOOR:
            return found
        plan.too_long(1.0)  # for what a budget is there for
    except NotInDrawn as error:
        plan.too_long(error.left)
    left = None if limits.time_limit is None else SHARE * limits.left()
    if left is not None and left < LEAST:
        return None
    settings = {name: value for name, value in asked.items() if name != "problem"}
    found = marched(asked["problem"], plan, Limits(limits.tolerance, None, left), settings)
    return found if found.status is RESULTS.converged or found.stopped else None
