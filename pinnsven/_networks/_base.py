"""What a network is to the solver, and how coordinates reach it.

A network maps ONE embedded point to the field values; batching is left to `jax.vmap`. The embedding
stands between the domain and the network: bounded coordinates are scaled to [-1, 1], a periodic one
becomes the pair (cos, sin) of its angle, which makes every network exactly periodic.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._domains import Domain


class AbstractField(eqx.Module):
    """A network with parameters: maps one embedded point (inputs,) to field values (fields,)."""

    @abc.abstractmethod
    def __call__(self, inputs: Float[Array, " inputs"]) -> Float[Array, " fields"]:
        """The field values at one embedded point."""


class AbstractArchitecture(eqx.Module):
    """The description of a network, built once the problem says how many inputs and fields it has."""

    @abc.abstractmethod
    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> AbstractField:
        """A network with fresh parameters."""


class Embedding(eqx.Module):
    """Scaled and periodic coordinates of a domain, as a map from a point to network inputs.

    - `factor`, `offset`: of the scaling, (dim,).
    """

    domain: Domain = eqx.field(static=True)
    factor: Float[np.ndarray, " dim"]
    offset: Float[np.ndarray, " dim"]

    def __init__(self, domain: Domain):
        self.domain = domain
        # Arrays, so that the same program serves another interval; no parameters of the network.
        self.factor = 2 / (domain.upper - domain.lower)
        self.offset = (domain.upper + domain.lower) / (domain.upper - domain.lower)

    @property
    def inputs(self) -> int:
        """The number of network inputs: one per coordinate, two per periodic one."""
        return sum(c.size * (2 if c.periodic else 1) for c in self.domain.coordinates)

    def __call__(self, point: Float[Array, " dim"]) -> Float[Array, " inputs"]:
        """The network inputs of one point, nondimensional, each within [-1, 1] inside the domain."""
        scaled = point * _like(self.factor, point) - _like(self.offset, point)
        parts = []
        for coordinate, part in zip(
            self.domain.coordinates, self.domain.slices().values(), strict=True
        ):
            if coordinate.periodic:
                angle = _like(np.pi, point) * scaled[part]
                parts += [jnp.cos(angle), jnp.sin(angle)]
            else:
                parts.append(scaled[part])
        return jnp.concatenate(parts)

    def at(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n inputs"]:
        """The network inputs of many points, in numpy."""
        lower, upper = self.domain.lower, self.domain.upper
        scaled = (2 * points - upper - lower) / (upper - lower)
        parts = []
        for coordinate, part in zip(
            self.domain.coordinates, self.domain.slices().values(), strict=True
        ):
            angle = np.pi * scaled[:, part]
            parts += [np.cos(angle), np.sin(angle)] if coordinate.periodic else [scaled[:, part]]
        return np.concatenate(parts, axis=1)


class Identity(eqx.Module):
    """The hard-constraint transform that changes nothing."""

    def __call__(self, values, point):
        del point
        return values


class FieldModel(eqx.Module):
    """A network behind its embedding, and a hard-constraint transform behind the network."""

    embedding: Embedding
    network: eqx.Module
    transform: eqx.Module

    def __call__(self, point: Float[Array, " dim"]) -> Float[Array, " fields"]:
        """The field values at one point in the domain's own coordinates."""
        values = jnp.atleast_1d(self.network(self.embedding(point)))  # type: ignore[operator]
        return self.transform(values, point)  # type: ignore[operator]


def _like(value, point):
    return jnp.asarray(value, dtype=point.dtype)


def random_dtype():
    """The float that the surrounding precision context makes the default."""
    return jax.dtypes.canonicalize_dtype(float)
