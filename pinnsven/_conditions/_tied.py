"""Conditions that tie places to one another: ends of a coordinate, and pairs named by a map."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from .._basics._functions import NamedFunction
from .._basics._messages import listing
from .._basics._numbers import finite_number, plain
from .._calculus._names import NameSpace
from .._domains import AbstractShape, AbstractSite, Domain, Interior, Sobol, boundary_site, inner_site
from ._base import AbstractCondition, Block, check_count, check_weight, keyword_term, points_array
from ._components import in_components
from ._pairs import THERE_SUFFIX, make_pair_block
from ._places import FixedPoints, parts_of, where_alive

LOOKS = 256  # pairs at which the other place is held against the domain


class Periodic(AbstractCondition):
    """What repeats along a coordinate, up to a jump or a factor: `Periodic(u=1.0, along="x")`.

    The field at the upper end is the factor times the field at the lower end plus the jump, and its
    derivatives along the coordinate repeat with the factor. A domain that is periodic itself
    (`Box(periodic="x")`) needs no such condition: it is exactly so.

    - `along`: the coordinate; that of time for solutions that repeat in time.
    - `factor`: a number, complex for complex fields (Bloch's condition: exp(i k L)).
    - `derivatives`: how many derivatives along the coordinate repeat: one less than the order of the
      equation.
    - `values`: a keyword names a field, or a derivative of one, and gives its jump: a number, or a
      function of coordinates, unknowns and constants at the lower end.
    - `weight`, `points`: as for `PDE`.

    Raises `ValueError` if nothing is named and, when the problem is built, for a name or coordinate
    that does not exist, a coordinate that is periodic already, and a complex factor for a real field.
    """

    along: str = eqx.field(static=True)
    factor: complex = eqx.field(static=True)
    derivatives: int = eqx.field(static=True, converter=plain)
    values: dict[str, object]
    weight: float | None
    points: int | None = eqx.field(static=True, converter=plain)

    def __init__(
        self,
        *,
        along: str,
        factor: Any = 1.0,
        derivatives: int = 1,
        weight: float | None = None,
        points: Any = None,
        **values: Any,
    ):
        self.along, self.factor, self.derivatives = along, plain(factor), derivatives
        self.values, self.weight, self.points = values, weight, points

    def __check_init__(self):
        if not self.values:
            raise ValueError("Periodic: name a field, as in Periodic(u=0.0, along='x')")
        if isinstance(self.derivatives, bool) or self.derivatives not in range(8):
            raise ValueError(
                f"derivatives={self.derivatives!r}: give a small whole number, 1 by default"
            )
        if isinstance(self.factor, bool) or not isinstance(self.factor, (int, float, complex)):
            raise ValueError(f"factor={self.factor!r}: give a number")
        if not np.isfinite(self.factor) or self.factor == 0:
            raise ValueError(f"factor={self.factor!r}: must be finite and not zero")
        check_weight(self.weight)
        check_count(self.points)

    def of_components(self, space: NameSpace) -> AbstractCondition:
        return self.with_values(in_components(self.values, space))

    def bind(self, name: str, space: NameSpace) -> Block:
        """The block of what differs between both ends, at points of the lower one."""
        domain = space.domain
        slices = domain.slices()
        coordinate = next((c for c in domain.coordinates if c.name == self.along), None)
        if coordinate is None or coordinate.vector:
            scalars = [c.name for c in domain.coordinates if not c.vector]
            raise ValueError(f"along={self.along!r}: give one of the coordinates {listing(scalars)}")
        if coordinate.periodic:
            raise ValueError(
                f"along={self.along!r}: the domain, and every solution, is periodic there already"
            )
        axis, upper = slices[self.along].start, coordinate.upper[0]
        for keyword in self.values:
            if not space.knows(keyword) or not hasattr(space.read(keyword), "field"):
                raise ValueError(
                    f"{keyword}=: no field is named {keyword!r}, nor a derivative of one; fields are "
                    f"{listing(space.known_fields)}"
                )
        jumps = {name: _jump(name, value, space) for name, value in self.values.items()}
        asked = dict.fromkeys(jumps)
        for field in (f for f in self.values if f in space.known_fields):
            asked |= dict.fromkeys(
                f"{field}_{self.along * order}" for order in range(1, self.derivatives + 1)
            )
        wanted = dict.fromkeys(n for jump in jumps.values() for n in jump.names)

        def residual(here, there):
            found = []
            for quantity in asked:
                jump = jumps[quantity](here) if quantity in jumps else 0.0
                found.append(there[quantity] - self.factor * here[quantity] - jump)
            return tuple(found)

        return make_pair_block(
            name,
            residual,
            space,
            _lower_end(domain, self.along),
            partner=lambda point: point.at[axis].set(upper),
            names=tuple(asked | wanted),
            weight=self.weight,
            count=self.points,
        )


def _lower_end(domain: Domain, along: str) -> AbstractSite:
    ranges = domain.parameters.coordinates if domain.parameters is not None else ()
    if along in [c.name for c in ranges]:
        raise ValueError(f"along={along!r}: a parameter has no ends")
    return boundary_site(domain, along + "-")


def _jump(quantity: str, value: object, space: NameSpace) -> NamedFunction:
    """A jump as a function of named values; `ValueError` for one that depends on fields."""
    if not callable(value):
        number = value if isinstance(value, complex) else finite_number(f"{quantity}=", value)
        return NamedFunction((), lambda values: number)
    keyword_term(quantity, value, space)  # its checks of what a value may depend on
    return NamedFunction.of(value, space.knows)


class Pairs(AbstractCondition):
    """A residual of values at two places: `Pairs(lambda u_t, u_there: u_t + u_there, other=...)`.

    For delays, u(t - 1) beside u(t); nonlocal terms, u(1 - x) beside u(x); Bloch's condition, and what
    else joins two places. What a name asks for at the other place is asked for by the name with
    `_there` behind it.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point. It may ask for
      names here, and for names at the other place (`u_there`, `u_x_there`, `x_there`).
    - `points`: where the condition holds: None for the inside of the domain, a shape or a predicate
      over coordinates for a part of it, the name of a part of the boundary, or a dict of coordinate
      arrays.
    - `other`: a function of named coordinates that returns a dict of those that are others at the other
      place, as in `lambda t: {"t": t - 1}`; in jax.numpy.
    - `weight`, `count`: the factor on the squared residual, and how many points to start with.

    Raises `ValueError` when the problem is built if a name does not exist, nothing is asked for at the
    other place, or that lies outside of the domain.
    """

    function: Callable = eqx.field(static=True)
    points: object = eqx.field(static=True)
    other: Callable = eqx.field(static=True)
    weight: float | None
    count: int | None = eqx.field(static=True, converter=plain)

    def __init__(
        self,
        function: Callable[..., Any],
        /,
        points: Any = None,
        other: Any = None,
        *,
        weight: float | None = None,
        count: int | None = None,
    ):
        self.function, self.points = function, points
        self.other = other  # type: ignore[assignment]
        self.weight, self.count = weight, count

    def __check_init__(self):
        for label, given in (("function", self.function), ("other", self.other)):
            if not callable(given):
                raise ValueError(f"Pairs: {label}={given!r}: give a function of named values")
        check_weight(self.weight)
        check_count(self.count)

    def bind(self, name: str, space: NameSpace) -> Block:
        """The block of the residual at every place and its other one."""
        domain = space.domain
        there = lambda argument: argument.endswith(THERE_SUFFIX)
        knows = lambda argument: space.knows(argument.removesuffix(THERE_SUFFIX))
        wanted = NamedFunction.of(self.function, knows)
        elsewhere = [n.removesuffix(THERE_SUFFIX) for n in wanted.names if there(n)]
        if not elsewhere:
            raise ValueError(
                f"its function asks for nothing at the other place: write u{THERE_SUFFIX} for what u "
                "is there"
            )
        here = [n for n in wanted.names if not there(n)]

        def residual(at_point, at_other):
            values = {n: at_point[n] for n in here}
            return wanted(values | {n + THERE_SUFFIX: at_other[n] for n in elsewhere})

        site = where_alive(self._site(domain), space, here)
        partner = _partner(self.other, domain)
        _check_partner(partner, site, domain, parts_of(space, elsewhere))
        return make_pair_block(
            name,
            residual,
            space,
            site,
            partner=partner,
            names=tuple(dict.fromkeys([*here, *elsewhere])),
            weight=self.weight,
            count=self.count,
            interior=self.points is None or isinstance(site, Interior),
        )

    def _site(self, domain: Domain) -> AbstractSite | FixedPoints:
        if isinstance(self.points, dict):
            return FixedPoints(points_array(self.points, domain), {})
        if isinstance(self.points, (str, tuple)):
            return boundary_site(domain, self.points)
        return inner_site(domain, self.points)


def _partner(other: Callable, domain: Domain) -> Callable:
    """The map from a point to its other one, of what a user's function says of coordinates."""
    slices = domain.slices()
    function = NamedFunction.of(other, slices.__contains__)
    for argument in function.names:
        if argument not in slices:
            raise ValueError(
                f"other=: its function asks for {argument!r}; coordinates are {listing(slices)}"
            )

    def partner(point):
        moved = function(domain.split(point))
        if not isinstance(moved, dict) or not set(moved) <= set(slices):
            raise ValueError(
                f"other=: its function returned {moved!r}; return a dict of coordinates, as in "
                "{'t': t - 1}"
            )
        for coordinate, value in moved.items():
            part = slices[coordinate]
            point = point.at[part].set(
                jnp.reshape(jnp.asarray(value, point.dtype), part.stop - part.start)
            )
        return point

    return partner


def _check_partner(
    partner: Callable,
    site: AbstractSite | FixedPoints,
    domain: Domain,
    parts: Sequence[AbstractShape],
) -> None:
    """Raises `ValueError` where other places lie outside of the domain.

    - `parts`: of it, in all of which they must lie.
    """
    if isinstance(site, FixedPoints):
        points = site.points
    else:
        points, _ = site.draw(site.finite or LOOKS, Sobol(), np.random.default_rng(0))
    others = np.stack([np.asarray(partner(jnp.asarray(point))) for point in points])
    inside = domain.contains(others, 1e-6)
    for part in parts:
        inside &= part.contains(others[:, : domain.space_dim], 1e-6)
    outside = np.flatnonzero(~inside)
    if outside.size:
        first = outside[0]
        raise ValueError(
            f"other=: {outside.size} of {len(points)} other places lie outside the domain, or where "
            f"what is asked for does not live: {others[first].tolist()} does, that of "
            f"{points[first].tolist()}. Give points= where they do not"
        )
