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
from ._base import Block, as_real_scalars, check_count, check_weight, count_components
from ._places import FixedPoints

THERE_SUFFIX = "_there"  # behind a name in a user's function: what it asks for at the other place


def make_pair_block(
    name: str,
    residual: Callable[[dict[str, Any], dict[str, Any]], Any],
    space: NameSpace,
    site: AbstractSite | FixedPoints,
    *,
    partner: Callable[[Float[Array, " dim"]], Float[Array, " dim"]],
    names: tuple[str, ...],
    weight: float | None = None,
    count: int | None = None,
    interior: bool = False,
) -> Block:
    """A block whose residual has values at a point and at another one that belongs to it.

    - `name`: of the condition.
    - `residual`: takes two dicts of values by name, here and there, and returns a scalar or a tuple.
    - `space`: over which names are read.
    - `site`: where points are drawn, such as `boundary_site(space.domain, "x-")`.
    - `partner`: maps a point (dim,) to the other one; a JAX function.
    - `names`: what is wanted at both places: fields, derivatives, coordinates, unknowns. `normal` and
      derivatives along it mean the normal of the site, at both places.
    - `weight`, `count`, `interior`: as for `make_block`.

    Raises `ValueError` for names that do not exist or of which none is a field, and for a residual that
    is no scalar.
    """
    check_weight(weight)
    check_count(count)
    made, real = space.layout.expanded_names(names)
    if pieces := [pair[0].name for pair in made.values() if pair[0].parts]:
        raise ValueError(f"{pieces[0]!r} is in pieces: ask for the field of the piece that is meant")
    plan = PairPlan(real, space, DerivativePlan(real, space), partner)
    if not plan.fields:
        raise ValueError(
            f"names={names!r}: the residual depends on no field; fields are {listing(space.fields)}"
        )

    def scalars(values: dict, data: object) -> tuple:
        del data
        here, there = (
            {name: _whole(made, name, values, before) for name in names} for before in ("", THERE)
        )
        return as_real_scalars(residual(here, there))

    block = Block(
        name=name,
        function=scalars,
        components=0,
        plan=plan,
        site=site,
        weight=weight,
        count=count,
        interior=interior,
    )
    return dataclasses.replace(block, components=count_components(block))


def _whole(made: dict, name: str, values: dict, before: str):
    """The value of a name, here or there; that of a field which is made of others from these.

    - `made`: such names with those of their members, `before`: what stands in front of them.
    """
    if name not in made:
        return values[before + name]
    composite, members = made[name]
    return composite.whole(name, [values[before + member] for member in members])
