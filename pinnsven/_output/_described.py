"""Networks, and where fields live, as plain facts of a file's header, and back."""

import dataclasses
from typing import Any

from .._calculus._composites import (
    AbstractComposite,
    ComplexField,
    PiecewiseField,
    TensorField,
    VectorField,
)
from .._calculus._layout import FieldLayout, FieldPlace
from .._domains import AbstractShape, describe_shape, each_once, plain_fact, shape_of, tupled
from .._networks import MLP, FourierMLP, ProductsInTime, RandomFeatures, SeparableMLP, SineMLP
from ._facts import Facts

OWN = (MLP, FourierMLP, SineMLP, RandomFeatures, SeparableMLP, ProductsInTime)
SAVED_NETWORKS = {kind.__name__: kind for kind in OWN}


def describe_network(network: Any) -> dict | None:
    """An architecture; None for one that files do not hold."""
    if type(network) not in SAVED_NETWORKS.values():
        return None
    if getattr(network, "features", None) and isinstance(network, MLP):
        return None  # functions of the user's
    names = [f.name for f in dataclasses.fields(network)]
    if isinstance(network, MLP):
        names.remove("features")
    try:
        settings = {name: plain_fact(name, getattr(network, name)) for name in names}
    except ValueError:
        return None
    return {"class": type(network).__name__, "arguments": settings}


def network_of(facts: Facts) -> Any:
    """The architecture of a description; `ValueError` for a class that is not known."""
    if (kind := SAVED_NETWORKS.get(facts.text("class"))) is None:
        raise ValueError(f"a network {facts.text('class')[:40]!r} is not known to this pinnsven")
    return kind(**{k: tupled(v) for k, v in facts.table("arguments").given.items()})


def describe_layout(layout: FieldLayout) -> dict | None:
    """What is particular about fields; None where nothing is, and empty where no file can hold it."""
    if not layout.places and not layout.composites:
        return None
    shown = [*(place.part for place in layout.places), *(p for c in layout.composites for p in c.parts)]
    parts = each_once(part for part in shown if part is not None)
    numbers = {id(part): number for number, part in enumerate(parts)}
    networks = [describe_network(place.network) for place in layout.places]
    pairs = zip(layout.places, networks, strict=True)
    if any(place.network is not None and network is None for place, network in pairs):
        return {}
    places = [
        {"part": numbers.get(id(place.part)), "of": place.of, "network": network}
        for place, network in zip(layout.places, networks, strict=True)
    ]
    composites = [
        {
            "name": c.name,
            "members": c.members,
            "parts": [numbers[id(part)] for part in c.parts],
            "kind": type(c).__name__,
            "axes": getattr(c, "axes", ()),
        }
        for c in layout.composites
    ]
    try:
        shapes = [describe_shape(part) for part in parts]
    except ValueError:
        return {}
    return {"parts": shapes, "places": places, "composites": composites}


def layout_of_facts(facts: Facts) -> FieldLayout:
    """The inverse, of a description that is not empty; an error of some kind for a damaged one."""
    shapes = [shape_of(described) for described in facts["parts"]]  # type: ignore[attr-defined]

    def part(number) -> AbstractShape | None:
        if number is None:
            return None
        if type(number) is not int or not 0 <= number < len(shapes):
            raise ValueError(f"a field lives on part {number!r} of {len(shapes)}")
        return shapes[number]

    places, composites = [], []
    for entry in facts["places"]:  # type: ignore[attr-defined]
        place = Facts(entry, "'places'")
        own = None if place["network"] is None else network_of(place.table("network"))
        of = None if place["of"] is None else place.texts("of")
        places.append(FieldPlace(part(place["part"]), of, own))
    for entry in facts["composites"]:  # type: ignore[attr-defined]
        made = Facts(entry, "'composites'")
        of_it = tuple(part(number) for number in made["parts"])  # type: ignore[attr-defined]
        composites.append(_composite(made, of_it))
    return FieldLayout(tuple(places), tuple(composites))


def _composite(made: Facts, parts: tuple) -> AbstractComposite:
    """A field that is made of others; files without a kind tell two apart by their parts."""
    name, members = made.text("name"), made.texts("members")
    kind = made.given.get("kind", "PiecewiseField" if parts else "ComplexField")
    if kind == "PiecewiseField":
        return PiecewiseField(name, members, parts)
    if kind == "ComplexField":
        return ComplexField(name, members)
    for known in (VectorField, TensorField):
        if kind == known.__name__:
            return known(name, members, made.texts("axes"))
    raise ValueError(f"a field of the kind {str(kind)[:40]!r} is not known to this pinnsven")
