"""The residual and its Jacobian at one parameter vector: all that a step needs of a problem.

The Jacobian is stored in slabs of rows, or not at all: a backend that needs only products, or the
Gram matrix of the rows, gets those from forward and reverse mode.
"""

import abc
import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from ._triangle import halved, substituted

AT_ONCE = 16  # rows of an implicit Jacobian in memory at a time
TILES = 4  # column tiles of a Gram matrix; a product of both triangles wastes 3/8 less time so


class AbstractLinearization(eqx.Module):
    """$r(\\theta + \\delta) \\approx r + J \\delta$, by its products."""

    residual: eqx.AbstractVar[Float[Array, " rows"]]

    @property
    @abc.abstractmethod
    def rows(self) -> int:
        """The number of rows."""

    @property
    @abc.abstractmethod
    def params(self) -> int:
        """The number of columns."""

    @abc.abstractmethod
    def apply(self, steps: Float[Array, "n params"]) -> Float[Array, "n rows"]:
        """$J \\delta$ for several steps."""

    @abc.abstractmethod
    def pull(self, residuals: Float[Array, "n rows"]) -> Float[Array, "n params"]:
        """$J^T e$ for several residuals."""

    @abc.abstractmethod
    def gram(self) -> Float[Array, "params params"]:
        """$J^T J$."""

    @abc.abstractmethod
    def kernel(self) -> Float[Array, "rows rows"]:
        """$J J^T$."""

    @abc.abstractmethod
    def jacobian(self) -> Float[Array, "rows params"]:
        """J as one matrix."""

    def once(self, function, *given):
        """A function of what has no rows; devices that share their cores leave it to one of them."""
        return function(*given)

    def triangle(self) -> Float[Array, "k params"]:
        """R of $J = Q R$, of as many rows as the smaller side of J has."""
        return jnp.linalg.qr(self.jacobian(), mode="r")

    @abc.abstractmethod
    def columns(self, index: Int[Array, " subset"]) -> "Linearization":
        """The linearization in a subset of the parameters."""

    @abc.abstractmethod
    def solved(self, triangle: Float[Array, "params params"]) -> "Linearization":
        """$J L^{-T}$ with the same residual, L lower triangular."""

    @abc.abstractmethod
    def with_residual(self, residual: Float[Array, " rows"]) -> "AbstractLinearization":
        """The same Jacobian with another residual."""

    @abc.abstractmethod
    def scaled(self, residual, factor: Float[Array, " rows"]) -> "AbstractLinearization":
        """Another residual, whose Jacobian is this one with its rows multiplied."""


class Linearization(AbstractLinearization):
    """$r(\\theta + \\delta) \\approx r + J \\delta$, with J in slabs of rows.

    A slab holds the transpose of a few rows of J: the product of a row-major $J^T$ with its own
    transpose runs at twice the speed of the same product from J, and slabs that fit in the cache are
    faster still. Only the first `active` slabs count, and no product visits the others, so that the
    number of rows may change from step to step without a change of shape; they may hold anything.

    - `residual`: slab after slab, zero beyond the active ones.
    - `slabs`: the Jacobian.
    - `active`: the number of slabs in use; None for all of them.
    - `spare`: memory of the same shape, where `solved` puts its slabs; None to put them in place of
      these where those are used no more.
    - `index`: which of the parameters are the columns; None for all of them, in their order.
    """

    residual: Float[Array, " rows"]
    slabs: Float[Array, "slabs columns width"]
    active: Int[Array, ""] | None = None
    spare: Float[Array, "slabs columns width"] | None = None
    index: Int[Array, " params"] | None = None

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
        return self.slabs.shape[1] if self.index is None else self.index.size

    def apply(self, steps: Float[Array, "n params"]) -> Float[Array, "n rows"]:
        """$J \\delta$ for several steps."""
        number, _, width = self.slabs.shape

        def visit(i, products):
            return products.at[i].set(steps @ self._slab(i))

        products = jnp.zeros((number, len(steps), width), self.slabs.dtype)
        return self._sweep(visit, products).transpose(1, 0, 2).reshape(len(steps), -1)

    def pull(self, residuals: Float[Array, "n rows"]) -> Float[Array, "n params"]:
        """$J^T e$ for several residuals."""
        number, _, width = self.slabs.shape
        parts = residuals.reshape(-1, number, width)

        def visit(i, total):
            return total + parts[:, i] @ self._slab(i).T

        return self._sweep(visit, jnp.zeros((len(parts), self.params), self.slabs.dtype))

    def gram(self) -> Float[Array, "params params"]:
        """$J^T J$, of which only tiles on and above the diagonal are computed."""
        return self.gram_sum().matrix()

    def gram_sum(self) -> "GramSum":
        """The tiles of $J^T J$."""
        total = GramSum.start(self.params, self.slabs.dtype)
        return self._sweep(lambda i, total: total.plus(self._slab(i)), total)

    def jacobian(self) -> Float[Array, "rows params"]:
        """J as one matrix; rows of inactive slabs are zero."""
        slabs = self._chosen()
        if self.active is not None:
            number = jnp.arange(len(slabs), dtype=self.active.dtype)
            slabs = jnp.where(number[:, None, None] < self.active, slabs, 0)
        return slabs.transpose(0, 2, 1).reshape(self.rows, self.params)

    def kernel(self):
        return gram(self.jacobian())

    def solved(self, triangle):
        slabs, halves = self._chosen(), halved(triangle)
        in_place = self.spare is None or self.index is not None

        def visit(i, solved):
            slab = (solved if in_place else slabs)[i]
            return solved.at[i].set(substituted(halves, slab))

        solved = self._sweep(visit, slabs if in_place else self.spare)
        return Linearization(self.residual, solved, self.active)

    def with_residual(self, residual):
        return dataclasses.replace(self, residual=residual)

    def scaled(self, residual, factor):
        number, _, width = self.slabs.shape
        slabs = self.slabs * factor.reshape(number, 1, width)
        return dataclasses.replace(self, residual=residual, slabs=slabs)

    def columns(self, index):
        index = index if self.index is None else self.index[index]
        return dataclasses.replace(self, index=index)

    def _chosen(self):
        """All slabs, of the columns alone."""
        return self.slabs if self.index is None else self.slabs[:, self.index]

    def _slab(self, i):
        """One slab, of the columns alone."""
        return self.slabs[i] if self.index is None else self.slabs[i][self.index]

    def _sweep(self, visit, carry):
        if self.slabs.shape[0] == 1:
            return visit(0, carry)
        number = self.slabs.shape[0] if self.active is None else self.active
        return jax.lax.fori_loop(0, number, visit, carry)


class GramSum(eqx.Module):
    """$\\sum A A^T$ over slabs A, of which only tiles on and above the diagonal are computed.

    - `tiles`: blocks of rows, each from the diagonal on.
    """

    tiles: tuple[Float[Array, "_tile _rest"], ...]

    @classmethod
    def start(cls, size: int, dtype) -> "GramSum":
        """Nothing yet, for slabs of so many rows."""
        number = TILES if size >= 128 * TILES else 1
        cuts = [size * i // number for i in range(number + 1)]
        shapes = [(high - low, size - low) for low, high in itertools.pairwise(cuts)]
        return cls(tuple(jnp.zeros(shape, dtype) for shape in shapes))

    def plus(self, slab: Float[Array, "size width"]) -> "GramSum":
        """The sum with one more slab."""
        lows = [slab.shape[0] - tile.shape[1] for tile in self.tiles]
        return GramSum(
            tuple(
                tile + slab[low : low + len(tile)] @ slab[low:].T
                for tile, low in zip(self.tiles, lows, strict=True)
            )
        )

    def matrix(self) -> Float[Array, "size size"]:
        """The whole symmetric matrix."""
        size = self.tiles[0].shape[1]
        upper = jnp.concatenate([jnp.pad(t, ((0, 0), (size - t.shape[1], 0))) for t in self.tiles])
        return jnp.triu(upper) + jnp.triu(upper, 1).T


def gram(rows: Float[Array, "n m"]) -> Float[Array, "n n"]:
    """$A A^T$, of which only tiles on and above the diagonal are computed."""
    return GramSum.start(rows.shape[0], rows.dtype).plus(rows).matrix()


class AbstractResidual(eqx.Module):
    """A residual vector as a function of a flat parameter vector and data."""

    @property
    def of_losses(self) -> bool:
        """Whether the rows are losses, squares of residuals."""
        return False

    @abc.abstractmethod
    def residual(self, theta: Float[Array, " params"], data) -> Float[Array, " rows"]:
        """The residual vector; the loss is the sum of its squares."""

    @abc.abstractmethod
    def linearize(self, theta: Float[Array, " params"], data) -> Linearization:
        """The residual vector and its stored Jacobian."""

    def scratch(self, theta: Float[Array, " params"], data) -> jax.ShapeDtypeStruct | None:
        """The memory that `linearize_into` uses; None where it makes its own."""
        del theta, data
        return None

    def linearize_into(self, scratch: tuple, theta: Float[Array, " params"], data) -> Linearization:
        """The same as `linearize`, with the Jacobian in memory that is given.

        - `scratch`: one or two arrays as `scratch` describes them, of any content; the second one is
          spare.
        """
        del scratch
        return self.linearize(theta, data)

    def implicit(self, theta: Float[Array, " params"], data) -> AbstractLinearization:
        """The residual vector and its Jacobian without storage."""
        return ImplicitLinearization(self.residual(theta, data), self, theta, data)

    def jvp(self, theta, data, tangent: Float[Array, " params"]) -> Float[Array, " rows"]:
        """J v, without forming J."""
        return jax.jvp(lambda t: self.residual(t, data), (theta,), (tangent,))[1]

    def vjp(self, theta, data, cotangent: Float[Array, " rows"]) -> Float[Array, " params"]:
        """J^T w, without forming J."""
        return jax.vjp(lambda t: self.residual(t, data), theta)[1](cotangent)[0]

    def kernel(self, theta, data) -> Float[Array, "rows rows"]:
        """J J^T, from a few rows of J at a time."""

        def row_of_kernel(unit):
            return self.jvp(theta, data, self.vjp(theta, data, unit))

        size = jax.eval_shape(lambda t: self.residual(t, data), theta).size
        basis = jnp.eye(size, dtype=theta.dtype)
        return jax.lax.map(row_of_kernel, basis, batch_size=min(AT_ONCE, size))

    def gram(self, theta, data) -> Float[Array, "params params"]:
        """J^T J; here from the whole of J, which a residual made of parts need not form."""
        return gram(self.linearize(theta, data).jacobian().T)

    def parts(self, data) -> Bool[Array, "parts rows"]:
        """Which rows belong to each named part; one part by default."""
        del data
        return jnp.ones((1, 1), bool)


class ImplicitLinearization(AbstractLinearization):
    """A Jacobian known by its products, each one pass of forward or reverse mode.

    - `residual`: the residual vector.
    - `system`, `theta`, `data`: what is differentiated, and where.
    - `factor`: on the rows; None for one.
    """

    residual: Float[Array, " rows"]
    system: AbstractResidual
    theta: Float[Array, " params"]
    data: PyTree
    factor: Float[Array, " rows"] | None = None

    @property
    def rows(self):
        return self.residual.size

    @property
    def params(self):
        return self.theta.size

    def apply(self, steps):
        products = jax.vmap(lambda step: self.system.jvp(self.theta, self.data, step))(steps)
        return products if self.factor is None else products * self.factor[None]

    def pull(self, residuals):
        errors = residuals if self.factor is None else residuals * self.factor[None]
        return jax.vmap(lambda error: self.system.vjp(self.theta, self.data, error))(errors)

    def gram(self):
        if self.factor is None:
            return self.system.gram(self.theta, self.data)
        return gram(self.jacobian().T)

    def kernel(self):
        plain = self.system.kernel(self.theta, self.data)
        if self.factor is None:
            return plain
        return plain * self.factor[:, None] * self.factor[None]

    def jacobian(self):
        basis = jnp.eye(self.rows, dtype=self.theta.dtype)
        size = min(AT_ONCE, self.rows)
        return jax.lax.map(lambda unit: self.pull(unit[None])[0], basis, batch_size=size)

    def columns(self, index):
        return Linearization.of_jacobian(self.residual, self.jacobian()[:, index])

    def solved(self, triangle):
        return Linearization.of_jacobian(self.residual, self.jacobian()).solved(triangle)

    def with_residual(self, residual):
        return ImplicitLinearization(residual, self.system, self.theta, self.data, self.factor)

    def scaled(self, residual, factor):
        factor = factor if self.factor is None else factor * self.factor
        return ImplicitLinearization(residual, self.system, self.theta, self.data, factor)
