"""Parts of a domain: where equations hold, where fields live, and where two parts touch."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ._domain import Domain
from ._predicate import Predicate
from ._sampling import Sobol
from ._shape import AbstractShape
from ._sites import AbstractSite, Facets, Interior, Moment, one_place

LOOKS = 1024  # points at which a part is held against the domain


class EachPart(AbstractSite):
    """The insides of several parts of the domain, with as many points in each."""

    domain: Domain
    parts: tuple[AbstractShape, ...]

    def draw(self, count, sampler, rng):
        """Points of one part after the other, and no normals."""
        number = len(self.parts)
        shares = [count // number + (i < count % number) for i in range(number)]
        sites = [Interior(self.domain.over(part, self.domain.time)) for part in self.parts]
        drawn = [site.draw(n, sampler, rng) for site, n in zip(sites, shares, strict=True) if n]
        points, normals = (np.concatenate(arrays) for arrays in zip(*drawn, strict=True))
        return points, normals


def inner_site(domain: Domain, on: object) -> Interior:
    """The site inside a domain that `on=` of an equation names: a shape, a predicate, or None for all.

    Raises `ValueError` for a shape outside, a predicate that holds nowhere, and anything else.
    """
    if on is None:
        return Interior(domain)
    if isinstance(on, AbstractShape):
        return Interior(domain.over(within_domain(domain, on, "on="), domain.time))
    if not callable(on):
        raise ValueError(f"on={on!r}: an equation holds on a shape, or where a predicate does")
    site = Interior(domain, Predicate.over(on, domain, "coordinates"))
    site.draw(1, Sobol(), np.random.default_rng(0))  # an empty one is found here
    return site


def within_domain(domain: Domain, part: AbstractShape, label: str) -> AbstractShape:
    """The part of a domain that lies in a shape.

    - `label`: how messages begin.

    Raises `ValueError` where they have other coordinates, or nothing in common.
    """
    space = domain.space
    known = [] if space is None else [c.name for c in space.coordinates]
    names = [c.name for c in part.coordinates]
    if names != known:
        raise ValueError(f"{label}: its coordinates {names} must be those of space, {known}")
    assert space is not None  # it has coordinates
    places, _ = Interior(Domain(part, None)).draw(LOOKS, Sobol(), np.random.default_rng(0))
    inside = space.contains(places)
    if not inside.any():
        raise ValueError(f"{label}: {part!r} lies outside of the domain")
    return part if inside.all() else part & space


def interface_site(domain: Domain, first: AbstractShape, second: AbstractShape, label: str) -> Facets:
    """Where two parts of a domain touch, with normals out of the first.

    Raises `ValueError` where they do not, or overlap.
    """
    hair = 1e-6 * min(float(np.max(shape.upper - shape.lower)) for shape in (first, second))
    far = float(np.max(np.abs([domain.lower, domain.upper])))
    near = max(hair, 16 * np.finfo(float).eps * far)
    places, _ = Interior(Domain(first, None)).draw(LOOKS, Sobol(), np.random.default_rng(0))
    if np.any(second.level(places) < -near):
        raise ValueError(f"{label}: the two parts overlap, so that no boundary lies between them")

    def touches(points, normals):
        del normals
        return np.abs(second.level(points)) <= near

    pieces = [facet.restrict(touches) for facet in first.facets()]
    kept = tuple(facet for facet in pieces if facet.measure > 0)
    if not kept:
        raise ValueError(f"{label}: the two parts do not touch: {first!r} and {second!r}")
    return Facets(domain, kept, label)


def cut_site(site: AbstractSite, parts: Sequence[AbstractShape], what: str) -> AbstractSite:
    """What of a site lies in all of several parts of the domain.

    - `what`: lives there, for messages.

    Raises `ValueError` where nothing does. Sites of other kinds stay whole.
    """
    if isinstance(site, Facets):
        kept = [facet.restrict(_touching(parts)) for facet in site.pieces]
        kept = [facet for facet in kept if facet.measure > 0 or len(facet.place(one_place(facet))[0])]
        if not kept:
            raise ValueError(f"{site.label}: {what} live{'s' * (len(parts) == 1)} nowhere there")
        return dataclasses.replace(site, pieces=tuple(kept))
    if not isinstance(site, (Interior, Moment)):
        return site
    first, *others = parts
    try:
        for other in others:
            first = first & other
        first = within_domain(site.domain, first, "")
    except ValueError:
        raise ValueError(
            f"{what}: what is asked for lives on different parts of the domain, and nowhere together: "
            "where they touch pv.Interface ties them; what holds on each is a condition of its own"
        ) from None
    return dataclasses.replace(site, domain=site.domain.over(first, site.domain.time))


def _touching(parts: Sequence[AbstractShape]):
    def keep(points, normals):
        del normals
        return np.all([part.contains(points) for part in parts], axis=0)

    return keep
