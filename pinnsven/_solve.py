"""`solve`: what a user asks for, checked; a run of the loop, and the solution that it ends with."""

import os

import numpy as np

from ._callbacks import as_callbacks
from ._checkpoint import load_run
from ._memory import shortage_as_memory_error
from ._numbers import finite_number
from ._points import PointSet
from ._precision import precision_context
from ._problem import Problem
from ._run import Run
from ._sampling import AbstractSampler, Sobol
from ._solution import Solution
from ._solving._finish import finish
from ._steppers import as_stepper
from ._sven import Sven
from ._weighting import AbstractWeighting, ScaledWeights

LIMIT = "must be a finite number"  # what is asked of a tolerance and a time


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
    checkpoint: str | os.PathLike | None = None,
    *,
    resume: bool = False,
    refine: bool = True,
    sampler: AbstractSampler = Sobol(),
    weighting: AbstractWeighting = ScaledWeights(),
    precision: str = "float64",
    estimate_error: bool = True,
) -> Solution:
    """Solves a problem.

    - `network`: an architecture, an `Ansatz` or an `equinox.Module`; the problem's own by default.
    - `solver`: `Sven(...)`, or an `optax.GradientTransformation`, which then minimizes half the
      squared norm of the same weighted residual vector.
    - `points`: a number of interior points to start with, or a dict from conditions to numbers or to
      dicts of coordinate arrays, which are then kept.
    - `tolerance`: the held-out residual to reach, for every condition relative to its size (see
      `Estimate`). By default 1e-6, and a run with a limit goes on below that until the limit.
    - `max_steps`: at most this many steps.
    - `time_limit`: at most this many seconds of solving; compilation comes on top.
    - `seed`: of the network, the points and the subsets; the same seed gives the same result.
    - `callbacks`: `Callback` objects, or functions called after each step.
    - `checkpoint`: a file written every 20 s and at the end; `resume` continues from it if it exists.
    - `refine`: whether points may be redrawn and grow in number.
    - `sampler`: draws the points.
    - `weighting`: chooses the factors of conditions that carry none of their own.
    - `precision`: "float64" or "float32".
    - `estimate_error`: whether the solution's error is estimated at the end, for a few seconds of
      compilation; not after Ctrl-C. Without that estimate `converged` rests on residuals alone.

    Raises `ValueError` for an argument out of range, points or a network that do not fit, and a
    condition that is not finite at its first points. Numerical trouble later raises nothing: it is
    the solution's `status`. Where memory runs out the Jacobian is recomputed instead of stored;
    `MemoryError` is raised when not even the residual fits. Ctrl-C ends the run with the best solution
    so far.
    """
    _check_limits(problem, tolerance, max_steps, time_limit, seed)
    _check_kind("sampler", sampler, AbstractSampler, "pv.Sobol(), pv.Uniform() or pv.Grid()")
    _check_kind("weighting", weighting, AbstractWeighting, "pv.ScaledWeights() or pv.FixedWeights()")
    _check_checkpoint(checkpoint, resume)
    stepper = as_stepper(solver)
    hooks = as_callbacks(callbacks)
    with precision_context(precision):
        run = Run(
            problem,
            problem.network if network is None else network,
            stepper,
            PointSet(problem, points, sampler, np.random.default_rng(seed)),
            weighting,
            hooks,
            seed,
            refine,
        )
        run.estimates_error = estimate_error
        run.limits = (tolerance, max_steps, time_limit)
        run.checkpoint = checkpoint
        if resume and checkpoint is not None and os.path.exists(checkpoint):
            run.restore(load_run(checkpoint, run.identity))
        ended = run.loop()
        try:
            with shortage_as_memory_error():
                solution = finish(run, ended, run.target, precision)
        except MemoryError as error:
            raise MemoryError(f"the residual itself does not fit: {run.shortage(error)}") from error
    for hook in hooks:
        hook.on_end(solution)
    return solution


def _check_limits(problem, tolerance, max_steps, time_limit, seed) -> None:
    if not isinstance(problem, Problem):
        raise ValueError(f"problem={problem!r}: give a pv.Problem")
    if tolerance is not None and finite_number("tolerance =", tolerance, LIMIT) < 0:
        raise ValueError(f"tolerance={tolerance!r}: must not be negative")
    check_time_limit(time_limit)
    for name, value, least in (("max_steps", max_steps, 1), ("seed", seed, 0)):
        if value is None and name == "max_steps":
            continue
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is None or not whole or value < least:
            raise ValueError(f"{name}={value!r}: must be an integer of at least {least}")


def check_time_limit(time_limit: float | None) -> None:
    if time_limit is not None and not finite_number("time_limit =", time_limit, LIMIT) > 0:
        raise ValueError(f"time_limit={time_limit!r}: must be a positive number of seconds")


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
