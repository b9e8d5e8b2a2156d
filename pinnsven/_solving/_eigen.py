"""Eigenvalue problems: several values and functions at once, in drawn functions.

The conditions are linear and homogeneous in the fields, and linear in one unknown number, A c = E B c
for the coefficients c of drawn functions. What the conditions without E leave of the functions is kept,
and the equation projected on it: a small pencil, whose pairs are then refined by inverse iteration on
the whole residual (after Betcke and Trefethen, SIAM Review 47, 2005, section 3, with the equation in
place of particular solutions).
"""

import dataclasses
import functools
import math
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Float

from .._basics._compiled import Compiler
from .._basics._memory import Memory, peak
from .._basics._messages import listing
from .._basics._numbers import whole_number
from .._basics._precision import precision_context
from .._basics._results import RESULTS
from .._domains import Sobol, integration_rule
from .._networks import AbstractFeature, DrawnLayer, DrawnUnits, Parameters, RandomFeatures
from .._output._evaluate import Evaluator
from .._output._records import StepRecord, UnknownEstimate, Unknowns
from .._output._several import SeveralSolutions
from .._output._solution import Solution
from .._problem import Problem
from ._calls import check_top_level
from ._complete import not_formed
from ._pencil import null_space, refined
from ._points import PointSet
from ._residual import ResidualSystem, split_rows
from ._singular import find_singularities
from ._spaces import UnitSpace, linear

SIZES = (150, 300, 600, 1200)  # functions of each field, tried in turn
STEEPEST = 4.0  # of their slopes, per half of the shortest side
MOST_STRETCHED = 8.0  # times as steep along a longer side
OVERSAMPLING = 3.0  # points of the equations for each function
OTHERS = 1.0  # the same of every other condition
DEPENDENT = 1e-11  # of the largest singular value of their values, below which functions depend
LOOKS = 1 << 16  # points at which what is left of the equations is looked at
BEYOND = 10.0  # times what is left where they were fitted, above which points have missed something
AMISS = 1e-3  # of what the eigenvalue makes of the function, that may be left in any case
NODES = 24  # along each side, of the integrals that functions are normalized by
AGREED = 1e-6  # relative, to which two sets of functions must find an eigenvalue


@dataclasses.dataclass(frozen=True)
class Eigen(SeveralSolutions):
    """Eigenvalues and eigenfunctions, in the order of their distance from where they were looked for.

    - `name`: of the unknown that is the eigenvalue.
    - `values`: (count,).
    - `error_estimates`: how far each may be off: what a second set of functions finds differs by that.
    - `solutions`: one for each, with the eigenfunction as its fields, of mean square integral one.
    """

    name: str
    values: Float[np.ndarray, " count"]
    error_estimates: Float[np.ndarray, " count"]
    solutions: tuple[Solution, ...]

    def __str__(self) -> str:
        rows = zip(self.values, self.error_estimates, self.solutions, strict=True)
        return "\n".join(f"{self.name} = {v:.12g} +- {e:.1e}  {s.status}" for v, e, s in rows)

    __repr__ = __str__


def eigen(problem: Problem, count: int = 4, *, seed: int = 0, tolerance: float = AGREED) -> Eigen:
    """Finds eigenvalues and eigenfunctions of a linear problem.

    The eigenvalue is the problem's one unknown, and the start of that is where eigenvalues are looked
    for: `count` of those nearest to it are found. u = 0, which solves every such problem, is none.

    - `count`: how many, those of several functions each counted so often.
    - `seed`: of the functions and points.
    - `tolerance`: relative, to which two sets of functions must agree on a value that is `converged`.

    Returns an `Eigen`. Raises `ValueError` for a problem with no unknown or several, with readings or
    bounds, over time, for one that is not linear in the fields and the unknown or prescribes more than
    zero, and where fewer eigenvalues than asked for are found.
    """
    check_top_level("eigen")
    whole_number("count", count, 1, "must be a positive number of eigenvalues")
    if not isinstance(problem, Problem) or len(problem.unknowns) != 1:
        raise ValueError("eigen: give a problem with one unknown, its eigenvalue")
    if problem.domain.time is not None or problem.domain.parameters is not None:
        raise ValueError("eigen: an eigenvalue problem is over space alone")
    if problem.bounds or any(block.is_measured for block in problem.blocks):
        raise ValueError("eigen: neither readings nor bounds belong to an eigenvalue problem")
    begun, compiler = time.perf_counter(), Compiler(lambda name: None)
    near = next(iter(problem.unknowns.values()))
    best: tuple[_Pairs, np.ndarray] | None = None
    features = tuple(s.feature for s in find_singularities(problem, RandomFeatures(1)))
    with precision_context("float64"):
        for size in SIZES:
            bases = [_Basis(problem, features, size, seed + 7 * k, compiler) for k in range(2)]
            found = [basis.pairs(count, near) for basis in bases]
            if min(len(pairs.values) for pairs in found) < count:
                continue
            first, second = found
            off = np.abs(first.values - second.values)
            if best is None or np.sum(off) < np.sum(best[1]):
                best = first, off
            if np.all(off <= 1e-3 * tolerance * np.abs(first.values)):
                break
        if best is None:
            raise ValueError(
                f"eigen: fewer than {count} eigenvalues were found near {near:g}: ask for fewer, or "
                f"start {listing(problem.unknowns)} elsewhere"
            )
        pairs, off = best
        lacks = pairs.basis.lacks(pairs.values) + pairs.lost
        seconds = time.perf_counter() - begun
        solutions = [
            _solution(
                *(problem, pairs, k, float(off[k]), tolerance),
                lacks + pairs.basis.missed(float(pairs.values[k]), pairs.coefficients[k]),
                seconds,
            )
            for k in range(count)
        ]
    return Eigen(next(iter(problem.unknowns)), pairs.values, off, tuple(solutions))


@dataclasses.dataclass(frozen=True)
class _Pairs:
    """Eigenvalues with the coefficients of their functions, (count, functions, fields).

    The functions have a mean square integral of one, and are positive where they are largest.
    """

    values: np.ndarray
    coefficients: np.ndarray
    basis: "_Basis"
    lost: str = ""  # in words, of values nearer to the start that were left again


class _Basis:
    """Drawn functions for a problem, and its conditions in them.

    - `features`: further inputs of the functions, for what is not smooth.
    """

    def __init__(
        self,
        problem: Problem,
        features: tuple[AbstractFeature, ...],
        size: int,
        seed: int,
        compiler: Compiler,
    ):
        self.problem, self.fields = problem, len(problem.fields)
        rng = np.random.default_rng(seed)
        key = jnp.zeros(2, jnp.uint32)
        system, theta = ResidualSystem.build(problem, RandomFeatures(1), key, features)
        parameters: Any = system.parameters
        embedding = parameters.model.embedding
        # As steep per length along all sides: along longer ones there are more waves.
        extents = problem.domain.upper - problem.domain.lower
        stretch = embedding.per_input(np.minimum(extents / extents.min(), MOST_STRETCHED))
        units = DrawnUnits.draw(embedding, size // self.fields, (0.5, STEEPEST), rng, stretch)
        nothing = DrawnLayer.empty(units, 1, self.fields, keeps=0.0)
        self.parameters: Parameters = parameters.around(addition=nothing)
        self.units, self.room, self.theta = units, nothing, np.asarray(theta, float)
        points = PointSet(problem, None, Sobol(), rng)
        functions = units.functions * self.fields
        self.batches = tuple(
            points.fresh_batch(
                block,
                int((OVERSAMPLING if block.interior else OTHERS) * functions / block.components),
            )
            for block in system.blocks
        )
        self.system, self.compiler, self.functions = system, compiler, functions

    def _with(self, value: float) -> Float[jax.Array, " params"]:
        """The parameters at an eigenvalue."""
        base = self.theta.copy()
        base[-1] = value / self.parameters.unknown_maps[0].scale
        return jnp.asarray(base)

    def _at(self, value: float) -> tuple[np.ndarray, np.ndarray]:
        """The Jacobian in the coefficients, and the residual of no function, at an eigenvalue.

        Rows of padding are left out.
        """
        space = UnitSpace(self.parameters, self._with(value), self.units, self.fields)  # type: ignore
        asked = self.system.with_parameters(space)
        given = (asked, jnp.zeros(space.size), self.batches)
        program = self.compiler.function(f"eigen {self.functions}", linear, *given)
        jacobian, residual = map(np.asarray, program(*given))
        kept = np.any(jacobian[:, : self.functions] != 0, axis=1)
        return jacobian[kept, : self.functions], residual

    def pairs(self, count: int, near: float) -> _Pairs:
        """The eigenpairs nearest to a value, as many as are found of those asked for."""
        scale = max(abs(near), 1.0)
        plain, left = self._at(0.0)
        with_one, _ = self._at(scale)
        with_two, _ = self._at(2 * scale)
        if np.max(np.abs(left), initial=0.0) > 0:
            raise ValueError("eigen: the conditions must be homogeneous: u = 0 has to solve them")
        if len({len(plain), len(with_one), len(with_two)}) > 1:
            raise ValueError("eigen: a condition vanishes for some eigenvalues")
        moved = (plain - with_one) / scale  # B of A c = E B c
        if np.max(np.abs(with_two - plain + 2 * scale * moved)) > 1e-9 * np.max(np.abs(with_two)):
            raise ValueError("eigen: the conditions must be linear in the eigenvalue")
        equation = np.any(np.abs(moved) > 1e-12 * np.max(np.abs(moved), initial=1e-300), axis=1)
        if not equation.any():
            raise ValueError("eigen: the unknown is no eigenvalue: nothing is linear in it and a field")
        values = self._values()
        _, sizes, right = scipy.linalg.svd(values, full_matrices=False, check_finite=False)
        kept = sizes > DEPENDENT * sizes[0]
        basis = right[kept].T / sizes[kept]
        held = plain[~equation] @ basis
        basis = basis @ null_space(held)
        a, b = plain[equation] @ basis, moved[equation] @ basis
        found, vectors, left = refined(a, b, count, near)
        if not len(found):
            return _Pairs(found, np.zeros((0, self.functions // self.fields, self.fields)), self)
        left = [value for value in left if abs(value - near) < np.max(np.abs(found - near))]
        lost = (
            f" Near {left[0]:.6g} there may be another, whose function was not found." if left else ""
        )
        columns = basis @ vectors  # the basis is orthonormal, and so are the vectors
        shown = values @ columns
        columns = columns * np.sign(shown[np.argmax(np.abs(shown), axis=0), np.arange(len(found))])
        return _Pairs(found, columns.T.reshape(len(found), -1, self.fields), self, lost)

    def missed(self, value: float, coefficients: np.ndarray) -> str:
        """In words, where an eigenfunction leaves far more of an equation than where it was fitted.

        It is looked at in very many points, which see what is too narrow for those of the functions.
        """
        left, _ = self._left_at(value, coefficients, self.batches)
        looked, made = self._left_at(value, coefficients, self._many)
        for block, few, many, size in zip(self.system.blocks, left, looked, made, strict=True):
            if block.interior and many > max(BEYOND * few, AMISS * size):
                return (
                    f" At {LOOKS:,} points {block.name!r} leaves {many / max(size, 1e-300):.1e} of "
                    "what the eigenvalue makes of the function: something narrow was missed."
                )
        return ""

    @functools.cached_property
    def _many(self):
        """Batches of very many points of the equations."""
        points = PointSet(self.problem, None, Sobol(), np.random.default_rng(0))
        return tuple(
            points.fresh_batch(b, LOOKS // b.components) if b.interior else batch
            for b, batch in zip(self.system.blocks, self.batches, strict=True)
        )

    def _left_at(self, value: float, coefficients, batches):
        """What an eigenfunction leaves of each condition, and what the eigenvalue makes of it there:
        root mean squares."""
        system, rows = self.system.around(addition=self._combined(coefficients)), []
        for number in (value, 0.0):
            given = (system, self._with(number), batches)
            program = self.compiler.function("eigen look", lambda s, t, b: s.residual(t, b), *given)
            rows.append(split_rows(system, batches, np.asarray(program(*given))))
        rms = lambda found: float(np.sqrt(np.mean(found**2)))
        pairs = list(zip(*rows, strict=True))
        return [rms(r) for r, _ in pairs], [rms(r - plain) for r, plain in pairs]

    def lacks(self, values) -> str:
        """Which eigenfunctions near values there may be beside those that were found, in words."""
        domain, name = self.problem.domain, next(iter(self.problem.unknowns))
        points, _, plain = self._plain
        most = float(values[np.argmax(np.abs(values))])
        wave = not_formed(self.problem, name, most, points, plain)
        if wave is None:
            return ""
        axis = int(np.argmax(np.abs(wave)))
        return (
            f" The functions do not form waves of length {2 * np.pi / abs(wave[axis]):.2g} along "
            f"{domain.component_names()[axis]}, which the equation has: other values may be missing."
        )

    @functools.cached_property
    def _plain(self):
        """Points (n, dim), weights that make sums integrals, and the functions' values there."""
        dim = self.problem.domain.dim
        nodes = max(NODES, math.ceil((2 * self.functions) ** (1 / dim)))
        points, weights = integration_rule(self.problem.domain, nodes)
        embedding = self.parameters.model.embedding
        plain = np.asarray(jax.vmap(lambda p: self.units(embedding(p)))(jnp.asarray(points)))
        return points, weights, plain

    def _values(self) -> Float[np.ndarray, "rows functions"]:
        """The values of all functions at points, weighted so that their products are integrals."""
        _, weights, plain = self._plain
        plain = np.sqrt(weights)[:, None] * plain
        return np.concatenate([np.kron(plain, row) for row in np.eye(self.fields)], axis=0)

    def model(self, coefficients: np.ndarray):
        """The model of an eigenfunction."""
        plain = self.parameters.unpack(jnp.asarray(self.theta))[0]
        return dataclasses.replace(plain, addition=self._combined(coefficients))

    def _combined(self, coefficients: np.ndarray) -> DrawnLayer:
        """The combination of the functions that an eigenfunction is."""
        return self.room.with_portions([self.units], coefficients[None], 0.0)


def _solution(problem, pairs: _Pairs, k: int, off: float, tolerance, lacks, seconds) -> Solution:
    """An eigenfunction as a solution.

    - `off`: how far the value may be off.
    - `lacks`: in words, what may be missing beside it; empty for nothing.
    """
    basis, value = pairs.basis, float(pairs.values[k])
    model = basis.model(pairs.coefficients[k])
    agreed = not lacks and off <= tolerance * max(abs(value), 1e-300)
    name = next(iter(problem.unknowns))
    words = f"Two sets of drawn functions find {name} = {value:.10g} and differ by {off:.1e}.{lacks}"
    return Solution(
        name=problem.name,
        fields=problem.fields,
        domain=problem.domain,
        evaluator=Evaluator(model, "float64", RandomFeatures(1), basis.compiler),
        status=RESULTS.converged if agreed else RESULTS.unresolved,
        message=words,
        conditions={},
        unknowns=Unknowns({name: UnknownEstimate(value, off)}, np.ones((1, 1))),
        error=None,
        error_estimate=None,
        reference_floor=None,
        spectrum=np.zeros(0),
        rank=pairs.coefficients.shape[1],
        steps=0,
        seconds=seconds,
        compile_seconds=basis.compiler.seconds,
        memory=Memory(None, peak()),
        history=StepRecord.columns([]),
        problem=problem,
        layout=problem.layout,
    )
