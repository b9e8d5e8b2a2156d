"""Fourth-order exponential time differencing for stiff equations, diagonal in a spectral basis.

ETDRK4 (Cox and Matthews 2002) solves v_t = L v + N(v) with the linear part exact. Its coefficients
are differences that cancel where z = h L is small; as means over a circle around each z (Kassam and
Trefethen 2005) they do not.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Inexact

_CIRCLE = np.exp(1j * np.pi * (np.arange(32) + 0.5) / 16)


class Coefficients(NamedTuple):
    """What one step of a given length needs; each has one entry per mode."""

    whole: Inexact[np.ndarray, " modes"]
    half: Inexact[np.ndarray, " modes"]
    inner: Inexact[np.ndarray, " modes"]
    first: Inexact[np.ndarray, " modes"]
    middle: Inexact[np.ndarray, " modes"]
    last: Inexact[np.ndarray, " modes"]


def coefficients(linear: Inexact[np.ndarray, " modes"], length: float) -> Coefficients:
    """Returns the coefficients of a step.

    - `linear`: the eigenvalues of L; real ones give real coefficients.
    - `length`: h, the length of the step.
    """
    z = length * linear
    w = z[:, None] + _CIRCLE  # (modes, circle)
    e = np.exp(w)

    def mean(f: np.ndarray) -> np.ndarray:
        average = length * f.mean(axis=1)
        return average if np.iscomplexobj(linear) else average.real

    return Coefficients(
        whole=np.exp(z),
        half=np.exp(z / 2),
        inner=mean((np.exp(w / 2) - 1) / w),
        first=mean((-4 - w + e * (4 - 3 * w + w**2)) / w**3),
        middle=mean(2 * (2 + w + e * (w - 2)) / w**3),
        last=mean((-4 - 3 * w - w**2 + e * (4 - w)) / w**3),
    )


def step(
    v: Inexact[np.ndarray, " modes"],
    nonlinear: Callable[[np.ndarray], np.ndarray],
    c: Coefficients,
) -> Inexact[np.ndarray, " modes"]:
    """Returns v one step later.

    - `v`: the modes.
    - `nonlinear`: N, from modes to modes.
    - `c`: the coefficients of the step.
    """
    n0 = nonlinear(v)
    va = c.half * v + c.inner * n0
    na = nonlinear(va)
    nb = nonlinear(c.half * v + c.inner * na)
    nc = nonlinear(c.half * va + c.inner * (2 * nb - n0))
    return c.whole * v + c.first * n0 + c.middle * (na + nb) + c.last * nc


def history(
    v: Inexact[np.ndarray, " modes"],
    linear: Inexact[np.ndarray, " modes"],
    nonlinear: Callable[[np.ndarray], np.ndarray],
    end: float,
    steps: int,
    times: int,
) -> list[Inexact[np.ndarray, " modes"]]:
    """Returns v at equally spaced times after the first, the last of which is `end`.

    - `v`: the modes at time 0; `linear`, `nonlinear`: as above.
    - `steps`: all of them, `times`: the first one included.
    """
    c, found = coefficients(linear, end / steps), []
    for done in range(1, steps + 1):
        v = step(v, nonlinear, c)
        if done % (steps // (times - 1)) == 0:
            found.append(v)
    return found
