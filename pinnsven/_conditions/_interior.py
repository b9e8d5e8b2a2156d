"""Conditions inside the domain."""

from collections.abc import Callable
from typing import Any

import equinox as eqx

from .._basics._functions import NamedFunction
from .._basics._messages import listing, nearest
from .._basics._numbers import plain
from .._calculus._names import NameSpace
from .._domains import inner_site, interface_site
from ._base import AbstractCondition, Block, check_count, check_weight, make_block, points_array
from ._places import FixedPoints, parts_of


class PDE(AbstractCondition):
    """A differential equation on the inside of the domain: `PDE(lambda u_t, u_xx: u_t - u_xx)`.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point.
    - `weight`: factor on the squared residual; by default the weighting decides.
    - `points`: how many points to start with.
    - `on`: the part of the domain where it holds: a shape over the same coordinates, or a predicate
      over coordinates; by default all of it, or where the fields live that it asks for.

    Raises `ValueError` when the problem is built if a name does not exist, a shape is wrong, or
    the part is none.
    """

    function: Callable[..., Any] = eqx.field(static=True)
    weight: float | None = None
    points: int | None = eqx.field(static=True, converter=plain, default=None)
    on: object = eqx.field(static=True, default=None, kw_only=True)

    def __check_init__(self):
        _check_callable("PDE", self.function)
        check_weight(self.weight)
        check_count(self.points)

    def bind(self, name: str, space: NameSpace) -> Block:
        terms = [NamedFunction.of(self.function, space.knows)]
        site = inner_site(space.domain, self.on)
        return make_block(
            name, terms, space, site, weight=self.weight, count=self.points, interior=True
        )


BETWEEN = "between "  # how the label of an interface begins


class Interface(AbstractCondition):
    """What holds where the parts of two fields touch: `Interface(fn, between=("a", "b"))`.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point. It may ask for
      `normal`, which points out of the part of the first field, and for derivatives along it, `a_n` and
      `b_n` alike.
    - `between`: the names of two fields with parts of their own (`pv.Field("a", on=shape)`).
    - `weight`, `points`: as for `PDE`.

    Raises `ValueError` when the problem is built if a field does not exist or has no part of its own,
    and where the parts overlap or do not touch.
    """

    function: Callable[..., Any] = eqx.field(static=True)
    between: tuple[str, str] = eqx.field(static=True)
    weight: float | None = None
    points: int | None = eqx.field(static=True, converter=plain, default=None)

    def __init__(
        self,
        function: Callable[..., Any],
        /,
        between: Any,
        *,
        weight: float | None = None,
        points: Any = None,
    ):
        self.function, self.weight, self.points = function, weight, plain(points)
        names = tuple(between.replace(",", " ").split()) if isinstance(between, str) else between
        if not isinstance(names, (tuple, list)) or len(names) != 2 or names[0] == names[1]:
            raise ValueError(f"between={between!r}: give the names of two fields, as in ('a', 'b')")
        self.between = (names[0], names[1])

    def __check_init__(self):
        _check_callable("Interface", self.function)
        check_weight(self.weight)
        check_count(self.points)

    def bind(self, name: str, space: NameSpace) -> Block:
        """The block at points of the boundary that the parts of both fields share."""
        parts = []
        for field in self.between:
            if field not in space.known_fields:
                raise ValueError(
                    f"between={self.between}: there is no field {field!r}; fields are "
                    f"{listing(space.known_fields)}." + nearest(str(field), space.known_fields)
                )
            found = parts_of(space, [field])
            if not found:
                raise ValueError(
                    f"between={self.between}: {field!r} lives on all of the domain; give it a part, "
                    f"as in pv.Field({field!r}, on=shape)"
                )
            parts += found
        label = BETWEEN + " and ".join(self.between)
        site = interface_site(space.domain, parts[0], parts[1], label)
        terms = [NamedFunction.of(self.function, space.knows)]
        counts = {"weight": self.weight, "count": self.points}
        return make_block(name, terms, space, site, on_boundary=True, placed=True, **counts)


class Condition(AbstractCondition):
    """A residual at points of your own: `Condition(lambda u: u - 1, {"x": [0.5], "t": [0.0]})`.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point.
    - `points`: a dict of coordinate arrays of equal length; these points are never redrawn.
    - `weight`: factor on the squared residual; by default the weighting decides.

    Raises `ValueError` when the problem is built if a name does not exist, a shape is wrong, or the
    points do not fit the domain.
    """

    function: Callable[..., Any] = eqx.field(static=True)
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
