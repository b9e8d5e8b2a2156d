"""Numbers as users write them: what is no finite real number is refused, by the name it was given."""

import numbers
from typing import Any

import numpy as np


def finite_number(
    label: str,
    value: object,
    wanted: str = "give a finite number or a function of named coordinates",
) -> float:
    """`value` as a float; `ValueError`, saying what is wanted, unless it is one finite real number."""
    if np.ma.is_masked(value):
        raise ValueError(f"{label} is masked: {wanted}")
    dtype = getattr(value, "dtype", None)
    is_scalar = isinstance(value, numbers.Real) or (
        dtype is not None and np.ndim(value) == 0 and np.issubdtype(dtype, np.number)  # type: ignore
    )
    is_scalar = is_scalar and not np.iscomplexobj(np.asarray(value))
    if isinstance(value, bool) or not is_scalar or not np.isfinite(number := float(value)):  # type: ignore[arg-type]
        raise ValueError(f"{label} {value!r}: {wanted}")
    return number


def whole_number(label: str, value: object, least: int, wanted: str) -> int:
    """`value` as an int; `ValueError`, saying what is wanted, unless it is one of at least `least`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:  # type: ignore[operator]
        raise ValueError(f"{label}={value!r}: {wanted}")
    return int(value)  # type: ignore[arg-type]


def numeric_array(label: str, values: object) -> np.ndarray:
    """`values` as a float64 array; `ValueError` unless every entry is a finite real number."""
    if hidden := masked(values):
        raise ValueError(
            f"{label}: {hidden} of {np.size(values)} entries are masked, so they have no value; leave "  # type: ignore
            "those points out"
        )
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{label}: must be an array of real numbers") from None
    if array.ndim == 0 and not np.isfinite(array):
        raise ValueError(f"{label}: is {array}, must be finite")
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"{label}: entry {bad[0].tolist()} is {array[tuple(bad[0])]}, must be finite")
    return array


def plain(value: Any) -> Any:
    """Numbers of numpy's as Python's; anything else as it is, for a check to refuse.

    What decides the structure of a computation is compared and hashed, as Python's numbers can be.
    """
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return tuple(value.tolist())
    if isinstance(value, (list, tuple)):
        return tuple(plain(v) for v in value)
    return value


def masked(values: object) -> int:
    """How many entries of an array of numpy's masked kind are masked; 0 for anything else."""
    return int(np.ma.count_masked(values)) if isinstance(values, np.ma.MaskedArray) else 0  # type: ignore
