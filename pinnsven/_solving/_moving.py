"""What an integrator advances: a model over space whose parameters move in time, see `_evolve`."""

import abc
from collections.abc import Sequence

import numpy as np
from jaxtyping import Array, Float

from .._conditions import Block
from .._domains import Moment
from .._problem import Problem


class AbstractMoving(abc.ABC):
    """Parameters c(t, y) of fields over space, of which y is integrated.

    - `problem`, `interior`, `walls`: the conditions that hold at all times; `starts`: at the first.
    - `began`, `ended`, `axis`: of time, and its place in a point.
    - `places`: points of every condition by name, (n, dim).
    - `start`: y at the first time, (size,), `size`: its root mean square.
    - `rank`, `params`: directions that move, of so many parameters; no rank where it may change.
    """

    problem: Problem
    interior: list[Block]
    walls: list[Block]
    starts: list[Block]
    began: float
    ended: float
    axis: int
    places: dict[str, np.ndarray]
    start: Float[Array, " size"]
    size: float
    rank: int | None
    params: int

    def _of(self, problem: Problem, blocks: Sequence[Block]) -> None:
        """Sets what follows from the problem alone.

        - `blocks`: its conditions, of which those that are built in count no more.
        """
        self.interior = [block for block in blocks if block.interior]
        others = [block for block in blocks if not block.interior and not block.exact]
        self.starts = [block for block in others if isinstance(block.site, Moment)]
        self.walls = [block for block in others if not isinstance(block.site, Moment)]
        domain = problem.domain
        assert domain.time is not None
        self.problem, self.axis = problem, domain.dim - 1
        self.began, self.ended = float(domain.time.start), float(domain.time.stop)

    @property
    def is_overdetermined(self) -> bool:
        """Whether there are more equations than fields, so that they may contradict each other."""
        return sum(block.components for block in self.interior) > len(self.problem.fields)

    @abc.abstractmethod
    def parameters(self, t, y) -> Float[Array, " params"]:
        """The parameters at a time, of what is integrated."""

    @abc.abstractmethod
    def rate(self, t, y) -> Float[Array, " size"]:
        """How fast y moves."""

    @abc.abstractmethod
    def left(self, t, y, rate) -> Float[Array, ""]:
        """What a rate leaves of the equations at other points, beside what none leaves."""

    @abc.abstractmethod
    def fields_at(self, parameters, point) -> Float[Array, " fields"]:
        """The values of the fields at one point."""

    def growth(self, moments: Sequence[tuple[float, Array]]) -> float:
        """How much faster a small change of a field grows than with half of all functions, at most.

        One where that is not known.

        - `moments`: times and parameters, at which the equations are linearized.
        """
        del moments
        return 1.0

    def tail(self, parameters) -> Float[Array, ""] | None:
        """How large what is finest is beside what is largest; None where that is not known."""
        del parameters
        return None
