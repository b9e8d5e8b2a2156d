"""Backends that factorize less than the whole Jacobian: random subspaces and sketches."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ._backends import (
    QRSVD,
    AbstractBackend,
    AbstractExplicitFactors,
    AbstractRightFactors,
    BothFactors,
    GramEigh,
    RightFactors,
)
from ._linearization import AbstractLinearization, Linearization


class RandomizedSVD(AbstractBackend):
    """The leading singular directions, from products with random directions.

    Range finder with power iterations (Halko, Martinsson, Tropp 2011, algorithm 4.4); the path on
    which Sven costs a factor k more than a gradient. It needs $2 (q + 1)$ products of `rank +
    oversample` vectors and stores no Jacobian.

    - `rank`: how many directions are kept.
    - `oversample`: how many more are carried along.
    - `power_iterations`: q; more of them separate close singular values better.
    - `warm_start`: begin with the directions of the last step, beside fresh ones.

    Raises `ValueError` for a rank below 1 or negative numbers.
    """

    rank: int = eqx.field(static=True, default=32)
    oversample: int = eqx.field(static=True, default=8)
    power_iterations: int = eqx.field(static=True, default=1)
    warm_start: bool = eqx.field(static=True, default=True)

    def __check_init__(self):
        for name, least in (("rank", 1), ("oversample", 0), ("power_iterations", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}={value!r}: must be an integer of at least {least}")

    @property
    def stores_jacobian(self):
        return False

    def init(self, linearization, key, memory=()):
        """Factors of the leading directions, from as many products as the class says.

        - `memory`: the last step's directions, shape (directions, params), zero where there are none.
        """
        smaller = min(linearization.rows, linearization.params)
        width = min(self.rank + self.oversample, smaller)
        dtype = linearization.residual.dtype
        directions = jax.random.normal(key, (width, linearization.params), dtype)
        if self.warm_start and len(memory):
            # What the memory lacks, all of it before the first step, is zero: that stays random.
            kept = memory[: min(len(memory), width)]
            fresh = directions[: len(kept)]
            known = jnp.any(kept != 0, axis=1, keepdims=True)
            directions = directions.at[: len(kept)].set(jnp.where(known, kept, fresh))
        images = linearization.apply(directions)
        for _ in range(self.power_iterations):
            back = linearization.pull(_orthonormal(images))
            images = linearization.apply(_orthonormal(back))
        basis = _orthonormal(images)
        small = linearization.pull(basis)
        left, values, right_t = jnp.linalg.svd(small, full_matrices=False)
        rank = min(self.rank, smaller)
        vectors = basis.T @ left[:, :rank]
        return BothFactors(values[:rank], vectors, right_t[:rank].T)

    def noise_floor(self, dtype):
        return float(jnp.finfo(dtype).eps)

    def start(self, params, dtype):
        return jnp.zeros((min(self.rank, params) if self.warm_start else 0, params), dtype)

    def remember(self, factors):
        assert isinstance(factors, AbstractExplicitFactors)  # as `init` makes them
        params, found = factors.right.shape
        missing = min(self.rank, params) - found
        if not self.warm_start:
            return factors.right.T[:0]
        return jnp.pad(factors.right.T, ((0, missing), (0, 0)))


def _orthonormal(rows):
    """An orthonormal basis of the span of some rows, as rows."""
    return jnp.linalg.qr(rows.T)[0].T


class Sketched(AbstractBackend):
    """The factors of a sketch $\\Sigma J$, new at each step; gradients stay those of J.

    $\\Sigma$ adds rows with random signs into fewer ones, each into `hashes` of them (CountSketch:
    Clarkson, Woodruff 2013; several hashes as in Webb, Jerad, Cartis 2026, arXiv 2607.02194). Of the
    columns a random share may be taken.

    - `rows`: rows of the sketch, as a multiple of the parameters; with no fewer than J has, all of
      them are used as they are.
    - `columns`: the share of the parameters that a step moves.
    - `hashes`: how many sketch rows each row is added to.
    - `inner`: factorizes the sketch.

    Raises `ValueError` for a multiple that is not positive, a share outside (0, 1], or no hash.
    """

    rows: float = eqx.field(static=True, default=2.0)
    columns: float = eqx.field(static=True, default=1.0)
    hashes: int = eqx.field(static=True, default=4)
    inner: AbstractBackend = GramEigh()

    def __check_init__(self):
        if not 0 < self.rows < math.inf:
            raise ValueError(f"rows={self.rows!r}: must be a positive multiple of the parameters")
        if not 0 < self.columns <= 1:
            raise ValueError(f"columns={self.columns!r}: must lie in (0, 1]")
        if not self.hashes >= 1:
            raise ValueError(f"hashes={self.hashes!r}: must be at least 1")

    def init(self, linearization, key, memory=()):
        row_key, column_key, inner_key = jax.random.split(key, 3)
        params = linearization.params
        chosen = max(round(self.columns * params), 1)
        if chosen == params:
            return self._of_rows(linearization, row_key, inner_key)
        index = jax.random.choice(column_key, params, (chosen,), replace=False)
        part = self._of_rows(linearization.columns(index), row_key, inner_key)
        number = min(linearization.rows, params)
        return part.plain().embed(index, params, number)

    def _of_rows(self, linearization: AbstractLinearization, row_key, inner_key) -> RightFactors:
        jacobian = linearization.jacobian()
        size = max(round(self.rows * linearization.params), 1)
        if size < linearization.rows:
            jacobian = self._sketch(jacobian, size, row_key)
        sketch = Linearization.of_jacobian(jnp.zeros(len(jacobian), jacobian.dtype), jacobian)
        return self.inner.init(sketch, inner_key).explicit(sketch).plain()

    def _sketch(self, jacobian, size: int, key):
        def added(one):
            bucket_key, sign_key = jax.random.split(one)
            bucket = jax.random.randint(bucket_key, (len(jacobian),), 0, size)
            sign = jax.random.rademacher(sign_key, (len(jacobian),), jacobian.dtype)
            return jax.ops.segment_sum(sign[:, None] * jacobian, bucket, size)

        total = jnp.zeros((size, jacobian.shape[1]), jacobian.dtype)
        total = jax.lax.fori_loop(
            0, self.hashes, lambda i, t: t + added(jax.random.fold_in(key, i)), total
        )
        return total / jnp.sqrt(jnp.asarray(self.hashes, jacobian.dtype))

    def noise_floor(self, dtype):
        return self.inner.noise_floor(dtype)


class Single(AbstractBackend):
    """Factors in float32 of a float64 Jacobian; residuals and steps stay float64.

    Half the memory and up to twice the speed, and noise below 3.5e-4 of the largest singular value
    (with the Gram matrix): for the first steps, not the last.

    - `inner`: factorizes in float32.
    """

    inner: AbstractBackend = GramEigh()

    def init(self, linearization, key, memory=()):
        single = jax.tree.map(_to_single, _stored(linearization))
        factors = self.inner.init(single, key, memory).explicit(single)
        dtype = linearization.residual.dtype
        return jax.tree.map(lambda leaf: leaf.astype(dtype), factors)

    def noise_floor(self, dtype):
        del dtype
        return self.inner.noise_floor(jnp.float32)


def _to_single(leaf):
    return leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf


def _stored(linearization: AbstractLinearization) -> Linearization:
    if isinstance(linearization, Linearization):
        return linearization
    return Linearization.of_jacobian(linearization.residual, linearization.jacobian())


class FallbackFactors(AbstractRightFactors):
    """Factors that know whether the second backend made them."""

    singular_values: Float[Array, " k"]
    right: Float[Array, "params k"]
    second: Bool[Array, ""]

    @property
    def fell_back(self):
        return self.second

    def embed(self, index, params, number):
        return FallbackFactors(*self._placed(index, params, number), self.second)


class NonfiniteFallback(AbstractBackend):
    """One backend, and another where the factors of the first are not finite.

    - `primary`: tried first.
    - `fallback`: used when the primary's factors hold a NaN or an infinity; it is said in the
      step's report.
    """

    primary: AbstractBackend = GramEigh()
    fallback: AbstractBackend = QRSVD()

    def init(self, linearization, key, memory=()):
        def explicit(backend) -> tuple:
            factors = backend.init(linearization, key).explicit(linearization)
            return factors.singular_values, factors.right

        values, vectors = explicit(self.primary)
        good = jnp.all(jnp.isfinite(values)) & jnp.all(jnp.isfinite(vectors))
        values, vectors = jax.lax.cond(good, lambda: (values, vectors), lambda: explicit(self.fallback))
        return FallbackFactors(values, vectors, ~good)

    @property
    def stores_jacobian(self):
        return self.primary.stores_jacobian or self.fallback.stores_jacobian

    def noise_floor(self, dtype):
        return max(self.primary.noise_floor(dtype), self.fallback.noise_floor(dtype))
