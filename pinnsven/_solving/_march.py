"""Time slab after time slab: for solutions of which one network cannot hold the whole.

Each slab has a network of its own and starts from the end of the one before. Its estimated error is
measured against that end *with* the estimated error there, so that what is known of the error is
carried along.
"""

import dataclasses
import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import Compiler
from .._basics._numbers import finite_number
from .._basics._precision import precision_context, to_numpy
from .._basics._results import RESULTS
from .._calculus._derivatives import taylor
from .._calculus._names import Derivative, NameSpace, Value
from .._conditions import (
    PDE,
    AbstractCondition,
    Block,
    Boundary,
    Dirichlet,
    GivenValues,
    Initial,
    Interface,
    Neumann,
    Periodic,
    Robin,
)
from .._conditions._base import difference, make_block
from .._domains import Domain, Moment
from .._networks import FieldModel
from .._output._evaluate import CHUNK, Evaluator, named_function_values, padded
from .._output._solution import Solution
from .._problem import Problem, known_values
from ._choose_network import network_for
from ._joined import joined
from ._limits import VERDICT_SECONDS, Limits
from ._loop import INTERRUPTED
from ._singular import find_singularities
from ._solve import check_time_limit, check_top_level, solve_within

TRACED = 0.3  # of what the first slab compiles, that is traced again for each of the others


def march(
    problem: Problem,
    slabs: int | Sequence[float] = 4,
    *,
    time_limit: float | None = None,
    estimate_error: bool = True,
    **settings: Any,
) -> Solution:
    """Solves a problem in time slab by slab, each from the end of the one before.

    For chaotic or long histories, which one network on the whole interval does not find. Each slab
    takes a network of the same kind, freshly drawn; the first one compiles for all.

    - `slabs`: how many of equal length, or the inner edges between them.
    - `time_limit`: seconds of the whole call. Slabs share what compilation and verdicts leave; what one
      of them leaves goes to the others. The first is always solved; one that could not end in time is
      not begun.
    - `estimate_error`: as for `solve`; the error at the end of a slab is carried into the next.
      Without it the growth of errors is not known, and several slabs are never called converged.
    - `settings`: of each slab, as for `solve`, without `checkpoint` and `resume`.

    The `Solution` covers the whole time. It has converged if all slabs have; its message names the
    first that has not. After one that diverged, or that Ctrl-C or a callback stopped, no other is
    begun, and the fields are not a number there. Its table shows every condition in the slab with its
    largest held-out residual, its spectrum is that of the last slab.

    Raises `ValueError` for a problem without time or `Initial`, with unknowns, or with a condition
    that ties times together, for edges outside the time, and as `solve`.
    """
    asked = Limits(settings.pop("tolerance", None), settings.pop("max_steps", None), time_limit)
    check_top_level("march")
    edges = _edges(problem, slabs)
    if unfit := [name for name in ("checkpoint", "resume") if settings.get(name)]:
        raise ValueError(f"{unfit[0]}=: a march keeps no checkpoint; solve() keeps one of each slab")
    check_time_limit(time_limit)
    known = known_values(problem)
    if settings.get("network") is None:
        settings["network"] = network_for(problem)
    singularities = find_singularities(problem, settings["network"])
    solved: list[Solution] = []
    ended = (RESULTS.converged, "")
    for number, (start, stop) in enumerate(itertools.pairwise(edges)):
        beside = _seconds_beside(solved)
        if solved and asked.left() + asked.overrun() < beside:
            ended = (RESULTS.time_limit, f"the limit of {time_limit:g} s was reached")
            break
        try:
            with precision_context(settings.get("precision", "float64")):
                part = _slab(
                    problem, problem.domain.during(start, stop), solved[-1] if solved else None
                )
            limits = dataclasses.replace(asked, stepping=_share(asked, len(edges) - 1 - number, beside))
            given = {"estimate_error": estimate_error, "singularities": singularities}
            found = solve_within(limits, part, **given, **settings)
        except (Exception, KeyboardInterrupt) as error:
            if not solved:
                raise
            # What was solved is not lost: a residual may not be finite where a slab begins.
            stopped = isinstance(error, KeyboardInterrupt)
            why = str(error) or (INTERRUPTED if stopped else type(error).__name__)
            ended = (RESULTS.stopped if stopped else RESULTS.diverged, why)
            break
        if found.stopped and solved and not found.steps:
            ended = (RESULTS.stopped, found.stopped)
            break
        solved.append(found)
        if found.status is RESULTS.diverged:
            break
        if found.stopped:
            ended = (RESULTS.stopped, found.stopped)
            break
    return joined(problem, edges, solved, ended, known)


def _share(asked: Limits, slabs: int, beside: float) -> float | None:
    """Seconds of stepping for the first of so many slabs that are left; None without a time limit.

    - `beside`: seconds that a slab takes beside its steps.
    """
    if asked.time_limit is None:
        return None
    return max(asked.left() / slabs - beside, 0.0)


def _seconds_beside(solved: list[Solution]) -> float:
    """About how many seconds a slab takes beside its steps, from the last one that was solved."""
    if not solved:
        return VERDICT_SECONDS
    compiled = (TRACED if len(solved) == 1 else 1.0) * solved[-1].compile_seconds
    return max(VERDICT_SECONDS, solved[-1].verdict_seconds + compiled)


def _edges(problem: Problem, slabs: object) -> list[float]:
    time = problem.domain.time if isinstance(problem, Problem) else None
    if time is None:
        raise ValueError("march: give a pv.Problem whose domain is multiplied by pv.Time(start, stop)")
    if problem.unknowns:
        raise ValueError("march: an unknown would take another value in each slab; use solve()")
    for (name, condition), block in zip(problem.conditions.items(), problem.blocks, strict=True):
        if isinstance(condition, Initial) and condition.exact:
            raise ValueError(
                f"march: {name!r} is built in by exact=True, but a slab starts from what a network "
                "gives. Leave exact out"
            )
        on_boundary = isinstance(condition, (Boundary, Dirichlet, Neumann, Robin))
        in_space = isinstance(condition, Periodic) and condition.along != time.coordinate.name
        if (
            isinstance(condition, (PDE, Initial, Interface))
            or in_space
            or (on_boundary and not isinstance(block.site, Moment))
        ):
            continue
        raise ValueError(f"march: {name!r} ties times together; use solve()")
    if not any(isinstance(c, Initial) for c in problem.conditions.values()):
        raise ValueError("march: without a pv.Initial there is nothing for a slab to start from")
    if isinstance(slabs, (int, np.integer)) and not isinstance(slabs, bool):
        if slabs < 1:
            raise ValueError(f"slabs={slabs!r}: need at least one")
        return np.linspace(time.start, time.stop, slabs + 1).tolist()
    try:
        inner = [finite_number("slabs =", edge) for edge in slabs]  # type: ignore[attr-defined]
    except TypeError:
        raise ValueError(f"slabs={slabs!r}: give their number, or the inner edges") from None
    edges = [time.start, *inner, time.stop]
    if not all(before < after for before, after in itertools.pairwise(edges)):
        raise ValueError(
            f"slabs={slabs!r}: inner edges must ascend between {time.start} and {time.stop}"
        )
    return edges


def _slab(whole: Problem, domain: Domain, before: Solution | None) -> Problem:
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
