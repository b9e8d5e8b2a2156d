"""Blocks of conditions that tie two places to one another."""

import dataclasses
from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Float

from .._basics._messages import listing
from .._calculus._derivatives import DerivativePlan
from .._calculus._names import NameSpace
from .._calculus._pairs import THERE, PairPlan
from .._domains import AbstractSite
from ._base import Block, check_count, check_weight, count_components


def make_pair_block(
    name: str,
    residual: Callable[[dict[str, Any], dict[str, Any]], Any],
    space: NameSpace,
    site: AbstractSite,
    *,
    partner: Callable[[Float[Array, " dim"]], Float[Array, " dim"]],
    names: tuple[str, ...],
    weight: float | None = None,
    count: int | None = None,
) -> Block:
    """A block whose residual has values at a point and at another one that belongs to it.

    - `name`: of the condition.
    - `residual`: takes two dicts of values by name, here and there, and returns a scalar or a tuple.
    - `space`: over which names are read.
    - `site`: where points are drawn, such as `boundary_site(space.domain, "x-")`.
    - `partner`: maps a point (dim,) to the other one; a JAX function.
    - `names`: what is wanted at both places: fields, derivatives, coordinates, unknowns. `normal` and
      derivatives along it mean the normal of the site, at both places.
    - `weight`, `count`: as for `make_block`.

    Raises `ValueError` for names that do not exist or of which none is a field, and for a residual that
    is no scalar.
    """
    check_weight(weight)
    check_count(count)
    plan = PairPlan(tuple(names), space, DerivativePlan(tuple(names), space), partner)
    if not any(hasattr(quantity, "field") for quantity in plan.quantities.values()):
        raise ValueError(
            f"names={names!r}: the residual depends on no field; fields are {listing(space.fields)}"
        )

    def scalars(values: dict, data: object) -> tuple:
        del data
        here = {name: values[name] for name in plan.names}
        there = {name: values[THERE + name] for name in plan.names}
        found = residual(here, there)
        return found if isinstance(found, tuple) else (found,)

    block = Block(
        name=name,
        function=scalars,
        components=0,
        plan=plan,
        site=site,
        weight=weight,
        count=count,
        interior=False,
    )
    return dataclasses.replace(block, components=count_components(block))
