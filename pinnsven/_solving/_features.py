"""Features that no point has met: a residual is looked at in very many places before it is believed.

The residual itself costs a few evaluations of the network at each place; the functions in the
conditions alone (sources, prescribed values), with the fields held fixed, cost next to nothing, and are
looked at in more. Where those are largest and smallest the residual is evaluated too.
"""

import dataclasses
import time

import jax
import numpy as np

from .._basics._processes import agreed
from .._calculus._names import CoordinateValue
from .._conditions import Block, GivenValues
from ._points import Drawn
from ._reading import at_rest
from ._residual import split_rows, whereabouts
from ._verdict import AGREE

LOOKS = 1_000_000  # points of each condition at which the residual is looked at
SECONDS = 0.4  # that all of them may take
SOURCE_LOOKS = 1 << 20  # points of each equation at which its own functions are looked at
SOURCE_LOOKS_BESIDE = 1 << 18  # the same of other conditions: fewer lie as closely on a boundary
SOURCE_PORTION = 1 << 14  # of them at a time, where they may be dear
EXTREMES = 64  # points where they are largest, and as many where they are smallest
SPIKE = 30.0  # times its largest value at fitted points, from where a residual is a missed feature


@dataclasses.dataclass(frozen=True)
class Look:
    """What very many points have shown.

    - `missed`: a feature that the fitted points have missed, as a sentence; empty where none.
    - `places`: at how many points the residual was looked at, for the condition with fewest.
    """

    missed: str
    places: int


def look(run, tolerance: float) -> Look:
    """Looks at the residual of a run's solution in very many places.

    - `tolerance`: on the relative residual; its square root on a single one.
    """
    batches = run.batches
    open_ones = [i for i, b in enumerate(run.system.blocks) if not run.points.is_complete(b)]
    if not open_ones:
        return Look("", 0)
    begun = time.perf_counter()
    found = run.rows(batches)
    cost = max(agreed(time.perf_counter() - begun), 1e-5)
    fitted = split_rows(run.system, batches, found)
    sizes = run.system.split_components(np.where(run.found[1] > 0, run.found[1], 1.0))
    relative, fewest = run.estimate.relative, LOOKS
    for i in open_ones:
        block = run.system.blocks[i]
        calls = max(int(SECONDS / cost / len(open_ones)), 1)
        number = min(LOOKS, calls * run.points.count(block))
        fewest = min(fewest, number)
        drawn = run.points.fresh(block, number)
        rows = run.residuals_at(block, drawn)
        here = sizes[block.name]
        most = np.max(np.abs(fitted[i]), axis=0)
        mean, trained = np.mean(rows**2, axis=0), np.mean(fitted[i] ** 2, axis=0)
        noise = np.maximum(run.rounding_of(block), 1e-13 * here) ** 2
        relative = max(relative, float(np.max(np.sqrt(mean) / here)))
        if np.any(mean + noise > AGREE * (trained + noise)) and relative > tolerance:
            return Look(_sentence(block, drawn.points, rows / here), number)
        extremes = _extremes(run, block)
        if extremes is None:
            continue
        rows = run.residuals_at(block, extremes)
        spikes = np.abs(rows) > np.maximum(SPIKE * most, tolerance**0.5 * here)
        if spikes.any():
            return Look(_sentence(block, extremes.points, rows / here), number)
    return Look("", fewest)


def _sentence(block: Block, points, relative) -> str:
    worst = int(np.argmax(np.max(np.abs(relative), axis=1)))
    where = whereabouts(block, points[worst])
    return (
        f"condition {block.name!r} has a residual of {np.max(np.abs(relative[worst])):.1e} of its size "
        f"at {where}, a feature that the fitted points have missed. Put points there, with points=, or "
        "allow more of them."
    )


def _extremes(run, block: Block) -> Drawn | None:
    """Points where a condition's own functions are largest and smallest; None where it has none."""
    asked = {n for n, q in block.plan.quantities.items() if isinstance(q, CoordinateValue)}
    if not asked and block.given is None:
        return None
    drawn = run.points.fresh(block, SOURCE_LOOKS if block.interior else SOURCE_LOOKS_BESIDE)
    if block.given is not None:
        return _ends(*_as_time_allows(block.given, drawn))
    dtype = run.theta.dtype
    numbers = {n: np.asarray(v, dtype) for n, v in run.system.numbers(run.theta).items()}
    given = numbers, block.data
    places = [np.asarray(a, dtype) for a in (drawn.points, drawn.normals)]
    everywhere = jax.vmap(at_rest(block), (0, 0, None, None))
    found = run.compiler.compile("source", everywhere, *places, *given)(*places, *given)
    return _ends(drawn, np.asarray(found))


def _as_time_allows(given: GivenValues, drawn: Drawn) -> tuple[Drawn, np.ndarray]:
    """The first points, as many as a second allows, and what is given there, (n, values)."""
    begun, found = time.perf_counter(), []
    for start in range(0, len(drawn.points), SOURCE_PORTION):
        values = given.at(drawn.points[start : start + SOURCE_PORTION])
        found.append(np.stack(list(values.values()), axis=1))
        if agreed(time.perf_counter() - begun) > SECONDS:
            break
    reached = min(len(found) * SOURCE_PORTION, len(drawn.points))
    return Drawn(drawn.points[:reached], drawn.normals[:reached], {}), np.concatenate(found)


def _ends(drawn: Drawn, values) -> Drawn:
    """The points where values (n, components) are largest and smallest."""
    order = np.argsort(values, axis=0)
    chosen = np.unique(np.concatenate([order[:EXTREMES], order[-EXTREMES:]]))
    return Drawn(drawn.points[chosen], drawn.normals[chosen], {})
