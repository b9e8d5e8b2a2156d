"""Conditions on the boundary in space and at the start of time."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx

from .._basics._functions import NamedFunction
from .._basics._numbers import plain
from .._calculus._names import NameSpace
from .._domains import AbstractSite, Moment, On, boundary_site
from ._base import (
    AbstractCondition,
    Block,
    check_count,
    check_keywords,
    check_weight,
    given_term,
    keyword_term,
    make_block,
)
from ._components import in_components, robin_component


class _Prescription(AbstractCondition):
    """A residual function by position, or keywords that give fields their values, or both."""

    function: eqx.AbstractVar[Callable | None]
    values: eqx.AbstractVar[dict[str, object]]
    weight: eqx.AbstractVar[float | None]
    points: eqx.AbstractVar[int | None]
    exact: eqx.AbstractVar[bool | None]
    builds_in: ClassVar[bool] = False  # whether `exact` may be asked for

    def __check_init__(self):
        kind = type(self).__name__
        if self.function is None and not self.values:
            raise ValueError(f"{kind}: give a residual function, or a keyword such as u=0.0")
        if self.function is not None and not callable(self.function):
            raise ValueError(
                f"{kind}: a function given by position returns a residual; got {self.function!r}. "
                "To prescribe a value write its field, as in u=0.0"
            )
        check_weight(self.weight)
        check_count(self.points)
        if self.exact is not None and not self.builds_in:
            raise ValueError("exact=: values are built in by pv.Dirichlet and pv.Initial alone")
        if self.exact not in (True, False, None):
            raise ValueError(f"exact={self.exact!r}: give True to build the values in, or False")
        if self.exact and self.function is not None:
            raise ValueError(
                "exact=True: values are built in, as in u=0.0; a residual function cannot be"
            )
        if self.exact and not (self.weight is None and self.points is None):
            raise ValueError("exact=True: what is built in has no rows, and neither weight nor points")

    def of_components(self, space: NameSpace) -> AbstractCondition:
        return self.with_values(in_components(self.values, space))

    @abc.abstractmethod
    def _keyword_terms(self, space: NameSpace) -> list[NamedFunction]: ...

    def _terms(self, space: NameSpace) -> list[NamedFunction]:
        positional = [NamedFunction.of(self.function, space.knows)] if self.function is not None else []
        return positional + self._keyword_terms(space)

    def _block(self, name: str, space: NameSpace, site: AbstractSite) -> Block:
        """The condition at a site."""
        return make_block(
            name,
            self._terms(space),
            space,
            site,
            weight=self.weight,
            count=self.points,
            on_boundary=not isinstance(site, Moment),
            exact=bool(self.exact),
        )


class Initial(_Prescription):
    """Values at the start of time: `Initial(u=lambda x: ..., u_t=0.0)` or `Initial(lambda u_t: u_t)`.

    - `function`: returns a residual at one point (optional).
    - `values`: a keyword names a field or a derivative and gives its value: a number, or a function
      of coordinates and unknowns; of a vector a tuple or an array of those, a function that returns
      one, or 0.
    - `weight`, `points`: as for `PDE`.
    - `exact`: whether the values of fields, and of their first derivatives in time, are built into the
      solution: with T the length of time, u = u0 + (1 - exp(-(t - t0) / T)) N.

    Raises `ValueError` if nothing is prescribed and, when the problem is built, if the domain has no
    time, a name does not exist, or the values cannot be built in.
    """

    builds_in: ClassVar[bool] = True
    function: Callable | None = eqx.field(static=True)
    values: dict[str, object]
    weight: float | None
    points: int | None = eqx.field(static=True, converter=plain)
    exact: bool | None = eqx.field(static=True)

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        weight: float | None = None,
        points: Any = None,
        exact: Any = None,
        **values: Any,
    ):
        self.function, self.values, self.exact = function, values, exact
        self.weight, self.points = weight, points

    def _keyword_terms(self, space):
        check_keywords(self.values, space, derivatives=True)
        return [keyword_term(name, value, space) for name, value in self.values.items()]

    def bind(self, name: str, space: NameSpace) -> Block:
        if space.domain.time is None:
            raise ValueError("Initial needs time: multiply the domain by pv.Time(start, stop)")
        site = Moment(space.domain, space.domain.time.start)
        return self._block(name, space, site)


class _OnBoundary(_Prescription):
    """A prescription on the boundary in space."""

    on: On = eqx.field(static=True)
    function: Callable | None = eqx.field(static=True)
    values: dict[str, object]
    weight: float | None
    points: int | None = eqx.field(static=True, converter=plain)
    exact: bool | None = eqx.field(static=True)

    # Each class writes this out: without one of its own a type checker takes the fields for arguments.
    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        on: On = None,
        *,
        weight: float | None = None,
        points: Any = None,
        exact: Any = None,
        **values: Any,
    ):
        self.function, self.values, self.on = function, values, on
        self.weight, self.points, self.exact = weight, points, exact

    def bind(self, name: str, space: NameSpace) -> Block:
        site = boundary_site(space.domain, self.on)
        return self._block(name, space, site)


class Boundary(_OnBoundary):
    """A residual on the boundary: `Boundary(lambda u_n, u: u_n + u**4, on="x+")`.

    - `function`: returns a residual, a scalar or a tuple of scalars, at one point; it may ask for
      `normal` and `u_n`.
    - `on`: a part (`"x"` both ends, `"x-"`, `"x+"`, the name of a part, `"t+"` for the end of time),
      several parts, or a predicate over spatial coordinates; the whole spatial boundary by default.
    - `weight`, `points`: as for `PDE`.

    Raises `ValueError` when the problem is built if a name or a part does not exist.
    """

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        on: On = None,
        *,
        weight: float | None = None,
        points: Any = None,
        **values: Any,
    ):
        super().__init__(function, on, weight=weight, points=points, **values)

    def _keyword_terms(self, space):
        if self.values:
            raise ValueError(
                f"{next(iter(self.values))}=: Boundary takes a residual function by position; to "
                "prescribe values use Dirichlet, Neumann or Robin"
            )
        return []


class Dirichlet(_OnBoundary):
    """Values on the boundary: `Dirichlet(u=0.0, on="x")` or `Dirichlet(u=lambda x, y: x * y)`.

    - `function`: returns a residual at one point (optional).
    - `on`, `weight`, `points`: as for `Boundary`.
    - `values`: a keyword names a field and gives its value: a number, or a function of coordinates
      and unknowns.
    - `exact`: whether the values are built into the solution, u = G + d N with a distance d from the
      part: on whole faces of boxes, edges of convex polygons, disks, balls, and holes that are such. By
      default `solve` builds in numbers on flat walls and on disks and balls where nothing speaks
      against it.

    Raises `ValueError` if nothing is prescribed and, when the problem is built, if a name or a part
    does not exist, or the values cannot be built in.
    """

    builds_in: ClassVar[bool] = True

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        on: On = None,
        *,
        weight: float | None = None,
        points: Any = None,
        exact: Any = None,
        **values: Any,
    ):
        super().__init__(function, on, weight=weight, points=points, exact=exact, **values)

    def _keyword_terms(self, space):
        check_keywords(self.values, space)
        return [keyword_term(name, value, space) for name, value in self.values.items()]


class Neumann(_OnBoundary):
    """Derivatives along the outward unit normal: `Neumann(u=0.0, on="x+")`.

    - `function`: returns a residual at one point (optional).
    - `on`, `weight`, `points`: as for `Boundary`.
    - `values`: a keyword names a field and gives its normal derivative $\\partial u / \\partial n$:
      a number, or a function of coordinates and unknowns.

    Raises `ValueError` as `Dirichlet` does.
    """

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        on: On = None,
        *,
        weight: float | None = None,
        points: Any = None,
        **values: Any,
    ):
        super().__init__(function, on, weight=weight, points=points, **values)

    def _keyword_terms(self, space):
        check_keywords(self.values, space)
        return [keyword_term(f"{name}_n", value, space) for name, value in self.values.items()]


class Robin(_OnBoundary):
    """$a u + b\\, \\partial u / \\partial n = g$: `Robin(u=(1.0, 0.5, lambda x: x), on="x+")`.

    - `function`: returns a residual at one point (optional).
    - `on`, `weight`, `points`: as for `Boundary`.
    - `values`: a keyword names a field and gives the triple (a, b, g) of numbers or functions of
      coordinates, unknowns and constants.

    Raises `ValueError` for anything but a triple, and as `Dirichlet` does.
    """

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        /,
        on: On = None,
        *,
        weight: float | None = None,
        points: Any = None,
        **values: Any,
    ):
        super().__init__(function, on, weight=weight, points=points, **values)

    def _keyword_terms(self, space):
        check_keywords(self.values, space)
        return [self._robin_term(name, value, space) for name, value in self.values.items()]

    def of_components(self, space: NameSpace) -> AbstractCondition:
        return self.with_values(in_components(self.values, space, robin_component))

    def _robin_term(self, field: str, triple, space) -> NamedFunction:
        """a u + b u_n - g of a field.

        Raises `ValueError` unless `triple` is (a, b, g) with a and b not both zero.
        """
        if not isinstance(triple, tuple) or len(triple) != 3:
            raise ValueError(f"{field}={triple!r}: give a triple (a, b, g) for a u + b u_n = g")
        parts = [
            given_term(f"{field}=: {part} =", value, space)
            for part, value in zip("abg", triple, strict=True)
        ]
        if all(part.data is not None and part.data == 0 for part in parts[:2]):
            raise ValueError(f"{field}={triple!r}: a and b are both zero, so nothing is prescribed")
        slope = f"{field}_n"

        def residual(values, data):
            a, b, g = (part(values, own) for part, own in zip(parts, data, strict=True))
            return a * values[field] + b * values[slope] - g

        asked = dict.fromkeys(name for part in parts for name in part.names)
        return NamedFunction((field, slope, *asked), residual, tuple(part.data for part in parts))
