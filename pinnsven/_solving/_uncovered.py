"""What no condition covers: where no equation of a field holds, and walls of which nothing is said.

A small part of the domain or of its boundary, and a wall from which little comes in the time there is,
leave the answer open in functions that are steeper than those in which a verdict looks for freedom.
So they are looked for in the declaration: points that no condition of a field meets. On a wall that
matters where the equation keeps its second order along the normal up to the wall, or, where all is of
first order, where something enters with time.
"""

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._precision import precision_context
from .._calculus._names import Derivative, Gradient, Laplacian, Value
from .._conditions import GIVEN, Block, FixedPoints
from .._domains import Facet, Facets, Interior, Moment, Sobol, even_probe
from .._networks import Ansatz
from ._reading import holds_at, is_of, orders_of
from ._sudden import at_fixed, fixed_values

LOOKS = 1 << 15  # points of the inside; a gap of three of them is seen
LEAST = 3  # points that nothing covers, from where they are no edge of a part
CLOSE = 1e-9  # of the domain's extent: how far inside of a wall its equation is asked for
FALLS = 1e-2  # of the second-order term may be left of the others so close to a wall
FAINT = 1e-6  # of its size elsewhere, below which a coefficient vanishes at a wall
ALONG = 4096  # places along a line at which an equation is asked for
LOST = 0.02  # of the largest share of a highest derivative: two neighbors with less have a zero between
TIMES = (1.0, -0.7, 2.0)  # what was drawn are the arguments at which an equation is asked for


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
            if found := _inside(problem, field, own) or _on_walls(problem, field, own):
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
    plan = equations[0].plan
    numbers = {n: float(v) for n, v in (problem.unknowns | problem.constants).items()}
    orders = {n: sum(orders_of(plan, q).values()) for n, q in plan.quantities.items()}
    asked = [n for n, q in plan.quantities.items() if is_of(q, problem.fields[0])]
    highest = max((orders[n] for n in asked), default=0)
    steep = [n for n in asked if orders[n] == highest]
    if not highest or len(steep) != 1:
        return ""
    fixed = fixed_values(plan, numbers)
    beside = max((n for n in asked if orders[n] < highest), key=lambda n: orders[n], default="")

    def factors(point, times):
        held = {n: v if n in numbers else times * v for n, v in fixed.items()}
        values = at_fixed(plan, held, point)
        one = lambda own: jnp.asarray(equations[0].residual(values | own, equations[0].data)[0], float)
        found = jax.jacfwd(one)({n: values[n] for n in asked})
        # A pole of the factor beside it is a zero here, and turns the sign as that does.
        share = found[steep[0]] / sum(jnp.abs(found[n]) for n in asked)
        return share * jnp.sign(found[beside]) if beside else share

    low, high = problem.domain.lower, problem.domain.upper
    line = low + (high - low) * np.linspace(0.003, 0.996, ALONG)[:, None]
    try:
        at = jax.vmap(factors, (0, None))  # operation by operation: another solve compiles nothing
        shares = [np.asarray(at(jnp.asarray(line), times)) for times in TIMES[:2]]
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
    equations = [b for b in own if b.interior]
    if not equations or any(getattr(b.site, "where", None) is None for b in equations):
        return ""
    points, _ = Interior(problem.domain).draw(LOOKS, Sobol(), np.random.default_rng(0))
    open_ones = ~np.any([holds_at(b, points) for b in equations], axis=0)
    if np.sum(open_ones) < LEAST:
        return ""
    share, where = float(np.mean(open_ones)), _in_words(problem.domain, points[open_ones])
    return f"no equation of {field} holds in {_percent(share)} of the domain, as near {where}."


def _on_walls(problem, field: str, own: list[Block]) -> str:
    """A wall of which nothing is said, though an equation of a field asks for it, in words."""
    space = problem.domain.space
    equations = [b for b in own if b.interior]
    if space is None or not equations or not all(_is_plain(b) for b in equations):
        return ""
    walls = [b for b in own if isinstance(b.site, Facets)]
    if any(not b.interior and not isinstance(b.site, (Moment, Facets)) for b in own):
        return ""
    facets = space.facets()
    held = [sum(_covers(b, facet).astype(int) * b.components for b in walls) for facet in facets]
    if any(np.median(number) > len(problem.fields) for number in held if np.size(number)):
        return ""  # values and slopes on one wall, as in an initial value problem written in space
    enters = _entrance(equations, problem, field, facets, held)
    for facet, number in zip(facets, held, strict=True):
        points, normals = facet.place(_probe(facet))
        empty = np.broadcast_to(np.asarray(number) == 0, len(points))
        if np.sum(empty) < (LEAST if facet.dim else 1):
            continue
        at = int(np.flatnonzero(empty)[np.sum(empty) // 2])
        if any(_asks(b, problem, field, points[at], normals[at], enters) for b in equations):
            where = _in_words(type(problem.domain)(space, None), points[at : at + 1])
            share = "" if empty.all() else f" in {_percent(float(np.mean(empty)))} of a side,"
            return f"no condition on {field} holds at the boundary{share} near {where}: is one missing?"
    return ""


def _probe(facet: Facet) -> np.ndarray:
    return even_probe(facet.dim)


def _covers(block: Block, facet: Facet) -> np.ndarray:
    """Whether a condition holds at the probes of a facet: its pieces are facets, or parts of them."""
    unit = _probe(facet)
    points = facet.place(unit)[0]
    found = np.zeros(len(points), bool)
    for piece in block.site.pieces:  # type: ignore[attr-defined]
        if piece is facet:
            return np.ones(len(points), bool)
        if piece.dim == facet.dim:
            mine = {row.tobytes() for row in np.ascontiguousarray(piece.place(unit)[0])}
            found |= np.array([row.tobytes() in mine for row in np.ascontiguousarray(points)], bool)
    return found


def _is_plain(block: Block) -> bool:
    """Whether a condition asks for values, second derivatives at most and nothing mixed."""
    return all(
        isinstance(q, (Value, Laplacian, Gradient, *GIVEN))
        or (isinstance(q, Derivative) and len(q.along) <= 2 and len(set(q.along)) == 1)
        for q in block.plan.quantities.values()
    )


def _entrance(equations: list[Block], problem, field: str, facets, held) -> float:
    """The sign of what carries a field along the normals of walls with conditions; zero if various."""
    signs = set()
    for facet, number in zip(facets, held, strict=True):
        points, normals = facet.place(_probe(facet))
        full = np.broadcast_to(np.asarray(number) > 0, len(points))
        if full.any():
            at = int(np.flatnonzero(full)[np.sum(full) // 2])
            for block in equations:
                found = _around(block, problem, field, points[at], normals[at])
                signs |= {0.0} if found is None else set(np.sign(found[0][1]))
    return signs.pop() if len(signs) == 1 else 0.0


def _asks(block: Block, problem, field: str, place, normal, enters: float) -> bool:
    """Whether an equation asks for a condition on a field at a place of the wall.

    - `place`, `normal`: in space.
    - `enters`: the sign of what carries the field where conditions hold.
    """
    found = _around(block, problem, field, place, normal)
    if found is None:
        return False
    (second, first, value, time), usual = found
    if not all(np.all(np.isfinite(part)) for part in (second, first, value)):
        return False
    if usual > 0:
        step = CLOSE * float(np.max(problem.domain.space.upper - problem.domain.space.lower))
        rest = np.abs(first) * step + np.abs(value) * step**2
        return bool(np.all(np.abs(second) > FAINT * usual) and np.all(rest <= FALLS * np.abs(second)))
    # What moves with a speed that points inwards, whatever the values, enters here.
    if problem.domain.time is None:
        return bool(enters and np.all(np.sign(first) == enters))
    return bool(np.all(time != 0) and np.all(first * np.sign(time) < 0))


def _around(block: Block, problem, field: str, place, normal):
    """The terms of an equation close to a wall, and the usual size of the first of them inside.

    None where they are not known.
    """
    domain = problem.domain
    numbers = {n: float(v) for n, v in (problem.unknowns | problem.constants).items()}
    rng = np.random.default_rng(0)
    extent = float(np.max(domain.space.upper - domain.space.lower))
    inner, _ = Interior(domain).draw(len(TIMES), Sobol(), rng)
    near = inner.copy()
    near[:, : domain.space_dim] = place - CLOSE * extent * normal
    try:
        here = [_terms(block, field, numbers, p, normal, s) for s, p in enumerate(near)]
        there = [_terms(block, field, numbers, p, normal, s) for s, p in enumerate(inner)]
    except Exception:  # a function that only runs where points are: nothing is known of it
        return None
    return [np.array(part) for part in zip(*here, strict=True)], max(abs(t[0]) for t in there)


def _terms(block: Block, field: str, numbers, point, normal, seed: int) -> tuple[float, ...]:
    """Factors of a field's second and first derivative along a normal, its value, its rate in time.

    Of the component of the residual in which the first of them that is there is largest.
    """
    plan, domain = block.plan, block.plan.space.domain
    fixed = fixed_values(plan, numbers)
    asked = {n: q for n, q in plan.quantities.items() if is_of(q, field)}
    fixed = {n: v if n in numbers else TIMES[seed] * v for n, v in fixed.items()}
    values = at_fixed(plan, fixed, jnp.asarray(point))

    def residual(own):
        return jnp.stack([jnp.asarray(r, float) for r in block.residual(values | own, block.data)])

    slopes = jax.jacfwd(residual)({n: values[n] for n in asked})
    terms = np.zeros((4, block.components))
    for name, quantity in asked.items():
        factor = np.asarray(slopes[name], float)
        orders = orders_of(plan, quantity)
        if isinstance(quantity, Laplacian):
            terms[0] += factor
        elif isinstance(quantity, Gradient):
            terms[1] += factor @ normal
        elif not orders:
            terms[2] += factor
        else:
            ((axis, order),) = orders.items()
            if axis >= domain.space_dim:
                terms[3] += factor * (order == 1)
            else:
                terms[2 - order] += factor * normal[axis] ** order
    best = np.argmax(np.abs(terms[0])) if np.any(terms[0]) else np.argmax(np.abs(terms[1]))
    return tuple(float(part[best]) for part in terms)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _in_words(domain, points: np.ndarray) -> str:
    """The middle one of points, by the names of its components."""
    point = points[len(points) // 2]
    return ", ".join(f"{n} = {v:.4g}" for n, v in zip(domain.component_names(), point, strict=True))
