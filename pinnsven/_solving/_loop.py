"""The host loop: solve on the current points, estimate on fresh ones, refine, stop.

This is the solve-estimate-mark-refine loop of adaptive finite elements (Babuska and Rheinboldt
1978; Doerfler 1996). With fixed points a second-order method drives the training residual to zero
while the answer stays wrong between them; here nothing is believed that fresh points do not confirm.
"""

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import Compiler
from .._basics._memory import in_use, in_words, needed, shortage_as_memory_error
from .._basics._processes import agreed, is_first, number_of_processes
from .._basics._results import RESULTS
from .._basics._traces import TracesOfRun
from .._networks import Alone, DrawnLayer, FieldModel, Parameters, Scaling
from .._output._callbacks import CallbackFailed, RunInfo, StopRun, tell
from .._output._data import SolutionData
from .._output._records import Estimate, Reference, StepRecord
from ._answers import check_derivatives, check_response
from ._at_once import is_behind, may_draw, solve_at_once
from ._devices import Placement, find_devices
from ._drawn_step import Combination
from ._held_out import block_scales, summarize
from ._limits import (
    CORRECTION_SECONDS,
    MEASURE_SECONDS,
    MOST_VERDICT,
    VERDICT_LOOKS,
    VERDICT_SECONDS,
    VERDICT_STEPS,
    Limits,
)
from ._noise import rounding, terms, vanishing
from ._points import Drawn, PointSet
from ._prediction import predict_memory
from ._ready import prepare_verdict, verdict_is_ready
from ._residual import (
    ResidualSystem,
    component_squares,
    field_squares,
    not_finite,
    response,
    split_rows,
)
from ._run_file import save_run
from ._run_state import state_of
from ._scales import find_scales
from ._singular import Singularity
from ._so_far import show_step
from ._spaces import room_for
from ._together import heed, lost
from ._uncertainty import scatter_seconds
from ._verdict import AGREE, LAST_DRAWS, is_resolved
from ._weighting import balance, discount_noise, discount_scatter

PROBES = 64  # random directions in which the response at the start is asked
MARGIN = 0.5  # of the tolerance, at which a run ends: the points of the verdict may find more
GAP_MARGIN = 0.75  # of AGREE, likewise
FAR = 0.1  # of the tolerance, likewise: below that no gap matters that would not even then reach it
MARK = 1.7  # a block is refined when its held-out mean square exceeds the training one by this factor
ROOMS = (8, 4, 2)  # times the first points, for which a step is compiled
ROOM_BYTES = 2.0**28  # that the Jacobian of them may take
GROWTH = 1.4  # of the number of points of a refined block
SLOW_GROWTH = 1.2  # the same where training and held-out residual agree within AGREE, or rows are many
ROWS_PER_DIRECTION = 8  # with more for each direction in use, points grow slowly or not at all
SCATTER_PATIENCE = 6  # estimates without improvement before a misfit of readings counts as scatter
SETTLED = 0.98  # of the loss that is left after the steps between two estimates: noise is fitted
PATIENCE = 40  # estimates without a tenth of improvement before the run counts as stalled
CHECKPOINT_SECONDS = 20.0
EARLY = 2.5  # times what it takes to compile the verdict, before which that is begun
INTERRUPTED = "it was interrupted"


class Run:
    """The mutable state of one solve, on the host."""

    estimates_error: bool
    limits: Limits
    checkpoint: object
    settings: dict[str, object]  # what was asked for, in short
    identity: dict[str, str]  # what a checkpoint is held against, where there is one

    def __init__(
        self,
        problem,
        network,
        stepper,
        points: PointSet,
        weighting,
        hooks,
        seed,
        refine,
        folder=None,
        singularities: Sequence[Singularity] = (),
        devices: object = None,
        traces: TracesOfRun | None = None,
    ):
        keys = np.random.SeedSequence(seed).generate_state(4, np.uint32)  # of JAX, but not compiled
        network_key, solver_key = jnp.asarray(keys[:2]), jnp.asarray(keys[2:])
        self.problem, self.network = problem, network
        self.singularities = singularities
        features = tuple(singularity.feature for singularity in singularities)
        self.system, self.theta = ResidualSystem.build(problem, network, network_key, features)
        self._stepped = self.system, self.system.around(addition=Alone())
        self.stepper, self.points, self.weighting, self.hooks = stepper, points, weighting, hooks
        self.state = stepper.init(self.theta, solver_key)
        self.weights = {b.name: b.weight or 1.0 for b in problem.fitted}
        self.first_weights = self.weights
        self.balance = np.ones(len(self.system.owners))
        self.may_refine = refine
        if refine:
            self._make_room()
        self.batches = points.batches(self.row_weights())
        started = sum(map(points.rows, self.system.blocks))
        self.placement = Placement(find_devices(devices, started, self.theta.size))
        self.compiler = Compiler(self._announce, self._announce_end, folder, traces)
        self.evaluations = Compiler(lambda name: None)  # of solutions so far
        self.scratch: tuple = ()  # memory that one step leaves to the next
        self.began = time.perf_counter()
        self.before = 0.0  # seconds of solving in runs that this one resumes
        self.report = None
        self.records: list[StepRecord] = []
        self.spectra: dict[int, np.ndarray] = {}  # singular values, by steps that are powers of four
        self.sizes: np.ndarray | None = None  # of each component of the conditions
        self.vanishing: tuple[str, ...] = ()  # fields that might as well be zero
        self.rounding = np.zeros(len(self.system.owners))
        self.levels: tuple[np.ndarray, np.ndarray] = (np.zeros(0), np.zeros(0))
        self.scaling: Scaling | None = None  # of the fields, once it is found
        self.wants_drawn = True
        self.apart_from: Sequence[SolutionData] = ()  # solutions that are known
        self.only_drawn = False  # whether no network is trained
        self.following: SolutionData | None = None  # the solution of the slab before
        self.otherwise: Callable[[Any], Any] | None = None  # what is tried in place of training
        self.answered: Any = None  # the solution that it has found
        self.has_more = False  # whether more drawn functions may do, where that does not
        self.drawn_left = math.inf  # of the residual, by drawn functions alone
        self.draws = False  # whether drawn functions may be used, once that is known
        self.correctable = False  # whether it promises to pay to correct a network in them
        self.candidate: Combination | None = None  # of drawn functions, in place of the network
        self.best = (math.inf, self.theta)
        self.quiet = 0
        self.lowest = math.inf
        self.estimate: Estimate | None = None
        self.known: Reference | None = None  # of the answer
        self.interrupted = False
        self.stopped = ""  # why, where Ctrl-C or a callback ended the run
        self.trouble = ""  # where the last held-out residual was not finite
        self.save_trouble = ""
        self.predicted: int | None = None  # bytes
        self.memory_trouble = ""
        self.step_cost = 0.0  # seconds that the last step took, with all that followed
        self.drawn_cost = 0.0  # seconds that a first look in drawn functions took
        self.candidate_cost = 0.0  # seconds that one measurement of the candidate took
        self.candidate_relative = math.inf  # its held-out residual, beside its size
        self.compile_cost = 0.0  # seconds that the last compilation of a step took
        self.prepared: list = []  # what the verdict needs compiled, see `_ready`
        self.hurried = ""  # why no error is estimated, where the time does not suffice

    def _make_room(self) -> None:
        """Gives the points room to grow within one compilation, where idle rows cost no time."""
        rows, theta = sum(map(self.points.rows, self.system.blocks)), self.theta
        most = ROOM_BYTES / (theta.size * theta.dtype.itemsize)
        rooms = ROOMS if self.stepper.skips_idle_rows(min(ROOMS) * rows, theta) else ()
        self.points.make_room(next((room for room in rooms if room * rows <= most), 1), most)

    def seconds(self) -> float:
        """Seconds of solving, compilation left out, resumed runs included."""
        return self.before + time.perf_counter() - self.began - self.compiler.seconds

    def loop(self) -> tuple[RESULTS | None, str]:
        """Steps until something ends the run; returns what did, None for a judgement by quality."""
        try:
            with shortage_as_memory_error():
                return self._steps()
        except KeyboardInterrupt as error:
            if number_of_processes() > 1:  # the others do not know of it
                self.save()
                raise
            return self.interrupt(error)
        except jax.errors.JaxRuntimeError as error:
            if number_of_processes() == 1:
                raise
            self.save()
            raise RuntimeError(lost(error, len(self.records), self.checkpoint)) from error
        except MemoryError as error:
            return None, self.shortage(error)
        except StopRun as stop:
            if stop.as_limit:
                return RESULTS.time_limit, str(stop) or "a callback's limit was reached"
            self.stopped = f"a callback stopped it{f': {stop}' if str(stop) else ''}"
        except CallbackFailed as failure:
            self.stopped = str(failure)
        return RESULTS.stopped, self.stopped

    def interrupt(self, error: KeyboardInterrupt) -> tuple[RESULTS, str]:
        """Takes note of Ctrl-C, or of the signal that the error names: nothing is compiled any more."""
        self.interrupted, self.stopped = True, str(error) or INTERRUPTED
        self.compiler.interrupt()
        return RESULTS.stopped, self.stopped

    def _steps(self) -> tuple[RESULTS | None, str]:
        limits = self.limits
        max_steps, time_limit = limits.max_steps, limits.time_limit
        info = RunInfo(self.problem.name, self.theta.size, max_steps, time_limit, limits.target)
        tell(self.hooks, "on_start", info)
        self.prepare()
        if self.draws and not self.records and (ended := solve_at_once(self)) is not None:
            return ended
        if self.only_drawn:
            return None, "drawn functions do not do"
        if self.otherwise is not None and not self.records:
            self.answered = self.otherwise(self)
            if self.answered is not None:
                return self.answered.status, self.answered.message
            self.otherwise = None
            if self.has_more and (ended := solve_at_once(self)) is not None:
                return ended
        if self.compiler.works_beside:
            self._compile_ahead()
        saved = self.seconds()
        while True:
            heed(self.hooks)
            if max_steps is not None and len(self.records) >= max_steps:
                return RESULTS.max_steps, f"the limit of {max_steps} steps was reached"
            if self.step_cost and self._is_out_of_time():
                asked = limits.stepping if time_limit is None else time_limit
                return RESULTS.time_limit, f"the limit of {asked:g} s was reached"
            began = time.perf_counter() - self.compiler.seconds
            if (trouble := self._take_step()) is not None:
                return trouble
            if len(self.records) % self.stepper.estimate_every == 0:
                self.measure()
                if self.quiet >= PATIENCE:
                    return None, "the held-out residual no longer falls"
                if limits.are_budgets and is_behind(self):
                    self.correctable = False
                    return None, "training does not come near what drawn functions have found"
                if not limits.are_budgets and self.is_done():
                    self.measure(LAST_DRAWS)  # a single draw may have been lucky
                    if self.is_done():
                        return None, "the tolerance was met"
                    self.sharpen()
                if self.may_refine:
                    self._refine()
            if self.checkpoint is not None and self.seconds() - saved > CHECKPOINT_SECONDS:
                saved = self.seconds()
                self.save()
            self.step_cost = agreed(time.perf_counter() - self.compiler.seconds - began)

    def _is_out_of_time(self) -> bool:
        """Whether another step would make the call return too late, or a slab exceed its share.

        What the verdict needs is compiled once the time that is left is about what that takes.
        """
        limits = self.limits
        if limits.stepping is not None and agreed(self.seconds()) + self.step_cost > limits.stepping:
            return True
        left = limits.left() - self.step_cost
        if not self.compiler.is_ready(self._next_stepper().name, self.batches):
            left -= self.compile_cost  # as the last one, for other shapes or another stepper
        if not self.asks_for_error:
            return left < MEASURE_SECONDS
        compiling = agreed(self.compiler.seconds)
        judging = max(VERDICT_SECONDS, VERDICT_STEPS * self.step_cost)
        judging = max(judging, min(VERDICT_LOOKS * self.drawn_cost, MOST_VERDICT))
        judging += LAST_DRAWS * self.candidate_cost + scatter_seconds(self)
        # A budget is used up in any case: what is compiled early costs it nothing.
        early = EARLY if limits.are_budgets else 1.0
        if left < judging + early * compiling and not verdict_is_ready(self):
            if left + limits.overrun() < compiling:  # about what compiling it takes
                self.hurried = "The time limit leaves none to estimate the error: allow more."
                return left < MEASURE_SECONDS
            prepare_verdict(self)
            left = limits.left() - self.step_cost
        return left < judging + CORRECTION_SECONDS * self.correctable

    def is_done(self) -> bool:
        """Whether the last estimate is well below the tolerance, and training agrees with held-out."""
        e = self.estimate
        assert e is not None  # it was measured just before
        target = self.limits.target
        met = e.relative <= MARGIN * target and is_resolved(e, target, GAP_MARGIN, FAR)
        return met and self._has_settled()

    def _has_settled(self) -> bool:
        """Whether the fit of noisy readings, which are never met, is as good as it gets."""
        last = self.records[-self.stepper.estimate_every - 1 :]
        noisy = any(block.noise > 0 for block in self.system.blocks)
        return not noisy or last[-1].loss > SETTLED * last[0].loss

    def prepare(self) -> None:
        """Evaluates every condition at its first points; what is found there scales tolerances.

        Raises `ValueError` for a condition that is not finite there.
        """
        if self.scaling is None:
            given = (self.system, self.theta, self.network, self.points, self.compiler.function)
            self.set_scaling(find_scales(*given))
        residual = self.rows(self.batches)
        if trouble := not_finite(self.system, self.batches, residual):
            raise ValueError(
                f"{trouble} at the start. Look for a division by zero, a logarithm or a root there."
            )
        if self.compiler.works_beside and self.estimates_error:
            prepare_verdict(self, ahead=True, first=True)
        if self.sizes is None:
            compiled = self.compiler.compile
            check_derivatives(self.system, self.network, self.theta, self.batches, compiled)
            answers, silent = self.response(PROBES)
            rows = split_rows(self.system, self.batches, residual)
            check_response(self.system, silent, rows, lambda: terms(self, residual))
            first = np.sqrt(self.squares(self.batches, residual))
            self.sizes = np.maximum(first, answers)
            whole = np.sqrt(self.system.per_block(answers**2))
            self.balance = balance(self.system, whole, answers)
            named = dict(zip(self.weights, whole.tolist(), strict=True))
            self.weights = self.weighting.initial(self.system.blocks, named)
            self.first_weights = self.weights
            self.batches = self.points.batches(self.row_weights())
        self._field_sizes(self.batches)  # compiled now, so that a run that is interrupted is measured

    def set_scaling(self, scaling: Scaling) -> None:
        """Measures the fields in these units from now on."""
        self.scaling, self.draws = scaling, may_draw(self)
        self.system = self.system.around(scaling=scaling)
        if self.draws:
            self.adopt(room_for(self.model, **self.points.focus.around))

    def adopt(self, drawn: DrawnLayer) -> None:
        """Puts a combination of drawn functions beside the network, in place of what was there."""
        self.system = self.system.around(addition=drawn)
        self.__dict__.pop("judged", None)

    @property
    def model(self) -> FieldModel:
        """The model whose parameters are solved for; the values of its own arrays do not matter."""
        parameters = self.system.parameters
        assert isinstance(parameters, Parameters)
        return parameters.model

    @property
    def stands_alone(self) -> bool:
        """Whether the solution is a combination of drawn functions, and the network none of it."""
        drawn = self.model.addition
        return isinstance(drawn, DrawnLayer) and not drawn.keeps

    @property
    def stepped(self) -> ResidualSystem:
        """The system of a step: the network has nothing beside it while it is trained."""
        if self._stepped[0] is not self.system:
            self._stepped = self.system, self.system.around(addition=Alone())
        return self._stepped[1]

    @property
    def asks_for_error(self) -> bool:
        """Whether the error is estimated: it is wanted, and neither Ctrl-C nor the clock forbids it."""
        return self.estimates_error and not self.interrupted and not self.hurried

    def _compile_ahead(self) -> None:
        """Begins to compile steps, in a thread beside, in the order of their use."""
        refined = self.stepper.after(0.0, self.capacity, self.theta)
        for stepper in (self._next_stepper(), refined):
            given = self._given(self._scratch_of(stepper))
            self.compiler.ahead(stepper.name, stepper.step, *given, donate=(3,))
        if self.estimates_error:
            prepare_verdict(self, ahead=True)

    def row_weights(self) -> dict[str, np.ndarray]:
        """The factor on each component's squared residual, by condition."""
        parts = self.system.split_components(self.balance)
        return {name: self.weights[name] * part for name, part in parts.items()}

    def response(self, probes: int) -> tuple[np.ndarray, list[np.ndarray]]:
        """How strongly each component answers the parameters now, and which rows do not at all.

        - `probes`: in how many random directions it is asked.
        """
        at = lambda theta: self.rows(self.batches, theta)
        found, silent = response(self.system, self.batches, at, self.theta, probes)
        return np.concatenate(found), silent

    def rounding_of(self, block) -> np.ndarray:
        """What rounding does to the components of a block, where it was measured, else zero."""
        return self.system.split_components(self.rounding)[block.name]

    def squares(self, batches, rows) -> np.ndarray:
        """The mean square of each component of the unweighted residual."""
        return np.concatenate(component_squares(self.system, batches, rows))

    def _next_stepper(self):
        """The stepper that suits what the last step has found."""
        if not self.records:
            return self.stepper
        return self.stepper.after(self.records[-1].damping, self.capacity, self.theta)

    @property
    def capacity(self) -> int:
        """The rows for which a step is compiled, idle ones included."""
        return self.placement.capacity(self.system, self.batches)

    def _given(self, scratch) -> tuple:
        """What a step is a function of, on its devices."""
        place, stepped = self.placement, self.stepped
        around = place.whole((self.theta, self.state))
        return place.system(stepped), *around, scratch, place.data(stepped, self.batches)

    def _scratch_of(self, stepper) -> tuple[jax.ShapeDtypeStruct, ...]:
        """The memory that a step wants."""
        place = self.placement
        data = place.data(self.system, self.batches)
        return stepper.scratch(place.system(self.system), self.theta, data)

    def _take_step(self) -> tuple[RESULTS, str] | None:
        stepper = self._next_stepper()
        wanted = self._scratch_of(stepper)
        known, compiled = self.compiler.number, self.compiler.seconds
        given = self._given(wanted)
        step = self.compiler.function(stepper.name, stepper.step, *given, donate=(3,))
        if self.compiler.number > known:
            self.compile_cost = agreed(self.compiler.seconds - compiled)
            predict_memory(self, needed(step))
        try:
            with shortage_as_memory_error():
                scratch = self._scratch_for(wanted)
                done = jax.block_until_ready(step(*given[:3], scratch, given[4]))
        except MemoryError as error:
            leaner = self.stepper.leaner()
            if leaner is None:
                raise
            self.stepper, self.memory_trouble = leaner, self.shortage(error)
            self.compiler.free()
            self.scratch = ()
            return None
        theta, state, report = self.placement.one(done[:3])
        record = StepRecord(
            step=len(self.records) + 1,
            seconds=self.seconds(),
            loss=float(report.new_loss),
            held_out=self.estimate.relative if self.estimate else math.nan,
            rank=int(report.rank),
            damping=float(report.damping),
            ratio=float(report.ratio),
            accepted=bool(report.accepted),
            rows=sum(self.points.rows(b) for b in self.system.blocks),
            unknowns=self.system.unknown_values(theta),
        )
        # Together, so that Ctrl-C finds a whole step done or none.
        used = done[3]
        self.theta, self.state, self.report = theta, state, report
        self.records.append(record)
        self.scratch = used + self.scratch[len(used) :]
        if record.step.bit_length() % 2 and record.step.bit_count() == 1 and record.rank:
            sizes = np.asarray(report.singular_values)
            self.spectra[record.step] = sizes[sizes > report.noise_floor * sizes[0]]
        show_step(self, record)
        recent = self.records[-12:]
        if len(recent) == 12 and not any(r.accepted for r in recent):
            if not math.isfinite(record.loss):
                found = not_finite(self.system, self.batches, self.rows(self.batches))
                return RESULTS.diverged, f"{found or 'the residual is not finite'}, and no step helps"
            return RESULTS.stalled, "no step lowers the loss any more"
        return None

    def _scratch_for(self, wanted) -> tuple:
        """Memory of the wanted shapes: that of the last step where it fits."""
        if self.scratch and wanted and self.scratch[0].shape != wanted[0].shape:
            self.scratch = ()
        missing = wanted[len(self.scratch) :]
        self.scratch += tuple(jnp.zeros(w.shape, w.dtype, device=w.sharding) for w in missing)
        return self.scratch[: len(wanted)]

    def rows(self, batches, theta=None, system=None, name: str = "") -> np.ndarray:
        """The residual vector for batches of the current shapes, as numpy.

        - `theta`: the parameters; None for those of now.
        - `system`: the residuals; None for those that are fitted, others under a name of their own.
        """
        system = self.system if system is None else system
        name = name or ("residual" if system is self.system else "judged residual")
        place, theta = self.placement, self.theta if theta is None else theta
        given = place.system(system), place.whole(theta), place.data(system, batches)
        residual = self.compiler.function(name, lambda s, t, b: s.residual(t, b), *given)
        return place.gathered(system, batches, residual(*given))

    @functools.cached_property
    def judged(self) -> ResidualSystem:
        """The residuals by which the solution is judged: those fitted, or by a finer rule."""
        if not any(block.finer for block in self.system.blocks):
            return self.system
        blocks = tuple(block.finer() if block.finer else block for block in self.system.blocks)
        return self.system.with_blocks(blocks)

    def sharpen(self) -> bool:
        """Fits by the finer rule what the finer rule finds to be wrong, and says whether it does.

        Where no network is trained the points say nothing of that: then all that has a finer rule.
        """
        differs = (self.levels[1] > AGREE * self.levels[0]) | self.stands_alone
        pairs = list(zip(self.system.blocks, self.judged.blocks, strict=True))
        changed = [
            d and fitted is not judged for d, (fitted, judged) in zip(differs, pairs, strict=True)
        ]
        if any(changed):
            blocks = tuple(pair[int(c)] for c, pair in zip(changed, pairs, strict=True))
            self.system = self.system.with_blocks(blocks)
            del self.judged
            self.compiler.forget()
        return any(changed)

    def _field_sizes(self, batches) -> dict[str, float]:
        """The root mean square of every field from its zero, in its unit."""
        found = self._compiled("field", field_squares, batches)(self.system, self.theta, batches)
        return dict(zip(self.problem.fields, np.sqrt(np.asarray(found)).tolist(), strict=True))

    def _compiled(self, name: str, function, *arguments, donate: tuple[int, ...] = ()):
        """`function(system, theta, ...)` compiled for its arguments.

        - `donate`: which of them, the system the first, it may overwrite.
        """
        given = (self.system, self.theta, *arguments)
        return self.compiler.function(name, function, *given, donate=donate)

    def _announce(self, name: str) -> None:
        tell(self.hooks, "on_compile", name)

    def _announce_end(self, name: str, seconds: float) -> None:
        tell(self.hooks, "on_compiled", name, seconds)

    def shortage(self, error: Exception) -> str:
        """What is missing, in numbers."""
        rows = sum(self.points.rows(block) for block in self.system.blocks)
        return (
            f"memory ran out at {rows} rows and {self.theta.size} parameters, with "
            f"{in_words(in_use())} in use ({str(error).splitlines()[0].rstrip('.')})"
        )

    def measure(self, draws: int = 1, quietly: bool = False) -> float:
        """Measures residuals on the points of the steps and on fresh ones.

        Returns the held-out loss, and remembers the parameters for which it was lowest.

        - `draws`: how many times fresh points are drawn.
        - `quietly`: whether no callback is told.
        """
        rows = self.rows(self.batches)
        training = self.squares(self.batches, rows)
        self._count_readings(rows)
        squares, self.trouble = [], ""
        for _ in range(draws):
            held_batches = self.points.held_out(self.row_weights(), by_finer=draws > 1)
            rows = self.rows(held_batches, system=self.judged if draws > 1 else None)
            squares.append(self.squares(held_batches, rows))
            self.trouble = self.trouble or not_finite(self.system, held_batches, rows)
        held = np.mean(squares, axis=0)
        if self.stands_alone:  # the points of a step are as fresh to it as any others
            training = held
        sizes = self._field_sizes(self.batches)
        self.vanishing = vanishing(self, sizes, training)
        sizes |= dict.fromkeys(self.vanishing, 1.0)
        scales = block_scales(self.system.blocks, sizes)
        sizes = self.sizes * scales[self.system.owners]
        self.estimate = summarize(self.system, self.points, sizes, training, held)
        target = self.limits.target
        if self.estimate.relative <= target and not is_resolved(self.estimate, target, GAP_MARGIN, FAR):
            self.rounding = rounding(self)
            self.estimate = summarize(self.system, self.points, sizes, training, held, self.rounding)
        self.found = np.sqrt(held), sizes
        weights = np.array([self.weights[b.name] for b in self.system.blocks])
        trained, held = (self.system.per_block(self.balance * found) for found in (training, held))
        self.levels = trained, held
        total = float(np.sum(weights * held))
        if total < self.best[0]:
            self.best = (total, self.theta)
        self.quiet = self.quiet + 1
        if total < 0.9 * self.lowest:
            self.lowest, self.quiet = total, 0
        blocks = self.system.blocks
        moved = self.weighting.update(blocks, self.first_weights, self.weights, held)
        if self.estimate.relative > self.limits.target:
            counts = tuple(self.points.rows(b) for b in blocks)
            moved = discount_noise(blocks, self.first_weights, moved, trained, counts)
            if self.quiet >= SCATTER_PATIENCE:
                moved = discount_scatter(blocks, self.first_weights, moved, trained)
        if moved != self.weights:
            self.weights = moved
            self.batches = self.points.batches(self.row_weights())
        if not quietly:
            rows = tuple(self.points.rows(b) for b in blocks)
            told = tuple(self.weights[b.name] for b in blocks)
            shown = dataclasses.replace(self.estimate, rows=rows, weights=told)
            tell(self.hooks, "on_estimate", shown)
        return total

    def _count_readings(self, rows: np.ndarray) -> None:
        """Lets readings with a robust loss count by their residuals."""
        if not any(block.loss for block in self.system.blocks):
            return
        parts = split_rows(self.system, self.batches, rows)
        for block, residuals in zip(self.system.blocks, parts, strict=True):
            if block.loss is not None and np.all(np.isfinite(residuals)):
                self.points.count_by(block, block.loss.counts(residuals, block.noise))
        self.batches = self.points.batches(self.row_weights())

    def _refine(self) -> None:
        """Redraws every block whose held-out residual is well above the training one.

        It grows too, slowly if it is as good as resolved or has many rows for the directions in use,
        and not at all if both.
        """
        plenty = ROWS_PER_DIRECTION * self.records[-1].rank
        for block, training, held in zip(self.system.blocks, *self.levels, strict=True):
            if held > MARK * training and not self.points.is_fixed(block):
                resolved, many = held <= AGREE * training, self.points.rows(block) > plenty
                growth = (GROWTH, SLOW_GROWTH, 1.0)[int(resolved) + int(many)]
                self.points.refine(block, growth, self._magnitude)
                if growth > 1:
                    self.quiet = 0
                self.batches = self.points.batches(self.row_weights())

    def _magnitude(self, block, drawn: Drawn) -> np.ndarray:
        factor = np.sqrt(self.system.split_components(self.balance)[block.name])
        return np.linalg.norm(self.residuals_at(block, drawn) * factor, axis=1)

    def residuals_at(self, block, drawn: Drawn) -> np.ndarray:
        """The unweighted residuals of one block at any number of points, (n, components)."""
        position, parts = self.system.blocks.index(block), []
        for batches in self.points.portions(block, drawn, self.row_weights()):
            parts.append(split_rows(self.system, batches, self.rows(batches))[position])
        return np.concatenate(parts)[: len(drawn.points)]

    def save(self) -> None:
        """Writes the checkpoint; a full disk or a lost folder stops no solve, but is said."""
        if self.checkpoint is None or not is_first():
            return
        try:
            save_run(self.checkpoint, state_of(self))
            self.save_trouble = ""
        except Exception as error:
            self.save_trouble = str(error) or type(error).__name__
