"""Solving in drawn functions: one Sven step is the solution where a residual is affine in the fields.

Only a combination is solved for, by a pseudoinverse of the whole Jacobian: QR of its rows, and SVD of
the triangle where that is not well conditioned, which keeps the digits that forming $J^T J$ would lose.
Where the residual is not affine the step is repeated, as Gauss-Newton's. Fresh points choose between
products of polynomials and waves and tanh units of several slopes, where the singular values are cut,
and how many functions there are. The same step, on top of a trained network, corrects it (field notes
13; experiments 91 to 93, 162 to 164).
"""

import dataclasses
import math
import time
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from .._basics._processes import agreed
from .._conditions import Block
from .._networks import FLATTEST, DrawnUnits, Parameters, count_products
from .._output._data import SolutionData
from ._apart import start_apart
from ._drawn_step import Combination, Sets, State, row_weights
from ._drawn_values import Table, Tables
from ._first_looks import FirstLooks, Kind, Look
from ._points import PointSet
from ._products import carried, multiplied, needed, reach_of, reach_of_waves
from ._residual import ResidualSystem, points_per_slab
from ._spaces import PORTIONS, room_for, units_for
from ._waves import stretched

SMALL = 2  # portions, for fewer of which there are as many rows: one program serves both
OVERSAMPLING = 3.0  # points of the equations for each function
OTHERS = 0.5  # the same of every other condition
OTHERS_CLOSE = 2.0  # the same where there are spots, or functions that only a wall can tell apart
NEWTON = 12  # steps at most
AFFINE = 1e-6  # of its change in a step, by which an affine residual may miss its prediction
SLOW = 0.5  # of the residual that a step leaves, above which it is slow
VAIN = 0.9  # of the residual that a step leaves by its own prediction, above which it is not taken
HOPEFUL = 1e-2  # of the residual that one portion leaves, from where more of them are tried
HOPEFUL_PRODUCTS = 0.1  # the same of products, whose errors fall faster
GAIN = 0.3  # of the residual that twice as many portions leave, from where more are tried again
FULL = 0.99  # of the singular values that were kept, from where all functions were of use
SECONDS = 0.1  # of a step in 500 functions, on one core of the machine of the experiments
AHEAD = 1.25  # times as far as in the slab before degrees reach at first in the next one
RESOLVED = 1e-9  # of the residual, from where coefficients are believed that say there are enough
EXACT = 1e-13  # of the residual, below which it is rounding
DEARER = 8.0  # times, that a step in twice as many functions costs
DEARER_PRODUCTS = 4.0  # the same of products, whose triangle is not decomposed
REPEATED = 3  # steps at most, that a growth is expected to need


class DrawnFit:
    """Fits combinations of drawn functions to the conditions of a problem.

    - `system`, `theta`: residuals and parameters.
    - `points`: a `PointSet`, which is left as it was.
    - `compiled`: makes a compiled function of a name, a function and its arguments, and keeps it.
    - `keeps`: one for a correction of the network, zero where the combination stands alone.
    """

    def __init__(self, system: ResidualSystem, theta, points: PointSet, compiled, keeps: float):
        self.system, self.points, self.compiled, self.keeps = system, points, compiled, keeps
        self.theta = jnp.asarray(theta, float)
        parameters = system.parameters
        assert isinstance(parameters, Parameters)
        self.parameters = parameters
        self.fields = len(system.blocks[0].plan.space.fields)
        self.rng = np.random.default_rng(15)  # of its own: a run that is resumed draws the same
        self.sampling = np.random.default_rng(16)
        self.room = room_for(parameters.model, **points.focus.around)
        self.functions = self.room.units.functions
        share = lambda block: self._share(block, SMALL)
        self.linear = Tables(system, self.theta, self.room, keeps, compiled, share)
        plain = np.ones(system.blocks[0].plan.space.domain.dim)
        self.kind = Kind(featured=True, stretch=plain, steepest=1.0)  # of the functions that are drawn
        self.asked: int | None = None  # units of each field, where the user has given a number
        self.known: Sequence[SolutionData] = ()  # solutions to keep away from
        self.expected: np.ndarray | None = None  # how far degrees may have to reach, (dim,)
        self.until = math.inf  # by `time.perf_counter`, when steps have to end
        self.step_seconds = 0.0  # that the last one took

    def begin(self) -> "Combination | None":
        """One portion, of the kind that leaves least of the residual in one linear step.

        Products first: where they leave next to nothing, units are not looked at; and where what is
        prescribed turns so often that one portion of them cannot follow, as many as it takes.
        """
        if self.expected is not None and self.multiplies:
            reach = AHEAD * self.expected
            number = min(-(-int(needed(reach)) // self.functions), PORTIONS)
            if (found := self._within(reach, number)) is not None:
                return found
        sets = self.sets(1)
        turned = stretched(self.system, self.theta, sets.batches[0], self.compiled)
        featured = bool(self.parameters.model.embedding.features)
        looks = FirstLooks(lambda k: self._look(k, sets), turned, featured, self.has_products(1))
        if self.multiplies:
            looks.products()
            if looks.turns and (whole := self._following(turned, looks.least)) is not None:
                return whole
        if not looks.units() or looks.best is None:
            return None
        best = looks.best
        self.kind = best.kind
        if self.known:
            start = start_apart(self, best.units, sets, best.state)
            return None if start is None else self._newton([best.units], start, sets)
        return self._newton([best.units], self.nothing(1), sets, best.state, best.step)

    def _look(self, kind: Kind, sets: Sets) -> Look | None:
        """A linear step in one portion of a kind of functions; None where it is not finite."""
        self.kind, began = kind, time.perf_counter()
        units = self.draw(kind.steepest)
        state = self.state(self.tables([units], sets), self.nothing(1), sets)
        if state is None:
            return None
        found = Look(kind, units, state, state.step())
        self.step_seconds = time.perf_counter() - began
        return found

    def _following(self, turned, least: float) -> "Combination | None":
        """As many products as waves need; None where one portion is enough, or these do not help.

        - `turned`: how often what is prescribed turns, `least`: what one portion leaves.
        """
        reach = reach_of_waves(turned)
        number = -(-int(needed(reach)) // self.functions)
        steps = DEARER_PRODUCTS ** math.log2(number)
        if not 1 < number <= PORTIONS or least <= HOPEFUL or not self._has_time(steps):
            return None
        return self._within(reach, number)

    def _within(self, reach, number: int) -> "Combination | None":
        """So many portions of products; None where they leave too much.

        - `reach`: see `product_degrees`.
        """
        self.kind = Kind(True, reach, None)
        units = [self.draw(None, portion=i) for i in range(number)]
        units = multiplied(units, reach, self.parameters.model.embedding)
        found = self._newton(units, self.nothing(number), self.sets(number))
        return found if found is not None and found.left <= HOPEFUL_PRODUCTS else None

    def grow(self, before: Combination) -> "Combination | None":
        """Twice as many portions as a combination has, or as many as there is room for."""
        if self.kind.steepest is None:
            return self._more_products(before)
        return self._more_units(before, self.kind.steepest)

    def _more_products(self, before: Combination) -> "Combination | None":
        """With degrees as far along each coordinate, in proportion, as those that were of use."""
        number, old, present, embedding = *self._grown(before), self.parameters.model.embedding
        reach = reach_of(old, present, embedding)
        if before.left <= RESOLVED and needed(reach) <= len(old) * self.functions:
            return None  # what is left is rounding, which more of them would not meet better
        self.kind = dataclasses.replace(self.kind, stretch=reach)
        more = [*old, *(self.draw(None, portion=i) for i in range(len(old), number))]
        units = multiplied(more, reach, embedding)
        # From nothing where that is as near: functions that are there cost time at every point.
        begun = self.nothing(number) if before.affine else carried(old, present, units)
        return self._newton(units, begun, self.sets(number))

    def _more_units(self, before: Combination, steepest: float) -> "Combination | None":
        """The best of two sizes of slopes.

        More units resolve more with flatter slopes than fewer do (experiment 91), unless few were so
        different from one another that all of them were of use: then steeper ones may be missing.
        """
        number, old, present = self._grown(before)
        sets, coefficients, used = self.sets(number), self.nothing(number), len(old)
        coefficients[:used] = present
        other = 2.0 if before.rank >= FULL * len(before.sizes) else 0.5
        # The first ones may have been too few for features.
        kind = self.kind = dataclasses.replace(self.kind, featured=True)
        found = []
        for tried in (steepest, other * steepest) if used == 1 else (steepest,):
            if found and not self._has_time(REPEATED):
                break
            more = [self.draw(tried, portion=i) for i in range(number)]
            kept = old if tried == steepest else more[:used]
            begun = coefficients if tried == steepest and not before.affine else self.nothing(number)
            grown = self._newton([*kept, *more[used:]], begun, sets)
            if grown is not None:
                found.append((grown.left, tried, grown))
        if not found:
            return None
        _, best_size, best = min(found, key=lambda pair: pair[0])
        self.kind = dataclasses.replace(kind, steepest=best_size)
        return best

    def _grown(self, before: Combination) -> tuple[int, list[DrawnUnits], np.ndarray]:
        """How many portions there are after a growth; those there are, and their coefficients."""
        old = before.drawn.portions
        present = np.asarray(before.drawn.coefficients)[: len(old)]
        return min(2 * len(old), PORTIONS), old, present

    @property
    def multiplies(self) -> bool:
        """Whether products may stand in place of units, which a user may have asked for."""
        return bool(self.room.units.degrees.shape[-2]) and self.asked is None

    def may_grow(self, before: Combination) -> bool:
        """Whether there is room for more portions, and something to fill them with."""
        used = int(before.drawn.used)
        return used < PORTIONS and (self.kind.steepest is not None or self.has_products(used))

    def has_products(self, portions: int) -> bool:
        """Whether there are more products than so many portions hold."""
        return count_products(self.parameters.model.embedding) > portions * self.functions

    def cost(self, before: Combination) -> float:
        """About how many seconds a fit with twice as many portions takes: by arithmetic, not by clock.

        A decision by the clock would give another solution on another day.
        """
        columns = 2 * int(before.drawn.used) * self.functions * self.fields
        return SECONDS * (columns / 500) ** 3 * max(len(before.steps), 1)

    def measured_cost(self, before: Combination) -> float:
        """The same by the clock, from the last step's: for runs that a clock ends anyway."""
        used = int(before.drawn.used)
        dearer = DEARER_PRODUCTS if self.kind.steepest is None else DEARER
        times = dearer ** math.log2(min(2 * used, PORTIONS) / used)
        return times * agreed(self.step_seconds) * min(max(len(before.steps), 1), REPEATED)

    def _has_time(self, steps: int) -> bool:
        """Whether so many steps, each as long as the last, end in time."""
        left = self.until - time.perf_counter() - steps * self.step_seconds
        return self.until == math.inf or agreed(left) > 0

    def nothing(self, portions: int) -> np.ndarray:
        """Coefficients of zero."""
        return np.zeros((portions, self.functions, self.fields))

    def draw(self, steepest: float | None, flattest: float = FLATTEST, portion: int = 0) -> DrawnUnits:
        """The functions of a portion.

        - `steepest`, `flattest`: between which units' slopes lie; None for products.
        """
        number, embedding = units_for(self.fields), self.parameters.model.embedding
        steep = flattest if steepest is None else steepest
        slopes = (min(flattest, steep), steep)
        given = (embedding, number, slopes, self.rng, embedding.per_input(self.kind.stretch))
        units = DrawnUnits.draw(*given, again=portion, **self.points.focus.around)
        if not self.kind.featured:
            units = dataclasses.replace(units, owners=0 * units.owners)
        if steepest is None:
            return multiplied([units], self.kind.stretch, embedding)[0]
        if self.asked is None:
            return units
        # Units beyond those that are asked for are zero everywhere.
        kept = np.arange(len(units.biases)) < self.asked - portion * len(units.biases)
        weights, biases = units.weights * kept[:, None], units.biases * kept
        return dataclasses.replace(units, weights=weights, biases=biases)

    def _newton(self, units, coefficients, sets, state=None, step=None) -> "Combination | None":
        """Gauss-Newton's steps, while fresh points find the residual to fall.

        - `state`, `step`: the first ones, where they are known.
        """
        began = time.perf_counter() - (0.0 if state is None else self.step_seconds)
        tables = self.tables(units, sets)
        state = self.state(tables, coefficients, sets) if state is None else state
        if state is None:
            return None
        first, slow, shares, ends = state.held_norm, 0, [], False
        from_nothing = not np.any(coefficients)
        if not from_nothing:
            nothing = self.state(tables, np.zeros_like(coefficients), sets, state.weights)
            first = math.nan if nothing is None else nothing.held_norm
        elif first == 0:
            return self._zero(units, coefficients, 0.0)  # which is the solution
        if not first > 0:
            return None
        step = state.step() if step is None else step
        for number in range(NEWTON):
            tried = state.step() if number else step
            if number and tried.left > VAIN:
                break
            step, after = tried, None
            for share in (1.0, 0.5, 0.25):
                moved = coefficients + share * step.change.reshape(coefficients.shape)
                after = self.state(tables, moved, sets, state.weights)
                if after is not None and after.held_norm < state.held_norm:
                    break
            if after is None or not after.held_norm < state.held_norm:
                break
            missed = np.linalg.norm(after.held_residual - step.predicted)
            missed = missed if share == 1.0 else math.inf
            ends = bool(missed <= AFFINE * np.linalg.norm(state.held_residual - step.predicted))
            slow = slow + 1 if after.held_norm > SLOW * state.held_norm else 0
            coefficients, state = moved, after
            shares.append(state.held_norm / first)
            self.step_seconds = (time.perf_counter() - began) / len(shares)
            if ends or slow == 2 or shares[-1] < EXACT or not self._has_time(1):
                break
        if not shares:
            return None
        if ends:  # once more with what rounding has left
            again = coefficients + step.again(state).reshape(coefficients.shape)
            refined = self.state(tables, again, sets, state.weights)
            if refined is not None and refined.held_norm < state.held_norm:
                coefficients, state = again, refined
                shares[-1] = state.held_norm / first
        return Combination(
            drawn=self.room.with_portions(units, coefficients, self.keeps),
            left=shares[-1],
            affine=ends and from_nothing and len(shares) == 1,
            inverse=step.inverse,
            rank=step.rank,
            held=state.held_norm,
            rows=len(state.residual),
            loss=float(np.sum(state.residual**2)),
            steps=tuple(shares),
        )

    def unmoved(self) -> Combination:
        """The zero of the fields, where no step in drawn functions was one to take."""
        return self._zero([self.draw(self.kind.steepest)], self.nothing(1), 1.0)

    def _zero(self, units, coefficients, left: float) -> Combination:
        """The zero of the fields as a combination.

        - `left`: the share of the held-out residual that it leaves.
        """
        return Combination(
            drawn=self.room.with_portions(units, coefficients, self.keeps),
            left=left,
            affine=True,
            inverse=None,
            rank=0,
            held=0.0,
            rows=0,
            loss=0.0,
            steps=(left,),
        )

    def _share(self, block: Block, portions: int) -> int:
        """How many points of a condition so many portions are fitted to."""
        focus = self.points.focus
        others = OTHERS_CLOSE if focus.spots or focus.screening else OTHERS
        share = OVERSAMPLING if block.interior else others
        return int(share * self.functions * self.fields / block.components * portions)

    def sets(self, portions: int) -> Sets:
        """Fresh points to fit so many portions to, and as many to judge by."""
        sets = []
        for _ in range(2):
            batches = []
            for block in self.system.blocks:
                most = self._share(block, min(max(portions, SMALL), PORTIONS))
                room = -(-most // points_per_slab(block.components))
                given = (block, self._share(block, portions))
                batches.append(self.points.fresh_batch(*given, slabs=room, rng=self.sampling))
            sets.append(tuple(batches))
        return Sets(sets, [self.linear.component_rows(batches) for batches in sets])

    def tables(self, units: list[DrawnUnits], sets: Sets) -> list[Table]:
        """What functions are at the points of both sets."""
        return [Table(self.linear, units, batches) for batches in sets.batches]

    def state(self, tables: list[Table], coefficients, sets: Sets, weights=None) -> "State | None":
        """Residuals at a combination, linearized and weighted; None where they are not finite.

        - `weights`: of the rows, where they are known.
        """
        fitted, held = (table.at(coefficients) for table in tables)
        if not (fitted.is_finite and held.is_finite):
            return None
        if weights is None:
            # Functions are what they are at any combination, and are looked at once.
            if not all(table.is_finite for table in tables):
                return None
            interior = np.array([b.interior for b in self.system.blocks])[self.system.owners]
            spots = bool(self.points.focus.spots)
            looked = (fitted, held) if spots else (fitted,)
            sizes = [np.linalg.norm(found.jacobian(), axis=1) for found in looked]
            if not all(np.all(np.isfinite(size)) for size in sizes):
                return None
            weights = row_weights(sizes, sets.rows, interior, spots)
        return State(fitted, held, weights)
