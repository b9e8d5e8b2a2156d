"""The floating-point precision of a computation, without touching the caller's settings.

pinnsven computes in float64 unless told otherwise, because a Gauss-Newton step squares the condition
number. JAX has the switch as a context manager; everything that leaves such a context is numpy.
"""

import contextlib
from collections.abc import Iterator

import jax
import numpy as np

PRECISIONS = ("float64", "float32")


@contextlib.contextmanager
def precision_context(precision: str) -> Iterator[None]:
    """A context in which JAX's default float is `precision`, one of `PRECISIONS`.

    Matrix products are as right as that: a GPU's of float32 would keep ten bits.

    Raises `ValueError` for any other name.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r}: choose one of {', '.join(PRECISIONS)}")
    with jax.enable_x64(precision == "float64"), jax.default_matmul_precision("highest"):
        yield


def to_numpy(tree):
    """Every JAX array in a pytree as a numpy array, so that it outlives the precision context."""
    return jax.tree.map(lambda leaf: np.asarray(leaf) if isinstance(leaf, jax.Array) else leaf, tree)
