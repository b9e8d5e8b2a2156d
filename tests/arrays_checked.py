"""Annotations of arrays are held against what the package's functions get and return."""

import typing

from beartype import beartype
from jaxtyping import AbstractArray


def of_arrays(hint: object) -> bool:
    """Whether a type, or a part of it, says the shape of an array."""
    parts = typing.get_args(hint)
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(of_arrays, parts))


def arrays_checked(function):
    """beartype on these annotations alone: of other arguments tests give wrong ones on purpose."""
    hints = {name: hint for name, hint in function.__annotations__.items() if of_arrays(hint)}
    if not hints:
        return function
    function.__annotations__ = hints
    return beartype(function)
