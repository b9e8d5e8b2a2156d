"""Reference solutions of v_t = L v + N(v) for several fields, periodic in x, by Fourier series.

L is diagonal in the modes and taken exactly by ETDRK4 (`_etdrk4.py`); N is taken on the grid, of which
a third of the modes are left out, so that squares have no aliases (Orszag 1971).
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Inexact

import pinnsven as pv
from _etdrk4 import history

PLACES, TIMES = 128, 51


def _march(places: int, steps: int, start, symbol, reaction, interval, end: float):
    """Returns the fields (times, fields, places) at `TIMES` times and `PLACES` places.

    - `places`: of the grid, `steps`: in time.
    """
    lower, upper = interval
    number = np.fft.fftfreq(places, 1 / places)
    kept = np.abs(number) < places / 3
    linear = np.array([s(2j * np.pi / (upper - lower) * number) for s in symbol])
    field = np.array(start(lower + (upper - lower) * np.arange(places) / places), complex)
    modes = np.fft.fft(field) * kept

    def nonlinear(v):
        values = np.fft.ifft(v.reshape(linear.shape))
        return (np.fft.fft(np.array(reaction(*values))) * kept).ravel()

    later = history(modes.ravel(), linear.ravel(), nonlinear, end, steps, TIMES)
    found = [field, *(np.fft.ifft(v.reshape(linear.shape)) for v in later)]
    return np.array(found)[:, :, :: places // PLACES]


def reaction_reference(
    names: tuple[str, ...],
    start: Callable[[np.ndarray], tuple],
    symbol: tuple[Callable[[np.ndarray], Inexact[np.ndarray, " modes"]], ...],
    reaction: Callable[..., tuple],
    *,
    interval: tuple[float, float],
    end: float,
) -> pv.Reference:
    """Returns the solution on a uniform grid, its floor the distance to a coarser run.

    The coarser run has two thirds of the 768 places and of the 9,000 steps.

    - `names`: of the fields; of one that is complex as conditions know it.
    - `start`: the fields at time 0, of x.
    - `symbol`: the eigenvalues of L for each field, of those of d/dx.
    - `reaction`: N, from the fields to their rates.
    - `interval`: the ends of x, which are one point, `end`: the last time.
    """
    given = start, symbol, reaction, interval, end
    fine, coarse = _march(768, 9000, *given), _march(512, 6000, *given)
    floor = np.linalg.norm(fine - coarse) / np.linalg.norm(fine)
    x = interval[0] + (interval[1] - interval[0]) * np.arange(PLACES) / PLACES
    t, x = np.meshgrid(np.linspace(0, end, TIMES), x, indexing="ij")
    values = {}
    for number, name in enumerate(names):
        values |= split_field(
            name, fine[:, number].ravel(), np.iscomplexobj(symbol[number](np.ones(1)))
        )
    return pv.Reference({"x": x.ravel(), "t": t.ravel()}, floor=float(floor), **values)


def split_field(name: str, values: np.ndarray, is_complex: bool) -> dict[str, np.ndarray]:
    """Returns a field by name, a complex one as its two parts."""
    if not is_complex:
        return {name: np.real(values)}
    return {f"{name}_re": np.real(values), f"{name}_im": np.imag(values)}
