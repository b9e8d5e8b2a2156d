"""What of a solution cannot be smooth, found from the problem: corners, and boundary layers.

Each is answered with a function of the coordinates that the network gets beside them (see
`pinnsven._networks._features`), and with a sentence that says why.
"""

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._functions import required_arguments
from .._basics._precision import precision_context
from .._calculus._derivatives import taylor
from .._calculus._names import Derivative, Gradient, Laplacian, NormalDerivative, Value
from .._conditions import Block, Dirichlet, Initial, Neumann
from .._domains import Box, Domain, Sobol
from .._networks import MLP, AbstractFeature, CornerPowers, FourierMLP, HeatProfile, Layer, SineMLP

RELATIVE = 1e-6  # of its scale, from where a jump is one
STEADY = 1e-6  # relative, by which a diffusivity may vary
THIN = 0.1  # of the domain's extent, below which a boundary layer is one
GRID = 2048  # intervals, on which kinks of a start are looked for
STAYS = 0.7  # of a second difference that is left by a grid twice as fine, at a kink
HALVINGS = 40  # of the interval that holds a kink
NEAR = 1e-4  # of the domain's size: the radius at which the inner angle of a corner is seen
ANGLES = 1440  # directions around a corner
EDGE_POINTS = 1024  # of a condition, among which those on the two edges of a corner are looked for
REENTRANT = math.pi + 0.02  # inner angles from here on are
FLAT = 1e-3  # of a weight, beside which another is none


@dataclasses.dataclass(frozen=True)
class Singularity:
    """A place where the solution is not smooth.

    - `feature`: what the network is given for it, `reason`: why, in words.
    """

    feature: AbstractFeature
    reason: str


def find_singularities(problem, network) -> list[Singularity]:
    """What a network of pinnsven's own is given beside the coordinates of a problem.

    None where the network is the user's, or names its features itself.
    """
    own = isinstance(network, (MLP, FourierMLP, SineMLP))
    if not own or (isinstance(network, MLP) and network.features is not None):
        return []
    with precision_context("float64"):
        found: list[Singularity] = []
        for look in (_corners_of_the_start, _corners_of_the_domain, _layers):
            try:
                found += look(problem)
            except Exception:  # a function of the user's that fails elsewhere than at the points
                continue
    return found


def in_words(found: list[Singularity]) -> str:
    """A sentence on what the network was given; empty for nothing."""
    if not found:
        return ""
    reasons = list(dict.fromkeys(s.reason for s in found))
    return f"Inputs were added for {'; '.join(reasons)}."


def _corners_of_the_start(problem) -> list[Singularity]:
    """Where a start is not smooth, or does not fit the walls: diffusion smooths it with the time."""
    domain = problem.domain
    if domain.time is None or not isinstance(domain.space, Box):
        return []
    found = []
    for condition in problem.conditions.values():
        if not isinstance(condition, Initial) or condition.function is not None:
            continue
        for field, value in condition.values.items():
            if field in problem.fields:
                for axis in range(domain.space_dim):
                    found += _along(problem, _Start(problem, field, value), axis)
    return found


class _Start:
    """What is prescribed of a field at the start, as a function of a point, and what follows from it.

    - `field`: its name, `value`: a number or a function of coordinates and constants.
    """

    def __init__(self, problem, field: str, value):
        self.problem, self.field, self.value = problem, field, value
        self.index = problem.fields.index(field)

    def __call__(self, point):
        """The value at one point, whose time is that of the start."""
        return prescribed(self.problem, self.value, point)

    def along(self, points, axis: int, order: int = 2) -> np.ndarray:
        """The value and its derivatives along an axis at points (n, dim), (n, order + 1)."""
        return _derivatives(self, points, axis, order)

    def diffusion(self, points, axis: int) -> tuple[float, np.ndarray] | None:
        """The diffusivity along an axis, and how fast the field changes at once, at points (n, dim).

        None where no equation of the field is one of diffusion there, of the first order in time.
        """
        for block in self.problem.blocks:
            if block.interior and (found := self._diffusion(block, points, axis)) is not None:
                return found
        return None

    def _diffusion(self, block: Block, points, axis: int):
        time = self.problem.domain.dim - 1
        names = {n: q for n, q in block.plan.quantities.items() if _is_of(q, self.field)}
        rates = [n for n, q in names.items() if _orders(block, q) == {time: 1}]
        spreads = [n for n, q in names.items() if _orders(block, q) == {axis: 2}]
        spreads += [n for n, q in names.items() if isinstance(q, Laplacian)]
        if not rates or len(spreads) != 1:
            return None
        if any(_orders(block, q).get(time, 0) > 1 for q in names.values()):
            return None
        numbers = self.problem.constants | self.problem.unknowns

        def fields(point):
            others = jnp.zeros(len(self.problem.fields))
            at_start = point.at[time].set(self.problem.domain.time.start)
            return others.at[self.index].set(self(at_start))

        def at(point):
            normal = jnp.zeros(self.problem.domain.space_dim)
            values = block.plan.evaluate(fields, point, normal, numbers)
            residual = lambda steep: jnp.stack(block.residual(values | steep))
            asked = {n: values[n] for n in (rates[0], spreads[0])}
            slopes = jax.jacfwd(residual)(asked)
            return residual({}), slopes[rates[0]], slopes[spreads[0]]

        rest, rate, spread = (np.asarray(a, float) for a in jax.jit(jax.vmap(at))(jnp.asarray(points)))
        component = int(np.argmax(np.abs(rate).max(axis=0)))
        rest, rate, spread = rest[:, component], rate[:, component], spread[:, component]
        if not np.all(np.isfinite(rest)) or not np.all(rate != 0):
            return None
        diffusivity = -spread / rate
        mean = float(np.mean(diffusivity))
        if not mean > 0 or np.max(np.abs(diffusivity - mean)) > STEADY * mean:
            return None
        return mean, -rest / rate


def _along(problem, start: _Start, axis: int) -> list[Singularity]:
    """The corners of a start along one coordinate."""
    domain: Domain = problem.domain
    coordinate, low, high = _component(domain, axis)
    extent, time = high - low, domain.dim - 1
    points = _places(domain)
    points[:, time] = domain.time.start
    known = start.diffusion(points, axis)
    if known is None:
        return []
    diffusivity, _ = known
    values = np.asarray(jax.jit(jax.vmap(start))(jnp.asarray(points)), float)
    scale = max(float(np.max(np.abs(values))), 1e-300)
    periodic = coordinate.periodic

    def profile(place: float, order: int) -> HeatProfile:
        return HeatProfile(  # type: ignore[call-arg]
            axis=axis,
            place=float(place),
            order=order,
            diffusivity=diffusivity,
            start=float(domain.time.start),
            time=time,
            extent=float(extent),
            ring=periodic,
        )

    kinds = ("a jump", "a jump of the slope", "a jump of the curvature")
    found = []
    ends = []
    for side in (low, high):
        at = points.copy()
        at[:, axis] = side
        ends.append(at)
    if periodic:
        jumps = start.along(ends[1], axis) - start.along(ends[0], axis)
        for order in range(3):
            if np.max(np.abs(jumps[:, order])) * extent**order > RELATIVE * scale:
                why = (
                    f"{kinds[order]} of {start.field} at the start across the seam of {coordinate.name}"
                )
                found.append(Singularity(profile(low, order), why))
    else:
        for side, at in zip((low, high), ends, strict=True):
            order = _misfit(problem, start, axis, side, at, scale, diffusivity, extent)
            if order is not None:
                where = f"{coordinate.name} = {side:g}"
                why = f"{kinds[order]} of {start.field} between the start and the wall {where}"
                found.append(Singularity(profile(side, order), why))
    if domain.space_dim == 1:
        for place, order in _kinks(start, points[0], axis, low, high, scale):
            why = f"{kinds[order]} of {start.field} at the start at {coordinate.name} = {place:.6g}"
            found.append(Singularity(profile(place, order), why))
    return found


def _misfit(problem, start: _Start, axis, side, at, scale, diffusivity, extent) -> int | None:
    """The first order in which a start does not fit what a wall prescribes; None where it does."""
    normal = np.zeros(problem.domain.space_dim)
    normal[axis] = 1.0 if side == problem.domain.upper[axis] else -1.0
    time = problem.domain.dim - 1
    for (name, condition), block in zip(problem.conditions.items(), problem.blocks, strict=True):
        del name
        if not isinstance(condition, (Dirichlet, Neumann)) or start.field not in condition.values:
            continue
        if not _covers(block, at[0], problem.domain):
            continue
        value = condition.values[start.field]
        wall = lambda point, value=value: prescribed(problem, value, point)
        given, begun = _derivatives(wall, at, time, 1), start.along(at, axis, 1)
        if isinstance(condition, Neumann):
            wrong = np.max(np.abs(normal[axis] * begun[:, 1] - given[:, 0])) * extent
            return 1 if wrong > RELATIVE * scale else None
        if np.max(np.abs(begun[:, 0] - given[:, 0])) > RELATIVE * scale:
            return 0
        known = start.diffusion(at, axis)
        if known is None:
            return None
        wrong = np.max(np.abs(known[1] - given[:, 1])) * extent**2 / diffusivity
        return 2 if wrong > RELATIVE * scale else None
    return None


def _kinks(start: _Start, point, axis: int, low: float, high: float, scale: float):
    """Where a start has a jump, or one of its slope, inside: (place, order)."""
    line = jax.jit(jax.vmap(lambda s: start(jnp.asarray(point).at[axis].set(s))))
    number = GRID
    coarse, fine = (
        np.asarray(line(jnp.linspace(low, high, n + 1)), float) for n in (number, 2 * number)
    )
    for order in (0, 1):
        width = (high - low) / number
        rough = np.abs(np.diff(coarse, n=order + 1)) / width**order
        smooth = np.abs(np.diff(fine, n=order + 1)) / (width / 2) ** order
        threshold = max(1e-3 * scale / (high - low) ** order, 20 * float(np.median(smooth)))
        places = [
            i
            for i in np.flatnonzero(smooth > threshold)
            if smooth[i] >= smooth[max(i - 2, 0) : i + 3].max()
        ]
        kept = []
        for i in places:
            before = rough[max((i - 2) // 2, 0) : i // 2 + 3].max(initial=0.0)
            if smooth[i] > STAYS * before:
                kept.append(low + (i + 0.5 * (order + 1)) * width / 2)
        if kept:
            for place in kept[:4]:
                yield _located(line, place, width, order), order
            return


def _located(line, place: float, width: float, order: int) -> float:
    """A jump found again and again in half of the interval."""
    low, high = place - width, place + width
    for _ in range(HALVINGS if order == 0 else 20):
        at = np.linspace(low, high, 9)
        step = np.abs(np.diff(np.asarray(line(jnp.asarray(at)), float), n=order + 1))
        i = int(np.argmax(step))
        low, high = at[i], at[min(i + 1 + order, 8)]
    return float((low + high) / 2)


def _corners_of_the_domain(problem) -> list[Singularity]:
    """Re-entrant corners in the plane, and corners where the kind of the condition changes."""
    domain = problem.domain
    if domain.space is None or domain.space_dim != 2 or not any(map(_diffuses, problem.blocks)):
        return []
    region = domain.space.region()
    if region is None or any(c.periodic for c in domain.coordinates):
        return []
    size = float(np.max(domain.space.upper - domain.space.lower))
    segments = [s for leaf in region.leaves() for s in leaf.curves()[0]]
    found = []
    for vertex in _meetings(segments, size):
        sector = _sector(domain.space, vertex, NEAR * size)
        if sector is None:
            continue
        middle, angle = sector
        edges = [middle + s * angle / 2 for s in (-1, 1)]
        held = [_holder(problem, vertex, edge, size) for edge in edges]
        kinds = [None if block is None else _kind(block) for block in held]
        mixed = None not in kinds and kinds[0] != kinds[1]
        power = math.pi / angle / (2 if mixed else 1)
        powers: tuple[float, ...] = (power, 3 * power) if mixed else (power, 2 * power)
        if angle < REENTRANT and not (mixed and angle > math.pi / 2 + 0.02):
            powers = ()
        log = not mixed and _is_strained(problem, vertex, edges, held, size)
        if not powers and not log:
            continue
        feature = CornerPowers(  # type: ignore[call-arg]
            vertex=vertex, middle=middle, exponents=powers, logarithm=log
        )
        names = [c.name for c in domain.space.coordinates]
        spot = ", ".join(f"{n} = {v:g}" for n, v in zip(names, vertex, strict=False))
        why = f"the corner of {math.degrees(angle):.0f} degrees at {spot}"
        if not powers:
            why += ", where the equation contradicts what the edges prescribe"
        found.append(Singularity(feature, why))
    return found


def _is_strained(problem, vertex, edges, held, size: float) -> bool:
    """Whether at a right angle an equation contradicts the curvatures that both edges prescribe.

    The solution then has the square of the distance times its logarithm.
    """
    turn = abs(edges[1] - edges[0])
    if min(abs(turn - math.pi / 2), abs(turn - 3 * math.pi / 2)) > 1e-6 or None in held:
        return False
    if len(problem.fields) != 1 or problem.domain.time is not None:
        return False
    corner = jnp.asarray(vertex)
    along = [jnp.array([math.cos(e), math.sin(e)]) for e in edges]
    given = []
    for block in held:
        condition = problem.conditions[block.name]
        if not isinstance(condition, Dirichlet) or problem.fields[0] not in condition.values:
            return False
        given.append(condition.values[problem.fields[0]])
    bent = [
        taylor(lambda p, g=g: prescribed(problem, g, p), corner, e, 2)
        for g, e in zip(given, along, strict=True)
    ]

    def fields(point):
        steps = [(point - corner) @ e for e in along]
        parts = [t[1] * s + t[2] * s**2 / 2 for t, s in zip(bent, steps, strict=True)]
        return (bent[0][0] + sum(parts))[None]

    numbers = problem.constants | problem.unknowns
    for block in problem.blocks:
        if block.interior and _diffuses(block):
            values = block.plan.evaluate(fields, corner, jnp.zeros(2), numbers)
            shifted = {
                n: v + 1 / size**2
                for n, v in values.items()
                if isinstance(block.plan.quantities[n], Laplacian)
                or _orders(block, block.plan.quantities[n]) == {0: 2}
            }
            left = float(block.residual(values)[0])
            answer = float(block.residual(values | shifted)[0]) - left
            scale = max(abs(float(t[0])) for t in bent) + abs(left / answer if answer else 0.0)
            return bool(answer != 0 and abs(left / answer) > RELATIVE * max(scale, 1e-300))
    return False


def _meetings(segments, size: float) -> list[tuple[float, float]]:
    """Ends and crossings of segments, each once."""
    places = [end for s in segments for end in (s[:2], s[2:])]
    for one, other in itertools.combinations(segments, 2):
        a, b = np.array(one).reshape(2, 2), np.array(other).reshape(2, 2)
        matrix = np.array([a[1] - a[0], b[0] - b[1]]).T
        if abs(np.linalg.det(matrix)) > 1e-12 * size**2:
            shares = np.linalg.solve(matrix, b[0] - a[0])
            if np.all((shares > -1e-9) & (shares < 1 + 1e-9)):
                places.append(tuple((a[0] + shares[0] * (a[1] - a[0])).tolist()))
    kept: list[tuple[float, float]] = []
    for place in places:
        if all(math.dist(place, other) > 1e-6 * size for other in kept):
            kept.append((float(place[0]), float(place[1])))
    return kept


def _sector(space, vertex, radius: float) -> tuple[float, float] | None:
    """The middle and the size of the one angle at which the domain is seen from a corner."""
    turns = 2 * np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    around = np.array(vertex) + radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    inside = space.level(around) < 0
    starts = np.flatnonzero(inside & ~np.roll(inside, 1))
    if len(starts) != 1:
        return None
    angle = 2 * math.pi * int(inside.sum()) / ANGLES
    # Angles of drawings are simple fractions of a turn: the count of directions is rounded to degrees.
    angle = math.radians(round(math.degrees(angle) * 2) / 2)
    middle = turns[starts[0]] - math.pi / ANGLES + angle / 2
    return math.remainder(middle, 2 * math.pi), angle


def _holder(problem, vertex, direction: float, size: float) -> Block | None:
    """The condition that holds along an edge which leaves a corner; None where none does."""
    point = np.array(problem.domain.lower, float)
    step = 1e-3 * size * np.array([math.cos(direction), math.sin(direction)])
    point[:2] = np.array(vertex) + step
    covering = (b for b in problem.blocks if not b.interior and _covers(b, point, problem.domain, 5e-3))
    return next(covering, None)


def _kind(block: Block) -> str:
    """Whether a condition prescribes values or slopes."""
    natural = any(isinstance(q, (NormalDerivative, Gradient)) for q in block.plan.quantities.values())
    return "slopes" if natural else "values"


def _layers(problem) -> list[Singularity]:
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
        factors = _factors(problem, block)
        for axis in range(domain.space_dim):
            coordinate, low, high = _component(domain, axis)
            if coordinate.periodic:
                continue
            orders = _along_only(block, axis)
            if 2 not in orders.values() or max(orders.values()) > 2:
                continue
            for side, place in ((1, low), (-1, high)):
                points = _places(domain)
                points[:, axis] = place
                if not any(_covers(b, points[0], domain) for b in problem.blocks if not b.interior):
                    continue
                thickness = _thickness(factors(points), orders, side)
                if thickness is not None and thickness < THIN * (high - low):
                    feature = Layer(  # type: ignore[call-arg]
                        axis=axis, place=float(place), side=side, thickness=thickness
                    )
                    why = f"a layer {thickness:.2g} thick at {coordinate.name} = {place:g}"
                    found.append(Singularity(feature, why))
    return found


def _places(domain: Domain) -> np.ndarray:
    """A few points of the bounding box, (n, dim)."""
    unit = Sobol().draw(16, domain.dim, np.random.default_rng(0))
    return domain.lower + unit * (domain.upper - domain.lower)


def _along_only(block: Block, axis: int) -> dict[str, int]:
    """The quantities of an equation that differentiate along one axis alone, and how often."""
    orders: dict[str, int] = {}
    for name, quantity in block.plan.quantities.items():
        taken = {axis: 2} if isinstance(quantity, Laplacian) else _orders(block, quantity)
        if isinstance(quantity, (Value, Derivative, Laplacian)) and set(taken) <= {axis}:
            orders[name] = taken.get(axis, 0)
    return orders


def _factors(problem, block: Block):
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

    everywhere = jax.jit(jax.vmap(jax.vmap(at, (0, None)), (None, 0)))
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


def prescribed(problem, value, point):
    """A prescribed number, or function of coordinates and constants, at one point."""
    if not callable(value):
        return jnp.asarray(float(value)) + 0 * point[0]
    named = dict(problem.constants | problem.unknowns)
    domain = problem.domain
    for c, part in zip(domain.coordinates, domain.slices().values(), strict=True):
        named[c.name] = point[part] if c.vector else point[part.start]
    return jnp.asarray(value(*[named[name] for name in required_arguments(value)]), float)


def _derivatives(function, points, axis: int, order: int) -> np.ndarray:
    """A function of a point and its derivatives along an axis, (n, order + 1)."""
    direction = jnp.zeros(points.shape[1]).at[axis].set(1.0)
    at = lambda point: jnp.stack(taylor(function, point, direction, order))
    return np.asarray(jax.jit(jax.vmap(at))(jnp.asarray(points)), float)


def _component(domain: Domain, axis: int):
    """The coordinate that a component of a point belongs to, and the ends of the component."""
    for coordinate, part in zip(domain.coordinates, domain.slices().values(), strict=True):
        if part.start <= axis < part.stop:
            return coordinate, float(domain.lower[axis]), float(domain.upper[axis])
    raise IndexError(axis)


def _covers(block: Block, point, domain: Domain, near: float = 1e-6) -> bool:
    """Whether a condition on the boundary in space holds at a point of it, but for its other places."""
    pieces = getattr(block.site, "pieces", ())
    size = float(np.max(domain.space.upper - domain.space.lower))
    space = domain.space_dim
    for piece in pieces:
        unit = (
            np.random.default_rng(0).random((EDGE_POINTS, piece.dim)) if piece.dim else np.zeros((1, 0))
        )
        places, normals = piece.place(unit)
        if not len(places):
            continue
        if piece.dim == 0:
            if np.linalg.norm(places[0] - point[:space]) < near * size:
                return True
            continue
        off = np.abs(np.sum((places - point[:space]) * normals, axis=1))
        inside = np.all(places.min(axis=0) - near * size <= point[:space]) and np.all(
            point[:space] <= places.max(axis=0) + max(near, 5e-3) * size
        )
        if np.median(off) < max(near, 1e-9) * size * 0.2 and inside:
            return True
    return False


def _is_of(quantity, field: str) -> bool:
    return getattr(quantity, "field", None) == field


def _orders(block: Block, quantity) -> dict[int, int]:
    """How often a quantity is differentiated along each component of a point."""
    if not isinstance(quantity, Derivative):
        return {}
    slices = block.plan.space.domain.slices()
    axes = [slices[name].start for name in quantity.along]
    return {axis: axes.count(axis) for axis in set(axes)}


def _diffuses(block: Block) -> bool:
    """Whether a condition is an equation with second derivatives along both coordinates."""
    if not block.interior:
        return False
    kinds = [_orders(block, q) for q in block.plan.quantities.values()]
    both = {0: 2} in kinds and {1: 2} in kinds
    return both or any(isinstance(q, Laplacian) for q in block.plan.quantities.values())
