"""What no condition covers: where no equation of a field holds, and walls of which nothing is said.

A small part of the domain or of its boundary, and a wall from which little comes in the time there is,
leave the answer open in functions that are steeper than those in which a verdict looks for freedom.
So they are looked for in the declaration: points that no condition of a field meets. On a wall that
matters where the equation keeps its second order along the normal up to the wall, or, where all is of
first order, where something enters with time.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from .._basics._precision import precision_context
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import Derivative, Gradient, Laplacian, Value
from .._conditions import GIVEN, Block, FixedPoints
from .._domains import Domain, Facet, Facets, Interior, Moment, Sobol, even_probe
from .._networks import Ansatz
from ._reading import holds_at, is_of, orders_of
from ._silent import TIMES, may_be_silent, speaks
from ._sudden import at_fixed, fixed_values, residuals

LOOKS = 1 << 15  # points of the inside; a gap of three of them is seen
LEAST = 3  # points that nothing covers, from where they are no edge of a part
CLOSE = 1e-9  # of the domain's extent: how far inside of a wall its equation is asked for
FALLS = 1e-2  # of the second-order term may be left of the others so close to a wall
FAINT = 1e-6  # of its size elsewhere, below which a coefficient vanishes at a wall
ALONG = 4096  # places along a line, or at the start, at which a condition is asked for
LOST = 0.02  # of the largest share of a highest derivative: two neighbors with less have a zero between
MOMENTS = 8  # at which a condition is asked whether it speaks


def uncovered(problem) -> str:
    """What no condition of a field covers, as a sentence; empty where nothing is found.

    Fields that are read, tied to other places, pieced together or built into a network of the user's
    are passed over: they are determined in ways that are not counted.
    """
    if isinstance(problem.network, Ansatz) or problem.layout.places or problem.layout.composites:
        return ""
    with precision_context("float64"):
        for field in problem.fields:
            own = [b for b in problem.blocks if _mentions(b, field)]
            if any(not b.plan.is_local or isinstance(b.site, FixedPoints) for b in own):
                continue
            for look in (_inside, _at_start, _on_walls):
                if found := look(problem, field, own):
                    return found
        return _at_zero(problem)


def _at_zero(problem) -> str:
    """Where the only equation along a line loses its order inside of it, in words.

    On both sides of a zero of the factor of its highest derivative it may have different solutions.
    """
    equations = [b for b in problem.blocks if b.interior]
    single = problem.domain.dim == len(problem.fields) == len(equations) == 1
    if not single or equations[0].components != 1 or not _is_plain(equations[0]):
        return ""
    (equation,), (field,) = equations, problem.fields
    plan = equation.plan
    orders = {n: sum(orders_of(plan, q).values()) for n, q in _asked(plan, field).items()}
    highest = max(orders.values(), default=0)
    steep = [n for n, order in orders.items() if order == highest]
    if not highest or len(steep) != 1:
        return ""
    numbers = _numbers(problem)
    beside = max((n for n in orders if orders[n] < highest), key=lambda n: orders[n], default="")

    def factors(point, times):
        found = {n: f[0] for n, f in _factors(equation, field, numbers, point, times).items()}
        # A pole of the factor beside it is a zero here, and turns the sign as that does.
        share = found[steep[0]] / sum(jnp.abs(factor) for factor in found.values())
        return share * jnp.sign(found[beside]) if beside else share

    low, high = problem.domain.lower, problem.domain.upper
    line = low + (high - low) * np.linspace(0.003, 0.996, ALONG)[:, None]
    try:
        # Operation by operation, both times at once: another solve compiles nothing.
        at = jax.vmap(jax.vmap(factors, (0, None)), (None, 0))
        shares = np.asarray(at(jnp.asarray(line), jnp.asarray(TIMES[:2])))
    except Exception:  # a function that only runs where points are: nothing is known of it
        return ""
    share = shares[0]
    if not np.all(np.isfinite(share)) or not np.allclose(share, shares[1], rtol=1e-9, atol=1e-12):
        return ""  # where it vanishes is for the solution to say
    turns = np.flatnonzero(share[:-1] * share[1:] < 0)
    turns = [i for i in turns if max(abs(share[i : i + 2])) < LOST * np.max(np.abs(share))]
    if not turns:
        return ""
    where = _in_words(problem.domain, line[turns[0] : turns[0] + 1])
    return (
        f"the factor of {steep[0]} is zero near {where}, and on both sides of it the equation may have "
        "solutions of its own."
    )


def _mentions(block: Block, field: str) -> bool:
    asked = block.plan.quantities.values()
    return any(is_of(q, field) or not (hasattr(q, "field") or isinstance(q, GIVEN)) for q in asked)


def _inside(problem, field: str, own: list[Block]) -> str:
    """Where no equation of a field holds, in words."""
    equations, numbers = [b for b in own if b.interior], _numbers(problem)
    partial = {b.name: may_be_silent(b, numbers) for b in equations}
    if not equations or any(
        getattr(b.site, "where", None) is None and not partial[b.name] for b in equations
    ):
        return ""
    points, _ = Interior(problem.domain).draw(LOOKS, Sobol(), np.random.default_rng(0))
    open_ones = ~np.any([_says(b, problem, field, points) for b in equations], axis=0)
    if np.sum(open_ones) < LEAST:
        return ""
    share, where = float(np.mean(open_ones)), _in_words(problem.domain, points[open_ones])
    return f"no equation of {field} holds in {_percent(share)} of the domain, as near {where}."


def _at_start(problem, field: str, own: list[Block]) -> str:
    """Where a start is switched off, in words."""
    starts = [b for b in own if isinstance(b.site, Moment)]
    if not starts or not all(may_be_silent(b, _numbers(problem)) for b in starts):
        return ""
    site = starts[0].site
    assert isinstance(site, Moment)
    points, _ = site.draw(ALONG, Sobol(), np.random.default_rng(0))
    open_ones = ~np.any([_says(b, problem, field, points) for b in starts], axis=0)
    if np.sum(open_ones) < LEAST:
        return ""
    share, where = float(np.mean(open_ones)), _in_words(problem.domain, points[open_ones])
    return f"nothing is said of {field} at the start in {_percent(share)} of space, as near {where}."


def _says(block: Block, problem, field: str, points) -> np.ndarray:
    """Whether a condition holds at points of the domain, and speaks of a field there."""
    found, numbers = holds_at(block, points), _numbers(problem)
    if may_be_silent(block, numbers):
        found &= speaks(block, field, numbers, points)
    return found


def _on_walls(problem, field: str, own: list[Block]) -> str:
    """A wall of which nothing is said, though an equation of a field asks for it, in words."""
    space = problem.domain.space
    equations, others = [b for b in own if b.interior], [b for b in own if not b.interior]
    if space is None or not equations or not all(_is_plain(b) for b in equations):
        return ""
    if not all(isinstance(b.site, (Moment, Facets)) for b in others):
        return ""
    holding = [b for b in others if isinstance(b.site, Facets)]
    walls = [_Wall.of(facet, holding, problem, field) for facet in space.facets()]
    if any(np.median(wall.held) > len(problem.fields) for wall in walls if len(wall.points)):
        return ""  # values and slopes on one wall, as in an initial value problem written in space

    def enters() -> float:
        return _entrance(equations, problem, field, walls)

    for wall in (wall for wall in walls if wall.is_open):
        place, normal = wall.one(wall.held == 0)
        if any(_asks(b, problem, field, place, normal, enters) for b in equations):
            where = _in_words(Domain(space, None), place[None])
            share = float(np.mean(wall.held == 0))
            part = "" if share == 1 else f" in {_percent(share)} of a side,"
            part += " for part of the time," * wall.at_times
            return f"no condition on {field} holds at the boundary{part} near {where}: is one missing?"
    return ""


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
    def of(cls, facet: Facet, blocks: list[Block], problem, field: str) -> "_Wall":
        points, normals = facet.place(even_probe(facet.dim))
        held = np.zeros((MOMENTS, len(points)), int)
        for block in blocks:
            here = np.tile(_covers(block, facet, points), (MOMENTS, 1))
            if np.any(here) and may_be_silent(block, _numbers(problem)):
                places = _at_moments(problem.domain, points)
                here &= np.stack([speaks(block, field, _numbers(problem), p) for p in places])
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


def _at_moments(domain: Domain, points) -> list[np.ndarray]:
    """Points of the boundary (n, space) at times, and parameters, spread over their ranges."""
    free = domain.dim - domain.space_dim
    unit = Sobol().draw(MOMENTS, free, np.random.default_rng(0)) if free else np.zeros((MOMENTS, 0))
    lower, upper = domain.lower[domain.space_dim :], domain.upper[domain.space_dim :]
    rest = lower + unit * (upper - lower)
    return [np.concatenate([points, np.tile(row, (len(points), 1))], axis=1) for row in rest]


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


def _is_plain(block: Block) -> bool:
    """Whether a condition asks for values, second derivatives at most and nothing mixed."""
    return all(
        isinstance(q, (Value, Laplacian, Gradient, *GIVEN))
        or (isinstance(q, Derivative) and len(q.along) <= 2 and len(set(q.along)) == 1)
        for q in block.plan.quantities.values()
    )


def _asks(block: Block, problem, field: str, place, normal, enters: Callable[[], float]) -> bool:
    """Whether an equation asks for a condition on a field at a place of the wall.

    - `place`, `normal`: in space.
    - `enters`: gives the sign of what carries the field where conditions hold.
    """
    found = _around(block, problem, field, place, normal)
    if found is None:
        return False
    (second, first, value, time), usual = found
    if not all(np.all(np.isfinite(part)) for part in (second, first, value)):
        return False
    if usual > 0:
        step = CLOSE * _extent(problem.domain)
        rest = np.abs(first) * step + np.abs(value) * step**2
        return bool(np.all(np.abs(second) > FAINT * usual) and np.all(rest <= FALLS * np.abs(second)))
    # What moves with a speed that points inwards, whatever the values, enters here.
    if problem.domain.time is None:
        inwards = enters()
        return bool(inwards and np.all(np.sign(first) == inwards))
    return bool(np.all(time != 0) and np.all(first * np.sign(time) < 0))


def _entrance(equations: list[Block], problem, field: str, walls: list[_Wall]) -> float:
    """The sign of what carries a field along the normals of walls with conditions; zero if various."""
    signs = set()
    for wall in walls:
        for block in equations if wall.held.any() else ():
            found = _around(block, problem, field, *wall.one(wall.held > 0))
            signs |= {0.0} if found is None else set(np.sign(found[0][1]))
    return signs.pop() if len(signs) == 1 else 0.0


def _around(block: Block, problem, field: str, place, normal):
    """The terms of an equation close to a wall, and the usual size of the first of them inside.

    None where they are not known.
    """
    domain, numbers = problem.domain, _numbers(problem)
    inner, _ = Interior(domain).draw(len(TIMES), Sobol(), np.random.default_rng(0))
    near = inner.copy()
    near[:, : domain.space_dim] = place - CLOSE * _extent(domain) * normal

    def terms(points):
        found = [
            _terms(block, field, _factors(block, field, numbers, point, times), normal)
            for point, times in zip(points, TIMES, strict=True)
        ]
        return [np.array(part) for part in zip(*found, strict=True)]

    try:
        return terms(near), np.max(np.abs(terms(inner)[0]))
    except Exception:  # a function that only runs where points are: nothing is known of it
        return None


def _terms(block: Block, field: str, factors: dict, normal) -> tuple[float, ...]:
    """Factors of a field's second and first derivative along a normal, its value, its rate in time.

    Of the component of the residual in which the first of them that is there is largest.

    - `factors`: by the names that the equation asks for.
    """
    plan = block.plan
    terms = np.zeros((4, block.components))
    for name, quantity in _asked(plan, field).items():
        factor = np.asarray(factors[name], float)
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


def _factors(block: Block, field: str, numbers: dict[str, float], point, times) -> dict:
    """The slopes of residuals at a point by each quantity of a field, (components,) or more, by name.

    - `numbers`: of unknowns and constants.
    - `times`: what was drawn for all else are its arguments.
    """
    plan = block.plan
    fixed = {n: v if n in numbers else times * v for n, v in fixed_values(plan, numbers).items()}
    values = at_fixed(plan, fixed, jnp.asarray(point))
    own = {name: values[name] for name in _asked(plan, field)}
    return jax.jacfwd(lambda own: residuals(block, values | own, block.data))(own)


def _asked(plan: DerivativePlan, field: str) -> dict:
    """The quantities of a field that a plan computes, by name."""
    return {name: q for name, q in plan.quantities.items() if is_of(q, field)}


def _numbers(problem) -> dict[str, float]:
    return {name: float(v) for name, v in (problem.unknowns | problem.constants).items()}


def _extent(domain: Domain) -> float:
    return float(np.max(domain.space.upper - domain.space.lower))  # type: ignore[union-attr]


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _in_words(domain, points: np.ndarray) -> str:
    """The middle one of points, by the names of its components."""
    point = points[len(points) // 2]
    return ", ".join(f"{n} = {v:.4g}" for n, v in zip(domain.component_names(), point, strict=True))
