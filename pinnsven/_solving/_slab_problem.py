"""The problem of a slab of time, which starts from the end of the slab before."""

import dataclasses
import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import Compiler
from .._basics._precision import precision_context, to_numpy
from .._calculus._derivatives import taylor
from .._calculus._names import Derivative, NameSpace, Value
from .._conditions import AbstractCondition, Block, GivenValues, Initial
from .._conditions._base import difference, make_block
from .._domains import Domain, Moment
from .._networks import FieldModel
from .._output._evaluate import CHUNK, Evaluator, named_function_values, padded
from .._output._solution import Solution
from .._problem import Problem


def slab_of(whole: Problem, domain: Domain, before: Solution | None) -> Problem:
    """The problem during one interval of time.

    - `before`: the solution of the slab before; None for the first slab.
    """
    conditions = dict(whole.conditions)
    for block in whole.blocks:
        condition = conditions[block.name]
        if isinstance(condition, Initial):
            conditions[block.name] = _begun(condition, block, whole.constants, before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the whole problem leaves open was said of it
        return Problem(
            domain=domain,
            fields=whole.declared,
            conditions=conditions,
            constants=whole.constants,
            network=whole.network,
            name=whole.name,
        )


class _Given(AbstractCondition):
    """The start of a slab, as values where points are drawn: all slabs compile to the same.

    - `start`: those of the fields and of their derivatives in time, by name.
    - `better`: the same with the estimated error of the slab before; None where that is not known.
    """

    start: GivenValues = eqx.field(static=True)
    better: GivenValues | None = eqx.field(static=True)
    weight: float | None
    points: int | None = eqx.field(static=True)

    def bind(self, name, space):
        block = self._from(self.start, name, space)
        if self.better is None:
            return block
        return dataclasses.replace(block, truth=self._from(self.better, name, space))

    def _from(self, start: GivenValues, name: str, space: NameSpace) -> Block:
        assert space.domain.time is not None  # march has asked for it
        return make_block(
            name,
            [difference(quantity, f"_given_{quantity}") for quantity in start.names],
            space,
            Moment(space.domain, space.domain.time.start),
            weight=self.weight,
            count=self.points,
            given=_renamed(start),
        )


def _renamed(given: GivenValues) -> GivenValues:
    """The same values under names that no field has."""
    names = {name: f"_given_{name}" for name in given.names}
    return GivenValues(
        tuple(names.values()), lambda points: {names[n]: v for n, v in given.at(points).items()}
    )


def _begun(
    first: Initial, block: Block, constants: dict[str, float], before: Solution | None
) -> AbstractCondition:
    """The start of a slab: the end of the one before, or what the problem prescribes.

    - `block`: of the condition in the whole problem.
    - `before`: the solution of the slab before; None for the first slab.
    """
    wanted = _prescribed(block)
    if before is None:
        plain = first.function is None and set(first.values) == set(wanted)
        if not plain:
            return first
        start = _prescribed_values(first, block.plan.space.domain, constants)
        return _Given(start, None, first.weight, first.points)
    indexed = {name: (before.fields.index(field), order) for name, (field, order) in wanted.items()}
    evaluator: Evaluator = before.evaluator  # type: ignore[assignment]
    better, space = None, block.plan.space
    if before.corrected is not None:
        better = _in_one(_continued(to_numpy(before.corrected), "float64", indexed), space)
    start = _in_one(_continued(evaluator.model, evaluator.precision, indexed), space)
    return _Given(start, better, first.weight, first.points)


def _in_one(given: GivenValues, space: NameSpace) -> GivenValues:
    """Values of fields in pieces as one, where all of their pieces are there: at a place one counts."""
    names, made = list(given.names), []
    for composite in space.layout.composites:
        one = composite.members[0]
        own = [name for name in names if name == one or name.startswith(one + "_")]
        for first in own if composite.parts else ():
            rest = first.removeprefix(one)
            members = [member + rest for member in composite.members]
            if set(members) <= set(names):
                names = [name for name in names if name not in members] + [composite.name + rest]
                made.append((composite, composite.name + rest, members))
    if not made:
        return given

    def at(points):
        found, places = given.at(points), points[:, : space.domain.space_dim]
        for composite, name, members in made:
            found[name] = composite.whole_at(name, [found.pop(m) for m in members], places)
        return found

    return GivenValues(tuple(names), at)


def _prescribed(block: Block) -> dict[str, tuple[str, int]]:
    """The quantities that an initial condition continues, as (field, order in time) by name."""
    domain = block.plan.space.domain
    assert domain.time is not None
    time = domain.time.coordinate.name
    found = {}
    for quantity in block.plan.quantities.values():
        if isinstance(quantity, (Value, Derivative)):
            order = quantity.along.count(time) if isinstance(quantity, Derivative) else 0
            found[quantity.field + ("_" + time * order if order else "")] = (quantity.field, order)
    return found


def _prescribed_values(first: Initial, domain: Domain, constants: dict[str, float]) -> GivenValues:
    """What a problem prescribes at its start: numbers, or functions of coordinates."""
    numbers = {name: np.asarray(value) for name, value in constants.items()}

    def at(points):
        columns = domain.split(points) | numbers
        return {
            name: named_function_values(value, columns, "float64")
            if callable(value)
            else np.full(len(points), float(value))  # type: ignore[arg-type]
            for name, value in first.values.items()
        }

    return GivenValues(tuple(first.values), at)


def _continued(model: FieldModel, precision: str, wanted: dict[str, tuple[int, int]]) -> GivenValues:
    """Fields and their derivatives in time by a model, at points at the end of its slab.

    - `wanted`: the number of the field and the order in time, by name.
    """
    compiler = Compiler(lambda name: None)

    def everywhere(given, points):
        def at(point):
            along = jnp.zeros_like(point).at[-1].set(1)
            most = max(order for _, order in wanted.values())
            rows = taylor(given, point, along, most)
            return {name: rows[order][index] for name, (index, order) in wanted.items()}

        return jax.vmap(at)(points)

    def of_portion(points):
        given = (model, jnp.asarray(padded(points, CHUNK)))
        found = compiler.function("start", everywhere, *given)(*given)
        return {name: np.asarray(v, float)[: len(points)] for name, v in found.items()}

    def at(points):
        with precision_context(precision):
            parts = [of_portion(points[i : i + CHUNK]) for i in range(0, len(points), CHUNK)]
        return {name: np.concatenate([part[name] for part in parts]) for name in wanted}

    return GivenValues(tuple(wanted), at)
