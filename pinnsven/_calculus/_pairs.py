"""Values at two places at once: of conditions that tie a point to another one."""

import dataclasses
import functools
from collections.abc import Callable

from jaxtyping import Array, Float

from ._derivatives import DerivativePlan

THERE = "there:"  # in front of a name: its value at the partner; no argument can be called so


@dataclasses.dataclass(frozen=True)
class PairPlan(DerivativePlan):
    """A plan for names at a point, and for others at the point's partner.

    - `there`: the plan there. Its values are found under their names with `THERE` in front.
    - `partner`: maps a point (dim,) to its partner (dim,).
    """

    there: DerivativePlan
    partner: Callable[[Float[Array, " dim"]], Float[Array, " dim"]]

    @property
    def is_local(self):
        return False

    @functools.cached_property
    def quantities(self):
        elsewhere = {THERE + name: quantity for name, quantity in self.there.quantities.items()}
        return elsewhere | super().quantities

    def evaluate(self, fields, point, normal, unknowns):
        here = DerivativePlan(self.names, self.space).evaluate(fields, point, normal, unknowns)
        there = self.there.evaluate(fields, self.partner(point), normal, unknowns)
        return here | {THERE + name: value for name, value in there.items()}
