"""Equations with an integral along one coordinate: of Volterra's kind, of Fredholm's, with memory."""

import dataclasses
import functools
import numbers
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import roots_jacobi

from .._basics._compiled import briefly
from .._basics._functions import NamedFunction
from .._basics._messages import listing
from .._basics._numbers import finite_number, plain
from .._basics._precision import precision_context
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import NameSpace
from .._domains import Box, Sobol, inner_site
from ._base import (
    AbstractCondition,
    Block,
    as_real_scalars,
    check_count,
    check_nodes,
    check_weight,
    count_components,
)
from ._integral import FINER, INTEGRAL
from ._pairs import THERE_SUFFIX
from ._panels import NODES, edges_about, marks_in, on_panels, smooth_fields
from ._places import where_alive

NAME = "integral"  # what a function calls the integral
ENDS = ("here", "end")
FEW, SEEN = 16, 1e-4  # points at which thousands of panels are held against it, and by how much
LOOKS = 64  # points at which the rule is held against one of more nodes
RESOLVED = 1e-6  # of the integral of what is absolute, by which both may differ


class Convolution(AbstractCondition):
    """An equation with an integral of the solution along one coordinate.

    `Convolution(lambda u_t, integral: u_t + integral, lambda u_there: u_there, along="t")` is
    $u_t + \\int_0^t u(s) ds = 0$. Names with `_there` behind them belong to the place that is
    integrated over, as in `Pairs`; all others to the point itself.

    - `function`: returns the residual, a scalar or a tuple of scalars, at one point; `integral` is one
      of its arguments.
    - `integrand`: a scalar function of named values at both places.
    - `along`: the coordinate that is integrated over: time, a parameter, or one of a box.
    - `until`: "here": from its lower end to the point (Volterra: memory); "end": over all of it
      (Fredholm).
    - `power`: of the distance between both places, a factor of the integrand that the rule has built
      in: -0.5 for Abel's kernel; with `until="here"` alone. It is above -1.
    - `nodes`: of the rule, Gauss and Jacobi's: exact for a polynomial of degree 2 nodes - 1.
    - `weight`, `points`: as for `PDE`.

    Raises `ValueError` when the problem is built if a name does not exist or is of a field that is in
    pieces or complex, the coordinate cannot be integrated over, or the rule does not resolve the
    kernel.
    """

    function: Callable = eqx.field(static=True)
    integrand: Callable = eqx.field(static=True)
    along: str = eqx.field(static=True, kw_only=True)
    until: str = eqx.field(static=True, kw_only=True, default="here")
    power: float = eqx.field(static=True, kw_only=True, converter=plain, default=0.0)
    nodes: int = eqx.field(static=True, kw_only=True, converter=plain, default=24)
    weight: float | None = eqx.field(kw_only=True, default=None)
    points: int | None = eqx.field(static=True, kw_only=True, converter=plain, default=None)

    def __check_init__(self):
        for label, given in (("function", self.function), ("integrand", self.integrand)):
            if not callable(given):
                raise ValueError(f"Convolution: {label}={given!r}: give a function of named values")
        if self.until not in ENDS:
            raise ValueError(f"until={self.until!r}: give one of {listing(ENDS)}")
        if not finite_number("power =", self.power) > -1:
            raise ValueError(f"power={self.power!r}: must be above -1, or there is no integral")
        if self.power and self.until != "here":
            raise ValueError(f"power={self.power!r}: only until='here' ends where the distance is zero")
        check_weight(self.weight)
        check_count(self.points)
        check_nodes(self.nodes)

    def bind(self, name: str, space: NameSpace) -> Block:
        block = self._block(name, space, self.nodes)
        _check_resolved(block, self._block(name, space, FINER * self.nodes), self.nodes)
        if not self.power:
            _check_seen(block, self.nodes)
        return block

    def _block(self, name: str, space: NameSpace, number: int) -> Block:
        """The block of a rule with so many nodes."""
        there = lambda argument: argument.endswith(THERE_SUFFIX)
        plainly = lambda argument: argument.removesuffix(THERE_SUFFIX)
        if space.knows(NAME):
            raise ValueError(
                f"{NAME!r} is a name of the problem: rename it, an equation needs the word"
            )
        residual = NamedFunction.of(self.function, space.knows)
        kernel = NamedFunction.of(self.integrand, lambda argument: space.knows(plainly(argument)))
        if NAME not in residual.names:
            raise ValueError(f"its function does not ask for {NAME!r}: then a PDE is enough")
        here = [
            n for n in dict.fromkeys((*residual.names, *kernel.names)) if n != NAME and not there(n)
        ]
        elsewhere = [plainly(n) for n in kernel.names if there(n)]
        for wanted in (*here, *elsewhere):
            if space.layout.expanded(wanted) is not None:
                raise ValueError(
                    f"{wanted!r} is of a field that is in pieces or complex: name its parts"
                )
        inner = DerivativePlan(tuple(elsewhere), space)
        if not inner.fields:
            raise ValueError(
                f"the integrand depends on no field at the other place: write u{THERE_SUFFIX} for what "
                "u is there"
            )
        plan = ConvolutionPlan(
            tuple(here), space, inner, kernel, _Rule.of(self, space, number), self.until == "here"
        )
        if plan.needs_normal:
            raise ValueError("'normal' and derivatives along it exist only in boundary conditions")

        def scalars(values, data):
            del data
            return as_real_scalars(residual({n: values[n] for n in here} | {NAME: values[INTEGRAL]}))

        block = Block(
            name=name,
            function=scalars,
            components=0,
            plan=plan,
            site=where_alive(inner_site(space.domain, None), space, [*here, *elsewhere]),
            weight=self.weight,
            count=self.points,
            interior=True,
            finer=lambda: self._block(name, space, FINER * number),
        )
        return dataclasses.replace(block, components=count_components(block))


@dataclasses.dataclass(frozen=True)
class _Rule:
    """Nodes in (0, 1), their weights, and the coordinate that they are for.

    - `axis`: of a point; `lower`, `upper`: its ends.
    - `power`: of the distance to the upper end, part of the weights.
    """

    axis: int
    lower: float
    upper: float
    nodes: tuple[float, ...]
    weights: tuple[float, ...]
    power: float

    @classmethod
    def of(cls, condition: Convolution, space: NameSpace, number: int) -> "_Rule":
        """The rule along the coordinate of a condition; `ValueError` where there can be none."""
        domain, along = space.domain, condition.along
        coordinate = next((c for c in domain.coordinates if c.name == along), None)
        if coordinate is None or coordinate.vector:
            scalars = [c.name for c in domain.coordinates if not c.vector]
            raise ValueError(f"along={along!r}: give one of the coordinates {listing(scalars)}")
        axis = domain.slices()[along].start
        if axis < domain.space_dim and not isinstance(domain.space, Box):
            raise ValueError(
                f"along={along!r}: a line along it may leave {domain.space!r}; only those of a "
                "box do not"
            )
        # roots_jacobi has the weight (1 - x)^alpha on (-1, 1), which is that of the upper end.
        roots, weights = roots_jacobi(number, condition.power, 0.0)
        scaled = weights / 2 ** (1 + condition.power)
        ends = float(coordinate.lower[0]), float(coordinate.upper[0])
        return cls(axis, *ends, tuple((roots + 1) / 2), tuple(scaled), condition.power)


@dataclasses.dataclass(frozen=True)
class ConvolutionPlan(DerivativePlan):
    """A plan for names at a point, and the integral of a kernel along one coordinate.

    - `inner`: the plan at the place that is integrated over.
    - `integrand`: of values at both places.
    - `rule`: along the coordinate.
    - `until_here`: whether the integral ends at the point.
    """

    inner: DerivativePlan
    integrand: NamedFunction
    rule: _Rule
    until_here: bool

    @property
    def is_local(self):
        return False

    @functools.cached_property
    def quantities(self):
        elsewhere = {n + THERE_SUFFIX: q for n, q in self.inner.quantities.items()}
        return elsewhere | super().quantities

    def evaluate(self, fields, point, normal, unknowns):
        """The values of the names at the point, and the integral under `INTEGRAL`."""
        rule = self.rule
        here = DerivativePlan(self.names, self.space).evaluate(fields, point, normal, unknowns)
        end = point[rule.axis] if self.until_here else jnp.asarray(rule.upper, point.dtype)
        length = end - rule.lower

        def at(node):
            place = point.at[rule.axis].set(rule.lower + length * node)
            there = self.inner.evaluate(fields, place, normal, unknowns)
            found = self.integrand(here | {n + THERE_SUFFIX: value for n, value in there.items()})
            if getattr(found, "shape", () if isinstance(found, numbers.Number) else None) != ():
                raise ValueError(f"its integrand returned {found!r}; return one scalar")
            return jnp.asarray(found, point.dtype)

        values = jax.vmap(at)(jnp.asarray(rule.nodes, point.dtype))
        measure = jnp.abs(length) ** (1 + rule.power)
        return here | {INTEGRAL: measure * (jnp.asarray(rule.weights, point.dtype) @ values)}


def _check_seen(block: Block, nodes: int) -> None:
    """`ValueError` where an integrand is narrow between the nodes: thousands of panels find it.

    They are narrower still about the numbers that stand in the integrand, where its ends stay.
    """
    plan, space, numbers = _at_rest(block)
    rule, fields = plan.rule, smooth_fields(space)
    points, normals = block.site.draw(FEW, Sobol(), np.random.default_rng(0))  # type: ignore[union-attr]

    def integral(point, normal, places, weights):
        looked = dataclasses.replace(
            plan, rule=dataclasses.replace(rule, nodes=places, weights=weights)
        )
        return looked.evaluate(fields, point, normal, numbers)[INTEGRAL]

    with precision_context("float64"):
        first = jnp.asarray(points[0]), jnp.asarray(normals[0])
        plain = np.asarray(rule.nodes), np.asarray(rule.weights)
        known = [] if plan.until_here else marks_in(jax.make_jaxpr(integral)(*first, *plain))
        marks = [(mark - rule.lower) / (rule.upper - rule.lower) for mark in known]
        many = [part.ravel() for part in on_panels(edges_about(0.0, 1.0, marks), NODES)]
        at_all = briefly(jax.vmap(integral, (0, 0, None, None)))
        few, found = (np.asarray(at_all(points, normals, *given)) for given in (plain, many))
    apart = np.abs(few - found)
    if np.all(np.isfinite(found)) and np.max(apart) > SEEN * np.max(np.abs(found)):
        worst = int(np.argmax(apart))
        raise ValueError(
            f"nodes={nodes}: all nodes miss something narrow in the integrand: at "
            f"{points[worst].tolist()} its integral of a smooth field is {few[worst]:.6g}, in some "
            f"thousand panels {found[worst]:.6g}. Give more nodes, or a smoother kernel"
        )


def _at_rest(block: Block) -> tuple[ConvolutionPlan, NameSpace, dict[str, jax.Array]]:
    """The plan of a block, its names, and one for all unknowns and constants."""
    plan = block.plan
    assert isinstance(plan, ConvolutionPlan)
    names = (*plan.space.unknowns, *plan.space.constants)
    return plan, plan.space, {name: jnp.ones(()) for name in names}


def _check_resolved(block: Block, finer: Block, nodes: int) -> None:
    """`ValueError` where a rule of more nodes finds another integral of smooth fields."""
    _, space, numbers = _at_rest(block)
    points, normals = block.site.draw(LOOKS, Sobol(), np.random.default_rng(0))  # type: ignore[union-attr]
    fields = smooth_fields(space)

    def integrals(plan):
        def at(point, normal):
            return plan.evaluate(fields, point, normal, numbers)[INTEGRAL]

        return np.asarray(briefly(jax.vmap(at))(points, normals))

    few, many = integrals(block.plan), integrals(finer.plan)
    size = float(np.max(np.abs(many), initial=0.0))
    apart = np.abs(few - many)
    if not np.all(np.isfinite(few)) or np.max(apart) > RESOLVED * size:
        worst = int(np.argmax(np.where(np.isfinite(apart), apart, np.inf)))
        raise ValueError(
            f"nodes={nodes}: the rule does not resolve the integrand: at {points[worst].tolist()} its "
            f"integral of a smooth field is {few[worst]:.6g}, with {FINER} times the nodes "
            f"{many[worst]:.6g}. Give more nodes, or power= where the kernel is singular"
        )
