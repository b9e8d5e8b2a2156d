"""References for systems of ordinary differential equations, by a classical integrator.

Hairer, Norsett and Wanner's method of order eight (DOP853) with a tolerance near rounding; the floor is
the distance to a run with a hundred times the tolerance, and to Radau's implicit method of order five.
Stiff systems by Radau's method alone, with two tolerances.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.integrate import solve_ivp

import pinnsven as pv

TOLERANCE = 3e-14  # the least that scipy takes
TIMES = 401
STIFF = 1e-12, 1e-11  # of Radau's method, relative; absolute ones are a millionth of that


def orbit(
    rate: Callable, start: Sequence[float], end: float, fields: Sequence[str], times=None
) -> pv.Reference:
    """The solution of y' = rate(t, y) from `start` at t = 0 on.

    - `rate`: returns the derivatives of all fields, in their order.
    - `fields`: their names.
    - `times`: where the solution is told, (n,); evenly up to `end` by default.
    """
    times = np.linspace(0, end, TIMES) if times is None else np.asarray(times)

    def run(method: str, tolerance: float) -> np.ndarray:
        return _integrated(rate, start, end, times, method, tolerance, tolerance)

    finest = run("DOP853", TOLERANCE)
    others = run("DOP853", 100 * TOLERANCE), run("Radau", 1e-10)
    # Radau's own error is larger: of its distance a share is the orbit's.
    rough, implicit = (np.linalg.norm(o - finest) / np.linalg.norm(finest) for o in others)
    assert implicit < 1e-6, "two methods disagree"
    return pv.Reference({"t": times}, floor=float(rough), **dict(zip(fields, finest, strict=True)))


def stiff_orbit(rate: Callable, start: Sequence[float], times, fields: Sequence[str]) -> pv.Reference:
    """The same for rates of very different sizes, whose fields may be as different.

    - `times`: where the solution is told, (n,), the first of them zero.
    """
    times = np.asarray(times)
    finest, other = (
        _integrated(rate, start, times[-1], times, "Radau", tolerance, 1e-6 * tolerance)
        for tolerance in STIFF
    )
    floor = np.max(np.linalg.norm(other - finest, axis=1) / np.linalg.norm(finest, axis=1))
    return pv.Reference({"t": times}, floor=float(floor), **dict(zip(fields, finest, strict=True)))


def _integrated(rate, start, end, times, method: str, relative: float, absolute: float) -> np.ndarray:
    """The fields at times, (fields, n)."""
    given = {"t_eval": times, "method": method, "rtol": relative, "atol": absolute}
    return solve_ivp(rate, (0, end), list(start), **given).y
