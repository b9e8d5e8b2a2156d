"""Products of polynomials and waves of the coordinates, one factor for each: what is smooth, in few.

Of degrees within an ellipsoid such products form a smooth function of a box as well as polynomials can
(Trefethen 2017: the Euclidean degree), with errors that fall exponentially where it is analytic.
"""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._domains import Domain
from ._base import Embedding

MOST = {1: 100, 2: 200}  # the largest degree along a coordinate, by the number of coordinates
MOST_BEYOND = 32  # with more of them
NONE = -1  # the degree of what is no product
WAVE = 2.0  # degrees that a wave counts, of which there is a cosine and a sine


def most_degree(dim: int) -> int:
    """The largest degree along a coordinate, of so many."""
    return MOST.get(dim, MOST_BEYOND)


Layout = Sequence[tuple[int, bool]]  # of each coordinate its size, and whether it is periodic


def layout_of(domain: Domain) -> tuple[tuple[int, bool], ...]:
    """The size of each coordinate, and whether it is periodic."""
    return tuple((coordinate.size, coordinate.periodic) for coordinate in domain.coordinates)


def turns_of(embedding: Embedding) -> Int[np.ndarray, " inputs"]:
    """For each input the one whose angle it turns with: itself, or the cosine of a sine's angle."""
    return turns_along(layout_of(embedding.domain), embedding.inputs)


def turns_along(layout: Layout, inputs: int) -> Int[np.ndarray, " inputs"]:
    """The same from a layout; what follows its inputs are features."""
    turns: list[int] = []
    for size, periodic in layout:
        first = len(turns)
        turns += [*range(first, first + size)] * (1 + periodic)
    return np.array([*turns, *range(len(turns), inputs)], np.int32)


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
    periodic = _periodic(layout_of(domain))
    costs = [WAVE / r if p else 1 / r for p, r in zip(periodic, reach, strict=True)]
    most = most_degree(domain.dim)
    radius, everything = 2 * min(costs), count_products(embedding)
    while True:
        found, squares = _within(radius, costs, periodic, most)
        if len(found) >= min(count + 2 * domain.dim + 1, everything):
            break
        radius *= 1.2
    degrees = _of_inputs(layout_of(domain), found[np.argsort(squares, kind="stable")])
    features = np.zeros((len(degrees), len(embedding.reaches)), np.int32)
    degrees = np.concatenate([degrees, features], axis=1)
    return degrees[np.sum(degrees, axis=1) > 1][:count]


def degrees_over_space(
    layout: Layout, sides: Int[np.ndarray, " space"]
) -> Int[np.ndarray, "functions inputs"]:
    """The degrees of all products over space within an ellipsoid, the lowest first.

    - `sides`: its half axes, in degrees, of which a wave counts `WAVE`; none for what follows space.
    """
    periodic = _periodic(layout)
    halves = np.concatenate([sides, np.zeros(len(periodic) - len(sides))])
    costs = [
        (WAVE if waves else 1.0) / half if half else np.inf
        for half, waves in zip(halves, periodic, strict=True)
    ]
    found, squares = _within(1.0 + 1e-12, costs, periodic, int(np.max(sides)))
    return _of_inputs(layout, found[np.argsort(squares, kind="stable")])


def _periodic(layout: Layout) -> list[bool]:
    """Whether each component of a point is periodic."""
    return [periodic for size, periodic in layout for _ in range(size)]


def _within(radius: float, costs: list[float], periodic: list[bool], most: int):
    """Numbers of the factors of all products within an ellipsoid, and the squares of their lengths.

    A periodic coordinate's number n is a cosine of (n + 1) / 2 waves, or a sine of n / 2.

    - `costs`: of a degree, or a wave, along each coordinate; `most`: the largest degree along any.
    """
    found, squares = np.zeros((1, 0), np.int32), np.zeros(1)
    for cost, waves in zip(costs, periodic, strict=True):
        number = np.arange(2 * most + 1 if waves else most + 1) if cost < np.inf else np.zeros(1, int)
        sizes = (np.ceil(number / 2) if waves else number) * (cost if cost < np.inf else 0.0)
        total = squares[:, None] + sizes[None] ** 2
        row, number = np.nonzero(total <= radius**2)
        found = np.concatenate([found[row], number[:, None]], axis=1)
        squares = total[row, number]
    return found, squares


def _of_inputs(
    layout: Layout, found: Int[np.ndarray, "functions dim"]
) -> Int[np.ndarray, "functions inputs"]:
    """Degrees along each input from the numbers of factors, see `_within`."""
    columns, axis = [], 0
    for size, periodic in layout:
        number = found[:, axis : axis + size]
        axis += size
        if periodic:
            odd = number % 2 == 1
            columns += [np.where(odd, (number + 1) // 2, 0), np.where(odd, 0, number // 2)]
        else:
            columns.append(number)
    return np.concatenate(columns, axis=1).astype(np.int32)


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
