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
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._calculus._derivatives import DerivativePlan
from .._calculus._names import Laplacian
from .._conditions import Block
from ._reading import orders_of
from ._sudden import Lines, at_fixed, at_most, by_parts, fixed_values, may_jump, same_field, together

LINES, SAMPLES = 24, 512  # along each axis, and on each line (experiment 84)
LEAST_JUMP = 1e-3  # of the largest factor


@dataclasses.dataclass(frozen=True)
class Jump:
    """A jump of a coefficient.

    - `condition`, `derivative`: whose factor it is, by name.
    - `before`, `after`: the factor on both sides.
    - `point`: where, (dim,), and `axis`: the component of the point that crosses it.
    """

    condition: str
    derivative: str
    before: float
    after: float
    point: Float[np.ndarray, " dim"]
    axis: int

    def __str__(self) -> str:
        return (
            f"the factor of {self.derivative} in condition {self.condition!r} jumps from "
            f"{self.before:.4g} to {self.after:.4g}"
        )


def find_jump(blocks: tuple[Block, ...], numbers: dict[str, float], compiled) -> Jump | None:
    """The largest jump of a factor of a second or higher derivative; None where none was found.

    - `numbers`: of unknowns and constants, which functions may ask for.
    - `compiled`: makes a compiled function of a name, a function and its arguments.
    """
    found = [jump for group in together(blocks) for jump in _jumps(group, numbers, compiled)]
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
            yield from _along(group[0], names, function, watched, lines)


def _along(block: Block, names, function, watched, lines: Lines):
    """The largest jump of each factor that is watched, along lines."""
    values = lines.values(function)
    for which in watched:
        line = values[:, :, which]
        size = np.max(np.abs(line[np.isfinite(line)]), initial=0.0)
        change = np.nan_to_num(np.abs(np.diff(line, axis=1)))
        if not np.max(change) > LEAST_JUMP * size:
            continue
        pick = lambda points, which=which: function(points)[:, which]
        given = (line, np.arange(LINES), np.argmax(change, axis=1))
        found, left, right, stays = lines.halved(pick, *given)
        places = lines.starts.copy()
        places[:, lines.axis] = found
        stays &= np.abs(right - left) > LEAST_JUMP * size
        stays &= block.plan.space.domain.contains(places)
        if stays.any():
            best = int(np.argmax(np.where(stays, np.abs(right - left), -1.0)))
            ends = float(left[best]), float(right[best])
            yield Jump(block.name, names[which], *ends, places[best], lines.axis)


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
        values = at_fixed(plan, fixed, point)

        def residual(steep):
            return jnp.stack([jnp.asarray(r, float) for r in block.residual(values | steep, data)])

        found = jax.jacfwd(residual)({name: fixed[name] for name in names})
        return jnp.stack([jnp.sum(jnp.abs(found[name])) for name in names])

    point = jnp.zeros(plan.space.domain.dim)
    if alone and not may_jump(at, point, fixed, block.data):
        return None
    everywhere = jax.vmap(at, (0, None, None))
    given = (fixed, block.data)
    shapes = jax.ShapeDtypeStruct((LINES * SAMPLES, point.size), point.dtype)
    program = compiled("factors", everywhere, shapes, *given)
    return names, at_most(LINES * SAMPLES, lambda points: program(points, *given))


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
