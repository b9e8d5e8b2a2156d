"""Where a start is not smooth, or does not fit the walls: diffusion smooths it with the time."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._calculus._names import Laplacian
from .._conditions import Block, Dirichlet, Initial, Neumann
from .._domains import Box, Domain
from .._networks import HeatProfile
from ._reading import Along, Singularity, component, covers, is_of, orders_of, places, prescribed

RELATIVE = 1e-6  # of its scale, from where a jump is one
STEADY = 1e-6  # relative, by which a diffusivity may vary
GRID = 2048  # intervals, on which kinks of a start are looked for
STAYS = 0.7  # of a second difference that is left by a grid twice as fine, at a kink
HALVINGS = 40  # of the interval that holds a kink


def corners_of_the_start(problem) -> list[Singularity]:
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
        self.index, self.began = problem.fields.index(field), float(problem.domain.time.start)
        self.along = Along(self, 2)
        self._walls: dict[str, Along] = {}
        self._laws: dict[str, Callable] = {}

    def __call__(self, point):
        """The value at one point, whose time is that of the start."""
        return prescribed(self.problem, self.value, point)

    def wall(self, name: str, value) -> Along:
        """What a condition of that name prescribes of the field, and how it changes."""
        if name not in self._walls:
            self._walls[name] = Along(lambda point: prescribed(self.problem, value, point), 1)
        return self._walls[name]

    def diffusion(self, points, axis: int) -> tuple[float, np.ndarray] | None:
        """The diffusivity along an axis, and how fast the field changes at once, at points (n, dim).

        None where no equation of the field is one of diffusion there, of the first order in time.
        """
        for block in self.problem.blocks:
            if block.interior and (found := self._diffusion(block, points, axis)) is not None:
                return found
        return None

    def _diffusion(self, block: Block, points, axis: int):
        """The same for one equation."""
        time = self.problem.domain.dim - 1
        names = {n: q for n, q in block.plan.quantities.items() if is_of(q, self.field)}
        rates = [n for n, q in names.items() if orders_of(block.plan, q) == {time: 1}]
        spreads = [n for n, q in names.items() if orders_of(block.plan, q) == {axis: 2}]
        spreads += [n for n, q in names.items() if isinstance(q, Laplacian)]
        if not rates or len(spreads) != 1:
            return None
        if any(orders_of(block.plan, q).get(time, 0) > 1 for q in names.values()):
            return None
        if block.name not in self._laws:
            self._laws[block.name] = self._law(block, names)
        rest, slopes = self._laws[block.name](jnp.asarray(points))
        rest, rate, spread = (
            np.asarray(a, float) for a in (rest, slopes[rates[0]], slopes[spreads[0]])
        )
        most = int(np.argmax(np.abs(rate).max(axis=0)))
        rest, rate, spread = rest[:, most], rate[:, most], spread[:, most]
        if not np.all(np.isfinite(rest)) or not np.all(rate != 0):
            return None
        diffusivity = -spread / rate
        mean = float(np.mean(diffusivity))
        if not mean > 0 or np.max(np.abs(diffusivity - mean)) > STEADY * mean:
            return None
        return mean, -rest / rate

    def _law(self, block: Block, names) -> Callable:
        """An equation's residuals at the start at points, and how they answer to each of some names."""
        time = self.problem.domain.dim - 1
        numbers = self.problem.constants | self.problem.unknowns

        def fields(point):
            others = jnp.zeros(len(self.problem.fields))
            at_start = point.at[time].set(self.began)
            return others.at[self.index].set(self(at_start))

        def at(point):
            normal = jnp.zeros(self.problem.domain.space_dim)
            values = block.plan.evaluate(fields, point, normal, numbers)
            residual = lambda steep: jnp.stack(block.residual(values | steep))
            return residual({}), jax.jacfwd(residual)({n: values[n] for n in names})

        return briefly(jax.vmap(at))


def _along(problem, start: _Start, axis: int) -> list[Singularity]:
    """The corners of a start along one coordinate."""
    domain: Domain = problem.domain
    coordinate, low, high = component(domain, axis)
    extent, time = high - low, domain.dim - 1
    points = places(domain)
    points[:, time] = start.began
    known = start.diffusion(points, axis)
    if known is None:
        return []
    diffusivity, _ = known
    values = np.asarray(briefly(jax.vmap(start))(jnp.asarray(points)), float)
    scale = max(float(np.max(np.abs(values))), 1e-300)
    periodic = coordinate.periodic

    def profile(place: float, order: int) -> HeatProfile:
        return HeatProfile(  # type: ignore[call-arg]
            axis=axis,
            place=float(place),
            order=order,
            diffusivity=diffusivity,
            start=start.began,
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
        if not isinstance(condition, (Dirichlet, Neumann)) or start.field not in condition.values:
            continue
        if not covers(block, at[0], problem.domain):
            continue
        given = start.wall(name, condition.values[start.field])(at, time)
        begun = start.along(at, axis)
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
    line = briefly(jax.vmap(lambda s: start(jnp.asarray(point).at[axis].set(s))))
    number = GRID
    coarse, fine = (
        np.asarray(line(jnp.linspace(low, high, n + 1)), float) for n in (number, 2 * number)
    )
    for order in (0, 1):
        width = (high - low) / number
        rough = np.abs(np.diff(coarse, n=order + 1)) / width**order
        smooth = np.abs(np.diff(fine, n=order + 1)) / (width / 2) ** order
        threshold = max(1e-3 * scale / (high - low) ** order, 20 * float(np.median(smooth)))
        peaks = [
            i
            for i in np.flatnonzero(smooth > threshold)
            if smooth[i] >= smooth[max(i - 2, 0) : i + 3].max()
        ]
        kept = []
        for i in peaks:
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
