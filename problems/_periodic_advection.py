"""Reference solutions of u_t + c u u_x = L u, periodic in x, by Fourier series.

L is diagonal, hence taken exactly by ETDRK4 (`_etdrk4.py`). u u_x = (u^2)_x / 2 is taken on a grid of
three points per mode, so that no alias of the square reaches a mode that is kept (Orszag 1971).
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

import pinnsven as pv
from _etdrk4 import history

PLACES, TIMES = 128, 51


def _march(
    places: int,
    steps: int,
    start: Callable[[np.ndarray], np.ndarray],
    symbol: Callable[[np.ndarray], np.ndarray],
    *,
    speed: float,
    interval: tuple[float, float],
    end: float,
) -> Float[np.ndarray, "times places"]:
    """Returns u at `TIMES` times and `PLACES` places, from a grid of `places`."""
    lower, upper = interval
    modes = places // 3
    derivative = 2j * np.pi / (upper - lower) * np.arange(modes)
    factor = -speed / 2 * derivative

    def advection(v: np.ndarray) -> np.ndarray:
        return factor * np.fft.rfft(np.fft.irfft(v, places) ** 2)[:modes]

    u = [start(lower + (upper - lower) * np.arange(places) / places)]
    later = history(np.fft.rfft(u[0])[:modes], symbol(derivative), advection, end, steps, TIMES)
    u += [np.fft.irfft(v, places) for v in later]
    return np.array(u)[:, :: places // PLACES]


def periodic_reference(
    start: Callable[[np.ndarray], np.ndarray],
    symbol: Callable[[np.ndarray], np.ndarray],
    *,
    speed: float,
    interval: tuple[float, float],
    end: float,
) -> pv.Reference:
    """Returns the solution on a uniform grid, its floor the distance to a coarser run.

    The coarser run has three quarters of the 170 modes and two thirds of the 12,000 steps.

    - `start`: u at time 0, of x.
    - `symbol`: the eigenvalues of L, of those of d/dx.
    - `speed`: c.
    - `interval`: the ends of x, which are one point.
    - `end`: the last time.
    """
    options = {"speed": speed, "interval": interval, "end": end}
    u = _march(512, 12000, start, symbol, **options)
    floor = np.linalg.norm(u - _march(384, 8000, start, symbol, **options)) / np.linalg.norm(u)
    x = interval[0] + (interval[1] - interval[0]) * np.arange(PLACES) / PLACES
    t, x = np.meshgrid(np.linspace(0, end, TIMES), x, indexing="ij")
    return pv.Reference({"x": x.ravel(), "t": t.ravel()}, floor=float(floor), u=u.ravel())
