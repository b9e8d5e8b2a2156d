"""The Gram matrix $J^T J$ in the basis of the factors: all that damping needs of the spectrum.

With singular vectors that matrix is the diagonal $S^2$. A damped step needs no singular vectors,
though, only solutions of $(J^T J + \\mu^2) x = g$ for many $\\mu$: a tridiagonal form, half the work of
the eigenvectors, gives each of those in a few operations per row.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax.scipy.linalg import eigh_tridiagonal
from jaxtyping import Array, Bool, Float, Int

POWER_ITERATIONS = 64
UNROLL = 8  # eliminations per pass of a loop, whose every pass is a launch on a GPU


def largest_root(product, start: Float[Array, " k"], iterations: int) -> Float[Array, ""]:
    """The root of a matrix's largest eigenvalue, from below, by power iterations.

    - `product`: the matrix, symmetric and not negative, times a vector.
    """

    def closer(_, x):
        x = product(x)
        size = jnp.linalg.norm(x)
        return x / jnp.where(size > 0, size, 1)

    x = jax.lax.fori_loop(0, iterations, closer, start)
    return jnp.sqrt(jnp.maximum(x @ product(x), 0))


class AbstractSquare(eqx.Module):
    """A symmetric matrix M = $B^T J^T J B$, B the orthonormal basis of the factors."""

    @abc.abstractmethod
    def values(self) -> Float[Array, " k"]:
        """The singular values of J, descending."""

    @property
    @abc.abstractmethod
    def largest(self) -> Float[Array, ""]:
        """The largest singular value, which sets the scale of the damping."""

    @abc.abstractmethod
    def count(self, threshold: Float[Array, ""]) -> Int[Array, ""]:
        """How many singular values are kept and exceed a threshold."""

    @abc.abstractmethod
    def solve(self, damping: Float[Array, " n"], right: Float[Array, "n k"]) -> Float[Array, "n k"]:
        """$(M + \\mu^2)^{-1} g$ for several dampings, each with its own right-hand side."""

    @abc.abstractmethod
    def apply(self, damping: Float[Array, " n"], x: Float[Array, "n m k"]) -> Float[Array, "n m k"]:
        """$(M + \\mu^2) x$ for several dampings, each with several vectors."""


class Diagonal(AbstractSquare):
    """$S^2$, of which only some directions are kept; on the others `solve` and `apply` are zero."""

    singular_values: Float[Array, " k"]
    kept: Bool[Array, " k"]

    def values(self):
        return self.singular_values

    @property
    def largest(self):
        return self.singular_values[0]

    def count(self, threshold):
        return jnp.sum(self.kept & (self.singular_values > threshold))

    def _shifted(self, damping):
        return self.singular_values[None] ** 2 + damping[:, None] ** 2

    def solve(self, damping, right):
        squares = self._shifted(damping)
        usable = self.kept[None] & (squares > 0)
        return jnp.where(usable, right / jnp.where(usable, squares, 1), 0)

    def apply(self, damping, x):
        return jnp.where(self.kept[None], self._shifted(damping), 0)[:, None] * x


class Tridiagonal(AbstractSquare):
    """A tridiagonal M.

    - `diagonal`, `off`: its diagonal and the one beside it.
    """

    diagonal: Float[Array, " k"]
    off: Float[Array, " k-1"]

    def values(self):
        """The singular values; bisection, of which nothing is computed unless it is asked for."""
        if isinstance(self.diagonal, jax.core.Tracer):  # type: ignore[attr-defined]
            squares = eigh_tridiagonal(self.diagonal, self.off, eigvals_only=True)
            return jnp.sqrt(jnp.maximum(squares[::-1], 0))
        # By LAPACK, which need not be compiled: at the end of a run that took two seconds.
        diagonal, off = np.asarray(self.diagonal), np.asarray(self.off)
        if not (np.all(np.isfinite(diagonal)) and np.all(np.isfinite(off))):
            return np.full_like(diagonal, np.nan)
        squares = scipy.linalg.eigvalsh_tridiagonal(diagonal, off, lapack_driver="stebz")
        return np.sqrt(np.maximum(squares[::-1], 0))

    @property
    def largest(self):
        """To a few per cent, from below: power iterations, whose products are all but free."""
        zero = jnp.zeros(1, self.diagonal.dtype)
        return largest_root(
            lambda x: self.apply(zero, x[None, None])[0, 0],
            jnp.ones_like(self.diagonal) / jnp.sqrt(jnp.asarray(self.diagonal.size, zero.dtype)),
            POWER_ITERATIONS,
        )

    def count(self, threshold):
        """Sylvester's law: as many as there are positive pivots of $M - \\sigma^2$."""
        hair = jnp.finfo(self.diagonal.dtype).tiny
        squares = jnp.concatenate([jnp.zeros(1, self.off.dtype), self.off]) ** 2

        def eliminate(pivot, row):
            diagonal, square = row
            pivot = diagonal - threshold**2 - square / jnp.where(pivot == 0, hair, pivot)
            return pivot, pivot > 0

        one = jnp.ones((), self.diagonal.dtype)
        _, positive = jax.lax.scan(eliminate, one, (self.diagonal, squares), unroll=UNROLL)
        return jnp.sum(positive)

    def solve(self, damping, right):
        # No damping where M is zero, and g with it: anything solves that but a division by zero.
        shift = jnp.where(damping > 0, damping**2, 1)
        return self.solve_combination(jnp.ones_like(shift), shift, right)

    def solve_combination(self, of_square, of_one, right):
        """$(a M + b)^{-1} g$ for several a and b, each with its own right-hand side."""
        zero = jnp.zeros((len(right), 1), self.off.dtype)
        beside = of_square[:, None] * self.off[None]
        lower, upper = jnp.concatenate([zero, beside], 1), jnp.concatenate([beside, zero], 1)
        middle = of_square[:, None] * self.diagonal[None] + of_one[:, None]
        return jax.lax.linalg.tridiagonal_solve(lower, middle, upper, right[..., None])[..., 0]

    def apply(self, damping, x):
        product = (self.diagonal[None] + damping[:, None] ** 2)[:, None] * x
        beside = self.off[None, None]
        product = product.at[..., :-1].add(beside * x[..., 1:])
        return product.at[..., 1:].add(beside * x[..., :-1])


class AbstractFilter(eqx.Module):
    """What makes a step of a gradient, both in the basis of the factors: $x = \\phi(M) g$."""

    @abc.abstractmethod
    def __call__(self, gradients: Float[Array, "n k"]) -> Float[Array, "n k"]:
        """$\\phi(M) g$ for several gradients."""


class Scaling(AbstractFilter):
    """A factor for each singular direction."""

    factor: Float[Array, " k"]

    def __call__(self, gradients):
        return self.factor[None] * gradients


class Damping(AbstractFilter):
    """$\\phi(M) = (M + \\mu^2)^{-1}$."""

    square: AbstractSquare
    damping: Float[Array, ""]

    def __call__(self, gradients):
        return self.square.solve(jnp.broadcast_to(self.damping, (len(gradients),)), gradients)
