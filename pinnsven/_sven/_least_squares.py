"""Sven without a differential equation: minimize the squared norm of any residual function."""

import dataclasses
import math

import equinox as eqx
import jax
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from .._basics._results import RESULTS
from ._core import Sven
from ._step import StepReport

STEPS = 200
REJECTIONS = 12  # in a row, after which no step is expected to help


@dataclasses.dataclass(frozen=True)
class LeastSquaresResult:
    """What `least_squares` found.

    - `params`: the parameters with the lowest loss, in the structure they were given.
    - `residual`: the residual vector there, as the function returned it, shape (rows,).
    - `status`: `converged` when the tolerance was met; `stalled` when no step helps any more;
      `max_steps`; `diverged` when the residual was not finite to begin with, or at the end.
    - `message`: why, and what to know of the step: a raised cut-off, a second backend.
    - `steps`: how many were taken, rejected ones included.
    - `spectrum`: the singular values of the last Jacobian, descending.
    - `report`: what the last step saw; None without a step.
    """

    params: PyTree
    residual: np.ndarray
    status: RESULTS
    message: str
    steps: int
    spectrum: np.ndarray
    report: StepReport | None


def least_squares(
    residual,
    params: PyTree,
    *data,
    solver: Sven | None = None,
    tolerance: float | None = None,
    max_steps: int | None = None,
    seed: int = 0,
    weights: dict | None = None,
) -> LeastSquaresResult:
    """Minimizes $|r(p)|^2$.

    - `residual`: `residual(params, *data)` returns an array, or a pytree of arrays, or is a `Samples`.
    - `params`: any pytree of floating-point arrays; other leaves are left alone.
    - `data`: passed on to `residual`.
    - `solver`: a `Sven`; the default one if None.
    - `tolerance`: on the root mean square of the residual; by default the square root of the
      rounding unit of the parameters' dtype, relative to the first residual.
    - `max_steps`: 200 by default.
    - `seed`: of the random subsets.
    - `weights`: by name, for a residual that returns a dict (see `Sven.init`).

    Raises `ValueError` for parameters without a floating-point array, a residual without rows or
    without parameters in it, a limit below 1, and a tolerance that is negative.
    """
    solver = Sven() if solver is None else solver
    limit = STEPS if max_steps is None else max_steps
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ValueError(f"max_steps={max_steps!r}: must be an integer of at least 1")
    if tolerance is not None and not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance!r}: must not be negative")
    state = solver.init(residual, params, *data, seed=seed, weights=weights)
    step = eqx.filter_jit(lambda p, s, d, w: solver.step(residual, p, s, *d, weights=w))

    evaluate = eqx.filter_jit(lambda p, d: ravel_pytree(residual(p, *d))[0])

    def values(p) -> np.ndarray:
        return np.asarray(evaluate(p, data))

    first = values(params)
    if not np.all(np.isfinite(first)):
        bad = int(np.sum(~np.isfinite(first)))
        message = f"{bad} of {first.size} residuals are not finite at the start"
        return LeastSquaresResult(params, first, RESULTS.diverged, message, 0, np.zeros(0), None)
    target = tolerance
    if target is None:
        target = float(np.finfo(first.dtype).eps) ** 0.5 * _root_mean_square(first)
    best, lowest = params, _root_mean_square(first)
    status, why = RESULTS.max_steps, f"the limit of {limit} steps was reached"
    rejected, steps, report = 0, 0, None
    for steps in range(1, limit + 1):  # noqa: B007
        params, state, report = step(params, state, data, weights)
        rejected = 0 if bool(report.accepted) else rejected + 1
        size = _root_mean_square(values(params))
        if size < lowest:
            best, lowest = params, size
        if size <= target:
            status, why = RESULTS.converged, f"the residual met the tolerance {target:.1e}"
            break
        if rejected >= REJECTIONS:
            status, why = RESULTS.stalled, "no step lowers the loss any more"
            break
    assert report is not None  # there is at least one step
    message = why + _remarks(solver, report)
    final, spectrum = values(best), np.asarray(report.singular_values)
    return LeastSquaresResult(best, final, status, message, steps, spectrum, report)


def _root_mean_square(residual: np.ndarray) -> float:
    size = float(np.sqrt(np.mean(np.square(residual, dtype=float))))
    return size if math.isfinite(size) else math.inf


def _remarks(solver: Sven, report: StepReport) -> str:
    """What a step has to say of its numerics, as sentences after the cause."""
    remarks = ""
    if not solver.control.damps and float(report.rtol) > float(jax.numpy.asarray(solver.rtol)) > 0:
        remarks += (
            f"; rtol={float(solver.rtol):.1e} lies below this backend's rounding noise and was raised "
            f"to {float(report.rtol):.1e}"
        )
    if bool(report.fell_back):
        remarks += "; the first backend's factors were not finite, and the second one's were used"
    return remarks
