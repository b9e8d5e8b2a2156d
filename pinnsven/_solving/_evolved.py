"""What `evolve` has found as a `Solution`."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import Compiler
from .._basics._memory import Memory, peak
from .._basics._precision import precision_context
from .._domains import Sobol
from .._networks import FieldModel, build_model
from .._output._evaluate import Evaluator
from .._output._records import ConditionReport, StepRecord, Unknowns
from .._output._solution import Solution
from .._problem import Problem
from ._asked import numbers_of
from ._evolving import BATCH
from ._moving_products import MovingProducts
from ._points import PointSet

LOOKS = 1024  # points of space and time of each condition, at which residuals are told


def solution_of(evolution: Any) -> Solution:
    """A solution with the same fields, verdict and errors.

    Raises `ValueError` where what moves are no products.
    """
    run = evolution._run
    if not isinstance(run.moving, MovingProducts):
        raise ValueError("a network that moves has no solution of its own; ask the evolution instead")
    problem, compiler = run.problem, Compiler(lambda name: None)
    with precision_context("float64"):
        made, network = run.moving.network(run.times, run.all_parameters(), run.edges)
        model = build_model(made, problem.domain, problem.fields, jax.random.PRNGKey(0))
        model = dataclasses.replace(model, network=network)
        left = _left(problem, model)
    return Solution(
        name=problem.name,
        fields=problem.fields,
        layout=problem.layout,
        domain=problem.domain,
        evaluator=Evaluator(model, "float64", made, compiler),
        status=evolution.status,
        message=evolution.message,
        conditions={
            name: ConditionReport(size, 1.0, value, value) for name, (size, value) in left.items()
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


def _left(problem: Problem, model: FieldModel) -> dict[str, tuple[int, float]]:
    """How many residuals of each condition were looked at, none of which was fitted, and their size."""
    counts = {block.name: LOOKS for block in problem.blocks}
    drawn = PointSet(problem, counts, Sobol(), np.random.default_rng(7))
    numbers = {name: jnp.asarray(value) for name, value in numbers_of(problem).items()}
    found = {}
    for block in problem.blocks:

        def at(model, point, normal, block=block):
            values = block.plan.evaluate(model, point, normal, numbers)
            return jnp.stack([jnp.asarray(r, point.dtype) for r in block.residual(values)])

        def at_all(model, points, normals, at=at):
            return jax.lax.map(lambda given: at(model, *given), (points, normals), batch_size=BATCH)

        points = drawn.current[block.name]
        rows = jax.jit(at_all)(model, jnp.asarray(points.points), jnp.asarray(points.normals))
        found[block.name] = int(rows.size), float(jnp.sqrt(jnp.mean(rows**2)))
    return found
