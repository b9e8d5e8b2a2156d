"""Values on walls that are built into the solution although nobody asks for it.

On flat walls of a box, and all around a disk or ball, a smooth solution is known the better for it
(experiment 99). It is not where the solution is known not to be smooth, nor where a start does not fit
the walls: what multiplies the distance from a wall would then have to be infinite there. Nor where
there are round holes: the harmonic functions about them are none any more once they are multiplied.
"""

import copy
import dataclasses
from typing import Any

import jax
import numpy as np

from .._basics._compiled import briefly
from .._basics._precision import precision_context
from .._calculus._names import Value
from .._conditions import (
    GIVEN,
    Block,
    Dirichlet,
    FixedPoints,
    Initial,
    Term,
    largest_distance_scale,
    number_lift,
    obstacle,
    points_inside,
)
from .._domains import AbstractSurface, Facets, Moment, Plane, Sobol, Sphere
from .._networks import Ansatz, holes_of
from ._reading import is_of, prescribed
from ._wall_functions import is_rectangle, term_of_functions

PLACES = 64  # on each wall, at which a start is held against it
FITS = 1e-9  # relative, to which a start fits a wall


def with_walls_built_in(problem, network, points, singularities, spots=(), draws=False):
    """The problem itself, or a copy of it in which values on walls are built in.

    - `network`: an `Ansatz` builds in what it likes.
    - `points`: as given to `solve`: a condition whose points are chosen keeps them.
    - `singularities`: of the solution, as far as they are known.
    - `spots`: where what is prescribed is concentrated: a series along a wall would miss it.
    - `draws`: whether drawn functions are tried first: of functions on walls they keep more digits as
      conditions like others (experiment 165).
    """
    named = points if isinstance(points, dict) else {}
    if isinstance(network, Ansatz) or singularities or problem.terms:
        return problem
    space = problem.domain.space
    if space is not None and problem.domain.space_dim in (2, 3) and holes_of(space):
        return problem
    usable = {b.name: b for b in problem.blocks if b.name not in named and _is_plain(problem, b)}
    if len(usable) == len(problem.blocks):
        return problem
    with precision_context("float64"):
        terms = {f: _term(problem, f, usable) for f in problem.fields}
    chosen = _whole(problem, usable, terms)
    if len(chosen) < len(problem.blocks) - 1 and is_rectangle(problem.domain) and not (spots or draws):
        functions, joined = _with_functions(problem, named)
        if len(whole := _whole(problem, functions, joined)) > len(chosen):
            terms, chosen = joined, whole
    if not chosen:
        return problem
    changed = copy.copy(problem)
    blocks = [dataclasses.replace(b, exact=b.name in chosen) for b in problem.blocks]
    object.__setattr__(changed, "blocks", tuple(blocks))
    object.__setattr__(changed, "terms", tuple(terms[field] for field in problem.fields))
    return changed


def _with_functions(problem, named) -> tuple[dict[str, Block], dict[str, Term | None]]:
    """Conditions in a rectangle that prescribe functions on walls, and what they build into each field.

    - `named`: conditions whose points are chosen.
    """
    terms: dict[str, Term | None] = dict.fromkeys(problem.fields)
    usable = {b.name: b for b in problem.blocks if b.name not in named and _is_plain(problem, b, True)}
    if len(usable) == len(problem.blocks):
        return {}, terms
    with precision_context("float64"):
        for field in problem.fields:
            if (walls := _walls(problem, field, usable)) is not None:
                terms[field] = term_of_functions(problem, walls)  # type: ignore[arg-type]
    return usable, terms


def _whole(problem, usable, terms: dict[str, Term | None]) -> set[str]:
    """The conditions that are built in whole; a field of which one is not loses its term."""
    while True:
        fields = {name: problem.conditions[name].values for name in usable}
        chosen = {name for name in usable if all(terms[field] is not None for field in fields[name])}
        lost = [
            field
            for field, term in terms.items()
            if term is not None and any(field in fields[n] for n in usable if n not in chosen)
        ]
        if not lost:
            return chosen
        terms.update(dict.fromkeys(lost))


def _is_plain(problem, block: Block, functions: bool = False) -> bool:
    """Whether a condition prescribes numbers on whole walls, and leaves it to the solver how.

    - `functions`: whether it may prescribe functions too.
    """
    condition = problem.conditions[block.name]
    if any(name not in problem.fields for name in getattr(condition, "values", ())):
        return False  # fields that are made of others
    return (
        isinstance(condition, Dirichlet)
        and condition.exact is None
        and condition.function is None
        and condition.weight is None
        and condition.points is None
        and (functions or not any(callable(value) for value in condition.values.values()))
        and isinstance(block.site, Facets)
        and all(_is_smooth(piece.surface) for piece in block.site.pieces)
    )


def _is_smooth(surface: AbstractSurface | None) -> bool:
    return isinstance(surface, Plane) or (isinstance(surface, Sphere) and not surface.outside)


def _term(problem, field: str, usable: dict[str, Block]) -> Term | None:
    """What can be built into a field of which numbers are prescribed, or None."""
    walls = _walls(problem, field, usable)
    if walls is None:
        return None
    axes = {surface.axes for surface in walls}
    alike = len(set(walls.values())) == 1
    if not alike and (len(axes) > 1 or not all(isinstance(s, Plane) for s in walls)):
        return None
    domain = problem.domain
    mine = [facet for facet in domain.space.facets() if facet.surface in walls]
    beside = [b for b in problem.blocks if b.name not in usable]
    if not all(_fits(problem, b, field, mine, walls) for b in beside):
        return None
    lift = number_lift(tuple(walls), tuple(walls.values()), domain)
    scale = largest_distance_scale(tuple(walls), points_inside(domain))
    return Term(lift, tuple(walls), None, scale)  # type: ignore[call-arg]


def _walls(problem, field: str, usable: dict[str, Block]) -> dict[AbstractSurface, Any] | None:
    """What is prescribed of a field on walls, numbers and functions; None where they cannot be held.

    That is where none are, two conditions differ on one of them, a wall goes on inside or is partly
    another condition's, or another condition asks for the field there too.
    """
    walls: dict[AbstractSurface, Any] = {}
    for name, block in usable.items():
        if field not in problem.conditions[name].values:
            continue
        value = problem.conditions[name].values[field]
        value = value if callable(value) else float(value)
        for piece in block.site.pieces:  # type: ignore[union-attr]
            if walls.setdefault(piece.surface, value) != value:
                return None
    if not walls:
        return None
    inside = points_inside(problem.domain)
    others = [facet for facet in problem.domain.space.facets() if facet.surface not in walls]
    if any(obstacle(surface, inside, others) for surface in walls):
        return None
    beside = [b for b in problem.blocks if b.name not in usable]
    return None if any(_is_on(b, field, walls) for b in beside) else walls


def _is_on(block: Block, field: str, walls) -> bool:
    """Whether a condition asks for values of a field on its walls alone, where no network answers."""
    if not all(isinstance(q, (Value, *GIVEN)) for q in block.plan.quantities.values()):
        return False
    if not any(is_of(q, field) for q in block.plan.quantities.values()):
        return False
    if isinstance(block.site, FixedPoints):
        points = block.site.points
    else:
        points, _ = block.site.draw(PLACES, Sobol(), np.random.default_rng(0))
    return bool(np.all(np.min([np.abs(s.level(points.T)) for s in walls], axis=0) < FITS))


def _fits(problem, block: Block, field: str, facets, walls: dict[AbstractSurface, float]) -> bool:
    """Whether a condition at one time agrees with the walls where it meets them."""
    if not isinstance(block.site, Moment):
        return True
    if not any(isinstance(q, Value) and is_of(q, field) for q in block.plan.quantities.values()):
        return True  # it says nothing of the field itself
    condition = problem.conditions[block.name]
    spots = [f.place(np.random.default_rng(0).random((PLACES, f.dim)))[0] for f in facets]
    wanted = np.concatenate(
        [np.full(len(s), walls[f.surface]) for s, f in zip(spots, facets, strict=True)]
    )
    met, domain = np.concatenate(spots), problem.domain
    rest = domain.rest(np.random.default_rng(1).random((len(met), domain.dim - domain.space_dim)))
    rest[:, -1] = block.site.at
    met = np.concatenate([met, rest], axis=1)
    inside, _ = block.site.draw(PLACES, Sobol(), np.random.default_rng(0))
    points = np.concatenate([met, inside])
    if isinstance(condition, Initial) and condition.function is None:
        value = condition.values[field]
        found = briefly(jax.vmap(lambda p: prescribed(problem, value, p)))(points)
    elif block.given is not None:
        found = block.given.at(points)[f"_given_{field}"]
    else:
        return False
    found = np.asarray(found)
    size = np.maximum(np.max(np.abs(found)), np.abs(wanted))
    return bool(np.all(np.abs(found[: len(met)] - wanted) <= FITS * size))
