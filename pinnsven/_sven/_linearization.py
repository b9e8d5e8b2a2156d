"""The residual and its Jacobian at one parameter vector: all that a step needs of a problem."""

import abc
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

TILES = 4  # column tiles of a Gram matrix; a product of both triangles wastes 3/8 less time so


class Linearization(eqx.Module):
    """$r(\\theta + \\delta) \\approx r + J \\delta$, with J in slabs of rows.

    A slab holds the transpose of a few rows of J: the product of a row-major $J^T$ with its own
    transpose runs at twice the speed of the same product from J, and slabs that fit in the cache are
    faster still. Only the first `active` slabs count, and no product visits the others, so that the
    number of rows may change from step to step without a change of shape.

    - `residual`: slab after slab, zero beyond the active ones.
    - `slabs`: the Jacobian.
    - `active`: the number of slabs in use; None for all of them.
    """

    residual: Float[Array, " rows"]
    slabs: Float[Array, "slabs params width"]
    active: Int[Array, ""] | None = None

    @classmethod
    def of_jacobian(cls, residual, jacobian: Float[Array, "rows params"]) -> "Linearization":
        """One slab with all rows of a Jacobian."""
        return cls(residual, jacobian.T[None])

    @property
    def rows(self) -> int:
        """The number of rows, inactive ones included."""
        return self.slabs.shape[0] * self.slabs.shape[2]

    @property
    def params(self) -> int:
        """The number of columns."""
        return self.slabs.shape[1]

    def apply(self, steps: Float[Array, "n params"]) -> Float[Array, "n rows"]:
        """$J \\delta$ for several steps."""
        number, _, width = self.slabs.shape

        def visit(i, products):
            return products.at[i].set(steps @ self.slabs[i])

        products = jnp.zeros((number, len(steps), width), self.slabs.dtype)
        return self._sweep(visit, products).transpose(1, 0, 2).reshape(len(steps), -1)

    def pull(self, residuals: Float[Array, "n rows"]) -> Float[Array, "n params"]:
        """$J^T e$ for several residuals."""
        number, params, width = self.slabs.shape
        parts = residuals.reshape(-1, number, width)

        def visit(i, total):
            return total + parts[:, i] @ self.slabs[i].T

        return self._sweep(visit, jnp.zeros((len(parts), params), self.slabs.dtype))

    def gram(self) -> Float[Array, "params params"]:
        """$J^T J$, of which only tiles on and above the diagonal are computed."""
        cuts = _cuts(self.params)

        def visit(i, tiles):
            slab = self.slabs[i]
            return tuple(
                tile + slab[low:high] @ slab[low:].T
                for tile, (low, high) in zip(tiles, cuts, strict=True)
            )

        sizes = [(high - low, self.params - low) for low, high in cuts]
        return _symmetric(self._sweep(visit, tuple(jnp.zeros(n, self.slabs.dtype) for n in sizes)))

    def jacobian(self) -> Float[Array, "rows params"]:
        """J as one matrix; rows of inactive slabs are zero."""
        return self.slabs.transpose(0, 2, 1).reshape(self.rows, self.params)

    def columns(self, index: Int[Array, " subset"]) -> "Linearization":
        """The linearization in a subset of the parameters."""
        return Linearization(self.residual, self.slabs[:, index], self.active)

    def _sweep(self, visit, carry):
        if self.slabs.shape[0] == 1:
            return visit(0, carry)
        number = self.slabs.shape[0] if self.active is None else self.active
        return jax.lax.fori_loop(0, number, visit, carry)


def _cuts(size: int) -> list[tuple[int, int]]:
    tiles = TILES if size >= 128 * TILES else 1
    return list(itertools.pairwise(size * i // tiles for i in range(tiles + 1)))


def _symmetric(tiles) -> Float[Array, "n n"]:
    """The symmetric matrix of which these are the row blocks from the diagonal on."""
    size = tiles[0].shape[1]
    upper = jnp.concatenate([jnp.pad(t, ((0, 0), (size - t.shape[1], 0))) for t in tiles])
    return jnp.triu(upper) + jnp.triu(upper, 1).T


def gram(rows: Float[Array, "n m"]) -> Float[Array, "n n"]:
    """$A A^T$, of which only tiles on and above the diagonal are computed."""
    return _symmetric([rows[low:high] @ rows[low:].T for low, high in _cuts(rows.shape[0])])


class AbstractResidual(eqx.Module):
    """A residual vector as a function of a flat parameter vector and data."""

    @abc.abstractmethod
    def residual(self, theta: Float[Array, " params"], data) -> Float[Array, " rows"]:
        """The residual vector; the loss is the sum of its squares."""

    @abc.abstractmethod
    def linearize(self, theta: Float[Array, " params"], data) -> Linearization:
        """The residual vector and its Jacobian."""


class FunctionResidual(AbstractResidual):
    """Any function of a parameter pytree and data, seen as a residual of a flat vector.

    - `function`: `function(params, *data)` returns an array of any shape, or a pytree of them.
    - `template`: parameters of the structure, shapes and dtypes that the function takes.
    - `chunk`: rows of the Jacobian computed at once.
    """

    function: object = eqx.field(static=True)
    template: object
    chunk: int = eqx.field(static=True, default=256)

    def residual(self, theta, data):
        arrays, static = eqx.partition(self.template, eqx.is_inexact_array)
        unravel = ravel_pytree(arrays)[1]
        result = self.function(eqx.combine(unravel(theta), static), *data)  # type: ignore[operator]
        return ravel_pytree(result)[0].astype(theta.dtype)

    def linearize(self, theta, data):
        residual, pull = jax.vjp(lambda t: self.residual(t, data), theta)
        if residual.size == 0:
            raise ValueError("the residual has no rows: return at least one value")
        basis = jnp.eye(residual.size, dtype=theta.dtype)
        rows = jax.lax.map(lambda e: pull(e)[0], basis, batch_size=min(self.chunk, residual.size))
        return Linearization.of_jacobian(residual, rows)


def flat_problem(residual, params: PyTree) -> tuple[FunctionResidual, jax.Array]:
    """The residual as a function of one flat vector, and that vector.

    Raises `ValueError` when there is no floating-point array among the parameters.
    """
    arrays = eqx.filter(params, eqx.is_inexact_array)
    theta, _ = ravel_pytree(arrays)
    if not theta.size:
        raise ValueError("params: there is no floating-point array to solve for")
    return FunctionResidual(residual, params), theta


def restore(params: PyTree, theta: jax.Array) -> PyTree:
    """A flat vector in the structure of `params`."""
    arrays, static = eqx.partition(params, eqx.is_inexact_array)
    return eqx.combine(ravel_pytree(arrays)[1](theta), static)
