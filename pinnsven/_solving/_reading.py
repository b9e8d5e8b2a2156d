"""What a problem prescribes, and where, read off its conditions."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._basics._functions import NamedFunction
from .._calculus._derivatives import DerivativePlan, taylor
from .._calculus._names import Derivative, Laplacian
from .._conditions import Block
from .._domains import Domain, Sobol
from .._networks import AbstractFeature

SLACK = 5e-3  # of the domain's extent, by which drawn points may miss the ends of a piece
EDGE_POINTS = 1024  # of a condition, among which those on the two edges of a corner are looked for


@dataclasses.dataclass(frozen=True)
class Singularity:
    """A place where the solution is not smooth.

    - `feature`: what the network is given for it, `reason`: why, in words.
    """

    feature: AbstractFeature
    reason: str


def prescribed(problem, value, point):
    """A prescribed number, or function of coordinates and constants, at one point."""
    if not callable(value):
        return jnp.asarray(float(value)) + 0 * point[0]
    named = problem.constants | problem.unknowns | problem.domain.split(point)
    return jnp.asarray(NamedFunction.of(value)(named), float)


def at_rest(block: Block):
    """The residuals of a condition where all fields are zero, at one point: its own functions.

    Of a point, a normal, unknowns and constants by name, and the condition's data.
    """
    plan = block.plan
    fields = len(plan.space.fields)

    def at(point, normal, numbers, data):
        values = plan.evaluate(lambda p: jnp.zeros(fields, p.dtype), point, normal, numbers)
        return jnp.stack([jnp.asarray(r, point.dtype) for r in block.residual(values, data)])

    return at


class Along:
    """A function of a point and its first derivatives along any axis: compiled once for all of them.

    - `function`: of one point (dim,), `order`: of the highest derivative.
    """

    def __init__(self, function, order: int):
        at = lambda point, direction: jnp.stack(taylor(function, point, direction, order))
        self._at = briefly(jax.vmap(at, (0, None)))

    def __call__(self, points, axis: int) -> np.ndarray:
        """At points (n, dim), (n, order + 1)."""
        direction = np.zeros(np.shape(points)[1])
        direction[axis] = 1.0
        return np.asarray(self._at(jnp.asarray(points), direction), float)


def component(domain: Domain, axis: int):
    """The coordinate that a component of a point belongs to, and the ends of the component."""
    for coordinate, part in zip(domain.coordinates, domain.slices().values(), strict=True):
        if part.start <= axis < part.stop:
            return coordinate, float(domain.lower[axis]), float(domain.upper[axis])
    raise IndexError(axis)


def places(domain: Domain) -> np.ndarray:
    """A few points of the bounding box, (n, dim)."""
    unit = Sobol().draw(16, domain.dim, np.random.default_rng(0))
    return domain.lower + unit * (domain.upper - domain.lower)


def covers(block: Block, point, domain: Domain, near: float = 1e-3) -> bool:
    """Whether a condition on the boundary in space holds at a point of it, whatever the time.

    - `near`: of the domain's extent, by which the point may be off a flat piece.
    """
    if domain.space is None:
        return False
    size = float(np.max(domain.space.upper - domain.space.lower))
    here = np.asarray(point)[: domain.space_dim]
    for piece in getattr(block.site, "pieces", ()):
        spots, normals = piece.place(np.random.default_rng(0).random((EDGE_POINTS, piece.dim)))
        if not len(spots):
            continue
        slack = SLACK * size
        within = np.all((spots.min(axis=0) - slack <= here) & (here <= spots.max(axis=0) + slack))
        off = np.median(np.abs(np.sum((spots - here) * normals, axis=1)))
        if within and off < near * size:
            return True
    return False


def holds_at(block: Block, points: np.ndarray) -> np.ndarray:
    """Whether an equation holds at points (n, dim) of the domain, (n,)."""
    where = getattr(block.site, "where", None)
    if where is None:
        return np.ones(len(points), bool)
    return where.holds(block.plan.space.domain, points)


def is_of(quantity, field: str) -> bool:
    return getattr(quantity, "field", None) == field


def orders_of(plan: DerivativePlan, quantity) -> dict[int, int]:
    """How often a quantity is differentiated along each component of a point."""
    if not isinstance(quantity, Derivative):
        return {}
    slices = plan.space.domain.slices()
    axes = [slices[name].start for name in quantity.along]
    return {axis: axes.count(axis) for axis in set(axes)}


def diffuses(block: Block) -> bool:
    """Whether a condition is an equation with second derivatives along both coordinates."""
    if not block.interior:
        return False
    kinds = [orders_of(block.plan, q) for q in block.plan.quantities.values()]
    both = {0: 2} in kinds and {1: 2} in kinds
    return both or any(isinstance(q, Laplacian) for q in block.plan.quantities.values())
