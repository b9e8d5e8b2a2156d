"""The network of a problem that names none, from the kind of its equations.

What is read off is how many coordinates there are, how high derivatives go, whether the equations
are affine in the fields, and whether they are of waves, transport or diffusion. The sizes are
those that the gallery's problems of each kind were best solved with (experiments 43, 54 to 56, 102).
"""

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._basics._precision import precision_context
from .._calculus._names import Derivative, Gradient, Laplacian, Value
from .._conditions import Block
from .._domains import Domain, Interior, Sobol
from .._networks import MLP

PLACES = 8  # points at which factors are looked at
SAME = 1e-9  # relative, by which the factors of an affine equation differ at most
MANY = 4  # coordinates from which depth costs more than it gains
TURNS = 1.25  # of the first layer's scale in time, for each passage of a wave through the domain
EVEN, STEEPEST = 0.8, 8.0  # scales of other inputs, and the largest one


def network_for(problem) -> object:
    """The problem's own network, or one that suits its equations."""
    if problem.network is not None:
        return problem.network
    domain = problem.domain
    equations = [b for b in problem.blocks if b.interior and b.plan.is_local]
    if not equations:
        return MLP()
    if domain.dim >= MANY:
        return MLP(width=32, depth=2)
    order = max(_order(q) for b in equations for q in b.plan.quantities.values())
    found = [_factors(block, problem) for block in equations]
    waves = any(composite.is_complex for composite in problem.layout.composites)
    if waves and domain.time is not None and not all(affine for affine, _ in found):
        return MLP(width=20, depth=4, scale=1.0)  # complex fields turn as they go on (experiment 105)
    if not all(affine for affine, _ in found):
        return _for_nonlinear(domain, order, len(problem.fields))
    time = domain.time.coordinate.name if domain.time is not None else None
    orders = {q.along.count(time) for b in equations for q in _derivatives(b)}
    if domain.space is not None and time is not None and max(orders, default=0) >= 2:
        return MLP(width=24, depth=2, scale=1.3)
    if domain.space is not None and time is not None and order == 1:
        return _for_transport(domain, equations, found)
    if any(_oscillates(b, factors) for b, (_, factors) in zip(equations, found, strict=True)):
        return MLP(width=28, depth=2, scale=1.3)
    return MLP(width=20 + 4 * max(domain.dim - 2, 0), depth=2)


def _for_nonlinear(domain: Domain, order: int, fields: int) -> MLP:
    if domain.dim == 1:
        return MLP(width=20, depth=2)
    if order >= 4:
        return MLP(width=24, depth=3, scale=1.0)
    if order == 3:
        return MLP(width=30, depth=4)
    if order <= 1:
        return MLP(width=20, depth=3)
    return MLP(width=24 if fields > 1 else 20, depth=4)


def _for_transport(domain: Domain, equations: list[Block], found) -> MLP:
    """For waves that pass through the domain: as many turns in time as passages."""
    assert domain.time is not None
    time, passes = domain.time.coordinate, 0.0
    duration = time.upper[0] - time.lower[0]
    for block, (_, factors) in zip(equations, found, strict=True):
        rates = _size(block, factors, lambda q: q.along == (time.name,))
        for c in domain.coordinates[:-1]:
            speeds = _size(block, factors, lambda q, c=c: q.along == (c.name,))
            if rates > 0:
                passes = max(passes, speeds / rates * duration / (c.upper[0] - c.lower[0]))
    inputs = sum(c.size * (2 if c.periodic else 1) for c in domain.coordinates[:-1])
    steep = float(np.clip(TURNS * passes, EVEN, STEEPEST))
    return MLP(width=20, depth=3, scale=(*[EVEN] * inputs, steep))


def _oscillates(block: Block, factors: dict[str, np.ndarray]) -> bool:
    """Whether a field has the sign of its second derivatives in space, as in Helmholtz' equation."""
    domain = block.plan.space.domain
    if domain.space is None:
        return False
    quantities = block.plan.quantities
    for name, quantity in quantities.items():
        if not isinstance(quantity, Value):
            continue
        second = [
            factors[n]
            for n, q in quantities.items()
            if getattr(q, "field", None) == quantity.field
            and (isinstance(q, Laplacian) or (isinstance(q, Derivative) and _order(q) == 2))
        ]
        if second and np.all(factors[name] * sum(second) > 0):
            return True
    return False


def _derivatives(block: Block) -> list[Derivative]:
    return [q for q in block.plan.quantities.values() if isinstance(q, Derivative)]


def _order(quantity) -> int:
    if isinstance(quantity, Derivative):
        return len(quantity.along)
    return 2 if isinstance(quantity, Laplacian) else 1 if isinstance(quantity, Gradient) else 0


def _size(block: Block, factors: dict[str, np.ndarray], wanted) -> float:
    """The largest factor of the derivatives that are wanted."""
    names = [n for n, q in block.plan.quantities.items() if isinstance(q, Derivative) and wanted(q)]
    return max((float(np.max(np.abs(factors[n]))) for n in names), default=0.0)


def _factors(block: Block, problem) -> tuple[bool, dict[str, np.ndarray]]:
    """Whether an equation is affine in the fields, and its derivatives by what it asks of them.

    The latter at a few points, (points, components, ...) by name. An equation that cannot be
    differentiated there counts as none that is affine.
    """
    space, rng = block.plan.space, np.random.default_rng(0)
    points, _ = Interior(space.domain).draw(PLACES, Sobol(), rng)
    of_fields = [n for n, q in block.plan.quantities.items() if hasattr(q, "field")]
    numbers = problem.constants | problem.unknowns

    def at(values, point):
        named = {n: numbers.get(n, 0.0) for n in block.plan.names} | space.domain.split(point)
        return jnp.stack([jnp.asarray(r, float) for r in block.residual(named | values)])

    with precision_context("float64"):
        shapes = {
            n: (space.domain.space_dim,) if isinstance(block.plan.quantities[n], Gradient) else ()
            for n in of_fields
        }
        draws = [
            {n: jnp.asarray(rng.standard_normal((PLACES, *shape))) for n, shape in shapes.items()}
            for _ in range(2)
        ]
        try:
            slopes = briefly(jax.vmap(jax.jacfwd(at)))
            one, other = (jax.tree.map(np.asarray, slopes(d, jnp.asarray(points))) for d in draws)
        except Exception:  # a function that only runs where its points are: nothing is known of it
            return False, {}
    if not all(np.all(np.isfinite(part)) for part in (*one.values(), *other.values())):
        return False, {}
    largest = max((np.max(np.abs(part)) for part in one.values()), default=0.0)
    alike = all(np.max(np.abs(one[n] - other[n]), initial=0.0) <= SAME * largest for n in one)
    return alike, one
