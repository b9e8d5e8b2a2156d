"""Sums of products of networks of one coordinate each."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._basics._messages import listing, nearest
from .._basics._numbers import plain, whole_number
from ._base import AbstractArchitecture, AbstractField, generator, random_dtype
from ._mlp import ACTIVATIONS


class SeparableNetwork(AbstractField):
    """The sum over r of the products over the inputs of f_ir; maps one point (inputs,) to (fields,)."""

    weights: list[Float[Array, "inputs outputs units"]]
    biases: list[Float[Array, "inputs outputs"]]
    activation: Callable = eqx.field(static=True)
    rank: int = eqx.field(static=True)

    def __call__(self, inputs):
        hidden = inputs[:, None]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = self.activation(jnp.einsum("iou,iu->io", weight, hidden) + bias)
        factors = jnp.einsum("iou,iu->io", self.weights[-1], hidden) + self.biases[-1]
        products = jnp.prod(factors, axis=0).reshape(self.rank, -1)
        return jnp.sum(products, axis=0)


class SeparableMLP(AbstractArchitecture):
    """A network for many dimensions: $u = \\sum_r \\prod_i f_{ir}(x_i)$ (Cho et al. 2023, section 3).

    Each $f_i$ is a fully connected network of one scaled coordinate with an output for each r.

    - `rank`: how many products are summed.
    - `width`, `depth`: of the networks of one coordinate.
    - `activation`: a name, or a smooth function of one array.

    Raises `ValueError` for an unknown activation, and sizes that are not positive integers.
    """

    rank: int = eqx.field(static=True, converter=plain, default=8)
    width: int = eqx.field(static=True, converter=plain, default=10)
    depth: int = eqx.field(static=True, converter=plain, default=2)
    activation: str | Callable = eqx.field(static=True, default="tanh")

    def __check_init__(self):
        for name in ("rank", "width", "depth"):
            whole_number(name, getattr(self, name), 1, "must be a positive integer")
        if not callable(self.activation) and str(self.activation) not in ACTIVATIONS:
            raise ValueError(
                f"activation={self.activation!r} is not known; choose {listing(ACTIVATIONS)} or pass "
                "a function." + nearest(str(self.activation), ACTIVATIONS)
            )

    def _sizes(self, fields: int) -> list[tuple[int, int]]:
        """Outputs and units of every layer of a network of one coordinate."""
        sizes = [1, *[self.width] * self.depth, self.rank * fields]
        return list(zip(sizes[1:], sizes[:-1], strict=True))

    def parameter_count(self, inputs: int, fields: int) -> int:
        """How many parameters a network has, by arithmetic: it may be too large to be built."""
        return inputs * sum(outputs * (units + 1) for outputs, units in self._sizes(fields))

    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> SeparableNetwork:
        """A network whose factors start about one, so that no product of many vanishes or grows."""
        rng, sizes = generator(key), self._sizes(fields)
        weights, biases = [], []
        for outputs, units in sizes:
            scale = 1.0 if units == 1 else (1 / units) ** 0.5
            weights.append(scale * rng.standard_normal((inputs, outputs, units)))
            biases.append(np.zeros((inputs, outputs)))
        biases[0] = -weights[0][..., 0] * rng.uniform(-1, 1, (inputs, sizes[0][0]))
        biases[-1] += 1.0
        # Signs and sizes of the products differ, or all of them would learn the same.
        turned = rng.standard_normal(self.rank * fields) / self.rank**0.5
        weights[-1][0] *= turned[:, None]
        biases[-1][0] *= turned
        arrays = [[jnp.asarray(a, random_dtype()) for a in part] for part in (weights, biases)]
        function = self.activation if callable(self.activation) else ACTIVATIONS[self.activation]
        return SeparableNetwork(arrays[0], arrays[1], function, self.rank)
