"""What a condition is: functions of named values at a point, and a site where they must vanish.

A condition maps field values and a point to residuals, never to a scalar loss. `bind` reads its
argument names over a problem's name space once and returns a `Block`, all that the residual system
needs; every mistake that can be seen without a network is reported there.
"""

import abc
import copy
import dataclasses
import numbers
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._basics._functions import NamedFunction
from .._basics._messages import listing, nearest
from .._basics._numbers import finite_number, numeric_array, whole_number
from .._basics._repr import called
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import ConstantValue, CoordinateValue, NameSpace, UnknownValue
from .._domains import AbstractSite, Domain
from ._places import FixedPoints, GivenValues, check_all_inside, where_alive, with_pieces
from ._robust import Huber

GIVEN = (CoordinateValue, UnknownValue, ConstantValue)  # what a value may depend on


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
    """A condition bound to a problem: one block of residual rows.

    - `name`: the condition's name.
    - `function`: maps the dict of named values at one point, and `data`, to a tuple of scalars.
    - `components`: how many scalars that is; the block has points times components rows.
    - `plan`: computes the named values.
    - `site`: where points are drawn, or the points themselves.
    - `weight`: the user's factor on the squared residual, or None where the weighting decides.
    - `count`: the user's number of points, or None for the default.
    - `interior`: true for the differential equation itself, which is where most points go.
    - `noise`: the standard deviation of errors in what is prescribed; the residual may stay that big.
    - `truth`: the same condition with what is known to be nearer the truth than what it prescribes.
    - `data`: a pytree of arrays that the function uses: what is prescribed. Where a run is compiled it
      enters as arguments, so that other values compile nothing.
    - `given`: values per point that the residual uses; None for none, or those of `FixedPoints`.
    - `finer`: makes the same condition by a finer rule than the one that is fitted, to judge it by.
    - `exact`: whether it is built into the solution, so that it has no rows.
    - `loss`: of readings; None for least squares.
    """

    name: str
    function: Callable[..., tuple]
    components: int
    plan: DerivativePlan
    site: AbstractSite | FixedPoints
    weight: float | None
    count: int | None
    interior: bool
    noise: float = 0.0
    truth: "Block | None" = None
    finer: "Callable[[], Block] | None" = None
    data: Any = ()
    given: GivenValues | None = None
    exact: bool = False
    loss: Huber | None = None

    def residual(self, values: dict, data: Any = None) -> tuple:
        """The residuals at one point, a tuple of scalars.

        - `values`: by the names that the plan computes.
        - `data`: other arrays than those of the block; None for its own.
        """
        return self.function(values, self.data if data is None else data)

    @property
    def judged(self) -> "Block":
        """The block by which this one is judged."""
        return self.truth or (self.finer() if self.finer else self)

    @property
    def is_measured(self) -> bool:
        """Whether it prescribes values at points, which may scatter."""
        return isinstance(self.site, FixedPoints) and bool(self.site.auxiliary)


class AbstractCondition(eqx.Module):
    """Something that must hold on a part of the domain."""

    def of_components(self, space: NameSpace) -> "AbstractCondition":
        """The condition with what it prescribes of vectors and tensors said of their components.

        Raises `ValueError` for values that are not of their shape.
        """
        del space
        return self

    def with_values(self, values: dict[str, Any]) -> "AbstractCondition":
        """The same condition with other values by keyword."""
        other = copy.copy(self)
        object.__setattr__(other, "values", values)
        return other

    @abc.abstractmethod
    def bind(self, name: str, space: NameSpace) -> Block:
        """The condition over the names of a problem. Raises `ValueError` for whatever is wrong."""

    def __repr__(self) -> str:
        given: dict[str, Any] = {f.name: getattr(self, f.name, None) for f in dataclasses.fields(self)}
        first = [function] if (function := given.pop("function", None)) is not None else []
        given |= given.pop("values", {})
        kept = {name: value for name, value in given.items() if not name.startswith("_")}
        return called(type(self).__name__, *first, **kept)


def keyword_term(quantity: str, value: object, space: NameSpace) -> NamedFunction:
    """The residual of `quantity = value`: a number, or a function of named numbers at a point."""
    wanted = given_term(f"{quantity}=", value, space)
    return NamedFunction(
        (quantity, *wanted.names),
        lambda values, data=None: values[quantity] - wanted(values, data),
        wanted.data,
    )


def given_term(label: str, value: object, space: NameSpace) -> NamedFunction:
    """What is prescribed: a number, or a function of named numbers at a point.

    - `label`: how messages begin.
    """
    if not callable(value):
        return NamedFunction((), lambda values, data: data, np.array(finite_number(label, value)))
    wanted = NamedFunction.of(value, space.knows)
    for argument in wanted.names:
        if not isinstance(space.read(argument), GIVEN):
            raise ValueError(
                f"{label}: its function asks for {argument!r}; a value may depend on "
                "coordinates, unknowns and constants only. Give a residual function by position "
                "instead."
            )
    return NamedFunction(wanted.names, lambda values: _scalar(wanted(values), label))


def check_keywords(values: dict[str, object], space: NameSpace, derivatives: bool = False) -> None:
    """`ValueError` unless every keyword is a field (or, where allowed, a derivative of one)."""
    for keyword in values:
        if keyword in space.known_fields:
            continue
        if not derivatives:
            raise ValueError(
                f"{keyword}=: no field is named {keyword!r}; fields are {listing(space.known_fields)}."
                + nearest(keyword, space.known_fields)
            )
        if isinstance(space.read(keyword), GIVEN):
            raise ValueError(f"{keyword}=: prescribe a field or a derivative, not {keyword!r}")


def make_block(
    name: str,
    terms: list[NamedFunction],
    space: NameSpace,
    site: AbstractSite | FixedPoints,
    *,
    weight: float | None = None,
    count: int | None = None,
    interior: bool = False,
    on_boundary: bool = False,
    noise: float = 0.0,
    given: GivenValues | None = None,
    exact: bool = False,
    placed: bool = False,
) -> Block:
    """Joins terms into a block and checks names and shapes without computing anything.

    - `placed`: whether the site is where its fields meet; else it is cut to where all of them live.
    """
    if not terms:
        raise ValueError("nothing is prescribed: give a residual function or a keyword such as u=0.0")
    if space.layout.composites or space.layout.places:
        asked = [name for term in terms for name in term.names]
        given = with_pieces(given, space, asked)
        terms = [space.layout.expanded_term(term) for term in terms]
        if not placed:
            site = where_alive(site, space, asked)
    apart = _names_apart(site, given)
    names = dict.fromkeys(n for term in terms for n in term.names if n not in apart)
    plan = DerivativePlan(tuple(names), space)
    if plan.needs_normal and not on_boundary:
        raise ValueError("'normal' and derivatives along it exist only in boundary conditions")
    if not plan.fields:
        raise ValueError(
            f"the residual depends on no field; it asks for {listing(plan.names)} and the fields are "
            f"{listing(space.fields)}"
        )

    def residual(values, data):
        """The scalars of all terms, one after the other."""
        scalars: list = []
        for term, part in zip(terms, data, strict=True):
            result = term(values, part)
            scalars += result if isinstance(result, tuple) else [result]
        for scalar in scalars:
            if not hasattr(scalar, "shape") and not isinstance(scalar, numbers.Number):
                raise ValueError(
                    f"its function returned {type(scalar).__name__} where a scalar or a tuple of "
                    "scalars is wanted"
                )
        # An array of scalar fields is a mistake, as is a complex number of real ones: counting the
        # components will name it.
        if has_shape:
            scalars = [entry for scalar in scalars for entry in jnp.ravel(jnp.asarray(scalar))]
        return tuple(real_scalars(scalars) if is_complex else scalars)

    is_complex = any(composite.is_complex for composite in space.layout.composites)
    has_shape = any(composite.shape for composite in space.layout.composites)
    data = tuple(() if term.data is None else term.data for term in terms)
    block = Block(
        name,
        residual,
        0,
        plan,
        site,
        weight,
        count,
        interior,
        noise,
        data=data,
        given=given,
        exact=exact,
    )
    return dataclasses.replace(block, components=count_components(block))


def as_real_scalars(result: Any) -> tuple:
    """What a function returned, a scalar or a tuple, as a tuple of real ones."""
    return tuple(real_scalars(list(result) if isinstance(result, tuple) else [result]))


def real_scalars(scalars: list) -> list:
    """The real and the imaginary part of what is complex, the rest as it is."""
    found: list = []
    for scalar in scalars:
        parts = (jnp.real, jnp.imag) if jnp.iscomplexobj(scalar) else (lambda value: value,)
        found += [part(scalar) for part in parts]
    return found


def _names_apart(site: AbstractSite | FixedPoints, given: GivenValues | None) -> tuple[str, ...]:
    """Names that no plan computes: values that come with the points."""
    known = tuple(site.auxiliary) if isinstance(site, FixedPoints) else ()
    return known + (given.names if given is not None else ())


def difference(quantity: str, target: str) -> NamedFunction:
    """The residual of a quantity beside a value that comes with the points."""
    return NamedFunction((quantity, target), lambda values: values[quantity] - values[target])


def count_components(block: Block) -> int:
    """How many scalars a block's residual has; `ValueError` unless they are real scalars."""
    space = block.plan.space
    domain = space.domain
    floating = jax.dtypes.canonicalize_dtype(float)
    apart = _names_apart(block.site, block.given)

    def at_a_point(point, normal, unknowns):
        fields = len(space.fields)
        values = block.plan.evaluate(_polynomial(fields), point, normal, unknowns)
        values.update({key: jnp.zeros((), floating) for key in apart})
        return block.residual(values)

    result = jax.eval_shape(
        at_a_point,
        jax.ShapeDtypeStruct((domain.dim,), floating),
        jax.ShapeDtypeStruct((domain.space_dim,), floating),
        {key: jax.ShapeDtypeStruct((), floating) for key in (*space.unknowns, *space.constants)},
    )
    if not result:
        raise ValueError("its function returned an empty tuple: return at least one scalar")
    for scalar in result:
        if scalar.shape != ():
            raise ValueError(
                f"its function returned an array of shape {scalar.shape}; return a scalar, or a "
                "tuple of scalars. It is called at one point, so nothing needs an axis for points."
            )
        if not jnp.issubdtype(scalar.dtype, jnp.floating):
            raise ValueError(
                f"its function returned {scalar.dtype} values; a residual is a real number"
            )
    return len(result)


def _polynomial(fields: int):
    """A stand-in for the network, used for shapes only."""
    return lambda point: jnp.full(fields, jnp.sum(point))


def _scalar(value, label: str):
    shape = getattr(value, "shape", () if isinstance(value, numbers.Number) else None)
    if shape != ():
        found = type(value).__name__ if shape is None else f"shape {shape}"
        raise ValueError(
            f"{label}: its function returned {found}; it is called at one point and must return a "
            "scalar"
        )
    return value


def check_weight(weight: object) -> None:
    """`ValueError` unless the weight is None or a finite, positive number."""
    if callable(weight):
        raise ValueError(
            f"weight={weight!r}: a condition takes one function, and what follows it is its weight. "
            "Return a tuple for several equations, or give each a condition of its own"
        )
    if weight is not None and not finite_number("weight =", weight) > 0:
        raise ValueError(f"weight={weight!r}: must be positive; leave the condition out instead of 0")


def check_nodes(nodes: object) -> None:
    """`ValueError` unless the number of quadrature nodes is a positive integer."""
    whole_number("nodes", nodes, 1, "must be a positive integer")


def check_count(count: object) -> None:
    """`ValueError` unless the number of points is None or a positive integer."""
    if count is not None:
        whole_number("points", count, 1, "must be a positive number of points")


def points_array(points: object, domain: Domain) -> np.ndarray:
    """Points given as a dict of coordinate arrays, as an array (n, dim).

    Raises `ValueError` for a missing, unknown, non-finite or wrongly shaped coordinate, for lengths
    that differ, and for points outside the domain.
    """
    names = list(domain.slices())
    if not isinstance(points, dict):
        raise ValueError(f"points: give a dict of coordinate arrays with keys {listing(names)}")
    for key in points:
        if key not in names:
            raise ValueError(
                f"points: there is no coordinate {key!r}; there are {listing(names)}."
                + nearest(str(key), names)
            )
    missing = [name for name in names if name not in points]
    if missing:
        raise ValueError(f"points: the coordinate {missing[0]!r} is missing")
    columns = []
    for coordinate in domain.coordinates:
        column = numeric_array(f"points[{coordinate.name!r}]", points[coordinate.name])
        shape = (-1, coordinate.size) if coordinate.vector else (-1,)
        if column.ndim != len(shape) or (coordinate.vector and column.shape[1] != coordinate.size):
            expected = f"(n, {coordinate.size})" if coordinate.vector else "(n,)"
            raise ValueError(
                f"points[{coordinate.name!r}] has shape {column.shape}; it must be {expected}"
            )
        columns.append(column.reshape(len(column), coordinate.size))
    lengths = {name: len(column) for name, column in zip(names, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"points: the coordinates have different lengths {lengths}")
    stacked = np.concatenate(columns, axis=1)
    if not len(stacked):
        raise ValueError("points: there is no point")
    try:
        check_all_inside(domain.contains(stacked), stacked, "lie outside the domain")
    except ValueError as error:
        raise ValueError(f"points: {error}") from None
    return stacked
