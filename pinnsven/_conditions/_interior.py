"""Conditions inside the domain."""

from collections.abc import Callable

import equinox as eqx

from .._basics._functions import NamedFunction
from .._basics._numbers import plain
from .._calculus._names import NameSpace
from .._domains import Interior
from ._base import (
    AbstractCondition,
    Block,
    FixedPoints,
    check_count,
    check_weight,
    make_block,
    points_array,
)


class PDE(AbstractCondition):
    """A differential equation on the inside of the domain: `PDE(lambda u_t, u_xx: u_t - u_xx)`.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point.
    - `weight`: factor on the squared residual; by default the weighting decides.
    - `points`: how many points to start with.

    Raises `ValueError` when the problem is built if a name does not exist or a shape is wrong.
    """

    function: Callable = eqx.field(static=True)
    weight: float | None = None
    points: int | None = eqx.field(static=True, converter=plain, default=None)

    def __check_init__(self):
        _check_callable("PDE", self.function)
        check_weight(self.weight)
        check_count(self.points)

    def bind(self, name: str, space: NameSpace) -> Block:
        terms = [NamedFunction.of(self.function, space.knows)]
        site = Interior(space.domain)
        return make_block(
            name, terms, space, site, weight=self.weight, count=self.points, interior=True
        )


class Condition(AbstractCondition):
    """A residual at points of your own: `Condition(lambda u: u - 1, {"x": [0.5], "t": [0.0]})`.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point.
    - `points`: a dict of coordinate arrays of equal length; these points are never redrawn.
    - `weight`: factor on the squared residual; by default the weighting decides.

    Raises `ValueError` when the problem is built if a name does not exist, a shape is wrong, or the
    points do not fit the domain.
    """

    function: Callable = eqx.field(static=True)
    points: dict
    weight: float | None = None

    def __check_init__(self):
        _check_callable("Condition", self.function)
        check_weight(self.weight)

    def bind(self, name: str, space: NameSpace) -> Block:
        site = FixedPoints(points_array(self.points, space.domain), {})
        return make_block(
            name, [NamedFunction.of(self.function, space.knows)], space, site, weight=self.weight
        )


def _check_callable(kind: str, function: object) -> None:
    if not callable(function):
        raise ValueError(f"{kind}: expected a function of named values, got {function!r}")
