"""Fully connected networks: plain, with Fourier features, and with sine activations."""

import abc
import math
from collections.abc import Callable
from numbers import Real

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._basics._messages import listing, nearest
from .._basics._numbers import plain
from ._base import AbstractArchitecture, AbstractField, generator, random_dtype

ACTIVATIONS: dict[str, Callable] = {
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "gelu": jax.nn.gelu,
    "silu": jax.nn.silu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
}


class Perceptron(AbstractField):
    """Affine layers with an activation between them; maps one point (inputs,) to (fields,)."""

    weights: list[Float[Array, "outputs inputs"]]
    biases: list[Float[Array, " outputs"]]
    activation: Callable = eqx.field(static=True)

    def __call__(self, inputs):
        hidden = inputs
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = self.activation(weight @ hidden + bias)
        return self.weights[-1] @ hidden + self.biases[-1]


class FourierPerceptron(AbstractField):
    """A perceptron on sines and cosines of fixed random frequencies of its inputs."""

    frequencies: tuple[tuple[float, ...], ...] = eqx.field(static=True)
    perceptron: Perceptron

    def __call__(self, inputs):
        phases = jnp.asarray(self.frequencies, dtype=inputs.dtype) @ inputs
        return self.perceptron(jnp.concatenate([inputs, jnp.cos(phases), jnp.sin(phases)]))


def _layer_sizes(inputs: int, fields: int, width: int, depth: int) -> list[tuple[int, int]]:
    sizes = [inputs, *[width] * depth, fields]
    return list(zip(sizes[1:], sizes[:-1], strict=True))


def _perceptron(weights, biases, activation) -> Perceptron:
    weights, biases = ([jnp.asarray(a, random_dtype()) for a in part] for part in (weights, biases))
    return Perceptron(weights, biases, activation)


def _glorot(shapes, rng: np.random.Generator, activation) -> Perceptron:
    """Normal weights of variance $2 / (n_{in} + n_{out})$ (Glorot and Bengio 2010, eq. 16)."""
    weights = [rng.standard_normal(s) * (2 / sum(s)) ** 0.5 for s in shapes]
    return _perceptron(weights, [np.zeros(s[0]) for s in shapes], activation)


def _spread(network: Perceptron, scale: tuple[float, ...], rng: np.random.Generator) -> Perceptron:
    """A network whose first layer has weights of another size and units all over the domain."""
    first = network.weights[0]
    if len(scale) not in (1, first.shape[1]):
        raise ValueError(
            f"scale={scale}: the network has {first.shape[1]} inputs (a periodic coordinate is two: "
            "cosine and sine); give one number for all, or one for each"
        )
    first = np.asarray(scale)[None] * rng.standard_normal(first.shape)
    centers = rng.uniform(-1, 1, first.shape)
    biases = [-np.sum(first * centers, axis=1), *network.biases[1:]]
    return _perceptron([first, *network.weights[1:]], biases, network.activation)


class _SizedArchitecture(AbstractArchitecture):
    """Networks with a width and a depth, both checked."""

    width: eqx.AbstractVar[int]
    depth: eqx.AbstractVar[int]

    def __check_init__(self):
        for name in ("width", "depth"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}={value!r}: must be a positive integer")

    def parameter_count(self, inputs: int, fields: int) -> int:
        """How many parameters a network has, by arithmetic: it may be too large to be built."""
        width = self.width
        return width * (inputs + 1) + (self.depth - 1) * width * (width + 1) + fields * (width + 1)

    @abc.abstractmethod
    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> AbstractField: ...


class MLP(_SizedArchitecture):
    """A fully connected network.

    - `width`: units per hidden layer.
    - `depth`: number of hidden layers.
    - `activation`: a name, or a smooth function of one array.
    - `scale`: standard deviation of the first layer's weights to start with, per unit of the scaled
      coordinates, with biases that center its units at points spread over the domain: 1 or 2 suit
      solutions with several wavelengths, for which most units would otherwise be all but linear. A
      tuple gives one for each input, in the order of the coordinates, a periodic one being two
      inputs. None for Glorot's weights (about 0.3) and no biases.
    - `features`: further inputs by name, functions of named coordinates that return a scalar: what the
      solution is a smooth function of where it is not one of the coordinates. Each is scaled by its
      values in the domain. None leaves it to the problem to find some (docs/points-and-networks.md);
      an empty dict means none.

    Raises `ValueError` for an unknown activation, a size that is not a positive integer, a scale that
    is not positive, and when solving starts for a tuple of another length than there are inputs.
    """

    width: int = eqx.field(static=True, converter=plain, default=20)
    depth: int = eqx.field(static=True, converter=plain, default=4)
    activation: str | Callable = eqx.field(static=True, default="tanh")
    scale: float | tuple[float, ...] | None = eqx.field(static=True, converter=plain, default=None)
    features: dict[str, Callable] | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.features is not None and not isinstance(self.features, dict):
            raise ValueError(f"features={self.features!r}: give a dict from names to functions")
        given = self.scale is None or len(self._scales) > 0
        if not given or not all(isinstance(s, Real) and 0 < s < math.inf for s in self._scales):
            raise ValueError(f"scale={self.scale!r}: must be positive, or None for Glorot's weights")
        if not callable(self.activation) and str(self.activation) not in ACTIVATIONS:
            raise ValueError(
                f"activation={self.activation!r} is not known; choose {listing(ACTIVATIONS)} or pass "
                "a function." + nearest(str(self.activation), ACTIVATIONS)
            )

    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> Perceptron:
        function = self.activation if callable(self.activation) else ACTIVATIONS[self.activation]
        rng = generator(key)
        begun = _glorot(_layer_sizes(inputs, fields, self.width, self.depth), rng, function)
        return begun if self.scale is None else _spread(begun, self._scales, rng)

    @property
    def _scales(self) -> tuple[float, ...]:
        if self.scale is None:
            return ()
        return tuple(self.scale) if isinstance(self.scale, (tuple, list)) else (self.scale,)


class FourierMLP(_SizedArchitecture):
    """A tanh network on random Fourier features (Tancik et al. 2020), beside the inputs themselves.

    - `width`, `depth`: as for `MLP`.
    - `features`: the number of random frequencies.
    - `scale`: their standard deviation, in radians per unit of the scaled coordinates.
    - `seed`: of the frequencies, which stay fixed.

    Of no use along a periodic coordinate, which is embedded already; the features then mix its
    cosine and sine. Raises `ValueError` for sizes that are not positive.
    """

    width: int = eqx.field(static=True, converter=plain, default=20)
    depth: int = eqx.field(static=True, converter=plain, default=4)
    features: int = eqx.field(static=True, converter=plain, default=16)
    scale: float = eqx.field(static=True, converter=plain, default=3.0)
    seed: int = eqx.field(static=True, converter=plain, default=0)

    def __check_init__(self):
        if not (isinstance(self.features, int) and self.features > 0 and 0 < self.scale < math.inf):
            raise ValueError(f"features={self.features!r}, scale={self.scale!r}: must be positive")

    def parameter_count(self, inputs: int, fields: int) -> int:
        """How many parameters a network has; its frequencies are none of them."""
        return super().parameter_count(inputs + 2 * self.features, fields)

    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> FourierPerceptron:
        # From a seed of their own, so that a saved network can be built again without storing them.
        rng = np.random.default_rng(self.seed)
        drawn = self.scale * rng.standard_normal((self.features, inputs))
        sizes = _layer_sizes(inputs + 2 * self.features, fields, self.width, self.depth)
        return FourierPerceptron(
            tuple(map(tuple, drawn.tolist())), _glorot(sizes, generator(key), jnp.tanh)
        )


class SineMLP(_SizedArchitecture):
    """Sine activations with the SIREN initialization (Sitzmann et al. 2020, section 3.2).

    - `width`, `depth`: as for `MLP`.
    - `frequency`: the factor $\\omega_0$ on the first layer's weights, radians per unit of the
      scaled coordinates; 30 suits images, solutions of differential equations want less.

    Raises `ValueError` for sizes that are not positive.
    """

    width: int = eqx.field(static=True, converter=plain, default=20)
    depth: int = eqx.field(static=True, converter=plain, default=4)
    frequency: float = eqx.field(static=True, converter=plain, default=5.0)

    def __check_init__(self):
        if not 0 < self.frequency < math.inf:
            raise ValueError(f"frequency={self.frequency!r}: must be positive")

    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> Perceptron:
        """A perceptron of sines with the initial weights of Sitzmann et al. (2020)."""
        shapes = _layer_sizes(inputs, fields, self.width, self.depth)
        # Uniform in +-sqrt(6 / n) keeps the distribution of activations; the first layer spans the
        # frequencies.
        bounds = [self.frequency / inputs] + [(6 / s[1]) ** 0.5 for s in shapes[1:]]
        rng = generator(key)
        weights = [b * rng.uniform(-1, 1, s) for s, b in zip(shapes, bounds, strict=True)]
        biases = [np.pi * rng.uniform(-1, 1, s[:1]) / s[1] ** 0.5 for s in shapes]
        biases[-1] = np.zeros_like(biases[-1])
        return _perceptron(weights, biases, jnp.sin)
