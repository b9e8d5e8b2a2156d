"""Products of polynomials and waves of the coordinates, one factor for each: what is smooth, in few.

Of degrees within an ellipsoid such products form a smooth function of a box as well as polynomials can
(Trefethen 2017: the Euclidean degree), with errors that fall exponentially where it is analytic.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ._base import Embedding

MOST = {1: 100, 2: 200}  # the largest degree along a coordinate, by the number of coordinates
MOST_BEYOND = 32  # with more of them
NONE = -1  # the degree of what is no product
WAVE = 2.0  # degrees that a wave counts, of which there is a cosine and a sine


def most_degree(dim: int) -> int:
    """The largest degree along a coordinate, of so many."""
    return MOST.get(dim, MOST_BEYOND)


def turns_of(embedding: Embedding) -> Int[np.ndarray, " inputs"]:
    """For each input the one whose angle it turns with: itself, or the cosine of a sine's angle."""
    turns: list[int] = []
    for coordinate in embedding.domain.coordinates:
        first, size = len(turns), coordinate.size
        turns += range(first, first + size)
        if coordinate.periodic:
            turns += range(first, first + size)
    features = range(len(turns), embedding.inputs)
    return np.array([*turns, *features], np.int32)


def count_products(embedding: Embedding) -> float:
    """How many products there are."""
    domain = embedding.domain
    most = most_degree(domain.dim)
    return math.prod(float((1 + c.periodic) * most + 1) ** c.size for c in domain.coordinates)


def product_degrees(
    embedding: Embedding, reach: Float[np.ndarray, " dim"], count: int
) -> Int[np.ndarray, "functions inputs"]:
    """The degrees of so many products, lowest first; fewer where that is all there are.

    - `reach`: how far degrees reach along each coordinate in proportion, (dim,).

    What is constant, or an input itself, is left out.
    """
    domain = embedding.domain
    periodic = [c.periodic for c in domain.coordinates for _ in range(c.size)]
    costs = [WAVE / r if p else 1 / r for p, r in zip(periodic, reach, strict=True)]
    most = most_degree(domain.dim)
    # A periodic coordinate's number n is a cosine of (n + 1) / 2 waves, or a sine of n / 2.
    numbers = [2 * most + 1 if p else most + 1 for p in periodic]
    sizes = [
        cost * (np.ceil(np.arange(n) / 2) if p else np.arange(n))
        for cost, n, p in zip(costs, numbers, periodic, strict=True)
    ]
    radius, everything = 2 * min(costs), count_products(embedding)
    while True:
        found, squares = np.zeros((1, 0), np.int32), np.zeros(1)
        for size in sizes:
            total = squares[:, None] + size[None] ** 2
            row, number = np.nonzero(total <= radius**2)
            found = np.concatenate([found[row], number[:, None]], axis=1)
            squares = total[row, number]
        if len(found) >= min(count + 2 * domain.dim + 1, everything):
            break
        radius *= 1.2
    found = found[np.argsort(squares, kind="stable")]
    columns, axis = [], 0
    for coordinate in domain.coordinates:
        number = found[:, axis : axis + coordinate.size]
        axis += coordinate.size
        if coordinate.periodic:
            odd = number % 2 == 1
            columns += [np.where(odd, (number + 1) // 2, 0), np.where(odd, 0, number // 2)]
        else:
            columns.append(number)
    features = np.zeros((len(found), len(embedding.reaches)))
    degrees = np.concatenate([*columns, features], axis=1).astype(np.int32)
    return degrees[np.sum(degrees, axis=1) > 1][:count]


def products_of(
    inputs: Float[Array, " inputs"],
    degrees: Int[Array, "functions inputs"],
    turns: Int[Array, " inputs"],
    most: int,
) -> Float[Array, " functions"]:
    """Chebyshev polynomials of the inputs, cosines and sines of their angles, multiplied.

    All by one recurrence, in a loop: $f_{n+1} = 2 a f_n - f_{n-1}$, with a the input itself, or the
    cosine of a sine's angle.

    - `turns`: see `turns_of`, `most`: the largest degree.
    """
    sines = turns != jnp.arange(len(inputs), dtype=turns.dtype)
    along = 2 * inputs[turns]

    def recur(n, carry):
        table, below, here = carry
        return table.at[n].set(here), here, along * here - below

    first = jnp.where(sines, 0.0, 1.0).astype(inputs.dtype), inputs
    table = jnp.ones((most + 1, len(inputs)), inputs.dtype)
    highest = jnp.max(degrees, initial=0)  # no further, however much room there is
    table = jax.lax.fori_loop(1, highest + 1, recur, (table, *first))[0]
    factors = table[jnp.maximum(degrees, 0), jnp.arange(len(inputs))]
    return jnp.where(degrees[:, 0] == NONE, 0.0, jnp.prod(factors, axis=1))
