"""The facts in a file's header, each checked to be of the kind that is wanted where it is asked for."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from ._archive import NOT_FINITE


class Facts:
    """A dict out of JSON. Every method raises `ValueError` for a fact that is missing or no such thing.

    - `given`: the dict.
    - `where`: what it describes, for messages.
    """

    def __init__(self, given: object, where: str = "the header"):
        if not isinstance(given, dict):
            raise ValueError(f"{where} is {_short(given)}, not a table")
        self.given, self.where = given, where

    def __getitem__(self, key: str) -> object:
        if key not in self.given:
            raise ValueError(f"{where(self.where, key)} is missing")
        return self.given[key]

    def items(self) -> Iterable[tuple[str, object]]:
        return self.given.items()

    def table(self, key: str) -> "Facts":
        """A table within."""
        return Facts(self[key], where(self.where, key))

    def text(self, key: str) -> str:
        """A text."""
        return self._of(key, str, "text")  # type: ignore[return-value]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self._of(key, list, "list")
        if not all(isinstance(text, str) for text in found):  # type: ignore[attr-defined]
            raise ValueError(f"{where(self.where, key)} is {_short(found)}, not a list of texts")
        return tuple(found)  # type: ignore[arg-type]

    def whole(self, key: str) -> int:
        """A whole number that is not negative."""
        found = self[key]
        if type(found) is not int or found < 0:
            raise ValueError(f"{where(self.where, key)} is {_short(found)}, not a whole number")
        return found

    def finite(self, key: str) -> float:
        """A finite number."""
        found = as_number(self[key], where(self.where, key))
        if not math.isfinite(found):
            raise ValueError(f"{where(self.where, key)} is {found}, not a finite number")
        return found

    def number(self, key: str) -> float:
        """A number, which may be infinite or none."""
        return as_number(self[key], where(self.where, key))

    def numbers(self, key: str) -> dict[str, float]:
        """A table of numbers, which may be infinite or none."""
        table = self.table(key)
        return {name: table.number(name) for name in table.given}

    def _of(self, key: str, kind: type, word: str) -> object:
        found = self[key]
        if not isinstance(found, kind):
            raise ValueError(f"{where(self.where, key)} is {_short(found)}, not a {word}")
        return found


def as_number(value: object, label: str) -> float:
    """`value` as a float; it may be infinite or none. Raises `ValueError` for anything else."""
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{label} is {_short(value)}, not a number")
    return float(value)


def where(outer: str, inner: str) -> str:
    """The name of a fact within another."""
    return f"{inner!r} in {outer}"


def column(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int | None, ...], kinds: str = "f"
) -> np.ndarray:
    """An array of the archive; `ValueError` unless it has that shape and real entries.

    - `shape`: None for a length that is not known.
    - `kinds`: of numpy's dtypes, one letter each.
    """
    found = arrays.get(name)
    if found is None:
        raise ValueError(f"the array {name!r} is missing")
    fits = len(found.shape) == len(shape) and all(
        n is None or n == m for n, m in zip(shape, found.shape, strict=True)
    )
    if not fits or found.dtype.kind not in kinds:
        wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        raise ValueError(
            f"the array {name!r} has shape {found.shape} of {found.dtype}; it must be {wanted}"
        )
    return found


def finite_column(arrays, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """A `column` of finite numbers."""
    found = column(arrays, name, shape)
    if not np.all(np.isfinite(found)):
        raise ValueError(f"the array {name!r} holds numbers that are not finite")
    return found


def _short(value: object) -> str:
    return repr(value)[:60]
