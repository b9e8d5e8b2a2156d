"""Time by Sven: the parameters of a model over space advance as the equation says.

At every moment the equation is linear in the velocity v of the parameters, since u_t = J v for a
network u(x; theta(t)): its least-squares solution is v = J^+ f, with a truncated pseudoinverse, and an
integrator of ordinary differential equations takes it from there (Du and Zaki 2021, arXiv 2106.14855;
Bruna, Peherstorfer, Vanden-Eijnden 2024, arXiv 2203.01360). Where a network is linear in what is solved
for, as a combination of products or of drawn functions is, J never changes: a method of lines.
"""

import dataclasses
import functools
import time
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._compiled import Compiler
from .._basics._messages import listing
from .._basics._numbers import finite_number, whole_number
from .._basics._precision import precision_context
from .._basics._results import RESULTS
from .._domains import Box, stack_coordinates
from .._networks import RandomFeatures
from .._output._records import FieldErrors, Reference
from .._output._solution import Solution
from .._problem import Problem, known_values, relative_errors
from ._asked import numbers_of
from ._calls import check_time_limit, check_top_level
from ._coefficients import find_jump
from ._evidence import jump_words
from ._evolved import solution_of, stands_out
from ._evolving import Path
from ._in_products import apart, check_kind, in_products, looks_of
from ._moving_network import MovingNetwork
from ._moving_products import MovingProducts

# Drawn functions of each field, and their steepest slope, per unit of the inputs: tried in turn, over
# one coordinate and over more of them.
LEVELS = (((160, 4.0), (240, 12.0), (480, 36.0)), ((300, 3.0), (600, 5.0), (1200, 8.0)))
GROWTH = 3.0  # times as fast with twice as many functions nothing grows that is well posed
MISFIT = 1e-2  # of the equations, that velocities may leave where the answer is called converged


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Fields over time, from a network over space whose parameters are a function of time.

    - `name`, `fields`: of the problem.
    - `status`, `message`: `converged` where the error that a second run finds is within the tolerance.
    - `error_estimate`: by field, what a second run with other functions and points differs by, relative
      L2 over space and time; None where it failed.
    - `error`: the same against what is known; None where nothing is.
    - `misfit`: what the velocities leave of the equations at points that were not fitted, relative.
    - `steps`: of the integrator.
    - `rank`: directions that move, of so many `params`, where J is constant; None where it is not.
    - `method`: the integrator's name.
    - `seconds`: of the whole call; `known`: what it is measured against, None where there is nothing.
    """

    name: str
    fields: tuple[str, ...]
    status: RESULTS
    message: str
    error_estimate: FieldErrors | None
    error: FieldErrors | None
    misfit: float
    steps: int
    rank: int | None
    params: int
    method: str
    seconds: float
    known: Reference | None = dataclasses.field(repr=False)
    _run: Any = dataclasses.field(repr=False)

    @functools.cached_property
    def solution(self) -> Solution:
        """The same as a `Solution`: pictures, derivatives, grids, integrals, files.

        Raises `ValueError` where a network of your own moves, or drawn functions do.
        """
        return solution_of(self)

    def parameters(self, t: float) -> Float[np.ndarray, " params"]:
        """The parameters of the network at a time."""
        with precision_context("float64"):
            return np.asarray(self._run.parameters(jnp.asarray(float(t))))

    def __call__(self, **coordinates):
        """The fields at coordinates of shapes that go together; a dict where there are several."""
        found = self._all(coordinates)
        return found[self.fields[0]] if len(found) == 1 else found

    def __getattr__(self, field: str):
        if field.startswith("_") or field not in self.fields:
            raise AttributeError(
                f"an Evolution has no {field!r}; its fields are {listing(self.fields)}"
            )
        return lambda **coordinates: self._all(coordinates)[field]

    def _all(self, coordinates: dict) -> dict[str, np.ndarray]:
        """All fields by name, those that are made of others in place of these."""
        problem = self._run.problem
        names = list(problem.domain.slices())
        if set(coordinates) != set(names):
            raise ValueError(
                f"give each of the coordinates {listing(names)}; got {listing(coordinates)}"
            )
        points, shape = stack_coordinates(problem.domain, coordinates)
        with precision_context("float64"):
            values = self._run.values(points)
        values = np.where(problem.domain.contains(points)[:, None], values, np.nan)
        places = points[:, : problem.domain.space_dim]
        found = problem.layout.by_name(tuple(problem.fields), values.T, places)
        return {name: value.reshape(shape + value.shape[1:]) for name, value in found.items()}

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.status}. {self.message}"]
        for label, errors in (("estimated", self.error_estimate), ("measured", self.error)):
            if errors is not None:
                told = ", ".join(f"{field} {value:.1e}" for field, value in errors.items())
                lines.append(f"  {label} relative L2 error: {told}")
        moving = f"rank {self.rank} of {self.params}" if self.rank else f"{self.params} parameters"
        lines.append(f"  {moving}, {self.steps} steps of {self.method}, {self.seconds:.1f} s")
        return "\n".join(lines)


def evolve(
    problem: Problem,
    network: object = None,
    *,
    points: int | None = None,
    tolerance: float = 1e-4,
    time_limit: float | None = None,
    solver: Any = None,
    seed: int = 0,
) -> Evolution:
    """Advances what depends on space in time: for what a network over space and time is the wrong tool.

    In boxes, with walls that are linear, products of polynomials and waves move (docs/points-and-
    networks.md): there are more of them until they resolve the fields, and what another run with other
    products and longer steps differs by is the estimated error. Elsewhere drawn functions are tried in
    growing numbers until two runs agree. Of a network of your own two runs differ in the points alone.

    - `problem`: of the first order in time, with a start and without unknowns or readings; write u_tt
      as a second field's v_t.
    - `network`: over space; None for products or a combination of drawn functions, which are linear in
      what is solved for, and so fast.
    - `points`: of each equation, by default three for every parameter of a field; products have nodes
      of their own, and are not used where a number is given.
    - `tolerance`: the error up to which the answer is called converged; the integrator takes a
      hundredth of it.
    - `time_limit`: seconds after which no further run is begun, and one that goes on is given up.
    - `solver`: of diffrax; by default an exponential integrator (Krogstad 2005) where products are
      stiff, `Kvaerno5` where other functions are, else `Dopri8`.
    - `seed`: of the functions that are drawn.

    Raises `ValueError` for what is not of that kind, and under `jax.jit`, `grad` or `vmap`.
    """
    check_top_level("evolve")
    if not 0 < finite_number("tolerance =", tolerance) < 1:
        raise ValueError(f"tolerance={tolerance!r}: give a number between 0 and 1")
    if points is not None:
        whole_number("points", points, 1, "must be a positive number of points")
    import diffrax  # takes a fifth of a second, and nothing else needs it

    if solver is not None and not isinstance(solver, diffrax.AbstractSolver):
        raise ValueError(f"solver={solver!r}: give a solver of diffrax, such as diffrax.Kvaerno5()")
    check_time_limit(time_limit)
    begun, known = time.perf_counter(), known_values(problem)
    deadline = np.inf if time_limit is None else begun + time_limit
    check_kind(problem)
    with precision_context("float64"):
        first, estimate = None, None
        if network is None and points is None and isinstance(problem.domain.space, Box):
            first, estimate = in_products(problem, tolerance, solver, deadline)
        if first is None:
            given = problem, network, points, tolerance / 100, tolerance, solver, seed, deadline
            first, estimate = _in_networks(*given)
        return judged(first, estimate, known, tolerance, begun)


def judged(
    first: Path, estimate: FieldErrors | None, known: Reference | None, tolerance: float, begun: float
) -> Evolution:
    """What a run has found, and how far it can be trusted.

    - `estimate`: what another run differs by; None where there is none.
    - `begun`: when the call began, by the clock.
    """
    problem, worst = first.problem, np.inf if estimate is None else max(estimate.values())
    truth, misfit, jump = None, float("nan"), ""
    if first.finished:
        evaluate = lambda columns: first.values(stack_coordinates(problem.domain, columns)[0])
        truth, misfit = relative_errors(evaluate, known, problem.space), first.misfit()
        ends = (first.times[0], first.times[-1])
        first.growth = first.moving.growth([(t, first.parameters(jnp.asarray(t))) for t in ends])
        jump = _jump(first)
        if not jump and isinstance(first.moving, MovingProducts) and (needle := stands_out(first)):
            jump = f"{needle[0].upper()}{needle[1:]}: something narrow was missed."
    status, message = _verdict(first, estimate, worst, misfit, tolerance)
    if jump:
        converged = status is RESULTS.converged
        status, message = (RESULTS.unresolved, jump) if converged else (status, f"{message} {jump}")
    if (jump or (first.finished and first.missed > tolerance)) and estimate is not None:
        estimate = FieldErrors(dict.fromkeys(estimate, float("nan")))  # not known
    return Evolution(
        name=problem.name,
        fields=problem.layout.names(tuple(problem.fields)),
        status=status,
        message=message,
        error_estimate=estimate,
        error=truth,
        misfit=misfit,
        steps=first.steps,
        rank=first.moving.rank,
        params=first.moving.params,
        method=first.method_name,
        seconds=time.perf_counter() - begun,
        known=known,
        _run=first,
    )


def _in_networks(
    problem: Problem, network, points, accuracy: float, tolerance: float, solver, seed: int, deadline
) -> tuple[Path, FieldErrors | None]:
    """The last of several runs, with more functions each, and what the one before differs by.

    None where there is only one that has finished.
    """
    first, estimate, worst = None, None, np.inf
    for number, (units, scale) in enumerate(LEVELS[problem.domain.space_dim > 1]):
        drawn = RandomFeatures(units=units, scale=scale, seed=seed + number)
        given = drawn if network is None else network
        before = first
        first = Path(MovingNetwork(problem, given, points, seed + number), accuracy, solver, deadline)
        if first.late and before is not None:
            return before, estimate
        if before is not None and before.finished and first.finished:
            estimate = apart(first, before)
            worst = max(estimate.values())
        over = time.perf_counter() > deadline
        if worst <= tolerance or over or (network is not None and number):
            break
    assert first is not None
    return first, estimate


def _verdict(run: Path, estimate, worst: float, misfit: float, tolerance: float) -> tuple[RESULTS, str]:
    """The status and its message, by two runs and by what velocities leave of the equations."""
    if run.late and not run.finished:
        return RESULTS.time_limit, f"The time was over at t = {run.reached:.6g}: allow more."
    if not run.finished:
        return RESULTS.diverged, f"The integrator gave up at t = {run.reached:.6g}: {run.trouble}."
    if estimate is None:
        return RESULTS.unresolved, "No second run bears this one out: allow more time."
    told = f"Another run, with other functions and points, differs by {worst:.1e}"
    if run.growth > GROWTH:
        return (
            RESULTS.undetermined,
            f"{told}, but a small change of a field grows faster the finer it is ({run.growth:.1e} "
            "times with twice as many functions): is a condition on a wall missing, or does the "
            "equation run backwards in time?",
        )
    if run.tail > tolerance:
        finest = f"its finest functions are {run.tail:.1e} of the largest"
        return (
            RESULTS.unresolved,
            f"{told}, but {finest}: it becomes too steep for {run.moving.params}.",
        )
    if not misfit <= MISFIT and run.moving.is_overdetermined:
        left = f"the velocities leave {misfit:.1e} of the equations at other points"
        return (
            RESULTS.unresolved,
            f"{told}, but {left}: allow more functions, or they contradict each other.",
        )
    if run.missed > tolerance:
        pulse = f"what is too short for the integrator's steps moves the answer by {run.missed:.1e}"
        return RESULTS.unresolved, f"{told}, but {pulse} of its size: evolve it in parts of the time."
    if worst <= tolerance:
        return RESULTS.converged, f"{told} (tolerance {tolerance:g})."
    return (
        RESULTS.unresolved,
        f"{told}, more than the tolerance of {tolerance:g}: allow more functions.",
    )


def _jump(run: Path) -> str:
    """The jump of a coefficient in words; empty where there is none, or where nothing can be said."""

    def reach() -> dict[str, tuple[float, float]]:
        points = looks_of(run.problem)
        values = run.values(points)
        ends = zip(values.min(axis=0).tolist(), values.max(axis=0).tolist(), strict=True)
        return dict(zip(run.problem.fields, ends, strict=True))

    numbers = numbers_of(run.problem)
    try:
        jump = find_jump(run.problem.blocks, numbers, Compiler(lambda name: None).compile, reach)
    except Exception:  # a function of the user's that fails elsewhere than at the points
        return ""
    return jump_words(jump, run.problem.domain).capitalize()
