"""Measured or given values at points."""

import numpy as np

from .._basics._numbers import finite_number, numeric_array
from .._calculus._names import NameSpace
from ._base import (
    AbstractCondition,
    Block,
    FixedPoints,
    check_keywords,
    check_weight,
    difference,
    make_block,
    points_array,
)


class Data(AbstractCondition):
    """Values at points: `Data({"x": x, "t": t}, u=values)`.

    - `points`: a dict of coordinate arrays of equal length n, inside the domain.
    - `weight`: factor on the squared residual; by default the weighting decides.
    - `noise`: the standard deviation of the values' errors, in their unit. A tolerance does not ask
      for a residual below it; 0 for exact values.
    - `values`: a keyword names a field, or a derivative of one, and gives its n values, or one
      number for all of them.

    Raises `ValueError` when the problem is built if lengths differ, a value is not finite, a point
    lies outside the domain, or a name does not exist.
    """

    points: dict
    values: dict[str, object]
    weight: float | None
    noise: float

    def __init__(self, points, /, *, weight=None, noise=0.0, **values):
        self.points, self.values, self.weight = points, values, weight
        if shape := np.shape(noise):  # type: ignore[arg-type]
            raise ValueError(
                f"noise= has shape {shape}: it is one number for all readings of a condition. Give "
                "readings of another noise a pv.Data of their own"
            )
        self.noise = finite_number("noise =", noise, "give the readings' standard deviation, a number")
        if not values:
            raise ValueError("Data: give the values of a field, as in Data(points, u=values)")
        check_weight(weight)
        if self.noise < 0:
            raise ValueError(f"noise={noise!r}: must not be negative")

    def bind(self, name: str, space: NameSpace) -> Block:
        """The block of the differences between what was given at the points and the fields there.

        Raises `ValueError` for points outside, unknown names, or too many or too few values.
        """
        points = points_array(self.points, space.domain)
        check_keywords(self.values, space, derivatives=True)
        auxiliary, terms = {}, []
        for quantity, given in self.values.items():
            values = numeric_array(f"{quantity}=", given)
            if values.ndim == 0:
                values = np.full(len(points), values)
            if values.shape != (len(points),):
                raise ValueError(
                    f"{quantity}= has shape {values.shape}, but there are {len(points)} points; "
                    f"it must be ({len(points)},)"
                )
            target = f"_data_{quantity}"
            auxiliary[target] = values
            terms.append(difference(quantity, target))
        site = FixedPoints(points, auxiliary)
        return make_block(name, terms, space, site, weight=self.weight, noise=self.noise)
