"""The solution so far, for a callback that asks for it between two steps."""

import dataclasses
import math
from typing import Any

import numpy as np

from .._basics._memory import Memory, peak
from .._basics._results import RESULTS
from .._domains import stack_coordinates
from .._networks import Alone, DrawnLayer, FieldModel
from .._output._callbacks import tell
from .._output._evaluate import Evaluator
from .._output._records import ConditionReport, Estimate, StepRecord
from .._output._solution import Solution
from .._problem import relative_errors
from ._uncertainty import plain_unknowns


def show_step(run: Any, record: StepRecord) -> None:
    """Tells the callbacks of a run of its last step; as long as they look, its solution can be made."""
    with record.shown(lambda: solution_so_far(run)):
        tell(run.hooks, "on_step", record)


def solution_so_far(run: Any) -> Solution:
    """What a run has found by now, unjudged: evaluated at its present parameters.

    Its spectrum is left out, which would cost more than a step.
    """
    problem, theta, known = run.problem, run.theta, run.known
    evaluator = Evaluator(shown(run), str(theta.dtype), run.network, run.evaluations)

    def at(points):
        return evaluator(stack_coordinates(problem.domain, points)[0])

    steps = len(run.records)
    return Solution(
        **facts_of(run, run.estimate),
        evaluator=evaluator,
        status=RESULTS.max_steps,
        message=f"Step {steps} so far: the run goes on, and nothing has judged this yet.",
        unknowns=plain_unknowns(run),
        error=relative_errors(at, known, problem.space),
        error_estimate=None,
        spectrum=np.zeros(0),
        rank=run.records[-1].rank,
    )


def facts_of(run: Any, estimate: Estimate | None) -> dict[str, Any]:
    """What a solution says of its run, whether that has ended or not: fields of `Solution`.

    - `estimate`: of the residuals; None where they were not measured.
    """
    problem, known = run.problem, run.known
    return {
        "name": problem.name,
        "fields": problem.fields,
        "layout": problem.layout,
        "domain": problem.domain,
        "conditions": condition_table(run, estimate),
        "reference_floor": known.floor if known is not None else None,
        "steps": len(run.records),
        "seconds": run.seconds() + run.compiler.seconds,
        "compile_seconds": run.compiler.seconds,
        "memory": Memory(run.predicted, peak()),
        "history": StepRecord.columns(run.records),
        "known": known,
        "problem": problem,
        "tolerance": run.limits.target,
        "points": points_used(run),
        "settings": run.settings,
    }


def points_used(run: Any) -> dict[str, dict[str, np.ndarray]]:
    """Where each condition of a run is fitted: its points as coordinates, by name."""
    domain = run.problem.domain
    current = run.points.current
    return {block.name: domain.split(current[block.name].points) for block in run.system.blocks}


def shown(run: Any) -> FieldModel:
    """The model of a run's present parameters, with no room for what is not there."""
    model = run.system.unpack(np.asarray(run.theta))[0]
    if not isinstance(model.addition, DrawnLayer):
        return model
    found = model.addition.trimmed() if int(model.addition.used) else Alone()
    return dataclasses.replace(model, addition=found)


def condition_table(run: Any, estimate: Estimate | None) -> dict[str, ConditionReport]:
    """A row for each condition of a run.

    - `estimate`: of their residuals; None where they were not measured.
    """
    unknown = np.full(len(run.system.blocks), math.nan)
    training, held_out = (estimate.training, estimate.held_out) if estimate else (unknown, unknown)
    rows = {
        block.name: ConditionReport(
            rows=run.points.rows(block),
            weight=run.weights[block.name],
            training=float(training[i]),
            held_out=float(held_out[i]),
        )
        for i, block in enumerate(run.system.blocks)
    }
    built_in = ConditionReport(rows=0, weight=0.0, training=0.0, held_out=0.0)
    return {name: rows.get(name, built_in) for name in run.problem.conditions}
