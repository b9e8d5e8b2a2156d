"""Numbers as users write them: what is no finite real number is refused, by the name it was given."""

import numbers

import numpy as np


def finite_number(
    label: str,
    value: object,
    wanted: str = "give a finite number or a function of named coordinates",
) -> float:
    """`value` as a float; `ValueError`, saying what is wanted, unless it is one finite real number."""
    dtype = getattr(value, "dtype", None)
    is_scalar = isinstance(value, numbers.Real) or (
        dtype is not None and np.ndim(value) == 0 and np.issubdtype(dtype, np.number)  # type: ignore
    )
    is_scalar = is_scalar and not np.iscomplexobj(np.asarray(value))
    if isinstance(value, bool) or not is_scalar or not np.isfinite(number := float(value)):  # type: ignore[arg-type]
        raise ValueError(f"{label} {value!r}: {wanted}")
    return number


def numeric_array(label: str, values: object) -> np.ndarray:
    """`values` as a float64 array; `ValueError` unless every entry is a finite real number."""
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


def as_whole(value):
    """A whole number of numpy's as one of Python's; anything else as it is, for a check to refuse."""
    return int(value) if isinstance(value, np.integer) else value
