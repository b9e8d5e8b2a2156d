"""One flat vector for a network's parameters and the unknowns: the one place that packs and unpacks."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from ._base import FieldModel


class AbstractParameters(eqx.Module):
    """What a flat vector stands for: a model of the fields, and values of the unknowns."""

    unknown_names: eqx.AbstractVar[tuple[str, ...]]
    unknown_scale: eqx.AbstractVar[tuple[float, ...]]

    @abc.abstractmethod
    def unpack(self, theta: Float[Array, " params"]) -> tuple[FieldModel, dict[str, Array]]:
        """The model and the unknowns that a parameter vector stands for."""

    def unknowns(self, tail: Float[Array, " unknowns"]) -> dict[str, Array]:
        """The unknowns by name, from their part of a parameter vector."""
        pairs = zip(self.unknown_names, self.unknown_scale, strict=True)
        return {name: tail[i] * scale for i, (name, scale) in enumerate(pairs)}


class Silenced(AbstractParameters):
    """Parameters of which one field is set to zero.

    - `plain`: the parameters.
    - `field`: the number of the field.
    """

    plain: "Parameters"
    field: int = eqx.field(static=True)

    @property
    def unknown_names(self):
        return self.plain.unknown_names

    @property
    def unknown_scale(self):
        return self.plain.unknown_scale

    def unpack(self, theta):
        model, unknowns = self.plain.unpack(theta)

        def transform(values, point):
            return model.transform(values, point).at[self.field].set(0.0)  # type: ignore[operator]

        return FieldModel(model.embedding, model.network, transform), unknowns  # type: ignore


class Parameters(AbstractParameters):
    """The parameters of a network, then the unknowns divided by the size of their starting values.

    - `model`: the network's structure; the values of its arrays do not matter.
    - `unknown_names`, `unknown_scale`: of the unknowns, in their order.
    """

    model: FieldModel
    unknown_names: tuple[str, ...] = eqx.field(static=True)
    unknown_scale: tuple[float, ...] = eqx.field(static=True)

    @classmethod
    def pack(
        cls, model: FieldModel, unknowns: dict[str, float]
    ) -> tuple["Parameters", Float[Array, " params"]]:
        """The parameters of a model with unknowns, and the vector that stands for these values."""
        scale = tuple(abs(value) or 1.0 for value in unknowns.values())
        arrays, static = eqx.partition(model, eqx.is_inexact_array)
        flat, _ = ravel_pytree(arrays)
        starts = [value / s for value, s in zip(unknowns.values(), scale, strict=True)]
        empty = jax.tree.map(jnp.zeros_like, arrays)
        parameters = cls(
            model=eqx.combine(empty, static), unknown_names=tuple(unknowns), unknown_scale=scale
        )
        return parameters, jnp.concatenate([flat, jnp.asarray(starts, flat.dtype)])

    def unpack(self, theta):
        arrays, static = eqx.partition(self.model, eqx.is_inexact_array)
        flat, unravel = ravel_pytree(arrays)
        model = eqx.combine(unravel(theta[: flat.size]), static)
        return model, self.unknowns(theta[flat.size :])
