"""A field that is solved for, declared as an object instead of a name."""

import dataclasses
from collections.abc import Mapping

from .._basics._messages import listing, nearest
from .._calculus._layout import IMAGINARY, REAL, Composite, FieldLayout, FieldPlace
from .._domains import AbstractShape, Domain, within_domain


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a problem: `Field("T")` is what the name `"T"` alone is.

    - `name`: what conditions ask for.
    - `on`: the part of the domain on which the field lives, a shape over the same coordinates; None for
      all of it. Conditions that ask for the field hold on that part alone, its network is scaled to it,
      and elsewhere the solution has no value of it.
    - `of`: the names of the coordinates that it depends on; None for all of them. Its derivatives along
      the others are zero.
    - `complex`: whether its values are complex numbers. Conditions see and return complex values; its
      real and imaginary part are fields too, `psi_re` and `psi_im`.
    - `network`: its own; None for a share in the problem's, or, where `on` or `of` make it different
      from other fields, for another of the same kind.
    - `pieces`: a dict of names and shapes: on each shape the field is another one, of that name, and
      `T` is what is there. `pv.Interface` says how they join.

    Raises `ValueError` for a name that is no text, pieces that are no dict of names and shapes, and
    pieces beside `on` or `complex`.
    """

    name: str
    on: object = None
    of: tuple[str, ...] | str | None = None
    complex: bool = False
    network: object = None
    pieces: Mapping[str, AbstractShape] | None = None

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise ValueError(f"Field: the name {self.name!r} is no text, such as 'T'")
        label = f"Field({self.name!r}"
        if self.on is not None and not isinstance(self.on, AbstractShape):
            raise ValueError(f"{label}, on={self.on!r}): give a shape, such as pv.Disk()")
        if self.complex not in (True, False):
            raise ValueError(f"{label}, complex={self.complex!r}): give True or False")
        if self.pieces is not None:
            pieces = self.pieces
            if not isinstance(pieces, Mapping) or len(pieces) < 2:
                raise ValueError(f"{label}, pieces={pieces!r}): give a dict of two shapes or more")
            for name, shape in pieces.items():
                if not isinstance(shape, AbstractShape):
                    raise ValueError(f"{label}, pieces=): {name!r} is {shape!r}, which is no shape")
            if self.on is not None or self.complex:
                raise ValueError(f"{label}, pieces=): neither on= nor complex= goes with pieces")

    def members(self, domain: Domain) -> dict[str, FieldPlace]:
        """The real fields that it is made of, by name.

        Raises `ValueError` for coordinates that the domain lacks, and a part that is none of it.
        """
        label = f"Field({self.name!r})"
        of = self._depends_on(domain)
        if self.pieces is not None:
            return {
                name: FieldPlace(within_domain(domain, shape, f"{label}: {name!r}"), of, self.network)
                for name, shape in self.pieces.items()
            }
        part = self.on
        if isinstance(part, AbstractShape):
            part = within_domain(domain, part, f"{label}: on=")
        place = FieldPlace(part, of, self.network)  # type: ignore[arg-type]
        names = (self.name + REAL, self.name + IMAGINARY) if self.complex else (self.name,)
        return dict.fromkeys(names, place)

    def _depends_on(self, domain: Domain) -> tuple[str, ...] | None:
        """The coordinates that it depends on; None for all. `ValueError` for what is none."""
        if self.of is None:
            return None
        known = list(domain.slices())
        of = tuple(self.of.replace(",", " ").split()) if isinstance(self.of, str) else tuple(self.of)
        for name in of:
            if name not in known:
                raise ValueError(
                    f"Field({self.name!r}, of={self.of!r}): there is no coordinate {name!r}; there are "
                    f"{listing(known)}." + nearest(name, known)
                )
        if not of:
            raise ValueError(
                f"Field({self.name!r}, of=()): a field of no coordinate is a number: declare it in "
                "unknowns="
            )
        return None if set(of) == set(known) else of


def layout_of(fields: tuple[Field, ...], domain: Domain) -> tuple[tuple[str, ...], FieldLayout]:
    """The names of the real fields, and what is particular about them."""
    places: dict[str, FieldPlace] = {}
    composites, names = [], []
    for field in fields:
        members = field.members(domain)
        names += members
        places |= members
        if len(members) > 1:
            parts = tuple(p.part for p in members.values()) if field.pieces is not None else ()
            composites.append(Composite(field.name, tuple(members), parts))  # type: ignore[arg-type]
    plain = all(place.is_plain for place in places.values())
    kept = () if plain else tuple(places[name] for name in dict.fromkeys(names))
    return tuple(names), FieldLayout(kept, tuple(composites))
