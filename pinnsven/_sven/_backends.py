"""Spectral factors of a Jacobian $J = U S V^T$, by several routes behind one interface.

A backend factorizes once (`init`); its factors then offer the two maps from which every candidate
step is made: the gradient in the spectral basis, $g = S U^T e$, and the lift $V a$. A step with
spectral filter $\\phi$ is $-V \\phi(S) S U^T r$: the truncated pseudoinverse for
$\\phi = 1 / s^2$ on the kept values, damping for $\\phi = 1 / (s^2 + \\mu^2)$. Small singular values
are masked by the filter, never sliced away, so that shapes stay static.
"""

import abc
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ._linearization import AbstractLinearization
from ._square import AbstractSquare, Diagonal


class AbstractFactors(eqx.Module):
    """The spectral factors of one Jacobian; products with J itself go through its linearization."""

    singular_values: eqx.AbstractVar[Float[Array, " k"]]

    def square(self, kept: Bool[Array, " k"]) -> AbstractSquare:
        """$J^T J$ in the basis of these factors, on the kept directions."""
        return Diagonal(self.singular_values, kept & (self.singular_values > 0))

    @property
    def number(self) -> int:
        """The number of directions, k."""
        return self.singular_values.size

    @property
    def fell_back(self) -> Bool[Array, ""]:
        """Whether a second backend had to make them."""
        return jnp.zeros((), bool)

    @property
    def spare(self) -> tuple[Float[Array, "slabs params width"], ...]:
        """What they hold in the spare memory of the linearization: one array, or none."""
        return ()

    @abc.abstractmethod
    def gradient(
        self, linearization: AbstractLinearization, residuals: Float[Array, "n rows"]
    ) -> Float[Array, "n k"]:
        """$S U^T e$ for each of several residuals."""

    @abc.abstractmethod
    def lift(
        self, linearization: AbstractLinearization, coefficients: Float[Array, "n k"]
    ) -> Float[Array, "n params"]:
        """$V a$ for each of several coefficient vectors."""

    def explicit(self, linearization: AbstractLinearization) -> "AbstractColumnFactors":
        """The same factors with a basis of their own of the columns."""
        basis = jnp.eye(self.singular_values.size, dtype=self.singular_values.dtype)
        return RightFactors(self.singular_values, self.lift(linearization, basis).T)


class AbstractColumnFactors(AbstractFactors):
    """Factors that lift without the Jacobian, and may be those of a part of the columns."""

    @abc.abstractmethod
    def embed(self, index: Int[Array, " subset"], params: int, number: int) -> "AbstractColumnFactors":
        """The factors of a subset of the columns as factors of the whole Jacobian.

        Directions that the subset lacks get the singular value zero.

        - `index`: the columns.
        - `params`: how many columns the whole Jacobian has.
        - `number`: how many directions its own factors have.
        """

    @abc.abstractmethod
    def plain(self) -> "RightFactors":
        """S and V alone."""

    def explicit(self, linearization):
        del linearization
        return self


class AbstractExplicitFactors(AbstractColumnFactors):
    """Factors with explicit V.

    - `right`: V, shape (params, k).
    """

    right: eqx.AbstractVar[Float[Array, "params k"]]

    def plain(self):
        return RightFactors(self.singular_values, self.right)


def placed(part, shape: tuple[int, int], index: Any = slice(None)):
    """A matrix of zeros with a part in its given rows and first columns."""
    return jnp.zeros(shape, part.dtype).at[index, : part.shape[1]].set(part)


class AbstractBackend(eqx.Module):
    """A way to factorize."""

    @property
    def stores_jacobian(self) -> bool:
        """Whether it wants the Jacobian in memory; products alone serve it otherwise."""
        return True

    @property
    def jacobians(self) -> int:
        """How many arrays of the size of the Jacobian it keeps in memory."""
        return int(self.stores_jacobian)

    def skips_idle_rows(self, rows: int, params: int) -> bool:
        """Whether rows of slabs that are not active cost no time, for a Jacobian of this shape."""
        del rows, params
        return False

    @property
    def damps_only(self) -> bool:
        """Whether its factors serve damping and cannot drop directions."""
        return False

    @property
    def takes_subsets(self) -> bool:
        """Whether a step may factorize some of the columns only."""
        return self.stores_jacobian

    @abc.abstractmethod
    def init(
        self, linearization: AbstractLinearization, key: PRNGKeyArray, memory: Any = ()
    ) -> AbstractFactors:
        """The factors of a Jacobian.

        - `key`: for backends that draw random numbers.
        - `memory`: what `remember` made of the last factors, or `start` before the first.
        """

    @abc.abstractmethod
    def noise_floor(self, dtype) -> float:
        """The relative singular value below which the factors are rounding noise."""

    def start(self, params: int, dtype) -> Any:
        """The memory before the first factorization, arrays of fixed shapes."""
        del params, dtype
        return ()

    def remember(self, factors: AbstractFactors) -> Any:
        """What the next factorization may learn from this one."""
        del factors
        return ()


class AbstractRightFactors(AbstractExplicitFactors):
    """Factors with explicit V; $S U^T e = V^T J^T e$ costs one product with the Jacobian."""

    def gradient(self, linearization, residuals):
        return linearization.pull(residuals) @ self.right

    def lift(self, linearization, coefficients):
        return coefficients @ self.right.T

    def _placed(self, index, params: int, number: int) -> tuple[Array, Array]:
        """Singular values and V with room for others, V's rows where `index` says."""
        values = placed(self.singular_values[None], (1, number))[0]
        return values, placed(self.right, (params, number), index)


class RightFactors(AbstractRightFactors):
    """Factors with explicit V and nothing else."""

    singular_values: Float[Array, " k"]
    right: Float[Array, "params k"]

    def embed(self, index, params, number):
        return RightFactors(*self._placed(index, params, number))


class LeftFactors(AbstractFactors):
    """Factors with explicit U, for fewer rows than parameters; $V a = J^T U S^{-1} a$."""

    singular_values: Float[Array, " k"]
    left: Float[Array, "rows k"]

    def gradient(self, linearization, residuals):
        return self.singular_values[None] * (residuals @ self.left)

    def lift(self, linearization, coefficients):
        s = self.singular_values
        tiny = jnp.finfo(s.dtype).tiny
        inverse = jnp.where(s > tiny, 1 / jnp.maximum(s, tiny), 0)
        return linearization.pull((coefficients * inverse[None]) @ self.left.T)


class BothFactors(AbstractExplicitFactors):
    """Factors with explicit U and V."""

    singular_values: Float[Array, " k"]
    left: Float[Array, "rows k"]
    right: Float[Array, "params k"]

    def gradient(self, linearization, residuals):
        return self.singular_values[None] * (residuals @ self.left)

    def lift(self, linearization, coefficients):
        return coefficients @ self.right.T

    def embed(self, index, params, number):
        values = placed(self.singular_values[None], (1, number))[0]
        left = placed(self.left, (self.left.shape[0], number))
        return BothFactors(values, left, placed(self.right, (params, number), index))


class GramEigh(AbstractBackend):
    """Eigenvectors of the Gram matrix on the smaller side: $J^T J$ or $J J^T$.

    The cheapest by far, and right down to $\\sqrt{\\epsilon}$ of the largest singular value:
    squaring loses what lies below (1.5e-8 in float64, 3.5e-4 in float32).

    - `implicit`: leave the Jacobian out of memory. With fewer rows than parameters $J J^T$ comes from
      products, or layer by layer for `Samples`; else $J^T J$ is summed over a problem's points.
    """

    implicit: bool = eqx.field(static=True, default=False)

    @property
    def stores_jacobian(self):
        return not self.implicit

    def skips_idle_rows(self, rows, params):
        return rows >= params

    def init(self, linearization, key, memory=()):
        wide = linearization.rows < linearization.params
        square = linearization.kernel() if wide else linearization.gram()
        squares, vectors = linearization.once(lambda matrix: tuple(jnp.linalg.eigh(matrix)), square)
        # eigh sorts upward; singular values go downward, and rounding may make a square negative.
        values = jnp.sqrt(jnp.maximum(squares[::-1], 0))
        return (LeftFactors if wide else RightFactors)(values, vectors[:, ::-1])

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps) ** 0.5


class TruncatedSVD(AbstractBackend):
    """The singular value decomposition of the Jacobian itself: the most accurate, the most costly."""

    def init(self, linearization, key, memory=()):
        right, values, left_t = jnp.linalg.svd(linearization.jacobian().T, full_matrices=False)
        return BothFactors(values, left_t.T, right)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)


class QRSVD(AbstractBackend):
    """$J = Q R$, then the decomposition of R, when rows exceed parameters; Q is never formed.

    As accurate in S and V as `TruncatedSVD`, which it is when there are fewer rows than parameters.
    """

    def init(self, linearization, key, memory=()):
        if linearization.rows <= linearization.params:
            return TruncatedSVD().init(linearization, key)
        _, values, right_t = jnp.linalg.svd(linearization.triangle(), full_matrices=False)
        return RightFactors(values, right_t.T)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)
