"""From the solutions of slabs of time to that of the whole."""

import dataclasses
import math

import numpy as np

from .._basics._results import RESULTS
from .._domains import Interior, Sobol, stack_coordinates
from .._output._evaluate import SlabEvaluator
from .._output._records import ConditionReport, FieldErrors, StepRecord, Unknowns
from .._output._solution import Solution
from .._problem import Problem, relative_errors

NARROW = 0.01  # of the longest slab, from where the last one is a sign of something sudden
SIZE_POINTS = 2048  # at which the size of the fields in a slab is taken


def joined(
    problem: Problem, edges: list[float], solved: list[Solution], ended, known, chosen: bool = False
) -> Solution:
    """The solution of the whole time.

    - `edges`: of the slabs, of which the last ones may not have been solved.
    - `ended`: what ended the march, and why.
    - `known`: of the answer.
    - `chosen`: whether the edges were chosen as the march went on.
    """
    evaluator = SlabEvaluator(edges, [s.evaluator for s in solved])  # type: ignore[misc]
    try:
        errors = _whole_error(solved)
    except (Exception, KeyboardInterrupt):  # what was solved is not lost
        errors = FieldErrors(dict.fromkeys(problem.fields, math.nan))
    if errors is not None and len(solved) < len(edges) - 1:
        errors = FieldErrors(dict.fromkeys(problem.fields, math.nan))
    status, message = _verdict(edges, solved, ended, chosen)
    try:
        error = relative_errors(
            lambda points: evaluator(stack_coordinates(problem.domain, points)[0]),
            known,
            problem.space,
        )
    except (Exception, KeyboardInterrupt) as trouble:
        error = None
        message += f" The error could not be told: {type(trouble).__name__}: {trouble}."
    last = solved[-1]
    return dataclasses.replace(
        last,
        domain=problem.domain,
        evaluator=evaluator,
        status=status,
        message=message,
        conditions={name: _worst(name, solved) for name in last.conditions},
        unknowns=Unknowns({}, np.zeros((0, 0))),
        error=error,
        error_estimate=errors,
        reference_floor=known.floor if known is not None else None,
        steps=sum(s.steps for s in solved),
        seconds=sum(s.seconds for s in solved),
        compile_seconds=sum(s.compile_seconds for s in solved),
        history=_history(solved),
        known=known,
        corrected=None,
        second_answer=None,
        problem=problem,
        points=_all_points(solved),
    )


def _all_points(solved: list[Solution]) -> dict[str, dict[str, np.ndarray]]:
    """Where each condition was fitted, in all slabs."""
    names = dict.fromkeys(name for s in solved for name in s.points or {})
    found = {}
    for name in names:
        parts = [s.points[name] for s in solved if s.points and name in s.points]
        found[name] = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return found


def _verdict(
    edges: list[float], solved: list[Solution], ended: tuple[RESULTS, str], chosen: bool
) -> tuple[RESULTS, str]:
    """`stopped`, or the first status that is not `converged`, if there is one, and its message.

    - `ended`: what kept further slabs from being begun, and why.
    """
    cause, why = ended

    def where(number):
        ends = f"from {edges[number]:.6g} to {edges[number + 1]:.6g}"
        return f"Slab {number + 1} of {len(edges) - 1}, {ends}"

    if cause is RESULTS.stopped and solved[-1].stopped:
        return cause, f"{where(len(solved) - 1)}: {solved[-1].message}"
    whole = len(solved) == len(edges) - 1
    unbegun = "" if whole else f"{where(len(solved))}, was not begun: {why.rstrip('.')}."
    if chosen and len(solved) == len(edges) - 2:
        unbegun = f"From {edges[-2]:.6g} on nothing was begun: {why.rstrip('.')}.{_narrowing(edges)}"
    if cause is RESULTS.stopped and unbegun:
        return cause, unbegun
    for number, found in enumerate(solved):
        if found.status is not RESULTS.converged:
            return found.status, f"{where(number)}: {found.message} {unbegun}".rstrip()
    if unbegun:
        return cause, unbegun
    if len(solved) > 1 and solved[-1].error_estimate is None:
        return RESULTS.unresolved, (
            "Every slab meets its tolerance, but without an estimated error nothing says how errors "
            "grow from one to the next."
        )
    last = solved[-1].message
    return (
        RESULTS.converged,
        f"All {len(solved)} slabs have; in the last one {last[0].lower()}{last[1:]}",
    )


def _narrowing(edges: list[float]) -> str:
    """Where chosen slabs became ever shorter, as a sentence; empty where they did not."""
    lengths = np.diff(edges[:-1])
    if len(lengths) < 2 or not lengths[-1] < NARROW * max(lengths):
        return ""
    return (
        f" The last slabs were as short as {lengths[-1]:.1e}: is there a switch, a singularity or a "
        f"fast change near {edges[-2]:.6g}?"
    )


def _worst(name: str, solved: list[Solution]) -> ConditionReport:
    return max(
        (s.conditions[name] for s in solved), key=lambda c: np.nan_to_num(c.held_out, nan=np.inf)
    )


def _whole_error(solved: list[Solution]) -> FieldErrors | None:
    """The estimated relative errors over all slabs, from those of each."""
    if any(s.error_estimate is None for s in solved):
        return None
    wrong, whole = 0.0, 0.0
    for found in solved:
        points, _ = Interior(found.domain).draw(SIZE_POINTS, Sobol(), np.random.default_rng(0))
        time = found.domain.time
        assert time is not None and found.error_estimate is not None
        squares = (time.stop - time.start) * np.mean(found.evaluator(points) ** 2, axis=0)  # type: ignore
        whole = whole + squares
        wrong = wrong + squares * np.array(list(found.error_estimate.values())) ** 2
    relative = np.sqrt(wrong / np.where(whole > 0, whole, 1))
    return FieldErrors(zip(solved[0].fields, relative.tolist(), strict=True))


def _history(solved: list[Solution]) -> dict[str, np.ndarray]:
    """All steps, numbered and timed from the first slab on."""
    joined = {name: np.concatenate([s.history[name] for s in solved]) for name in StepRecord.plain()}
    steps = [len(s.history["step"]) for s in solved]
    joined["step"] = np.arange(1, sum(steps) + 1)
    begun = np.cumsum([0.0, *[s.seconds - s.compile_seconds for s in solved[:-1]]])
    joined["seconds"] = joined["seconds"] + np.repeat(begun, steps)
    return joined
