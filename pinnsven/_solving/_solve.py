"""`solve`: what a user asks for, checked; a run of the loop, and the solution that it ends with."""

import dataclasses
import functools
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._basics._disk import program_folder
from .._basics._interruptible import lost_interrupts_return
from .._basics._memory import shortage_as_memory_error
from .._basics._numbers import finite_number
from .._basics._precision import precision_context
from .._basics._processes import is_first
from .._basics._traces import TracesOfRun
from .._domains import AbstractSampler, Sobol
from .._networks import Layer
from .._output._archive import damage_named
from .._output._callbacks import as_callbacks, tell_the_end
from .._output._progress import closed_on_failure, display_for
from .._output._solution import Solution
from .._problem import Problem, known_values
from .._sven import Sven
from ._at_once import may_draw
from ._built_in_walls import with_walls_built_in
from ._calls import LIMIT, check_time_limit, check_top_level
from ._choose_network import network_for
from ._fading import is_biharmonic, screening
from ._finish import finish
from ._focus import Focus
from ._identity import identity_of
from ._in_time import may_move, moved
from ._limits import Limits
from ._loop import INTERRUPTED, Run
from ._points import PointSet
from ._run_file import load_run
from ._run_state import restore
from ._singular import Singularity, find_singularities
from ._spots import find_spots
from ._steppers import SvenStepper, as_stepper
from ._together import heard_by_all
from ._weighting import AbstractWeighting, ScaledWeights


class NotInDrawn(Exception):
    """Drawn functions alone do not solve a problem.

    - `left`: the share of the held-out residual that they leave: infinite where nothing was found, not
      a number where they may not be used.
    """

    def __init__(self, left: float):
        super().__init__(f"drawn functions leave {left:.1e} of the residual")
        self.left = left


def solve_within(
    limits: Limits,
    problem: Problem,
    network: object = None,
    solver: object = Sven(),
    points: object = None,
    *,
    seed: int = 0,
    callbacks: object = (),
    checkpoint: str | os.PathLike[str] | None = None,
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
    singularities: list[Singularity] | None = None,
    traces: TracesOfRun | None = None,
    only_drawn: bool = False,
    following: Solution | None = None,
) -> Solution:
    """`pinnsven.solve` as a whole, with limits that have begun to count already.

    - `singularities`: what the network is given beside the coordinates; None to look for it.
    - `traces`: what the run shares with others of the same structure; None for none.
    - `only_drawn`: whether no network is trained: raises `NotInDrawn` where drawn functions do not do.
    - `following`: the solution of the slab before, whose products of functions are tried first.
    """
    check_top_level("solve")
    _check_limits(problem, limits, seed)
    _check_kind("sampler", sampler, AbstractSampler, "pv.Sobol(), pv.Uniform() or pv.Grid()")
    _check_kind("weighting", weighting, AbstractWeighting, "pv.ScaledWeights() or pv.FixedWeights()")
    _check_checkpoint(checkpoint, resume)
    stepper = as_stepper(solver)
    hooks = as_callbacks(callbacks)
    hooks = heard_by_all(hooks + display_for(progress if is_first() else False, hooks))
    known = known_values(problem)
    with precision_context(precision), lost_interrupts_return(), closed_on_failure(hooks):
        asked_for = network
        network = network_for(problem) if network is None else network
        if singularities is None:
            singularities = find_singularities(problem, network)
        declared = problem
        focus = _focus(declared, singularities, program_folder(cache), traces)
        draws = bool(drawn) and _may_draw(problem, limits, points, stepper, precision)
        problem = with_walls_built_in(problem, network, points, singularities, focus.spots, draws)
        run = Run(
            problem,
            network,
            stepper,
            PointSet(problem, points, sampler, np.random.default_rng(seed), focus),
            weighting,
            hooks,
            seed,
            refine,
            program_folder(cache),
            singularities,
            devices,
            traces,
        )
        run.known, run.checkpoint, run.limits = known, checkpoint, limits
        run.estimates_error, run.wants_drawn, run.only_drawn = estimate_error, bool(drawn), only_drawn
        run.apart_from, run.following = _known_solutions(apart_from, problem, run), following
        run.settings = _in_short(limits, seed, precision, refine, solver, run.placement.devices)
        asked = {"solver": solver, "points": points, "seed": seed, "refine": refine, "drawn": drawn}
        asked |= {"sampler": sampler, "weighting": weighting, "precision": precision}
        if draws and traces is None and checkpoint is None and not apart_from and estimate_error:
            run.otherwise = _otherwise(run, declared, asked_for, asked)
        if checkpoint is not None:
            run.identity = _identity(run, declared, asked)
        if resume and checkpoint is not None and os.path.exists(checkpoint):
            with damage_named(checkpoint):
                restore(run, load_run(checkpoint, run.identity))
        solution = _solution(run, precision)
    return _told(hooks, solution)


def _otherwise(run: Run, declared: Problem, network: object, asked: dict[str, object]):
    """What is tried where drawn functions do not do, before a network is trained; None for nothing.

    - `network`: as given, `asked`: the other arguments.
    """
    smooth = not run.singularities and not run.points.focus.spots
    moves = smooth and may_move(declared, network, run.limits, asked)
    return functools.partial(moved, declared) if moves else None


def _told(hooks, solution: Solution) -> Solution:
    """The solution, after the callbacks have heard of it."""
    try:
        tell_the_end(hooks, solution)
    except KeyboardInterrupt as error:  # too late for this one, not for the slabs of a march
        return dataclasses.replace(solution, stopped=str(error) or INTERRUPTED)
    return solution


def _may_draw(problem: Problem, limits: Limits, points, stepper, precision: str) -> bool:
    """Whether drawn functions may be tried, as far as that is known before there is a run."""
    plain = limits.max_steps is None and points is None and not problem.unknowns
    return plain and isinstance(stepper, SvenStepper) and precision == "float64"


def _solution(run: Run, precision: str) -> Solution:
    """What a run comes to.

    Raises `NotInDrawn` where it trains no network and needs one, `MemoryError` where the residual
    itself does not fit.
    """
    ended = run.loop()
    try:
        if run.answered is not None:
            return run.answered
        if run.only_drawn and not (run.stands_alone or run.stopped):
            raise NotInDrawn(run.drawn_left if run.draws else math.nan)
        with shortage_as_memory_error():
            return finish(run, ended, run.limits.target, precision)
    except MemoryError as error:
        raise MemoryError(f"the residual itself does not fit: {run.shortage(error)}") from error
    finally:
        run.compiler.close()


def _known_solutions(given, problem: Problem, run: Run) -> tuple[Solution, ...]:
    """Solutions to keep away from.

    Raises `ValueError` for what is none of the problem's, and where no drawn functions are used.
    """
    solutions = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    for solution in solutions:
        if not isinstance(solution, Solution) or solution.fields != problem.fields:
            raise ValueError(
                f"apart_from: {solution!r:.60} is no solution with the fields of the problem"
            )
    if solutions and not may_draw(run):
        raise ValueError(
            "apart_from: another solution is looked for in drawn functions, which are not used with "
            "unknowns, readings that may scatter, points of one's own, max_steps, float32 or an optax "
            "solver"
        )
    return solutions


def _focus(problem: Problem, singularities: list[Singularity], folder: Path | None, traces) -> Focus:
    """Where the points of a problem lie closer than elsewhere, and how fast holes are forgotten."""
    layers = tuple(s.feature for s in singularities if isinstance(s.feature, Layer))
    extents = problem.domain.upper - problem.domain.lower
    spots = find_spots(problem, folder, traces)
    return Focus(extents, layers, spots, screening(problem), is_biharmonic(problem))


def _identity(run: Run, declared: Problem, asked: dict[str, object]) -> dict[str, str]:
    """What a checkpoint of the run is held against.

    - `declared`: the problem as the user has it, before anything was built in.
    """
    built_in = [block.name for block in run.problem.blocks if block.exact]
    return identity_of(declared, run.network, asked | {"what is built in": built_in})


def _in_short(limits: Limits, seed, precision: str, refine: bool, solver, devices) -> dict[str, object]:
    """What a solve was asked for, as a report says it."""
    asked = {"seed": seed, "precision": precision, "solver": solver}
    asked |= {"time limit": limits.time_limit, "most steps": limits.max_steps}
    asked |= {} if refine else {"refine": False}
    asked |= {"devices": [str(device) for device in devices]}
    return {name: value for name, value in asked.items() if value is not None}


def _check_limits(problem, limits: Limits, seed) -> None:
    tolerance, max_steps = limits.tolerance, limits.max_steps
    if not isinstance(problem, Problem):
        raise ValueError(f"problem={problem!r}: give a pv.Problem")
    if tolerance is not None and finite_number("tolerance =", tolerance, LIMIT) < 0:
        raise ValueError(f"tolerance={tolerance!r}: must not be negative")
    check_time_limit(limits.time_limit)
    for name, value, least in (("max_steps", max_steps, 1), ("seed", seed, 0)):
        if value is None and name == "max_steps":
            continue
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is None or not whole or value < least:
            raise ValueError(f"{name}={value!r}: must be an integer of at least {least}")


def _check_kind(name: str, value: object, kind: type, wanted: str) -> None:
    if not isinstance(value, kind):
        raise ValueError(f"{name}={value!r}: give {wanted}")


def _check_checkpoint(checkpoint, resume: bool) -> None:
    if checkpoint is None:
        if resume:
            raise ValueError("resume=True needs checkpoint=, the file to resume from")
        return
    folder = os.path.dirname(os.path.abspath(checkpoint))
    if not os.path.isdir(folder):
        raise ValueError(f"checkpoint={os.fspath(checkpoint)!r}: there is no folder {folder}")
