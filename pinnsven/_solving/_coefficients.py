"""Coefficients that jump: where the strong form of an equation loses what holds across an interface.

Across a jump of k in k u'' = f the flux k u' is continuous, and no point sees that: a smooth network
meets the equation on both sides with the wrong flux. With derivatives held fixed, the factor of each
derivative of second order and more is followed along lines through the domain; where it changes between
two samples that interval is halved again and again, and a change that stays is a jump.

A jump matters along an axis of which the derivative has two orders or more: a flux has to be continuous
there, whereas a network is continuous by itself.
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

LINES, SAMPLES = 24, 512  # along each axis, and on each line (experiment 84)
HALVINGS = 36  # of an interval, until it is 1e-13 of the domain
LEAST_JUMP = 1e-3  # of the largest factor
STAYS = 0.5  # of a change, after all halvings, that makes it a jump
# What a program needs to make a jump: without any of these its coefficients are continuous.
SUDDEN = frozenset(
    [
        "select_n",
        "sign",
        "floor",
        "ceil",
        "round",
        "gt",
        "lt",
        "ge",
        "le",
        "eq",
        "ne",
        "rem",
        "gather",
        "dynamic_slice",
        "cond",
        "while",
        "argmax",
        "argmin",
        "sort",
        "scan",
        "clamp",
        "pure_callback",
    ]
)


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
    found = [jump for block in blocks if block.interior for jump in _jumps(block, numbers, compiled)]
    return max(found, key=lambda j: abs(j.after - j.before), default=None)


def _jumps(block: Block, numbers: dict[str, float], compiled):
    factors = _factors(block, numbers, compiled)
    if factors is None:
        return
    names, function = factors
    domain = block.plan.space.domain
    starts, _ = Interior(domain).draw(LINES, Sobol(), np.random.default_rng(0))
    for axis in range(domain.dim):
        watched = [i for i, name in enumerate(names) if axis in _steep_axes(block.plan, name)]
        if watched:
            along = np.linspace(domain.lower[axis], domain.upper[axis], SAMPLES)
            yield from _along(block, names, function, watched, starts, axis, along)


def _along(block, names, function, watched, starts, axis, along):
    """Jumps along lines through some points, parallel to one axis."""
    points = np.repeat(starts[:, None], SAMPLES, axis=1)
    points[:, :, axis] = along
    values = function(points.reshape(-1, points.shape[-1])).reshape(LINES, SAMPLES, -1)
    for which in watched:
        line = values[:, :, which]
        change = np.abs(np.diff(line, axis=1))
        size = np.max(np.abs(line[np.isfinite(line)]), initial=0.0)
        place = np.argmax(np.nan_to_num(change), axis=1)
        index = np.arange(LINES)
        first = change[index, place]
        if not np.nanmax(first) > LEAST_JUMP * size:
            continue
        low, high = along[place], along[place + 1]
        left, right = line[index, place], line[index, place + 1]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            points[:, 0, axis] = middle
            center = function(points.reshape(-1, points.shape[-1])).reshape(LINES, SAMPLES, -1)
            center = center[:, 0, which]
            in_left = np.abs(center - left) >= np.abs(right - center)
            low, high = np.where(in_left, low, middle), np.where(in_left, middle, high)
            left, right = np.where(in_left, left, center), np.where(in_left, center, right)
        places = starts.copy()
        places[:, axis] = (low + high) / 2
        stays = np.abs(right - left) > np.maximum(STAYS * first, LEAST_JUMP * size)
        stays &= block.plan.space.domain.contains(places)
        if stays.any():
            best = int(np.argmax(np.where(stays, np.abs(right - left), -1.0)))
            ends = float(left[best]), float(right[best])
            yield Jump(block.name, names[which], *ends, places[best], axis)


def _factors(block: Block, numbers, compiled) -> tuple[list[str], Callable] | None:
    """The derivatives of second order and more, and their factors at points (n, dim).

    None where there are none, or where the condition's program can make no jump.
    """
    plan = block.plan
    names = [name for name in plan.names if _steep_axes(plan, name)]
    asks = plan.space.coordinates
    if not names or not any(name in asks for name in plan.names):
        return None
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda p: _frozen(plan, p), jnp.zeros(plan.space.domain.dim))
    fixed = {
        name: jnp.asarray(numbers.get(name, drawn))
        for name, shape in shapes.items()
        if name not in asks
        for drawn in [rng.standard_normal(shape.shape)]
    }

    def at(point, fixed, data):
        values = fixed | {n: v for n, v in _frozen(plan, point).items() if n in asks}

        def residual(steep):
            return jnp.stack([jnp.asarray(r, float) for r in block.residual(values | steep, data)])

        found = jax.jacfwd(residual)({name: fixed[name] for name in names})
        return jnp.stack([jnp.sum(jnp.abs(found[name])) for name in names])

    point = jnp.zeros(plan.space.domain.dim)
    if not SUDDEN & set(_primitives(jax.make_jaxpr(at)(point, fixed, block.data).jaxpr)):
        return None
    everywhere = jax.vmap(at, (0, None, None))
    given = (fixed, block.data)
    shapes = jax.ShapeDtypeStruct((LINES * SAMPLES, point.size), point.dtype)
    program = compiled("factors", everywhere, shapes, *given)
    return names, lambda points: np.asarray(program(points, *given), float)


def _frozen(plan: DerivativePlan, point):
    """All named values of a field that is constant, at one point: their shapes, and the coordinates."""
    space = plan.space
    unknowns = dict.fromkeys((*space.unknowns, *space.constants), jnp.zeros(()))
    normal = jnp.zeros(space.domain.space_dim)
    return plan.evaluate(lambda p: jnp.zeros(len(space.fields)), point, normal, unknowns)


def _steep_axes(plan: DerivativePlan, name: str) -> set[int]:
    """The components of a point along which a quantity has two derivatives or more."""
    quantity, domain = plan.quantities[name], plan.space.domain
    if isinstance(quantity, Laplacian):
        return set(range(domain.space_dim))
    return {axis for axis, order in orders_of(plan, quantity).items() if order >= 2}


def _primitives(jaxpr):
    """The names of all primitives of a program, those inside its calls included."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for value in equation.params.values():
            for inner in value if isinstance(value, (tuple, list)) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from _primitives(inner)
