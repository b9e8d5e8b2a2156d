"""Walls of which nothing is said, though an equation asks for it.

That is where the equation keeps its second order along the normal up to the wall, or, where all is of
first order, where something enters with time.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from .._calculus._names import Gradient, Laplacian, Value
from .._conditions import Block
from .._domains import Domain, Facet, Facets, Interior, Moment, Sobol, even_probe
from ._asked import (
    LEAST,
    TIMES,
    Inquiry,
    asked_of,
    is_plain,
    percent,
    place_in_words,
)
from ._reading import orders_of

CLOSE = 1e-9  # of the domain's extent: how far inside of a wall its equation is asked for
FALLS = 1e-2  # of the second-order term may be left of the others so close to a wall
FAINT = 1e-6  # of its size elsewhere, below which a coefficient vanishes at a wall
MOMENTS = 16  # at which a condition is asked whether it speaks


def open_wall(ask: Inquiry, field: str, own: list[Block]) -> str:
    """A wall of which nothing is said, though an equation of a field asks for it, in words."""
    problem, space = ask.problem, ask.problem.domain.space
    equations, others = [b for b in own if b.interior], [b for b in own if not b.interior]
    if space is None or not equations or not all(is_plain(b) for b in equations):
        return ""
    if not all(isinstance(b.site, (Moment, Facets)) for b in others):
        return ""
    holding = [b for b in others if isinstance(b.site, Facets)]
    silent = [b.name for b in holding if ask.may_be_silent(b)]
    walls = [_Wall.of(facet, holding, ask, field, silent) for facet in space.facets()]
    if any(np.median(wall.held) > len(problem.fields) for wall in walls if len(wall.points)):
        return ""  # values and slopes on one wall, as in an initial value problem written in space

    def enters() -> float:
        return _entrance(equations, ask, field, walls) if _is_carried(equations, ask, field) else 0.0

    for wall in (wall for wall in walls if wall.is_open):
        place, normal = wall.one(wall.held == 0)
        if any(_asks(b, ask, field, place, normal, enters) for b in equations):
            where = place_in_words(Domain(space, None), place[None])
            share = float(np.mean(wall.held == 0))
            part = "" if share == 1 else f" in {percent(share)} of a side,"
            part += " for part of the time," * wall.at_times
            named = ask.named(field)
            return f"no condition on {named} holds at the boundary{part} near {where}: is one missing?"
    return ""


def open_to_waves(ask: Inquiry, fields: tuple[str, ...], blocks: list[Block]) -> str:
    """A wall with fewer conditions than waves of a system of first order that enter there, in words.

    As many conditions belong to a wall as characteristics come in through it with time (Kreiss 1970).
    """
    problem, space = ask.problem, ask.problem.domain.space
    equations, others = [b for b in blocks if b.interior], [b for b in blocks if not b.interior]
    square = sum(b.components for b in equations) == len(fields) > 1
    if space is None or problem.domain.time is None or not square:
        return ""
    plain = all(is_plain(b) for b in equations)
    if not plain or not all(isinstance(b.site, (Moment, Facets)) for b in others):
        return ""
    holding = [b for b in others if isinstance(b.site, Facets)]
    for facet in space.facets():
        wall = _Wall.of(facet, holding, ask, fields[0], [])
        if not len(wall.points) or (held := int(wall.held.max())) >= len(fields):
            continue
        place, normal = wall.one(wall.held == held)
        entering = _entering(equations, ask, fields, place, normal)
        if entering > held:
            names = dict.fromkeys(map(ask.named, fields))
            where = place_in_words(Domain(space, None), place[None])
            return (
                f"{entering} of the waves that {', '.join(names)} make enter at the boundary near "
                f"{where}, where {held or 'no'} condition{'s' * (held != 1)} hold{'s' * (held == 1)}: "
                "is one missing?"
            )
    return ""


def _entering(equations: list[Block], ask: Inquiry, fields, place, normal) -> int:
    """How many waves enter at a place of a wall, whatever the values; zero where that is not known.

    - `place`, `normal`: in space.
    """
    number, least = len(fields), len(fields)
    points = _close_to(ask.problem.domain, place, normal)[0]
    rates, slopes = np.zeros((2, len(TIMES), number, number))
    for column, field in enumerate(fields):
        start = 0
        for block in equations:
            try:
                found = ask.factors(block, field, points, TIMES)
            except Exception:  # a function that only runs where points are: nothing is known of it
                return 0
            rows = slice(start, start + block.components)
            start += block.components
            for name, quantity in asked_of(block.plan, field).items():
                orders = orders_of(block.plan, quantity)
                if isinstance(quantity, Laplacian) or any(order > 1 for order in orders.values()):
                    return 0
                if isinstance(quantity, Gradient):
                    slopes[:, rows, column] += found[name] @ normal
                elif orders:
                    (axis,) = orders
                    in_time = axis >= ask.problem.domain.space_dim
                    into = rates if in_time else slopes
                    into[:, rows, column] += found[name] * (1.0 if in_time else normal[axis])
    for rate, slope in zip(rates, slopes, strict=True):
        if not np.all(np.isfinite(rate)) or np.linalg.matrix_rank(rate) < number:
            return 0
        speeds = np.linalg.eigvals(np.linalg.solve(rate, slope))
        largest = float(np.max(np.abs(speeds)))
        if np.any(np.abs(speeds.imag) > FALLS * largest):
            return 0
        least = min(least, int(np.sum(speeds.real < -FAINT * largest)))
    return least


@dataclasses.dataclass(frozen=True)
class _Wall:
    """A facet at its probes: points and normals (n, space), and how many residuals hold at each.

    - `at_times`: whether some hold for part of the time where nothing does at other times.
    """

    facet: Facet
    points: Float[np.ndarray, "n space"]
    normals: Float[np.ndarray, "n space"]
    held: Int[np.ndarray, " n"]
    at_times: bool

    @classmethod
    def of(
        cls, facet: Facet, blocks: list[Block], ask: Inquiry, field: str, silent: list[str]
    ) -> "_Wall":
        """The facet with conditions on a field, some of which may be `silent` at some of its points."""
        points, normals = facet.place(even_probe(facet.dim))
        places = _at_moments(ask.problem.domain, points)  # (moments, n, dim)
        held = np.zeros(places.shape[:2], int)
        for block in blocks:
            here = np.tile(_covers(block, facet, points), (len(places), 1))
            if np.any(here) and block.name in silent:
                flat = places.reshape(-1, places.shape[-1])
                here &= ask.speaks(block, field, flat).reshape(here.shape)
            held += block.components * here
        least = held.min(axis=0)
        return cls(facet, points, normals, least, bool(np.any((least == 0) & (held.max(axis=0) > 0))))

    @property
    def is_open(self) -> bool:
        """Whether nothing holds at more of it than the edge of a part."""
        return np.sum(self.held == 0) >= (LEAST if self.facet.dim else 1)

    def one(self, which):
        """A point of those chosen, and its normal."""
        chosen = np.flatnonzero(which)
        at = chosen[len(chosen) // 2]
        return self.points[at], self.normals[at]


def _at_moments(domain: Domain, points) -> Float[np.ndarray, "moments n dim"]:
    """Points of the boundary (n, space) at times, and parameters, spread over their ranges.

    Once where there are none.
    """
    free = domain.dim - domain.space_dim
    if not free:
        return points[None]
    unit = Sobol().draw(MOMENTS, free, np.random.default_rng(0))
    lower, upper = domain.lower[domain.space_dim :], domain.upper[domain.space_dim :]
    unit[:, -1:] = np.linspace(1e-3, 1 - 1e-3, MOMENTS)[:, None]  # of time, evenly, close to its ends
    rest = lower + unit * (upper - lower)
    found = [np.concatenate([points, np.tile(row, (len(points), 1))], axis=1) for row in rest]
    return np.stack(found)


def _covers(block: Block, facet: Facet, points) -> np.ndarray:
    """Whether a condition holds at the probes of a facet: its pieces are facets, or parts of them."""
    found = np.zeros(len(points), bool)
    for piece in block.site.pieces:  # type: ignore[attr-defined]
        if piece is facet:
            return np.ones(len(points), bool)
        if piece.dim == facet.dim:
            own = np.ascontiguousarray(piece.place(even_probe(facet.dim))[0])
            mine = {row.tobytes() for row in own}
            found |= np.array([row.tobytes() in mine for row in np.ascontiguousarray(points)], bool)
    return found


def _asks(block: Block, ask: Inquiry, field: str, place, normal, enters: Callable[[], float]) -> bool:
    """Whether an equation asks for a condition on a field at a place of the wall.

    - `place`, `normal`: in space.
    - `enters`: gives the sign of what carries the field where conditions hold.
    """
    found = _around(block, ask, field, place, normal)
    if found is None:
        return False
    (second, first, value, time), usual = found
    if not all(np.all(np.isfinite(part)) for part in (second, first, value)):
        return False
    if usual > 0:
        step = CLOSE * _extent(ask.problem.domain)
        rest = np.abs(first) * step + np.abs(value) * step**2
        return bool(np.all(np.abs(second) > FAINT * usual) and np.all(rest <= FALLS * np.abs(second)))
    # What moves with a speed that points inwards, whatever the values, enters here.
    if ask.problem.domain.time is None:
        inwards = enters()
        return bool(inwards and np.all(np.sign(first) == inwards))
    return bool(np.all(time != 0) and np.all(first * np.sign(time) < 0))


def _is_carried(equations: list[Block], ask: Inquiry, field: str) -> bool:
    """Whether one residual alone differentiates a field: a pressure, as several do, is not carried."""
    inner, _ = Interior(ask.problem.domain).draw(len(TIMES), Sobol(), np.random.default_rng(0))
    number = 0
    for block in equations:
        try:
            found = ask.factors(block, field, inner, TIMES)
        except Exception:  # a function that only runs where points are: nothing is known of it
            return False
        plain = {n for n, q in asked_of(block.plan, field).items() if isinstance(q, Value)}
        for component in range(block.components):
            number += any(np.any(found[name][:, component] != 0) for name in set(found) - plain)
    return number == 1


def _entrance(equations: list[Block], ask: Inquiry, field: str, walls: list[_Wall]) -> float:
    """The sign of what carries a field along the normals of walls with conditions; zero if various."""
    signs = set()
    for wall in walls:
        for block in equations if wall.held.any() else ():
            found = _around(block, ask, field, *wall.one(wall.held > 0))
            signs |= {0.0} if found is None else set(np.sign(found[0][1]))
    return signs.pop() if len(signs) == 1 else 0.0


def _around(block: Block, ask: Inquiry, field: str, place, normal):
    """The terms of an equation close to a wall, and the usual size of the first of them inside.

    None where they are not known.
    """
    domain = ask.problem.domain
    near, inner = _close_to(domain, place, normal)
    try:
        factors = ask.factors(block, field, np.concatenate([near, inner]), 2 * TIMES)
    except Exception:  # a function that only runs where points are: nothing is known of it
        return None
    terms = [
        _terms(block, field, {name: part[i] for name, part in factors.items()}, normal)
        for i in range(2 * len(TIMES))
    ]
    found = [np.array(part).reshape(2, -1) for part in zip(*terms, strict=True)]
    return [part[0] for part in found], np.max(np.abs(found[0][1]))


def _close_to(domain: Domain, place, normal) -> tuple[np.ndarray, np.ndarray]:
    """Points close to a place of a wall at a few times, and points inside, (times, dim) each."""
    inner, _ = Interior(domain).draw(len(TIMES), Sobol(), np.random.default_rng(0))
    near = inner.copy()
    near[:, : domain.space_dim] = place - CLOSE * _extent(domain) * normal
    return near, inner


def _terms(block: Block, field: str, factors: dict, normal) -> tuple[float, ...]:
    """Factors of a field's second and first derivative along a normal, its value, its rate in time.

    Of the component of the residual in which the first of them that is there is largest.

    - `factors`: by the names that the equation asks for.
    """
    plan = block.plan
    terms = np.zeros((4, block.components))
    for name, quantity in asked_of(plan, field).items():
        factor = factors[name]
        orders = orders_of(plan, quantity)
        if isinstance(quantity, Laplacian):
            terms[0] += factor
        elif isinstance(quantity, Gradient):
            terms[1] += factor @ normal
        elif not orders:
            terms[2] += factor
        else:
            ((axis, order),) = orders.items()
            if axis >= plan.space.domain.space_dim:
                terms[3] += factor * (order == 1)
            else:
                terms[2 - order] += factor * normal[axis] ** order
    best = np.argmax(np.abs(terms[0])) if np.any(terms[0]) else np.argmax(np.abs(terms[1]))
    return tuple(float(part[best]) for part in terms)


def _extent(domain: Domain) -> float:
    return float(np.max(domain.space.upper - domain.space.lower))  # type: ignore[union-attr]
