"""Boundary layers, from the factors of an equation at a wall."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._calculus._names import Derivative, Laplacian, Value
from .._conditions import Block
from .._domains import Box
from .._networks import Layer
from ._reading import Singularity, component, covers, orders_of, places

THIN = 0.1  # of the domain's extent, below which a boundary layer is one
FLAT = 1e-3  # of a weight, beside which another is none


def wall_layers(problem) -> list[Singularity]:
    """Layers at walls: fast exponentials that an equation a u_xx + b u_x + c u allows.

    Only where its factors are the same all along the wall, whatever the field is.
    """
    domain = problem.domain
    if not isinstance(domain.space, Box) or len(problem.fields) != 1:
        return []
    found = []
    for block in problem.blocks:
        if not block.interior or block.components != 1:
            continue
        factors = factors_of(problem, block)
        for axis in range(domain.space_dim):
            coordinate, low, high = component(domain, axis)
            if coordinate.periodic:
                continue
            orders = orders_along(block, axis)
            if 2 not in orders.values() or max(orders.values()) > 2:
                continue
            for side, place in ((1, low), (-1, high)):
                points = places(domain)
                points[:, axis] = place
                if not any(covers(b, points[0], domain) for b in problem.blocks if not b.interior):
                    continue
                thickness = _thickness(factors(points), orders, side)
                if thickness is not None and thickness < THIN * (high - low):
                    feature = Layer(  # type: ignore[call-arg]
                        axis=axis, place=float(place), side=side, thickness=thickness
                    )
                    why = f"a layer {thickness:.2g} thick at {coordinate.name} = {place:g}"
                    found.append(Singularity(feature, why))
    return found


def orders_along(block: Block, axis: int) -> dict[str, int]:
    """The quantities of an equation that differentiate along one axis alone, and how often."""
    orders: dict[str, int] = {}
    for name, quantity in block.plan.quantities.items():
        taken = {axis: 2} if isinstance(quantity, Laplacian) else orders_of(block.plan, quantity)
        if isinstance(quantity, (Value, Derivative, Laplacian)) and set(taken) <= {axis}:
            orders[name] = taken.get(axis, 0)
    return orders


def factors_of(problem, block: Block):
    """The derivatives of a residual by its quantities, at points and with several fields."""
    numbers = problem.constants | problem.unknowns
    names = [
        n for n, q in block.plan.quantities.items() if isinstance(q, (Value, Derivative, Laplacian))
    ]

    def at(point, size):
        fields = lambda place: size * (1 + 0.1 * jnp.sum(place))[None]
        normal = jnp.zeros(problem.domain.space_dim)
        values = block.plan.evaluate(fields, point, normal, numbers)
        residual = lambda steep: block.residual(values | steep)[0]
        return jax.grad(residual)({n: jnp.asarray(values[n], float) for n in names})

    everywhere = briefly(jax.vmap(jax.vmap(at, (0, None)), (None, 0)))
    sizes = np.random.default_rng(1).standard_normal(3)
    return lambda points: {n: np.ravel(v) for n, v in everywhere(points, sizes).items()}


def _thickness(factors: dict[str, np.ndarray], orders: dict[str, int], side: int) -> float | None:
    """How fast what an equation allows at a wall fades from there; None where nothing does."""
    none = np.zeros_like(next(iter(factors.values())))
    powers = [sum((factors[n] for n in orders if orders[n] == k), none) for k in range(3)]
    c, b, a = (float(np.mean(part)) for part in powers)
    spread = [float(np.max(np.abs(part - np.mean(part)))) for part in powers]
    if not all(math.isfinite(x) for x in (a, b, c)) or a == 0:
        return None
    if any(off > FLAT * max(abs(x), abs(a)) for off, x in zip(spread, (c, b, a), strict=True)):
        return None
    root = b * b - 4 * a * c
    if root < 0:
        return None
    # The larger root without cancellation, the other one from their product.
    large = -(b + math.copysign(math.sqrt(root), b if b != 0 else 1.0)) / 2
    rates = [large / a] + ([c / large] if large != 0 else [])
    fading = [abs(r) for r in rates if r * side < 0]
    return 1 / max(fading) if fading and max(fading) > 0 else None
