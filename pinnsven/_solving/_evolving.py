"""One integration of the parameters of a network over space: see `_evolve`."""

import dataclasses
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._domains import Moment, Sobol, integration_rule
from .._networks import AbstractField, Parameters
from .._output._evaluate import CHUNK, padded
from .._problem import Problem
from .._sven import Sven, least_squares
from ._asked import numbers_of
from ._built_in_walls import with_walls_built_in
from ._points import PointSet
from ._residual import ResidualSystem
from ._stepped_over import stepped_over
from ._sudden import at_fixed, fixed_values, residuals

OVERSAMPLING = 3  # points of the equations for each parameter of a field
OTHERS = 128  # points of every other condition
CUT = 1e-10  # of the largest singular value, below which directions are left alone
ROUNDING = 1e-13  # the same for the start
PULL = 0.01  # of the whole time, in which what other conditions have drifted by is taken back
FIT_STEPS = 200  # of Sven, for the start of a network that is not linear
LOOKS, MOMENTS = 512, 9  # places and times at which two runs are held against each other
STIFF = 3e3  # the largest rate times the whole time, above which an implicit method is taken
POWER_ITERATIONS = 12
MOST_STEPS = 2048  # of the integrator
PLACES = 128  # of each condition, at which it is followed in time
AGAIN = 3  # times that it goes once more, where it has stepped over something


class _Still(AbstractField):
    """A network over space alone: the input that is time is always zero.

    - `network`: maps all inputs to fields.
    - `time`: the number of that input.
    """

    network: eqx.Module
    time: int = eqx.field(static=True)

    def __call__(self, inputs):
        return self.network(inputs.at[self.time].set(0.0))  # type: ignore[operator]


class Moving:
    """One integration.

    - `rank`, `onto`, `basis`: where J is constant, of its pseudoinverse `basis @ onto`.
    - `size`: of what is integrated.
    - `path`: the parameters as a function of time, where it has `finished`.
    - `missed`: how far the fields move, beside their size, in what the integrator has stepped over.
    - `late`: whether the time was over before it had finished.
    """

    def __init__(
        self,
        problem: Problem,
        network,
        points,
        accuracy: float,
        solver,
        seed: int,
        deadline: float = np.inf,
    ):
        self.problem, self.deadline = problem, deadline
        self.late, self.missed = False, 0.0
        domain = problem.domain
        assert domain.time is not None
        self.began, self.ended = float(domain.time.start), float(domain.time.stop)
        self.axis = domain.dim - 1
        held = with_walls_built_in(problem, network, None, [])
        self.system, self.theta = self._system(held, network, seed)
        self.interior = [block for block in held.blocks if block.interior]
        others = [b for b in held.blocks if not b.interior and not b.exact]
        self.starts = [block for block in others if isinstance(block.site, Moment)]
        self.walls = [block for block in others if not isinstance(block.site, Moment)]
        number = points or OVERSAMPLING * max(self.theta.size // len(problem.fields), 8)
        self._draw(held, number, np.random.default_rng(seed))
        self.theta = self._fitted()
        self._check_rates()
        self._constant_inverse()
        self.method = self._chosen() if solver is None else solver
        self._integrate(accuracy)

    def _system(self, held: Problem, network, seed: int) -> tuple[ResidualSystem, Array]:
        """The residuals with a network over space alone, and its parameters."""
        domain = held.domain
        key = jax.random.PRNGKey(seed)
        system, theta = ResidualSystem.build(held, network, key)
        parameters = system.parameters
        assert isinstance(parameters, Parameters)
        plain = [c for c in domain.coordinates if c is not domain.time.coordinate]  # type: ignore[union-attr]
        place = sum(c.size * (2 if c.periodic else 1) for c in plain)
        model = dataclasses.replace(parameters.model, network=_Still(parameters.model.network, place))  # type: ignore[call-arg]
        return system.with_parameters(dataclasses.replace(parameters, model=model)), theta

    def _draw(self, held: Problem, number: int, rng: np.random.Generator) -> None:
        """The points of every condition, what each counts, and others to judge by."""
        counts = {b.name: number if b.interior or b in self.starts else OTHERS for b in held.fitted}
        drawn = PointSet(held, counts, Sobol(), rng)
        self.sets = {
            b.name: (drawn.current[b.name].points, drawn.current[b.name].normals) for b in held.fitted
        }
        numbers = {name: len(points) for name, (points, _) in self.sets.items()}
        self.sizes = {name: np.full((n, 1), n**-0.5) for name, n in numbers.items()}
        # By a rule of integration, exact for products of functions: with random points what is a decay,
        # or a rotation, of steep functions becomes growth.
        per_side = int(np.ceil(number ** (1 / held.domain.space_dim)))
        nodes, weights = integration_rule(held.domain, per_side)
        shares = np.sqrt(weights / np.sum(weights))[:, None]
        for block in (*self.interior, *self.starts):
            self.sets[block.name] = nodes, np.zeros((len(nodes), held.domain.space_dim))
            self.sizes[block.name] = shares
        self.fresh = {}
        for block in self.interior:
            found = drawn.fresh(block, LOOKS)
            self.fresh[block.name] = found.points, found.normals

    def _rows(self, block, points, normals, theta, velocity, t) -> Array:
        """The residuals of a block at a time, where the parameters move with a velocity."""
        parameters = self.system.parameters

        def at(point, normal):
            point = point.at[self.axis].set(t)

            def fields(place):
                moved = theta + (place[self.axis] - t) * velocity
                return parameters.unpack(moved)[0](place)

            numbers = self.system._numbers(theta)
            values = block.plan.evaluate(fields, point, normal, numbers)
            return jnp.stack([jnp.asarray(r, theta.dtype) for r in block.residual(values)])

        return jax.vmap(at)(jnp.asarray(points), jnp.asarray(normals))

    def _left(self, theta, velocity, t, sets=None) -> Array:
        """What a velocity leaves of the equations, and of the rates at which the walls are held."""
        found, pull = [], PULL * (self.ended - self.began)
        for block in self.interior:
            points, normals = (sets or self.sets)[block.name]
            rows = self._rows(block, points, normals, theta, velocity, t)
            found.append((rows * (self.sizes[block.name] if sets is None else 1.0)).ravel())
        for block in self.walls if sets is None else ():
            points, normals = self.sets[block.name]

            def held(s, points=points, normals=normals, block=block):
                still = jnp.zeros_like(theta)
                return self._rows(block, points, normals, theta + (s - t) * velocity, still, s)

            rows, rate = jax.jvp(held, (t,), (jnp.ones_like(t),))
            found.append(((rate + rows / pull) * self.sizes[block.name]).ravel())
        return jnp.concatenate(found)

    def _jacobian(self, theta, t) -> Array:
        still = jnp.zeros_like(theta)
        return jax.jacfwd(lambda v: self._left(theta, v, t))(still)

    def _fitted(self) -> Float[Array, " params"]:
        """The parameters of the start: by least squares where the network is linear, else by Sven."""
        t = jnp.asarray(self.began)

        def start(theta):
            found = []
            for block in (*self.starts, *self.walls):
                points, normals = self.sets[block.name]
                rows = self._rows(block, points, normals, theta, jnp.zeros_like(theta), t)
                found.append((rows * self.sizes[block.name]).ravel())
            return jnp.concatenate(found)

        slope = jax.jit(jax.jacfwd(start))
        jacobian = slope(self.theta)
        onto, basis = truncated(np.asarray(jacobian), ROUNDING)
        fitted = self.theta - basis @ (onto @ np.asarray(start(self.theta)))
        again = slope(fitted)
        self.is_linear = bool(jnp.max(jnp.abs(again - jacobian)) <= 1e-9 * jnp.max(jnp.abs(jacobian)))
        if self.is_linear:
            return fitted
        found = least_squares(start, self.theta, solver=Sven(), max_steps=FIT_STEPS)
        return jnp.asarray(found.params)

    def _check_rates(self) -> None:
        """`ValueError` for an equation that no velocity enters: it would not be held."""
        t, still = jnp.asarray(self.began), jnp.zeros_like(self.theta)
        for block in self.interior:
            points, normals = self.sets[block.name]
            rows = lambda v, b=block, p=points, n=normals: self._rows(b, p, n, self.theta, v, t)
            asked = np.asarray(jax.jit(jax.jacfwd(rows))(still))
            idle = np.flatnonzero(~np.any(asked, axis=(0, 2)))
            if idle.size:
                raise ValueError(
                    f"condition {block.name!r}: its residual number {idle[0] + 1} has no rate in it, "
                    "and would not be held; use solve or march"
                )

    def _constant_inverse(self) -> None:
        """The pseudoinverse of J, where J is the same at other parameters and times."""
        self.rank, self.onto, self.basis = None, None, jnp.eye(self.theta.size)
        self.size = float(jnp.max(jnp.abs(self.theta)))
        if not self.is_linear:
            return
        compiled = jax.jit(self._jacobian)
        rng = np.random.default_rng(0)
        first = np.asarray(compiled(self.theta, jnp.asarray(self.began)))
        for share in (0.37, 0.83):
            moved = self.theta * (1 + 0.1 * rng.standard_normal(self.theta.size))
            other = compiled(moved, jnp.asarray(self.began + share * (self.ended - self.began)))
            if np.max(np.abs(np.asarray(other) - first)) > 1e-9 * np.max(np.abs(first)):
                return
        # Integrated are the values of u that move, U S V^T: as large as u, whatever the parameters are.
        self.onto, self.basis = map(jnp.asarray, truncated(first, CUT))
        self.rank = len(self.onto)
        # The root mean square of u over all directions.
        self.size = float(np.linalg.norm(first @ self.theta)) / self.rank**0.5

    def velocity(self, theta, t) -> Array:
        """$-J^+ f$: how the parameters move, in their basis."""
        rows = self._left(theta, jnp.zeros_like(theta), t)
        if self.onto is not None:
            return -self.onto @ rows
        left, sizes, right = jnp.linalg.svd(self._jacobian(theta, t), full_matrices=False)
        kept = sizes > CUT**0.5 * sizes[0]
        shares = jnp.where(kept, (left.T @ rows) / jnp.where(kept, sizes, 1), 0)
        return -right.T @ shares

    def _moving(self, t, moved, arguments=None) -> Array:
        """The rate at which what is integrated changes."""
        del arguments
        return self.velocity(self.theta + self.basis @ moved, jnp.asarray(t))

    def _chosen(self):
        """An explicit method, unless the largest rate, by power iteration, would hold it up."""
        import diffrax  # takes a fifth of a second, and nothing else needs it

        here, begin = jnp.zeros(self.basis.shape[1]), jnp.asarray(self.began)
        turned = jax.jit(lambda v: jax.jvp(lambda y: self._moving(begin, y), (here,), (v,))[1])
        direction = jnp.asarray(np.random.default_rng(1).standard_normal(here.size))
        rate = 0.0
        for _ in range(POWER_ITERATIONS):
            moved = turned(direction / jnp.linalg.norm(direction))
            rate, direction = float(jnp.linalg.norm(moved)), moved
            if not 0 < rate < np.inf:
                break
        stiff = rate * (self.ended - self.began) > STIFF
        return diffrax.Kvaerno5() if stiff else diffrax.Dopri8()

    def _integrate(self, accuracy: float) -> None:
        """The path of the parameters, or why there is none.

        Where the integrator has stepped over a pulse it goes once more, and its steps end at the edges.
        """
        edges, size = np.zeros(0), self.size or 1.0
        for _ in range(1 + AGAIN):
            found = self._once(accuracy, edges)
            if found is None:
                return
            if not self.finished:
                break
            self.missed, more = self._stepped_over(found)
            self.missed /= size
            if self.missed <= accuracy or not more.size:
                break
            edges = np.union1d(edges, more)
        begin, basis, parameters = self.theta, self.basis, self.system.parameters
        self.path = jax.jit(lambda t: begin + basis @ found.evaluate(t))

        def at(point):
            t = jnp.clip(point[self.axis], self.began, self.ended)
            return parameters.unpack(self.path(t))[0](point)

        self._values_at = jax.jit(jax.vmap(at))

    def _once(self, accuracy: float, edges) -> Any:
        """One integration, as a solution of diffrax; None where it failed.

        - `edges`: in time, at which steps end.
        """
        import diffrax

        controller: Any = diffrax.PIDController(rtol=accuracy, atol=accuracy * (self.size or 1.0))
        if len(edges):
            controller = diffrax.ClipStepSizeController(controller, step_ts=jnp.asarray(edges))

        def is_late(t, *arguments, **options):
            del arguments, options
            asked = jax.ShapeDtypeStruct((), bool)
            return jax.pure_callback(lambda t: np.asarray(self._is_late()), asked, t)

        try:
            found = diffrax.diffeqsolve(
                diffrax.ODETerm(self._moving),
                self.method,
                self.began,
                self.ended,
                None,
                jnp.zeros(self.basis.shape[1]),
                saveat=diffrax.SaveAt(dense=True, t1=True),
                stepsize_controller=controller,
                max_steps=MOST_STEPS,
                throw=False,
                event=diffrax.Event(is_late) if np.isfinite(self.deadline) else None,
            )
        except Exception as error:
            self.finished, self.steps, self.reached = False, 0, self.began
            self.trouble = str(error).splitlines()[0]
            return None
        self.steps = int(found.stats["num_accepted_steps"])
        done = bool(found.result == diffrax.RESULTS.successful)
        self.finished = done and bool(np.all(np.isfinite(np.asarray(found.ys))))
        self.trouble = "the time was over" if self.late else "too many steps, or what is no number"
        self.reached = self.ended if self.finished else float(np.nanmax(np.asarray(found.ts)))
        return found

    def _is_late(self) -> bool:
        self.late |= time.perf_counter() > self.deadline
        return self.late

    def _stepped_over(self, found) -> tuple[float, np.ndarray]:
        """How far the fields move, beside their size, in what no stage has met; its edges in time.

        Of the equations and the walls what depends on time by itself counts, all fields held fixed.
        """
        times = np.asarray(found.interpolation.ts)[: self.steps + 1]  # type: ignore[union-attr]
        numbers = numbers_of(self.problem)
        time_name, parts = list(self.problem.domain.slices())[-1], []
        for block in (*self.interior, *self.walls):
            if time_name not in block.plan.names or block.given is not None:
                continue
            fixed = fixed_values(block.plan, numbers)
            places = jnp.asarray(self.sets[block.name][0][:PLACES])

            def rows(t, places=places, block=block, fixed=fixed):
                moved = jax.vmap(lambda place: place.at[self.axis].set(t))(places)
                at = lambda p: residuals(block, at_fixed(block.plan, fixed, p), block.data)
                return jax.vmap(at)(moved).ravel() / len(places) ** 0.5

            # A wall's value drives the fields no more than for as long as it lasts.
            share = 1.0 if block.interior else 1 / (self.ended - self.began)
            parts.append((jax.jit(jax.vmap(rows)), share))
        if not parts:
            return 0.0, np.zeros(0)
        return stepped_over(
            times,
            lambda at: np.concatenate([s * np.asarray(f(jnp.asarray(at))) for f, s in parts], axis=1),
        )

    def values(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n fields"]:
        """The fields at points of space and time."""
        starts = range(0, len(points), CHUNK)
        portions = [points[i : i + CHUNK] for i in starts]
        found = [self._values_at(jnp.asarray(padded(p, CHUNK)))[: len(p)] for p in portions]
        return np.concatenate([np.zeros((0, len(self.problem.fields))), *found])

    def misfit(self) -> float:
        """The root mean square of what velocities leave at fresh points, relative to their parts."""
        worst = 0.0
        left = jax.jit(lambda theta, v, t: self._left(theta, v, t, self.fresh))
        velocity = jax.jit(self.velocity)
        for t in np.linspace(self.began, self.ended, MOMENTS):
            now, theta = jnp.asarray(t), self.path(jnp.asarray(t))
            moving = left(theta, self.basis @ velocity(theta, now), now)
            still = left(theta, jnp.zeros_like(theta), now)
            scale = float(jnp.linalg.norm(still))
            worst = max(worst, float(jnp.linalg.norm(moving)) / scale if scale else 0.0)
        return worst


def truncated(matrix: np.ndarray, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """$U^T$ and $V / S$ without directions below a share of the largest: $V S^{-1} U^T$ inverts."""
    left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    kept = sizes > cut * sizes[0]
    return left[:, kept].T, right[kept].T / sizes[kept]
