"""One integration in time of what moves over space: see `_evolve`."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._networks import Between, FieldModel, ProductsInTime, build_model
from .._output._evaluate import CHUNK, padded
from ._asked import numbers_of
from ._exponential import asked_outside, exponential
from ._moving import AbstractMoving
from ._stepped_over import stepped_over
from ._sudden import at_fixed, fixed_values, residuals

LOOKS = 64  # steps, at which the share of what is finest is looked at
MOMENTS = 9  # times at which two runs are held against each other
POWER_ITERATIONS = 12
STABLE = 5.0  # the rate times the length of a step up to which Dopri8 is stable, about
STAGES = 13  # rates that a step of it takes
STIFF = 1500  # steps for stability, above which an exponential integrator is tried
FEWEST = 256  # steps that are needed in any case
IMPLICIT = 800  # steps that Kvaerno5 needs, about, each with a Jacobian and solutions with it
SOLUTIONS = 100  # rates that a step of it takes, and one more for each direction of the Jacobian
MOST_STEPS, LEAST_STEPS = 2**17, 2**11  # of the integrator, as many as there is memory for
MEMORY = 4e8  # bytes, of the integrator's steps
BATCH = 256  # points whose fields are found together
PLACES = 128  # of each condition, at which it is followed in time
AGAIN = 3  # times that it goes once more, where it has stepped over something


class Path:
    """One integration.

    - `moving`: what is integrated.
    - `accuracy`: relative, of each step.
    - `solver`: of diffrax; None to choose one.
    - `deadline`: of the clock, at which it is given up.
    - `finest`: how large the share of what is finest may become; it ends where that is exceeded.
    - `fewest`: steps of the whole time.

    Then
    - `finished`, `late`, `coarse`: whether it came to its end, or the time was over, or functions are
      too few; `reached`, `trouble`: how far it came otherwise, and why.
    - `last`: the parameters where it ended, `tail`: how large what is finest becomes.
    - `times`, `states`, `edges`: at the ends of steps, and where rates jump.
    - `steps`: how many; `missed`: how far the fields move, beside their size, in what was stepped over.
    """

    def __init__(
        self,
        moving: AbstractMoving,
        accuracy: float,
        solver=None,
        deadline: float = np.inf,
        finest: float = np.inf,
        fewest: int = FEWEST,
    ):
        self.moving, self.deadline, self.finest, self.fewest = moving, deadline, finest, fewest
        self.problem = moving.problem
        self._values_at: Callable | None = None
        self.late, self.coarse, self.missed, self.growth = False, False, 0.0, 0.0
        self.method = self._chosen() if solver is None else solver
        self.method_name = type(self.method).__name__
        self._integrate(accuracy, solver)

    def _rate(self, t, y, arguments=None):
        del arguments
        return self.moving.rate(jnp.asarray(t), y)

    def _chosen(self):
        """A method: explicit, unless the largest rate, by power iteration, would hold it up."""
        import diffrax  # takes a fifth of a second, and nothing else needs it

        here, begin = self.moving.start, jnp.asarray(self.moving.began)
        turned = jax.jit(lambda v: jax.jvp(lambda y: self._rate(begin, y), (here,), (v,))[1])
        direction = jnp.asarray(np.random.default_rng(1).standard_normal(here.size))
        rate = 0.0
        for _ in range(POWER_ITERATIONS):
            moved = turned(direction / jnp.linalg.norm(direction))
            rate, direction = float(jnp.linalg.norm(moved)), moved
            if not 0 < rate < np.inf:
                break
        steps = max(rate * (self.moving.ended - self.moving.began) / STABLE, FEWEST)
        self._is_stiff = steps > STIFF
        implicit = IMPLICIT * (SOLUTIONS + here.size)
        return diffrax.Kvaerno5() if steps * STAGES > implicit else diffrax.Dopri8()

    def _integrate(self, accuracy: float, solver) -> None:
        """The path of the parameters, or why there is none.

        Where the integrator has stepped over a pulse it goes once more, and its steps end at the edges.
        """
        edges, size, moving = np.zeros(0), self.moving.size or 1.0, self.moving
        for _ in range(1 + AGAIN):
            found = None
            if solver is None and self._is_stiff and not len(edges):
                found = self._exponentially(accuracy)
            if found is None:
                found = self._once(accuracy, edges)
            if found is None:
                return
            times, states = found
            self.steps, self.reached = len(times) - 1, float(times[-1])
            if not self.finished:
                break
            self.missed, more = self._stepped_over(times)
            self.missed /= size
            if self.missed <= accuracy or not more.size:
                break
            edges = np.union1d(edges, more)
        parts = np.searchsorted(edges, times, side="right")
        between = Between(times, states, parts)  # type: ignore[call-arg]
        self.times, self.states, self.edges = times, states, edges
        self.last = moving.parameters(times[-1], jnp.asarray(states[-1]))
        self.tail = self._largest_tail(times, states)
        self.state = functools.partial(jax.jit(lambda between, t: between(t)), between)

        def at(between, point):
            t = jnp.clip(point[moving.axis], moving.began, moving.ended)
            return moving.fields_at(moving.parameters(t, between(t)), point)

        def at_all(between, points):
            return jax.lax.map(lambda point: at(between, point), points, batch_size=BATCH)

        self._values_at = functools.partial(jax.jit(at_all), between)

    def _exponentially(self, accuracy: float):
        """Times and states by an exponential integrator; None where it does not come to the end."""
        moving = self.moving
        is_coarse = lambda t, y: jnp.asarray(False)
        if np.isfinite(self.finest):
            is_coarse = lambda t, y: moving.tail(moving.parameters(t, y)) > self.finest  # type: ignore
        found = exponential(
            self._rate,
            moving.start,
            (moving.began, moving.ended),
            accuracy,
            accuracy * (moving.size or 1.0),
            is_coarse,
            self.deadline,
            int(np.log2(self.fewest)),
        )
        if found is None:
            return None
        self.finished, self.coarse = found.reached >= moving.ended, found.is_coarse
        if not self.finished and not self.coarse and not self._is_late():
            return None
        self.method_name, self.trouble = "ETD4RK", "the time was over"
        return found.times, found.states

    def _largest_tail(self, times, states) -> float:
        """How large what is finest becomes beside what is largest; zero where that is not known."""
        tail = jax.jit(lambda t, y: self.moving.tail(self.moving.parameters(t, y)))
        chosen = np.unique(np.linspace(0, len(times) - 1, LOOKS).astype(int))
        found = (
            [tail(times[n], states[n]) for n in chosen] if tail(times[0], states[0]) is not None else []
        )
        return max(map(float, found), default=0.0)

    def _once(self, accuracy: float, edges) -> tuple[np.ndarray, np.ndarray] | None:
        """Times and states by a method of diffrax; None where it failed.

        - `edges`: in time, at which steps end.
        """
        import diffrax

        moving = self.moving
        controller: Any = diffrax.PIDController(
            rtol=accuracy,
            atol=accuracy * (moving.size or 1.0),
            dtmax=(moving.ended - moving.began) / self.fewest,
        )
        if len(edges):
            controller = diffrax.ClipStepSizeController(controller, step_ts=jnp.asarray(edges))
        room = MEMORY / (8 * moving.start.size)

        def is_late(t, *arguments, **options):
            del arguments, options
            return asked_outside(self._is_late, t)

        def is_coarse(t, y, *arguments, **options):
            del arguments, options
            tail = moving.tail(moving.parameters(t, y))
            return jnp.asarray(False) if tail is None else tail > self.finest

        conditions = {"coarse": is_coarse} if np.isfinite(self.finest) else {}
        conditions |= {"late": is_late} if np.isfinite(self.deadline) else {}
        try:
            found = diffrax.diffeqsolve(
                diffrax.ODETerm(self._rate),
                self.method,
                moving.began,
                moving.ended,
                None,
                moving.start,
                saveat=diffrax.SaveAt(t0=True, steps=True),
                stepsize_controller=controller,
                max_steps=int(np.clip(room, LEAST_STEPS, MOST_STEPS)),
                throw=False,
                event=diffrax.Event(conditions) if conditions else None,
            )
        except Exception as error:
            self.finished, self.steps, self.reached = False, 0, moving.began
            self.trouble = str(error).splitlines()[0]
            return None
        self.coarse = bool(conditions) and bool((found.event_mask or {}).get("coarse", False))
        number = int(found.stats["num_accepted_steps"]) + 1
        times, states = np.asarray(found.ts)[:number], np.asarray(found.ys)[:number]
        done = bool(found.result == diffrax.RESULTS.successful)
        self.finished = done and bool(np.all(np.isfinite(states)))
        self.trouble = "the time was over" if self.late else "too many steps, or what is no number"
        return times, states

    def _is_late(self) -> bool:
        self.late |= time.perf_counter() > self.deadline
        return self.late

    def _stepped_over(self, times) -> tuple[float, np.ndarray]:
        """How far the fields move, beside their size, in what no stage has met; its edges in time.

        Of the equations and the walls what depends on time by itself counts, all fields held fixed.
        """
        moving = self.moving
        numbers = numbers_of(self.problem)
        time_name, parts = list(self.problem.domain.slices())[-1], []
        for block in (*moving.interior, *moving.walls):
            if time_name not in block.plan.names or block.given is not None:
                continue
            fixed = fixed_values(block.plan, numbers)
            places = moving.places[block.name]
            places = jnp.asarray(places[:: max(len(places) // PLACES, 1)][:PLACES])

            def rows(t, places=places, block=block, fixed=fixed):
                moved = jax.vmap(lambda place: place.at[moving.axis].set(t))(places)
                at = lambda p: residuals(block, at_fixed(block.plan, fixed, p), block.data)
                return jax.vmap(at)(moved).ravel() / len(places) ** 0.5

            # A wall's value drives the fields no more than for as long as it lasts.
            share = 1.0 if block.interior else 1 / (moving.ended - moving.began)
            parts.append((jax.jit(jax.vmap(rows)), share))
        if not parts:
            return 0.0, np.zeros(0)
        return stepped_over(
            times,
            lambda at: np.concatenate([s * np.asarray(f(jnp.asarray(at))) for f, s in parts], axis=1),
        )

    def _all_parameters(self) -> Float[np.ndarray, "moments params"]:
        """Those of the model over space at the ends of all steps."""
        at = jax.jit(lambda t, y: jax.lax.map(lambda p: self.moving.parameters(*p), (t, y)))
        return np.asarray(at(jnp.asarray(self.times), jnp.asarray(self.states)))

    @functools.cached_property
    def network(self) -> tuple[ProductsInTime, FieldModel]:
        """Products that move as a network over space and time, with its architecture."""
        given = self.times, self._all_parameters(), self.edges
        made, network = self.moving.network(*given)  # type: ignore[attr-defined]
        model = build_model(made, self.problem.domain, self.problem.fields, jax.random.PRNGKey(0))
        return made, dataclasses.replace(model, network=network)

    def parameters(self, t):
        """Those of the model over space at a time."""
        return self.moving.parameters(t, self.state(t))

    def values(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n fields"]:
        """The fields at points of space and time; not a number after where it came to an end."""
        if self._values_at is None:
            return np.full((len(points), len(self.problem.fields)), np.nan)
        starts = range(0, len(points), CHUNK)
        portions = [points[i : i + CHUNK] for i in starts]
        found = [self._values_at(jnp.asarray(padded(p, CHUNK)))[: len(p)] for p in portions]
        values = np.concatenate([np.zeros((0, len(self.problem.fields))), *found])
        return np.where(points[:, [self.moving.axis]] <= self.reached, values, np.nan)

    def misfit(self) -> float:
        """The root mean square of what rates leave at fresh points, relative to their parts."""
        left = jax.jit(lambda t, y: self.moving.left(t, y, self.moving.rate(t, y)))
        times = np.linspace(self.moving.began, self.moving.ended, MOMENTS)
        return max(float(left(jnp.asarray(t), self.state(jnp.asarray(t)))) for t in times)
