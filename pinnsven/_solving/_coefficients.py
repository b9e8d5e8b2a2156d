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
from .._domains import Interior, Sobol
from ._reading import orders_of
from ._sudden import at_most, fixed_values, frozen, halved, holds_at, may_jump, same_field, together

LINES, SAMPLES = 24, 512  # along each axis, and on each line (experiment 84)
LEAST_JUMP = 1e-3  # of the largest factor
STAYS = 0.3  # of a change, after all halvings, that makes it a jump: half is left at a point of its own


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
    found = []
    for group in together(blocks):
        found += _jumps(group, numbers, compiled)
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

    def function(points):
        """The factor of each name where a condition that has it holds, not a number elsewhere."""
        values = np.full((len(points), len(names)), np.nan)
        for block, own, at in factors:
            here = holds_at(block, points)
            found = at(points)[here]
            for name, column in zip(own, found.T, strict=True):
                values[here, names.index(name)] = column
        return values

    starts, _ = Interior(domain).draw(LINES, Sobol(), np.random.default_rng(0))
    for axis in range(domain.dim):
        watched = [i for i, name in enumerate(names) if axis in _steep_axes(plans[name], name)]
        if watched:
            along = np.linspace(domain.lower[axis], domain.upper[axis], SAMPLES)
            yield from _along(group[0], names, function, watched, starts, axis, along)


def _along(block, names, function, watched, starts, axis, along):
    """Jumps along lines through some points, parallel to one axis."""
    points = np.repeat(starts[:, None], SAMPLES, axis=1)
    points[:, :, axis] = along
    values = function(points.reshape(-1, points.shape[-1])).reshape(LINES, SAMPLES, -1)
    for which in watched:
        line = values[:, :, which]
        change = np.abs(np.diff(line, axis=1))
        size = np.max(np.abs(line[np.isfinite(line)]), initial=0.0)
        change = np.nan_to_num(change)
        place = np.argmax(change, axis=1)
        index = np.arange(LINES)
        first = change[index, place]
        if not np.max(first) > LEAST_JUMP * size:
            continue
        ends = along[place], along[place + 1]
        values_at = line[index, place], line[index, place + 1]
        pick = lambda points, which=which: function(points)[:, which]
        found, left, right = halved(pick, starts, axis, ends, values_at)
        places = starts.copy()
        places[:, axis] = found
        stays = np.abs(right - left) > np.maximum(STAYS * first, LEAST_JUMP * size)
        stays &= block.plan.space.domain.contains(places)
        if stays.any():
            best = int(np.argmax(np.where(stays, np.abs(right - left), -1.0)))
            ends = float(left[best]), float(right[best])
            yield Jump(block.name, names[which], *ends, places[best], axis)


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
        values = fixed | {n: v for n, v in frozen(plan, point).items() if n in asks}

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
