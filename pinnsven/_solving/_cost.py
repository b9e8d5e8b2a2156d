"""What a step will cost: seconds and memory, from the parts of it that are measured here in a moment.

A step that uses all columns of the Jacobian linearizes the rows, forms the Gram matrix of the smaller
side, factorizes it, and evaluates candidates a few times. The parts that belong to the problem are
timed on a few of its points and go as the rows; the factorization is timed on a small matrix and goes
as a power of its size.
"""

import dataclasses
import time

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._disk import program_folder
from .._basics._memory import in_use, in_words, size_of
from .._basics._precision import precision_context
from .._domains import Sobol
from .._problem import Problem
from .._sven import GramTridiagonal, Sven, reduced
from ._choose_network import network_for
from ._loop import Run
from ._points import PointSet
from ._steppers import SvenStepper
from ._weighting import ScaledWeights

SAMPLE = 512  # points on which the parts of a step are timed
REPEATS = 5
ROUNDS = 4  # of candidates and corrections in a step, as most take
MATRIX = 640  # the size of the matrix whose factorization is timed
# The times of LAPACK's reduction to tridiagonal form go as these powers of the size, below and above
# that of a matrix that a cache holds; those of eigenvectors as another one (experiment 112).
POWERS, EIGEN_POWER, CACHED = (2.8, 3.4), 2.75, 1300
COMPILING = 0.1e9  # bytes that the compiler leaves behind, about
WORKSPACE = 6  # matrices of the smaller side that a step has at a time


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one step of a solve will take.

    - `rows`, `params`: the shape of the Jacobian at the start.
    - `backend`: how it is factorized.
    - `devices`: how many share the rows.
    - `parts`: seconds of each part of a step on one device.
    - `spread`: the parts that go as the rows, which several devices share.
    - `memory`: bytes of the process at the peak, room for points to grow included.
    """

    rows: int
    params: int
    backend: str
    devices: int
    parts: dict[str, float]
    spread: tuple[str, ...]
    memory: int | None

    @property
    def seconds(self) -> float:
        """Of a step that uses all columns; earlier ones, of half of them, are faster."""
        return self.with_devices(self.devices)

    def with_devices(self, number: int) -> float:
        """Seconds of a step on so many devices of the kind measured, with nothing for their sums."""
        shared = sum(seconds for part, seconds in self.parts.items() if part in self.spread)
        return shared / number + sum(self.parts.values()) - shared

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {seconds:.2g}" for name, seconds in self.parts.items())
        lines = [
            f"{'jacobian':<10} {self.rows:,} rows x {self.params:,} parameters, {self.backend}",
            f"{'step':<10} about {self.seconds:.2g} s on {self.devices} "
            f"device{'s' if self.devices > 1 else ''} ({parts})",
            f"{'memory':<10} about {in_words(self.memory)}",
        ]
        more = [number for number in (2, 4, 8) if number > self.devices]
        if more:
            told = ", ".join(f"{number}: {self.with_devices(number):.2g} s" for number in more)
            lines.append(f"{'devices':<10} of this kind, without their sums: {told}")
        return "\n".join(lines)


def predict_cost(
    problem: Problem,
    network: object = None,
    points: object = None,
    *,
    devices: object = None,
    precision: str = "float64",
) -> Cost:
    """What a step of `solve` with the same arguments will take on this machine.

    A few seconds of compiling and timing; nothing is solved. For the gallery it is the median step
    within a factor of 1.5 (benchmarks/results/scale.md); the steps of one run differ by as much.

    - `network`, `points`, `devices`, `precision`: as for `solve`.

    Raises `ValueError` as `solve`.
    """
    with precision_context(precision):
        network = network_for(problem) if network is None else network
        stepper = SvenStepper(Sven())
        drawn = PointSet(problem, points, Sobol(), np.random.default_rng(0))
        weighting, folder = ScaledWeights(), program_folder(True)
        given = (problem, network, stepper, drawn, weighting, (), 0, True, folder)
        run = Run(*given, devices=devices)
        return _cost_of(run, stepper.solver)


def _cost_of(run: Run, solver: Sven) -> Cost:
    """The cost of a step of a run, its parts timed and put together."""
    system, theta = run.system, run.theta
    rows = sum(map(run.points.rows, system.blocks))
    params, capacity = theta.size, run.capacity
    timed = _Timed(run)
    backend = solver._backend(capacity, theta)
    tall, smaller = capacity >= params, min(capacity, params)
    parts = {}
    if tall or backend.stores_jacobian:
        parts["linearize"] = timed.share * timed.linearize()
    if tall:
        parts["gram"] = timed.share * timed.product("gram")
    else:
        parts["kernel"] = timed.share**2 * timed.kernel(backend.stores_jacobian)
    parts["factorize"] = _factorization(smaller, backend)
    parts["candidates"] = ROUNDS * timed.share * timed.candidates()
    if tall:
        parts["lifts"] = ROUNDS * _lifts(params)
    spread = tuple(part for part in ("linearize", "gram", "candidates") if part in parts)
    last = run.stepper.after(0.0, capacity, theta)
    memory = in_use()
    if memory is not None:
        held = last.scratch(system, theta, run.batches)
        if not held and backend.stores_jacobian:
            held = (system.scratch(theta, run.batches),)
        memory += int(COMPILING) + size_of(held) + WORKSPACE * smaller**2 * theta.dtype.itemsize
    kind = type(backend).__name__ + ("" if backend.stores_jacobian else ", no Jacobian stored")
    return Cost(rows, params, kind, run.placement.number, parts, spread, memory)


class _Timed:
    """The parts of a step of a run, timed on a few of its points: least times, in seconds.

    - `share`: how many times the rows of the sample the run has.
    """

    def __init__(self, run: Run):
        system, points = run.system, run.points
        self.system, self.theta = system, run.theta
        few = [points.fresh_batch(b, min(points.count(b), SAMPLE), 1.0) for b in system.blocks]
        self.batches = jax.tree.map(jnp.asarray, tuple(few))
        self.share = sum(map(points.rows, system.blocks)) / system.capacity(self.batches)

    def linearize(self) -> float:
        """Of the rows and their stored Jacobian."""
        compiled = jax.jit(lambda t, b: self.system.linearize(t, b))
        self.linear = compiled(self.theta, self.batches)
        return _least(compiled, self.theta, self.batches)

    def product(self, name: str) -> float:
        """Of a product of that Jacobian with itself: "gram" or "kernel"."""
        return _least(jax.jit(lambda made: getattr(made, name)()), self.linear)

    def kernel(self, stored: bool) -> float:
        """Of the kernel, from a Jacobian that is stored or from none."""
        if stored:
            return self.product("kernel")
        return _least(jax.jit(lambda t, b: self.system.kernel(t, b)), self.theta, self.batches)

    def candidates(self) -> float:
        """Of the residuals of five candidates, and of products with as many steps and residuals."""
        system, steps = self.system, jnp.tile(self.theta[None], (5, 1))

        def evaluated(t, several, b):
            rows = jax.lax.map(lambda one: system.residual(one, b), several)
            tangents = jax.vmap(lambda one: system.jvp(t, b, one))(several)
            return rows, tangents, jax.vmap(lambda one: system.vjp(t, b, one))(rows)

        return _least(jax.jit(evaluated), self.theta, steps, self.batches)


def _factorization(size: int, backend) -> float:
    """Seconds that a matrix of this size takes, from one that is timed."""
    here = min(size, MATRIX)
    matrix = np.random.default_rng(0).standard_normal((here, here))
    square = jnp.asarray(matrix @ matrix.T)
    tridiagonal = isinstance(backend, GramTridiagonal)
    function = reduced if tridiagonal else lambda m: tuple(jnp.linalg.eigh(m))
    seconds = _least(jax.jit(function), square)
    powers = POWERS if tridiagonal else (EIGEN_POWER, EIGEN_POWER)
    inside, beyond = min(size, CACHED), max(size, CACHED)
    return seconds * (max(inside, here) / here) ** powers[0] * (beyond / CACHED) ** powers[1]


def _lifts(params: int) -> float:
    """Seconds of five products with a matrix of all directions, there and back."""
    size = min(params, 2 * MATRIX)
    matrix = jnp.zeros((size, size))
    steps = jnp.zeros((5, size))
    seconds = _least(jax.jit(lambda m, s: (s @ m) @ m.T), matrix, steps)
    return seconds * (params / size) ** 2


def _least(compiled, *given) -> float:
    """The least time of a compiled function in a few calls."""
    jax.block_until_ready(compiled(*given))
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        jax.block_until_ready(compiled(*given))
        times.append(time.perf_counter() - began)
    return min(times)
