"""Numbers within bounds as smooth functions of numbers without."""

import dataclasses

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Bounded:
    """How an unknown follows from its entry x of the parameter vector.

    Without bounds it is s x. With one it is $l + (v - l) e^{(s x - v) / (v - l)}$, with two the
    logistic curve between both; either has the slope s where it starts, at v = s x.

    - `start`: v, `scale`: s.
    - `lower`, `upper`: the bounds, None for none.
    """

    start: float
    scale: float
    lower: float | None = None
    upper: float | None = None

    def value(self, entry):
        """The unknown of an entry of the parameter vector, a scalar."""
        plain = entry * self.scale
        if self.lower is None and self.upper is None:
            return plain
        moved = plain - self.start
        if self.upper is None:
            assert self.lower is not None
            above = self.start - self.lower
            return self.lower + above * jnp.exp(moved / above)
        if self.lower is None:
            below = self.upper - self.start
            return self.upper - below * jnp.exp(-moved / below)
        width = self.upper - self.lower
        share = (self.start - self.lower) / width
        steep = moved / (width * share * (1 - share))
        return self.lower + width * jax.nn.sigmoid(jnp.log(share / (1 - share)) + steep)

    def slope(self, entry) -> float:
        """How the unknown changes with its entry."""
        return float(jax.grad(self.value)(jnp.asarray(entry, float)))

    def holds(self, value: float) -> str:
        """The bound at which a value lies, to a millionth of the start's distance; else empty."""
        for bound, word in ((self.lower, "lower"), (self.upper, "upper")):
            if bound is not None and abs(value - bound) <= 1e-6 * abs(self.start - bound):
                return f"{word} bound {bound:g}"
        return ""
