"""Spots: where what conditions prescribe, sources and values, is concentrated.

A condition's own functions, with all fields zero, are looked at in very many points, and at the numbers
that stand in them: about those a feature lies that no point may ever meet.
"""

import itertools
from pathlib import Path

import jax
import numpy as np
from jaxtyping import Bool, Float

from .._basics._compiled import Compiler
from .._basics._traced import numbers_in
from .._basics._traces import TracesOfRun
from .._calculus._names import CoordinateValue
from .._conditions import Block
from .._domains import AbstractSite, Domain, Facets, Interior, Sobol
from ._focus import Spot
from ._reading import at_rest
from ._sudden import at_most

LOOKS = 1 << 17  # points of a condition at which its own functions are looked at
CONCENTRATED = 0.02  # of the points, on which as good as all of a function's square lies, at a spot
WITHIN = 0.99  # of that square, in all spots together
FLAT = 1e-9  # of the domain's extent: the deviation of points on one face, or at one moment
NARROW, ALONG = 0.02, 0.1  # of the domain's extent: the width of a spot, and of its axes
APART = 0.05  # of the domain's extent, between two spots
MOST = 8  # spots: of more none is followed
LEAST = 4  # points in a spot
ZOOM = 6.0  # widths on either side of a spot, within which it is looked at once more
SPIKE = 30.0  # times the largest value in all points, from where one at a number is a spot
NUMBERS = 24  # of a condition's functions, along each coordinate
CROSSED = 64  # points in which the other coordinates are drawn
SMALLEST = 48  # halvings of the domain, to find a width


def find_spots(
    problem, folder: Path | None = None, traces: TracesOfRun | None = None
) -> tuple[Spot, ...]:
    """Where what conditions prescribe is concentrated.

    None where there are too many of them, and where fields have parts of the domain, or coordinates, of
    their own, in which functions are drawn.

    - `folder`: where compiled programs are kept for other processes.
    - `traces`: what the run shares with others of the same structure.
    """
    found: list[Spot] = []
    if problem.layout.places:
        return ()
    compiler = Compiler(lambda name: None, folder=folder, traces=traces)
    extents = problem.domain.upper - problem.domain.lower
    for block in problem.blocks:
        asks = any(isinstance(q, CoordinateValue) for q in block.plan.quantities.values())
        # What is concentrated at a moment moves on, or spreads: about its place it stays for no time.
        if not isinstance(block.site, (Interior, Facets)) or block.site.finite is not None:
            continue
        if not asks or block.given is not None or not block.plan.is_local:
            continue
        try:
            spots = _spots_of(problem, block, block.site, compiler.compile)
        except Exception:  # a function of the user's that fails elsewhere than at the points
            continue
        for spot in spots:
            same = [s for s in found if np.all(np.abs(s.center - spot.center) < APART * extents)]
            found = [s for s in found if all(s is not other for other in same)]
            widths = np.min([s.widths for s in (*same, spot)], axis=0)
            found.append(Spot(min((*same, spot), key=lambda s: np.min(s.widths)).center, widths))
    return tuple(found) if len(found) <= MOST else ()


def _spots_of(problem, block: Block, site: AbstractSite, compiled) -> list[Spot]:
    """The spots of one condition, of all its residuals: some may be found more than once."""
    domain, at = problem.domain, at_rest(block)
    plain = problem.constants | problem.unknowns
    numbers = {n: np.asarray(v, float) for n, v in plain.items()}
    extents = domain.upper - domain.lower
    points, normals = site.draw(LOOKS, Sobol(), np.random.default_rng(0))
    given = (normals, numbers, block.data)
    program = compiled("source", jax.vmap(at, (0, 0, None, None)), points, *given)
    elsewhere = at_most(LOOKS, lambda places: program(places, *given))
    values = elsewhere(points)
    inside = isinstance(site, Interior)
    middle = np.median(values, axis=0)
    # Constants and unknowns as numbers, for they too may mark a place.
    written = lambda point, normal: at(point, normal, plain, block.data)
    marked = points[:0]
    if inside:
        marked = _at_numbers(jax.make_jaxpr(written)(points[0], normals[0]), domain)
    found = []
    for column in range(block.components):
        away = lambda places, c=column: np.abs(elsewhere(places)[:, c] - middle[c])
        squares = (values[:, column] - middle[column]) ** 2
        for mine in _clusters(points, squares, extents):
            center, widths = _moments(points[mine], squares[mine])
            if inside:
                center, widths = _closer(domain, away, center, widths)
            found += _spot(domain, center, widths, not inside)
        if len(marked):
            found += _marked(domain, away, marked, np.sqrt(np.max(squares)))
    return found


def _closer(domain: Domain, away, center, widths) -> tuple[np.ndarray, np.ndarray]:
    """Center and deviation of a spot from points in it alone.

    - `away`: from points (n, dim), how far what is prescribed is from what it is at large, (n,).
    """
    reach = ZOOM * np.maximum(widths, (domain.upper - domain.lower) * LOOKS ** (-1 / domain.dim))
    unit = Sobol().draw(LOOKS, domain.dim, np.random.default_rng(1))
    points = center + reach * (2 * unit - 1)
    points = points[domain.contains(points)]
    return _moments(points, away(points) ** 2)


def _at_numbers(program, domain: Domain) -> Float[np.ndarray, "n dim"]:
    """Points of the domain, the coordinates of which are numbers in a condition's functions."""
    known = {sign * value for value in numbers_in(program) for sign in (1.0, -1.0)}
    axes = [
        sorted(v for v in known if low <= v <= high)[:NUMBERS]
        for low, high in zip(domain.lower, domain.upper, strict=True)
    ]
    if len(known) == 0:
        return np.zeros((0, domain.dim))
    whole = np.array(list(itertools.islice(itertools.product(*axes), LOOKS // 2)))
    parts = [whole.reshape(-1, domain.dim)]
    unit = Sobol().draw(CROSSED, domain.dim, np.random.default_rng(2))
    for axis, values in enumerate(axes if domain.dim > 1 else []):
        for value in values:
            parts.append(domain.lower + unit * (domain.upper - domain.lower))
            parts[-1][:, axis] = value
    points = np.concatenate(parts)[:LOOKS]
    return points[domain.contains(points)] if len(points) else points


def _marked(domain: Domain, away, marked, most: float) -> list[Spot]:
    """The spot at a number, where what is prescribed is far larger than in all points."""
    size = away(marked)
    size = np.where(np.isfinite(size), size, 0.0)  # a pole is no spot
    if not np.any(size > SPIKE * most):
        return []
    center, peak = marked[np.argmax(size)], np.max(size)
    extents = domain.upper - domain.lower
    steps = 0.5 ** np.arange(SMALLEST)
    widths = []
    for axis in range(domain.dim):
        places = np.repeat(center[None], 2 * SMALLEST, axis=0)
        places[:, axis] += extents[axis] * np.concatenate([steps, -steps])
        falls = np.max(away(places).reshape(2, -1), axis=0) < peak / 2
        if falls[-1]:  # a value of one point alone
            return []
        widths.append(extents[axis] * (steps[falls].min() if falls.any() else 1.0))
    return _spot(domain, center, np.array(widths), on_boundary=False)


def _clusters(points, squares, extents) -> list[Bool[np.ndarray, " n"]]:
    """Which points lie in each spot; none where the squares are not concentrated."""
    total = np.sum(squares)
    if not np.isfinite(total) or not total > 0:
        return []
    if total**2 > CONCENTRATED * len(squares) * np.sum(squares**2):
        return []
    order = np.argsort(-squares)
    kept = order[: np.searchsorted(np.cumsum(squares[order]), WITHIN * total) + 1]
    if len(kept) < LEAST:
        return []
    groups = [kept]
    for _ in range(2):  # what is apart along one axis may come apart along another then
        for axis in range(points.shape[1]):
            split = []
            for group in groups:
                along = group[np.argsort(points[group, axis])]
                gaps = np.diff(points[along, axis]) > APART * extents[axis]
                split += np.split(along, np.flatnonzero(gaps) + 1)
            groups = split
    return groups if len(groups) <= MOST else []


def _moments(points, weights) -> tuple[np.ndarray, np.ndarray]:
    """The mean of points and their deviation from it, along each coordinate."""
    share = weights / np.sum(weights)
    center = share @ points
    return center, np.sqrt(share @ (points - center) ** 2)


def _spot(domain: Domain, center, widths, on_boundary: bool) -> list[Spot]:
    """The spot of some deviations from its center, if it is narrow along a coordinate.

    Where a condition holds on a part of the boundary, or at a moment, what it prescribes reaches as far
    across it as along it; in time as diffusion does, by the square of its width.
    """
    extents = domain.upper - domain.lower
    flat = (widths < FLAT * extents) & on_boundary
    relative = np.where(flat, 1.0, widths / extents)
    least = float(np.min(relative))
    if not 0 < least < NARROW:
        return []
    time = np.arange(domain.dim) >= domain.space_dim
    relative = np.where(flat, np.where(time, least**2, least), relative)
    return [Spot(center, extents * np.where(relative < ALONG, relative, 1.0))]
