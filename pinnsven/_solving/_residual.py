"""ResidualSystem: all conditions stacked into one residual vector with a static layout.

The system knows r(theta), its Jacobian in slabs of rows, J v and J^T w. Points live in *batches* of
fixed capacity, of which only the slabs in use are ever visited; new points, more or fewer of them
and new weights change no shape and compile nothing until a capacity is full.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from .._conditions import Block
from .._networks import AbstractFeature, AbstractParameters, FieldModel, Parameters, build_model
from .._problem import Problem
from .._sven import (
    AbstractResidual,
    GramSum,
    Linearization,
    RowFactors,
    RowProgram,
    most_uses,
    paying_leaves,
)

MOST_FACTORS = 4  # times the numbers that the factors of a row take, of which it must have more
CPU_ROWS, GPU_ROWS = 128, 2048  # of a slab; flat between 128 and 512 on a CPU


class Batch(eqx.Module):
    """The points of one block, padded to a capacity.

    - `points`: shape (capacity, dim).
    - `normals`: outward unit normals, shape (capacity, space).
    - `auxiliary`: values per point, each of shape (capacity,).
    - `scale`: $\\sqrt{w a / n}$ for each of the n active points and each component, a what the point
      counts and w the component's weight; zero for padding.
    - `active`: how many points count: the first ones.
    """

    points: Float[Array, "capacity dim"]
    normals: Float[Array, "capacity space"]
    auxiliary: dict[str, Float[Array, " capacity"]]
    scale: Float[Array, "capacity components"]
    active: Int[Array, ""]

    @property
    def rows(self) -> tuple:
        """What belongs to each point, as `ResidualSystem` evaluates it."""
        return self.points, self.normals, self.auxiliary, self.scale


def make_batch(
    points: np.ndarray,
    normals: np.ndarray,
    auxiliary: dict[str, np.ndarray],
    weight: float | Float[np.ndarray, " components"],
    components: int = 1,
    slabs: int = 1,
    importance: np.ndarray | None = None,
) -> Batch:
    """A batch with a capacity of whole slabs.

    Padding repeats the first point: it is a legal place to evaluate, and its scale is zero.

    - `weight`: of all components of the residual, or of each.
    - `slabs`: at least so many of them, so that points may grow in number without a change of shape.
    - `importance`: what each point counts, (n,) with mean one; None where all count the same.
    """
    active, share = len(points), points_per_slab(components)
    index = np.arange(max(-(-active // share), slabs) * share)
    scale = np.zeros((len(index), components))
    scale[:active] = np.sqrt(np.asarray(weight, float) / (active * components))
    if importance is not None:
        scale[:active] *= np.sqrt(importance)[:, None]
    index = np.where(index < active, index, 0)
    # numpy here: the arrays become JAX's when they enter a jitted function.
    parts: tuple[Any, ...] = (points[index], normals[index])
    kept = {name: values[index] for name, values in auxiliary.items()}
    return Batch(*parts, kept, scale, np.int32(active))  # type: ignore


def slab_rows() -> int:
    """The rows of a slab: as many as a cache holds, or as fill a GPU, which takes slabs in turn."""
    return CPU_ROWS if jax.default_backend() == "cpu" else GPU_ROWS


def points_per_slab(components: int) -> int:
    """How many points of a block with so many components fill a slab."""
    return max(slab_rows() // components, 1)


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which rows of the residual vector belong to each block."""

    rows: dict[str, slice]

    @property
    def total(self) -> int:
        """The number of rows, padding included."""
        return max((part.stop for part in self.rows.values()), default=0)

    def count(self, name: str) -> int:
        """The number of rows of a block, padding included."""
        return self.rows[name].stop - self.rows[name].start


class ResidualSystem(AbstractResidual):
    """The residuals of a problem as a function of one flat parameter vector.

    What differs between two problems of one structure is among its leaves, so that a function of a
    system, compiled once, serves both.

    - `blocks`: the conditions.
    - `parameters`: what the vector stands for: the network and the unknowns, or a correction of them.
    - `constants`: by name.
    - `data`: the arrays of every block.
    """

    blocks: tuple[Block, ...] = eqx.field(static=True)
    parameters: AbstractParameters
    constants: dict[str, np.ndarray]
    data: tuple[Any, ...]

    def __init__(self, blocks, parameters, constants):
        self.blocks, self.parameters = blocks, parameters
        self.constants = {name: np.asarray(value) for name, value in constants.items()}
        self.data = tuple(block.data for block in blocks)

    @classmethod
    def build(
        cls,
        problem: Problem,
        network: object,
        key: PRNGKeyArray,
        features: tuple[AbstractFeature, ...] = (),
    ) -> tuple["ResidualSystem", Float[Array, " params"]]:
        """The system of a problem and its starting parameters.

        - `features`: further inputs of the network.
        """
        around = {"built_in": problem.built_in, "places": problem.layout.places}
        model = build_model(network, problem.domain, problem.fields, key, features, **around)
        parameters, theta = Parameters.pack(model, problem.unknowns, problem.bounds)
        return cls(problem.fitted, parameters, problem.constants), theta

    @property
    def unknown_names(self) -> tuple[str, ...]:
        """The unknowns, in the order of the last parameters."""
        return self.parameters.unknown_names

    def unpack(
        self, theta: Float[Array | np.ndarray, " params"]
    ) -> tuple[FieldModel, dict[str, Array]]:
        """The model that a parameter vector stands for; unknowns and constants by name."""
        model, unknowns = self.parameters.unpack(theta)
        return model, unknowns | self._numbers(theta)

    def _numbers(self, theta) -> dict[str, Array]:
        return {name: jnp.asarray(value, theta.dtype) for name, value in self.constants.items()}

    def unknown_values(self, theta: Float[Array, " params"]) -> dict[str, float]:
        """The unknowns in a parameter vector as plain numbers."""
        names = self.unknown_names
        if not names:
            return {}  # without waiting for a device
        tail = np.asarray(theta[theta.size - len(names) :], float)
        return {name: float(value) for name, value in self.parameters.unknowns(tail).items()}

    def numbers(self, theta: Float[Array, " params"]) -> dict[str, float]:
        """The unknowns and the constants as plain numbers."""
        return self.unknown_values(theta) | {n: float(value) for n, value in self.constants.items()}

    def with_blocks(self, blocks: tuple[Block, ...]) -> "ResidualSystem":
        """The residuals of other conditions at the same fields."""
        return ResidualSystem(blocks, self.parameters, self.constants)

    def with_parameters(self, parameters: AbstractParameters) -> "ResidualSystem":
        """The residuals of the same conditions as a function of other parameters."""
        return ResidualSystem(self.blocks, parameters, self.constants)

    def around(self, **parts) -> "ResidualSystem":
        """The residuals of a network with other things around it: `scaling`, or an `addition`."""
        assert isinstance(self.parameters, Parameters)
        return self.with_parameters(self.parameters.around(**parts))

    @property
    def owners(self) -> Int[np.ndarray, " components"]:
        """The number of the block that each component of the residual belongs to."""
        counts = [block.components for block in self.blocks]
        return np.repeat(np.arange(len(counts)), counts)

    def split_components(self, values: Float[np.ndarray, " components"]) -> dict[str, np.ndarray]:
        """Values of all components, by block."""
        ends = np.cumsum([block.components for block in self.blocks])[:-1]
        return dict(zip([b.name for b in self.blocks], np.split(values, ends), strict=True))

    def per_block(self, values: Float[np.ndarray, " components"]) -> Float[np.ndarray, " blocks"]:
        """The mean of what each block's components have."""
        return np.array([np.mean(part) for part in self.split_components(values).values()])

    def layout(self, batches: tuple[Batch, ...]) -> Layout:
        """The rows of each block, those of its active points first, for concrete batches."""
        rows, start = {}, 0
        for block, batch in zip(self.blocks, batches, strict=True):
            stop = start + self.width * -(-int(batch.active) // points_per_slab(block.components))
            rows[block.name] = slice(start, stop)
            start = stop
        return Layout(rows)

    @property
    def width(self) -> int:
        """The rows of one slab."""
        return max(slab_rows(), *[b.components for b in self.blocks])

    def residual(
        self, theta: Float[Array, " params"], data: tuple[Batch, ...]
    ) -> Float[Array, " rows"]:
        """The scaled residual vector; the loss is the sum of its squares.

        Its rows come in slabs, the active ones of every block first, zero after that. It can be
        differentiated forward; `vjp` and `half_square` go backward.
        """

        def visit(block, part, position, slabs):
            values = _at_points(block, lambda row: self._rows(block, theta, row), part)
            return slabs.at[position].set(self._padded(values.reshape(-1)))

        slabs = jnp.zeros((self._slabs(data), self.width), theta.dtype)
        return self._sweep(data, visit, slabs)[0].reshape(-1)

    def linearize(self, theta: Float[Array, " params"], data: tuple[Batch, ...]) -> Linearization:
        """The residual and its Jacobian, by reverse mode at each point."""
        made = self.scratch(theta, data)
        return self.linearize_into((jnp.zeros(made.shape, made.dtype),), theta, data)

    def scratch(self, theta, data):
        return jax.ShapeDtypeStruct((self._slabs(data), theta.size, self.width), theta.dtype)

    def linearize_into(self, scratch, theta, data):
        def visit(block, part, position, carry):
            values, columns = self._slab(block, theta, part)
            residual, slabs = carry
            return residual.at[position].set(values), slabs.at[position].set(columns)

        slabs, *spare = scratch
        empty = jnp.zeros((len(slabs), self.width), theta.dtype)
        (residual, slabs), active = self._sweep(data, visit, (empty, slabs))
        return Linearization(residual.reshape(-1), slabs, active, *spare)

    def gram(self, theta, data) -> Float[Array, "params params"]:
        """J^T J, slab by slab; J is never whole."""

        def visit(block, part, position, total):
            del position
            return total.plus(self._slab(block, theta, part)[1])

        return self._sweep(data, visit, GramSum.start(theta.size, theta.dtype))[0].matrix()

    def kernel(self, theta, data) -> Float[Array, "rows rows"]:
        """J J^T, pair by pair of slabs, from outer products where rows are sums of some.

        No Jacobian is whole: where rows have too many uses of a weight (see `RowFactors`), as those of
        an integral have, two slabs of it are in memory at a time, each computed anew for each pair.
        """
        factors = self._factors(theta, data)
        width, capacity = self.width, self._slabs(data)
        empty = jnp.zeros((capacity, width, capacity, width), theta.dtype)
        if factors is None:
            upper = self._pairs_of_slabs(theta, data, empty)
        else:
            made, used = factors

            def beside(pair, kernel):
                i, j = pair // capacity, pair % capacity
                here, there = (jax.tree.map(lambda leaf, n=n: leaf[n], made) for n in (i, j))
                wanted = (j >= i) & (j < used)
                put = lambda kernel: kernel.at[i, :, j].set(here.products(there))
                return jax.lax.cond(wanted, put, lambda kernel: kernel, kernel)

            upper = jax.lax.fori_loop(0, used * capacity, beside, empty)
        upper = upper.reshape(capacity * width, -1)
        return jnp.triu(upper) + jnp.triu(upper, 1).T

    def _pairs_of_slabs(self, theta, data, empty):
        def beside(block, part, position, kernel):
            here = self._slab(block, theta, part)[1]

            def product(other, beyond, there, kernel):
                def put(kernel):
                    product = here.T @ self._slab(other, theta, beyond)[1]
                    return kernel.at[position, :, there].set(product)

                return jax.lax.cond(there >= position, put, lambda kernel: kernel, kernel)

            return self._sweep(data, product, kernel)[0]

        return self._sweep(data, beside, empty)[0]

    def _factors(self, theta, data) -> tuple[RowFactors, Int[Array, ""]] | None:
        """The factors of all rows, by slab, and how many slabs count; None where they gain nothing."""
        parameters = self.parameters
        if not isinstance(parameters, Parameters):
            return None
        arrays = parameters.arrays(theta)
        samples = [(jax.tree.map(lambda leaf: leaf[0], batch.rows),) for batch in data]

        def program(block, sample):
            rows = lambda arrays, row: self._rows_by(block, parameters.of_arrays(arrays), theta, row)
            return RowProgram(rows, arrays, sample)

        programs = [program(*pair) for pair in zip(self.blocks, samples, strict=True)]
        structured = paying_leaves(programs)
        at = [program.factors(structured) for program in programs]
        shapes = [jax.eval_shape(f, sample) for f, sample in zip(at, samples, strict=True)]
        uses = most_uses(shapes)
        model = jax.eval_shape(lambda sample: at[0](sample).padded(uses), samples[0])
        if MOST_FACTORS * model.size() > theta.size:
            return None

        def visit(block, part, position, made):
            found = jax.vmap(at[self.blocks.index(block)])((part,))
            rows = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), found.padded(uses))
            rows = jax.tree.map(
                lambda x: jnp.pad(x, [(0, self.width - len(x)), *[(0, 0)] * (x.ndim - 1)]), rows
            )
            return jax.tree.map(lambda whole, own: whole.at[position].set(own), made, rows)

        first = (self._slabs(data), self.width)
        empty = jax.tree.map(lambda x: jnp.zeros((*first, *x.shape[1:]), x.dtype), model)
        return self._sweep(data, visit, empty)

    def jvp(self, theta, batches, tangent: Float[Array, " params"]) -> Float[Array, " rows"]:
        """J v, without forming J."""
        return jax.jvp(lambda t: self.residual(t, batches), (theta,), (tangent,))[1]

    def vjp(self, theta, batches, cotangent: Float[Array, " rows"]) -> Float[Array, " params"]:
        """J^T w, without forming J."""
        parts = cotangent.reshape(-1, self.width)

        def visit(block, part, position, total):
            def rows(t):
                values = _at_points(block, lambda row: self._rows(block, t, row), part)
                return self._padded(values.reshape(-1))

            return total + jax.vjp(rows, theta)[1](parts[position])[0]

        return self._sweep(batches, visit, jnp.zeros_like(theta))[0]

    def parts(self, data):
        """Which rows belong to each block."""

        def visit(block, part, position, owner):
            return owner.at[position].set(self.blocks.index(block))

        owner = self._sweep(data, visit, jnp.full(self._slabs(data), -1))[0]
        mine = owner[None] == jnp.arange(len(self.blocks))[:, None]
        return jnp.repeat(mine, self.width, axis=1)

    def half_square(self, theta, batches) -> Float[Array, ""]:
        """Half the squared norm of the residual, for methods that want a gradient."""

        @jax.custom_vjp
        def value(t):
            return jnp.sum(self.residual(t, batches) ** 2) / 2

        def forward(t):
            residual = self.residual(t, batches)
            return jnp.sum(residual**2) / 2, (t, residual)

        def backward(saved, cotangent):
            t, residual = saved
            return (cotangent * self.vjp(t, batches, residual),)

        value.defvjp(forward, backward)
        return value(theta)

    def capacity(self, data, devices: int = 1) -> int:
        """The rows of the residual vector, those of idle slabs included.

        - `devices`: among which slabs are dealt out, as many of each block to each of them.
        """
        return self._slabs(data, devices) * self.width

    def _slabs(self, data, devices: int = 1) -> int:
        """How many slabs there is room for."""
        return sum(
            -(-len(batch.scale) // (points_per_slab(block.components) * devices)) * devices
            for block, batch in zip(self.blocks, data, strict=True)
        )

    def _sweep(self, data, visit, carry):
        """Visits every slab with active points; returns the carry and the number of slabs.

        - `visit`: takes a block, the slab's part of its batch, the slab's position, and the carry.
        """
        position = jnp.zeros((), jnp.int32)
        for block, batch in zip(self.blocks, data, strict=True):
            share = points_per_slab(block.components)

            def body(i, carried, block=block, batch=batch, share=share, first=position):
                part = jax.tree.map(
                    lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, i * share, share), batch.rows
                )
                return visit(block, part, first + i, carried)

            used = (jnp.asarray(batch.active, jnp.int32) + share - 1) // share
            carry = jax.lax.fori_loop(0, used, body, carry)
            position = position + used
        return carry, position

    def _slab(self, block: Block, theta, part):
        """The rows (width,) of one slab and their Jacobian's transpose (params, width)."""
        basis = jnp.eye(block.components, dtype=theta.dtype)

        def at_point(row):
            values, pull = jax.vjp(lambda t: self._rows(block, t, row), theta)
            return values, jax.vmap(pull)(basis)[0].T

        values, columns = _at_points(block, at_point, part, out_axes=(0, 1))
        return self._padded(values.reshape(-1)), self._padded(columns.reshape(theta.size, -1))

    def _rows(self, block: Block, theta, row) -> Float[Array, " components"]:
        """The scaled residuals of a block at one point: point, normal, auxiliary values, scale."""
        return self._rows_by(block, self.parameters.unpack(theta), theta, row)

    def _rows_by(self, block: Block, unpacked, theta, row) -> Float[Array, " components"]:
        """The same by a model and unknowns; of theta the precision counts."""
        model, unknowns = unpacked[0], unpacked[1] | self._numbers(theta)
        values = block.plan.evaluate(model, row[0], row[1], unknowns)
        return self.scaled(self.blocks.index(block), values, row, theta.dtype)

    def scaled(self, number: int, values: dict, row, dtype) -> Float[Array, " components"]:
        """The scaled residuals of a block at one point from the values that it asks for.

        - `number`: of the block, `row`: of the point.
        """
        auxiliary, scale = row[2:]
        data = jax.tree.map(lambda leaf: _like(leaf, dtype), self.data[number])
        residuals = self.blocks[number].residual(values | auxiliary, data)
        return scale * jnp.stack([jnp.asarray(r, dtype) for r in residuals])

    def _padded(self, values: Float[Array, "*first rows"]) -> Float[Array, "*first width"]:
        """Values of the points of a slab, padded to its width."""
        missing = self.width - values.shape[-1]
        return jnp.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)])


def _like(leaf, dtype):
    leaf = jnp.asarray(leaf)
    return leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


def _at_points(block: Block, function, part, out_axes: int | tuple[int, ...] = 0) -> Any:
    """A function of a point's row at all points of a slab, which become the axes `out_axes`.

    Where one point is dear, as an integral with its nodes is, those of padding are skipped.
    """
    if block.plan.at_once:
        return jax.vmap(function, out_axes=out_axes)(part)

    def visit(row):
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(function, row))
        return jax.lax.cond(jnp.any(row[-1] > 0), function, lambda _: zeros, row)

    found = jax.lax.map(visit, part)
    if isinstance(out_axes, int):
        return found
    return tuple(jnp.moveaxis(f, 0, axis) for f, axis in zip(found, out_axes, strict=True))


def active_rows(
    system: ResidualSystem, batches: tuple[Batch, ...]
) -> list[Int[np.ndarray, "n components"]]:
    """Where each block's active points have their rows in the residual vector."""
    layout, found = system.layout(batches), []
    for block, batch in zip(system.blocks, batches, strict=True):
        rows = np.arange(layout.rows[block.name].start, layout.rows[block.name].stop)
        shown = points_per_slab(block.components) * block.components
        rows = rows.reshape(-1, system.width)[:, :shown].reshape(-1, block.components)
        found.append(rows[: int(batch.active)])
    return found


def split_rows(system: ResidualSystem, batches: tuple[Batch, ...], residual: np.ndarray):
    """The unweighted residuals of each block's active points: a list of arrays (n, components)."""
    pairs = zip(active_rows(system, batches), batches, strict=True)
    return [np.asarray(residual)[rows] / np.asarray(batch.scale)[: len(rows)] for rows, batch in pairs]


def component_squares(
    system: ResidualSystem, batches: tuple[Batch, ...], residual: np.ndarray
) -> list[Float[np.ndarray, " components"]]:
    """The mean squared residual over its site, without weights, of each component of each block."""
    found = []
    for batch, rows in zip(batches, split_rows(system, batches, residual), strict=True):
        importance = np.asarray(batch.scale)[: len(rows), 0] ** 2
        found.append(np.mean(rows**2 * (importance / np.mean(importance))[:, None], axis=0))
    return found


def mean_squares(
    system: ResidualSystem, batches: tuple[Batch, ...], residual: np.ndarray
) -> Float[np.ndarray, " blocks"]:
    """The mean squared residual of each block over its site and its components, without weights."""
    return np.array([np.mean(found) for found in component_squares(system, batches, residual)])


def field_squares(
    system: ResidualSystem, theta: Float[Array, " params"], batches: tuple[Batch, ...]
) -> Float[Array, " fields"]:
    """The mean square of every field from its zero, in its unit.

    At the points of the largest of the blocks; of fields with parts of their own, of those that ask for
    the field.
    """
    model = system.unpack(theta)[0]
    space = system.blocks[0].plan.space

    def at_points(batch: Batch) -> Float[Array, " fields"]:
        squares = jax.vmap(lambda point: model.scaling.units(model(point)))(batch.points) ** 2
        active = batch.scale[:, :1] > 0
        return jnp.sum(jnp.where(active, squares, 0), axis=0) / batch.active.astype(theta.dtype)

    if not space.layout.has_parts:
        return at_points(max(batches, key=lambda b: len(b.scale)))
    found = []
    for number, field in enumerate(space.fields):
        pairs = zip(system.blocks, batches, strict=True)
        asking = [batch for block, batch in pairs if field in block.plan.fields]
        found.append(at_points(max(asking, key=lambda b: len(b.scale)))[number])
    return jnp.stack(found)


def response(
    system: ResidualSystem, batches: tuple[Batch, ...], residual_at, theta, probes: int
) -> tuple[list[Float[np.ndarray, " components"]], list[np.ndarray]]:
    """How strongly each component of each block answers the parameters, and which rows do not at all.

    The root mean square norm of its Jacobian's rows, from differences along random directions
    (Hutchinson 1989); and, by block, whether none of them has moved a row, (n, components).

    - `residual_at`: the residual vector for these batches at given parameters.
    - `probes`: how many directions.
    """
    here = residual_at(theta)
    rng = np.random.default_rng(0)
    hair = float(np.finfo(here.dtype).eps) ** (1 / 3)
    squares = [np.zeros(block.components) for block in system.blocks]
    still = np.ones(here.size, bool)
    for _ in range(probes):
        there = theta + hair * rng.standard_normal(theta.size).astype(here.dtype)
        with np.errstate(invalid="ignore"):  # no response where a residual is infinite
            moved = (residual_at(there) - here) / hair
            still &= moved == 0
            for total, found in zip(squares, component_squares(system, batches, moved), strict=True):
                total += found / probes
    strengths = [np.sqrt(np.where(np.isfinite(total), total, 0.0)) for total in squares]
    silent = [part > 0 for part in split_rows(system, batches, still.astype(float))]
    return strengths, silent


def whereabouts(block: Block, point: Float[np.ndarray, " dim"]) -> str:
    """A point in words, by its named coordinates."""
    named = block.plan.space.domain.split(point[None])
    return ", ".join(f"{n} = {np.array2string(v[0], precision=6)}" for n, v in named.items())


def not_finite(system: ResidualSystem, batches: tuple[Batch, ...], residual: np.ndarray) -> str:
    """Which condition is not finite, and where, as a sentence; empty when all are finite."""
    parts = split_rows(system, batches, residual)
    for block, batch, rows in zip(system.blocks, batches, parts, strict=True):
        bad = np.flatnonzero(~np.all(np.isfinite(rows), axis=1))
        if bad.size:
            where = whereabouts(block, np.asarray(batch.points)[bad[0]])
            return (
                f"condition {block.name!r}: its residual is {rows[bad[0]].tolist()} at {where} "
                f"({bad.size} of {len(rows)} points are not finite)"
            )
    return ""
