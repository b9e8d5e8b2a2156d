"""What an argument name asks for: `u_xx` is a second derivative, `t` a coordinate, `nu` an unknown.

All names live in one space. A name with two readings (a coordinate `x1` beside `x` makes `u_x1x1`
unique but a coordinate `xx` beside `x` makes `u_xx` ambiguous) is an error, never a guess.
"""

import dataclasses
import keyword

from .._basics._messages import listing, nearest
from .._domains import Domain
from ._layout import PLAIN, FieldLayout

# Keywords of conditions, which also take fields.
RESERVED = ("on", "weight", "points", "noise", "exact", "loss")


@dataclasses.dataclass(frozen=True)
class Value:
    """A field itself."""

    field: str


@dataclasses.dataclass(frozen=True)
class Derivative:
    """A field differentiated along coordinates, named in sorted order of the domain."""

    field: str
    along: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Gradient:
    """All first derivatives over the spatial coordinates."""

    field: str


@dataclasses.dataclass(frozen=True)
class Laplacian:
    """The sum of the unmixed second derivatives over the spatial coordinates."""

    field: str


@dataclasses.dataclass(frozen=True)
class NormalDerivative:
    """The derivative along the outward unit normal."""

    field: str


@dataclasses.dataclass(frozen=True)
class Normal:
    """The outward unit normal, shape (space,)."""


@dataclasses.dataclass(frozen=True)
class CoordinateValue:
    """A coordinate of the point."""

    name: str


@dataclasses.dataclass(frozen=True)
class UnknownValue:
    """A scalar that is solved for together with the network."""

    name: str


@dataclasses.dataclass(frozen=True)
class ConstantValue:
    """A number that the problem gives."""

    name: str


Quantity = (
    Value
    | Derivative
    | Gradient
    | Laplacian
    | NormalDerivative
    | Normal
    | CoordinateValue
    | UnknownValue
    | ConstantValue
)


@dataclasses.dataclass(frozen=True)
class NameSpace:
    """Fields, coordinates, unknowns and constants, and how names are read over them.

    - `fields`: the real ones, which a network gives.
    - `layout`: where they live, and which of them make up a complex field or one in pieces.
    """

    fields: tuple[str, ...]
    domain: Domain
    unknowns: tuple[str, ...]
    constants: tuple[str, ...] = ()
    layout: FieldLayout = PLAIN

    def __post_init__(self):
        for kind, names in (
            ("field", (*self.fields, *self.composites)),
            ("unknown", self.unknowns),
            ("constant", self.constants),
        ):
            for name in names:
                if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
                    raise ValueError(f"{kind} name {name!r}: use a Python identifier such as 'u'")
                if keyword.iskeyword(name):
                    raise ValueError(f"{kind} name {name!r} is no identifier: Python has that word")
                if kind == "field" and name in RESERVED:
                    raise ValueError(
                        f"field name {name!r} is an argument of conditions; choose another name"
                    )
        fields = [*self.fields, *self.composites]
        everything = [*fields, *self.coordinates, *self.unknowns, *self.constants, "normal"]
        clashes = sorted({name for name in everything if everything.count(name) > 1})
        if clashes:
            raise ValueError(
                f"the name {clashes[0]!r} is used twice: fields, coordinates, unknowns, constants "
                "and the word 'normal' share one name space"
            )

    @property
    def coordinates(self) -> tuple[str, ...]:
        return tuple(coordinate.name for coordinate in self.domain.coordinates)

    @property
    def composites(self) -> tuple[str, ...]:
        """The fields that are made of several real ones."""
        return tuple(composite.name for composite in self.layout.composites)

    @property
    def known_fields(self) -> tuple[str, ...]:
        """The fields that conditions may ask for."""
        return (*self.composites, *self.fields)

    def examples(self) -> list[str]:
        """Names that exist, with derivatives to second order, for messages."""
        names = [*self.known_fields, *self.coordinates, *self.unknowns, *self.constants]
        axes = [c.name for c in self.domain.coordinates]
        for field in self.known_fields:
            names += [f"{field}_{a}" for a in axes]
            names += [f"{field}_{a}{b}" for i, a in enumerate(axes) for b in axes[i:]]
            if self.domain.space is not None:
                names += [f"grad_{field}", f"laplacian_{field}", f"{field}_n"]
        made = [name for composite in self.layout.composites for name in composite.slopes]
        names += [name for name in made if name not in names]
        return [*names, "normal"] if self.domain.space is not None else names

    def read(self, name: str) -> Quantity:
        """What `name` asks for. Raises `ValueError` when it asks for nothing, or for two things.

        Of a field that is made of others, it is what is asked of the first of them.
        """
        if (expanded := self.layout.expanded(name)) is not None:
            return self.read(expanded[1][0])
        readings = self._readings(name)
        if len(readings) > 1:
            raise ValueError(
                f"the name {name!r} is ambiguous: it reads as {listing(str(r) for r in readings)}. "
                "Rename a coordinate or a field."
            )
        if not readings:
            raise ValueError(self._unknown(name))
        self._check(name, readings[0])
        return readings[0]

    def knows(self, name: str) -> bool:
        """Whether a name asks for something, be it one thing or two."""
        if (expanded := self.layout.expanded(name)) is not None:
            return all(self._readings(member) for member in expanded[1])
        return bool(self._readings(name))

    def _readings(self, name: str) -> list[Quantity]:
        """Everything that a name may mean: several readings where fields and coordinates clash."""
        found: list[Quantity] = []
        if name in self.fields:
            found.append(Value(name))
        if name in self.coordinates:
            found.append(CoordinateValue(name))
        if name in self.unknowns:
            found.append(UnknownValue(name))
        if name in self.constants:
            found.append(ConstantValue(name))
        if name == "normal" and self.domain.space is not None:
            found.append(Normal())
        for field in self.fields:
            if self.domain.space is not None:
                special = {
                    f"grad_{field}": Gradient(field),
                    f"laplacian_{field}": Laplacian(field),
                    f"{field}_n": NormalDerivative(field),
                }
                if name in special:
                    found.append(special[name])
            if name.startswith(field + "_"):
                order = self.coordinates.index
                for along in _spellings(name[len(field) + 1 :], self.coordinates):
                    found.append(Derivative(field, tuple(sorted(along, key=order))))
        return found

    def _check(self, name: str, quantity: Quantity) -> None:
        if not isinstance(quantity, Derivative):
            return
        vectors = [c.name for c in self.domain.coordinates if c.vector and c.name in quantity.along]
        if vectors and len(quantity.along) > 1:
            raise ValueError(
                f"{name!r}: {vectors[0]!r} is a vector coordinate; only its first derivative has a "
                f"name. Use laplacian_{quantity.field} for the sum of second derivatives."
            )

    def _unknown(self, name: str) -> str:
        for field in self.known_fields:
            suffix = name.removeprefix(field + "_")
            if suffix != name and suffix:
                return (
                    f"{name!r} looks like a derivative of {field!r} along {suffix!r}, but the "
                    f"coordinates are {listing(self.coordinates)}." + nearest(name, self.examples())
                )
        known = [*self.known_fields, *self.coordinates, *self.unknowns, *self.constants]
        return (
            f"nothing is named {name!r}; there are {listing(known)}, and derivatives such as "
            f"{self.known_fields[0]}_{self.coordinates[0]}. A number to be solved for is declared in "
            "unknowns=, one that is given in constants=." + nearest(name, self.examples())
        )


def _spellings(suffix: str, coordinates: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All ways to write `suffix` as a sequence of coordinate names."""
    if not suffix:
        return []
    found = []
    for name in coordinates:
        if suffix == name:
            found.append((name,))
        elif suffix.startswith(name):
            found += [(name, *rest) for rest in _spellings(suffix[len(name) :], coordinates)]
    return found
