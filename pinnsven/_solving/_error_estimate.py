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
import functools
from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float

from .._basics._precision import precision_context
from .._calculus._names import NameSpace
from .._conditions import Block
from .._networks import FieldModel, Parameters
from ._around import Around
from ._determined import GROWTH, Freedom, freedom
from ._fitted import AS_GOOD, OVERSAMPLING, Asked, Fit, Linearized, field_values, fresh
from ._levels import Levels
from ._points import PointSet
from ._residual import ResidualSystem
from ._spaces import (
    DRAWN,
    MOST,
    AbstractSecondSpace,
    DrawnSpace,
    TangentSpace,
    room_for,
    tangent_copies,
)

CONSTANT = 1e-9  # of a field's size, below which it does not vary
ENOUGH = 0.5  # of the residual left by the drawn space, above which the tangent space is tried too
NOTHING = 1e-2  # of its level, below which a residual counts as that
DOUBTFUL = 50.0  # times its residual, from where a movement that grows with the functions is looked at
HARDLY = 0.3  # more than half of the functions show, and less is no growth
FEWER = 0.5  # of the functions where an equation integrates at each point
SPACES = (DrawnSpace, TangentSpace)  # in the order in which they are tried


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
    - `fit`: where freedom was looked for, with what was found there.
    - `size`: of the fields, in which movements are told.
    - `relative`: the residual beside its size, `level`: its norm at fresh points.
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
    fit: Fit
    size: Float[np.ndarray, " fields"]
    relative: float
    level: float

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

        A field that varies less than that, or no more than rounding makes it, is measured by its size.
        """
        found = self.correction + self.left * self.reach
        varies = self.variation > np.maximum(found, CONSTANT)
        return np.where(varies, found / np.maximum(self.variation, CONSTANT), found)


def estimate_errors(
    system: ResidualSystem,
    theta,
    points: PointSet,
    levels: Levels,
    compiled,
    vanishing=(),
    patient: Callable[[], bool] = lambda: True,
) -> ErrorEstimate | None:
    """The estimated error of a solution; None where its linearization is not finite.

    It is made in float64 whatever the run was made in.

    - `points`: draws the fresh points.
    - `levels`: the residuals that count as one.
    - `compiled`: makes a compiled function of a name, a function and its arguments.
    - `vanishing`: fields that are zero, whose errors are not relative.
    - `patient`: whether there is time for a space of twice as many functions, where that says more.
    """
    with precision_context("float64"):
        asking = _Question.of(system, theta)
        fits = []

        def fitted(kind: type[AbstractSecondSpace], times: float = 1) -> Fit | None:
            space, asked = asking.within(kind, times)
            first, second = (fresh(asked.blocks, points, levels.levels, space.size) for _ in range(2))
            name = kind.title if times == 1 else f"{kind.title}, {times} times as large"
            program = functools.partial(compiled, brief=asking.is_brief)
            return Asked(space, asked, (first, second), levels.scatter, name, program).fit()

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
        if kappa > DOUBTFUL and 1 + HARDLY < free.growth < GROWTH and patient():
            # Half of the functions and all say too little: twice as many say more.
            more = fitted(DrawnSpace, 2)
            if more is not None:
                return _assembled([more, *fits], size, _freedom(more, size), levels.relative, most)
        return _assembled(fits, size, free, levels.relative, most)


def questions(system: ResidualSystem, theta, points: PointSet, most: int = len(SPACES)):
    """What is compiled for an estimate: names, functions and their arguments, in the order of their
    use, and whether each runs for less time than it takes to compile.

    - `most`: for so many of the spaces.
    """
    with precision_context("float64"), points.unchanged():
        asking = _Question.of(system, theta)
        for kind in asking.spaces[:most]:
            space, asked = asking.within(kind)
            batches = fresh(asked.blocks, points, {}, space.size)
            for program in Around(asked, batches, kind.title).programs():
                yield *program, asking.is_brief


@dataclasses.dataclass(frozen=True)
class _Question:
    """A solution whose error is asked for, in float64."""

    system: ResidualSystem
    parameters: Parameters
    theta: Float[np.ndarray, " params"]
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, system: ResidualSystem, theta) -> "_Question":
        wide = jax.tree.map(
            lambda leaf: np.asarray(leaf, float) if eqx.is_inexact_array(leaf) else leaf,
            system.parameters,
        )
        wide = wide.around(addition=room_for(wide.model))
        blocks = (*(block.judged for block in system.blocks), field_values(system.blocks[0]))
        return cls(system, wide, np.asarray(theta, float), blocks)

    @property
    def spaces(self) -> tuple[type[AbstractSecondSpace], ...]:
        """In which the error is looked for; a network that does not count has no tangents."""
        return SPACES if self._has_network else SPACES[:1]

    @property
    def is_brief(self) -> bool:
        """Whether its programs run for less time than it takes to compile them: those of networks do.

        Not with thousands of drawn functions in their place, nor with an integral at each point.
        """
        few = self._has_network or int(self.parameters.model.addition.used) <= 1  # type: ignore
        return few and not any(block.finer for block in self.system.blocks)

    @property
    def _has_network(self) -> bool:
        return bool(self.parameters.model.addition.keeps)  # type: ignore[attr-defined]

    def within(
        self, kind: type[AbstractSecondSpace], times: float = 1
    ) -> tuple[AbstractSecondSpace, ResidualSystem]:
        """A space, and the residuals as functions of its coefficients."""
        fields = len(self.blocks[0].plan.space.fields)
        if any(block.finer for block in self.system.blocks):
            times *= FEWER  # each is evaluated at all nodes of all points
        space = kind.at(self.parameters, self.theta, fields, times)
        return space, ResidualSystem(self.blocks, space, self.system.constants)


def _field_sizes(values, vanishing, space: NameSpace) -> Float[np.ndarray, " fields"]:
    """The root mean square of every field, one for those that are zero.

    Components of one field, of which some may be zero, are as large as the largest of them.

    - `values`: (points, fields), `vanishing`: which fields are zero.
    """
    size = largest_of_one(np.sqrt(np.mean(values**2, axis=0)), space)
    vanishing = ~largest_of_one(~np.array(vanishing), space)
    return np.where(vanishing, 1.0, np.where(size > 0, size, max(size.max(), 0) or 1.0))


def largest_of_one(values, space: NameSpace) -> np.ndarray:
    """What belongs to each field, (fields,): of components of one field, the largest of theirs."""
    found = np.array(values)
    for composite in (made for made in space.layout.composites if made.is_one):
        mine = [space.fields.index(member) for member in composite.members]
        found[mine] = found[mine].max()
    return found


def _freedom(fit: Fit, size) -> Freedom:
    """How freely the fields, beside their sizes, and the unknowns may move in a space."""
    found = fit.found
    share = size * len(found.fields) ** 0.5
    parts = [slope / part for slope, part in zip(found.slopes, share, strict=True)]
    rows = found.held[0] * found.scatter[:, None]
    unknowns, own = len(fit.space.unknown_names), fit.space.of_the_solution
    return freedom(rows, found.held[1], parts, unknowns, own)


def _at_level(found: Linearized, most: float) -> float:
    """The norm of a residual at its levels: less than what is found where a truth is further off.

    - `most`: that of a residual which is as large as its level in every component.
    """
    norm = float(np.linalg.norm(found.held[1]))
    # A residual of zero, as that of u = 0, says nothing of how far the solution may move.
    return most if norm < NOTHING * most else min(norm, most)


def _assembled(fits: list[Fit], size, free: Freedom, relative: float, most: float) -> ErrorEstimate:
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
    level = _at_level(drawn, most)
    return ErrorEstimate(
        correction=np.sqrt(np.mean(moved**2, axis=1)) / size,
        left=float(min(best.left.min(), 1.0)),
        reach=reach,
        unknown_reach=free.unknowns * np.linalg.norm(drawn.held[1]),
        amplification=float(np.max(free.kappas)) * level / relative,
        variation=np.std(drawn.fields, axis=0) / size,
        freedom=free,
        place=fits[0].places[np.argmax(np.abs(direction))],
        even=float(abs(np.mean(direction)) / np.sqrt(np.mean(direction**2))),
        corrected=best.space.unpack(np.asarray(good))[0],
        fit=fits[0],
        size=size,
        relative=relative,
        level=level,
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
