"""Coefficients that jump: where the strong form of an equation loses what holds across an interface.

Across a jump of k in k u'' = f the flux k u' is continuous, and no point sees that: a smooth network
meets the equation on both sides with the wrong flux. With derivatives held fixed, the factor of each
derivative of second order and more is followed along lines through the domain; where it changes between
two samples that interval is halved again and again, and a change that stays is a jump.

A jump matters along an axis of which the derivative has two orders or more: a flux has to be continuous
there, whereas a network is continuous by itself. Equations that share the domain out among them, each
on its part, are followed as one.
"""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._calculus._derivatives import DerivativePlan
from .._calculus._names import Laplacian, Value
from .._conditions import Block
from ._lost_slopes import unused_choices
from ._reading import orders_of
from ._sudden import (
    Lines,
    at_fixed,
    at_most,
    by_parts,
    fixed_values,
    may_jump,
    residuals,
    same_field,
    together,
)

Reach = Callable[[], Mapping[str, tuple[float, float]]]
LINES, SAMPLES = 24, 512  # along each axis, and on each line (experiment 84)
LEAST_JUMP = 1e-3  # of the largest factor


@dataclasses.dataclass(frozen=True)
class Jump:
    """A jump of a coefficient.

    - `condition`, `derivative`: whose factor it is, by name.
    - `before`, `after`: the factor on both sides.
    - `point`: where, (dim,), and `axis`: the component of the point that crosses it.
    - `value`: the field and its value where it is one that crosses it; None where it is the point.
    - `lost`: whether the factor is not of the derivative, but loses the slope of what jumps.
    """

    condition: str
    derivative: str
    before: float
    after: float
    point: Float[np.ndarray, " dim"]
    axis: int
    value: tuple[str, float] | None = None
    lost: bool = False

    def __str__(self) -> str:
        if self.lost:
            return (
                f"condition {self.condition!r} takes the slope of what jumps from {self.before:.4g} to "
                f"{self.after:.4g}, which is zero on both sides,"
            )
        return (
            f"the factor of {self.derivative} in condition {self.condition!r} jumps from "
            f"{self.before:.4g} to {self.after:.4g}"
        )


def find_jump(
    blocks: tuple[Block, ...],
    numbers: dict[str, float],
    compiled,
    reach: Reach | None = None,
) -> Jump | None:
    """The largest jump of a factor of a second or higher derivative; None where none was found.

    - `numbers`: of unknowns and constants, which functions may ask for.
    - `compiled`: makes a compiled function of a name, a function and its arguments.
    - `reach`: gives the least and the largest value of each field, and is asked only where a factor may
      jump with one; None where no solution is known.
    """
    found = [jump for group in together(blocks) for jump in _jumps(group, numbers, compiled)]
    inside = [block for block in blocks if block.interior]
    if reach is not None:
        found += [jump for block in inside for jump in _in_values(block, numbers, reach, compiled)]
    found += [jump for block in inside for jump in _lost(block, numbers, compiled)]
    return max(found, key=lambda j: abs(j.after - j.before), default=None)


def _jumps(group: tuple[Block, ...], numbers: dict[str, float], compiled):
    """The jumps of the factors of one equation, or of several that share the domain out."""
    factors = [(b, _factors(b, numbers, compiled, alone=len(group) == 1)) for b in group]
    factors = [(block, *found) for block, found in factors if found is not None]
    if not factors:
        return
    domain = group[0].plan.space.domain
    names = list(dict.fromkeys(name for _, own, _ in factors for name in own))
    plans = {name: block.plan for block, own, _ in reversed(factors) for name in own}

    parts = [(block, [names.index(name) for name in own], at) for block, own, at in factors]
    function = by_parts(parts, len(names))
    for axis in range(domain.dim):
        watched = [i for i, name in enumerate(names) if axis in _steep_axes(plans[name], name)]
        if watched:
            lines = Lines.through(domain, axis, LINES, SAMPLES)
            for which, before, after, place in _largest(lines, function, watched, domain.contains):
                yield Jump(group[0].name, names[which], before, after, place, axis)


def _largest(lines: Lines, function, watched, contains):
    """The largest jump of each column of a function: its number, the values beside it, and where.

    - `function`: of points (n, dim) to (n, columns), `watched`: the numbers of those that count.
    - `contains`: whether points are in the domain.
    """
    values = lines.values(function)
    for which in watched:
        line = values[:, :, which]
        size = np.max(np.abs(line[np.isfinite(line)]), initial=0.0)
        change = np.nan_to_num(np.abs(np.diff(line, axis=1)))
        if not np.max(change) > LEAST_JUMP * size:
            continue
        pick = lambda points, which=which: function(points)[:, which]
        given = (line, np.arange(len(line)), np.argmax(change, axis=1))
        found, left, right, stays = lines.halved(pick, *given)
        places = lines.starts.copy()
        places[:, lines.axis] = found
        stays &= np.abs(right - left) > LEAST_JUMP * size
        stays &= contains(places)
        if stays.any():
            best = int(np.argmax(np.where(stays, np.abs(right - left), -1.0)))
            yield which, float(left[best]), float(right[best]), places[best]


def _in_values(block: Block, numbers, reach: Reach, compiled):
    """The largest jump of a factor along the values of each field that a condition asks for."""
    plan = block.plan
    steep = [name for name in plan.names if _steep_axes(plan, name)]
    asked = [(n, q.field) for n, q in plan.quantities.items() if isinstance(q, Value)]
    if not steep or not asked:
        return
    fixed = fixed_values(plan, numbers)
    middle = jnp.asarray((plan.space.domain.lower + plan.space.domain.upper) / 2)
    for name, field in asked:

        def at(value, point, fixed, data, name=name):
            values = at_fixed(plan, fixed | {name: value}, point)
            return _slopes(block, values, fixed, steep, data)

        given = (middle, fixed, block.data)
        if not may_jump(at, middle[0], *given):
            continue
        low, high = reach()[field]
        line = Lines(0, np.zeros((1, 1)), np.linspace(low, high, SAMPLES))
        shapes = jax.ShapeDtypeStruct((SAMPLES,), middle.dtype)
        whole = jax.vmap(at, (0, None, None, None))
        program = compiled("factors of values", whole, shapes, *given)
        along = lambda points, run=program, given=given: run(points[:, 0], *given)
        function = at_most(SAMPLES, along)
        for which, before, after, place in _largest(line, function, range(len(steep)), _everywhere):
            value = (field, float(place[0]))
            yield Jump(block.name, steep[which], before, after, np.asarray(middle), 0, value)


def _everywhere(points) -> np.ndarray:
    return np.ones(len(points), bool)


def _lost(block: Block, numbers, compiled):
    """The largest jump of what a condition takes the slope of."""
    plan = block.plan
    domain, given = plan.space.domain, (fixed_values(plan, numbers), block.data)

    def at(point, fixed, data):
        return residuals(block, at_fixed(plan, fixed, point), data)

    point = jnp.zeros(domain.dim)
    if not may_jump(at, point, *given):
        return
    unused = unused_choices(at, point, *given)
    if unused is None:
        return
    watched = range(jax.eval_shape(unused, point, *given).size)
    function = _along_lines("slopes", unused, domain.dim, given, compiled)
    for axis in range(domain.dim):
        lines = Lines.through(domain, axis, LINES, SAMPLES)
        for _, before, after, place in _largest(lines, function, watched, domain.contains):
            yield Jump(block.name, "", before, after, place, axis, lost=True)


def _along_lines(name: str, at: Callable, dim: int, given: tuple, compiled) -> Callable:
    """A function of one point and what is given, for points (n, dim) of all lines, compiled by name."""
    number, everywhere = LINES * SAMPLES, jax.vmap(at, (0, *[None] * len(given)))
    shapes = jax.ShapeDtypeStruct((number, dim), jnp.zeros(0).dtype)
    program = compiled(name, everywhere, shapes, *given)
    return at_most(number, lambda points: program(points, *given))


def _slopes(block: Block, values, fixed, names, data):
    """The sum over residuals of the sizes of their slopes by named quantities, (names,)."""

    def residual(steep):
        return residuals(block, values | steep, data)

    found = jax.jacfwd(residual)({name: fixed[name] for name in names})
    return jnp.stack([jnp.sum(jnp.abs(found[name])) for name in names])


def _factors(block: Block, numbers, compiled, alone: bool) -> tuple[list[str], Callable] | None:
    """The derivatives of which a jump matters, and their factors at points (n, dim).

    None where there are none, or where the condition's program can make no jump by itself.

    - `alone`: whether no other condition holds elsewhere in its place.
    """
    plan = block.plan
    names = [name for name in plan.names if _steep_axes(plan, name)]
    asks = plan.space.coordinates
    if not names or (alone and not any(name in asks for name in plan.names)):
        return None
    fixed = fixed_values(plan, numbers)

    def at(point, fixed, data):
        return _slopes(block, at_fixed(plan, fixed, point), fixed, names, data)

    point = jnp.zeros(plan.space.domain.dim)
    if alone and not may_jump(at, point, fixed, block.data):
        return None
    return names, _along_lines("factors", at, point.size, (fixed, block.data), compiled)


def _steep_axes(plan: DerivativePlan, name: str) -> set[int]:
    """The components of a point along which a jump of a derivative's factor loses something.

    Those along which it has two orders or more; and those in space of a first derivative beside one in
    time, for what moves with a speed that jumps may be conserved, or not.
    """
    quantity, domain = plan.quantities[name], plan.space.domain
    if isinstance(quantity, Laplacian):
        return set(range(domain.space_dim))
    orders = orders_of(plan, quantity)
    others = [orders_of(plan, q) for q in plan.quantities.values() if same_field(q, quantity)]
    moves = len(orders) == 1 and any(set(o) == {domain.space_dim} for o in others)
    moves = moves and all(sum(o.values()) <= 1 for o in others)
    least = 1 if moves else 2
    return {a for a, order in orders.items() if order >= (least if a < domain.space_dim else 2)}
