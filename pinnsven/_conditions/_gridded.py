"""Coefficients that are known on a grid, as smooth functions that conditions call."""

import contextlib
from typing import Any

import equinox as eqx
import interpax
import jax
import jax.numpy as jnp
import numpy as np

from .._basics._messages import listing, nearest
from .._basics._numbers import numeric_array
from .._basics._precision import precision_context, to_numpy

METHODS = {"cubic": "cubic2", "linear": "linear", "monotonic": "monotonic"}
KINDS = {1: interpax.Interpolator1D, 2: interpax.Interpolator2D, 3: interpax.Interpolator3D}
LEAST = {"cubic": 4, "linear": 2, "monotonic": 3}  # places along each axis


class Gridded(eqx.Module):
    """Values on a grid as a function: `k = pv.Gridded(x=x, y=y, values=k)`, called as `k(x, y)`.

    Interpolated by interpax; derivatives of it are JAX's, as of any function (`jax.grad(k)`).

    - `values`: (nx,), (nx, ny) or (nx, ny, nz), in the order of the axes.
    - `method`: "cubic" for splines with two continuous derivatives, "monotonic" for cubics that add no
      extremes (one continuous derivative), "linear".
    - `axes`: one keyword per coordinate, its places along the grid, ascending.

    Outside of the grid it is not a number, and a problem whose condition calls it there is refused when
    solving starts, with the place. Raises `ValueError` for places that do not ascend or are too few,
    values of another shape or that are not finite, and another method.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    method: str = eqx.field(static=True)
    _bounds: tuple[tuple[float, float], ...] = eqx.field(static=True)
    _spline: eqx.Module

    def __init__(self, *, values: Any, method: str = "cubic", **axes: Any):
        if method not in METHODS:
            raise ValueError(
                f"method={method!r}: give one of {listing(map(repr, METHODS))}."
                + nearest(str(method), METHODS)
            )
        if len(axes) not in KINDS:
            raise ValueError(
                f"Gridded: give one to three axes, such as x=...; got {listing(axes) or 0}"
            )
        places = {name: numeric_array(f"{name}=", along) for name, along in axes.items()}
        for name, along in places.items():
            if along.ndim != 1 or len(along) < LEAST[method] or not np.all(np.diff(along) > 0):
                raise ValueError(
                    f"{name}=: give at least {LEAST[method]} ascending places along the grid for "
                    f"method={method!r}; got shape {along.shape}"
                )
        array = numeric_array("values", values)
        shape = tuple(len(along) for along in places.values())
        if array.shape != shape:
            raise ValueError(
                f"values has shape {array.shape}; along {listing(axes)} it must be {shape}"
            )
        self.names, self.method = tuple(axes), method
        self._bounds = tuple((float(along[0]), float(along[-1])) for along in places.values())
        with precision_context("float64"), _as_interpax_is_written():
            arrays = [jnp.asarray(a, float) for a in (*places.values(), array)]
            self._spline = to_numpy(KINDS[len(axes)](*arrays, method=METHODS[method], extrap=False))

    def __call__(self, *at, **named):
        """The value at one point: coordinates in the order of the axes, or by name."""
        if named:
            if at or set(named) != set(self.names):
                raise ValueError(f"Gridded: give {listing(self.names)}, in that order or by name")
            at = tuple(named[name] for name in self.names)
        if len(at) != len(self.names):
            raise ValueError(f"Gridded: give {listing(self.names)}, in that order or by name")
        given = [jnp.atleast_1d(jnp.asarray(a)) for a in at]
        with _as_interpax_is_written():
            return self._spline(*given)[0]  # type: ignore[operator]

    def __repr__(self) -> str:
        pairs = zip(self.names, self._bounds, strict=True)
        return f"Gridded({', '.join(f'{n}=({low:g}, {high:g})' for n, (low, high) in pairs)})"


@contextlib.contextmanager
def _as_interpax_is_written():
    """JAX's usual promotion of dtypes and ranks, also where stricter rules are set."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield
