"""Corners of a domain in the plane where the solution of an elliptic equation is not smooth."""

import itertools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._compiled import briefly
from .._calculus._derivatives import taylor
from .._calculus._names import Gradient, NormalDerivative
from .._conditions import Block, Dirichlet
from .._networks import CornerPowers
from ._reading import Singularity, covers, diffuses, places, prescribed

ROUNDED = 1e-9  # of a usual curvature, below which one is rounding
STRAINED = 1e-4  # of the largest residual elsewhere, from where one at a corner is one
STEP = 1e-2  # of it: how far along its edges conditions are asked for
NEAR = 1e-4  # of the domain's size: the radius at which the inner angle of a corner is seen
ANGLES = 1440  # directions around a corner
REENTRANT = math.pi + 0.02  # inner angles from here on are
FADES = 2.6  # times its reach, where a function about a corner is rounding


def corners_of_the_domain(problem) -> list[Singularity]:
    """Re-entrant corners in the plane, and corners where the kind of the condition changes."""
    domain = problem.domain
    if domain.space is None or domain.space_dim != 2 or not any(map(diffuses, problem.blocks)):
        return []
    region = domain.space.region()
    if region is None or any(c.periodic for c in domain.coordinates):
        return []
    size = float(np.max(domain.space.upper - domain.space.lower))
    segments = [s for leaf in region.leaves() for s in leaf.curves()[0]]
    found, strain = [], _Strain(problem)
    for vertex in _meetings(segments, size):
        sector = _sector(domain.space, vertex, NEAR * size)
        if sector is None:
            continue
        middle, angle = sector
        edges = [middle + s * angle / 2 for s in (-1, 1)]
        held = [_holder(problem, vertex, edge, size) for edge in edges]
        kinds = [None if block is None else _kind(block) for block in held]
        mixed = None not in kinds and kinds[0] != kinds[1]
        power = math.pi / angle / (2 if mixed else 1)
        powers: tuple[float, ...] = (power, 3 * power) if mixed else (power, 2 * power)
        if angle < REENTRANT and not (mixed and angle > math.pi / 2 + 0.02):
            powers = ()
        log = not mixed and strain.at(vertex, edges, held)
        if not powers and not log:
            continue
        feature = CornerPowers(  # type: ignore[call-arg]
            vertex=vertex,
            middle=middle,
            exponents=powers,
            logarithm=log,
            reach=_reach(domain.space, vertex, middle, size),
        )
        names = [c.name for c in domain.space.coordinates]
        spot = ", ".join(f"{n} = {v:g}" for n, v in zip(names, vertex, strict=False))
        why = f"the corner of {math.degrees(angle):.0f} degrees at {spot}"
        if not powers:
            why += " (equation and edges disagree)"
        found.append(Singularity(feature, why))
    return found


def _reach(space, vertex, middle: float, size: float) -> float | None:
    """How far functions about a corner may reach, whose cut leaves it away from the domain.

    None where the cut never enters the domain.
    """
    away = np.linspace(2 * NEAR * size, 2 * size, 2048)[:, None]
    behind = np.array([math.cos(middle + math.pi), math.sin(middle + math.pi)])
    inside = space.level(np.array(vertex) + away * behind) < 0
    return float(away[np.argmax(inside), 0] / FADES) if inside.any() else None


class _Strain:
    """Whether at a right angle an equation contradicts the curvatures that both edges prescribe.

    The solution then has the square of the distance times its logarithm. What is compiled serves all
    corners.
    """

    def __init__(self, problem):
        self.problem = problem
        self.numbers = problem.constants | problem.unknowns
        self.equation = next(b for b in problem.blocks if b.interior and diffuses(b))
        self.bends: dict[int, Callable] = {}
        self.sizes = briefly(self._sizes)

    def at(self, vertex, edges, held) -> bool:
        """Whether it does at a corner.

        - `edges`: the directions of both, `held` the conditions along them.
        """
        problem, turn = self.problem, abs(edges[1] - edges[0])
        if min(abs(turn - math.pi / 2), abs(turn - 3 * math.pi / 2)) > 1e-6 or None in held:
            return False
        if len(problem.fields) != 1 or problem.domain.time is not None:
            return False
        corner, bent = np.asarray(vertex, float), []
        along = np.array([[math.cos(edge), math.sin(edge)] for edge in edges])
        for block, direction in zip(held, along, strict=True):
            condition = problem.conditions[block.name]
            if not isinstance(condition, Dirichlet) or problem.fields[0] not in condition.values:
                return False
            bent.append(self._bend(condition.values[problem.fields[0]], corner, direction))
        both = np.stack(bent)
        sizes = np.asarray(self.sizes(corner, along, both))
        # With one edge's curvature alone: what is left of both may be no more than rounding.
        alone = np.asarray(self.sizes(corner, along, both * np.array([[1.0], [0.0]])))
        # So may both edges' curvatures themselves, as those of log(r) at a corner of a square: against
        # one that slopes of their size would have across the domain.
        across = float(np.max(problem.domain.upper - problem.domain.lower))
        usual = both.copy()
        usual[:, 2] = np.max(np.abs(both[:, 1])) / across, 0.0
        noise = ROUNDED * np.max(np.asarray(self.sizes(corner, along, usual)))
        return bool(sizes[0] > max(STRAINED * max(np.max(sizes), np.max(alone)), noise))

    def _bend(self, value, corner, direction) -> Float[np.ndarray, " 3"]:
        """A prescribed value and its derivatives along an edge at a corner."""
        if not callable(value):
            return np.array([float(value), 0.0, 0.0])
        if id(value) not in self.bends:
            given = lambda point: prescribed(self.problem, value, point)
            self.bends[id(value)] = briefly(lambda p, d: jnp.stack(taylor(given, p, d, 2)))
        return np.asarray(self.bends[id(value)](corner, direction))

    def _sizes(self, corner, along, bent):
        """Residuals at a corner and elsewhere, of a field with these curvatures there."""

        def fields(point):
            steps = along @ (point - corner)
            return (bent[0, 0] + jnp.sum(bent[:, 1] * steps + bent[:, 2] * steps**2 / 2))[None]

        def at(place):
            values = self.equation.plan.evaluate(fields, place, jnp.zeros(2), self.numbers)
            return jnp.abs(jnp.asarray(self.equation.residual(values)[0], float))

        elsewhere = jnp.asarray(places(self.problem.domain))
        return jax.vmap(at)(jnp.concatenate([corner[None], elsewhere]))


def _meetings(segments, size: float) -> list[tuple[float, float]]:
    """Ends and crossings of segments, each once."""
    places = [end for s in segments for end in (s[:2], s[2:])]
    for one, other in itertools.combinations(segments, 2):
        a, b = np.array(one).reshape(2, 2), np.array(other).reshape(2, 2)
        matrix = np.array([a[1] - a[0], b[0] - b[1]]).T
        if abs(np.linalg.det(matrix)) > 1e-12 * size**2:
            shares = np.linalg.solve(matrix, b[0] - a[0])
            if np.all((shares > -1e-9) & (shares < 1 + 1e-9)):
                places.append(tuple((a[0] + shares[0] * (a[1] - a[0])).tolist()))
    kept: list[tuple[float, float]] = []
    for place in places:
        if all(math.dist(place, other) > 1e-6 * size for other in kept):
            kept.append((float(place[0]), float(place[1])))
    return kept


def _sector(space, vertex, radius: float) -> tuple[float, float] | None:
    """The middle and the size of the one angle at which the domain is seen from a corner."""
    turns = 2 * np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    around = np.array(vertex) + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    inside = space.level(around) < 0
    starts = np.flatnonzero(inside & ~np.roll(inside, 1))
    if len(starts) != 1:
        return None
    angle = 2 * math.pi * int(inside.sum()) / ANGLES
    # Angles of drawings are simple fractions of a turn: the count of directions is rounded to degrees.
    angle = math.radians(round(math.degrees(angle) * 2) / 2)
    middle = turns[starts[0]] - math.pi / ANGLES + angle / 2
    return math.remainder(middle, 2 * math.pi), angle


def _holder(problem, vertex, direction: float, size: float) -> Block | None:
    """The condition that holds along an edge which leaves a corner; None where none does."""
    point = np.array(problem.domain.lower, float)
    step = STEP * size * np.array([math.cos(direction), math.sin(direction)])
    point[:2] = np.array(vertex) + step
    covering = (
        b for b in problem.blocks if not b.interior and covers(b, point, problem.domain, STEP / 20)
    )
    return next(covering, None)


def _kind(block: Block) -> str:
    """Whether a condition prescribes values or slopes."""
    natural = any(isinstance(q, (NormalDerivative, Gradient)) for q in block.plan.quantities.values())
    return "slopes" if natural else "values"
