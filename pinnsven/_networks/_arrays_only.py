"""A network whose leaves are arrays, from one that has others: functions, names, switches.

An `equinox.Module` may hold anything. `eqx.nn.MLP` holds its activation, a function, which no JAX
transformation takes as an argument. What is no array is made part of the structure here, once, so that
every function of a model may be jitted, mapped and differentiated with the model among its arguments.
"""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree


class _Rest:
    """The leaves that are no arrays, and the structure around all: equal where both are."""

    def __init__(self, leaves: list, structure):
        self.leaves, self.structure = leaves, structure

    def __eq__(self, other) -> bool:
        if not isinstance(other, _Rest) or self.structure != other.structure:
            return False
        return all(map(_same, self.leaves, other.leaves))

    def __hash__(self) -> int:
        return hash(tuple(type(leaf) for leaf in self.leaves))


def _same(one: object, other: object) -> bool:
    # `1 == True` and `0.0 == -0.0`, but a network may treat them differently.
    if one is other:
        return True
    plain = (bool, int, float, complex, str, bytes)
    return type(one) is type(other) and isinstance(one, plain) and repr(one) == repr(other)


class ArraysOnly(eqx.Module):
    """A network as its arrays, which are leaves, and the rest, which is static.

    - `arrays`: of the network, in the order of its leaves.
    """

    arrays: list[PyTree]
    rest: _Rest = eqx.field(static=True)

    @property
    def network(self) -> eqx.Module:
        """The network itself."""
        arrays = iter(self.arrays)
        leaves = [next(arrays) if leaf is _ARRAY else leaf for leaf in self.rest.leaves]
        return jax.tree.unflatten(self.rest.structure, leaves)

    def __call__(self, inputs):
        return self.network(inputs)  # type: ignore[operator]


_ARRAY = object()  # stands where an array was


def arrays_only(network: eqx.Module) -> eqx.Module:
    """The network itself where all its leaves are arrays, and else an `ArraysOnly` of it."""
    leaves, structure = jax.tree.flatten(network)
    if all(map(_is_array, leaves)):
        return network
    rest = [_ARRAY if _is_array(leaf) else leaf for leaf in leaves]
    return ArraysOnly([leaf for leaf in leaves if _is_array(leaf)], _Rest(rest, structure))


def _is_array(leaf: object) -> bool:
    return isinstance(leaf, (jax.Array, np.ndarray))
