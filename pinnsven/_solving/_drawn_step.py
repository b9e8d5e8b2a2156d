"""A step in drawn functions, a pseudoinverse whose cut fresh points choose; what steps find."""

import dataclasses
import functools

import numpy as np
import scipy.linalg
from jaxtyping import Float

from .._networks import DrawnLayer
from ._drawn_values import Linearized
from ._residual import Batch

CUTS = 10.0 ** np.arange(-14, -5.0, 2)  # of the singular values, beside the largest
WALLS = 3.0  # factor on the residuals of conditions that are no equations
WELL = 1e-12  # reciprocal condition, from which a triangle is inverted as it is
MOST_SIZES = 1500  # columns of a triangle whose singular values are computed: twenty seconds for 4,000
ROUNDED = 1e-15  # of the largest singular value: rounding shows no smaller one
FAINTEST = 1e-6  # of the largest column, what smaller ones are divided by


def row_weights(sizes, rows, interior, spots: bool) -> list[np.ndarray]:
    """Factors of the rows to fit, and of those to judge by.

    Every component answers the functions equally then, walls a little more. Where there are spots
    every row does: near one, residuals of the same error are larger by the derivatives of what is as
    narrow.

    - `sizes`: of the Jacobians' rows, in both sets; of the first alone without spots.
    - `rows`: which are each component's, in both.
    - `interior`: which components are of equations.
    """
    numbers = [sum(map(len, mine)) for mine in rows]
    near = [1 / np.where(s > 0, s, 1.0) if spots else np.ones(len(s)) for s in sizes]
    norms = np.array([np.sqrt(np.mean((sizes[0] * near[0])[r] ** 2)) for r in rows[0]])
    factors = np.where(interior, 1.0, WALLS) / np.where(norms > 0, norms, 1.0)
    weights = []
    for mine, number, n in zip(rows, numbers, near if spots else [1.0, 1.0], strict=True):
        found = np.ones(number)
        for r, factor in zip(mine, factors, strict=True):
            found[r] = factor / np.sqrt(len(r))
        weights.append(found * n)
    return weights


@dataclasses.dataclass(frozen=True)
class Sets:
    """Points to fit and points to judge by, and the rows of each component at each."""

    batches: list[tuple[Batch, ...]]
    rows: list[list[np.ndarray]]


@dataclasses.dataclass(frozen=True)
class State:
    """The residual at a combination, linearized, at points that are fitted and at others.

    - `weights`: factors of the rows of both.
    """

    fitted: Linearized
    held: Linearized
    weights: list[np.ndarray]

    @property
    def residual(self) -> Float[np.ndarray, " rows"]:
        """At the points that are fitted, weighted."""
        return self.fitted.residual * self.weights[0]

    @property
    def held_residual(self) -> Float[np.ndarray, " rows"]:
        """At the others, weighted."""
        return self.held.residual * self.weights[1]

    @property
    def held_norm(self) -> float:
        return float(np.linalg.norm(self.held_residual))

    def step(self) -> "Step":
        """The step whose linear prediction is best at the points that are not fitted."""
        jacobian, residual = self.fitted.jacobian(), self.residual
        jacobian *= self.weights[0][:, None]
        sizes = np.linalg.norm(jacobian, axis=0)
        there = sizes > 0  # what is zero everywhere moves nothing
        if not np.all(there):
            jacobian, sizes = jacobian[:, there], sizes[there]
        columns = len(sizes)
        if not columns:  # as that of (u')^2 = 0 where u is zero
            nothing = Truncated(np.zeros((0, len(there))), np.zeros(0), 0)
            return self._along(nothing, np.zeros(len(there)), 0)
        # A pole near the boundary is far steeper than a unit: beside it all others would be cut.
        unit = 1 / np.maximum(sizes, FAINTEST * max(sizes.max(), 1e-300))
        jacobian *= unit
        whole = np.concatenate([jacobian, residual[:, None]], axis=1)
        del jacobian
        triangle = scipy.linalg.qr(whole, mode="r", check_finite=False, overwrite_a=True)[0]
        triangle = np.pad(triangle, ((0, max(columns - len(triangle), 0)), (0, 0)))[:columns]
        right = triangle[:, columns]
        triangle = triangle[:, :columns]
        if _reciprocal_condition(triangle) > WELL:
            inverse = Triangular(triangle, unit, there)
            return self._along(inverse, -inverse.solve(right), columns)
        left, sizes, basis = _decomposed(triangle)
        along, full = left.T @ right, np.zeros((columns, len(there)))
        full[:, there] = basis * unit
        best = None
        for cut in CUTS:
            rank = int(np.sum(sizes > cut * max(sizes[0], 1e-300)))
            inverse = Truncated(full, sizes, rank)
            tried = self._along(inverse, -full[:rank].T @ (along[:rank] / sizes[:rank]), rank)
            if best is None or tried.left < best.left:
                best = tried
        assert best is not None
        return best

    def _along(self, inverse: "Triangular | Truncated", change, rank: int) -> "Step":
        predicted = self.held_residual + self.weights[1] * self.held.along(change)
        share = float(np.linalg.norm(predicted)) / max(self.held_norm, 1e-300)
        return Step(change, predicted, share, rank, inverse)


def _reciprocal_condition(triangle) -> float:
    """About one over the condition number of a triangle, in the norm of its column sums."""
    (condition,) = scipy.linalg.get_lapack_funcs(("trcon",), (triangle,))
    return float(condition(triangle)[0]) if triangle.size else 0.0


def _decomposed(triangle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The singular value decomposition, by the slower iteration where the faster one gives up."""
    try:
        left, sizes, right = scipy.linalg.svd(triangle, check_finite=False)
    except np.linalg.LinAlgError:
        left, sizes, right = scipy.linalg.svd(triangle, check_finite=False, lapack_driver="gesvd")
    return left, sizes, right


@dataclasses.dataclass(frozen=True)
class Triangular:
    """The inverse of a well conditioned triangle R, of columns J = Q R that have been scaled.

    - `unit`: the scales, (columns,), `there`: which functions have a column, (functions,).
    """

    triangle: np.ndarray
    unit: np.ndarray
    there: np.ndarray

    @property
    def sizes(self) -> Float[np.ndarray, " columns"]:
        """The singular values; none of so many that they would take longer than the step."""
        if len(self.triangle) > MOST_SIZES:
            return np.zeros(0)
        return np.asarray(scipy.linalg.svdvals(self.triangle, check_finite=False))

    def solve(self, right) -> Float[np.ndarray, " functions"]:
        """$R^{-1}$ of a right-hand side (columns,), in the functions' own scales."""
        found = np.zeros(len(self.there))
        solved = scipy.linalg.solve_triangular(self.triangle, right, check_finite=False)
        found[self.there] = self.unit * solved
        return found

    def of_square(self, gradient) -> Float[np.ndarray, " functions"]:
        """$(J^T J)^{-1}$ of a gradient (functions,)."""
        mine = self.unit * gradient[self.there]
        half = scipy.linalg.solve_triangular(self.triangle, mine, trans=1, check_finite=False)
        return self.solve(half)

    def largest(self, values) -> float:
        """The largest |B c| with |J c| = 1, for B (places, functions)."""
        mine = (values[:, self.there] * self.unit).T
        whole = scipy.linalg.solve_triangular(self.triangle, mine, trans=1, check_finite=False)
        return float(np.linalg.norm(whole, 2))


@dataclasses.dataclass(frozen=True)
class Truncated:
    """The pseudoinverse in the first right singular vectors.

    - `basis`: all of them, (columns, functions), `sizes`: all singular values.
    - `rank`: how many are kept.
    """

    basis: np.ndarray
    sizes: np.ndarray
    rank: int

    def of_square(self, gradient) -> Float[np.ndarray, " functions"]:
        """The pseudoinverse of $J^T J$ times a gradient (functions,)."""
        basis, sizes = self.basis[: self.rank], self.sizes[: self.rank]
        return basis.T @ ((basis @ gradient) / sizes**2)

    def largest(self, values) -> float:
        """The largest |B c| with |J c| = 1, for B (places, functions).

        Along what is cut off too: an open direction is there, beside functions that are zero.
        """
        if not self.sizes.size:
            return np.inf
        sizes = np.maximum(self.sizes, ROUNDED * max(self.sizes[0], 1e-300))
        return float(np.linalg.norm(values @ (self.basis.T / sizes), 2))


@dataclasses.dataclass(frozen=True)
class Step:
    """A step, what it leaves by its prediction, and its factors."""

    change: np.ndarray
    predicted: np.ndarray
    left: float
    rank: int
    inverse: Triangular | Truncated

    def again(self, state: State) -> np.ndarray:
        """The same factors' step for what is left of the residual."""
        return -self.inverse.of_square(state.fitted.back(state.weights[0] * state.residual))


@dataclasses.dataclass(frozen=True)
class Combination:
    """A combination of drawn functions, and how it was found.

    - `drawn`: itself, with room for more.
    - `left`: the share of the held-out residual that it leaves.
    - `affine`: whether the residual followed its linear prediction.
    - `inverse`: of the last step, None where there was none; `rank`: of it.
    - `held`: the norm of the residual that is left at points that were not fitted, as weighted.
    - `rows`: that were fitted, `loss` what of their squares is left.
    - `steps`: the shares of the held-out residual that were left, step by step.
    """

    drawn: DrawnLayer
    left: float
    affine: bool
    inverse: Triangular | Truncated | None
    rank: int
    held: float
    rows: int
    loss: float
    steps: tuple[float, ...]

    @functools.cached_property
    def sizes(self) -> Float[np.ndarray, " columns"]:
        """The singular values of the last step."""
        return np.zeros(0) if self.inverse is None else self.inverse.sizes
