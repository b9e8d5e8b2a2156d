"""Planes on which an equation jumps, a source or a coefficient: there the solution bends.

With all fields held fixed, the residual is followed along lines parallel to each axis. What jumps at
one place on all of them jumps on a plane; of the solution the derivative of the equation's order jumps
there with it, and all before it are continuous. Where the factor of the highest derivative jumps that
is not so (see `_coefficients`), and nothing is added.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._calculus._names import Laplacian
from .._conditions import Block
from .._networks import Bend
from ._coefficients import find_jump
from ._reading import Singularity, component, orders_of
from ._sudden import Lines, at_fixed, at_most, by_parts, fixed_values, may_jump, together

LINES, SAMPLES = 16, 512  # along each axis, and on each line
LEAST_JUMP = 1e-6  # of the largest residual
SAME = 1e-9  # of the domain's extent, by which places on one plane may differ
MOVED = 1.37  # what an unknown is multiplied by, and added to it, to see whether a plane moves
MOST = 6  # planes along an axis: of more none is followed


def kinks(problem) -> list[Singularity]:
    """What is not smooth where equations jump on planes."""
    numbers = problem.constants | problem.unknowns
    found = []
    for group in together(problem.blocks):
        asks = any(name in block.plan.names for block in group for name in problem.unknowns)
        # A plane that an unknown moves is none: its other value finds it elsewhere.
        others = {name: MOVED * value + MOVED for name, value in problem.unknowns.items()}
        settings = [numbers, numbers | others] if asks else [numbers]
        functions = [_residual(group, setting) for setting in settings]
        if functions[0] is None:
            continue
        jump = functools.cache(lambda group=group: _jump(group, numbers))
        for axis in range(problem.domain.dim):
            order = max(_order(block, axis) for block in group)
            if not order:
                continue
            near = SAME * (problem.domain.upper - problem.domain.lower)[axis]
            planes, *again = [_planes(problem.domain, function, axis) for function in functions]
            kept = [
                _singularity(problem, axis, place, order)
                for place in planes
                if all(np.any(np.abs(np.asarray(other) - place) <= near) for other in again)
            ]
            # Where a factor jumps along this axis more than one derivative does.
            found += kept if kept and jump() != axis else []
    return list({(s.feature.axis, s.feature.place): s for s in found}.values())


def _jump(group: tuple[Block, ...], numbers: dict[str, float]) -> int | None:
    """The axis along which a factor of equations jumps most; None where none does."""
    found = find_jump(group, numbers, lambda name, function, *given: briefly(function))
    return None if found is None else found.axis


def _singularity(problem, axis: int, place: float, order: int) -> Singularity:
    coordinate, _, high = component(problem.domain, axis)
    reach = max(high - place, 0.0) ** order
    feature = Bend(axis=axis, place=place, order=order, reach=reach)
    return Singularity(feature, f"what jumps in the equations at {coordinate.name} = {place:.6g}")


def _order(block: Block, axis: int) -> int:
    """The highest order of a derivative along an axis."""
    space = axis < block.plan.space.domain.space_dim
    orders = [
        2 * space if isinstance(quantity, Laplacian) else orders_of(block.plan, quantity).get(axis, 0)
        for quantity in block.plan.quantities.values()
    ]
    return max(orders, default=0)


def _residual(group: tuple[Block, ...], numbers: dict[str, float]):
    """The residuals of equations at points (n, dim), all fields held fixed; None where none can jump.

    Not a number where none of the equations holds.
    """
    parts = []
    for block in group:
        plan, fixed = block.plan, fixed_values(block.plan, numbers)

        def at(point, block=block, plan=plan, fixed=fixed):
            values = at_fixed(plan, fixed, point)
            return jnp.stack([jnp.asarray(r, float) for r in block.residual(values)])

        parts.append((block, at))
    if len(group) == 1 and not may_jump(parts[0][1], jnp.zeros(group[0].plan.space.domain.dim)):
        return None
    most = max(block.components for block in group)
    columns = lambda block: list(range(block.components))
    return by_parts(
        [(b, columns(b), at_most(LINES * SAMPLES, briefly(jax.vmap(at)))) for b, at in parts], most
    )


def _planes(domain, function, axis: int) -> list[float]:
    """Where along an axis residuals jump, whatever the other coordinates are."""
    _, low, high = component(domain, axis)
    lines = Lines.through(domain, axis, LINES, SAMPLES)
    values = lines.values(function)
    places = []
    for which in range(values.shape[2]):
        line = values[:, :, which]
        size = np.max(np.abs(line[np.isfinite(line)]), initial=0.0)
        change = np.nan_to_num(np.abs(np.diff(line, axis=1)))
        given = np.nonzero(change > LEAST_JUMP * size)
        if not len(given[0]):
            continue
        pick = lambda points, which=which: function(points)[:, which]
        at, left, right, stays = lines.halved(pick, line, *given)
        stays &= np.abs(right - left) > LEAST_JUMP * size
        stays &= (at > low + SAME * (high - low)) & (at < high - SAME * (high - low))
        places += _on_all(at[stays], given[0][stays], SAME * (high - low))
    planes = sorted(places)
    apart = [p for i, p in enumerate(planes) if not i or p - planes[i - 1] > SAME * (high - low)]
    return apart if len(apart) <= MOST else []


def _on_all(places, lines, near: float) -> list[float]:
    """The places that are found on all lines."""
    order = np.argsort(places)
    groups = np.split(order, np.flatnonzero(np.diff(places[order]) > near) + 1)
    return [float(np.median(places[g])) for g in groups if len(np.unique(lines[g])) == LINES]
