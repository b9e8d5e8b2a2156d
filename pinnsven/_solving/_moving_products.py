"""A method of lines in products of polynomials and waves over space: see `_evolve`.

What conditions ask of the functions is found once, at nodes of a rule that is exact for products of
two; walls leave a null space, in which the coefficients move (Galerkin's method: what is a decay, or a
rotation, stays one).
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Float, Int

from .._domains import Sobol, box_rule
from .._networks import (
    WAVE,
    ProductsInTime,
    Trajectory,
    degrees_over_space,
    layout_of,
)
from .._problem import Problem
from ._asked import numbers_of
from ._drawn_programs import named_values
from ._error_estimate import largest_of_one
from ._exponential import flow_of
from ._moving import AbstractMoving
from ._points import PointSet
from ._space_tables import SpaceTable, SpaceTables

OVERSAMPLING = 1.5  # nodes along a coordinate for each degree, as quadratic terms want them
ON_WALLS = 4  # points on walls for each degree
CUT = 1e-11  # of the largest singular value of what walls ask, below which they ask for nothing more
AFFINE = 1e-9  # relative, to which slopes have to agree where something is affine
LOOKS = 512  # other points, at which a run is judged
LEAST, FURTHEST = 1.5, 3.0  # times as many degrees where there are too few
EARLY = 0.1  # of the time, before which they are far too few
FEW = 64  # degrees, up to which there are at least twice as many next
SOON = 0.01  # of the time, in which a field that starts at zero shows its size
OUTER = 0.9  # of the degrees along a coordinate, beyond which coefficients have to be small


class MovingProducts(AbstractMoving):
    """Coefficients c(t) = h(t) + Z y(t): h holds the walls, Z leaves them as they are.

    - `size`: of y at the start, root mean square; `start`: y there.
    - `rank`, `params`: how many directions move, of so many coefficients.
    """

    def __init__(self, tables: SpaceTables, problem: Problem, sides: Int[np.ndarray, " space"]):
        self._of(problem, problem.blocks)
        self.domain, self.fields = problem.domain, len(problem.fields)
        self.numbers = {name: jnp.asarray(n) for name, n in numbers_of(problem).items()}
        self._source, self._sides = tables, sides
        self.degrees = degrees_over_space(layout_of(self.domain), sides)
        self.functions = len(self.degrees)
        self.params = self.functions * self.fields
        self._draw(sides, np.random.default_rng(len(self.degrees)))
        made = lambda block, sets: tables.of(block, *sets[block.name], degrees=self.degrees)
        self._tables = {block.name: made(block, self.sets) for block in problem.blocks}
        self._fresh = [made(block, self.fresh) for block in self.interior]
        self._along = self._degrees_along()
        self.places = {name: found[0] for name, found in self.sets.items()}

    def _draw(self, sides, rng: np.random.Generator) -> None:
        """The points of every condition: nodes of a rule, and enough on walls for all degrees."""
        counts = np.ceil(OVERSAMPLING * sides).astype(int) + 2
        places, weights = box_rule(self.domain.space.coordinates, counts)  # type: ignore[union-attr]
        rest = np.tile(self.domain.lower[self.domain.space_dim :], (len(places), 1))
        nodes = np.concatenate([places, rest], axis=1)
        inside = nodes, np.zeros((len(nodes), self.domain.space_dim)), np.sqrt(weights / weights.sum())
        flat = self.domain.space_dim > 1
        counts = {b.name: ON_WALLS * int(np.sum(sides)) * 2 if flat else 8 for b in self.walls}
        counts |= {b.name: LOOKS for b in (*self.interior, *self.starts)}
        drawn = PointSet(self.problem, counts, Sobol(), rng)
        self.sets, self.fresh = {}, {}
        for block in self.problem.blocks:
            found = drawn.current[block.name]
            even = np.full(len(found.points), len(found.points) ** -0.5)
            self.sets[block.name] = found.points, found.normals, even
        for block in (*self.interior, *self.starts):
            self.sets[block.name] = inside
        for block in self.interior:
            found = drawn.fresh(block, LOOKS)
            self.fresh[block.name] = found.points, found.normals, np.full(len(found.points), 1.0)

    def _rows(self, table: SpaceTable, coefficients, rates, t) -> Float[Array, " rows"]:
        """The residuals of a condition, weighted, one component after the other."""
        values = self._values(table, coefficients, rates)
        return self._residuals(table, values, t).ravel()

    def _values(self, table: SpaceTable, coefficients, rates) -> Float[Array, "values points"]:
        found = []
        for owner, still, moving in zip(table.owners, table.still, table.moving, strict=True):
            value = jnp.zeros(len(table.points))
            for part, given in ((still, coefficients), (moving, rates)):
                if part is not None and given is not None:
                    value = value + jnp.asarray(part) @ given.reshape(self.functions, -1)[:, owner]
            found.append(value)
        return jnp.stack(found)

    def _residuals(self, table: SpaceTable, values, t) -> Float[Array, "components points"]:
        block = table.block
        nothing = lambda point: jnp.zeros(self.fields)

        def at(point, normal, given):
            point = point.at[self.axis].set(t)
            zero = block.plan.evaluate(nothing, point, normal, self.numbers)
            found = block.residual(zero | named_values(block, zero, given))
            return jnp.stack([jnp.asarray(r, given.dtype) for r in found])

        rows = jax.vmap(at, (0, 0, 1), 1)(jnp.asarray(table.points), jnp.asarray(table.normals), values)
        return rows * jnp.asarray(table.shares)[None]

    def _all(self, blocks, coefficients, rates, t) -> Float[Array, " rows"]:
        found = [self._rows(self._tables[b.name], coefficients, rates, t) for b in blocks]
        return jnp.concatenate([jnp.zeros(0), *found])

    def _slopes(self, blocks, of_rates: bool) -> Float[np.ndarray, "rows params"] | None:
        """Of the residuals by coefficients, or by rates; None where these are not constant."""
        rng, found = np.random.default_rng(0), []
        residuals = {b.name: jax.jit(self._slopes_of_values(self._tables[b.name])) for b in blocks}
        for share in (0.0, 0.37, 0.83):
            t = self.began + share * (self.ended - self.began)
            other = (
                rng.standard_normal(self.params)
                / (1 + np.sum(self.degrees, axis=1)).repeat(self.fields) ** 4
            )
            parts = []
            for block in blocks:
                table = self._tables[block.name]
                slopes = np.asarray(residuals[block.name](other, t))  # components, points, values
                along = table.moving if of_rates else table.still
                rows = np.zeros((*slopes.shape[:2], self.functions, self.fields))
                for number, (owner, part) in enumerate(zip(table.owners, along, strict=True)):
                    if part is not None:
                        rows[..., owner] += slopes[:, :, number, None] * part
                parts.append(rows.reshape(-1, self.params))
            found.append(np.concatenate([np.zeros((0, self.params)), *parts]))
        first = found[0]
        bound = AFFINE * np.max(np.abs(first), initial=1e-300)
        return (
            first if all(np.max(np.abs(f - first), initial=0.0) <= bound for f in found[1:]) else None
        )

    def _slopes_of_values(self, table: SpaceTable) -> Callable:
        def slopes(coefficients, t):
            values = self._values(table, coefficients, jnp.zeros(self.params))

            def one(place, given):
                moved = dataclasses.replace(
                    table, points=place[0][None], normals=place[1][None], shares=place[2][None]
                )
                return self._residuals(moved, given[:, None], t)[:, 0]

            places = tuple(map(jnp.asarray, (table.points, table.normals, table.shares)))
            return jax.vmap(jax.jacfwd(one, 1), (0, 1), 1)(places, values)

        return slopes

    def begin(self) -> str:
        """Prepares everything; a reason why it cannot be done, or nothing."""
        asked = self._slopes(self.walls, of_rates=False)
        rates = self._slopes(self.interior, of_rates=True)
        first = self._slopes(self.starts, of_rates=False)
        if asked is None or rates is None or first is None:
            return "conditions that are not linear in what they hold, or in rates"
        ends = np.cumsum([0, *(b.components * len(self.places[b.name]) for b in self.interior)])
        for block, begin, end in zip(self.interior, ends, ends[1:], strict=False):
            each = rates[begin:end].reshape(block.components, -1)
            if not np.all(np.any(each, axis=1)):
                return "an equation without a rate"
        held, free, self._groups = free_of_walls(asked, self.fields)
        onto, kept = pseudoinverse(rates @ free)
        begun, started = pseudoinverse(first @ free)
        if min(kept, started) < free.shape[1]:
            return "directions that nothing moves, or that have no start"
        self._onto, self.rank = jnp.asarray(onto), kept
        self._held, self._free = jnp.asarray(held), jnp.asarray(free)

        def begins(t):
            return self._all(self.starts, self._lift(t), jnp.zeros(self.params), t)

        self.start = jnp.asarray(-begun @ np.asarray(jax.jit(begins)(jnp.asarray(self.began))))
        self.size = float(np.linalg.norm(self.start)) / self.rank**0.5
        self._scales = self._field_scales()
        return ""

    def _field_scales(self) -> Float[np.ndarray, " fields"]:
        """The largest coefficient of each field at the start, or soon after if it starts at zero."""
        soon = SOON * (self.ended - self.began)
        pair = jax.jit(lambda t, y: (self.parameters(t, y), soon * (self._free @ self.rate(t, y))))
        both = np.abs(np.stack(pair(jnp.asarray(self.began), self.start)))
        sizes = both.reshape(2, self.functions, self.fields).max(axis=(0, 1))
        return largest_of_one(sizes, self.problem.space)

    def growth(self, moments) -> float:
        """By how much more a small change of a field grows in all the time than with half the degrees.

        As the equations are at these moments. About one where they are well posed. Where walls are left
        open, or an equation runs backwards, what is finer grows faster: as what polynomials say beyond
        the ends of an interval does. (A method of lines has to pass the same test: Trefethen 2000, 10.)
        """
        halved = MovingProducts(self._source, self.problem, np.maximum(self._sides // 2, 2))
        if halved.begin():
            return np.inf
        places = {tuple(row): number for number, row in enumerate(self.degrees.tolist())}
        kept = [places[tuple(row)] for row in halved.degrees.tolist()]
        fine = [(t, np.asarray(p).reshape(self.functions, self.fields)) for t, p in moments]
        many = self._flow_sizes([(t, p.ravel()) for t, p in fine])
        few = halved._flow_sizes([(t, p[kept].ravel()) for t, p in fine])
        pairs = zip(many, few, strict=True)
        return max(m / max(f, 1.0) if np.isfinite(m) else np.inf for m, f in pairs)

    def _flow_sizes(self, moments) -> list[float]:
        """The largest factor by which a small change of a field grows in all the time, by moment.

        In the mean square, of each group of fields by itself: their units may be far apart.
        """
        slope, triangles = jax.jit(jax.jacfwd(self.rate, 1)), self._triangles()
        sizes = []
        for t, parameters in moments:
            moment = jnp.asarray(t)
            here = self._free.T @ (jnp.asarray(parameters) - self._lift(moment))
            with np.errstate(over="ignore", invalid="ignore"):
                flow = flow_of(np.asarray(slope(moment, here)), self.ended - self.began)
            if not np.all(np.isfinite(flow)):
                sizes.append(np.inf)
                continue
            found = [0.0]
            for triangle, columns in triangles:
                own = triangle @ flow[np.ix_(columns, columns)]
                scaled = scipy.linalg.solve_triangular(triangle.T, own.T, lower=True)
                found.append(float(np.linalg.norm(scaled, 2)))
            sizes.append(max(found))
        return sizes

    def _triangles(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """By group of fields a matrix that makes mean squares of what moves, and its own columns."""
        nodes, _, shares = self.sets[self.interior[0].name]
        degrees, most = jnp.asarray(self.degrees), int(self.degrees.max())
        values = jax.jit(jax.vmap(lambda p: self._source.functions_at(p, degrees, most)))
        weighted = np.asarray(values(jnp.asarray(nodes))) * shares[:, None]
        free, found = np.asarray(self._free).reshape(self.functions, self.fields, -1), []
        for fields, columns in self._groups:
            rows = [weighted @ free[:, field][:, columns] for field in fields]
            _, triangle = np.linalg.qr(np.concatenate(rows))
            found.append((triangle, columns))
        return found

    def _lift(self, t) -> Float[Array, " params"]:
        """Coefficients that hold the walls at a time, the smallest."""
        nothing = jnp.zeros(self.params)
        return -self._held @ self._all(self.walls, nothing, nothing, t)

    def parameters(self, t, y) -> Float[Array, " params"]:
        return self._lift(t) + self._free @ y

    def rate(self, t, y) -> Float[Array, " rank"]:
        held, moving = jax.jvp(self._lift, (t,), (jnp.ones_like(t),))
        rows = self._all(self.interior, held + self._free @ y, moving, t)
        return -self._onto @ rows

    def left(self, t, y, rate) -> Float[Array, ""]:
        held, moving = jax.jvp(self._lift, (t,), (jnp.ones_like(t),))
        given = held + self._free @ y
        sizes = []
        for rates in (moving + self._free @ rate, jnp.zeros_like(moving)):
            sizes.append(
                jnp.linalg.norm(jnp.concatenate([self._rows(f, given, rates, t) for f in self._fresh]))
            )
        return sizes[0] / jnp.where(sizes[1] > 0, sizes[1], jnp.inf)

    def _degrees_along(self) -> Int[np.ndarray, "space functions"]:
        """The degree of each function along each coordinate of space; a wave counts `WAVE`."""
        found, column = [], 0
        for coordinate in self.domain.space.coordinates:  # type: ignore[union-attr]
            for number in range(coordinate.size):
                mine = self.degrees[:, column + number]
                if coordinate.periodic:
                    sine = self.degrees[:, column + coordinate.size + number]
                    mine = int(WAVE) * np.maximum(mine, sine)
                found.append(mine)
            column += coordinate.size * (1 + coordinate.periodic)
        return np.array(found)

    def _sizes(self, parameters) -> Float[Array, " functions"]:
        """How large the coefficients of each function are beside the largest, of the worst field."""
        sizes = jnp.abs(parameters.reshape(self.functions, -1))
        largest = jnp.maximum(jnp.max(sizes, axis=0), self._scales)
        return jnp.max(sizes / jnp.where(largest > 0, largest, 1.0)[None], axis=1)

    def tail(self, parameters) -> Float[Array, ""]:
        outer = np.any(self._along > OUTER * self._sides[:, None], axis=0)
        return jnp.max(jnp.where(jnp.asarray(outer), self._sizes(parameters), 0.0))

    def wanted(self, parameters, share: float, reached: float) -> Int[np.ndarray, " space"]:
        """How far degrees would have to reach for the finest coefficients to be that small.

        As they fall along each coordinate; somewhat further, since they fall more slowly later on.

        - `reached`: the share of the time after which they are as they are.
        """
        sizes, found = np.asarray(self._sizes(parameters)), []
        for mine, side in zip(self._along, self._sides, strict=True):
            looked = np.array([sizes[mine > part * side].max(initial=0.0) for part in (0.5, OUTER)])
            fall = np.log(max(looked[0], share) / max(looked[1], 1e-300)) / ((OUTER - 0.5) * side)
            more = np.log(max(looked[1], share) / share) / max(fall, 1e-300)
            least = 2.0 if side <= FEW else LEAST
            if reached < EARLY and len(self._sides) == 1:
                least = FURTHEST
            wanted = side * np.clip(1 + more / side, least, FURTHEST)
            found.append(side if looked[1] <= share else wanted)
        return np.ceil(found).astype(int)

    def network(self, times, parameters, edges) -> tuple[ProductsInTime, Trajectory]:
        """The parameters at moments as a network over space and time, with its architecture.

        - `edges`: in time, at which rates jump.
        """
        breaks = np.searchsorted(times, edges, side="left")
        layout, sides = layout_of(self.domain), tuple(map(int, self._sides))
        made = ProductsInTime(layout, sides, len(times), tuple(map(int, breaks)))  # type: ignore[call-arg]
        empty = made.build(self._source.embedding.inputs, self.fields, jax.random.PRNGKey(0))
        scaled = 2 * (times - self.began) / (self.ended - self.began) - 1
        between = dataclasses.replace(empty.between, times=scaled, states=parameters)
        return made, dataclasses.replace(empty, between=between)

    def fields_at(self, parameters, point) -> Float[Array, " fields"]:
        degrees = jnp.asarray(self.degrees)
        functions = self._source.functions_at(point, degrees, int(self.degrees.max()))
        return functions @ parameters.reshape(self.functions, -1)


def free_of_walls(asked: Float[np.ndarray, "rows params"], fields: int):
    """The pseudoinverse of what walls ask, and a basis of what they leave free.

    (params, rows), (params, free), and groups of fields that walls do not tie to others, each with the
    numbers of its own columns of the basis.
    """
    rows = asked.reshape(len(asked), asked.shape[1] // fields, fields)
    ties = np.any(rows != 0, axis=1)  # rows, fields
    groups: list[set[int]] = [{field} for field in range(fields)]
    for tie in np.unique(ties, axis=0):
        tied = {int(field) for field in np.flatnonzero(tie)}
        meets = [group for group in groups if group & tied]
        groups = [g for g in groups if g not in meets] + ([set().union(*meets)] if meets else [])
    held, free, numbered, count = np.zeros(asked.T.shape), [], [], 0
    for group in groups:
        members = sorted(group)
        mine = np.any(ties[:, members], axis=1)
        columns = (np.arange(rows.shape[1])[:, None] * fields + np.array(members)).ravel()
        part = asked[np.ix_(mine, columns)]
        basis = np.eye(len(columns))
        if len(part):
            left, sizes, right = np.linalg.svd(part, full_matrices=True)
            rank = int(np.sum(sizes > CUT * sizes[0]))
            held[np.ix_(columns, mine)] = (right[:rank].T / sizes[:rank]) @ left[:, :rank].T
            basis = right[rank:].T
        whole = np.zeros((asked.shape[1], basis.shape[1]))
        whole[columns] = basis
        free.append(whole)
        numbered.append((members, np.arange(count, count + basis.shape[1])))
        count += basis.shape[1]
    return held, np.concatenate(free, axis=1), numbered


def pseudoinverse(
    matrix: Float[np.ndarray, "rows columns"],
) -> tuple[Float[np.ndarray, "columns rows"], int]:
    """Of a matrix with at least as many rows as columns, and its rank."""
    basis, triangle = np.linalg.qr(matrix)
    sizes = np.abs(np.diag(triangle))
    rank = int(np.sum(sizes > CUT * sizes.max(initial=0.0)))
    if rank < matrix.shape[1]:
        return np.zeros(matrix.T.shape), rank
    return scipy.linalg.solve_triangular(triangle, basis.T), rank
