"""Evaluating a trained network on the host: in chunks, at a fixed precision, with numpy in and out."""

import copy
import functools
import importlib
import io
import pickle
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from .._basics._compiled import Compiler, briefly
from .._basics._functions import required_arguments
from .._basics._precision import precision_context, to_numpy
from .._calculus._derivatives import DerivativePlan
from .._networks import FieldModel, flat_parameters, trained_arrays, with_parameters
from ._facts import finite_column

CHUNK = 1 << 12  # points at a time: what a cache holds (benchmarks/predict.py)
CHUNK_OF_INTEGRALS = 1 << 5  # of those that are evaluated at many nodes each
SPREAD_CHUNK = 2048  # times the causes are in memory at a time


def padded(points: np.ndarray, most: int) -> np.ndarray:
    """Points repeated up to a power of two: many calls of many sizes compile a few times only.

    - `most`: no more points than that.
    """
    size = min(1 << (len(points) - 1).bit_length(), most)
    return np.concatenate([points, np.repeat(points[:1], size - len(points), axis=0)])


class Evaluator:
    """A network with frozen parameters.

    - `model`: the network behind its embedding; its arrays are kept as numpy.
    - `precision`: what it was trained in.
    - `description`: how the network was specified, for saving.
    - `compiler`: keeps what is compiled; one for several networks of the same structure.
    """

    def __init__(
        self,
        model: FieldModel,
        precision: str,
        description: object = None,
        compiler: Compiler | None = None,
    ):
        self.model = to_numpy(model)
        self.precision = precision
        self.description = description
        self._compiler = Compiler(lambda name: None) if compiler is None else compiler

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Field values (n, fields) in float64 at points (n, dim), in portions."""
        if not len(points):
            return np.zeros((0, self._fields))
        return self._in_portions("values", self.model, points, self.precision)

    def beside(self, model: FieldModel, points: np.ndarray) -> np.ndarray:
        """Field values (n, fields) of another model in float64, compiled once for models of a kind."""
        return self._in_portions("values beside", model, points, "float64")

    def _in_portions(self, name: str, model: FieldModel, points, precision: str) -> np.ndarray:
        """The values of a model; programs of models of another kind have another name."""

        def values(portion):
            given = (model, jnp.asarray(padded(portion, CHUNK)))
            return self._compiler.function(name, lambda m, p: jax.vmap(m)(p), *given)(*given)

        with precision_context(precision):
            starts = range(0, len(points), CHUNK)
            parts = [np.asarray(values(points[i : i + CHUNK]), dtype=np.float64) for i in starts]
        return np.concatenate(parts)[: len(points)]

    def named(
        self, plan, points: np.ndarray, normals, numbers: dict[str, float]
    ) -> dict[str, np.ndarray]:
        """What the names of a plan ask for at points (n, dim): arrays (n, ...) in float64, by name.

        - `plan`: a `DerivativePlan`.
        - `normals`: (n, space), used only where a name asks for it; None for none.
        - `numbers`: unknowns and constants.
        """
        dim = self.model.embedding.domain.space_dim
        normals = np.zeros((len(points), dim)) if normals is None else normals
        if not len(points):  # shapes are known from one point; of none nothing is compiled
            middle = np.zeros((1, points.shape[1]))
            found = self.named(plan, middle, np.zeros((1, dim)), numbers)
            return {name: values[:0] for name, values in found.items()}
        most = CHUNK if plan.is_local else CHUNK_OF_INTEGRALS
        with precision_context(self.precision):
            given = {name: jnp.asarray(float(value)) for name, value in numbers.items()}
            parts = [
                self._named(plan, given, *(padded(a[i : i + most], most) for a in (points, normals)))
                for i in range(0, len(points), most)
            ]
            return {
                name: np.concatenate([np.asarray(part[name], np.float64) for part in parts])[
                    : len(points)
                ]
                for name in parts[0]
            }

    def combined(self, function, values: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
        """A function of named values at one point, at many: arrays (n, ...) in float64.

        - `values`: arrays (n, ...), by name.
        """
        with precision_context(self.precision):
            found = jax.vmap(function)({name: jnp.asarray(v) for name, v in values.items()})
            return tuple(np.asarray(part, np.float64) for part in found)

    def _named(self, plan, numbers, points, normals) -> dict:
        # Plans of derivatives are made anew for every question, and told apart by their names.
        label = "" if type(plan) is DerivativePlan else f" of {id(plan)}"
        given = (self.model, numbers, (jnp.asarray(points), jnp.asarray(normals, float)))

        def at_all(model, numbers, where):
            return jax.vmap(lambda point, normal: plan.evaluate(model, point, normal, numbers))(*where)

        name = f"{', '.join(plan.names)}{label}"
        return self._compiler.function(name, at_all, *given)(*given)

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
            return flat_parameters(self.model)

    @functools.cached_property
    def _fields(self) -> int:
        return self(np.zeros((1, self.model.embedding.domain.dim))).shape[1]


class Spread:
    """The standard error of the fields, where readings scatter.

    - `evaluator`: the network at its solution.
    - `effect`: what each independent cause does to the network's parameters, (params, causes).
    - `of_unknowns`: what it does to the unknowns, (unknowns, causes); None where a file knows none.
    """

    def __init__(self, evaluator: Evaluator, effect: np.ndarray, of_unknowns: np.ndarray | None):
        self.evaluator, self.effect, self.of_unknowns = evaluator, effect, of_unknowns

    def described(self) -> dict[str, np.ndarray]:
        """Its arrays in a file, by name."""
        arrays = {"effect": self.effect}
        return arrays if self.of_unknowns is None else arrays | {"effect.unknowns": self.of_unknowns}

    @classmethod
    def of_arrays(cls, arrays: dict, evaluator: object, unknowns: int) -> "Spread | None":
        """What a file holds of it, None for nothing; `ValueError` where arrays do not fit.

        - `unknowns`: how many there are; files from before 28 November 2026 know nothing of them.
        """
        if "effect" not in arrays or not isinstance(evaluator, Evaluator):
            return None
        effect, moved = finite_column(arrays, "effect", (evaluator.parameters().size, None)), None
        if "effect.unknowns" in arrays:
            moved = finite_column(arrays, "effect.unknowns", (unknowns, effect.shape[1]))
        return cls(evaluator, effect, moved)

    def __getstate__(self):
        # Without what was compiled.
        return {name: getattr(self, name) for name in ("evaluator", "effect", "of_unknowns")}

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Standard errors (n, fields) in float64 at points (n, dim)."""
        return np.concatenate([np.linalg.norm(part, axis=1) for part in self._parts(points)])

    def movements(self, points: np.ndarray) -> np.ndarray:
        """What each cause does to the fields at points (n, dim), in float64: (n, causes, fields)."""
        return np.concatenate(list(self._parts(points)))

    def _parts(self, points: np.ndarray) -> Iterator[np.ndarray]:
        """The movements at some points after the other."""
        with precision_context(self.evaluator.precision):
            for i in range(0, len(points), SPREAD_CHUNK):
                some = jnp.asarray(np.asarray(points[i : i + SPREAD_CHUNK]))
                given = (self.evaluator.model, jnp.asarray(self.effect.T), some)
                yield np.asarray(self._compiler.function("bands", _moved, *given)(*given), np.float64)

    @functools.cached_property
    def _compiler(self) -> Compiler:
        return Compiler(lambda name: None)


def _moved(model: FieldModel, causes, points):
    """How far each cause moves the fields, (n, causes, fields), at points (n, dim).

    - `causes`: changes of the parameters, (causes, params).
    """
    flat = jnp.concatenate([jnp.ravel(leaf) for leaf in trained_arrays(model)])

    def at(point):
        values = lambda theta: with_parameters(model, theta)(point)
        return jax.vmap(lambda cause: jax.jvp(values, (flat,), (cause.astype(flat.dtype),))[1])(causes)

    return jax.vmap(at)(points)


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

    def named(self, plan, points, normals, numbers) -> dict[str, np.ndarray]:
        """What the names of a plan ask for at points; see `Evaluator.named`."""
        slab = np.searchsorted(self.edges[1:-1], points[:, -1], side="right")
        found: dict[str, np.ndarray] = {}
        for number, part in enumerate(self.parts):
            mine = slab == number
            if not mine.any() and (found or number + 1 < len(self.parts)):
                continue
            normal = None if normals is None else normals[mine]
            for name, values in part.named(plan, points[mine], normal, numbers).items():
                whole = found.setdefault(name, np.full((len(points), *values.shape[1:]), np.nan))
                whole[mine] = values
        return found

    def combined(self, function, values) -> tuple[np.ndarray, ...]:
        """A function of named values at many points; see `Evaluator.combined`."""
        return self.parts[0].combined(function, values)

    def parameters(self) -> np.ndarray:
        """The parameters of all networks, (slabs, params)."""
        return np.stack([part.parameters() for part in self.parts])


def _public(module: str, name: str):
    return getattr(importlib.import_module(module), name)


def _unpickled(content: bytes) -> Evaluator:
    return Evaluator(*pickle.loads(content))


def named_function_values(function, points: dict[str, np.ndarray], precision: str) -> np.ndarray:
    """A user's function of named coordinates at many points: arrays (n, ...) in, (n,) out.

    What is a scalar among `points`, a constant, is the same at all of them.
    """
    names = required_arguments(function)
    with precision_context(precision):
        count = len(next(iter(points.values())))
        given = [np.asarray(points[name], float) for name in names]
        axes = tuple(0 if np.shape(points[name]) else None for name in names)
        if 0 not in axes:
            return np.full(count, function(*given), dtype=np.float64)
        # Compiled: one operation after the other would be a program each.
        at_all = briefly(jax.vmap(lambda *args: jnp.asarray(function(*args), dtype=float), axes))
        return np.asarray(at_all(*given), dtype=np.float64)
