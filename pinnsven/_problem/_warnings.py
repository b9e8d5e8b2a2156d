"""What a problem seems to leave open, by counting: said when it is declared, as a warning.

A field whose equation is of order n in time takes n conditions in time, and one with second derivatives
along a coordinate one at each end. Counting is no proof: problems of other kinds (first order in space,
degenerate at an end, with readings inside, of several equations that share their fields) are determined
in other ways. So whatever is not of the plain kind that is counted here is passed over in silence, and
the verdict at the end of a solve, which looks at the answer, has the last word.
"""

import warnings

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._messages import listing
from .._calculus._names import (
    ConstantValue,
    CoordinateValue,
    Derivative,
    Laplacian,
    UnknownValue,
    Value,
)
from .._conditions import GIVEN, Block, FixedPoints
from .._domains import Box, Facets, Moment
from .._networks import Ansatz

BEGINNING = "the answer may not be determined"
PROBES = 4  # values of a residual's arguments at which a coefficient is looked at
FAINT = 1e-6  # of its size inside, below which a coefficient vanishes at an end


def warn_of_missing(problem) -> None:
    """A `UserWarning` for each missing start or side that counting shows.

    - `problem`: with blocks and space. One with an `Ansatz` is left alone: that may hold anything.
    """
    if isinstance(problem.network, Ansatz) or problem.layout.places or problem.layout.composites:
        return  # parts and pieces are tied to one another in more ways than are counted
    for missing in (*_missing_starts(problem), *_missing_sides(problem)):
        # The line that declares the problem: above this function and the problem's __init__.
        warnings.warn(f"{BEGINNING}: {missing}", UserWarning, stacklevel=3)


def _missing_starts(problem):
    """A sentence for each field with fewer conditions in time than its equation has derivatives."""
    time = problem.domain.time
    equations = [b for b in problem.blocks if b.interior]
    if time is None:
        return
    name = time.coordinate.name
    orders = {f: _highest(equations, f, name) for f in problem.fields}
    evolving = [field for field, order in orders.items() if order]
    # As many equations as fields that evolve: an algebraic one would leave less to be prescribed.
    if not evolving or sum(b.components for b in equations) != len(evolving):
        return
    for field in evolving:
        if any(_is_tied_elsewhere(b, field) for b in problem.blocks):
            continue
        moments = [b for b in problem.blocks if isinstance(b.site, Moment)]
        given = {(b.site.at, order) for b in moments for order in _orders(b, field, name)}
        if len(given) < orders[field]:
            at_start = {order for at, order in given if at == time.start}
            open_orders = [order for order in range(orders[field]) if order not in at_start]
            wanted = [field + ("_" + name * order if order else "") for order in open_orders]
            yield (
                f"the equation of {field!r} is of order {orders[field]} in {name}, and "
                f"{len(given) or 'no'} condition{'s' * (len(given) != 1)} in time can be counted. Is "
                f"{listing(wanted)} at {name} = {time.start:g} missing, as in "
                f"pv.Initial({wanted[0]}=0.0)? An Ansatz that builds it in goes into Problem(network=)"
            )


def _missing_sides(problem):
    """A sentence for each end without a condition, where one plain equation of second order holds."""
    equations = [b for b in problem.blocks if b.interior]
    space = problem.domain.space
    plain = isinstance(space, Box) and len(problem.fields) == len(equations) == 1
    if not plain or equations[0].components != 1 or not _is_plain(equations[0], problem.domain):
        return
    field = problem.fields[0]
    if any(_is_tied_elsewhere(b, field) for b in problem.blocks):
        return
    facets = [b for b in problem.blocks if isinstance(b.site, Facets)]
    if problem.domain.dim == 1 and sum(b.components for b in facets) >= 2:
        return  # an initial value problem, written in space
    held = {name for b in facets for piece in b.site.pieces for name in piece.names}
    second = {c.name: _second(equations[0], c.name) for c in space.coordinates}
    for coordinate in space.coordinates:
        if coordinate.periodic or coordinate.vector or not second[coordinate.name]:
            continue
        for side in "-+":
            part = coordinate.name + side
            if part not in held and _is_regular(equations[0], problem, coordinate.name, side):
                yield (
                    f"{field!r} has a second derivative along {coordinate.name!r}, and no condition on "
                    f"the side {part!r}. Is one missing, as in pv.Dirichlet({field}=0.0, on={part!r})? "
                    "An Ansatz that builds it in goes into Problem(network=)"
                )


def _highest(blocks: list[Block], field: str, along: str) -> int:
    return max((order for b in blocks for order in _orders(b, field, along)), default=0)


def _orders(block: Block, field: str, along: str) -> set[int]:
    """The orders of the derivatives of a field along a coordinate that a block asks for."""
    asked = [q for q in block.plan.quantities.values() if getattr(q, "field", None) == field]
    return {q.along.count(along) if isinstance(q, Derivative) else 0 for q in asked}


def _is_tied_elsewhere(block: Block, field: str) -> bool:
    """Whether a condition knows the field that is neither an equation nor on a side alone."""
    mentioned = any(getattr(q, "field", None) == field for q in block.plan.quantities.values())
    plain = block.plan.is_local and (block.interior or isinstance(block.site, (Moment, Facets)))
    return mentioned and (not plain or isinstance(block.site, FixedPoints))


def _is_plain(block: Block, domain) -> bool:
    """Whether an equation is of second order in space, unmixed, and of first order in time at most."""
    time = domain.time.coordinate.name if domain.time is not None else None
    for quantity in block.plan.quantities.values():
        if isinstance(quantity, (Value, *GIVEN, Laplacian)):
            continue
        if not isinstance(quantity, Derivative):
            return False
        if len(quantity.along) > 2 or len(set(quantity.along)) > 1:
            return False
        if len(quantity.along) == 2 and time in quantity.along:
            return False
    return True


def _second(block: Block, along: str) -> list[str]:
    """The names under which a block asks for second derivatives along a coordinate."""
    return [
        name
        for name, q in block.plan.quantities.items()
        if isinstance(q, Laplacian) or (isinstance(q, Derivative) and q.along == (along, along))
    ]


def _is_regular(block: Block, problem, along: str, side: str) -> bool:
    """Whether an equation keeps its order at an end, with second derivatives of one sign.

    Where the coefficient vanishes or is not finite there (at the axis of cylindrical coordinates, at a
    price of zero), and where signs differ (a wave equation), an end may need no condition.
    """
    space = problem.domain.space
    names = [n for c in space.coordinates for n in _second(block, c.name)]
    try:
        inside = _coefficients(block, problem, names, None)
        at_end = _coefficients(block, problem, names, (along, side))
    except Exception:  # a function that only runs where points are: nothing is known of it
        return False
    if not (np.all(np.isfinite(at_end)) and np.all(np.isfinite(inside))):
        return False
    own = [names.index(n) for n in _second(block, along)]
    strong = np.abs(at_end[:, own]) > FAINT * np.max(np.abs(inside), axis=0)[own]
    both = np.concatenate([inside, at_end])
    return bool(np.all(strong) and (np.all(both >= 0) or np.all(both <= 0)))


def _coefficients(block: Block, problem, names: list[str], end: tuple[str, str] | None) -> np.ndarray:
    """The residual's derivatives by second derivatives (probes, names), at random other values.

    - `end`: a coordinate and a side at which it is held; None for places inside.
    """
    rng, domain = np.random.default_rng(0), problem.domain
    found = []
    for _ in range(PROBES):
        point = domain.split(domain.lower + rng.random((1, domain.dim)) * (domain.upper - domain.lower))
        values = {n: jnp.asarray(rng.standard_normal()) for n in block.plan.names}
        for name, quantity in block.plan.quantities.items():
            if isinstance(quantity, CoordinateValue):
                value = point[quantity.name][0]
                if end is not None and end[0] == quantity.name:
                    c = next(c for c in domain.coordinates if c.name == quantity.name)
                    value = (c.lower if end[1] == "-" else c.upper)[0]
                values[name] = jnp.asarray(value)
            if isinstance(quantity, (UnknownValue, ConstantValue)):
                known = problem.unknowns | problem.constants
                values[name] = jnp.asarray(known[quantity.name])
        residual = lambda second, others=values: block.residual(others | second)[0]
        value, slopes = jax.value_and_grad(residual)({n: values[n] for n in names})
        found.append([float(slopes[n]) + 0.0 * float(value) for n in names])
    return np.array(found)
