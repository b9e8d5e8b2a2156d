"""Shapes as plain facts, and back: a file holds what a shape is, never what makes it."""

import numbers
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from .._basics._messages import listing

MOST_SHAPES = 256  # in one description: each combination tries all points on all that it is made of

Kind = TypeVar("Kind", bound=type)

_KINDS: dict[str, Any] = {}
_NAMES: dict[type, str] = {}


def register_shape(kind: Kind, name: str = "") -> Kind:
    """Makes a shape known to files, as a decorator: solutions on it can be saved and loaded.

    - `kind`: the class, with `describe` and `from_description` (see `AbstractShape`).
    - `name`: what files call it; the class's name in small letters by default.

    Returns the class. Raises `ValueError` for a name that another class has.
    """
    name = name or kind.__name__.lower()
    before = _KINDS.get(name)
    # The same class again, as where a cell of a notebook is run twice.
    again = before is not None and _full_name(before) == _full_name(kind)
    if before is not None and before is not kind and not again:
        raise ValueError(f"name={name!r}: files call {_full_name(before)} that; choose another name")
    _KINDS[name], _NAMES[kind] = kind, name
    return kind


def save_as(kind: type, name: str) -> None:
    """Lets a shape be written under the name of a registered one, which makes an equal shape."""
    _NAMES[kind] = name


def describe_shape(shape: Any) -> dict[str, Any]:
    """A shape as texts, numbers, lists and dicts; `ValueError` for one that is not registered.

    A class derived from a registered one is another shape, and needs a name of its own.
    """
    if (name := _NAMES.get(type(shape))) is None:
        raise ValueError(f"{type(shape).__name__} is no shape that files know: see register_shape")
    return {name: shape.describe()}


def shape_of(described: Mapping[str, Any]) -> Any:
    """The shape of a description. Whatever is wrong with it is an error of some kind."""
    if len(described) != 1:
        raise ValueError(f"a shape has one name; here are {listing(described)[:60]}")
    ((name, given),) = described.items()
    if name not in _KINDS:
        raise ValueError(
            f"its domain has a shape {name[:40]!r}, which is not known here: import what defines it, "
            "or pass problem=..."
        )
    if (number := _tables(described) // 2) > MOST_SHAPES:  # one of its name, and one of its facts
        raise ValueError(f"its domain is made of {number} shapes; at most {MOST_SHAPES} are read")
    return _KINDS[name].from_description(_named(name, given))


# What files from before 27 November 2026 hold of a shape, in order.
_OLDER = {
    "ball": ("center", "radius", "coordinates", "name"),
    "polygon": ("vertices", "coordinates"),
}


def _named(name: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, list):
        return given
    if name == "box":
        return {"coordinates": given}
    return dict(zip(_OLDER[name], given, strict=True))


def _tables(described: Any) -> int:
    """How many tables there are in a description, that itself included."""
    return 1 + sum(map(_tables, described.values())) if isinstance(described, Mapping) else 0


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def plain_fact(label: str, value: Any) -> Any:
    """A value as JSON holds it; `ValueError` for one that it cannot hold, such as a function."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, (list, tuple)) or (hasattr(value, "tolist") and np.ndim(value)):
        return [plain_fact(label, part) for part in value]
    if hasattr(value, "tolist"):
        return plain_fact(label, value.tolist())
    raise ValueError(f"{label}: {type(value).__name__} is nothing that a file can hold")


def tupled(value: Any) -> Any:
    """A value with tuples for lists."""
    return tuple(map(tupled, value)) if isinstance(value, list) else value
