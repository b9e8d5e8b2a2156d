"""What a file holds of what is built into the solution, and back."""

import dataclasses
from typing import Any

import numpy as np

from .._domains import AbstractSurface, Domain, Plane, Slope, Sphere
from ._built_in import Across, Prescribed, Term, number_lift
from ._patch import TERMS, Patch, patch_of

SURFACES: dict[str, type[Any]] = {s.__name__: s for s in (Plane, Slope, Sphere)}  # that files know


def describe_terms(terms: tuple[Term | None, ...]) -> list[dict | None] | None:
    """What a file holds of what is built in; None where functions or a start are in it."""
    found: list[dict | None] = []
    for term in terms:
        if term is None:
            found.append(None)
            continue
        lift = term.lift
        surfaces = [
            {"kind": type(s).__name__, **dataclasses.asdict(s)}  # type: ignore[call-overload]
            for s in term.surfaces
        ]
        if isinstance(lift, Patch):
            series = np.asarray(lift.coefficients, float).tolist()
            found.append({"series": series, "surfaces": surfaces, "scale": term.scale})
            continue
        alone = isinstance(lift, Across) and lift.before is None and lift.walls == term.surfaces
        given = lift.given if alone else (lift,)  # type: ignore[union-attr]
        if term.begins or not all(isinstance(g, Prescribed) and g.function is None for g in given):
            return None
        numbers = [float(g.number) for g in given]  # type: ignore[union-attr]
        found.append({"numbers": numbers, "surfaces": surfaces, "scale": term.scale})
    return found


def terms_of(described: list[dict | None], domain: Domain) -> tuple[Term | None, ...]:
    """The inverse; whatever is wrong with a file's description is an error."""
    return tuple(None if given is None else _term_of(given, domain) for given in described)


def _term_of(given: dict, domain: Domain) -> Term:
    surfaces = tuple(_surface_of(dict(part), domain) for part in given["surfaces"])
    if "series" in given:
        return _patched(given, surfaces, domain)
    numbers = [float(number) for number in given["numbers"]]
    scale = float(given["scale"])
    across = len(numbers) == len(surfaces) == 2 and all(isinstance(s, Plane) for s in surfaces)
    if not (len(numbers) == 1 or across):
        raise ValueError("what is built in has numbers that fit no surfaces")
    if not np.all(np.isfinite([scale, *numbers])):
        raise ValueError("what is built in is not finite")
    return Term(number_lift(surfaces, tuple(numbers), domain), surfaces, None, scale)  # type: ignore


def _patched(given: dict, surfaces: tuple[AbstractSurface, ...], domain: Domain) -> Term:
    terms, scale = np.array(given["series"], float), float(given["scale"])
    flat = tuple(s for s in surfaces if isinstance(s, Plane))
    fits = terms.ndim == 2 and len(terms) == len(flat) == len(surfaces) and domain.dim == 2
    different = len({(s.axes, s.place) for s in flat}) == len(flat)
    if not (fits and different and 0 < terms.shape[1] <= TERMS):
        raise ValueError("what is built in has series that fit no walls")
    if not (np.all(np.isfinite(terms)) and np.isfinite(scale)):
        raise ValueError("what is built in is not finite")
    return Term(patch_of(list(terms), flat, domain.lower, domain.upper), surfaces, None, scale)  # type: ignore


def _surface_of(part: dict, domain: Domain) -> AbstractSurface:
    kind = SURFACES[part.pop("kind")]
    surface = kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in part.items()})
    if not all(0 <= axis < domain.dim for axis in surface.axes):
        raise ValueError("what is built in names coordinates that the domain does not have")
    if not np.isfinite(surface.level(np.asarray(domain.lower))):
        raise ValueError("what is built in is not finite")
    return surface
