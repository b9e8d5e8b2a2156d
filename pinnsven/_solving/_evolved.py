"""What `evolve` has found as a `Solution`."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import Compiler
from .._basics._memory import Memory, peak
from .._basics._precision import precision_context
from .._calculus._names import Derivative
from .._conditions import Block
from .._domains import Sobol
from .._networks import FieldModel
from .._output._evaluate import Evaluator
from .._output._records import ConditionReport, StepRecord, Unknowns
from .._output._solution import Solution
from .._problem import Problem
from ._asked import numbers_of
from ._evolving import BATCH
from ._moving_products import MovingProducts
from ._points import PointSet

LOOKS, MANY = 1 << 10, 1 << 15  # points of each condition: of its residual's size, and of its peak
SOON = 0.01  # of the time, in which equations may be left by more
NEEDLE = 0.1  # of an equation's size, that nothing smooth leaves of it


def solution_of(evolution: Any) -> Solution:
    """A solution with the same fields, verdict and errors.

    Raises `ValueError` where what moves are no products.
    """
    run = evolution._run
    if not isinstance(run.moving, MovingProducts):
        raise ValueError("a network that moves has no solution of its own; ask the evolution instead")
    problem, compiler = run.problem, Compiler(lambda name: None)
    with precision_context("float64"):
        made, model = run.network
        left = _residuals(problem, model, LOOKS)
    return Solution(
        name=problem.name,
        fields=problem.fields,
        layout=problem.layout,
        domain=problem.domain,
        evaluator=Evaluator(model, "float64", made, compiler),
        status=evolution.status,
        message=evolution.message,
        conditions={
            name: ConditionReport(rows.size, 1.0, *[float(np.sqrt(np.mean(rows**2)))] * 2)
            for name, (_, rows, _) in left.items()
        },
        unknowns=Unknowns({}, np.zeros((0, 0))),
        error=evolution.error,
        error_estimate=evolution.error_estimate,
        reference_floor=evolution.known.floor if evolution.known is not None else None,
        spectrum=np.zeros(0),
        rank=evolution.rank or 0,
        steps=0,
        seconds=evolution.seconds,
        compile_seconds=0.0,
        memory=Memory(None, peak()),
        history=StepRecord.columns([]),
        known=evolution.known,
        problem=problem,
    )


def stands_out(run: Any) -> str:
    """A condition that is left at one of many points by far more than elsewhere; nothing for none.

    Beside what the equation is without its rates, or what a wall or a start prescribes: a needle that
    lies between the nodes has that size. Not soon after the start, where a start that does not fit
    its walls in all derivatives leaves much near them.
    """
    problem = run.problem
    axis, began, ended = run.moving.axis, run.moving.began, run.moving.ended
    interior = {block.name for block in problem.blocks if block.interior}
    for name, (points, rows, sizes) in _residuals(problem, run.network[1], MANY).items():
        late = points[:, axis] >= began + SOON * (ended - began) if name in interior else slice(None)
        rows, sizes, places = np.abs(rows[late]), sizes[late], points[late]
        if not rows.size:
            continue
        scales = np.sqrt(np.mean(sizes**2, axis=0))
        relative = np.max(rows / np.where(scales > 0, scales, np.inf), axis=1)
        if relative.max() > NEEDLE:
            told = problem.domain.split(places[[relative.argmax()]])
            at = ", ".join(f"{c} = {np.round(np.ravel(v), 4).tolist()}" for c, v in told.items())
            return f"condition {name!r} is left by {relative.max():.1e} of its size at {at}"
    return ""


def _residuals(problem: Problem, model: FieldModel, number: int):
    """By condition, points that were not fitted, residuals there, and what these are beside.

    (n, dim), (n, components) and (n, components).
    """
    drawn = PointSet(
        problem, {b.name: number for b in problem.blocks}, Sobol(), np.random.default_rng(7)
    )
    numbers = {name: jnp.asarray(value) for name, value in numbers_of(problem).items()}
    time, found = list(problem.domain.slices())[-1], {}
    for block in problem.blocks:

        def at(model, point, normal, block=block):
            values = block.plan.evaluate(model, point, normal, numbers)
            without = {name: _without(block, name, value, time) for name, value in values.items()}
            pair = block.residual(values), block.residual(without)
            return tuple(jnp.stack([jnp.asarray(r, point.dtype) for r in rows]) for rows in pair)

        def at_all(model, points, normals, at=at):
            return jax.lax.map(lambda given: at(model, *given), (points, normals), batch_size=BATCH)

        points = drawn.current[block.name]
        rows = jax.jit(at_all)(model, jnp.asarray(points.points), jnp.asarray(points.normals))
        found[block.name] = points.points, *map(np.asarray, rows)
    return found


def _without(block: Block, name: str, value, time: str):
    """A value, or zero for a rate in an equation and for any of a field elsewhere."""
    quantity = block.plan.quantities.get(name)
    if quantity is None or not hasattr(quantity, "field"):
        return value
    rate = isinstance(quantity, Derivative) and time in quantity.along
    return 0 * value if rate or not block.interior else value
