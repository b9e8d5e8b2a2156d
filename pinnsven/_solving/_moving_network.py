"""A network over space whose parameters move by a truncated pseudoinverse: see `_evolve`."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._domains import Sobol, integration_rule
from .._networks import AbstractField, Parameters
from .._problem import Problem
from .._sven import Sven, least_squares
from ._built_in_walls import with_walls_built_in
from ._moving import AbstractMoving
from ._points import PointSet
from ._residual import ResidualSystem

OVERSAMPLING = 3  # points of the equations for each parameter of a field
OTHERS = 128  # points of every other condition
CUT = 1e-10  # of the largest singular value, below which directions are left alone
ROUNDING = 1e-13  # the same for the start
PULL = 0.01  # of the whole time, in which what other conditions have drifted by is taken back
FIT_STEPS = 200  # of Sven, for the start of a network that is not linear
LOOKS = 512  # points that were not fitted, of each equation


class _Still(AbstractField):
    """A network over space alone: the input that is time is always zero.

    - `network`: maps all inputs to fields.
    - `time`: the number of that input.
    """

    network: eqx.Module
    time: int = eqx.field(static=True)

    def __call__(self, inputs):
        return self.network(inputs.at[self.time].set(0.0))  # type: ignore[operator]


class MovingNetwork(AbstractMoving):
    """The parameters of a network over space.

    - `onto`, `basis`: where J is constant, of its pseudoinverse `basis @ onto`.
    """

    def __init__(self, problem: Problem, network, points: int | None, seed: int):
        held = with_walls_built_in(problem, network, None, [])
        self._of(problem, held.blocks)
        self.system, self.theta = self._system(held, network, seed)
        number = points or OVERSAMPLING * max(self.theta.size // len(problem.fields), 8)
        self._draw(held, number, np.random.default_rng(seed))
        self.theta = self._fitted()
        self._check_rates()
        self._constant_inverse()
        self.places = {name: found for name, (found, _) in self.sets.items()}
        self.start, self.params = jnp.zeros(self.basis.shape[1]), self.theta.size

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

    def parameters(self, t, y) -> Float[Array, " params"]:
        del t
        return self.theta + self.basis @ y

    def rate(self, t, y) -> Array:
        """$-J^+ f$: how the parameters move, in their basis."""
        theta = self.parameters(t, y)
        rows = self._left(theta, jnp.zeros_like(theta), t)
        if self.onto is not None:
            return -self.onto @ rows
        left, sizes, right = jnp.linalg.svd(self._jacobian(theta, t), full_matrices=False)
        kept = sizes > CUT**0.5 * sizes[0]
        shares = jnp.where(kept, (left.T @ rows) / jnp.where(kept, sizes, 1), 0)
        return -right.T @ shares

    def left(self, t, y, rate) -> Float[Array, ""]:
        theta = self.parameters(t, y)
        moving = self._left(theta, self.basis @ rate, t, self.fresh)
        still = jnp.linalg.norm(self._left(theta, jnp.zeros_like(theta), t, self.fresh))
        return jnp.linalg.norm(moving) / jnp.where(still > 0, still, jnp.inf)

    def fields_at(self, parameters, point) -> Float[Array, " fields"]:
        return self.system.parameters.unpack(parameters)[0](point)


def truncated(matrix: np.ndarray, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """$U^T$ and $V / S$ without directions below a share of the largest: $V S^{-1} U^T$ inverts."""
    left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    kept = sizes > cut * sizes[0]
    return left[:, kept].T, right[kept].T / sizes[kept]
