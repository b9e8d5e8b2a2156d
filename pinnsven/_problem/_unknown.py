"""A number that is solved for, with bounds."""

import dataclasses
import math

from .._basics._numbers import finite_number


@dataclasses.dataclass(frozen=True)
class Unknown:
    """A number to solve for: `unknowns={"k": pv.Unknown(0.1, bounds=(0, None))}`.

    - `start`: where it starts, in its own unit, strictly between the bounds.
    - `bounds`: a pair, None for no bound on that side. The number stays strictly between them.

    Raises `ValueError` for a start that is not finite, bounds that are no pair or out of order, and a
    start outside of them.
    """

    start: float
    bounds: tuple[float | None, float | None] = (None, None)

    def __post_init__(self):
        object.__setattr__(self, "start", finite_number("Unknown: start =", self.start))
        pair = self.bounds
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"bounds={pair!r}: give a pair such as (0, None)")
        low, high = (None if b is None or abs(_number(b)) == math.inf else _number(b) for b in pair)
        if low is not None and high is not None and not low < high:
            raise ValueError(f"bounds={pair!r}: the lower bound must be below the upper")
        if (low is not None and self.start <= low) or (high is not None and self.start >= high):
            raise ValueError(
                f"bounds={pair!r}: the start {self.start:g} must lie strictly between them"
            )
        object.__setattr__(self, "bounds", (low, high))


def _number(bound) -> float:
    if bound in (math.inf, -math.inf):
        return float(bound)
    return finite_number("bounds: ", bound)


def split_bounds(unknowns: object) -> tuple[object, dict[str, tuple]]:
    """The starts of unknowns, and the bounds of those that have some."""
    if not isinstance(unknowns, dict):
        return unknowns, {}
    starts = {n: u.start if isinstance(u, Unknown) else u for n, u in unknowns.items()}
    pairs = {n: u.bounds for n, u in unknowns.items() if isinstance(u, Unknown)}
    return starts, {n: pair for n, pair in pairs.items() if pair != (None, None)}
