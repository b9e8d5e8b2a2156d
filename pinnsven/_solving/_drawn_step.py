"""A step in drawn functions, a pseudoinverse whose cut fresh points choose; what steps find."""

import dataclasses

import numpy as np
import scipy.linalg
from jaxtyping import Float

from .._networks import DrawnLayer
from ._residual import Batch

CUTS = 10.0 ** np.arange(-14, -5.0, 2)  # of the singular values, beside the largest
FAINTEST = 1e-6  # of the largest column, what smaller ones are divided by


@dataclasses.dataclass(frozen=True)
class Sets:
    """Points to fit and points to judge by, and the rows of each component at each."""

    batches: list[tuple[Batch, ...]]
    rows: list[list[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class State:
    """Jacobian and residual at a combination, at points that are fitted and at others."""

    fitted: tuple[np.ndarray, np.ndarray]
    held: tuple[np.ndarray, np.ndarray]
    weights: list[np.ndarray]

    @property
    def held_norm(self) -> float:
        return float(np.linalg.norm(self.held[1]))

    def step(self) -> "Step":
        """The step whose linear prediction is best at the points that are not fitted."""
        jacobian, residual = self.fitted
        columns = jacobian.shape[1]
        sizes = np.linalg.norm(jacobian, axis=0)
        # A pole near the boundary is far steeper than a unit: beside it all others would be cut.
        unit = 1 / np.maximum(sizes, FAINTEST * max(sizes.max(), 1e-300))
        whole = np.concatenate([jacobian * unit, residual[:, None]], axis=1)
        triangle = scipy.linalg.qr(whole, mode="r", check_finite=False, overwrite_a=True)[0]
        triangle = np.pad(triangle, ((0, max(columns - len(triangle), 0)), (0, 0)))[:columns]
        left, sizes, right = scipy.linalg.svd(triangle[:, :columns], check_finite=False)
        along = left.T @ triangle[:, columns]
        best = None
        for cut in CUTS:
            kept = sizes > cut * max(sizes[0], 1e-300)
            change = -unit * (right[kept].T @ (along[kept] / sizes[kept]))
            predicted = self.held[1] + self.held[0] @ change
            share = float(np.linalg.norm(predicted)) / max(self.held_norm, 1e-300)
            if best is None or share < best.left:
                best = Step(change, predicted, share, sizes, int(kept.sum()), right * unit)
        assert best is not None
        return best


@dataclasses.dataclass(frozen=True)
class Step:
    """A step, what it leaves by its prediction, and its factors."""

    change: np.ndarray
    predicted: np.ndarray
    left: float
    sizes: np.ndarray
    rank: int
    right: np.ndarray

    def again(self, state: State) -> np.ndarray:
        """The same factors' step for what is left of the residual."""
        jacobian, residual = state.fitted
        basis, sizes = self.right[: self.rank], self.sizes[: self.rank]
        return -basis.T @ ((basis @ (jacobian.T @ residual)) / sizes**2)


@dataclasses.dataclass(frozen=True)
class Combination:
    """A combination of drawn functions, and how it was found.

    - `drawn`: itself, with room for more.
    - `left`: the share of the held-out residual that it leaves.
    - `affine`: whether the residual followed its linear prediction.
    - `sizes`: the singular values of the last step, `rank` how many were kept.
    - `rows`: that were fitted, `loss` what of their squares is left.
    - `steps`: the shares of the held-out residual that were left, step by step.
    """

    drawn: DrawnLayer
    left: float
    affine: bool
    sizes: Float[np.ndarray, " functions"]
    rank: int
    rows: int
    loss: float
    steps: tuple[float, ...]
