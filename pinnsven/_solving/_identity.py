"""What decides a run, as hashes: a checkpoint is resumed only by a run of the same ones.

Points, values and numbers are hashed by their bytes. Functions are hashed by what they do as far as
Python shows it: the code with its constants, the defaults, what the closure holds, and the numbers,
arrays and functions that the code finds among the globals of its file. Nothing that differs from one
process to the next enters: no address, no hash of Python's, no line number.

Two programs that do the same may differ here (`2 * u` and `u + u`); the resume is then refused, which
costs time and no truth. Two that differ agree only where the difference is out of sight: in a library,
in an object that keeps no `__dict__`, or more than `DEPTH` references deep.
"""

import builtins
import dataclasses
import enum
import functools
import hashlib
import sys
import types
from collections.abc import Callable, Iterable, Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

DEPTH = 24
# A function of theirs is known by its name, and by what it was given where it is a closure.
LIBRARIES = {"jax", "jaxlib", "numpy", "scipy", "equinox", "optax", "diffrax", "builtins", "pinnsven"}
LIBRARIES |= set(sys.stdlib_module_names)
WORDS = {
    "function": "the function",
    "values": "the values",
    "value": "the value",
    "points": "the points",
    "on": "the place",
    "weight": "the weight",
    "noise": "the noise",
    "nodes": "the nodes",
}
# Of a problem.
LEFT_OUT = {"exact", "reference", "network", "name", "space", "blocks", "terms", "conditions"}
LEFT_OUT |= {"declared", "layout", "bounds"}


def identity_of(problem, network: object, settings: Mapping[str, object]) -> dict[str, str]:
    """A hash of everything that decides a run, by what it is, in words that a message can use.

    - `problem`: whose exact solution, reference and name decide nothing.
    - `network`: the architecture or module. Parameters count by their shapes, since a checkpoint brings
      its own.
    - `settings`: the other arguments of `solve` that decide the run, by name. Limits are none of them.
    """
    parts: dict[str, object] = {"the version of Python": sys.version_info[:2]}
    for field in dataclasses.fields(problem):
        if field.name not in LEFT_OUT:
            parts[f"the {field.name}"] = getattr(problem, field.name)
    if problem.bounds:
        parts["the bounds of the unknowns"] = problem.bounds
    if problem.layout.places or problem.layout.composites:
        parts["the places of the fields"] = problem.declared
    parts["the names of the conditions"] = list(problem.conditions)
    for name, condition in problem.conditions.items():
        parts[f"the kind of condition {name!r}"] = type(condition)
        for field in dataclasses.fields(condition):
            word = WORDS.get(field.name, field.name)
            parts[f"{word} of condition {name!r}"] = getattr(condition, field.name)
    parts["the network"] = _without_parameters(network)
    parts |= {f"{name}= of solve": value for name, value in settings.items()}
    hashing = _Hashing()
    return {label: hashing.of(part).hex()[:16] for label, part in parts.items()}


def _without_parameters(network: object) -> object:
    def shape(leaf):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if eqx.is_inexact_array(leaf) else leaf

    return jax.tree.map(shape, network)


class _Hashing:
    """Hashes of objects from hashes of their parts."""

    def __init__(self):
        self._known: dict[tuple[int, int], tuple[object, bytes]] = {}  # holds what it knows by address
        self._open: set[int] = set()

    def of(self, value: object, depth: int = DEPTH) -> bytes:
        """The hash of anything."""
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            return _digest(_name(type(value)), repr(value).encode())
        if depth == 0 or id(value) in self._open:
            return _digest("seen", _name(type(value)).encode())
        known = self._known.get((id(value), depth))
        if known is None:
            self._open.add(id(value))
            try:
                kind, parts = self._parts(value, depth)
                found = _digest(kind, *(self.of(part, depth - 1) for part in parts))
            finally:
                self._open.discard(id(value))
            known = self._known[id(value), depth] = (value, found)
        return known[1]

    def _parts(self, value, depth: int) -> tuple[str, Iterable[object]]:
        """The kind of a value and what it is made of."""
        match value:
            case np.ndarray() | np.generic() | jax.Array():
                return _array_parts(value)
            case set() | frozenset():
                return "set", sorted(self.of(part, depth - 1) for part in value)
            case list() | tuple():
                return _name(type(value)), value
            case Mapping():
                return _name(type(value)), [part for pair in value.items() for part in pair]
            case enum.Enum():
                return _name(type(value)), (value.name,)
            case types.ModuleType():
                return "module", (value.__name__,)
            case functools.partial():
                return "partial", (value.func, value.args, value.keywords)
            case types.MethodType():
                return "method", (value.__func__, value.__self__)
            case types.CodeType():
                return "code", _code_parts(value, None)
            case types.FunctionType():
                return "function", _function_parts(value)
            case type():
                return "class", _class_parts(value)
            case np.dtype():
                return "dtype", (value.str,)
            case jax.ShapeDtypeStruct():
                return "parameters", (value.dtype, value.shape)
        return _object_parts(value)


def _digest(kind: str, *parts: bytes) -> bytes:
    hashed = hashlib.sha256(kind.encode())
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little") + part)
    return hashed.digest()


def _name(kind) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _array_parts(value) -> tuple[str, Iterable[object]]:
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        value = jax.random.key_data(value)
    array = np.asarray(value)
    if array.dtype.hasobject:
        return "array", (array.shape, array.ravel().tolist())
    return "array", (array.dtype.str, array.shape, array.tobytes())


def _is_of_library(value) -> bool:
    return str(getattr(value, "__module__", None)).partition(".")[0] in LIBRARIES


def _function_parts(function: types.FunctionType) -> Iterable[object]:
    yield from (function.__defaults__, function.__kwdefaults__)
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            yield "empty"
    if _is_of_library(function):
        yield _name(function)
        return
    yield from _code_parts(function.__code__, function.__doc__)
    for name in sorted(_global_names(function.__code__)):
        if name in function.__globals__ and _is_plain(function.__globals__[name]):
            yield from (name, function.__globals__[name])


def _is_plain(value: object) -> bool:
    """Whether a global is something whose value decides what a function does, and can be hashed."""
    plain = (bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray, np.generic)
    more = (jax.Array, types.FunctionType, functools.partial, types.MethodType, type, eqx.Module)
    return isinstance(value, (*plain, *more)) or hasattr(value, "__wrapped__")


def _global_names(code: types.CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return {n for n in code.co_names if not hasattr(builtins, n)}.union(*map(_global_names, inner))


def _code_parts(code: types.CodeType, documentation: str | None) -> Iterable[object]:
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    constants = list(code.co_consts)
    if documentation is not None and documentation in constants[:1]:  # a comment changes no run
        constants[0] = None
    return (code.co_code, constants, code.co_names, code.co_freevars, arguments, shape)


def _class_parts(kind: type) -> Iterable[object]:
    yield _name(kind)
    for base in kind.__mro__:
        if not _is_of_library(base):
            for name, member in sorted(vars(base).items()):
                function = getattr(member, "__func__", getattr(member, "fget", member))
                if isinstance(function, types.FunctionType) and not _is_of_library(function):
                    yield from (name, function)


def _object_parts(value) -> tuple[str, Iterable[object]]:
    """The parts of anything else: what it wraps, its fields, or what it keeps by name."""
    if isinstance(wrapped := getattr(value, "__wrapped__", None), Callable):
        return "wrapped", (wrapped,)
    if _is_of_library(value) and hasattr(value, "__qualname__"):
        return "library", (_name(value),)
    kind = type(value)
    if dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value)]
        return "object", (kind, *((n, getattr(value, n, None)) for n in names))
    kept = vars(value) if hasattr(value, "__dict__") else {}
    return "object", (kind, *sorted(kept.items()))
