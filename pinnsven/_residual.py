"""ResidualSystem: all conditions stacked into one residual vector with a static layout.

The system knows r(theta), its Jacobian in row chunks, J v and J^T w. Points live in *batches* of
fixed capacity; rows beyond the active ones carry scale zero, so that new points, fewer points and
new weights change no shape and compile nothing.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from ._conditions import Block
from ._networks import FieldModel, build_model
from ._problem import Problem
from ._sven import AbstractResidual, Linearization

CHUNK = 256  # rows of one Jacobian chunk; measured flat between 128 and 512 on a CPU


class Batch(eqx.Module):
    """The points of one block, padded to a capacity.

    - `points`: shape (capacity, dim).
    - `normals`: outward unit normals, shape (capacity, space).
    - `auxiliary`: values per point, each of shape (capacity,).
    - `scale`: $\\sqrt{w / n}$ for each of the n active points, zero for padding.
    """

    points: Float[Array, "capacity dim"]
    normals: Float[Array, "capacity space"]
    auxiliary: dict[str, Float[Array, " capacity"]]
    scale: Float[Array, " capacity"]


def make_batch(
    points: np.ndarray,
    normals: np.ndarray,
    auxiliary: dict[str, np.ndarray],
    weight: float,
    components: int = 1,
) -> Batch:
    """A batch with the next power of two as its capacity.

    Padding repeats the first point: it is a legal place to evaluate, and its scale is zero.
    """
    active = len(points)
    capacity = 1 << (active - 1).bit_length()
    index = np.where(np.arange(capacity) < active, np.arange(capacity), 0)
    scale = np.where(np.arange(capacity) < active, np.sqrt(weight / (active * components)), 0.0)
    # numpy here: the arrays become JAX's when they enter a jitted function.
    parts: tuple[Any, ...] = (points[index], normals[index])
    return Batch(*parts, {name: values[index] for name, values in auxiliary.items()}, scale)  # type: ignore


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which rows of the residual vector belong to each block."""

    rows: dict[str, slice]

    @property
    def total(self) -> int:
        """The number of rows, padding included."""
        return max((part.stop for part in self.rows.values()), default=0)


class ResidualSystem(AbstractResidual):
    """The residuals of a problem as a function of one flat parameter vector.

    The vector theta holds the network's parameters, then the unknowns divided by the size of their
    starting values.
    """

    blocks: tuple[Block, ...] = eqx.field(static=True)
    model: FieldModel
    unknown_names: tuple[str, ...] = eqx.field(static=True)
    unknown_scale: tuple[float, ...] = eqx.field(static=True)

    @classmethod
    def build(
        cls, problem: Problem, network: object, key: PRNGKeyArray
    ) -> tuple["ResidualSystem", Float[Array, " params"]]:
        """The system of a problem and its starting parameters."""
        model = build_model(network, problem.domain, problem.fields, key)
        scale = tuple(abs(value) or 1.0 for value in problem.unknowns.values())
        arrays, static = eqx.partition(model, eqx.is_inexact_array)
        empty = jax.tree.map(lambda leaf: jnp.zeros_like(leaf), arrays)
        system = cls(problem.blocks, eqx.combine(empty, static), tuple(problem.unknowns), scale)
        flat, _ = ravel_pytree(arrays)
        starts = [value / s for value, s in zip(problem.unknowns.values(), scale, strict=True)]
        return system, jnp.concatenate([flat, jnp.asarray(starts, flat.dtype)])

    def unpack(self, theta: Float[Array, " params"]) -> tuple[FieldModel, dict[str, Array]]:
        """The model and the unknowns that a parameter vector stands for."""
        arrays, static = eqx.partition(self.model, eqx.is_inexact_array)
        flat, unravel = ravel_pytree(arrays)
        unknowns = {
            name: theta[flat.size + i] * scale
            for i, (name, scale) in enumerate(zip(self.unknown_names, self.unknown_scale, strict=True))
        }
        return eqx.combine(unravel(theta[: flat.size]), static), unknowns

    def layout(self, batches: tuple[Batch, ...]) -> Layout:
        """The rows of each block for batches of these capacities."""
        rows, start = {}, 0
        for block, batch in zip(self.blocks, batches, strict=True):
            stop = start + block.components * len(batch.scale)
            rows[block.name] = slice(start, stop)
            start = stop
        return Layout(rows)

    def residual(
        self, theta: Float[Array, " params"], data: tuple[Batch, ...]
    ) -> Float[Array, " rows"]:
        """The scaled residual vector; the loss is the sum of its squares."""
        return jnp.concatenate(
            [
                jax.lax.map(
                    lambda row, block=block: self._rows(block, theta, row),
                    batch,
                    batch_size=2 * CHUNK,
                ).reshape(-1)
                for block, batch in zip(self.blocks, data, strict=True)
            ]
        )

    def linearize(self, theta: Float[Array, " params"], data: tuple[Batch, ...]) -> Linearization:
        """The residual and its Jacobian, stored transposed: the Gram matrix wants it so."""
        layout = self.layout(data)
        jacobian_t = jnp.zeros((theta.size, layout.total), theta.dtype)
        residuals = []
        for block, batch in zip(self.blocks, data, strict=True):
            residual, jacobian_t = self._linearize_block(
                block, batch, theta, jacobian_t, layout.rows[block.name].start
            )
            residuals.append(residual)
        return Linearization(jnp.concatenate(residuals), jacobian_t)

    def _rows(self, block: Block, theta, row: Batch) -> Float[Array, " components"]:
        """The scaled residuals of a block at one point."""
        model, unknowns = self.unpack(theta)
        values = block.plan.evaluate(model, row.points, row.normals, unknowns)
        values.update(row.auxiliary)
        return row.scale * jnp.stack([jnp.asarray(r, theta.dtype) for r in block.residual(values)])

    def _linearize_block(self, block, batch, theta, jacobian_t, start):
        capacity = len(batch.scale)
        chunk = min(capacity, CHUNK)
        width = chunk * block.components
        basis = jnp.eye(block.components, dtype=theta.dtype)

        def at_point(row):
            residual, pull = jax.vjp(lambda t: self._rows(block, t, row), theta)
            (gradient,) = jax.vmap(pull)(basis)
            return residual, gradient.T

        def body(i, carry):
            residual, jacobian_t = carry
            rows = jax.tree.map(
                lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, i * chunk, chunk), batch
            )
            values, columns = jax.vmap(at_point, out_axes=(0, 1))(rows)
            columns = columns.reshape(theta.size, width)
            jacobian_t = jax.lax.dynamic_update_slice(jacobian_t, columns, (0, start + i * width))
            residual = jax.lax.dynamic_update_slice(residual, values.reshape(-1), (i * width,))
            return residual, jacobian_t

        empty = jnp.zeros(capacity * block.components, theta.dtype)
        return jax.lax.fori_loop(0, capacity // chunk, body, (empty, jacobian_t))

    def jvp(self, theta, batches, tangent: Float[Array, " params"]) -> Float[Array, " rows"]:
        """J v, without forming J."""
        return jax.jvp(lambda t: self.residual(t, batches), (theta,), (tangent,))[1]

    def vjp(self, theta, batches, cotangent: Float[Array, " rows"]) -> Float[Array, " params"]:
        """J^T w, without forming J."""
        return jax.vjp(lambda t: self.residual(t, batches), theta)[1](cotangent)[0]


def split_rows(system: ResidualSystem, batches: tuple[Batch, ...], residual: np.ndarray):
    """The unweighted residuals of each block's active points: a list of arrays (n, components)."""
    layout = system.layout(batches)
    parts = []
    for block, batch in zip(system.blocks, batches, strict=True):
        scale = np.asarray(batch.scale)
        active = scale > 0
        rows = np.asarray(residual)[layout.rows[block.name]].reshape(-1, block.components)
        parts.append(rows[active] / scale[active, None])
    return parts


def mean_squares(system: ResidualSystem, batches: tuple[Batch, ...], residual: np.ndarray):
    """The mean squared, unweighted residual of each block, shape (blocks,)."""
    return np.array([np.mean(rows**2) for rows in split_rows(system, batches, residual)])
