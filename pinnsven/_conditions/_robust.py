"""Losses that outliers among readings do not rule."""

import dataclasses

import numpy as np
from jaxtyping import Float

from .._basics._numbers import finite_number

EFFICIENT = 1.345  # deviations: 95 % efficient where errors are normal (Huber 1981, section 4.6)
NORMAL = 1.4826  # times the median of absolute errors is the standard deviation of normal ones


@dataclasses.dataclass(frozen=True)
class Huber:
    """Huber's loss: the square of small residuals, and the size of large ones (Huber 1964).

    Readings count by min(1, d s / |r|), found anew as the fit goes on (iteratively reweighted least
    squares), so that a few that are far off do not bend the answer.

    - `deviations`: d, where the square ends, in standard deviations s: the condition's `noise`, or what
      the median of the residuals says where no noise is stated.

    Raises `ValueError` unless that is positive.
    """

    deviations: float = EFFICIENT

    def __post_init__(self):
        object.__setattr__(self, "deviations", finite_number("deviations =", self.deviations))
        if not self.deviations > 0:
            raise ValueError(f"deviations={self.deviations!r}: must be positive")

    def counts(
        self, residuals: Float[np.ndarray, "n components"], noise: float
    ) -> Float[np.ndarray, " n"]:
        """What each reading counts, with mean one.

        - `residuals`: unweighted, `noise`: as stated, zero for none.
        """
        sizes = np.max(np.abs(residuals), axis=1)
        scale = noise if noise > 0 else NORMAL * float(np.median(sizes))
        if not scale > 0:
            return np.ones(len(sizes))
        counts = np.minimum(1.0, self.deviations * scale / np.maximum(sizes, 1e-300))
        return counts / np.mean(counts)
