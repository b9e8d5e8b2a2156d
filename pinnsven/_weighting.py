"""One positive factor per block, applied to the squared residual.

Differential equations get less weight than the conditions that pin the solution down: their
residual holds higher derivatives, so the same error of the solution shows up in it many times
larger. A factor given on a condition is taken as it stands.
"""

import abc

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ._conditions import Block


class AbstractWeighting(eqx.Module):
    """Chooses the factors of the conditions that carry none of their own."""

    @abc.abstractmethod
    def initial(self, blocks: tuple[Block, ...]) -> dict[str, float]:
        """The factors before the first step."""

    def update(
        self,
        blocks: tuple[Block, ...],
        weights: dict[str, float],
        mean_squares: Float[np.ndarray, " blocks"],
    ) -> dict[str, float]:
        """The factors after an estimate, from the held-out mean squares; unchanged by default."""
        del blocks, mean_squares
        return weights


class FixedWeights(AbstractWeighting):
    """The same factors throughout.

    - `equation`: for conditions inside the domain.
    - `others`: for everything else.

    Raises `ValueError` unless both are positive and finite.
    """

    equation: float = 1e-2
    others: float = 1.0

    def __check_init__(self):
        for name in ("equation", "others"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name}={value!r}: a weight must be positive and finite")

    def initial(self, blocks):
        return {b.name: b.weight or (self.equation if b.interior else self.others) for b in blocks}


class BalancedWeights(AbstractWeighting):
    """Moves the factors towards equal weighted residuals, within bounds.

    After each estimate $w_i \\leftarrow w_i (\\overline{w m} / (w_i m_i))^{p}$, with $m_i$ the
    held-out mean square of block i (Webb, Jerad, Cartis 2026, arXiv 2607.02194), then cut to within
    a factor `bound` of the start. Without the bound the equation's weight drifts to nothing while
    the loss falls and the answer stays wrong.

    - `start`: the factors to start from.
    - `power`: how fast; nondimensional.
    - `bound`: the largest factor by which a weight may leave its start.

    Raises `ValueError` for a bound below 1 or a power outside [0, 1].
    """

    start: AbstractWeighting = FixedWeights()
    power: float = 0.05
    bound: float = 10.0

    def __check_init__(self):
        if not self.bound >= 1:
            raise ValueError(f"bound={self.bound!r}: must be at least 1")
        if not 0 <= self.power <= 1:
            raise ValueError(f"power={self.power!r}: must lie in [0, 1]")

    def initial(self, blocks):
        return self.start.initial(blocks)

    def update(self, blocks, weights, mean_squares):
        start = self.initial(blocks)
        products = np.array([weights[b.name] for b in blocks]) * mean_squares
        usable = np.isfinite(products) & (products > 0)
        if not usable.any():
            return weights
        mean = products[usable].mean()
        moved = dict(weights)
        for block, product, use in zip(blocks, products, usable, strict=True):
            if use and block.weight is None:
                wanted = weights[block.name] * (mean / product) ** self.power
                low, high = start[block.name] / self.bound, start[block.name] * self.bound
                moved[block.name] = float(np.clip(wanted, low, high))
        return moved
