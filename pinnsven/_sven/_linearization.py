"""The residual and its Jacobian at one parameter vector: all that a step needs of a problem."""

import abc
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

TILES = 4  # column tiles of a Gram matrix; a product of both triangles wastes 3/8 less time so


class Linearization(eqx.Module):
    """$r(\\theta + \\delta) \\approx r + J \\delta$.

    The Jacobian is stored transposed, because the product $J^T J$ of a row-major $J^T$ with itself
    runs at twice the speed of the same product from $J$.
    """

    residual: Float[Array, " rows"]
    jacobian_t: Float[Array, "params rows"]

    def apply(self, steps: Float[Array, "candidates params"]) -> Float[Array, "candidates rows"]:
        """$J \\delta$ for several steps."""
        return steps @ self.jacobian_t

    def columns(self, index: Float[Array, " subset"]) -> "Linearization":
        """The linearization in a subset of the parameters."""
        return Linearization(self.residual, self.jacobian_t[index])


class AbstractResidual(eqx.Module):
    """A residual vector as a function of a flat parameter vector and data."""

    @abc.abstractmethod
    def residual(self, theta: Float[Array, " params"], data) -> Float[Array, " rows"]:
        """The residual vector; the loss is the sum of its squares."""

    @abc.abstractmethod
    def linearize(self, theta: Float[Array, " params"], data) -> Linearization:
        """The residual vector and its transposed Jacobian."""


def gram(rows: Float[Array, "n m"]) -> Float[Array, "n n"]:
    """$A A^T$, computing only the tiles on and above the diagonal."""
    n = rows.shape[0]
    if n < 128 * TILES:
        return rows @ rows.T
    cuts = [n * i // TILES for i in range(TILES + 1)]
    upper = jnp.zeros((n, n), rows.dtype)
    for low, high in itertools.pairwise(cuts):
        upper = upper.at[low:high, low:].set(rows[low:high] @ rows[low:].T)
    return jnp.triu(upper) + jnp.triu(upper, 1).T


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
        return Linearization(residual, rows.T)


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
