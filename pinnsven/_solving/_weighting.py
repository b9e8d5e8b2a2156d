"""One positive factor per block, applied to the squared residual.

Blocks come in different units: a second derivative of a network answers its parameters far more
strongly than its value does, and an equation may carry a coefficient of 1e6. Dividing each block by
its own response puts them on one scale, so that multiplying an equation by a number changes nothing.
Equations then get less weight than the conditions that pin the solution down, because an error of
the solution shows up larger in its derivatives. A factor given on a condition is taken as it stands.
"""

import abc

import equinox as eqx
import numpy as np
from jaxtyping import Float

from .._conditions import Block

DISCOUNT = 4.0  # factor on the weight of data that are fitted too closely, at each estimate
LEAST = 1e-6  # of the weight that data started with


class AbstractWeighting(eqx.Module):
    """Chooses the factors of the conditions that carry none of their own."""

    @abc.abstractmethod
    def initial(self, blocks: tuple[Block, ...], response: dict[str, float]) -> dict[str, float]:
        """The factors before the first step.

        - `response`: per block, the root mean square norm of its unweighted Jacobian's rows.
        """

    def update(
        self,
        blocks: tuple[Block, ...],
        start: dict[str, float],
        weights: dict[str, float],
        mean_squares: Float[np.ndarray, " blocks"],
    ) -> dict[str, float]:
        """The factors after an estimate: the same ones, unless a class says otherwise.

        - `start`, `weights`: the factors before the first step, and now.
        - `mean_squares`: of the unweighted held-out residual.
        """
        del blocks, start, mean_squares
        return weights


def discount_noise(
    blocks: tuple[Block, ...],
    start: dict[str, float],
    weights: dict[str, float],
    mean_squares: Float[np.ndarray, " blocks"],
    counts: tuple[int, ...],
) -> dict[str, float]:
    """The factors, smaller for noisy data that are fitted more closely than their noise allows.

    Such data bend the solution away from its equation. The discrepancy principle (Morozov 1966) asks
    for a misfit as large as the noise and no less; the mean square of n errors lies within
    $1 + 2 \\sqrt{2 / n}$ of its expectation 19 times out of 20.

    - `start`, `weights`: the factors before the first step, and now.
    - `mean_squares`: of the unweighted residual.
    - `counts`: the number of residuals of each block.
    """
    moved = dict(weights)
    for block, found, count in zip(blocks, mean_squares, counts, strict=True):
        usual = block.noise**2 * (1 + 2 * (2 / count) ** 0.5)
        if found < usual and block.weight is None:
            moved[block.name] = max(weights[block.name] / DISCOUNT, LEAST * start[block.name])
    return moved


def discount_scatter(
    blocks: tuple[Block, ...],
    start: dict[str, float],
    weights: dict[str, float],
    mean_squares: Float[np.ndarray, " blocks"],
) -> dict[str, float]:
    """The factors, smaller for readings whose residual has stopped falling and outweighs all else.

    Their misfit is then taken for scatter that was not stated: fitted any closer, it would bend the
    solution away from its equation. To be asked where the residual no longer falls.

    - `start`, `weights`: the factors before the first step, and now.
    - `mean_squares`: of the residual, as they are weighted.
    """
    shares = np.array([weights[b.name] for b in blocks]) * mean_squares
    moved = dict(weights)
    for block, share in zip(blocks, shares, strict=True):
        if block.is_measured and block.noise == 0 and block.weight is None and share > shares.sum() / 2:
            moved[block.name] = max(weights[block.name] / DISCOUNT, LEAST * start[block.name])
    return moved


def balance(system, whole, answers) -> Float[np.ndarray, " components"]:
    """Factors beside their block's weight that let the residuals of a tuple answer equally.

    They are those that equations of their own would have: one, for a block with one component, with
    a weight of the user's, or with a stated noise, and for a component that answers nothing.

    - `system`: whose blocks these are.
    - `whole`: the response of each block, (blocks,).
    - `answers`: the response of each component, (components,).
    """
    moves = np.array([b.weight is None and b.noise == 0 for b in system.blocks])[system.owners]
    moves &= answers > 0
    return np.where(moves, (whole[system.owners] / np.where(moves, answers, 1.0)) ** 2, 1.0)


def _check_positive(weighting: AbstractWeighting, *names: str) -> None:
    for name in names:
        value = getattr(weighting, name)
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name}={value!r}: a weight must be positive and finite")


class FixedWeights(AbstractWeighting):
    """The same factors throughout.

    - `equation`: for conditions inside the domain.
    - `others`: for everything else.

    Raises `ValueError` unless both are positive and finite.
    """

    equation: float = 1e-2
    others: float = 1.0

    def __check_init__(self):
        _check_positive(self, "equation", "others")

    def initial(self, blocks, response):
        return {b.name: b.weight or (self.equation if b.interior else self.others) for b in blocks}


class ScaledWeights(AbstractWeighting):
    """Weights inverse to each block's squared response before the first step, fixed from then on.

    The unit is the smallest response of a block that is no equation, so that a prescribed value
    usually has the weight 1.

    - `equation`: for conditions inside the domain, beside the scaling.
    - `others`: for everything else.

    Raises `ValueError` unless both are positive and finite.
    """

    equation: float = 0.1
    others: float = 1.0

    def __check_init__(self):
        _check_positive(self, "equation", "others")

    def initial(self, blocks, response):
        known = {name: value for name, value in response.items() if value > 0}
        outside = [known[b.name] for b in blocks if not b.interior and b.name in known]
        unit = min(outside or known.values(), default=1.0)
        return {
            b.name: b.weight
            or (self.equation if b.interior else self.others) * (unit / known.get(b.name, unit)) ** 2
            for b in blocks
        }


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

    start: AbstractWeighting = ScaledWeights()
    power: float = 0.05
    bound: float = 10.0

    def __check_init__(self):
        if not self.bound >= 1:
            raise ValueError(f"bound={self.bound!r}: must be at least 1")
        if not 0 <= self.power <= 1:
            raise ValueError(f"power={self.power!r}: must lie in [0, 1]")

    def initial(self, blocks, response):
        return self.start.initial(blocks, response)

    def update(self, blocks, start, weights, mean_squares):
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
