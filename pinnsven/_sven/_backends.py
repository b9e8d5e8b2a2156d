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
from jaxtyping import Array, Float, Int

from ._linearization import Linearization, gram


class AbstractFactors(eqx.Module):
    """The spectral factors of one Jacobian; products with J itself go through its linearization."""

    singular_values: eqx.AbstractVar[Float[Array, " k"]]

    @abc.abstractmethod
    def gradient(
        self, linearization: Linearization, residuals: Float[Array, "n rows"]
    ) -> Float[Array, "n k"]:
        """$S U^T e$ for each of several residuals."""

    @abc.abstractmethod
    def lift(
        self, linearization: Linearization, coefficients: Float[Array, "n k"]
    ) -> Float[Array, "n params"]:
        """$V a$ for each of several coefficient vectors."""

    def explicit(self, linearization: Linearization) -> "AbstractExplicitFactors":
        """The same factors with explicit V."""
        basis = jnp.eye(self.singular_values.size, dtype=self.singular_values.dtype)
        return RightFactors(self.singular_values, self.lift(linearization, basis).T)


class AbstractExplicitFactors(AbstractFactors):
    """Factors with explicit V, which may be those of a part of the columns."""

    @abc.abstractmethod
    def embed(self, index: Int[Array, " subset"], shape: tuple[int, int]) -> "AbstractExplicitFactors":
        """The factors of a subset of the columns as factors of the whole Jacobian.

        Directions that the subset lacks get the singular value zero.

        - `index`: the columns.
        - `shape`: of the whole Jacobian: rows, parameters.
        """

    def explicit(self, linearization):
        del linearization
        return self


def _placed(part, shape: tuple[int, int], index: Any = slice(None)):
    """A matrix of zeros with a part in its given rows and first columns."""
    return jnp.zeros(shape, part.dtype).at[index, : part.shape[1]].set(part)


class AbstractBackend(eqx.Module):
    """A way to factorize."""

    @abc.abstractmethod
    def init(self, linearization: Linearization) -> AbstractFactors:
        """The factors of a Jacobian."""

    @abc.abstractmethod
    def noise_floor(self, dtype) -> float:
        """The relative singular value below which the factors are rounding noise."""


class RightFactors(AbstractExplicitFactors):
    """Factors with explicit V; $S U^T e = V^T J^T e$ costs one product with the Jacobian."""

    singular_values: Float[Array, " k"]
    vectors: Float[Array, "params k"]

    def gradient(self, linearization, residuals):
        return linearization.pull(residuals) @ self.vectors

    def lift(self, linearization, coefficients):
        return coefficients @ self.vectors.T

    def embed(self, index, shape):
        k = min(shape)
        values = _placed(self.singular_values[None], (1, k))[0]
        return RightFactors(values, _placed(self.vectors, (shape[1], k), index))


class LeftFactors(AbstractFactors):
    """Factors with explicit U, for fewer rows than parameters; $V a = J^T U S^{-1} a$."""

    singular_values: Float[Array, " k"]
    vectors: Float[Array, "rows k"]

    def gradient(self, linearization, residuals):
        return self.singular_values[None] * (residuals @ self.vectors)

    def lift(self, linearization, coefficients):
        s = self.singular_values
        tiny = jnp.finfo(s.dtype).tiny
        inverse = jnp.where(s > tiny, 1 / jnp.maximum(s, tiny), 0)
        return linearization.pull((coefficients * inverse[None]) @ self.vectors.T)


class BothFactors(AbstractExplicitFactors):
    """Factors with explicit U and V."""

    singular_values: Float[Array, " k"]
    left: Float[Array, "rows k"]
    vectors: Float[Array, "params k"]

    def gradient(self, linearization, residuals):
        return self.singular_values[None] * (residuals @ self.left)

    def lift(self, linearization, coefficients):
        return coefficients @ self.vectors.T

    def embed(self, index, shape):
        k = min(shape)
        values = _placed(self.singular_values[None], (1, k))[0]
        left = _placed(self.left, (shape[0], k))
        return BothFactors(values, left, _placed(self.vectors, (shape[1], k), index))


class GramEigh(AbstractBackend):
    """Eigenvectors of the Gram matrix on the smaller side: $J^T J$ or $J J^T$.

    The cheapest by far, and right down to $\\sqrt{\\epsilon}$ of the largest singular value:
    squaring loses what lies below (1.5e-8 in float64, 3.5e-4 in float32).
    """

    def init(self, linearization):
        wide = linearization.rows < linearization.params
        square = gram(linearization.jacobian()) if wide else linearization.gram()
        squares, vectors = jnp.linalg.eigh(square)
        # eigh sorts upward; singular values go downward, and rounding may make a square negative.
        values = jnp.sqrt(jnp.maximum(squares[::-1], 0))
        return (LeftFactors if wide else RightFactors)(values, vectors[:, ::-1])

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps) ** 0.5


class DirectSVD(AbstractBackend):
    """The singular value decomposition of the Jacobian itself: the most accurate, the most costly."""

    def init(self, linearization):
        right, values, left_t = jnp.linalg.svd(linearization.jacobian().T, full_matrices=False)
        return BothFactors(values, left_t.T, right)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)


class QRSVD(AbstractBackend):
    """$J = Q R$, then the decomposition of R, when rows exceed parameters; Q is never formed.

    As accurate in S and V as `DirectSVD`, which it is when there are fewer rows than parameters.
    """

    def init(self, linearization):
        if linearization.rows <= linearization.params:
            return DirectSVD().init(linearization)
        triangle = jnp.linalg.qr(linearization.jacobian(), mode="r")
        _, values, right_t = jnp.linalg.svd(triangle, full_matrices=False)
        return RightFactors(values, right_t.T)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)
