"""Measured or given values at points."""

import dataclasses
from typing import Any

import numpy as np

from .._basics._messages import listing
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
from ._columns import read_columns
from ._components import column, in_components
from ._robust import Huber

MISSING = ("error", "drop")
MEASURED = "_data_"  # how the name of what was measured of a quantity begins


class Data(AbstractCondition):
    """Values at points: `Data({"x": x, "t": t}, u=values)`.

    - `points`: a dict of coordinate arrays of equal length n, inside the domain.
    - `weight`: factor on the squared residual; by default the weighting decides.
    - `noise`: the standard deviation of the values' errors, in their unit. A tolerance does not ask
      for a residual below it; 0 for exact values.
    - `loss`: None for least squares, or `Huber()`, which a few readings that are far off do not bend.
    - `values`: a keyword names a field, or a derivative of one, and gives its n values, or one
      number for all of them; of a vector those of its components, (n, space).
    - `dropped`: how many readings `Data.read` left out, since a value was missing.

    Raises `ValueError` when the problem is built if lengths differ, a value is not finite, a point
    lies outside the domain, or a name does not exist.
    """

    points: dict | None
    values: dict[str, object]
    weight: float | None
    noise: float
    dropped: int
    loss: Huber | None

    def __init__(
        self,
        points: Any,
        /,
        *,
        weight: float | None = None,
        noise: float = 0.0,
        loss: Huber | None = None,
        **values: Any,
    ):
        self.points, self.values, self.weight, self.dropped = points, values, weight, 0
        self.loss = loss
        if loss is not None and not isinstance(loss, Huber):
            raise ValueError(f"loss={loss!r}: give pv.Huber(), or None for least squares")
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

    def __repr__(self) -> str:
        columns = self.values if self.points is None else self.points | self.values
        number = max((len(v) for v in columns.values() if np.ndim(v)), default=1)  # type: ignore[arg-type]
        noise = f"; noise {self.noise:g}" if self.noise else ""
        left_out = f"; {self.dropped} left out" if self.dropped else ""
        return f"Data({number} readings of {listing(columns)}{noise}{left_out})"

    @classmethod
    def read(
        cls, source, /, *, missing="error", weight=None, noise=0.0, loss=None, **columns
    ) -> "Data":
        """Readings from a table: `Data.read("room.csv", x="pos", t="time", u="temp", noise=0.1)`.

        - `source`: a `.npz` archive; a text file whose columns have names in its first line, separated
          by commas, semicolons, tabs or spaces; a `pandas.DataFrame` or a dict of columns.
        - `missing`: "error" refuses readings without a value in one of the columns, "drop" leaves them
          out; how many says `dropped`.
        - `weight`, `noise`, `loss`: as of `Data`.
        - `columns`: a keyword names a coordinate, a field or a derivative of one, and gives its column.
          A vector coordinate has a tuple of columns.

        Raises `ValueError` for a column that does not exist or holds no numbers, and for missing
        values; `OSError` when the file cannot be read.
        """
        if missing not in MISSING:
            raise ValueError(f"missing={missing!r}: give one of {listing(map(repr, MISSING))}")
        if not columns:
            raise ValueError("Data.read: name the columns, as in Data.read(file, x='pos', u='temp')")
        parts = {
            f"{role} {i}" if isinstance(names, (tuple, list)) else role: name
            for role, names in columns.items()
            for i, name in enumerate(names if isinstance(names, (tuple, list)) else (names,))
        }
        table = read_columns(source, parts)
        absent = np.any([np.isnan(column) for column in table.values()], axis=0)
        if absent.any() and missing == "error":
            raise ValueError(
                f"{np.count_nonzero(absent)} of {len(absent)} readings have no value in one of the "
                f"columns {listing(parts.values())}, the first being reading {np.argmax(absent) + 1}; "
                "missing='drop' leaves them out"
            )
        if absent.all():
            raise ValueError("Data.read: no reading has a value in all of the columns")
        values = {
            role: np.stack([table[f"{role} {i}"][~absent] for i in range(len(names))], axis=-1)
            if isinstance(names, (tuple, list))
            else table[role][~absent]
            for role, names in columns.items()
        }
        data = cls(None, weight=weight, noise=noise, loss=loss, **values)
        object.__setattr__(data, "dropped", int(np.count_nonzero(absent)))
        return data

    def _parts(self, space: NameSpace) -> tuple[object, dict[str, object]]:
        """Points and values; those of a table are told apart by their names."""
        if self.points is not None:
            return self.points, self.values
        places = {name: v for name, v in self.values.items() if name in space.coordinates}
        return places, {name: v for name, v in self.values.items() if name not in places}

    def of_components(self, space: NameSpace) -> AbstractCondition:
        return self.with_values(in_components(self.values, space, column))

    def bind(self, name: str, space: NameSpace) -> Block:
        """The block of the differences between what was given at the points and the fields there.

        Raises `ValueError` for points outside, unknown names, or too many or too few values.
        """
        places, measured = self._parts(space)
        points = points_array(places, space.domain)
        if not measured:
            raise ValueError("name a field and its column, as in Data.read(file, x='pos', u='temp')")
        check_keywords(measured, space, derivatives=True)
        auxiliary, terms = {}, []
        for quantity, given in measured.items():
            values = numeric_array(f"{quantity}=", given)
            if values.ndim == 0:
                values = np.full(len(points), values)
            if values.shape != (len(points),):
                raise ValueError(
                    f"{quantity}= has shape {values.shape}, but there are {len(points)} points; "
                    f"it must be ({len(points)},)"
                )
            target = MEASURED + quantity
            auxiliary[target] = values
            terms.append(difference(quantity, target))
        site = FixedPoints(points, auxiliary)
        block = make_block(name, terms, space, site, weight=self.weight, noise=self.noise)
        return dataclasses.replace(block, loss=self.loss)
