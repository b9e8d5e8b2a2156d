"""Runs in products over space, with more of them and shorter steps until two agree: see `_evolve`."""

import math
import time

import numpy as np

from .._basics._messages import listing
from .._calculus._names import Derivative
from .._domains import Interior, Moment, Sobol
from .._output._records import FieldErrors
from .._problem import Problem
from ._evolving import FEWEST, MOMENTS, Path
from ._moving_products import MovingProducts
from ._space_tables import MOST, SpaceTables

FIRST = (64, 16, 8)  # degrees of products along a coordinate, by how many there are
FINEST_STEPS = 1e-12  # the accuracy below which steps are rounding
LONGER, MORE = 8.0, 1.1  # times as much error of a step, and as many degrees, in the run beside it
VAIN = 0.3  # of what two runs differed by before, where shorter steps no longer help
BEGUN, STEEPENS = 0.1, 0.1  # of the whole time: from where on less progress than that is no more
FAR, FARTHER = 0.4, 0.15  # of the whole time, from where a run is worth more functions
LAST, FURTHER = 1e-9, 100.0  # the smallest tolerance, and steps towards it
GROWS = 2.5  # times the seconds so far that a tolerance that much smaller takes
SHORTER = 30.0  # times less error of a step where both differ by too much
LOOKS = 512  # places at which two runs are held against each other


def in_products(
    problem: Problem,
    tolerance: float,
    solver=None,
    deadline: float = math.inf,
    hopeless: float = math.inf,
    goes_on: bool = False,
) -> tuple[Path | None, FieldErrors | None]:
    """A run that another bears out, with more functions and longer steps, and what they differ by.

    First with more products each, until their highest degrees are small; then with shorter steps, until
    the two agree. None where products do not do.

    - `solver`: of diffrax; None to choose one. `deadline`: of the clock, when a run is given up.
    - `hopeless`: of the clock, when none begins any more unless the end is in sight.
    - `goes_on`: whether what is left of the time is for smaller errors than the tolerance.
    """
    search = _Search(problem, solver, deadline, hopeless)
    found = search.to(tolerance)
    while goes_on and found[0] is not None and found[1] is not None and tolerance > LAST:
        spent = time.perf_counter() - search.began
        if max(found[1].values()) > tolerance or GROWS * spent > deadline - time.perf_counter():
            break
        tolerance /= FURTHER
        better = search.to(tolerance)
        if better[0] is None or better[1] is None or max(better[1].values()) > max(found[1].values()):
            break
        found = better
    return found


class _Search:
    """Runs of one problem: degrees that were too few for one tolerance are so for a smaller one."""

    def __init__(self, problem: Problem, solver, deadline: float, hopeless: float):
        self.problem, self.solver, self.deadline, self.hopeless = problem, solver, deadline, hopeless
        self.began, self.dim = time.perf_counter(), problem.domain.space_dim
        self.tables = SpaceTables(problem)
        self.came = 0.0  # the share of the time that was reached with too few functions
        self.sides = np.full(self.dim, FIRST[min(self.dim, len(FIRST)) - 1])

    def to(self, tolerance: float) -> tuple[Path | None, FieldErrors | None]:
        """The runs for a tolerance, see `in_products`."""
        if self.dim > len(MOST):
            return None, None
        most, accuracy = np.full(self.dim, MOST[self.dim - 1]), tolerance / 100
        best, estimate = None, None
        while True:
            finest = np.inf if np.all(self.sides >= most) else tolerance
            run = self._one(self.sides, accuracy, finest)
            if run is not None and run.coarse:
                if not self._comes_nearer(run) and self.hopeless < math.inf:
                    return None, None
                wanted = run.moving.wanted(run.last, tolerance, self.came)  # type: ignore[attr-defined]
                self.sides = np.minimum(wanted, most)
                continue
            if run is None or not run.finished:
                return best or run, estimate
            best, more = run, np.minimum(np.ceil(MORE * self.sides).astype(int), most)
            other = self._one(more, LONGER * accuracy, np.inf, FEWEST // 2)
            if other is None or not other.finished:
                return best, estimate
            before, estimate = estimate, apart(best, other)
            worst = max(estimate.values())
            vain = before is not None and worst > VAIN * max(before.values())
            if worst <= tolerance or vain or accuracy <= FINEST_STEPS:
                return best, estimate
            accuracy = max(accuracy / SHORTER, FINEST_STEPS)

    def _comes_nearer(self, run: Path) -> bool:
        """Whether a run is worth more functions.

        Not where, some way from the start, they hardly get farther, as at a front that steepens; when
        the time for hope is over only where the end is in sight.
        """
        moving, before = run.moving, self.came
        self.came = (run.reached - moving.began) / (moving.ended - moving.began)
        gained = self.came - before
        if before >= BEGUN and gained < STEEPENS:
            return False
        return time.perf_counter() < self.hopeless or self.came > FAR or gained > FARTHER

    def _one(self, sides, accuracy: float, finest, fewest: int = FEWEST) -> Path | None:
        """One run; None where products do not do."""
        moving = MovingProducts(self.tables, self.problem, sides)
        given = self.solver, self.deadline, finest, fewest
        return None if moving.begin() else Path(moving, accuracy, *given)


def check_kind(problem: Problem) -> None:
    """`ValueError` for a problem whose parameters have no velocity."""
    domain = problem.domain
    if domain.time is None or domain.space is None:
        raise ValueError(
            "evolve: the problem needs space and time, as in pv.Box(x=(0, 1)) * pv.Time(0, 1)"
        )
    if problem.unknowns or domain.parameters is not None:
        raise ValueError(
            "evolve: unknowns and ranges of parameters have no time of their own; use solve"
        )
    if problem.layout.places:
        raise ValueError(
            "evolve: fields in pieces or on parts of the domain are not supported; use solve"
        )
    named = domain.time.coordinate.name
    if not any(isinstance(block.site, Moment) for block in problem.blocks):
        raise ValueError("evolve: nothing is said of the start; give a pv.Initial")
    rates = {
        quantity.field
        for block in problem.blocks
        for quantity in block.plan.quantities.values()
        if isinstance(quantity, Derivative) and named in quantity.along
    }
    if still := [field for field in problem.fields if field not in rates]:
        raise ValueError(
            f"evolve: no equation has the rate of {listing(still)} in {named!r}, so nothing moves it; "
            "use solve or march"
        )
    for block in problem.blocks:
        if block.is_measured or not block.plan.is_local or block.exact:
            raise ValueError(
                f"condition {block.name!r}: readings, integrals and exact=True have no place in evolve"
            )
        for name, quantity in block.plan.quantities.items():
            order = quantity.along.count(named) if isinstance(quantity, Derivative) else 0
            if order > 1 or (order and not block.interior):
                raise ValueError(
                    f"condition {block.name!r} asks for {name!r}: evolve wants equations of the first "
                    f"order in {named!r}, and no derivative by it elsewhere. Make a field of it"
                )


def looks_of(problem: Problem) -> np.ndarray:
    """Points at which fields are looked at, (n, dim)."""
    return Interior(problem.domain).draw(LOOKS, Sobol(), np.random.default_rng(0))[0]


def apart(first: Path, second: Path) -> FieldErrors:
    """The relative L2 difference of two runs, over space and time."""
    points, moving = looks_of(first.problem), first.moving
    squares, sizes = 0.0, 0.0
    # At moments at which no step ends: what is between them counts too.
    shares = np.append((np.arange(MOMENTS) + 0.382) / MOMENTS, 1.0)
    for t in moving.began + shares * (moving.ended - moving.began):
        at = points.copy()
        at[:, moving.axis] = t
        here, there = first.values(at), second.values(at)
        squares, sizes = squares + np.sum((here - there) ** 2, axis=0), sizes + np.sum(here**2, axis=0)
    relative = np.sqrt(squares / np.where(sizes > 0, sizes, 1))
    return FieldErrors(zip(first.problem.fields, relative.tolist(), strict=True))
