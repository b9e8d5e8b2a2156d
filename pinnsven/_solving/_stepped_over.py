"""What an integrator may step over: a short pulse in time that none of its stages meets.

Its error estimate knows the stages alone. So the rate at which the equations move the solution is
looked at in many moments between them, and integrated twice over every step: by those, and by a few
nodes that are exact for what is smooth within the step.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

MOMENTS = 8192  # of the whole time, at which rates are looked at
LEAST = 16  # in each step
NODES = 8  # of Gauss and Legendre's rule in each step
BESIDE = 2  # moments before and after a pulse, where steps begin and end then
MOST = 256  # of these
TINY = 1e-13  # of the largest rate, below which a difference is rounding


def stepped_over(
    times: Float[np.ndarray, " steps+1"], rates: Callable
) -> tuple[float, Float[np.ndarray, " edges"]]:
    """How far the solution moves in what is stepped over, and the edges of that in time.

    - `times`: of the ends of all steps.
    - `rates`: from times (n,) rates (n, size) at a state that stays.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    lengths, whole = np.diff(times), times[-1] - times[0]
    number = np.maximum(np.ceil(MOMENTS * lengths / whole).astype(int), LEAST)
    owner = np.repeat(np.arange(len(lengths)), number)
    ends = np.cumsum(number)
    place = np.arange(ends[-1]) - np.repeat(ends - number, number)
    fine = times[owner] + (place + 0.5) * (lengths / number)[owner]
    few = (times[:-1, None] + lengths[:, None] * (nodes + 1) / 2).ravel()
    found = rates(np.concatenate([fine, few]))
    at_fine, at_few = found[: len(fine)], found[len(fine) :].reshape(len(lengths), NODES, -1)
    starts = np.concatenate([[0], ends[:-1]])
    by_fine = np.add.reduceat(at_fine, starts, axis=0) * (lengths / number)[:, None]
    by_few = np.einsum("n,snd->sd", weights / 2, at_few) * lengths[:, None]
    missed = np.linalg.norm(by_fine - by_few, axis=1)
    edges = []
    for step in np.flatnonzero((missed > 0.1 * missed.max()) & (missed > TINY * np.max(np.abs(found)))):
        mine = at_fine[starts[step] : ends[step]]
        away = np.linalg.norm(mine - np.median(mine, axis=0), axis=1)
        inside = np.flatnonzero(away >= 0.1 * away.max())
        for group in np.split(inside, np.flatnonzero(np.diff(inside) > 2 * BESIDE) + 1):
            low, high = group[0] - BESIDE, group[-1] + 1 + BESIDE
            edges += [
                times[step] + lengths[step] * np.clip(k / number[step], 0, 1) for k in (low, high)
            ]
    inner = np.unique([edge for edge in edges if times[0] < edge < times[-1]])
    return float(np.sum(missed)), inner[:MOST]
