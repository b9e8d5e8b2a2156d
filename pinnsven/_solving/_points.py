"""The points of a solve: drawn, drawn again where the residual is large, and grown.

Each block has its own number of points. The points that an estimate uses are drawn afresh and never
enter a step, so the held-out residual is what the solution does between the points it was fitted to.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from .._basics._messages import listing, nearest
from .._conditions import Block, FixedPoints
from .._conditions._base import check_count, points_array
from .._domains import AbstractSampler, Facets, Moment
from .._domains._sampling import relative_density, weighted_choice
from .._output._facts import finite_column
from .._problem import Problem
from ._focus import Focus
from ._residual import Batch, make_batch, points_per_slab

INTERIOR_POINTS = 1024
OTHER_POINTS = 128
FINER_POINTS = 32  # of a condition that is judged by a finer rule, in one draw
MAX_POINTS = 32768
GROWN_ROOM = 2  # a capacity that is full is multiplied by this
Weights = Mapping[str, float | np.ndarray]  # of all components of a condition, or of each
POOL = 8  # candidates per point of a residual-weighted draw


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Points (n, dim), normals (n, space) and auxiliary values, each (n,).

    - `importance`: what each point counts in a mean over the site, (n,) with mean one; None where
      all count the same.
    """

    points: np.ndarray
    normals: np.ndarray
    auxiliary: dict[str, np.ndarray]
    importance: np.ndarray | None = None


def values_of(block: Block, drawn: Drawn) -> dict[str, np.ndarray]:
    """The values per point that the residual of a block uses."""
    given = {} if block.given is None else block.given.at(drawn.points)
    return drawn.auxiliary | given


class PointSet:
    """The current points of every block, and how to replace them.

    - `problem`: whose blocks these are.
    - `requested`: None, a number of interior points, or a dict from a condition's name to a number
      or to a dict of coordinate arrays that are then kept as they are.
    - `sampler`: draws in the unit cube.
    - `rng`: makes every draw reproducible.
    - `focus`: where points lie closer than elsewhere; None for nowhere.

    Raises `ValueError` for a name that does not exist or points that do not fit.
    """

    def __init__(
        self,
        problem: Problem,
        requested: object,
        sampler: AbstractSampler,
        rng: np.random.Generator,
        focus: Focus | None = None,
    ):
        self._sampler = sampler
        self.focus = Focus(problem.domain.upper - problem.domain.lower) if focus is None else focus
        self._rng = rng
        self.blocks = problem.fitted
        self._pinned = _requested_points(problem, requested)
        counts = _requested_counts(problem, requested)
        self.current = {b.name: self._draw(b, counts[b.name]) for b in self.blocks}
        self._first = {b.name: self.count(b) for b in self.blocks}
        self._room: int | None = None
        self._most_rows = math.inf

    def count(self, block: Block) -> int:
        """The current number of points of a block."""
        return len(self.current[block.name].points)

    def rows(self, block: Block) -> int:
        """The current number of residual rows of a block."""
        return self.count(block) * block.components

    def make_room(self, times: int, rows: float) -> None:
        """Gives points that may be redrawn room for so many times their first number.

        - `times`: 1 where more would cost too much; each block then has room for itself alone.
        - `rows`: as long as all blocks together take no more of them, all get more room as soon as one
          needs it: each change compiles a step anew.
        """
        self._room, self._most_rows = times, rows

    @property
    def has_pinned(self) -> bool:
        """Whether some points are the user's, in place of drawn ones."""
        return bool(self._pinned)

    def is_fixed(self, block: Block) -> bool:
        """Whether a block's points are given, or all there are, so that drawing again is idle."""
        return block.name in self._pinned or self.is_complete(block)

    def is_complete(self, block: Block) -> bool:
        """Whether the current points are all there are, so that no others can be held out."""
        return isinstance(block.site, FixedPoints) or block.site.finite is not None

    def batches(self, weights: Weights) -> tuple[Batch, ...]:
        """The current points as batches."""
        return self._batches(self.current, weights)

    def held_out(self, weights: Weights, by_finer: bool = False) -> tuple[Batch, ...]:
        """As many fresh points; the same ones where a site has no others.

        - `by_finer`: whether finer rules judge there, whose many nodes are dear: then fewer of these.
        """

        def number(block: Block) -> int:
            count = self.count(block)
            return min(count, FINER_POINTS) if by_finer and block.finer else count

        fresh = {
            b.name: self.current[b.name] if self.is_complete(b) else self._fresh(b, number(b))
            for b in self.blocks
        }
        return self._batches(fresh, weights)

    @contextlib.contextmanager
    def unchanged(self):
        """What is drawn within is as if it had not been: the next draws are the same."""
        state = self._rng.bit_generator.state
        try:
            yield
        finally:
            self._rng.bit_generator.state = state

    def fresh(self, block: Block, count: int, rng: np.random.Generator | None = None) -> Drawn:
        """So many fresh points of a block; some or all of the same ones where there are no others.

        - `rng`: other random numbers than those of the run.
        """
        rng = self._rng if rng is None else rng
        if not self.is_complete(block):
            return self._fresh(block, max(count, 1), rng)
        known = self.current[block.name]
        number = len(known.points)
        kept = np.sort(rng.choice(number, min(number, max(count, 1)), replace=False))
        auxiliary = {name: values[kept] for name, values in known.auxiliary.items()}
        return Drawn(known.points[kept], known.normals[kept], auxiliary)

    def fresh_batch(
        self,
        block: Block,
        count: int,
        weight: float | Float[np.ndarray, " components"] = 1.0,
        slabs: int = 1,
        rng: np.random.Generator | None = None,
    ) -> Batch:
        """So many fresh points of a block as a batch; see `fresh` and `make_batch`."""
        drawn = self.fresh(block, count, rng)
        arrays = (drawn.points, drawn.normals, values_of(block, drawn))
        return make_batch(*arrays, weight, block.components, slabs)

    def portions(self, block: Block, drawn: Drawn, weights: Weights):
        """Any number of points of one block as batches of the current shape, the last one padded.

        The other blocks have no active points, so that nothing of theirs is evaluated.
        """
        position = self.blocks.index(block)
        others = [
            dataclasses.replace(batch, active=np.int32(0))
            for batch in self._batches(self.current, weights)
        ]
        count = len(others[position].scale)
        for start in range(0, len(drawn.points), count):
            part = slice(start, start + count)
            points, normals = drawn.points[part], drawn.normals[part]
            own = self._batch(block, Drawn(points, normals, {}), weights)
            yield (*others[:position], own, *others[position + 1 :])

    def _batches(self, drawn: dict[str, Drawn], weights: Weights) -> tuple[Batch, ...]:
        return tuple(self._batch(block, drawn[block.name], weights) for block in self.blocks)

    def _batch(self, block: Block, part: Drawn, weights: Weights) -> Batch:
        return make_batch(
            *(part.points, part.normals, values_of(block, part)),
            weights[block.name],
            block.components,
            slabs=self._capacity(block),
            importance=part.importance,
        )

    def _capacity(self, block: Block) -> int:
        """The slabs that the points of a block have room in, from the number of the first ones."""
        number = self._roomy(block, self._times(block)) if self._grows(block) else self.count(block)
        return -(-number // points_per_slab(block.components))

    def _grows(self, block: Block) -> bool:
        first = self._first[block.name]
        return self._room is not None and not self.is_fixed(block) and first < MAX_POINTS

    def _roomy(self, block: Block, times: int) -> int:
        return min(times * self._first[block.name], MAX_POINTS)

    def _times(self, block: Block) -> int:
        """How many times its first points a block has room for."""
        room = self._room
        assert room is not None  # it is asked for blocks that grow

        def enough(blocks: list[Block]) -> int:
            times = room
            while any(self._roomy(b, times) < min(self.count(b), MAX_POINTS) for b in blocks):
                times *= GROWN_ROOM
            return times

        growing = [b for b in self.blocks if self._grows(b)]
        times = enough(growing)
        rows = sum(self._roomy(b, times) * b.components for b in growing)
        return times if room > 1 and rows <= self._most_rows else enough([block])

    def refine(
        self,
        block: Block,
        growth: float,
        magnitude: Callable[[Block, Drawn], Float[np.ndarray, " pool"]],
    ) -> None:
        """Replaces a block's points by `growth` times as many, rounded up to whole slabs.

        Half of them cover the site evenly, half are drawn where the residual is large. Each counts
        by one over the density of such draws around it (importance sampling, as Nabian, Gladstone,
        Meidani 2021, section 2.3), so that the mean square stays that over the whole site and the
        loss does not jump when points are drawn again. Where the residual is more than 2 `POOL`
        times its mean, the pool has no points of that density: there the loss grows like |R| instead
        of its square, as Huber's (1964) does, and a kink cannot claim the whole network.

        - `magnitude`: the size of the residual at each drawn point.
        """
        share = points_per_slab(block.components)
        wanted = -(-math.ceil(growth * self.count(block)) // share) * share
        count = max(min(wanted, MAX_POINTS), self.count(block))
        even = self._fresh(block, count - count // 2)
        pool = self._fresh(block, POOL * count)
        size = magnitude(block, pool)
        chosen = weighted_choice(size, count // 2, self._rng)
        sizes = np.concatenate([magnitude(block, even), size[chosen]])
        importance = 2 / (1 + relative_density(sizes, size))
        self.current[block.name] = Drawn(
            np.concatenate([even.points, pool.points[chosen]]),
            np.concatenate([even.normals, pool.normals[chosen]]),
            {},
            importance / np.mean(importance),
        )

    def count_by(self, block: Block, importance: Float[np.ndarray, " n"]) -> None:
        """Lets the points of a block count by other numbers, of mean one."""
        kept = self.current[block.name]
        self.current[block.name] = dataclasses.replace(kept, importance=importance)

    def snapshot(self) -> tuple[dict, dict[str, np.ndarray]]:
        """The state of the random numbers, and the drawn points, for a checkpoint."""
        arrays = {}
        for block in self.blocks:
            arrays[f"{block.name}.points"] = self.current[block.name].points
            arrays[f"{block.name}.normals"] = self.current[block.name].normals
            if (importance := self.current[block.name].importance) is not None:
                arrays[f"{block.name}.importance"] = importance
        return dict(self._rng.bit_generator.state), arrays

    def restore(self, snapshot: tuple[dict, dict[str, np.ndarray]]) -> None:
        """Returns to a snapshot. Raises `ValueError` for one whose points do not fit the problem."""
        state, arrays = snapshot
        for block in self.blocks:
            _check_snapshot(block, arrays)
        self._rng.bit_generator.state = state
        for block in self.blocks:
            self.current[block.name] = Drawn(
                arrays[f"{block.name}.points"],
                arrays[f"{block.name}.normals"],
                self.current[block.name].auxiliary,
                arrays.get(f"{block.name}.importance"),
            )

    def _draw(self, block: Block, count: int) -> Drawn:
        if block.name in self._pinned:
            return self._pinned[block.name]
        if isinstance(block.site, FixedPoints):
            points = block.site.points
            return Drawn(points, np.zeros((len(points), _space_dim(block))), block.site.auxiliary)
        return self._fresh(block, block.site.finite or count)

    def _fresh(self, block: Block, count: int, rng: np.random.Generator | None = None) -> Drawn:
        rng = self._rng if rng is None else rng
        draw = lambda number: block.site.draw(number, self._sampler, rng)  # type: ignore[union-attr]
        points, normals = draw(count)
        points, normals = self.focus.gather(block, points, normals, rng, draw)
        return Drawn(points, normals, {})


def _check_snapshot(block: Block, arrays: dict[str, np.ndarray]) -> None:
    given = f"{block.name}.points", f"{block.name}.normals", f"{block.name}.importance"
    count = len(finite_column(arrays, given[0], (None, block.plan.space.domain.dim)))
    if isinstance(block.site, FixedPoints) and count != len(block.site.points):
        raise ValueError(
            f"{count} points of {block.name!r} are saved, which has {len(block.site.points)}"
        )
    if count < 1:
        raise ValueError(f"no point of {block.name!r} is saved")
    finite_column(arrays, given[1], (count, _space_dim(block)))
    if given[2] in arrays:
        finite_column(arrays, given[2], (count,))


def _space_dim(block: Block) -> int:
    return block.plan.space.domain.space_dim


def _default_count(block: Block) -> int:
    return block.count or (INTERIOR_POINTS if block.interior else OTHER_POINTS)


def _requested_counts(problem: Problem, requested: object) -> dict[str, int]:
    counts = {b.name: _default_count(b) for b in problem.fitted}
    if requested is None:
        return counts
    if not isinstance(requested, dict):
        check_count(requested)
        return counts | {b.name: requested for b in problem.fitted if b.interior}  # type: ignore
    for name, value in requested.items():
        if name not in counts:
            raise ValueError(
                f"points: there is no condition {name!r}; there are {listing(counts)}."
                + nearest(str(name), counts)
            )
        block = next(b for b in problem.fitted if b.name == name)
        if not isinstance(value, dict):
            if isinstance(block.site, FixedPoints):
                raise ValueError(f"points[{name!r}]: this condition has points of its own")
            try:
                check_count(value)
            except ValueError as error:
                raise ValueError(f"points[{name!r}]: {error}") from None
            counts[name] = value
    return counts


def _requested_points(problem: Problem, requested: object) -> dict[str, Drawn]:
    pinned = {}
    for block in problem.fitted:
        given = requested.get(block.name) if isinstance(requested, dict) else None
        if not isinstance(given, dict):
            continue
        if isinstance(block.site, FixedPoints) or block.plan.needs_normal:
            raise ValueError(
                f"points[{block.name!r}]: this condition's points cannot be replaced; it has its own, "
                "or needs the normals of points drawn on the boundary"
            )
        try:
            points = points_array(given, problem.domain)
        except ValueError as error:
            raise ValueError(f"points[{block.name!r}]: {error}") from None
        _check_on_site(block, points)
        pinned[block.name] = Drawn(points, np.zeros((len(points), problem.domain.space_dim)), {})
    return pinned


def _check_on_site(block: Block, points: np.ndarray) -> None:
    """`ValueError` when points of the user's lie elsewhere than the condition holds."""
    domain, hair = block.plan.space.domain, 1e-9
    if isinstance(block.site, Moment):
        off = np.abs(points[:, -1] - block.site.at) > hair * max(abs(block.site.at), 1.0)
        where = f"the start, {domain.coordinates[-1].name} = {block.site.at:g}"
    elif isinstance(block.site, Facets) and domain.space is not None:
        size = float(np.max(domain.space.upper - domain.space.lower))
        off = np.abs(domain.space.level(points[:, : domain.space_dim])) > 1e-6 * size
        where = "the boundary"
    else:
        return
    if off.any():
        raise ValueError(f"points[{block.name!r}]: point number {np.argmax(off)} is not on {where}")
