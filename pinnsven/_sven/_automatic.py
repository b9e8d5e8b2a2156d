"""The choice of a backend."""

import equinox as eqx
import jax.numpy as jnp

from ._backends import QRSVD, AbstractBackend, GramEigh
from ._refined import RefinedGram
from ._tridiagonal import GramTridiagonal


class Automatic(AbstractBackend):
    """Chooses by shape, precision and the wanted cut-off, while the step is compiled.

    The Gram matrix, in tridiagonal form where nothing is truncated, unless a bare truncation asks for
    singular values below its noise; then the decomposition itself. Where a wide Jacobian would take
    more than `memory_limit` bytes it is not stored, a tall one where it would take more than
    `tall_limit`: $J^T J$ is then summed over the points, in three times the time (experiment 118).

    - `memory_limit`, `tall_limit`: bytes.
    - `implicit`: store no Jacobian of any shape, where the backend chosen can do without.
    - `refined`: damp below the noise of a Gram matrix, where it can be had without decomposing.
    """

    memory_limit: float = eqx.field(static=True, default=2.0**27)
    tall_limit: float = eqx.field(static=True, default=2.0**32)
    implicit: bool = eqx.field(static=True, default=False)
    refined: bool = eqx.field(static=True, default=False)

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
        implicit = self.implicit or (rows >= params and size > self.tall_limit)
        if truncates or 2 * rows < params:
            return GramEigh(implicit)
        if self.refined and not implicit:
            return RefinedGram()
        if rows < params:
            return GramEigh(implicit)
        return GramTridiagonal(implicit)

    def init(self, linearization, key, memory=()):
        dtype = linearization.residual.dtype
        chosen = self.choose(linearization.rows, linearization.params, dtype, None)
        return chosen.init(linearization, key, memory)

    def noise_floor(self, dtype):
        return GramEigh().noise_floor(dtype)
