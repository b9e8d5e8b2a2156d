"""How wrong the answer is, estimated without knowing the right one.

The error e of a solution u solves, to first order, the linearized equations $R'(u) e = -R(u)$. Like
the hierarchical estimators of adaptive finite elements (Bank and Weiser 1985; Bank and Smith 1993)
this looks for it in second spaces of functions (see `pinnsven._solving._spaces`): a correction is
fitted by damped least squares on fresh points, and more fresh points say how much of the residual it
explains, and choose the damping and the space.

What no space explains is an error of unknown size. It is bounded by how far the solution may move while
its residual stays as small as that (see `pinnsven._solving._determined`).

Where a block knows better than what was prescribed (its `truth`: the start of a slab of time, which is
the end of the one before with *its* estimated error), the residual is measured against that, so that
errors grow or fade from slab to slab as the equation has it.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Float

from .._basics._precision import precision_context
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import NameSpace
from .._conditions import Block, GivenValues
from .._networks import FieldModel, Parameters
from ._determined import GROWTH, Freedom, freedom
from ._levels import Levels
from ._points import PointSet
from ._residual import Batch, ResidualSystem, split_rows
from ._spaces import (
    DRAWN,
    MOST,
    AbstractSecondSpace,
    AbstractSpace,
    DrawnSpace,
    TangentSpace,
    linear,
    room_for,
    tangent_copies,
)

OVERSAMPLING = 4  # fresh points of the equations per function
OVERSAMPLING_FINER = 1.5  # the same of those with an integral at each, by a finer rule
DEAR = 128  # points of a condition that has many nodes at each
DAMPINGS = 10.0 ** np.arange(0, -31, -1)  # of squared singular values, relative to the largest
ENOUGH = 0.5  # of the residual left by the drawn space, above which the tangent space is tried too
NOTHING = 1e-2  # of its level, below which a residual counts as that
DOUBTFUL = 50.0  # times its residual, from where a movement that grows with the functions is looked at
HARDLY = 0.3  # more than half of the functions show, and less is no growth
AS_GOOD = 1.05  # a correction that leaves this much more than the best explains the residual as well
SPACES = (DrawnSpace, TangentSpace)  # in the order in which they are tried
FIELDS = " fields"  # the name of the block of field values, which no condition of a user's has


@dataclasses.dataclass(frozen=True)
class ErrorEstimate:
    """What is known of the error of every field, relative to its root mean square.

    - `correction`: the size of the correction that explains most of the residual.
    - `left`: the share of the held-out residual that the correction leaves.
    - `reach`: how far each field may move while its residual stays as small as it is.
    - `unknown_reach`: how far each unknown may, in the unit of its starting value.
    - `variation`: the standard deviation of each field over its root mean square.
    - `freedom`: how the reach comes about.
    - `amplification`: how far the freest field moves for a relative residual of one.
    - `place`: the point (dim,) where the freest movement is largest.
    - `even`: the mean of that movement over its root mean square, 1 for a constant.
    - `corrected`: the model u + e.
    """

    correction: Float[np.ndarray, " fields"]
    left: float
    reach: Float[np.ndarray, " fields"]
    unknown_reach: Float[np.ndarray, " unknowns"]
    variation: Float[np.ndarray, " fields"]
    freedom: Freedom
    amplification: float
    place: Float[np.ndarray, " dim"]
    even: float
    corrected: FieldModel

    @property
    def errors(self) -> Float[np.ndarray, " fields"]:
        """The estimated error.

        The correction, or the movement that fits the residual at points of its own, whichever is
        larger. What no correction explains has no pattern that the space shows, and moves the solution
        like chance: by half of its share of the residual's square the estimate is the power mean of
        both.
        """
        found = np.maximum(self.correction, self.freedom.fitted)
        share = self.left**2 / 2
        return found ** (1 - share) * np.maximum(found, self.freedom.chance) ** share

    @property
    def bounds(self) -> Float[np.ndarray, " fields"]:
        """How far each field may be off, relative to its variation.

        A field that varies less than that is measured by its size.
        """
        found = self.correction + self.left * self.reach
        return np.where(self.variation > found, found / np.maximum(self.variation, 1e-300), found)


def estimate_errors(
    system: ResidualSystem, theta, points: PointSet, levels: Levels, compiled, vanishing=()
) -> ErrorEstimate | None:
    """The estimated error of a solution; None where its linearization is not finite.

    It is made in float64 whatever the run was made in.

    - `points`: draws the fresh points.
    - `levels`: the residuals that count as one.
    - `compiled`: makes a compiled function of a name, a function and its arguments.
    - `vanishing`: fields that are zero, whose errors are not relative.
    """
    with precision_context("float64"):
        asking = _Question.of(system, theta)
        fits = []

        def fitted(kind: type[AbstractSecondSpace], times: int = 1) -> _Fit | None:
            space, asked = asking.within(kind, times)
            sets = [_fresh(asked.blocks, points, levels.levels, space.size) for _ in range(2)]
            name = kind.title if times == 1 else f"{kind.title}, {times} times as large"
            found = _linearized(space, asked, sets, levels.scatter, name, compiled)
            if not all(np.all(np.isfinite(part)) for part in found.arrays()):
                return None
            places = np.asarray(sets[1][-1].points)
            return _Fit(space, found, *_corrections(found), places)

        for kind in asking.spaces:
            fit = fitted(kind)
            if fit is None:
                return None
            fits.append(fit)
            if fit.left.min() < ENOUGH:
                break
        space = system.blocks[0].plan.space
        silent = np.array([name in vanishing for name in space.fields])
        size = _field_sizes(fits[0].found.fields, silent, space)
        free = _freedom(fits[0], size)
        most = sum(block.components for block in system.blocks) ** 0.5
        kappa = free.kappas.max() * _at_level(fits[0].found, most) / levels.relative
        if kappa > DOUBTFUL and 1 + HARDLY < free.growth < GROWTH:
            # Half of the functions and all say too little: twice as many say more.
            more = fitted(DrawnSpace, 2)
            if more is not None:
                return _assembled([more, *fits], size, _freedom(more, size), levels.relative, most)
        return _assembled(fits, size, free, levels.relative, most)


def questions(system: ResidualSystem, theta, points: PointSet, most: int = len(SPACES)):
    """What is compiled for an estimate: names and arguments of `linear`, in the order of their use.

    - `most`: for so many of the spaces.
    """
    with precision_context("float64"), points.unchanged():
        asking = _Question.of(system, theta)
        for kind in asking.spaces[:most]:
            space, asked = asking.within(kind)
            batches = _fresh(asked.blocks, points, {}, space.size)
            yield kind.title, (asked, np.zeros(space.size), batches)


@dataclasses.dataclass(frozen=True)
class _Question:
    """A solution whose error is asked for, in float64."""

    system: ResidualSystem
    parameters: Parameters
    theta: Float[Array, " params"]
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, system: ResidualSystem, theta) -> "_Question":
        wide = jax.tree.map(
            lambda leaf: np.asarray(leaf, float) if eqx.is_inexact_array(leaf) else leaf,
            system.parameters,
        )
        wide = wide.around(addition=room_for(wide.model))
        blocks = (*(block.judged for block in system.blocks), _values(system.blocks[0]))
        return cls(system, wide, jnp.asarray(theta, float), blocks)

    @property
    def spaces(self) -> tuple[type[AbstractSecondSpace], ...]:
        """In which the error is looked for; a network that does not count has no tangents."""
        beside = self.parameters.model.addition
        return SPACES if beside.keeps else SPACES[:1]  # type: ignore[attr-defined]

    def within(
        self, kind: type[AbstractSecondSpace], times: int = 1
    ) -> tuple[AbstractSecondSpace, ResidualSystem]:
        """A space, and the residuals as functions of its coefficients."""
        fields = len(self.blocks[0].plan.space.fields)
        space = kind.at(self.parameters, self.theta, fields, times)
        return space, ResidualSystem(self.blocks, space, self.system.constants)


def _field_sizes(values, vanishing, space: NameSpace) -> Float[np.ndarray, " fields"]:
    """The root mean square of every field, one for those that are zero.

    Components of one field, of which some may be zero, are as large as the largest of them.

    - `values`: (points, fields), `vanishing`: which fields are zero.
    """
    size = np.sqrt(np.mean(values**2, axis=0))
    for composite in (made for made in space.layout.composites if made.is_one):
        mine = [space.fields.index(member) for member in composite.members]
        size[mine] = size[mine].max()
    return np.where(vanishing, 1.0, np.where(size > 0, size, max(size.max(), 0) or 1.0))


def _freedom(fit: "_Fit", size) -> Freedom:
    """How freely the fields, beside their sizes, and the unknowns may move in a space."""
    found = fit.found
    share = size * len(found.fields) ** 0.5
    parts = [slope / part for slope, part in zip(found.slopes, share, strict=True)]
    rows = found.held[0] * found.scatter[:, None]
    unknowns, own = len(fit.space.unknown_names), fit.space.of_the_solution
    return freedom(rows, found.held[1], parts, unknowns, own)


@dataclasses.dataclass(frozen=True)
class _Fit:
    """Corrections in one space, by damping, and what share of the residual each leaves."""

    space: AbstractSecondSpace
    found: "_Linearized"
    corrections: np.ndarray
    left: np.ndarray
    places: np.ndarray


@dataclasses.dataclass(frozen=True)
class _Linearized:
    """Residual and Jacobian on two sets of fresh points, and the fields on the second one.

    - `fitted`, `held`: pairs of Jacobian and residual.
    - `scatter`: of the held rows, how much larger their level is than if they were exact.
    - `fields`: values (points, fields), `slopes` their Jacobian (fields, points, functions).
    """

    fitted: tuple[np.ndarray, np.ndarray]
    held: tuple[np.ndarray, np.ndarray]
    scatter: np.ndarray
    fields: np.ndarray
    slopes: np.ndarray

    def arrays(self):
        return (*self.fitted, *self.held, self.fields, self.slopes)


def _linearized(
    space: AbstractSpace, system: ResidualSystem, sets, scatter, name: str, compiled
) -> _Linearized:
    """The conditions as linear functions of the space's coefficients, as matrices on the host.

    - `sets`: batches to fit and batches to judge by; the last block of each are the fields themselves.
    - `scatter`: how many times its stated noise a condition's residual may be, by its name.
    - `name`: of the program.
    """
    blocks = system.blocks
    zero = np.zeros(space.size)
    program = compiled(name, linear, system, zero, sets[0])
    pairs = []
    for batches in sets:
        jacobian, residual = map(np.asarray, program(system, zero, batches))
        stop = system.layout(batches).rows[FIELDS].start
        pairs.append((jacobian[:stop], residual[:stop]))
    looser = np.ones(len(residual))
    for name, rows in system.layout(sets[1]).rows.items():
        looser[rows] = scatter.get(name, 1.0)
    number, fields = sets[1][-1].active, blocks[-1].components
    values = split_rows(system, sets[1], residual)[-1]
    columns = jacobian[stop:].T.reshape(space.size, -1, system.width)
    shown = system.width // fields * fields
    columns = columns[:, :, :shown].reshape(space.size, -1, fields)[:, :number]
    slopes = columns.transpose(2, 1, 0) / np.asarray(sets[1][-1].scale)[0, 0]
    return _Linearized(pairs[0], pairs[1], looser[:stop], values, slopes)


def _at_level(found: _Linearized, most: float) -> float:
    """The norm of a residual at its levels: less than what is found where a truth is further off.

    - `most`: that of a residual which is as large as its level in every component.
    """
    norm = float(np.linalg.norm(found.held[1]))
    # A residual of zero, as that of u = 0, says nothing of how far the solution may move.
    return most if norm < NOTHING * most else min(norm, most)


def _assembled(fits: list[_Fit], size, free: Freedom, relative: float, most: float) -> ErrorEstimate:
    """What the spaces have found.

    - `size`: of the fields, `relative`: the residual beside its size.
    - `free`: how freely they may move in the first of the spaces.
    - `most`: the norm of a residual that is as large as its levels.
    """
    drawn, best = fits[0].found, min(fits, key=lambda fit: fit.left.min())
    good = best.corrections[best.left <= AS_GOOD * best.left.min()][-1]
    moved = best.found.slopes @ good
    reach = free.kappas * np.linalg.norm(drawn.held[1])
    direction = drawn.slopes[free.field] @ free.direction
    return ErrorEstimate(
        correction=np.sqrt(np.mean(moved**2, axis=1)) / size,
        left=float(min(best.left.min(), 1.0)),
        reach=reach,
        unknown_reach=free.unknowns * np.linalg.norm(drawn.held[1]),
        amplification=float(np.max(free.kappas)) * _at_level(drawn, most) / relative,
        variation=np.std(drawn.fields, axis=0) / size,
        freedom=free,
        place=np.asarray(fits[0].places)[np.argmax(np.abs(direction))],
        even=float(abs(np.mean(direction)) / np.sqrt(np.mean(direction**2))),
        corrected=best.space.unpack(jnp.asarray(good))[0],
    )


def _values(block: Block) -> Block:
    """A block whose residual is the value of every field."""
    space = block.plan.space
    layout, alive = space.layout, [f"_alive_{field}" for field in space.fields]
    given = None
    if layout.has_parts:
        # Where a field does not live it counts as zero.
        def at(points):
            return dict(zip(alive, layout.alive(space.domain, points).T.astype(float), strict=True))

        given = GivenValues(tuple(alive), at)

    def fields(values, data):
        del data
        pairs = zip(space.fields, alive, strict=True)
        return tuple(values[field] * values.get(there, 1.0) for field, there in pairs)

    return Block(
        name=FIELDS,
        function=fields,
        components=len(space.fields),
        plan=DerivativePlan(space.fields, space),
        site=layout.site(space.domain, len(space.fields)),
        weight=None,
        count=None,
        interior=False,
        given=given,
    )


def bytes_needed(system: ResidualSystem, params: int) -> int:
    """Bytes that an estimate takes at most: the Jacobians of both sets of points, and one copy.

    Those in the drawn space are kept while the tangent space is tried.
    """
    number = params - len(system.unknown_names)
    tangent = tangent_copies(number) * min(number, MOST)
    shares = sum(OVERSAMPLING if block.interior else 1 for block in system.blocks) + 1
    squares = 3 * tangent**2 + 2 * DRAWN**2
    return shares * squares * np.dtype(float).itemsize


def _fresh(blocks, points, levels, functions: int) -> tuple[Batch, ...]:
    """Fresh points of every block, in numbers that suit the number of functions."""
    batches = []
    for block in blocks:
        times = OVERSAMPLING_FINER if block.finer else OVERSAMPLING
        wanted = int(times * functions) if block.interior else functions
        if not block.plan.at_once:
            wanted = min(wanted, DEAR)
        weight = 1 / levels[block.name] ** 2 if block.name in levels else 1.0
        batches.append(points.fresh_batch(block, wanted // block.components, weight))
    return tuple(batches)


def _corrections(found: _Linearized) -> tuple[np.ndarray, np.ndarray]:
    """Corrections by damping, and the share of the held-out residual that each leaves.

    What is left of readings that scatter is their scatter, and does not count.
    """
    jacobian, residual = found.fitted
    exact = found.scatter == 1
    held = found.held if not exact.any() else (found.held[0][exact], found.held[1][exact])
    triangle, projected = _reduced(jacobian, residual)
    left, sizes, right = scipy.linalg.svd(triangle, check_finite=False)
    shifts = DAMPINGS[:, None] * max(sizes[0], 1e-300) ** 2
    corrections = -(left.T @ projected * sizes / (sizes**2 + shifts)) @ right
    remains = np.linalg.norm(held[1] + corrections @ held[0].T, axis=1)
    return corrections, remains / max(np.linalg.norm(held[1]), 1e-300)


def _reduced(jacobian, residual):
    """R and Q^T r of J = Q R."""
    number = jacobian.shape[1]
    whole = np.concatenate([jacobian, residual[:, None]], axis=1)
    found = scipy.linalg.qr(whole, mode="r", check_finite=False)[0]
    found = np.pad(found, ((0, max(number - len(found), 0)), (0, 0)))
    return found[:number, :number], found[:number, number]
