"""The backend that reduces the Gram matrix no further than damping needs."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ._backends import AbstractBackend, AbstractColumnFactors, GramEigh, RightFactors
from ._square import Tridiagonal

SHARED = 64  # columns up to which LAPACK's ormqr writes to the reflectors it is given


def reduced(square: Float[Array, "k k"]):
    """$Q T Q^T$ of a symmetric matrix: T, and the reflectors and scales of Q, as LAPACK leaves them."""
    packed, diagonal, off, scales = jax.lax.linalg.tridiagonal(square, lower=True)
    return Tridiagonal(diagonal, off), packed[1:, :-1], scales


def turned(reflectors, scales, vectors: Float[Array, "n k"], transpose: bool) -> Float[Array, "n k"]:
    """$Q^T v$ or Q v for several v; the first row and column of Q are those of the identity.

    A few reflectors are multiplied out first. LAPACK applies a block of them, of at most 64, by writing
    ones between them and taking those back (its ORM2R): two products with one Q, which XLA computes at
    the same time on a CPU, would spoil each other.
    """
    if len(scales) <= SHARED:
        q = jax.lax.linalg.householder_product(reflectors, scales)
        moved = (q.T if transpose else q) @ vectors[:, 1:].T
    else:
        moved = jax.lax.linalg.ormqr(
            reflectors, scales, vectors[:, 1:].T, left=True, transpose=transpose
        )
    return vectors.at[:, 1:].set(moved.T)


class TridiagonalFactors(AbstractColumnFactors):
    """$J^T J = Q T Q^T$ with Q a product of reflections; of some columns, or of all.

    - `tridiagonal`: T; zero beyond the columns it is made of.
    - `reflectors`, `scales`: of Q without its first row and column, as LAPACK leaves them.
    - `order`: all columns of J, those in use first.
    - `used`: the number of columns in use.
    """

    tridiagonal: Tridiagonal
    reflectors: Float[Array, "k-1 k-1"]
    scales: Float[Array, " k-1"]
    order: Int[Array, " k"]
    used: Int[Array, ""]

    @property
    def singular_values(self):
        return self.tridiagonal.values()

    @property
    def number(self):
        return self.order.size

    def square(self, kept):
        del kept  # nothing is truncated: `Sven` sees to that
        return self.tridiagonal

    def plain(self):
        square, off = self.tridiagonal, self.tridiagonal.off
        matrix = jnp.diag(square.diagonal) + jnp.diag(off, 1) + jnp.diag(off, -1)
        squares, vectors = jnp.linalg.eigh(matrix)
        return RightFactors(jnp.sqrt(jnp.maximum(squares[::-1], 0)), self._lift(vectors.T[::-1]).T)

    def _turn(self, vectors: Float[Array, "n k"], transpose: bool) -> Float[Array, "n k"]:
        return turned(self.reflectors, self.scales, vectors, transpose)

    def _fade(self, vectors):
        return jnp.where(jnp.arange(self.order.size)[None] < self.used, vectors, 0)

    def gradient(self, linearization, residuals):
        pulled = linearization.pull(residuals)[:, self.order]
        return self._fade(self._turn(self._fade(pulled), transpose=True))

    def lift(self, linearization, coefficients):
        del linearization
        return self._lift(coefficients)

    def _lift(self, coefficients):
        steps = self._turn(self._fade(coefficients), transpose=False)
        return jnp.zeros_like(steps).at[:, self.order].set(steps)

    def embed(self, index, params, number):
        del number  # one per column
        more = params - index.size
        others = jnp.ones(params, bool).at[index].set(False)
        rest = jnp.nonzero(others, size=more)[0].astype(index.dtype)
        return TridiagonalFactors(  # type: ignore[call-arg]  # its singular values are a property
            jax.tree.map(lambda entries: jnp.pad(entries, (0, more)), self.tridiagonal),
            jnp.pad(self.reflectors, (0, more)),
            jnp.pad(self.scales, (0, more)),
            jnp.concatenate([index, rest]),
            jnp.asarray(index.size),
        )


class GramTridiagonal(AbstractBackend):
    """A tridiagonal form of the Gram matrix $J^T J$, for damping only.

    As right as `GramEigh`, with the same steps, for less than half its time. It knows singular
    values, at a price, when a report is asked for them, and no singular vectors: a solver that
    truncates cannot use it.

    - `implicit`: leave the Jacobian out of memory, for twice the time: $J^T J$ is summed over a
      problem's points, and products are passes of forward and reverse mode.
    """

    implicit: bool = eqx.field(static=True, default=False)

    @property
    def stores_jacobian(self):
        return not self.implicit

    @property
    def damps_only(self):
        return True

    def skips_idle_rows(self, rows, params):
        return True

    def init(self, linearization, key, memory=()):
        del key, memory
        size = linearization.params
        tridiagonal, reflectors, scales = reduced(linearization.gram())
        return TridiagonalFactors(  # type: ignore[call-arg]  # its singular values are a property
            tridiagonal,
            reflectors,
            scales,
            jnp.arange(size),
            jnp.asarray(size),
        )

    def noise_floor(self, dtype):
        return GramEigh().noise_floor(dtype)
