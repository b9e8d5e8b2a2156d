"""A network with one hidden layer that is drawn, not trained."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._basics._numbers import plain
from ._base import AbstractArchitecture, AbstractField, random_dtype
from ._drawn import FLATTEST, draw_slopes

DEFAULT = 400  # units


class _Layer:
    """Weights and biases that are part of a network's structure: equal where their numbers are."""

    def __init__(self, weights: np.ndarray, biases: np.ndarray):
        self.weights, self.biases = weights, biases

    def __eq__(self, other) -> bool:
        return isinstance(other, _Layer) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple:
        return self.weights.shape, self.weights.tobytes(), self.biases.tobytes()


class LastLayer(AbstractField):
    """A combination of drawn tanh units; maps one point (inputs,) to (fields,)."""

    weights: Float[Array, "fields units"]
    bias: Float[Array, " fields"]
    hidden: _Layer = eqx.field(static=True)

    def __call__(self, inputs):
        weights = jnp.asarray(self.hidden.weights, inputs.dtype)
        units = jnp.tanh(weights @ inputs + jnp.asarray(self.hidden.biases, inputs.dtype))
        return self.weights @ units + self.bias


class RandomFeatures(AbstractArchitecture):
    """A hidden layer of tanh units that is drawn, and only their combination solved for.

    Where the conditions are affine in the fields that is one least-squares solve, the whole solution;
    where they are mildly nonlinear, a few. Where Sven decides everything (no unknowns, readings,
    points or number of steps of yours) the units' slopes are chosen by the residual on fresh points;
    with None for `units` their number is doubled as long as that falls. Else the network below is
    trained like any other.

    - `units`: their number for each field; None to let it grow.
    - `scale`: the largest standard deviation of their weights, per unit of the scaled coordinates.
    - `seed`: of the units, which stay fixed.

    Source: Rahimi and Recht (2007); for differential equations Dwivedi and Srinivasan (2020). Raises
    `ValueError` for a number of units or a scale that is not positive.
    """

    units: int | None = eqx.field(static=True, converter=plain, default=None)
    scale: float = eqx.field(static=True, converter=plain, default=4.0)
    seed: int = eqx.field(static=True, converter=plain, default=0)

    def __check_init__(self):
        units = self.units
        if units is not None and (isinstance(units, bool) or not isinstance(units, int) or units < 1):
            raise ValueError(f"units={units!r}: must be a positive integer, or None to let it grow")
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"scale={self.scale!r}: must be positive")

    @property
    def number(self) -> int:
        """The units of the network that is trained where no units may be chosen."""
        return DEFAULT if self.units is None else self.units

    def parameter_count(self, inputs: int, fields: int) -> int:
        """How many parameters a network has."""
        del inputs
        return fields * (self.number + 1)

    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> LastLayer:
        # From a seed of its own, so that a saved network can be built again without storing it.
        del key
        rng = np.random.default_rng(self.seed)
        slopes = (FLATTEST, max(self.scale, FLATTEST))
        weights = draw_slopes((self.number, inputs), slopes, rng)
        biases = -np.sum(weights * rng.uniform(-1, 1, weights.shape), axis=1)
        last = jnp.zeros((fields, self.number), random_dtype())
        hidden = _Layer(weights, biases)
        return LastLayer(last, jnp.zeros(fields, random_dtype()), hidden)  # type: ignore[call-arg]
