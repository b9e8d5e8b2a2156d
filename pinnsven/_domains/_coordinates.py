"""Named coordinates of any shape, as points."""

import numpy as np

from .._basics._messages import listing, nearest
from .._basics._numbers import masked
from ._domain import Domain


def stack_coordinates(domain: Domain, given: dict) -> tuple[np.ndarray, tuple[int, ...]]:
    """Named coordinates as points (n, dim) and the shape that they broadcast to.

    Raises `ValueError` for a missing or unknown coordinate, a value that is not a number, or shapes
    that do not fit together.
    """
    names = [c.name for c in domain.coordinates]
    for name in given:
        if name not in names:
            raise ValueError(
                f"there is no coordinate {name!r}; give {listing(names)}." + nearest(name, names)
            )
    missing = [name for name in names if name not in given]
    if missing:
        raise ValueError(f"the coordinate {missing[0]!r} is missing; give {listing(names)}")
    arrays, shapes = [], []
    for coordinate in domain.coordinates:
        if hidden := masked(given[coordinate.name]):
            raise ValueError(f"{coordinate.name}=: {hidden} entries are masked; leave those points out")
        array = np.asarray(given[coordinate.name], dtype=float)
        if coordinate.vector and (array.ndim == 0 or array.shape[-1] != coordinate.size):
            raise ValueError(
                f"{coordinate.name}= has shape {array.shape}; its last axis must be {coordinate.size}"
            )
        arrays.append(array if coordinate.vector else array[..., None])
        shapes.append(arrays[-1].shape[:-1])
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        pairs = listing(f"{n} {s}" for n, s in zip(names, shapes, strict=True))
        raise ValueError(f"the coordinates' shapes do not fit together: {pairs}") from None
    columns = [np.broadcast_to(a, (*shape, a.shape[-1])).reshape(-1, a.shape[-1]) for a in arrays]
    return np.concatenate(columns, axis=1), shape
