"""Where points fall in the unit cube, and how they are drawn again where the residual is large.

A domain maps unit-cube points to itself, so a sampler knows nothing of shapes. Sobol points are the
default: they cover evenly at every number, which matters because a second-order method drives the
residual to zero at the points it sees and nowhere else.
"""

import abc

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ._sequences import sobol


class AbstractSampler(eqx.Module):
    """Draws points in the unit cube."""

    @abc.abstractmethod
    def draw(self, count: int, dim: int, rng: np.random.Generator) -> Float[np.ndarray, "count dim"]:
        """Exactly `count` points of $[0, 1)^{dim}$."""

    def choose(self, available: int, count: int) -> np.ndarray:
        """Which of the points that a shape kept are used: the first ones, for a sequence."""
        del available
        return np.arange(count)


class Sobol(AbstractSampler):
    """Owen-scrambled Sobol points (Sobol 1967; scrambling by Owen 1998; through scipy)."""

    def draw(self, count: int, dim: int, rng: np.random.Generator) -> Float[np.ndarray, "count dim"]:
        # scipy warns about counts that are not powers of two: draw the power above and cut.
        exponent = max(count - 1, 0).bit_length()
        # It also spawns from its generator, which no saved state records: give it one of its own.
        scrambling = np.random.default_rng(rng.integers(2**63))
        return sobol(dim, exponent, scrambling)[:count]


class Uniform(AbstractSampler):
    """Independent uniform points."""

    def draw(self, count: int, dim: int, rng: np.random.Generator) -> Float[np.ndarray, "count dim"]:
        return rng.random((count, dim))


class Grid(AbstractSampler):
    """A point in each cell of the coarsest regular grid with at least `count` cells.

    The grid is shifted by a random part of a cell along each axis, another one in each draw: on the
    same points again, nothing would be held out. Where it has more cells than asked for, an evenly
    spread choice of them is returned.
    """

    def draw(self, count: int, dim: int, rng: np.random.Generator) -> Float[np.ndarray, "count dim"]:
        per_axis = max(round(count ** (1 / dim)), 1)
        while per_axis**dim < count:
            per_axis += 1
        axes = (np.arange(per_axis)[:, None] + rng.random(dim)) / per_axis
        cells = np.stack(np.meshgrid(*axes.T, indexing="ij"), axis=-1).reshape(-1, dim)
        return cells[self.choose(len(cells), count)]

    def choose(self, available: int, count: int) -> np.ndarray:
        """An even choice: the first cells of a grid would all lie at one end."""
        return np.linspace(0, available - 1, count).round().astype(int)


def relative_density(
    size: Float[np.ndarray, " n"], pool: Float[np.ndarray, " pool"]
) -> Float[np.ndarray, " n"]:
    """The density of residual-weighted draws over that of even ones, where the residual has a size.

    $(|R| / \\mathrm{mean}|R| + 0.1) / 1.1$: the constant keeps every region reachable, as in
    residual-based adaptive distribution (Wu, Zhu, Tan, Kartha, Lu 2023, eq. 2, with exponent 1).

    - `pool`: the sizes whose mean counts. If that is zero or not finite, the density is even.
    """
    mean = np.abs(pool).mean()
    if not (np.isfinite(mean) and mean > 0):
        return np.ones_like(size)
    return (np.abs(size) / mean + 0.1) / 1.1


def weighted_choice(
    size: Float[np.ndarray, " pool"], count: int, rng: np.random.Generator
) -> np.ndarray:
    """Indices of `count` pool members, drawn without repetition with odds of `relative_density`."""
    odds = relative_density(size, size)
    return rng.choice(len(odds), size=count, replace=False, p=odds / odds.sum())
