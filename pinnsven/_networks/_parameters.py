"""One flat vector for a network's parameters and the unknowns: the one place that packs and unpacks."""

import abc
import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._base import FieldModel
from ._bounded import Bounded


class AbstractParameters(eqx.Module):
    """What a flat vector stands for: a model of the fields, and values of the unknowns."""

    unknown_names: eqx.AbstractVar[tuple[str, ...]]
    unknown_maps: eqx.AbstractVar[tuple[Bounded, ...]]

    @abc.abstractmethod
    def unpack(
        self, theta: Float[Array | np.ndarray, " params"]
    ) -> tuple[FieldModel, dict[str, Array]]:
        """The model and the unknowns that a parameter vector stands for."""

    def unknowns(self, tail: Float[Array | np.ndarray, " unknowns"]) -> dict[str, Array]:
        """The unknowns by name, from their part of a parameter vector."""
        pairs = zip(self.unknown_names, self.unknown_maps, strict=True)
        return {name: bounded.value(tail[i]) for i, (name, bounded) in enumerate(pairs)}

    @property
    def unknown_scale(self) -> tuple[float, ...]:
        """The sizes of the unknowns' starting values, in whose unit they are solved for."""
        return tuple(bounded.scale for bounded in self.unknown_maps)


class Silenced(AbstractParameters):
    """Parameters of which one field is left at its zero: what the network gives of it is not used.

    - `plain`: the parameters.
    - `field`: the number of the field.
    """

    plain: "Parameters"
    field: int = eqx.field(static=True)

    @property
    def unknown_names(self):
        return self.plain.unknown_names

    @property
    def unknown_maps(self):
        return self.plain.unknown_maps

    def unpack(self, theta):
        model, unknowns = self.plain.unpack(theta)

        def addition(values, inputs):
            return model.addition(values, inputs).at[self.field].set(0.0)  # type: ignore[operator]

        return dataclasses.replace(model, addition=addition), unknowns  # type: ignore


class Parameters(AbstractParameters):
    """The parameters of a network, then the unknowns divided by the size of their starting values.

    - `model`: the network's structure; the values of its arrays do not matter.
    - `unknown_names`, `unknown_maps`: of the unknowns, in their order.
    """

    model: FieldModel
    unknown_names: tuple[str, ...] = eqx.field(static=True)
    unknown_maps: tuple[Bounded, ...] = eqx.field(static=True)

    @classmethod
    def pack(
        cls, model: FieldModel, unknowns: dict[str, float], bounds: dict[str, tuple] | None = None
    ) -> tuple["Parameters", Float[Array, " params"]]:
        """The parameters of a model with unknowns, and the vector that stands for these values.

        - `bounds`: of those unknowns that have some, by name.
        """
        maps = tuple(
            Bounded(value, abs(value) or 1.0, *(bounds or {}).get(name, (None, None)))
            for name, value in unknowns.items()
        )
        flat = flat_parameters(model)
        starts = [bounded.start / bounded.scale for bounded in maps]
        parameters = cls(  # type: ignore[call-arg]
            model=with_parameters(model, np.zeros_like(flat)),
            unknown_names=tuple(unknowns),
            unknown_maps=maps,
        )
        return parameters, jnp.asarray(np.concatenate([flat, np.asarray(starts, flat.dtype)]))

    def around(self, **parts) -> "Parameters":
        """The same parameters in a model with other parts: its `scaling`, or its `addition`."""
        return dataclasses.replace(self, model=dataclasses.replace(self.model, **parts))

    def unpack(self, theta):
        return self.of_arrays(self.arrays(theta))

    def arrays(self, theta: Float[Array | np.ndarray, " params"]) -> list[Array]:
        """The arrays of a parameter vector: those of the network, then the unknowns as one."""
        return [*split_arrays(self.model, theta[: theta.size - self._count]), *self._tail(theta)]

    def of_arrays(self, arrays: list) -> tuple[FieldModel, dict[str, Array]]:
        """The model and the unknowns that arrays stand for, those of `arrays`."""
        number = len(arrays) - bool(self._count)
        tail = arrays[number] if self._count else np.zeros(0)
        return with_arrays(self.model, arrays[:number]), self.unknowns(tail)

    @property
    def _count(self) -> int:
        return len(self.unknown_names)

    def _tail(self, theta) -> list[Array]:
        return [theta[theta.size - self._count :]] if self._count else []


def trained_arrays(model: FieldModel) -> list:
    """The arrays of a model that are solved for, in order; the rest of it holds none."""
    return [leaf for leaf in jax.tree.leaves((model.network, model.transform)) if _is_trained(leaf)]


def _is_trained(leaf) -> bool:
    return eqx.is_inexact_array(leaf)


def flat_parameters(model: FieldModel) -> Float[np.ndarray, " params"]:
    """All parameters of a model as one vector."""
    leaves = [np.ravel(leaf) for leaf in trained_arrays(model)]
    return np.concatenate(leaves) if leaves else np.zeros(0)


def with_parameters(model: FieldModel, flat: Float[Array | np.ndarray, " params"]) -> FieldModel:
    """A model with the parameters of a vector; numpy makes numpy's arrays of it.

    Raises `ValueError` where the vector has another length.
    """
    return with_arrays(model, split_arrays(model, flat))


def split_arrays(model: FieldModel, flat: Float[Array | np.ndarray, " params"]) -> list:
    """The trained arrays that a vector holds; see `with_parameters`."""
    arrays = trained_arrays(model)
    ends = np.cumsum([0, *(np.size(array) for array in arrays)]).tolist()
    if flat.shape != (ends[-1],):
        raise ValueError(f"the network has {ends[-1]} parameters, not {flat.size}")
    return [
        flat[start:stop].reshape(np.shape(array)).astype(array.dtype)
        for array, start, stop in zip(arrays, ends, ends[1:], strict=False)
    ]


def with_arrays(model: FieldModel, arrays: list) -> FieldModel:
    """A model with other trained arrays, in the order of `trained_arrays`."""
    leaves, structure = jax.tree.flatten((model.network, model.transform))
    given = iter(arrays)
    changed = [next(given) if _is_trained(leaf) else leaf for leaf in leaves]
    network, transform = jax.tree.unflatten(structure, changed)
    return dataclasses.replace(model, network=network, transform=transform)
