"""The backend that reduces the Gram matrix no further than damping needs, and the choice of one."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ._backends import QRSVD, AbstractBackend, AbstractColumnFactors, GramEigh, RightFactors
from ._square import Tridiagonal


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
        """$Q^T v$ or Q v."""
        turned = jax.lax.linalg.ormqr(
            self.reflectors, self.scales, vectors[:, 1:].T, left=True, transpose=transpose
        )
        return vectors.at[:, 1:].set(turned.T)

    def _fade(self, vectors):
        return jnp.where(jnp.arange(self.order.size)[None] < self.used, vectors, 0)

    def gradient(self, linearization, residuals):
        pulled = linearization.pull(residuals)[:, self.order]
        return self._fade(self._turn(self._fade(pulled), transpose=True))

    def lift(self, linearization, coefficients):
        del linearization
        return self._lift(coefficients)

    def _lift(self, coefficients):
        turned = self._turn(self._fade(coefficients), transpose=False)
        return jnp.zeros_like(turned).at[:, self.order].set(turned)

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
    """

    def init(self, linearization, key, memory=()):
        del key, memory
        size = linearization.params
        reduced, diagonal, off, scales = jax.lax.linalg.tridiagonal(linearization.gram(), lower=True)
        return TridiagonalFactors(  # type: ignore[call-arg]  # its singular values are a property
            Tridiagonal(diagonal, off),
            reduced[1:, :-1],
            scales,
            jnp.arange(size),
            jnp.asarray(size),
        )

    def noise_floor(self, dtype):
        return GramEigh().noise_floor(dtype)


class Automatic(AbstractBackend):
    """Chooses by shape, precision and the wanted cut-off, while the step is compiled.

    The Gram matrix, in tridiagonal form where nothing is truncated, unless a bare truncation asks for
    singular values below its noise; then the decomposition itself. Where a wide Jacobian would take
    more than `memory_limit` bytes it is not stored.

    - `memory_limit`: bytes.
    """

    memory_limit: float = eqx.field(static=True, default=2.0**28)

    def choose(
        self, rows: int, params: int, dtype, cut: float | None, truncates: bool = True
    ) -> AbstractBackend:
        """The backend for a Jacobian.

        - `cut`: the smallest relative singular value that must be right; None where damping fades
          the smaller ones out, and any value will do.
        - `truncates`: whether directions are dropped.
        """
        size = rows * params * jnp.dtype(dtype).itemsize
        if rows < params and size > self.memory_limit:
            return GramEigh(implicit=True)
        if cut is not None and cut < GramEigh().noise_floor(dtype):
            return QRSVD()
        return GramEigh() if truncates or rows < params else GramTridiagonal()

    def init(self, linearization, key, memory=()):
        dtype = linearization.residual.dtype
        chosen = self.choose(linearization.rows, linearization.params, dtype, None)
        return chosen.init(linearization, key, memory)

    def noise_floor(self, dtype):
        return GramEigh().noise_floor(dtype)
