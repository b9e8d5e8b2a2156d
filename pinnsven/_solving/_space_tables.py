"""What conditions ask of products over space, found once for all moments: see `_moving_products`."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._conditions import Block
from .._networks import Embedding, products_of, turns_of
from .._problem import Problem
from ._asked import numbers_of
from ._drawn_programs import flat_values, owners_of

MOST = (512, 64, 20)  # degrees along a coordinate, by how many there are
POINTS, FUNCTIONS = 256, 64  # of one table: others are made of these


@dataclasses.dataclass
class SpaceTable:
    """What a condition asks of all functions at its points.

    - `still`, `moving`: by value, (points, functions), of the coefficients and of their rates; None for
      nothing but zeros.
    - `owners`: the field of each value.
    """

    block: Block
    points: np.ndarray
    normals: np.ndarray
    shares: np.ndarray
    owners: list[int]
    still: list[Float[np.ndarray, "points functions"] | None]
    moving: list[Float[np.ndarray, "points functions"] | None]


class SpaceTables:
    """Makes tables of any products over space, in one program for each condition.

    - `problem`: whose conditions ask.
    """

    def __init__(self, problem: Problem):
        self._domain = problem.domain
        self._numbers = {name: jnp.asarray(n) for name, n in numbers_of(problem).items()}
        self._fields = len(problem.fields)
        self.embedding = Embedding(problem.domain)
        self._turns, self._programs = jnp.asarray(turns_of(self.embedding)), {}

    def functions_at(self, point, degrees, most: int) -> Float[Array, " functions"]:
        """All functions at a point.

        - `most`: what their degrees may be at most.
        """
        return products_of(self.embedding(point), degrees, self._turns, most)

    def of(self, block: Block, points, normals, shares, degrees) -> SpaceTable:
        """The table of a condition at points."""
        if block.name not in self._programs:
            self._programs[block.name] = self._program(block)
        program = self._programs[block.name]
        size, portions = len(points), range(0, len(degrees), FUNCTIONS)
        found = []
        for first in range(0, size, POINTS):
            given = (_filled(part[first : first + POINTS], POINTS) for part in (points, normals))
            place, normal = map(jnp.asarray, given)
            columns = []
            for begin in portions:
                mine = _filled(degrees[begin : begin + FUNCTIONS], FUNCTIONS)
                columns.append(np.asarray(program(place, normal, jnp.asarray(mine))))
            found.append(np.concatenate(columns, axis=3)[:, :, : size - first, : len(degrees)])
        whole = np.concatenate(found, axis=2)
        still, moving = ([v if np.any(v) else None for v in part] for part in whole)
        return SpaceTable(block, points, normals, shares, owners_of(block), still, moving)

    def _program(self, block: Block) -> Callable:
        """Values of functions in the terms of a condition, (2, values, points, functions).

        First of the functions as they are, then times t - t_0: at t_0 these have a rate, nothing else.
        """
        domain, most = self._domain, max(MOST)
        began, axis = domain.time.start, domain.dim - 1  # type: ignore[union-attr]

        def at(point, normal, degrees, moves):
            point = point.at[axis].set(began)

            def fields(place):
                factor = jnp.where(moves, place[axis] - began, 1.0)
                functions = factor * self.functions_at(place, degrees, most)
                return jnp.broadcast_to(functions, (self._fields, FUNCTIONS))

            return flat_values(block, block.plan.evaluate(fields, point, normal, self._numbers), 1)

        each = jax.vmap(jax.vmap(at, (0, 0, None, None), 1), (None, None, None, 0))
        return jax.jit(lambda p, n, degrees: each(p, n, degrees, jnp.array([False, True])))


def _filled(rows: np.ndarray, number: int) -> np.ndarray:
    """So many rows, with zeros after those there are."""
    return np.concatenate([rows, np.zeros((number - len(rows), *rows.shape[1:]), rows.dtype)])
