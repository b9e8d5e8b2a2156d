"""What no condition covers: where no equation of a field holds, and walls of which nothing is said.

A small part of the domain or of its boundary, and a wall from which little comes in the time there is,
leave the answer open in functions that are steeper than those in which a verdict looks for freedom.
So they are looked for in the declaration: points that no condition of a field meets.
"""

from collections.abc import Callable

import numpy as np

from .._basics._precision import precision_context
from .._calculus._names import Laplacian
from .._conditions import GIVEN, Block, FixedPoints
from .._domains import Interior, Moment, Sobol
from .._networks import Ansatz
from ._asked import (
    LEAST,
    TIMES,
    Inquiry,
    asked_of,
    is_plain,
    percent,
    place_in_words,
)
from ._open_walls import open_to_waves, open_wall
from ._reading import is_of, orders_of

LOOKS = 1 << 15  # points of the inside; a gap of three of them is seen
ALONG = 4096  # places along a line, or at the start, at which a condition is asked for
FEW = 8  # readings, or integrals, that stand for no condition in several dimensions
LOST = 0.02  # of the largest share of a highest derivative: two neighbors with less have a zero between


def uncovered(problem, compile: Callable) -> str:
    """What no condition of a field covers, as a sentence; empty where nothing is found.

    - `compile`: as `Compiler.compile`.

    Fields that are read, tied to other places, pieced together or built into a network of the user's
    are passed over: they are determined in ways that are not counted.
    """
    composites = problem.layout.composites
    others = any(not (c.is_complex or len(c.shape) == 1) for c in composites)
    if isinstance(problem.network, Ansatz) or problem.layout.places or others:
        return ""
    ask = Inquiry(problem, compile)
    with precision_context("float64"):
        for field in problem.fields:
            own = [b for b in problem.blocks if _mentions(b, field) and not _is_a_number(b)]
            if any(not b.plan.is_local or isinstance(b.site, FixedPoints) for b in own):
                continue
            for look in (_inside, _at_start, _at_both_ends, open_wall):
                if found := look(ask, field, own):
                    return found
        said = [b for b in problem.blocks if not _is_a_number(b)]
        local = all(b.plan.is_local and not isinstance(b.site, FixedPoints) for b in said)
        if local and (found := open_to_waves(ask, problem.fields, said)):
            return found
        return _at_zero(ask)


def _at_zero(ask: Inquiry) -> str:
    """Where the only equation along a line loses its order inside of it, in words.

    On both sides of a zero of the factor of its highest derivative it may have different solutions.
    """
    problem = ask.problem
    equations = [b for b in problem.blocks if b.interior]
    single = problem.domain.dim == len(problem.fields) == len(equations) == 1
    if not single or equations[0].components != 1 or not is_plain(equations[0]):
        return ""
    (equation,), (field,) = equations, problem.fields
    plan = equation.plan
    orders = {n: sum(orders_of(plan, q).values()) for n, q in asked_of(plan, field).items()}
    highest = max(orders.values(), default=0)
    steep = [n for n, order in orders.items() if order == highest]
    if not highest or len(steep) != 1:
        return ""
    beside = max((n for n in orders if orders[n] < highest), key=lambda n: orders[n], default="")
    low, high = problem.domain.lower, problem.domain.upper
    line = low + (high - low) * np.linspace(0.003, 0.996, ALONG)[:, None]
    try:
        found = ask.factors(equation, field, np.tile(line, (2, 1)), np.repeat(TIMES[:2], ALONG))
    except Exception:  # a function that only runs where points are: nothing is known of it
        return ""
    found = {name: factor[:, 0] for name, factor in found.items()}
    with np.errstate(invalid="ignore", divide="ignore"):
        # A pole of the factor beside it is a zero here, and turns the sign as that does.
        share = found[steep[0]] / sum(np.abs(factor) for factor in found.values())
        shares = (share * np.sign(found[beside]) if beside else share).reshape(2, ALONG)
    share = shares[0]
    if not np.all(np.isfinite(share)) or not np.allclose(share, shares[1], rtol=1e-9, atol=1e-12):
        return ""  # where it vanishes is for the solution to say
    turns = np.flatnonzero(share[:-1] * share[1:] < 0)
    turns = [i for i in turns if max(abs(share[i : i + 2])) < LOST * np.max(np.abs(share))]
    if not turns:
        return ""
    where = place_in_words(problem.domain, line[turns[0] : turns[0] + 1])
    return (
        f"the factor of {steep[0]} is zero near {where}, and on both sides of it the equation may have "
        "solutions of its own."
    )


def _mentions(block: Block, field: str) -> bool:
    asked = block.plan.quantities.values()
    return any(is_of(q, field) or not (hasattr(q, "field") or isinstance(q, GIVEN)) for q in asked)


def _is_a_number(block: Block) -> bool:
    """Whether a condition says a few numbers, which are no function along a wall, nor one in time."""
    if block.plan.space.domain.dim < 2:
        return False
    if isinstance(block.site, FixedPoints):
        return len(block.site.points) <= FEW
    return not block.plan.is_local and block.site.finite is not None and block.site.finite <= FEW


def _inside(ask: Inquiry, field: str, own: list[Block]) -> str:
    """Where no equation of a field holds, in words."""
    equations = [b for b in own if b.interior]
    whole = lambda b: getattr(b.site, "where", None) is None and not ask.may_be_silent(b)
    if not equations or any(map(whole, equations)):
        return ""
    points, _ = Interior(ask.problem.domain).draw(LOOKS, Sobol(), np.random.default_rng(0))
    open_ones = ~np.any([ask.says(b, field, points) for b in equations], axis=0)
    if np.sum(open_ones) < LEAST:
        return ""
    share, where = float(np.mean(open_ones)), place_in_words(ask.problem.domain, points[open_ones])
    return (
        f"no equation of {ask.named(field)} holds in {percent(share)} of the domain, as near {where}."
    )


def _at_start(ask: Inquiry, field: str, own: list[Block]) -> str:
    """Where a start is switched off, in words."""
    starts = [b for b in own if isinstance(b.site, Moment)]
    if not starts or not all(ask.may_be_silent(b) for b in starts):
        return ""
    site = starts[0].site
    assert isinstance(site, Moment)
    points, _ = site.draw(ALONG, Sobol(), np.random.default_rng(0))
    open_ones = ~np.any([ask.says(b, field, points) for b in starts], axis=0)
    if np.sum(open_ones) < LEAST:
        return ""
    share, where = float(np.mean(open_ones)), place_in_words(ask.problem.domain, points[open_ones])
    named = ask.named(field)
    return f"nothing is said of {named} at the start in {percent(share)} of space, as near {where}."


def _at_both_ends(ask: Inquiry, field: str, own: list[Block]) -> str:
    """A wave of which a part is said at the start and a part at the end of time, in words.

    Modes that fit into the time meet any such values, and others nearly do.
    """
    time, moments = ask.problem.domain.time, [b for b in own if isinstance(b.site, Moment)]
    if time is None or ask.problem.domain.space is None:
        return ""
    said = {time.start: 0, time.stop: 0}
    for block in moments:
        assert isinstance(block.site, Moment)
        said[block.site.at] += block.components
    if min(said.values()) == 0 or max(said.values()) > len(ask.problem.fields):
        return ""
    equations = [b for b in own if b.interior and is_plain(b)]
    if not any(_is_a_wave(b, ask, field) for b in equations):
        return ""
    return (
        f"{ask.named(field)} is a wave with one value at the start and one at the end of time: waves "
        f"that fit into the time change nothing there. Give both {ask.named(field)} and its rate at "
        "the start."
    )


def _is_a_wave(block: Block, ask: Inquiry, field: str) -> bool:
    """Whether second derivatives in time and in space have factors of opposite signs in an equation."""
    plan, domain = block.plan, ask.problem.domain
    points, _ = Interior(domain).draw(len(TIMES), Sobol(), np.random.default_rng(0))
    try:
        factors = ask.factors(block, field, points, TIMES)
    except Exception:  # a function that only runs where points are: nothing is known of it
        return False
    in_time, in_space = np.zeros((2, len(TIMES), block.components))
    for name, quantity in asked_of(plan, field).items():
        orders = orders_of(plan, quantity)
        if isinstance(quantity, Laplacian) or (orders and set(orders.values()) == {2}):
            into = in_time if domain.dim - 1 in orders else in_space
            into += factors[name]
    return bool(np.all(np.any(in_time * in_space < 0, axis=1)))
