"""A rule along a line, in panels as narrow as what is integrated asks for.

Fixed nodes may all miss what is narrow. What is integrated is therefore looked at first, with smooth
fields: in some thousand panels, and in ever narrower ones about the numbers that stand in its program,
for about those a feature lies that no even spacing may ever meet.
"""

import itertools
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._traced import numbers_in
from .._calculus._names import NameSpace

PANELS, NODES = 1 << 12, 8  # even panels in which is looked, and nodes of each
MARKS, HALVINGS = 32, range(4, 40)  # numbers about which panels are halved, and how often
SUMMED = 16  # numbers whose sums are marks too
RESOLVED = 1e-6  # of the integral of what is absolute, up to which a rule is right
EXACT = 1e-13  # the same, to which panels are halved
MOST = 4_000  # nodes of a rule


def marks_in(program) -> list[float]:
    """Places about which a traced function may be narrow: its numbers, and the sums of two of them.

    For |x - 0.5| < 0.2 ends at 0.3 and at 0.7.
    """
    known = [sign * value for value in sorted(numbers_in(program)) for sign in (1.0, -1.0)]
    sums = [one + other for one, other in itertools.combinations(known[:SUMMED], 2)]
    return list(dict.fromkeys([*known, *sums]))


def smooth_fields(space: NameSpace) -> Callable:
    """Fields with less than a wave across the domain, by which an integrand is looked at."""
    domain = space.domain
    center = (domain.lower + domain.upper) / 2
    width = domain.upper - domain.lower + 1e-300

    def fields(point):
        waves = jnp.cos((point - center.astype(point.dtype)) / width.astype(point.dtype)) + 0.3
        return jnp.full(len(space.fields), 1.0) * jnp.prod(waves)

    return fields


def of_one_size(program: Callable) -> Callable:
    """A program of so many places as are ever looked at, for fewer of them: it is compiled once."""
    number = NODES * (PANELS + MARKS * (2 * len(HALVINGS) + 1))

    def function(places):
        padded = np.concatenate([places, np.full(number - len(places), places[-1])])
        return program(padded)[: len(places)]

    return function


def on_panels(edges, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre's places and weights between all edges, (panels, order) each."""
    unit, weights = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    return edges[:-1, None] + half * (1 + unit), half * weights


def adapted(
    function: Callable, lower: float, upper: float, marks, plain, order: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Places and weights of a rule that resolves a function between two ends.

    The plain rule where that does, or where no rule of bounded length would.

    - `function`: of places (n,) to columns (n, k), each of which is integrated.
    - `marks`: places about which there may be something narrow.
    - `plain`: places and weights of the rule to begin with.
    - `order`: nodes of each panel.
    """
    edges = edges_about(lower, upper, marks)
    places, weights = on_panels(edges, NODES)
    values = function(places.ravel()).reshape(*places.shape, -1)
    fine = np.einsum("pn,pnk->pk", weights, values)
    size = np.einsum("pn,pnk->k", weights, np.abs(values))
    whole = fine.sum(axis=0)
    if not np.all(np.isfinite(whole)):
        return plain
    if np.all(np.abs(plain[1] @ function(plain[0]) - whole) <= RESOLVED * size):
        return plain
    total = np.concatenate([np.zeros((1, fine.shape[1])), np.cumsum(fine, axis=0)])
    waiting, kept = [(0, len(fine))], []
    while waiting and order * (len(waiting) + len(kept)) <= MOST:
        places, weights = zip(*(on_panels(edges[[i, j]], order) for i, j in waiting), strict=True)
        values = function(np.concatenate(places, axis=None)).reshape(len(waiting), order, -1)
        found = np.einsum("pn,pnk->pk", np.concatenate(weights), values)
        halved = []
        for (i, j), value in zip(waiting, found, strict=True):
            if j - i == 1 or np.all(np.abs(value - (total[j] - total[i])) <= EXACT * size):
                kept.append((i, j))
            else:
                middle = np.searchsorted(edges, (edges[i] + edges[j]) / 2)
                middle = min(max(int(middle), i + 1), j - 1)
                halved += [(i, middle), (middle, j)]
        waiting = halved
    if waiting:
        return plain
    parts = [on_panels(edges[[i, j]], order) for i, j in sorted(kept)]
    return tuple(np.concatenate(part, axis=None) for part in zip(*parts, strict=True))  # type: ignore


def edges_about(lower: float, upper: float, marks) -> Float[np.ndarray, " n"]:
    """Ends of even panels, and of ever narrower ones about marks."""
    inside = [mark for mark in marks if lower <= mark <= upper][:MARKS]
    steps = (upper - lower) * 0.5 ** np.array(HALVINGS)
    around = [mark + sign * steps for mark in inside for sign in (-1, 1)]
    edges = np.concatenate([np.linspace(lower, upper, PANELS + 1), inside, *around])
    return np.unique(edges[(lower <= edges) & (edges <= upper)])
