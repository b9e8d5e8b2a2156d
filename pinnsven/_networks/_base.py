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

from .._calculus._layout import FieldPlace
from .._domains import AbstractShape, Domain, Interior, Sobol
from ._features import AbstractFeature, feature_scales, feature_values

LOOKED_AT = 4096  # points at which a feature's range is seen


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

    - `features`: functions of the point that follow the coordinates.
    - `factor`, `center`: of the scaling of coordinates, (dim,).
    - `reaches`, `centers`: of the features, which are scaled to [-1, 1] too.
    - `stretches`, `shifts`: where fields have parts of the domain of their own, or fewer coordinates:
      the inputs z of each field are a z + b, (fields, inputs); no rows where all fields have the same.
    - `parts`: where those fields live, None for everywhere; empty where all have the same inputs.

    Raises `ValueError` for a feature that is not finite, or is the same everywhere.
    """

    domain: Domain = eqx.field(static=True)
    factor: Float[np.ndarray, " dim"]
    center: Float[np.ndarray, " dim"]
    features: tuple[AbstractFeature, ...]
    reaches: Float[np.ndarray, " count"]
    centers: Float[np.ndarray, " count"]
    stretches: Float[np.ndarray, "fields inputs"]
    shifts: Float[np.ndarray, "fields inputs"]
    parts: tuple[AbstractShape | None, ...] = eqx.field(static=True)

    def __init__(
        self,
        domain: Domain,
        features: tuple[AbstractFeature, ...] = (),
        places: tuple[FieldPlace, ...] = (),
    ):
        self.domain, self.features = domain, features
        # Arrays, so that the same program serves another interval; no parameters of the network.
        self.factor = 2 / (domain.upper - domain.lower)
        self.center = (domain.upper + domain.lower) / 2
        looked_at = np.zeros((0, domain.dim))
        if features:
            looked_at, _ = Interior(domain).draw(LOOKED_AT, Sobol(), np.random.default_rng(0))
        self.centers, self.reaches = feature_scales(features, looked_at)
        self.stretches, self.shifts = self._own_inputs(places)
        self.parts = tuple(place.part for place in places) if len(self.stretches) else ()

    def _own_inputs(self, places: tuple[FieldPlace, ...]):
        """The factors and the shifts of every field's inputs."""
        if all(place.part is None and place.of is None for place in places):
            return np.zeros((2, 0, self.inputs))
        rows = []
        for place in places:
            lower, upper = self.domain.lower.copy(), self.domain.upper.copy()
            if place.part is not None:
                lower[: self.domain.space_dim] = place.part.lower
                upper[: self.domain.space_dim] = place.part.upper
            # From the whole domain scaled to [-1, 1] to the part scaled to that.
            factor = 2 / (upper - lower) / self.factor
            shift = (2 * self.center - upper - lower) / (upper - lower)
            row = []
            for coordinate, part in zip(
                self.domain.coordinates, self.domain.slices().values(), strict=True
            ):
                known = place.of is None or coordinate.name in place.of
                if coordinate.periodic:
                    row += [np.full(2 * coordinate.size, float(known)), np.zeros(2 * coordinate.size)]
                else:
                    row += [known * factor[part], known * shift[part]]
            # Features may know the coordinates that a field does not depend on.
            row += [np.full(len(self.reaches), float(place.of is None)), np.zeros(len(self.reaches))]
            rows.append([np.concatenate(row[0::2]), np.concatenate(row[1::2])])
        return np.swapaxes(np.array(rows), 0, 1)

    @property
    def inputs(self) -> int:
        """The number of network inputs: one per coordinate, two per periodic one, and the features."""
        plain = sum(c.size * (2 if c.periodic else 1) for c in self.domain.coordinates)
        return plain + len(self.reaches)

    def per_input(self, values: Float[np.ndarray, "*n dim"]) -> Float[np.ndarray, "*n inputs"]:
        """Numbers of the coordinates as those of the inputs; one for features."""
        coordinates = zip(self.domain.coordinates, self.domain.slices().values(), strict=True)
        parts = [part for c, p in coordinates for part in [values[..., p]] * (1 + c.periodic)]
        return np.concatenate([*parts, np.ones((*values.shape[:-1], len(self.reaches)))], axis=-1)

    def __call__(self, point: Float[Array, " dim"]) -> Float[Array, "*rows inputs"]:
        """The network inputs of one point, nondimensional, each within [-1, 1] inside the domain.

        Where fields have inputs of their own those of the domain are the first row, and those of each
        field follow.
        """
        # The center first: far from the origin the product would lose the digits that differ.
        scaled = (point - _like(self.center, point)) * _like(self.factor, point)
        parts = []
        for coordinate, part in zip(
            self.domain.coordinates, self.domain.slices().values(), strict=True
        ):
            if coordinate.periodic:
                angle = _like(np.pi, point) * scaled[part]
                parts += [jnp.cos(angle), jnp.sin(angle)]
            else:
                parts.append(scaled[part])
        if self.features:
            values = jnp.concatenate([feature(point) for feature in self.features])
            parts.append((values - _like(self.centers, point)) / _like(self.reaches, point))
        inputs = jnp.concatenate(parts)
        if not len(self.stretches):
            return inputs
        own = _like(self.stretches, point) * inputs[None] + _like(self.shifts, point)
        return jnp.concatenate([inputs[None], own])

    def at(self, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n inputs"]:
        """The network inputs of many points in the whole domain, in numpy."""
        lower, upper = self.domain.lower, self.domain.upper
        scaled = (2 * points - upper - lower) / (upper - lower)
        parts = []
        for coordinate, part in zip(
            self.domain.coordinates, self.domain.slices().values(), strict=True
        ):
            angle = np.pi * scaled[:, part]
            parts += [np.cos(angle), np.sin(angle)] if coordinate.periodic else [scaled[:, part]]
        if self.features:
            parts.append((feature_values(self.features, points) - self.centers) / self.reaches)
        return np.concatenate(parts, axis=1)


def in_combination(functions, inputs, coefficients) -> Float[Array, " fields"]:
    """The combination of functions that each field is, at one point.

    - `functions`: maps the inputs of the domain, those of a field and its number to values
      (functions,); of inputs alone where all fields have these.
    - `inputs`: as `Embedding` gives them.
    - `coefficients`: (functions, fields).
    """
    values = by_field(functions, inputs)
    if inputs.ndim == 1:
        return values[0] @ coefficients
    return jnp.sum(values.T * coefficients, axis=0)


def by_field(functions, inputs) -> Float[Array, "fields functions"]:
    """The functions of each field at one point; one row for all fields that have the same inputs.

    - `functions`, `inputs`: as for `in_combination`.
    """
    if inputs.ndim == 1:
        return functions(inputs)[None]
    numbers = jnp.arange(len(inputs) - 1)
    return jax.vmap(lambda own, number: functions(inputs[0], own, number))(inputs[1:], numbers)


class Together(AbstractField):
    """Several networks, each of which gives some of the fields.

    - `networks`: each sees the inputs of its first field.
    - `groups`: the numbers of the fields that each gives.
    """

    networks: tuple[eqx.Module, ...]
    groups: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    def __call__(self, inputs):
        found = {}
        for network, group in zip(self.networks, self.groups, strict=True):
            given = inputs[1 + group[0]] if inputs.ndim == 2 else inputs
            values = jnp.atleast_1d(network(given))  # type: ignore[operator]
            found |= {number: values[i] for i, number in enumerate(group)}
        return jnp.stack([found[number] for number in range(len(found))])


class Identity(eqx.Module):
    """The hard-constraint transform that changes nothing."""

    def __call__(self, values, point):
        del point
        return values


class Scaling(eqx.Module):
    """The unit and the zero of every field: u = shift + size N, with N what the network gives.

    - `shift`, `size`: in the fields' units, (fields,).
    """

    shift: Float[np.ndarray, " fields"]
    size: Float[np.ndarray, " fields"]

    @classmethod
    def none(cls, fields: int) -> "Scaling":
        """The scaling that changes nothing."""
        return cls(np.zeros(fields), np.ones(fields))  # type: ignore[call-arg]

    def __call__(self, values):
        """u from N at one point, (fields,)."""
        return _like(self.shift, values) + _like(self.size, values) * values

    def units(self, values):
        """N from u at one point, (fields,)."""
        return (values - _like(self.shift, values)) / _like(self.size, values)


class Alone(eqx.Module):
    """What is added to a network where nothing is."""

    def __call__(self, values, inputs):
        del inputs
        return values


class FieldModel(eqx.Module):
    """A network behind its embedding; its units and a hard-constraint transform behind the network.

    What is solved for is in `network` and `transform`.

    - `scaling`: of the network's values.
    - `addition`: maps the network's values and inputs to values with something added.
    - `built_in`: maps values in the fields' units and a point to values that hold what is built in.
    """

    embedding: Embedding
    network: eqx.Module
    transform: eqx.Module
    scaling: Scaling
    addition: eqx.Module
    built_in: eqx.Module

    def __call__(self, point: Float[Array, " dim"]) -> Float[Array, " fields"]:
        """The field values at one point in the domain's own coordinates."""
        inputs = self.embedding(point)
        values = jnp.atleast_1d(self.network(inputs))  # type: ignore[operator]
        values = self.addition(values, inputs)  # type: ignore[operator]
        values = self.built_in(self.scaling(values), point)  # type: ignore[operator]
        return self.transform(values, point)  # type: ignore[operator]


def _like(value, point):
    return jnp.asarray(value, dtype=point.dtype)


def random_dtype():
    """The float that the surrounding precision context makes the default."""
    return jax.dtypes.canonicalize_dtype(float)


def generator(key: PRNGKeyArray) -> np.random.Generator:
    """Numpy's random numbers from a key of JAX: they are drawn at once, with nothing to compile."""
    typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    return np.random.default_rng(np.asarray(jax.random.key_data(key) if typed else key))
