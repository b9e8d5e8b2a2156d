"""Another solution of a nonlinear problem: Gauss-Newton's steps, with those that are known deflated.

Every residual is multiplied by $M(u) = \\prod_k (1 + 1 / |u - u_k|^2)$, which grows without bound at
the known solutions u_k and is one far away (Farrell, Birkisson and Funke 2015). The step of the product
is that of the residual times a number: from $J d = -r$ follows $(M J + r\\, M')\\, t d = -M r$ for
$t = 1 / (1 - M' d / M)$. So no Jacobian changes, and near a known solution steps turn around.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from .._output._data import SolutionData

STEPS = 60  # at most, from one start
FARTHEST = 3.0  # times the size of a known solution, how far a step moves
STARTS = (0.0, -1.0, 4.0, -4.0, 10.0)  # of the first step's length, where it begins
FOUND = 1e-4  # of the first residual, below which plain steps go on
NEAR = 1e-2  # of the size of a known solution, within which one is that solution


class Known:
    """Solutions to keep away from, at some points.

    - `values`: of each, (solutions, n, fields).
    - `sizes`: the mean square of each field of each, (solutions, fields), for its zero one.
    """

    def __init__(self, solutions: Sequence[SolutionData], domain, points):
        named = domain.split(np.asarray(points))
        self.values = np.stack([solution.evaluate(named, "extrapolate") for solution in solutions])
        squares = np.mean(self.values**2, axis=1)
        self.sizes = np.where(squares > 0, squares, 1.0)

    def squares(self, values) -> np.ndarray:
        """The squared distance of values (n, fields) from each, beside its size."""
        return np.mean(np.mean((values - self.values) ** 2, axis=1) / self.sizes, axis=1)

    def turned(self, values, change) -> float:
        """t, the length of a step that changes values by `change`, both (n, fields)."""
        away = values - self.values
        squares = np.maximum(self.squares(values), 1e-300)
        products = np.mean(np.mean(away * change, axis=1) / self.sizes, axis=1)
        slope = float(np.sum(-2 * products / (squares * (1 + squares))))
        step = 1 / (1 - slope) if slope != 1 else np.inf
        size = max(float(np.sqrt(np.mean(np.mean(change**2, axis=0) / self.sizes))), 1e-300)
        return float(np.clip(step, -FARTHEST / size, FARTHEST / size))

    def is_one(self, values) -> bool:
        """Whether values are those of a known solution."""
        return bool(np.min(self.squares(values)) < NEAR**2)


def start_apart(fit, units, sets, state) -> np.ndarray | None:
    """Coefficients from which plain steps lead to another solution; None where none are found.

    - `fit`: a `DrawnFit` that has known solutions, `units`: its functions.
    - `sets`: points to fit and to judge by, `state`: at coefficients of zero.
    """
    pairs = list(zip(sets.batches[0], fit.system.blocks, strict=True))
    batch = next((b for b, block in pairs if block.interior), pairs[0][0])
    points = jnp.asarray(np.asarray(batch.points)[: int(batch.active)])
    known = Known(fit.known, fit.system.blocks[0].plan.space.domain, points)

    def at(coefficients):
        drawn = fit.room.with_portions([units], coefficients, fit.keeps)
        given = fit.parameters.around(addition=drawn), fit.theta, points
        return np.asarray(fit.compiled("values", _values, *given)(*given))

    shape = fit.nothing(1).shape
    first = state.step().change.reshape(shape)
    tables = fit.tables([units], sets)
    for begin in STARTS:
        found = _deflated(fit, tables, sets, state, begin * first, known, at)
        if found is not None:
            return found
    return None


def _deflated(fit, tables, sets, state, coefficients, known: Known, at) -> np.ndarray | None:
    """Steps from one start; None where they end nowhere, or at what is known."""
    first, weights = state.held_norm, state.weights
    for _ in range(STEPS):
        here = fit.state(tables, coefficients, sets, weights)
        if here is None or not here.held_norm < 1e6 * first:
            return None
        values = at(coefficients)
        if here.held_norm < FOUND * first:
            return None if known.is_one(values) else coefficients
        change = here.step().change.reshape(coefficients.shape)
        length = known.turned(values, at(coefficients + change) - values)
        coefficients = coefficients + length * change
    return None


def _values(parameters, theta, points):
    model = parameters.unpack(theta)[0]
    return jax.vmap(model)(points)
