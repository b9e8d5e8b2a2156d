"""Sven without a differential equation: minimize the squared norm of any residual function."""

import dataclasses
import math

import equinox as eqx
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from .._results import RESULTS
from ._core import Sven


@dataclasses.dataclass(frozen=True)
class LeastSquaresResult:
    """What `least_squares` found.

    - `params`: the parameters with the lowest loss, in the structure they were given.
    - `residual`: the residual vector there, shape (rows,).
    - `status`: `converged` when the tolerance was met; `stalled` when no step helps any more;
      `max_steps`; `diverged` when the residual was not finite to begin with.
    - `steps`: how many were taken, rejected ones included.
    - `spectrum`: the singular values of the last Jacobian, descending.
    """

    params: PyTree
    residual: np.ndarray
    status: RESULTS
    steps: int
    spectrum: np.ndarray


def least_squares(
    residual,
    params: PyTree,
    *data,
    solver: Sven | None = None,
    tolerance: float | None = None,
    max_steps: int | None = None,
    seed: int = 0,
) -> LeastSquaresResult:
    """Minimizes $|r(p)|^2$.

    - `residual`: `residual(params, *data)` returns an array, or a pytree of arrays.
    - `params`: any pytree of floating-point arrays; other leaves are left alone.
    - `data`: passed on to `residual`.
    - `solver`: a `Sven`; the default one if None.
    - `tolerance`: on the root mean square of the residual; by default the square root of the
      rounding unit of the parameters' dtype, relative to the first residual.
    - `max_steps`: 200 by default.
    - `seed`: of the random subsets.

    Raises `ValueError` for parameters without a floating-point array or a residual without rows.
    """
    solver = Sven() if solver is None else solver
    state = solver.init(residual, params, *data, seed=seed)
    step = eqx.filter_jit(lambda p, s, d: solver.step(residual, p, s, *d))
    values = np.asarray(ravel_pytree(residual(params, *data))[0])
    target = tolerance
    if target is None:
        unit = float(np.finfo(values.dtype).eps) ** 0.5
        target = unit * float(np.sqrt(np.mean(values**2)))
    spectrum, rejected, steps = np.zeros(0), 0, 0
    status = RESULTS.max_steps
    if not np.all(np.isfinite(values)):
        return LeastSquaresResult(params, values, RESULTS.diverged, 0, spectrum)
    loss = float(np.sum(values**2))
    for steps in range(1, (200 if max_steps is None else max_steps) + 1):  # noqa: B007
        params, state, report = step(params, state, data)
        loss, spectrum = float(report.new_loss), np.asarray(report.singular_values)
        rejected = 0 if bool(report.accepted) else rejected + 1
        if math.sqrt(loss / values.size) <= target:
            status = RESULTS.converged
            break
        if rejected >= 12:
            status = RESULTS.stalled
            break
    final = np.asarray(ravel_pytree(residual(params, *data))[0])
    return LeastSquaresResult(params, final, status, steps, spectrum)
