"""Programs of drawn functions: their values in the terms of conditions, and conditions of values."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._calculus._derivatives import DerivativePlan
from .._calculus._pairs import PairPlan
from .._conditions import Block
from .._networks import DrawnUnits, FieldModel, Identity, by_field
from ._residual import Batch, ResidualSystem, points_per_slab
from ._spaces import DrawnSpace

SEEN = 512  # places at which functions are looked at: the same number everywhere, for one program
OF_VALUES = (DerivativePlan, PairPlan)  # plans whose values are linear in the fields


def is_of_values(block: Block, model: FieldModel) -> bool:
    """Whether a condition's residual is a function of values that are linear in the functions."""
    linear = isinstance(model.transform, Identity)
    return linear and type(block.plan) in OF_VALUES and bool(asked(block))


@dataclasses.dataclass(frozen=True)
class Parted:
    """The conditions of a system in two: those that are functions of values, and the others.

    - `mine`: which are of the first kind.
    - `of_values`, `others`: the systems of both; None where there are none.
    """

    mine: tuple[bool, ...]
    of_values: ResidualSystem | None
    others: ResidualSystem | None

    @classmethod
    def of(cls, system: ResidualSystem, model: FieldModel | None) -> "Parted":
        """The parts of a system.

        - `model`: to which functions are added; None where none are, and all conditions are others.
        """
        mine = tuple(model is not None and is_of_values(block, model) for block in system.blocks)
        kinds = (tuple(b for b, m in zip(system.blocks, mine, strict=True) if m == k) for k in (1, 0))
        of_values, others = (system.with_blocks(blocks) if blocks else None for blocks in kinds)
        return cls(mine, of_values, others)

    def batches(self, batches: tuple[Batch, ...], of_values: bool) -> tuple[Batch, ...]:
        """The points of the conditions that are functions of values, or of the others."""
        return tuple(b for b, mine in zip(batches, self.mine, strict=True) if mine == of_values)


def asked(block: Block) -> list[str]:
    """The names among those a condition asks for that are values of fields."""
    return [name for name, quantity in block.plan.quantities.items() if hasattr(quantity, "field")]


def owners_of(block: Block) -> list[int]:
    """The field's number of each value, of a gradient as often as it has components."""
    plan, shapes = block.plan, _nothing(block)
    return [
        plan.space.fields.index(plan.quantities[name].field)  # type: ignore[union-attr]
        for name in asked(block)
        for _ in range(int(np.prod(shapes[name].shape)))
    ]


def _nothing(block: Block) -> dict[str, jax.ShapeDtypeStruct]:
    """The shape of everything that a condition asks for."""
    space = block.plan.space
    nothing = lambda point: jnp.zeros(len(space.fields), point.dtype)
    numbers = {name: jnp.zeros(()) for name in (*space.unknowns, *space.constants)}
    place = jnp.zeros(space.domain.dim), jnp.zeros(space.domain.space_dim)
    return jax.eval_shape(lambda p, n: block.plan.evaluate(nothing, p, n, numbers), *place)


def flat_values(block: Block, found, trailing: int):
    """The values of fields one below the other, (values, ...).

    - `trailing`: how many axes belong to each value.
    """
    parts = [jnp.asarray(found[name]) for name in asked(block)]
    return jnp.concatenate([p.reshape(-1, *p.shape[p.ndim - trailing :]) for p in parts])


def beside(keeps: float):
    """The program of the values of what functions are added to: a network, or what is built in."""

    def values(system: ResidualSystem, theta, batches):
        """(points, values) for every condition."""
        model, numbers = system.unpack(theta)

        def built(point):
            fields = len(system.blocks[0].plan.space.fields)
            return model.built_in(model.scaling(jnp.zeros(fields, theta.dtype)), point)  # type: ignore

        fields = model if keeps else built
        found = []
        for block, batch in zip(system.blocks, batches, strict=True):

            def at(point, normal, block=block):
                return flat_values(block, block.plan.evaluate(fields, point, normal, numbers), 0)

            found.append(jax.vmap(at)(jnp.asarray(batch.points), jnp.asarray(batch.normals)))
        return tuple(found)

    return values


def values_of_units(system: ResidualSystem, theta, units: DrawnUnits, batches):
    """The values of all functions in the terms of every condition, (points, values, functions) each."""
    model, numbers = system.unpack(theta)

    def fields(point):
        functions = by_field(units, model.embedding(point))
        ones = jnp.ones(len(system.blocks[0].plan.space.fields), point.dtype)
        behind = lambda values: model.built_in(model.scaling(values), point)  # type: ignore[operator]
        factors = jax.jvp(behind, (0 * ones,), (ones,))[1]  # no field enters another there
        return factors[:, None] * functions

    return _tabulated(system, fields, units.functions, numbers, batches)


def values_of_space(system: ResidualSystem, batches):
    """The values of a solution u, then of all functions of a space around it: as `values_of_units`.

    - `system`: with a `DrawnSpace` in place of its parameters.
    """
    space = system.parameters
    assert isinstance(space, DrawnSpace)
    model = space.plain.unpack(space.base)[0]
    numbers = system.unpack(jnp.zeros(space.size, space.base.dtype))[1]

    def fields(point):
        inputs = model.embedding(point)
        plain = model.addition(jnp.atleast_1d(model.network(inputs)), inputs)  # type: ignore[operator]
        behind = lambda values: model.built_in(model.scaling(values), point)  # type: ignore[operator]
        here, factors = jax.jvp(behind, (plain,), (jnp.ones_like(plain),))
        return jnp.concatenate([here[:, None], factors[:, None] * space.values(inputs, plain)], axis=1)

    number = 1 + space.functions // space.fields
    return _tabulated(system, fields, number, numbers, batches)


def _tabulated(system: ResidualSystem, fields, functions: int, numbers, batches):
    """What every condition asks of functions of a point, slab after slab.

    What is beside the active points stays zero.

    - `fields`: maps a point to the values (fields, functions), `functions`: how many.
    """
    found = []
    for block, batch in zip(system.blocks, batches, strict=True):
        points, normals = jnp.asarray(batch.points), jnp.asarray(batch.normals)
        share = points_per_slab(block.components)

        def at(point, normal, block=block):
            return flat_values(block, block.plan.evaluate(fields, point, normal, numbers), 1)

        def visit(i, carry, at=at, points=points, normals=normals, share=share):
            slab = [jax.lax.dynamic_slice_in_dim(a, i * share, share) for a in (points, normals)]
            return jax.lax.dynamic_update_slice_in_dim(carry, jax.vmap(at)(*slab), i * share, 0)

        used = (jnp.asarray(batch.active, jnp.int32) + share - 1) // share
        empty = jnp.zeros((len(points), len(owners_of(block)), functions), points.dtype)
        found.append(jax.lax.fori_loop(0, used, visit, empty))
    return tuple(found)


def functions_at(
    units: DrawnUnits, embedding, places, compiled
) -> Float[np.ndarray, "rows n functions"]:
    """The values of all functions at places: one row for all fields, or one for each.

    - `places`: (n, dim); one program serves all that are `SEEN`.
    - `compiled`: makes a compiled function of a name, a function and its arguments, and keeps it.
    """

    def at_all(units, embedding, places):
        return jax.vmap(lambda point: by_field(units, embedding(point)), out_axes=1)(places)

    given = (units, embedding, np.asarray(places))
    return np.asarray(compiled("drawn functions at places", at_all, *given)(*given))


def rows_of_values(system: ResidualSystem, theta, present, batches):
    """Scaled residuals from values, by block, and their slopes with the values and with the unknowns.

    (points, components), (points, components, values) and (points, components, unknowns).

    - `theta`: of its last entries the unknowns are made.
    """
    found, fields = [], len(system.blocks[0].plan.space.fields)
    own = len(system.unknown_names)
    before, tail = theta[: theta.size - own], theta[theta.size - own :]
    numbers_of = lambda tail: system.unpack(jnp.concatenate([before, tail]) if own else theta)[1]
    for number, (block, values, batch) in enumerate(zip(system.blocks, present, batches, strict=True)):

        def at(row, given, block=block, number=number):
            nothing = lambda point: jnp.zeros(fields, point.dtype)

            def residuals(given, tail):
                values = block.plan.evaluate(nothing, row[0], row[1], numbers_of(tail))
                return system.scaled(
                    number, values | named_values(block, values, given), row, theta.dtype
                )

            residual, pull = jax.vjp(residuals, given, tail)
            return residual, *jax.vmap(pull)(jnp.eye(block.components, dtype=theta.dtype))

        rows = jax.tree.map(jnp.asarray, batch.rows)
        found.append(jax.vmap(at)(rows, jnp.asarray(values)))
    return tuple(found)


def named_values(block: Block, values, given) -> dict:
    """The values of fields by name, out of those that `flat_values` has joined.

    - `values`: others of the same shapes.
    """
    found, start = {}, 0
    for name in asked(block):
        found[name] = given[start : start + values[name].size].reshape(values[name].shape)
        start += values[name].size
    return found
