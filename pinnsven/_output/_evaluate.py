"""Evaluating a trained network on the host: in chunks, at a fixed precision, with numpy in and out."""

import copy
import functools
import importlib
import io
import pickle
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._basics._functions import required_arguments
from .._basics._precision import precision_context, to_numpy
from .._networks import FieldModel

CHUNK = 1 << 16
SPREAD_CHUNK = 2048  # times the causes are in memory at a time


class Evaluator:
    """A network with frozen parameters.

    - `model`: the network behind its embedding; its arrays are kept as numpy.
    - `precision`: what it was trained in.
    - `description`: how the network was specified, for saving.
    - `shared`: evaluates it at points (n, dim) by what was compiled for others of its kind; it returns
      None once that is gone.
    """

    def __init__(
        self,
        model: FieldModel,
        precision: str,
        description: object = None,
        shared: Callable[[np.ndarray], Any] | None = None,
    ):
        self.model = to_numpy(model)
        self.precision = precision
        self.description = description
        self._shared = shared

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Field values (n, fields) in float64 at points (n, dim), at most 65,536 of them at a time."""
        if not len(points):
            return np.zeros((0, self._fields))
        with precision_context(self.precision):
            parts = [
                np.asarray(self._values(self._padded(points[i : i + CHUNK])), dtype=np.float64)
                for i in range(0, len(points), CHUNK)
            ]
        return np.concatenate(parts)[: len(points)]

    def _values(self, points: np.ndarray):
        found = self._shared(points) if self._shared is not None else None
        return self._compiled(points) if found is None else found

    def __reduce__(self):
        # What is compiled stays in this process: a copy compiles for itself.
        buffer = io.BytesIO()
        _Pickler(buffer).dump((self.model, self.precision, self.description))
        return _unpickled, (buffer.getvalue(),)

    def __deepcopy__(self, memo: dict) -> "Evaluator":
        return Evaluator(copy.deepcopy(self.model, memo), self.precision, self.description)

    def parameters(self) -> np.ndarray:
        """The network's parameters as one flat array."""
        with precision_context(self.precision):
            return np.asarray(ravel_pytree(eqx.filter(self.model, eqx.is_inexact_array))[0])

    @functools.cached_property
    def _fields(self) -> int:
        return self(np.zeros((1, self.model.embedding.domain.dim))).shape[1]

    @functools.cached_property
    def _compiled(self):
        model = jax.tree.map(jnp.asarray, self.model)
        return jax.jit(lambda points: jax.vmap(model)(points))

    @staticmethod
    def _padded(points: np.ndarray) -> np.ndarray:
        # Sizes in powers of two, so that many calls of many sizes compile a few times only.
        size = min(1 << (len(points) - 1).bit_length(), CHUNK)
        return np.concatenate([points, np.repeat(points[:1], size - len(points), axis=0)])


class Spread:
    """The standard error of the fields, where readings scatter.

    - `evaluator`: the network at its solution.
    - `effect`: what each independent cause does to the network's parameters, (params, causes).
    """

    def __init__(self, evaluator: Evaluator, effect: np.ndarray):
        self.evaluator, self.effect = evaluator, effect

    def __getstate__(self):
        return {"evaluator": self.evaluator, "effect": self.effect}  # without what was compiled

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Standard errors (n, fields) in float64 at points (n, dim)."""
        with precision_context(self.evaluator.precision):
            parts = [
                np.asarray(self._compiled(jnp.asarray(points[i : i + SPREAD_CHUNK])), np.float64)
                for i in range(0, len(points), SPREAD_CHUNK)
            ]
        return np.concatenate(parts)

    @functools.cached_property
    def _compiled(self):
        arrays, static = eqx.partition(
            jax.tree.map(jnp.asarray, self.evaluator.model), eqx.is_inexact_array
        )
        flat, unravel = ravel_pytree(arrays)
        causes = jnp.asarray(self.effect.T, flat.dtype)

        def at(point):
            def values(theta):
                return eqx.combine(unravel(theta), static)(point)

            moved = jax.vmap(lambda cause: jax.jvp(values, (flat,), (cause,))[1])(causes)
            return jnp.linalg.norm(moved, axis=0)

        return jax.jit(jax.vmap(at))


class _Pickler(pickle.Pickler):
    """Knows JAX's own functions by their public names, which pickle looks for where JAX hides them."""

    def reducer_override(self, obj):
        name = getattr(obj, "__name__", None)
        for module in (jnp, jax.nn, jax.lax):
            if isinstance(name, str) and callable(obj) and getattr(module, name, None) is obj:
                return _public, (module.__name__, name)
        return NotImplemented


class SlabEvaluator:
    """Networks that follow one another in time, with frozen parameters.

    - `edges`: of the slabs, (slabs + 1,), ascending.
    - `parts`: an evaluator for each slab, all of one kind and precision. Where there are fewer than
      slabs, the fields are not a number after the last one.
    """

    def __init__(self, edges, parts: list[Evaluator]):
        self.edges, self.parts = np.asarray(edges, dtype=float), parts
        self.precision, self.description = parts[0].precision, parts[0].description

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Field values (n, fields) in float64 at points (n, dim), whose last component is the time."""
        slab = np.searchsorted(self.edges[1:-1], points[:, -1], side="right")
        values = np.full((len(points), self.parts[0](points[:1]).shape[1]), np.nan)
        for number, part in enumerate(self.parts):
            values[slab == number] = part(points[slab == number])
        return values

    def parameters(self) -> np.ndarray:
        """The parameters of all networks, (slabs, params)."""
        return np.stack([part.parameters() for part in self.parts])


def _public(module: str, name: str):
    return getattr(importlib.import_module(module), name)


def _unpickled(content: bytes) -> Evaluator:
    return Evaluator(*pickle.loads(content))


def named_function_values(function, points: dict[str, np.ndarray], precision: str) -> np.ndarray:
    """A user's function of named coordinates at many points: arrays (n, ...) in, (n,) out."""
    names = required_arguments(function)
    with precision_context(precision):
        count = len(next(iter(points.values())))
        values = (
            jax.vmap(lambda *args: jnp.asarray(function(*args), dtype=float))(
                *[jnp.asarray(points[name]) for name in names]
            )
            if names
            else jnp.full(count, function())
        )
        return np.asarray(values, dtype=np.float64)
