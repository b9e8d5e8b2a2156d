"""Spectral factors of a Jacobian $J = U S V^T$, by several routes behind one interface.

A backend factorizes once (`init`); its factors then offer the two maps from which every candidate
step is made: the gradient in the spectral basis, $g = S U^T e$, and the lift $V a$. A step with
spectral filter $\\phi$ is $-V \\phi(S) S U^T r$: the truncated pseudoinverse for
$\\phi = 1 / s^2$ on the kept values, damping for $\\phi = 1 / (s^2 + \\mu^2)$. Small singular values
are masked by the filter, never sliced away, so that shapes stay static.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ._linearization import Linearization, gram


class AbstractFactors(eqx.Module):
    """The spectral factors of one Jacobian."""

    singular_values: eqx.AbstractVar[Float[Array, " k"]]

    @abc.abstractmethod
    def gradient(self, residuals: Float[Array, "n rows"]) -> Float[Array, "n k"]:
        """$S U^T e$ for each of several residuals."""

    @abc.abstractmethod
    def lift(self, coefficients: Float[Array, "n k"]) -> Float[Array, "n params"]:
        """$V a$ for each of several coefficient vectors."""

    def explicit(self) -> "AbstractFactors":
        """Factors with explicit V, for those that keep it implicit."""
        return self

    @abc.abstractmethod
    def embed(self, index: Int[Array, " subset"], whole: Linearization) -> "AbstractFactors":
        """The factors of a subset of the columns as factors of the whole Jacobian.

        Directions that the subset lacks get the singular value zero.
        """


class AbstractBackend(eqx.Module):
    """A way to factorize."""

    @abc.abstractmethod
    def init(self, linearization: Linearization) -> AbstractFactors:
        """The factors of a Jacobian."""

    @abc.abstractmethod
    def noise_floor(self, dtype) -> float:
        """The relative singular value below which the factors are rounding noise."""


class RightFactors(AbstractFactors):
    """Factors with explicit V; $S U^T e = V^T J^T e$ costs one product with the Jacobian."""

    singular_values: Float[Array, " k"]
    vectors: Float[Array, "params k"]
    jacobian_t: Float[Array, "params rows"]

    def gradient(self, residuals):
        return (residuals @ self.jacobian_t.T) @ self.vectors

    def lift(self, coefficients):
        return coefficients @ self.vectors.T

    def embed(self, index, whole):
        params, rows = whole.jacobian_t.shape
        k, known = min(params, rows), self.singular_values.size
        return RightFactors(
            jnp.zeros(k, self.vectors.dtype).at[:known].set(self.singular_values),
            jnp.zeros((params, k), self.vectors.dtype).at[index, :known].set(self.vectors),
            whole.jacobian_t,
        )


class LeftFactors(AbstractFactors):
    """Factors with explicit U, for fewer rows than parameters; $V a = J^T U S^{-1} a$."""

    singular_values: Float[Array, " k"]
    vectors: Float[Array, "rows k"]
    jacobian_t: Float[Array, "params rows"]

    def gradient(self, residuals):
        return self.singular_values[None] * (residuals @ self.vectors)

    def lift(self, coefficients):
        s = self.singular_values
        tiny = jnp.finfo(s.dtype).tiny
        inverse = jnp.where(s > tiny, 1 / jnp.maximum(s, tiny), 0)
        return (coefficients * inverse[None]) @ self.vectors.T @ self.jacobian_t.T

    def explicit(self):
        """The same factors with explicit V: one more product, of the size of the Gram matrix's."""
        vectors = self.lift(jnp.eye(self.singular_values.size, dtype=self.vectors.dtype)).T
        return RightFactors(self.singular_values, vectors, self.jacobian_t)

    def embed(self, index, whole):
        return self.explicit().embed(index, whole)


class BothFactors(AbstractFactors):
    """Factors with explicit U and V."""

    singular_values: Float[Array, " k"]
    left: Float[Array, "rows k"]
    right: Float[Array, "params k"]

    def gradient(self, residuals):
        return self.singular_values[None] * (residuals @ self.left)

    def lift(self, coefficients):
        return coefficients @ self.right.T

    def embed(self, index, whole):
        params, rows = whole.jacobian_t.shape
        k, known = min(params, rows), self.singular_values.size
        return BothFactors(
            jnp.zeros(k, self.left.dtype).at[:known].set(self.singular_values),
            jnp.zeros((rows, k), self.left.dtype).at[:, :known].set(self.left),
            jnp.zeros((params, k), self.left.dtype).at[index, :known].set(self.right),
        )


class GramEigh(AbstractBackend):
    """Eigenvectors of the Gram matrix on the smaller side: $J^T J$ or $J J^T$.

    The cheapest by far, and right down to $\\sqrt{\\epsilon}$ of the largest singular value:
    squaring loses what lies below (1.5e-8 in float64, 3.5e-4 in float32).
    """

    def init(self, linearization):
        jacobian_t = linearization.jacobian_t
        params, rows = jacobian_t.shape
        wide = rows < params
        squares, vectors = jnp.linalg.eigh(gram(jacobian_t.T if wide else jacobian_t))
        # eigh sorts upward; singular values go downward, and rounding may make a square negative.
        values = jnp.sqrt(jnp.maximum(squares[::-1], 0))
        factors = LeftFactors if wide else RightFactors
        return factors(values, vectors[:, ::-1], jacobian_t)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps) ** 0.5


class DirectSVD(AbstractBackend):
    """The singular value decomposition of the Jacobian itself: the most accurate, the most costly."""

    def init(self, linearization):
        right, values, left_t = jnp.linalg.svd(linearization.jacobian_t, full_matrices=False)
        return BothFactors(values, left_t.T, right)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)


class QRSVD(AbstractBackend):
    """$J = Q R$, then the decomposition of R, when rows exceed parameters; Q is never formed.

    As accurate in S and V as `DirectSVD`, which it is when there are fewer rows than parameters.
    """

    def init(self, linearization):
        jacobian_t = linearization.jacobian_t
        params, rows = jacobian_t.shape
        if rows <= params:
            return DirectSVD().init(linearization)
        triangle = jnp.linalg.qr(jacobian_t.T, mode="r")
        _, values, right_t = jnp.linalg.svd(triangle, full_matrices=False)
        return RightFactors(values, right_t.T, jacobian_t)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)
