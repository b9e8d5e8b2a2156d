"""A problem's residual at any parameters, its Jacobian and singular vectors: for lessons and tests."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Float

from .._basics._compiled import Compiler
from .._basics._messages import listing
from .._basics._numbers import numeric_array
from .._basics._precision import precision_context
from .._domains import AbstractSampler, Sobol, stack_coordinates
from .._output._data import by_field
from .._problem import Problem
from ._choose_network import network_for
from ._points import PointSet
from ._residual import ResidualSystem, active_rows


class Linearized:
    """The residual r of a problem at some parameters, its Jacobian $J$, and $J = U S V^T$.

    Rows are those of the residual vector that Sven works on: every condition's residuals divided by
    the square root of their number, so that the sum of their squares is the loss. Five of its
    attributes are what iterating gives: `residual, J, U, S, V = pv.linearize(problem)`.

    - `parameters`: (params,): those of the network, then the unknowns over their starting values.
    - `residual`: (rows,).
    - `jacobian`: (rows, params), also `J`.
    - `U`, `V`: the left singular vectors (rows, count) and the right ones (params, count), as columns;
      count is the smaller of rows and params.
    - `singular_values`: (count,), descending, also `S`.
    - `rows`: which rows belong to each condition, slices by name.
    - `points`: the coordinates of each condition's points, by its name, in the order of its rows.
    """

    def __init__(self, question: "_Question", parameters: Float[np.ndarray, " params"]):
        self._question = question
        self.parameters = parameters
        self.rows, self.points = question.rows, question.points
        self.residual, self.jacobian = question.linearize(parameters)

    @property
    def J(self) -> Float[np.ndarray, "rows params"]:  # noqa: N802  # as in the mathematics
        return self.jacobian

    @property
    def U(self) -> Float[np.ndarray, "rows count"]:  # noqa: N802
        return self._svd[0]

    @property
    def S(self) -> Float[np.ndarray, " count"]:  # noqa: N802
        return self._svd[1]

    @property
    def V(self) -> Float[np.ndarray, "params count"]:  # noqa: N802
        return self._svd[2].T

    @property
    def singular_values(self) -> Float[np.ndarray, " count"]:
        return self._svd[1]

    @functools.cached_property
    def _svd(self):
        return scipy.linalg.svd(self.jacobian, full_matrices=False)

    def __iter__(self):
        return iter((self.residual, self.J, self.U, self.S, self.V))

    def __repr__(self) -> str:
        rows, params = self.jacobian.shape
        names = listing(f"{name} {part.stop - part.start}" for name, part in self.rows.items())
        return f"Linearized({rows} rows: {names}; {params} parameters)"

    def at(self, parameters: Float[np.ndarray, " params"]) -> "Linearized":
        """The same at other parameters, on the same points; nothing is compiled anew.

        Raises `ValueError` for a vector of another length or with an entry that is not finite.
        """
        return Linearized(self._question, self._question.checked(parameters))

    def step(self, rank: int | None = None, damping: float = 0.0) -> Float[np.ndarray, " params"]:
        """The step of Sven: minus the truncated, damped pseudoinverse of J times r, (params,).

        $\\delta = -\\sum_i s_i / (s_i^2 + \\lambda^2)\\, v_i (u_i \\cdot r)$ over the first `rank` i.

        - `rank`: how many singular values are kept; None for all above rounding.
        - `damping`: $\\lambda$ relative to the largest singular value.
        """
        U, sizes, right = self._svd
        if rank is None:
            rank = int(np.sum(sizes > sizes[0] * max(self.jacobian.shape) * np.finfo(float).eps))
        if not 0 <= rank <= len(sizes):
            raise ValueError(f"rank={rank}: there are {len(sizes)} singular values")
        kept = sizes[:rank]
        filtered = kept / (kept**2 + (damping * sizes[0]) ** 2) * (U[:, :rank].T @ self.residual)
        return -filtered @ right[:rank]

    def fields(self, **coordinates):
        """The fields at these parameters: an array of the coordinates' shape, or one a field in a dict.

        Raises `ValueError` for coordinates as a call of a solution does.
        """
        return self._question.fields(self.parameters, None, coordinates)

    def change(self, direction: Float[np.ndarray, " params"], **coordinates):
        """How the fields change along a direction of the parameters, to first order.

        With `direction=linearized.V[:, k]` it is what the k-th singular vector does to the solution.

        Returns what `fields` returns. Raises `ValueError` as that does, and for another length.
        """
        return self._question.fields(self.parameters, self._question.checked(direction), coordinates)


def linearize(
    problem: Problem,
    network: object = None,
    parameters: object = None,
    *,
    points: object = None,
    seed: int = 0,
    sampler: AbstractSampler = Sobol(),
) -> Linearized:
    """The residual of a problem at any parameters, its Jacobian, and the singular vectors of that.

    In float64, on the points at which a solve begins, with all weights one and the network as it is:
    what `solve` adds by itself (units of the fields, plain walls built in, inputs for corners) is not
    there.

    - `network`: as for `solve`.
    - `parameters`: (params,); None for those at which a solve from this seed begins.
    - `points`: as for `solve`.
    - `seed`: of the network and the points.
    - `sampler`: draws the points.

    Raises `ValueError` as `solve` does for what does not fit.
    """
    if not isinstance(problem, Problem):
        raise ValueError(f"problem={problem!r}: give a pv.Problem")
    with precision_context("float64"):
        question = _Question(problem, network, points, seed, sampler)
        start = question.start if parameters is None else question.checked(parameters)
        return Linearized(question, start)


class _Question:
    """A problem with a network and points, at whatever parameters it is asked for.

    - `start`: the parameters of the network as it is drawn.
    """

    def __init__(self, problem: Problem, network, points, seed: int, sampler: AbstractSampler):
        self.problem = problem
        network = network_for(problem) if network is None else network
        key = jnp.asarray(np.random.SeedSequence(seed).generate_state(2, np.uint32))
        self.system, start = ResidualSystem.build(problem, network, key)
        self.start = np.asarray(start)
        drawn = PointSet(problem, points, sampler, np.random.default_rng(seed))
        self.batches = drawn.batches({block.name: 1.0 for block in problem.fitted})
        rows = [part.ravel() for part in active_rows(self.system, self.batches)]
        self.index = np.concatenate(rows)
        ends = np.cumsum([0, *map(len, rows)])
        names = [block.name for block in problem.fitted]
        pairs = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        self.rows = {name: slice(*ends) for name, ends in zip(names, pairs, strict=True)}
        split = problem.domain.split
        self.points = {name: split(drawn.current[name].points) for name in names}
        self.compiler = Compiler(lambda name: None)

    def checked(self, vector) -> Float[np.ndarray, " params"]:
        """A vector of as many numbers as there are parameters; `ValueError` otherwise."""
        found = numeric_array("parameters", vector)
        if found.shape != self.start.shape:
            raise ValueError(f"parameters: shape {found.shape}; there are {self.start.shape[0]}")
        return found

    def linearize(self, theta) -> tuple[np.ndarray, np.ndarray]:
        """Residual (rows,) and Jacobian (rows, params), without padding."""
        with precision_context("float64"):

            def both(system, theta, batches):
                found = system.linearize(theta, batches)
                return found.residual, found.jacobian()

            given = (self.system, jnp.asarray(theta), self.batches)
            residual, jacobian = self.compiler.function("linearization", both, *given)(*given)
            return np.asarray(residual)[self.index], np.asarray(jacobian)[self.index]

    def fields(self, theta, direction, coordinates: dict) -> Any:
        """The fields at coordinates, or their change along a direction of the parameters."""
        points, shape = stack_coordinates(self.problem.domain, coordinates)
        with precision_context("float64"):

            def value(theta, system, points):
                return jax.vmap(system.unpack(theta)[0])(points)

            def moved(theta, direction, system, points):
                return jax.jvp(lambda t: value(t, system, points), (theta,), (direction,))[1]

            given = (jnp.asarray(theta), self.system, jnp.asarray(points))
            if direction is None:
                found = self.compiler.function("fields", value, *given)(*given)
            else:
                given = (given[0], jnp.asarray(direction), *given[1:])
                found = self.compiler.function("change", moved, *given)(*given)
            values = np.asarray(found).reshape(*shape, len(self.problem.fields))
        return by_field(self.problem.fields, values)
