"""The value of a field at a point and its derivatives: the derivative plan.

The names that a condition asks for fix, once, which derivatives are needed; the plan computes those
and shares lower orders. Derivatives along coordinates are Taylor coefficients pushed forward
(Griewank and Walther 2008, chapter 13): nested tangents up to fourth order, where the compiler
merges the shared part and every primitive has a rule; JAX's Taylor mode (`jet`) above, where the
program to compile would grow like $2^k$. Nothing here differentiates in reverse: that is left for
the parameters.
"""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.jet import jet
from jaxtyping import Array, Float

from ._names import (
    ConstantValue,
    CoordinateValue,
    Derivative,
    Gradient,
    Laplacian,
    NameSpace,
    Normal,
    NormalDerivative,
    Quantity,
    UnknownValue,
    Value,
)

NESTED = 4  # the highest order that takes less time nested than in Taylor mode, compiled

FieldFunction = Callable[[Float[Array, " dim"]], Float[Array, " fields"]]


def taylor(function: FieldFunction, point, direction, order: int) -> list:
    """Derivatives 0 to `order` of `function` at `point` along `direction`.

    Returns a list of `order + 1` arrays of the shape of `function(point)`; entry k is
    $d^k/ds^k f(x + s d)$ at $s = 0$.
    """
    if order == 0:
        return [function(point)]
    if order > NESTED:
        try:
            series = (direction, *[jnp.zeros_like(direction)] * (order - 1))
            value, derivatives = jet(function, (point,), (series,))
            return [value, *derivatives]
        except Exception:  # a primitive without a Taylor rule fails in many ways; nesting has all
            pass
    return _nested(function, point, direction, order)


def _nested(function, point, direction, order: int) -> list:
    def lower(x):
        return tuple(
            taylor(function, x, direction, 0)
            if order == 1
            else _nested(function, x, direction, order - 1)
        )

    values, slopes = jax.jvp(lower, (point,), (direction,))
    return [*values, slopes[-1]]


@dataclasses.dataclass(frozen=True)
class DerivativePlan:
    """What one condition needs of the fields, from the names that its functions ask for.

    - `names`: the argument names, each read over `space`.
    """

    names: tuple[str, ...]
    space: NameSpace

    @property
    def at_once(self) -> bool:
        """Whether many points are best evaluated together, those of padding included."""
        return True

    @property
    def is_local(self) -> bool:
        """Whether the values are those at the point alone."""
        return True

    @functools.cached_property
    def quantities(self) -> dict[str, Quantity]:
        return {name: self.space.read(name) for name in self.names}

    @property
    def fields(self) -> set[str]:
        """The fields of which something is asked."""
        return {q.field for q in self.quantities.values() if hasattr(q, "field")}  # type: ignore

    @property
    def needs_normal(self) -> bool:
        """Whether the names make sense only on a boundary."""
        return any(isinstance(q, (Normal, NormalDerivative)) for q in self.quantities.values())

    @functools.cached_property
    def passes(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """Taylor passes: each a tuple of (component of the point, order), the outermost last.

        One pass per set of coordinates that some derivative mixes, to the highest order asked for
        along each; a pass whose coordinates another covers is dropped, since the lower orders come
        with the higher ones.
        """
        slices = self.space.domain.slices()
        wanted: dict[tuple[int, ...], list[int]] = {}
        for quantity in self.quantities.values():
            if isinstance(quantity, Derivative) and not self._is_vector(quantity):
                components = [slices[name].start for name in quantity.along]
                support = tuple(sorted(set(components)))
                orders = [components.count(axis) for axis in support]
                highest = wanted.get(support, [0] * len(support))
                wanted[support] = [max(a, b) for a, b in zip(highest, orders, strict=True)]
        passes = [tuple(zip(support, orders, strict=True)) for support, orders in wanted.items()]
        return tuple(p for p in passes if not any(p != q and _covers(q, p) for q in passes))

    def _is_vector(self, quantity: Derivative) -> bool:
        vectors = {c.name for c in self.space.domain.coordinates if c.vector}
        return quantity.along[0] in vectors

    def evaluate(
        self,
        fields: FieldFunction,
        point: Float[Array, " dim"],
        normal: Float[Array, " space"],
        unknowns: dict[str, Array],
    ) -> dict[str, Array]:
        """The value of every name at one point.

        - `fields`: maps a point (dim,) to the field values (fields,). Of values with a further axis,
          as those of many functions, all that is asked for has it too.
        - `point`: the coordinates.
        - `normal`: the outward unit normal, used only where a name asks for it.
        - `unknowns`: the current values of the unknowns, and the constants.
        """
        tables = {p: _table(fields, point, p) for p in self.passes}
        context = _Context(self, fields, point, normal, unknowns, tables)
        return {name: context.value(quantity) for name, quantity in self.quantities.items()}


@dataclasses.dataclass
class _Context:
    """One evaluation of a plan at one point."""

    plan: DerivativePlan
    fields: FieldFunction
    point: Array
    normal: Array
    unknowns: dict[str, Array]
    tables: dict

    def value(self, quantity: Quantity):
        """The value of a quantity at the point, out of what the passes have left.

        Shape () or, for a vector coordinate, a gradient or the normal, (components,).
        """
        domain = self.plan.space.domain
        match quantity:
            case CoordinateValue(name):
                part = self.point[domain.slices()[name]]
                vector = next(c.vector for c in domain.coordinates if c.name == name)
                return part if vector else part[0]
            case UnknownValue(name) | ConstantValue(name):
                return self.unknowns[name]
            case Normal():
                return self.normal
            case Value(field):
                return self._plain[self._index(field)]
            case Gradient(field):
                return self._gradient[: domain.space_dim, self._index(field)]
            case NormalDerivative(field):
                return self.normal @ self._gradient[: domain.space_dim, self._index(field)]
            case Laplacian(field):
                return self._laplacian[self._index(field)]
            case Derivative(field, along) if self.plan._is_vector(quantity):
                return self._gradient[domain.slices()[along[0]], self._index(field)]
            case Derivative(field, along):
                return self._tabulated(along)[self._index(field)]

    def _index(self, field: str) -> int:
        return self.plan.space.fields.index(field)

    @functools.cached_property
    def _plain(self):
        if self.tables:
            return next(iter(self.tables.values()))[()]
        return self.fields(self.point)

    @functools.cached_property
    def _gradient(self):
        basis = jnp.eye(self.point.size, dtype=self.point.dtype)
        return jax.vmap(lambda e: jax.jvp(self.fields, (self.point,), (e,))[1])(basis)

    @functools.cached_property
    def _laplacian(self):
        basis = jnp.eye(self.plan.space.domain.space_dim, self.point.size, dtype=self.point.dtype)
        return jnp.sum(jax.vmap(lambda e: taylor(self.fields, self.point, e, 2)[2])(basis), axis=0)

    def _tabulated(self, along: tuple[str, ...]):
        slices = self.plan.space.domain.slices()
        components = [slices[name].start for name in along]
        orders = {axis: components.count(axis) for axis in set(components)}
        wanted = tuple(orders.items())
        table = next(t for p, t in self.tables.items() if _covers(p, wanted))
        return table[tuple(sorted(wanted))]


def _covers(larger, smaller) -> bool:
    orders = dict(larger)
    return all(orders.get(axis, 0) >= order for axis, order in smaller)


def _table(fields: FieldFunction, point, axes: tuple[tuple[int, int], ...]) -> dict:
    """All derivatives up to the orders in `axes`, keyed by sorted ((axis, order), ...), order > 0."""
    directions = np.eye(point.size, dtype=point.dtype)

    def mixed(x, remaining):
        if not remaining:
            return fields(x)
        axis, order = remaining[-1]
        inner = functools.partial(mixed, remaining=remaining[:-1])
        return jnp.stack(taylor(inner, x, jnp.asarray(directions[axis]), order))

    # Axes of `values`: orders along the outermost coordinate first, the fields last.
    values = mixed(point, axes)
    table = {}
    for index in np.ndindex(values.shape[: len(axes)]):
        key = tuple((axes[-1 - place][0], order) for place, order in enumerate(index) if order)
        table[tuple(sorted(key))] = values[index]
    return table
