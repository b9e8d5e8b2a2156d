"""The sites on which conditions place their points: the inside, a moment, parts of the boundary."""

import abc
import dataclasses
from collections.abc import Callable

import equinox as eqx
import numpy as np

from .._basics._messages import listing, nearest
from ._domain import Domain, called_so, owners_of
from ._pieces import Facet
from ._predicate import Predicate
from ._sampling import AbstractSampler
from ._shape import AbstractShape

On = str | tuple[str, ...] | Callable[..., object] | None


class AbstractSite(eqx.Module):
    """Where the points of a condition fall."""

    domain: eqx.AbstractVar[Domain]

    @abc.abstractmethod
    def draw(
        self, count: int, sampler: AbstractSampler, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points (count, dim) and outward unit normals (count, space), zero where there are none."""

    @property
    def finite(self) -> int | None:
        """The number of points when the site is a finite set (then `count` is that), else None."""
        return None


class Interior(AbstractSite):
    """The inside of the domain, or where a predicate over coordinates holds in it."""

    domain: Domain
    where: Predicate | None = eqx.field(static=True, default=None)

    def draw(self, count, sampler, rng):
        """Even points of space times even moments, and no normals."""
        domain, space = self.domain, self.domain.space

        def place(unit):
            if space is None:
                points = domain.rest(unit)
            elif space.dim == domain.dim:
                points = space.fill(unit)
            else:
                points, kept = _fill_keeping(space, unit[:, : space.dim])
                points = np.concatenate([points, domain.rest(unit[kept, space.dim :])], axis=1)
            if self.where is not None:
                points = points[self.where.holds(self.domain, points)]
            return points, np.zeros((len(points), self.domain.space_dim))

        return _collect(place, count, self.domain.dim, sampler, rng, "the inside of the domain")


class Moment(AbstractSite):
    """All of space at one time: the start, where `Initial` conditions hold, or the end."""

    domain: Domain
    at: float = eqx.field(static=True)

    @property
    def finite(self):
        return 1 if self.domain.dim == 1 else None

    def draw(self, count, sampler, rng):
        if self.domain.dim == 1:
            return np.full((1, 1), self.at), np.zeros((1, 0))
        still = self.domain.over(self.domain.space, None)
        points, normals = Interior(still).draw(count, sampler, rng)
        moments = np.full((len(points), 1), self.at)
        return np.concatenate([points, moments], axis=1), normals


class Moments(AbstractSite):
    """One point of space at all times and parameters: where integrals over space are taken."""

    domain: Domain

    def draw(self, count, sampler, rng):
        space = self.domain.space
        assert space is not None and space.dim < self.domain.dim  # otherwise there is one integral
        times = self.domain.rest(sampler.draw(count, self.domain.dim - space.dim, rng))
        places = np.tile((space.lower + space.upper) / 2, (count, 1))
        return np.concatenate([places, times], axis=1), np.zeros((count, space.dim))


class Facets(AbstractSite):
    """Facets of the spatial boundary, for all times."""

    domain: Domain
    pieces: tuple[Facet, ...] = eqx.field(static=True)
    label: str = eqx.field(static=True)

    @property
    def finite(self):
        steady = self.domain.dim == self.domain.space_dim
        return len(self.pieces) if steady and all(p.dim == 0 for p in self.pieces) else None

    def draw(self, count, sampler, rng):
        """Points on the pieces, on each as many as its measure's share, and their normals."""
        rest = self.domain.dim - self.domain.space_dim
        drawn = []
        for piece, share in zip(self.pieces, self._shares(count), strict=True):

            def place(unit, piece=piece):
                points, normals = piece.place(unit[:, : piece.dim])
                if rest:
                    moments = self.domain.rest(unit[: len(points), -rest:])
                    points = np.concatenate([points, moments], axis=1)
                return points, normals

            if not share:
                continue
            drawn.append(_collect(place, share, piece.dim + rest, sampler, rng, self.label))
        points, normals = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
        return points, normals

    def _shares(self, count: int) -> list[int]:
        """Points per facet, in proportion to their measures, one at least where `count` allows."""
        if self.finite is not None:
            return [1] * len(self.pieces)
        measure = np.array([piece.measure for piece in self.pieces])
        if count < len(measure):
            largest = np.argsort(-measure, kind="stable")[:count]
            return np.isin(np.arange(len(measure)), largest).astype(int).tolist()
        ends = np.round(np.cumsum(measure) / measure.sum() * max(count - len(measure), 0))
        return (np.diff(ends, prepend=0).astype(int) + 1).tolist()


def boundary_site(domain: Domain, on: On) -> AbstractSite:
    """The site that `on=` names: a part, several, a predicate, or None for all of the boundary.

    Raises `ValueError` when the domain has no such part or the predicate holds nowhere on it.
    """
    if isinstance(on, str) and domain.time is not None:
        for side, at in (("-", domain.time.start), ("+", domain.time.stop)):
            if on == domain.time.coordinate.name + side:
                return Moment(domain, at)
    if domain.space is None:
        raise ValueError("there is no boundary in space; in time, use Initial or on='t-' / on='t+'")
    facets = domain.space.facets()
    if not facets:
        raise ValueError("the domain has no boundary: every coordinate is periodic")
    if on is None:
        return Facets(domain, facets, "the whole boundary")
    if callable(on):
        return Facets(domain, _where(domain, facets, on), f"on={getattr(on, '__name__', on)!r}")
    wanted = tuple(on.replace(",", " ").split()) if isinstance(on, str) else on
    if not isinstance(wanted, (tuple, list)):
        raise ValueError(f"on={on!r}: give the name of a part, several, or a predicate")
    chosen = []
    for name in wanted:
        found = _named(domain, facets, name)
        chosen += [facet for facet in found if facet not in chosen]
    if not chosen:
        raise ValueError(f"on={on!r} names no part; parts are {listing(domain.part_names())}")
    return Facets(domain, tuple(chosen), f"on={on!r}")


def _named(domain: Domain, facets: tuple[Facet, ...], name: str) -> list[Facet]:
    """The facets of a name: those that bound the outer shape, or else those of one hole.

    Raises `ValueError` for a name that no part has, or parts of two shapes.
    """
    found = called_so(facets, name)
    if not found:
        raise ValueError(_no_such_part(domain, name))
    owners = owners_of(found)
    if len(owners) > 1:
        raise ValueError(
            f"on={name!r} fits parts of {len(owners)} shapes: {listing(map(repr, owners))}. Give each "
            "a name of its own, such as name='hole', and ask for that; several names may be listed"
        )
    return found


def _no_such_part(domain: Domain, name: str) -> str:
    periodic = [c.name for c in domain.coordinates if c.periodic]
    if name.rstrip("+-") in periodic:
        return f"on={name!r}: {name.rstrip('+-')!r} is periodic, so there is no boundary"
    if domain.time is not None and name.rstrip("+-") == domain.time.coordinate.name:
        return f"on={name!r}: an end of time needs a condition of its own, apart from parts in space"
    parts = domain.part_names()
    assert domain.space is not None  # boundary_site has checked
    if any(name in facet.names for shape in domain.space.pieces() for facet in shape.facets()):
        return (
            f"on={name!r}: a set operation has removed that part of the boundary; parts that are left "
            f"are {listing(parts)}"
        )
    return f"on={name!r} is no part of the boundary; parts are {listing(parts)}." + nearest(name, parts)


def _where(domain: Domain, facets: tuple[Facet, ...], predicate) -> tuple[Facet, ...]:
    """The facets restricted to the points in space where a predicate over coordinates holds."""
    shape = domain.space
    assert shape is not None  # boundary_site has checked
    spatial = Domain(shape, None)
    where = Predicate.over(predicate, spatial, "spatial coordinates")

    def keep(points, normals):
        del normals
        return where.holds(spatial, points)

    pieces = [dataclasses.replace(facet.restrict(keep), surface=None) for facet in facets]
    kept = tuple(
        piece for piece in pieces if piece.measure > 0 or len(piece.place(one_place(piece))[0])
    )
    if not kept:
        raise ValueError("on=: the predicate holds at no point of the boundary")
    return kept


def one_place(piece: Facet) -> np.ndarray:
    return np.full((1, piece.dim), 0.5)


def _fill_keeping(shape: AbstractShape, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points inside and which unit points they came from."""
    points = shape.fill(unit)
    if len(points) == len(unit):
        return points, np.ones(len(unit), bool)
    box = shape.lower + unit * (shape.upper - shape.lower)
    kept = shape.inside(box)
    return box[kept], kept


def _collect(place, count, dim, sampler, rng, label) -> tuple[np.ndarray, np.ndarray]:
    """Calls `place` with ever more unit points until `count` survive its rejections."""
    wanted = count
    for _ in range(12):
        unit = sampler.draw(wanted, dim, rng) if dim else np.zeros((count, 0))
        points, normals = place(unit)
        if len(points) >= count:
            chosen = sampler.choose(len(points), count)
            return points[chosen], normals[chosen]
        share = max(len(points), 0.5) / wanted
        wanted = min(int(1.2 * count / share) + 16, 64 * wanted)
    raise ValueError(f"{label}: no point fell there; the part is empty or far too small")
