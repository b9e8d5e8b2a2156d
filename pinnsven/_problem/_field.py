"""A field that is solved for, declared as an object instead of a name."""

import dataclasses
from collections.abc import Mapping

from .._basics._messages import listing, nearest
from .._calculus._composites import (
    IMAGINARY,
    REAL,
    AbstractComposite,
    ComplexField,
    PiecewiseField,
    TensorField,
    VectorField,
    symmetric_pairs,
)
from .._calculus._layout import FieldLayout, FieldPlace
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
    - `vector`: whether it is a vector with a component along each coordinate of space: the fields `v1`,
      `v2`, or others whose names are given, as in `vector="u v"`. Conditions see an array (space,), and
      may ask for `grad_v` (space, space) with the component first, `div_v`, `curl_v`, and `strain_v`,
      the symmetric part of the gradient.
    - `tensor`: whether it is a symmetric tensor (space, space) of the fields `s11`, `s12`, `s22` and so
      on; conditions may ask for `div_s` (space,).

    Raises `ValueError` for names that are no text, pieces that are no dict of names and shapes, and
    for two of `complex`, `pieces`, `vector` and `tensor`.
    """

    name: str
    on: object = None
    of: tuple[str, ...] | str | None = None
    complex: bool = False
    network: object = None
    pieces: Mapping[str, AbstractShape] | None = None
    vector: bool | str | tuple[str, ...] = False
    tensor: bool = False

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise ValueError(f"Field: the name {self.name!r} is no text, such as 'T'")
        label = f"Field({self.name!r}"
        if self.on is not None and not isinstance(self.on, AbstractShape):
            raise ValueError(f"{label}, on={self.on!r}): give a shape, such as pv.Disk()")
        if self.complex not in (True, False):
            raise ValueError(f"{label}, complex={self.complex!r}): give True or False")
        if self.tensor not in (True, False):
            raise ValueError(f"{label}, tensor={self.tensor!r}): give True or False")
        named = (self.vector,) if isinstance(self.vector, str) else self.vector
        if named not in (True, False) and not (
            isinstance(named, (tuple, list)) and all(isinstance(name, str) for name in named)
        ):
            raise ValueError(f"{label}, vector={self.vector!r}): give True, or names such as 'u v'")
        kinds = {"complex": self.complex, "vector": self.vector, "tensor": self.tensor}
        asked = [kind for kind, given in kinds.items() if given]
        if len(asked) > 1:
            raise ValueError(f"{label}, {asked[0]}=, {asked[1]}=): a field is one or the other")
        if self.pieces is not None:
            pieces = self.pieces
            if not isinstance(pieces, Mapping) or len(pieces) < 2:
                raise ValueError(f"{label}, pieces={pieces!r}): give a dict of two shapes or more")
            for name, shape in pieces.items():
                if not isinstance(shape, AbstractShape):
                    raise ValueError(f"{label}, pieces=): {name!r} is {shape!r}, which is no shape")
            if self.on is not None or asked:
                beside = asked[0] if asked else "on"
                raise ValueError(f"{label}, pieces=): {beside}= does not go with pieces")

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
        return dict.fromkeys(self._names(domain), place)

    def _names(self, domain: Domain) -> tuple[str, ...]:
        """The real fields that it is made of, where it is in one piece.

        Raises `ValueError` for components of another number than the coordinates of space.
        """
        if self.complex:
            return self.name + REAL, self.name + IMAGINARY
        if not (self.vector or self.tensor):
            return (self.name,)
        side = domain.space_dim
        if side < 2:
            raise ValueError(
                f"Field({self.name!r}): space has {side} coordinate(s) here, and a vector or a tensor "
                "has components along two or more"
            )
        if self.tensor:
            return tuple(f"{self.name}{i + 1}{j + 1}" for i, j in symmetric_pairs(side))
        if self.vector is True:
            return tuple(f"{self.name}{i + 1}" for i in range(side))
        given = self.vector
        names = tuple(given.replace(",", " ").split()) if isinstance(given, str) else tuple(given)  # type: ignore
        if len(names) != side:
            raise ValueError(
                f"Field({self.name!r}, vector={given!r}): name {side} components, one along each "
                "coordinate of space"
            )
        return names

    def composite(self, members: dict[str, FieldPlace], domain: Domain) -> AbstractComposite | None:
        """What conditions know by its name, where that is made of several real fields.

        - `members`: these.
        """
        names = tuple(members)
        if self.pieces is not None:
            parts = tuple(place.part for place in members.values())
            return PiecewiseField(self.name, names, parts)  # type: ignore[arg-type]
        if self.complex:
            return ComplexField(self.name, names)
        if self.vector or self.tensor:
            coordinates = domain.space.coordinates if domain.space is not None else ()
            scalars = not any(coordinate.vector for coordinate in coordinates)
            axes = tuple(coordinate.name for coordinate in coordinates) if scalars else ()
            return (VectorField if self.vector else TensorField)(self.name, names, axes)
        return None

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
        if (composite := field.composite(members, domain)) is not None:
            composites.append(composite)
    plain = all(place.is_plain for place in places.values())
    kept = () if plain else tuple(places[name] for name in dict.fromkeys(names))
    return tuple(names), FieldLayout(kept, tuple(composites))
