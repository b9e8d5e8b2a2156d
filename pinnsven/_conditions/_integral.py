"""Integrals of the solution over space, or over time where there is no space."""

import dataclasses
import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import briefly
from .._basics._functions import NamedFunction
from .._basics._messages import listing
from .._basics._numbers import finite_number, plain
from .._basics._precision import precision_context
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import ConstantValue, CoordinateValue, NameSpace, UnknownValue
from .._domains import Domain, Interior, Moments, Sobol, integration_rule
from ._base import (
    AbstractCondition,
    Block,
    FixedPoints,
    check_count,
    check_nodes,
    check_weight,
    count_components,
)
from ._panels import NODES, adapted, marks_in, of_one_size, smooth_fields

INTEGRAL = "_integral"
LOOKS, SEEN = 1 << 16, 0.05  # points in several dimensions, and how much of an integral nodes may miss
FINER_ORDER = 14  # nodes of a panel that judge those of `NODES`
MOMENTS = 4  # at which an integrand over space is looked at
FINER = 3  # times the nodes that are fitted judge an integral
MOST_NODES = 6_000  # of those, in all


class Integral(AbstractCondition):
    """The integral of a function over space at every time: `Integral(lambda u: u, value=1.0)`.

    Without space it is over time, and without time it is one row. The rule is Gauss-Legendre's: exact
    for polynomials of degree `2 nodes - 1` on a box. Disks and balls are mapped to boxes; polygons,
    unions, differences and intersections are integrated slice by slice, as exactly. A smooth integrand
    is found to rounding where `nodes` per side resolve it: three waves across the shape at the
    default, in the plane. In three dimensions a union, difference or intersection has 0.7 of the
    nodes, good to about 1e-6. Above three dimensions the nodes are fewer, 4,096 points at most;
    above six, and on shapes there that are neither boxes nor products, the rule is the mean over
    `nodes**2` even points, good to about two digits. Along one coordinate, what the nodes do not
    resolve of the integrand's own functions (a narrow weight, a window) is integrated in panels that
    do; in several dimensions an integrand of which they miss a twentieth is refused.

    - `function`: the integrand, a scalar function of named values at one point.
    - `value`: what the integral must be: a number, or a function of time and unknowns.
    - `nodes`: quadrature nodes per dimension.
    - `weight`: factor on the squared residual; by default the weighting decides.
    - `points`: how many times to start with.

    Raises `ValueError` when the problem is built if a name does not exist, a shape is wrong, or
    `nodes` is not a positive integer.
    """

    function: Callable = eqx.field(static=True)
    value: object = eqx.field(static=True, converter=plain, default=0.0)
    nodes: int = eqx.field(static=True, converter=plain, default=24)
    weight: float | None = None
    points: int | None = eqx.field(static=True, converter=plain, default=None)

    def __check_init__(self):
        if not callable(self.function):
            raise ValueError(f"Integral: expected a function of named values, got {self.function!r}")
        check_weight(self.weight)
        check_count(self.points)
        check_nodes(self.nodes)

    def bind(self, name: str, space: NameSpace) -> Block:
        return self._block(name, space, self.nodes)

    def _block(self, name: str, space: NameSpace, number: int) -> Block:
        """The block of a rule with so many nodes."""
        domain = space.domain
        integrand = NamedFunction.of(self.function, space.knows)
        inner = DerivativePlan(integrand.names, space)
        if inner.needs_normal:
            raise ValueError("'normal' and derivatives along it exist only in boundary conditions")
        if not inner.fields:
            raise ValueError(f"the integrand depends on no field; it asks for {listing(inner.names)}")
        target = _target(self.value, space)
        if domain.space is None and domain.parameters is not None:
            raise ValueError(
                "an integral over time is one number, but the domain has parameters: add its integrand "
                "as a field, v_t = f, and prescribe v at the end"
            )
        order = FINER_ORDER if number > self.nodes else NODES
        nodes, weights = _adapted_rule(integration_rule(domain, number), inner, integrand, order)
        finer = _finer_nodes(number, domain)
        site = Moments(domain) if 0 < domain.space_dim < domain.dim else None
        block = Block(
            name=name,
            function=lambda values, data: (values[INTEGRAL] - target(values, data),),
            components=1,
            plan=IntegralPlan(target.names, space, inner, integrand, nodes, weights),
            site=site or FixedPoints(nodes[:1], {}),
            weight=self.weight,
            count=self.points,
            interior=False,
            # Kept: an integrand is compiled to be looked at.
            finer=functools.cache(lambda: self._block(name, space, finer)),
            data=() if target.data is None else target.data,
        )
        return dataclasses.replace(block, components=count_components(block))


@dataclasses.dataclass(frozen=True)
class IntegralPlan(DerivativePlan):
    """A plan for the value asked for, and another one for the integrand at every node.

    - `nodes`: points (nodes, dim), of which the integrated coordinates are used.
    - `rule`: their weights (nodes,).
    """

    inner: DerivativePlan
    integrand: NamedFunction
    nodes: np.ndarray
    rule: np.ndarray

    @property
    def at_once(self):
        return False

    @property
    def is_local(self):
        return False

    @functools.cached_property
    def quantities(self):
        return self.inner.quantities | super().quantities

    def evaluate(self, fields, point, normal, unknowns):
        domain = self.space.domain
        integrated = domain.space_dim or 1

        def at(node):
            place = jnp.concatenate([node[:integrated], point[integrated:]])
            result = self.integrand(self.inner.evaluate(fields, place, normal, unknowns))
            if getattr(result, "shape", ()) != ():
                raise ValueError(f"its integrand returned {result!r}; return one scalar")
            return jnp.asarray(result, point.dtype)

        values = jax.vmap(at)(jnp.asarray(self.nodes, point.dtype))
        outer = DerivativePlan(self.names, self.space).evaluate(fields, point, normal, unknowns)
        return outer | {INTEGRAL: jnp.asarray(self.rule, point.dtype) @ values}


def _adapted_rule(rule, inner: DerivativePlan, integrand: NamedFunction, order: int):
    """Nodes and weights that resolve an integrand along one coordinate, where that asks for it.

    Raises `ValueError` where nodes in several dimensions miss most of it.

    - `rule`: the nodes (n, dim) and weights of the plain rule.
    - `order`: nodes of each panel, where there have to be some.
    """
    space, (nodes, weights) = inner.space, rule
    domain = space.domain
    if not any(isinstance(q, CoordinateValue) for q in inner.quantities.values()):
        return rule  # what smooth fields alone make is smooth
    fields, normal = smooth_fields(space), jnp.zeros(domain.space_dim)
    numbers = {name: jnp.ones(()) for name in (*space.unknowns, *space.constants)}
    integrated = domain.space_dim or 1

    def at(place, moment):
        return integrand(inner.evaluate(fields, moment.at[:integrated].set(place), normal, numbers))

    coarse, seen = (nodes[:, 0], weights), None
    try:
        with precision_context("float64"):
            share = np.linspace(0, 1, MOMENTS)[:, None]
            moments = jnp.asarray(domain.lower + (domain.upper - domain.lower) * share)
            program = briefly(jax.vmap(jax.vmap(at, (None, 0)), (0, None)))
            everywhere = lambda places: np.asarray(program(places, moments), float)
            if integrated > 1:
                places, _ = Interior(domain).draw(LOOKS, Sobol(), np.random.default_rng(0))
                many = np.sum(weights) * everywhere(places[:, :integrated])
                few = weights @ everywhere(nodes[:, :integrated])
                seen = few, np.mean(many, axis=0), np.mean(np.abs(many), axis=0)
            else:
                function = of_one_size(lambda places: everywhere(places[:, None]))
                marks = marks_in(jax.make_jaxpr(at)(moments[0, :1], moments[0]))
                found = adapted(function, domain.lower[0], domain.upper[0], marks, coarse, order)
    except Exception:  # what is wrong with an integrand is said where it is bound
        return rule
    if seen is not None:
        _check_seen(*seen)
        return rule
    if found is coarse:
        return rule
    points = np.tile(nodes[0], (len(found[0]), 1))
    points[:, 0] = found[0]
    return points, found[1]


def _check_seen(few, many, size) -> None:
    """`ValueError` where nodes miss much of what very many points see, at one of several moments."""
    worst = int(np.argmax(np.abs(few - many)))
    if np.all(np.isfinite(many)) and abs(few[worst] - many[worst]) > SEEN * size[worst]:
        raise ValueError(
            f"its nodes miss something narrow in the integrand: with a smooth field the integral is "
            f"{few[worst]:.6g}, at {LOOKS:,} points {many[worst]:.6g}. Give more nodes=, or a smoother "
            "weight"
        )


def _finer_nodes(nodes: int, domain: Domain) -> int:
    """How many nodes judge an integral of so many: three times that, fewer in several dimensions."""
    dim = domain.space_dim or 1
    return max(min(FINER * nodes, int(MOST_NODES ** (1 / dim))), nodes + 3)


def _target(value: object, space: NameSpace) -> NamedFunction:
    if not callable(value):
        number = finite_number("value =", value)
        return NamedFunction((), lambda values, data: data, np.array(number))
    wanted = NamedFunction.of(value, space.knows)
    for argument in wanted.names:
        quantity = space.read(argument)
        is_number = isinstance(quantity, (UnknownValue, ConstantValue))
        if not is_number and not _is_left(quantity, space.domain):
            raise ValueError(
                f"value=: its function asks for {argument!r}; an integral may depend on time, where "
                "it is over space, and on unknowns and constants"
            )
    return wanted


def _is_left(quantity: object, domain: Domain) -> bool:
    """Whether a quantity is a coordinate that is not integrated over."""
    return (
        isinstance(quantity, CoordinateValue)
        and domain.space is not None
        and quantity.name not in [c.name for c in domain.space.coordinates]
    )
