"""Products over space whose coefficients move in time: what `evolve` finds, as a network."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from .._basics._numbers import plain
from ._base import AbstractArchitecture, AbstractField, random_dtype
from ._products import degrees_over_space, products_of, turns_along

NEIGHBOURS = 8  # states that a polynomial between them goes through


class Between(eqx.Module):
    """States between those at the ends of steps: polynomials through the nearest of them.

    Their slopes are not used: in a stiff system these are the rounding of states, magnified.

    - `times`, `states`: (steps + 1,) and (steps + 1, size).
    - `parts`: at each time how many edges have passed, over which no polynomial reaches.
    """

    times: Float[Array | np.ndarray, " moments"]
    states: Float[Array | np.ndarray, "moments size"]
    parts: Int[Array | np.ndarray, " moments"]

    def __call__(self, t) -> Float[Array, " size"]:
        """The state at a time."""
        last = len(self.times) - 1
        number = min(NEIGHBOURS, last + 1)
        times, parts = jnp.asarray(self.times), jnp.asarray(self.parts)
        here = jnp.clip(
            jnp.searchsorted(times, jax.lax.stop_gradient(t), side="right") - 1, 0, last - 1
        )
        first = jnp.clip(here - (number // 2 - 1), 0, last + 1 - number)
        near = jax.lax.dynamic_slice_in_dim(times, first, number)
        # The end of a step at an edge belongs to what is before it too.
        own = jax.lax.dynamic_slice_in_dim(parts, first, number)
        number_of = first + jnp.arange(number, dtype=first.dtype)
        mine = (own == parts[here]) | (number_of == here + 1)
        others = mine[None] & ~jnp.eye(number, dtype=bool)
        away = jnp.where(others, near[:, None] - near[None], 1.0)
        shares = jnp.where(others, (t - near)[None] / away, 1.0)
        weights = jnp.where(mine, jnp.prod(shares, axis=1), 0.0)
        return weights @ jax.lax.dynamic_slice_in_dim(jnp.asarray(self.states), first, number)


class Trajectory(AbstractField):
    """Products over space, the coefficients of which are given at moments.

    - `between`: these, in the input that is time; each state is (functions, fields) as one vector.
    - `degrees`, `turns`: of the products, see `products_of`.
    - `time`: the number of that input, `most`: the largest degree.
    """

    between: Between
    degrees: Int[np.ndarray, "functions inputs"]
    turns: Int[np.ndarray, " inputs"]
    time: int = eqx.field(static=True)
    most: int = eqx.field(static=True)

    def __call__(self, inputs):
        coefficients = self.between(inputs[self.time]).reshape(len(self.degrees), -1)
        degrees, turns = jnp.asarray(self.degrees), jnp.asarray(self.turns)
        return products_of(inputs, degrees, turns, self.most) @ coefficients


class ProductsInTime(AbstractArchitecture):
    """Products over space with coefficients at moments, as `evolve` finds them.

    - `layout`: of each coordinate, time the last, its size and whether it is periodic.
    - `sides`: of the ellipsoid of degrees, one for each component of a place.
    - `moments`: how many, `breaks`: before which of them rates jump.
    """

    layout: tuple[tuple[int, bool], ...] = eqx.field(static=True)
    sides: tuple[int, ...] = eqx.field(static=True)
    moments: int = eqx.field(static=True, converter=plain)
    breaks: tuple[int, ...] = eqx.field(static=True, default=())

    def __check_init__(self):
        places = sum(size for size, _ in self.layout[:-1])
        if len(self.sides) != places or min(self.sides, default=0) < 1 or self.moments < 2:
            raise ValueError(
                f"sides={self.sides!r}, moments={self.moments!r}: do not fit {self.layout!r}"
            )

    @property
    def degrees(self) -> Int[np.ndarray, "functions inputs"]:
        """Of all products."""
        return degrees_over_space(self.layout, np.array(self.sides))

    def parameter_count(self, inputs: int, fields: int) -> int:
        """How many numbers describe it."""
        del inputs
        return self.moments * (1 + fields * len(self.degrees))

    def build(self, inputs: int, fields: int, key: PRNGKeyArray) -> Trajectory:
        del key
        degrees = self.degrees
        times = np.linspace(-1, 1, self.moments).astype(random_dtype())
        states = np.zeros((self.moments, fields * len(degrees)), random_dtype())
        parts = np.searchsorted(np.array(self.breaks, int), np.arange(self.moments), side="right")
        between = Between(times, states, parts)  # type: ignore[call-arg]
        turns = turns_along(self.layout, inputs)
        return Trajectory(between, degrees, turns, inputs - 1, int(np.max(degrees)))  # type: ignore[call-arg]
