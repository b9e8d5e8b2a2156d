"""Where points, and the functions that are drawn, lie closer than elsewhere: layers, and spots.

A source or a prescribed value that is concentrated is a *spot*: few points would fall into it, and no
function that is drawn at large is as narrow. About a spot lengths are drawn between its width and the
size of the domain, evenly by their logarithms, as a graded mesh has them (Babuska, Kellogg, Pitkaranta
1979): what a spot does fades from it, and is as narrow as its distance from there.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from .._conditions import Block
from .._domains import Facets, Interior, Moment
from .._networks import Closer, Layer
from ._reading import holds_at

LAYER_SHARE = 0.3  # of an equation's points, in boundary layers
SPOT_SHARE = 0.7  # of the points of a condition, and of drawn functions, about spots
MOST_MULTIPLIED = 4  # coordinates, of which products of polynomials and waves are tried
POOL = 16  # candidates for each point of a boundary that is drawn about a spot


@dataclasses.dataclass(frozen=True)
class Spot:
    """A place about which what is prescribed is concentrated.

    - `center`: of the domain's coordinates, (dim,).
    - `widths`: along each of them, (dim,), in its unit; the domain's extent where it is not narrow.
    """

    center: Float[np.ndarray, " dim"]
    widths: Float[np.ndarray, " dim"]

    def lengths(self, extents, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count dim"]:
        """Lengths along each coordinate, between those of the spot and those of the domain."""
        return extents * (self.widths / extents) ** rng.random((count, 1))

    def density(self, points, extents) -> Float[np.ndarray, " n"]:
        """How much closer points lie about the spot, but for a factor, (n,)."""
        narrow = self.widths < extents
        away = ((points - self.center) / extents)[:, narrow]
        least = np.exp(np.mean(np.log(self.widths[narrow] / extents[narrow])))
        return (np.sum(away**2, axis=1) + least**2) ** (-0.5 * narrow.sum())


@dataclasses.dataclass(frozen=True)
class Focus:
    """Boundary layers and spots of a problem.

    - `extents`: of the domain, (dim,).
    - `screening`, `biharmonic`: how what holes do fades from them, see `pinnsven._solving._fading`.
    """

    extents: Float[np.ndarray, " dim"]
    layers: tuple[Layer, ...] = ()
    spots: tuple[Spot, ...] = ()
    screening: float = 0.0
    biharmonic: bool = False

    def gather(self, block: Block, points, normals, rng: np.random.Generator, draw: Callable):
        """Points and normals of a condition, some of them moved to where they have to be closer.

        - `points`, `normals`: as drawn over all of its site, and `draw` draws so many more.
        """
        if block.interior:
            self._into_layers(points, rng)
        if not self.spots:
            return points, normals
        if isinstance(block.site, (Interior, Moment)):
            return self._about_spots(block, points, rng), normals
        # The ends of a rod are all there is: none may be taken twice, and the other left out.
        if isinstance(block.site, Facets) and block.site.finite is None:
            more, sides = draw(POOL * len(points))
            sizes = sum(s.density(more, self.extents) for s in self.spots)
            chosen = rng.choice(len(more), len(points), p=sizes / np.sum(sizes))
            moved = rng.random(len(points)) < SPOT_SHARE
            points = np.where(moved[:, None], more[chosen], points)
            normals = np.where(moved[:, None], sides[chosen], normals)
        return points, normals

    @property
    def around(self) -> dict[str, Any]:
        """What of a problem decides how its drawn functions lie and fade: see `DrawnUnits.draw`."""
        return {
            "closer": self.closer,
            "screening": self.screening,
            "biharmonic": self.biharmonic,
            "multiplies": not self.spots and len(self.extents) <= MOST_MULTIPLIED,
        }

    @property
    def closer(self) -> Closer | None:
        """How drawn functions lie closer about spots; None where there are none."""
        return self._moved if self.spots else None

    def _moved(
        self, places: Float[np.ndarray, "n dim"], rng: np.random.Generator, free: int | None = None
    ):
        """Places, some of them moved about spots, and how much finer all is there than at large.

        - `free`: how many of the coordinates may change, the first ones; None for all.

        Returns both, (n, dim); what is as wide as at large has one.
        """
        places, finer = places.copy(), np.ones(places.shape)
        first = np.arange(places.shape[1]) < (places.shape[1] if free is None else free)
        for spot, mine in self._shares(len(places)):
            lengths = spot.lengths(self.extents, mine.sum(), rng)
            moved = spot.center + lengths * rng.standard_normal(lengths.shape)
            narrow = (spot.widths < self.extents) & first
            places[np.ix_(mine, narrow)] = moved[:, narrow]
            finer[mine] = self.extents / lengths
        return places, finer

    def _shares(self, count: int):
        """Each spot, and which of so many are its own."""
        share, chosen = SPOT_SHARE / max(len(self.spots), 1), (np.arange(count) + 0.5) / count
        for number, spot in enumerate(self.spots):
            yield spot, (chosen >= number * share) & (chosen < (number + 1) * share)

    def _about_spots(self, block: Block, points, rng: np.random.Generator):
        """Moves some points about spots, as far as they stay where the condition holds."""
        domain = block.plan.space.domain
        moved, _ = self._moved(points, rng, domain.dim - isinstance(block.site, Moment))
        inside = domain.contains(moved) & holds_at(block, moved)
        return np.where(inside[:, None], moved, points)

    def _into_layers(self, points, rng: np.random.Generator) -> None:
        """Moves some points into the boundary layers, which hardly any would fall into by chance."""
        if not self.layers:
            return
        share, chosen = LAYER_SHARE / len(self.layers), rng.random(len(points))
        for number, layer in enumerate(self.layers):
            mine = (chosen >= number * share) & (chosen < (number + 1) * share)
            points[mine, layer.axis] = layer.across(points[mine, layer.axis], rng)
