"""The backend that reduces the Gram matrix no further than damping needs."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._backends import AbstractBackend, AbstractColumnFactors, GramEigh, RightFactors, placed
from ._square import Tridiagonal


def reduced(square: Float[Array, "k k"]) -> tuple[Tridiagonal, Float[Array, "k k"]]:
    """$Q T Q^T$ of a symmetric matrix: T and Q.

    Q is multiplied out, for the price of about nine products with its reflectors; late steps make some
    twenty. Nor is LAPACK's product with reflectors, `ormqr`, a pure function: it writes ones between a
    few of them and takes those back (its ORM2R), so that two such products, which XLA computes at the
    same time on a CPU, spoil each other.
    """
    packed, diagonal, off, scales = jax.lax.linalg.tridiagonal(square, lower=True)
    q = jax.lax.linalg.householder_product(packed[1:, :-1], scales)
    return Tridiagonal(diagonal, off), jnp.eye(len(square), dtype=q.dtype).at[1:, 1:].set(q)


class TridiagonalFactors(AbstractColumnFactors):
    """$J^T J = Q T Q^T$; of some columns of J, or of all.

    - `tridiagonal`: T.
    - `q`: Q, with zeros for rows of the columns of J that are left out; T and Q end in as many zeros.
    """

    tridiagonal: Tridiagonal
    q: Float[Array, "params params"]

    @property
    def singular_values(self):
        return self.tridiagonal.values()

    @property
    def number(self):
        return self.q.shape[1]

    def square(self, kept):
        del kept  # nothing is truncated: `Sven` sees to that
        return self.tridiagonal

    def plain(self):
        square, off = self.tridiagonal, self.tridiagonal.off
        matrix = jnp.diag(square.diagonal) + jnp.diag(off, 1) + jnp.diag(off, -1)
        squares, vectors = jnp.linalg.eigh(matrix)
        return RightFactors(jnp.sqrt(jnp.maximum(squares[::-1], 0)), self.q @ vectors[:, ::-1])

    def gradient(self, linearization, residuals):
        return linearization.pull(residuals) @ self.q

    def lift(self, linearization, coefficients):
        del linearization
        return coefficients @ self.q.T

    def embed(self, index, params, number):
        del number  # one per column
        more = params - index.size
        return TridiagonalFactors(  # type: ignore[call-arg]  # its singular values are a property
            jax.tree.map(lambda entries: jnp.pad(entries, (0, more)), self.tridiagonal),
            placed(self.q, (params, params), index),
        )


class GramTridiagonal(AbstractBackend):
    """A tridiagonal form of the Gram matrix $J^T J$, for damping only.

    As right as `GramEigh`, with the same steps, for about half its time. It knows singular
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
        tridiagonal, q = linearization.once(reduced, linearization.gram())
        return TridiagonalFactors(tridiagonal, q)  # type: ignore[call-arg]  # as in `embed`

    def noise_floor(self, dtype):
        return GramEigh().noise_floor(dtype)
