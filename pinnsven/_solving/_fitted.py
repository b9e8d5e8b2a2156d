"""A solution u in a second space: residuals and fields of u + e, and corrections e fitted in it.

A correction is fitted by damped least squares on fresh points, and more fresh points say how much of
the residual it explains.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import numpy as np
import scipy.linalg

from .._calculus._derivatives import DerivativePlan
from .._conditions import Block, GivenValues
from ._around import Around
from ._residual import Batch, ResidualSystem
from ._spaces import AbstractSecondSpace

OVERSAMPLING = 4  # fresh points of the equations per function
OVERSAMPLING_FINER = 1.5  # the same of those with an integral at each, by a finer rule
DEAR = 64  # points of a condition that has many nodes at each
DAMPINGS = 10.0 ** np.arange(0, -31, -1)  # of squared singular values, relative to the largest
AS_GOOD = 1.05  # a correction that leaves this much more than the best explains the residual as well
FIELDS = " fields"  # the name of the block of field values, which no condition of a user's has


@dataclasses.dataclass(frozen=True)
class Fit:
    """Corrections in one space, by damping, and what share of the residual each leaves."""

    asked: "Asked"
    found: "Linearized"
    corrections: np.ndarray
    left: np.ndarray

    @property
    def space(self) -> AbstractSecondSpace:
        return self.asked.space

    @property
    def places(self) -> np.ndarray:
        """Where the fields are seen, (points, dim)."""
        return np.asarray(self.asked.sets[1][-1].points)


@dataclasses.dataclass(frozen=True)
class Linearized:
    """Residual and Jacobian on two sets of fresh points, and the fields on the second one.

    - `fitted`, `held`: pairs of Jacobian and residual.
    - `scatter`: of the held rows, how much larger their level is than if they were exact.
    - `fields`: values (points, fields), `slopes` their Jacobian (fields, points, functions).
    """

    fitted: tuple[np.ndarray, np.ndarray]
    held: tuple[np.ndarray, np.ndarray]
    scatter: np.ndarray
    fields: np.ndarray
    slopes: np.ndarray

    def arrays(self):
        return (*self.fitted, *self.held, self.fields, self.slopes)


@dataclasses.dataclass(frozen=True)
class Asked:
    """The conditions as functions of a space's coefficients, at points that stay.

    - `sets`: batches to fit and batches to judge by; the last block of each are the fields themselves.
    - `scatter`: how many times its stated noise a condition's residual may be, by its name.
    - `name`: of the program.
    """

    space: AbstractSecondSpace
    system: ResidualSystem
    sets: tuple[tuple[Batch, ...], tuple[Batch, ...]]
    scatter: Mapping[str, float]
    name: str
    compiled: Callable

    def at(self, coefficients) -> Linearized:
        """Residual, Jacobian and fields of u + e, as matrices on the host."""
        fitted, held = (around.at(coefficients, self.compiled) for around in self._around)
        (columns, values), shown = held[-1], self.sets[1][-1]
        fields, scale = self.system.blocks[-1].components, float(np.asarray(shown.scale)[0, 0])
        named = zip(self.system.blocks[:-1], held[:-1], strict=True)
        looser = [np.full(len(r), self.scatter.get(block.name, 1.0)) for block, (_, r) in named]
        return Linearized(
            fitted=_stacked(fitted[:-1]),
            held=_stacked(held[:-1]),
            scatter=np.concatenate(looser),
            fields=values.reshape(-1, fields) / scale,
            slopes=np.moveaxis(columns.reshape(-1, fields, self.space.size), 1, 0) / scale,
        )

    @functools.cached_property
    def _around(self) -> list[Around]:
        return [Around(self.system, points, self.name) for points in self.sets]

    def fit(self) -> Fit | None:
        """Corrections of the solution itself; None where it is not finite around it."""
        found = self.at(np.zeros(self.space.size))
        if not all(np.all(np.isfinite(part)) for part in found.arrays()):
            return None
        return Fit(self, found, *corrections(found))


def _stacked(found) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobians, and the residuals, of all conditions, one below the other."""
    jacobians, residuals = zip(*found, strict=True)
    return np.concatenate(jacobians), np.concatenate(residuals)


def field_values(block: Block) -> Block:
    """A block whose residual is the value of every field."""
    space = block.plan.space
    layout, alive = space.layout, [f"_alive_{field}" for field in space.fields]
    given = None
    if layout.has_parts:
        # Where a field does not live it counts as zero.
        def at(points):
            return dict(zip(alive, layout.alive(space.domain, points).T.astype(float), strict=True))

        given = GivenValues(tuple(alive), at)

    def fields(values, data):
        del data
        pairs = zip(space.fields, alive, strict=True)
        return tuple(values[field] * values.get(there, 1.0) for field, there in pairs)

    return Block(
        name=FIELDS,
        function=fields,
        components=len(space.fields),
        plan=DerivativePlan(space.fields, space),
        site=layout.site(space.domain, len(space.fields)),
        weight=None,
        count=None,
        interior=False,
        given=given,
    )


def fresh(blocks, points, levels, functions: int) -> tuple[Batch, ...]:
    """Fresh points of every block, in numbers that suit the number of functions."""
    batches = []
    for block in blocks:
        times = OVERSAMPLING_FINER if block.finer else OVERSAMPLING
        wanted = int(times * functions) if block.interior else functions
        if not block.plan.at_once:
            wanted = min(wanted, DEAR)
        weight = 1 / levels[block.name] ** 2 if block.name in levels else 1.0
        batches.append(points.fresh_batch(block, wanted // block.components, weight))
    return tuple(batches)


def corrections(found: Linearized) -> tuple[np.ndarray, np.ndarray]:
    """Corrections by damping, and the share of the held-out residual that each leaves.

    What is left of readings that scatter is their scatter, and does not count.
    """
    jacobian, residual = found.fitted
    exact = found.scatter == 1
    held = found.held if not exact.any() else (found.held[0][exact], found.held[1][exact])
    triangle, projected = _reduced(jacobian, residual)
    left, sizes, right = scipy.linalg.svd(triangle, check_finite=False)
    shifts = np.maximum(DAMPINGS[:, None] * sizes[0] ** 2, 1e-300)  # J may be zero
    corrections = -(left.T @ projected * sizes / (sizes**2 + shifts)) @ right
    remains = np.linalg.norm(held[1] + corrections @ held[0].T, axis=1)
    return corrections, remains / max(np.linalg.norm(held[1]), 1e-300)


def _reduced(jacobian, residual):
    """R and Q^T r of J = Q R."""
    number = jacobian.shape[1]
    whole = np.concatenate([jacobian, residual[:, None]], axis=1)
    found = scipy.linalg.qr(whole, mode="r", check_finite=False)[0]
    found = np.pad(found, ((0, max(number - len(found), 0)), (0, 0)))
    return found[:number, :number], found[:number, number]
