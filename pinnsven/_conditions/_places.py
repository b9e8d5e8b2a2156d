"""Where a condition holds: given points, given values, and what of a site its fields live on."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from .._basics._messages import listing
from .._calculus._composites import PiecewiseField
from .._calculus._names import NameSpace
from .._domains import AbstractShape, AbstractSite, cut_site


@dataclasses.dataclass(frozen=True)
class FixedPoints:
    """Points that the user gave: they are never redrawn.

    - `points`: shape (n, dim).
    - `auxiliary`: values per point that the residual uses, such as data, each of shape (n,).
    """

    points: np.ndarray
    auxiliary: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class GivenValues:
    """Values that are worked out wherever points are drawn, before anything is compiled.

    - `names`: what the residual asks for them by.
    - `at`: maps points (n, dim) to a dict of arrays (n,).
    """

    names: tuple[str, ...]
    at: Callable[[np.ndarray], dict[str, np.ndarray]]


def check_all_inside(inside: np.ndarray, points: np.ndarray, where: str) -> None:
    """Raises `ValueError` that counts the points which are not inside, and names the first.

    - `inside`: whether each point is, `where`: the others lie, as the sentence goes on.
    """
    outside = np.flatnonzero(~inside)
    if outside.size:
        raise ValueError(
            f"{outside.size} of {len(points)} {where}, the first being number {outside[0]} at "
            f"{points[outside[0]].tolist()}"
        )


def with_pieces(
    given: GivenValues | None, space: NameSpace, asked: Sequence[str]
) -> GivenValues | None:
    """Given values, and the number of the piece that a point is in for fields in pieces.

    - `asked`: the names that a condition asks for.
    """
    found = [pair[0] for name in asked if (pair := space.layout.expanded(name)) is not None]
    chosen = {made.chooser: made for made in found if isinstance(made, PiecewiseField)}
    if not chosen:
        return given
    dim = space.domain.space_dim

    def at(points: np.ndarray) -> dict[str, np.ndarray]:
        before = {} if given is None else given.at(points)
        return before | {n: c.pieces(points[:, :dim]).astype(float) for n, c in chosen.items()}

    names = () if given is None else given.names
    return GivenValues((*names, *chosen), at)


def where_alive(
    site: AbstractSite | FixedPoints, space: NameSpace, asked: Sequence[str]
) -> AbstractSite | FixedPoints:
    """What of a site lies where all the fields live that a condition asks for.

    - `asked`: the names that it asks for.

    Raises `ValueError` where nothing does, and for given points that lie elsewhere.
    """
    parts = parts_of(space, asked)
    if not parts:
        return site
    named = listing(dict.fromkeys(_field(space, n) for n in asked if _field(space, n)))
    if isinstance(site, FixedPoints):
        places = site.points[:, : space.domain.space_dim]
        for part in parts:
            where = f"points lie where {named} does not live"
            check_all_inside(part.contains(places), site.points, where)
        return site
    return cut_site(site, parts, named)


def parts_of(space: NameSpace, asked: Sequence[str]) -> list[AbstractShape]:
    """The parts on which the fields live that names ask for, each once."""
    found: list[AbstractShape] = []
    for name in asked:
        if (pair := space.layout.expanded(name)) is not None and isinstance(pair[0], PiecewiseField):
            part = pair[0].part
        elif field := _field(space, name):
            part = space.layout.part(space.fields.index(field))
        else:
            continue
        if part is not None and not any(part is other or repr(part) == repr(other) for other in found):
            found.append(part)
    return found


def _field(space: NameSpace, name: str) -> str:
    """The field that a name asks for, the first of several; an empty text where it asks for none."""
    return getattr(space.read(name), "field", "") if space.knows(name) else ""
