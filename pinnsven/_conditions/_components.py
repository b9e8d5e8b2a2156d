"""What is prescribed of a vector or a tensor, as what is prescribed of its components."""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .._calculus._composites import TensorField
from .._calculus._names import NameSpace

Split = Callable[[Any, tuple[int, ...], tuple[int, ...], str], object]


def component(value: Any, place: tuple[int, ...], shape: tuple[int, ...], label: str) -> object:
    """The value of one component: of a function one that returns it.

    - `place`: of the component in `shape`, `label`: how a message begins.

    Raises `ValueError` for another shape.
    """
    if callable(value):

        @functools.wraps(value)
        def part(*given, **named):
            return _picked(value(*given, **named), place, shape, label)

        return part
    if isinstance(value, (int, float)) and value == 0:
        return value
    return _picked(value, place, shape, label)


def robin_component(value: Any, place: tuple[int, ...], shape: tuple[int, ...], label: str) -> object:
    """The triple (a, b, g) of a component, with its share of g."""
    if not isinstance(value, tuple) or len(value) != 3:
        return value  # refused where scalars are
    return value[0], value[1], component(value[2], place, shape, label)


def column(value: Any, place: tuple[int, ...], shape: tuple[int, ...], label: str) -> object:
    """Of readings (n, ...) those of one component; `ValueError` for another shape."""
    readings = np.asarray(value)
    if readings.shape[1:] != shape:
        wanted = ", ".join(map(str, ("n", *shape)))
        raise ValueError(f"{label} has shape {readings.shape}; of a vector or tensor it is ({wanted})")
    return readings[(slice(None), *place)]


def _check_symmetric(value: Any, shape: tuple[int, ...], label: str) -> None:
    """`ValueError` for numbers that are no symmetric tensor; functions are taken at their word."""
    if callable(value) or np.ndim(value) == 0:
        return
    for i, j in itertools.combinations(range(shape[0]), 2):
        upper, lower = (_picked(value, place, shape, label) for place in ((i, j), (j, i)))
        if not (callable(upper) or callable(lower)) and upper != lower:
            raise ValueError(f"{label} is not symmetric: {upper} and {lower} at {(i, j)} and {(j, i)}")


def _picked(value: Any, place: tuple[int, ...], shape: tuple[int, ...], label: str) -> Any:
    """An entry of a nested tuple or an array."""
    for number, size in zip(place, shape, strict=True):
        try:
            fits = len(value) == size
        except TypeError:
            fits = False
        if not fits:
            raise ValueError(f"{label} needs {' x '.join(map(str, shape))} components, or 0 for all")
        value = value[number]
    return value


def in_components(values: dict[str, Any], space: NameSpace, split: Split = component) -> dict[str, Any]:
    """Values by the names of real fields, where some are given for vectors or tensors.

    - `values`: by name; a vector or a tensor, or a derivative of one, gets an array or a tuple of its
      shape, whose entries are numbers or functions, a function that returns one, or 0.
    - `split`: takes a value, the place of a component, the shape and a label.

    Raises `ValueError` for values of another shape, a tensor that is not symmetric, and for what is
    made of derivatives along several coordinates.
    """
    found = {}
    for name, value in values.items():
        expanded = space.layout.expanded(name)
        if expanded is None or not expanded[0].shape:
            found[name] = value
            continue
        composite, members = expanded
        if name in composite.slopes:
            if composite.slopes[name]:
                raise ValueError(
                    f"{name}=: prescribe it by a residual function, as in lambda {name}: ..."
                )
            found[name] = value
            continue
        if isinstance(composite, TensorField):
            _check_symmetric(value, composite.shape, f"{name}=")
        for place, member in zip(composite.places, members, strict=True):
            found[member] = split(value, place, composite.shape, f"{name}=")
    return found
