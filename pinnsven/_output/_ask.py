"""What a solution is asked for by name: derivatives, residuals, integrals, wherever its fields are."""

import numpy as np

from .._basics._functions import NamedFunction
from .._basics._messages import listing, nearest
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import NameSpace
from .._conditions import Block, FixedPoints
from .._domains import (
    Domain,
    Facets,
    Moment,
    Moments,
    boundary_rule,
    boundary_site,
    gauss_rule,
    outward_normals,
    stack_coordinates,
)
from ._data import SolutionData, by_field

GONE = (
    "a solution from a file, and a copy, have no conditions: load it with their problem, as in "
    "pv.load(path, problem=problem)"
)


def name_space(solution: SolutionData) -> NameSpace:
    """The names that a solution knows; its constants only where its problem is at hand."""
    numbers = solution.numbers
    constants = tuple(name for name in numbers if name not in solution.unknowns)
    unknowns = tuple(solution.unknowns)
    return NameSpace(solution.fields, solution.domain, unknowns, constants, solution.layout)


def asks_for_field(solution: SolutionData, name: str) -> bool:
    """Whether a name asks for a field or a derivative of one."""
    space = name_space(solution)
    return space.knows(name) and hasattr(space.read(name), "field")


def named_values(solution: SolutionData, name: str, coordinates: dict, outside: str, on) -> np.ndarray:
    """What a name asks for at coordinates: the shape to which they broadcast, and a vector's axis.

    - `on`: the part of the boundary of which the normal is meant; None for all of it.

    Raises `ValueError` for coordinates as a call does, for a normal derivative away from the boundary,
    and for a part where no normal is asked for.
    """
    space, asked = name_space(solution), (name,)
    expanded = space.layout.expanded(name)
    if expanded is not None:
        asked = expanded[1]
    plan = DerivativePlan(asked, space)
    points, shape = stack_coordinates(solution.domain, coordinates)
    if on is not None and not plan.needs_normal:
        raise ValueError(f"on={on!r}: {name} has no normal in it, and is the same on every part")
    pieces = None
    if plan.needs_normal and on is not None:
        pieces = _facets(solution.domain, on).pieces
    normals = outward_normals(solution.domain, points, pieces) if plan.needs_normal else None
    found = solution.named(plan, points, normals)
    parts = [solution.blanked(found[n], points, coordinates, outside) for n in asked]
    if outside == "nan" and space.layout.has_parts:
        alive = solution.alive(points, coordinates)
        for member, values in zip(asked, parts, strict=True):
            field = getattr(space.read(member), "field", None)
            if field is not None:
                values[~alive[:, space.fields.index(field)]] = np.nan
    values = parts[0]
    if expanded is not None:
        values = expanded[0].whole_at(name, parts, points[:, : solution.domain.space_dim])
    return values.reshape(shape + values.shape[1:])


def _facets(domain: Domain, on) -> Facets:
    site = boundary_site(domain, on)
    if not isinstance(site, Facets):
        raise ValueError(
            f"on={on!r}: an end of time has no normal; name a part of the boundary in space"
        )
    return site


# Residuals


def residual_values(solution: SolutionData, name: str, coordinates: dict, outside: str) -> np.ndarray:
    """The unweighted residual of a condition; see `Solution.residual`."""
    block = _block(solution, name)
    points, shape = _places(solution, block, coordinates)
    normals = None
    if block.plan.needs_normal:
        pieces = block.site.pieces if isinstance(block.site, Facets) else None
        normals = outward_normals(solution.domain, points, pieces)
    values = solution.named(block.plan, points, normals)
    if isinstance(block.site, FixedPoints):
        values |= {key: np.asarray(v, float) for key, v in block.site.auxiliary.items()}
    if block.given is not None:
        values |= block.given.at(points)
    found = solution.evaluator.combined(block.residual, values)  # type: ignore[attr-defined]
    found = np.stack(found, axis=-1) if block.components > 1 else found[0]
    if not isinstance(block.site, FixedPoints):
        found = solution.blanked(found, points, coordinates, outside)
    return found.reshape(shape + found.shape[1:])


def _block(solution: SolutionData, name: str) -> Block:
    blocks = getattr(solution.problem, "blocks", None)
    if blocks is None:
        raise ValueError(f"residual({name!r}): {GONE}")
    known = {block.name: block for block in blocks}
    if name not in known:
        raise ValueError(
            f"residual({name!r}): there is no such condition; there are {listing(known)}."
            + nearest(str(name), list(known))
        )
    return known[name]


def _places(solution: SolutionData, block: Block, coordinates: dict):
    """The points (n, dim) at which a condition is asked for, and their shape."""
    domain, site = solution.domain, block.site
    if isinstance(site, FixedPoints):
        if coordinates:
            raise ValueError(
                f"residual({block.name!r}): the condition holds at its own {len(site.points)} points "
                "alone; leave the coordinates out"
            )
        return site.points, (len(site.points),)
    given = dict(coordinates)
    if isinstance(site, Moment) and domain.time is not None:
        given.setdefault(domain.time.coordinate.name, site.at)
    if isinstance(site, Moments) and domain.space is not None:  # of which the space has no part
        middle = (domain.space.lower + domain.space.upper) / 2
        for key, part in Domain(domain.space, None).split(middle).items():
            given.setdefault(key, part)
    return stack_coordinates(domain, given)


# The estimated error


def estimated_error(solution: SolutionData, coordinates: dict, outside: str):
    """The size of the estimated error at coordinates; see `Solution.error_at`."""
    if solution.corrected is None:
        raise ValueError(
            "error_at: no error was estimated that could be told place by place. It is after a solve "
            "with estimate_error=True that came to a verdict, and is not kept in files or by march"
        )
    points, shape = stack_coordinates(solution.domain, coordinates)
    better = solution.evaluator.beside(solution.corrected, points)  # type: ignore[attr-defined]
    values = solution.evaluator(points)  # type: ignore[operator]
    found = solution.blanked(np.abs(better - values), points, coordinates, outside)
    return by_field(solution.fields, found.reshape(*shape, len(solution.fields)))


# Integrals


def integral(solution: SolutionData, function, on, nodes: int, times: dict) -> np.ndarray:
    """The integral of a function of named values; see `Solution.integrate`."""
    domain = solution.domain
    space = name_space(solution)
    wanted = NamedFunction.of(function, space.knows)
    plan = DerivativePlan(wanted.names, space)  # names are read before anything is computed
    held = _held_parameters(domain, times)
    times = {name: value for name, value in times.items() if name not in held}
    moments, shares, shape = _moments(domain, on, nodes, times)
    places, normals, weights = _places_of(domain, on, nodes)
    if plan.needs_normal and normals is None:
        raise ValueError(
            "integrate: 'normal' and derivatives along it exist only on the boundary; give on="
        )
    points = np.tile(places, (len(moments), 1))
    for value in held.values():
        points = np.concatenate([points, np.full((len(points), 1), value)], axis=1)
    if domain.time is not None:
        points = np.concatenate([points, np.repeat(moments, len(places))[:, None]], axis=1)
    if normals is not None:
        normals = np.tile(normals, (len(moments), 1))
    values = solution.named(plan, points, normals)
    found = solution.evaluator.combined(lambda v: (wanted(v),), values)[0]  # type: ignore
    if found.ndim != 1:
        raise ValueError(f"integrate: its function returned shape {found.shape[1:]}; return one scalar")
    each = found.reshape(len(moments), len(places)) @ weights
    return each.reshape(shape) if shares is None else np.asarray(shares @ each)


def _held_parameters(domain: Domain, given: dict) -> dict[str, float]:
    """The value of each parameter, at which an integral is taken.

    Raises `ValueError` for one that is missing, or no number in its range.
    """
    held = {}
    for c in domain.parameters.coordinates if domain.parameters is not None else ():
        if np.ndim(given.get(c.name, ())) or not c.lower[0] <= float(given[c.name]) <= c.upper[0]:
            raise ValueError(
                f"integrate: give the parameter {c.name}= as one number in ({c.lower[0]:g}, "
                f"{c.upper[0]:g})"
            )
        held[c.name] = float(given[c.name])
    return held


def _moments(domain: Domain, on, nodes: int, times: dict):
    """The moments of an integral, their weights (None where each is wanted) and the shape wanted."""
    if domain.time is None:
        if times:
            raise ValueError(f"integrate: there is no time {listing(times)} here")
        return np.zeros(1), np.ones(1), ()
    name = domain.time.coordinate.name
    if set(times) - {name}:
        raise ValueError(f"integrate: only {name}= can be held; got {listing(times)}")
    if isinstance(on, str) and on in (name + "-", name + "+"):
        return np.array([domain.time.start if on.endswith("-") else domain.time.stop]), None, ()
    if name in times:
        at = np.asarray(times[name], float)
        if np.any((at < domain.time.start) | (at > domain.time.stop)) or not np.all(np.isfinite(at)):
            raise ValueError(
                f"integrate: {name}= must lie in ({domain.time.start:g}, {domain.time.stop:g})"
            )
        return at.ravel(), None, at.shape
    points, weights = gauss_rule([domain.time.start], [domain.time.stop], nodes)
    return points[:, 0], weights, ()


def _places_of(domain: Domain, on, nodes: int):
    """Places (n, space), normals or None, and weights, of an integral at one moment."""
    if domain.space is None:
        if on is not None and on not in domain.part_names():
            raise ValueError(f"on={on!r}: there is no boundary in space")
        return np.zeros((1, 0)), None, np.ones(1)
    if on is not None:
        site = boundary_site(domain, on)
        if isinstance(site, Facets):
            return boundary_rule(site, nodes)
    places, weights = domain.space.rule(nodes)
    return places, None, weights
