"""How what a hole makes of a solution fades from it, by its equation."""

import numpy as np

from .._basics._precision import precision_context
from .._calculus._names import Derivative, Gradient, Laplacian
from .._conditions import Block
from .._networks import holes_of
from ._layers import factors_of, orders_along
from ._reading import is_of, places

DERIVATIVES = (Derivative, Gradient, Laplacian)
WEAK = 0.1  # fading across the whole domain, below which nothing fades by itself
SAME = 1e-9  # of factors, by which those of one Laplacian may differ


def screening(problem) -> float:
    """k of an equation that is laplacian u - k^2 u = f but for a factor, per unit of length.

    Zero for any other, and where the domain has no round holes: what fades from these is all that asks
    for it. Where k depends on the place or on the solution it is a typical one.
    """
    domain = problem.domain
    if domain.space is None or domain.space_dim not in (2, 3) or domain.dim != domain.space_dim:
        return 0.0
    if len(problem.fields) != 1 or not holes_of(domain.space):
        return 0.0
    equations = [b for b in problem.blocks if b.interior]
    if len(equations) != 1 or equations[0].components != 1:
        return 0.0
    try:
        with precision_context("float64"):
            return _rate(problem, equations[0])
    except Exception:  # a function of the user's that fails elsewhere than at the points
        return 0.0


def is_biharmonic(problem) -> bool:
    """Whether what fades from round holes in the plane is harmonic functions times r^2 as well.

    So it is with displacements and stresses, with slow flows and their pressure, and where derivatives
    are of fourth order: not where fields that live in one place do not meet in an equation.
    """
    if problem.domain.space_dim != 2 or problem.domain.space is None:
        return False
    layout = problem.layout
    shapes = [problem.domain.space, *(place.part for place in layout.places if place.part is not None)]
    if not any(holes_of(shape) for shape in shapes):
        return False
    whole = {member: c.name for c in layout.composites if c.is_complex for member in c.members}
    parts = dict(zip(problem.fields, (id(place.part) for place in layout.places), strict=False))
    for block in problem.blocks:
        slopes = [q for q in block.plan.quantities.values() if isinstance(q, DERIVATIVES)]
        fields = {(whole.get(q.field, q.field), parts.get(q.field)) for q in slopes}
        together = len(fields) > len({part for _, part in fields})
        orders = [len(q.along) for q in slopes if isinstance(q, Derivative)]
        if block.interior and (together or max(orders, default=0) >= 4):
            return True
    return False


def _rate(problem, block: Block) -> float:
    """The same of an equation of one field, if it has no derivatives but those of a Laplacian."""
    quantities, orders = (
        block.plan.quantities,
        [orders_along(block, a) for a in range(problem.domain.dim)],
    )
    known = set().union(*orders)
    others = [n for n, q in quantities.items() if is_of(q, problem.fields[0]) and n not in known]
    if others or any(set(along.values()) - {0, 2} for along in orders):
        return 0.0
    factors = factors_of(problem, block)(places(problem.domain))
    none = np.zeros_like(next(iter(factors.values())))
    total = lambda order, along: sum((factors[n] for n, k in along.items() if k == order), none)
    second = np.array([total(2, along) for along in orders])
    if not np.allclose(second, second[0], rtol=SAME, atol=0) or not np.all(second[0] != 0):
        return 0.0
    squares = -total(0, orders[0]) / second[0]
    rate = float(np.sqrt(np.median(squares))) if np.all(squares > 0) else 0.0
    return rate if rate * np.max(problem.domain.upper - problem.domain.lower) > WEAK else 0.0
