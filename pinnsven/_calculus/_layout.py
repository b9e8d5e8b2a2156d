"""Where fields live and what they are made of: parts of the domain, complex numbers, pieces.

A network gives real numbers. A *composite* is a field that conditions know by one name and that is made
of several of those: a complex field of its real and its imaginary part, a field in pieces of one for
each part of the domain.
"""

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from .._basics._functions import NamedFunction
from .._domains import AbstractShape, AbstractSite, Domain, EachPart, Interior, Union, each_once

REAL, IMAGINARY = "_re", "_im"  # behind the name of a complex field: its parts
PIECE = "_piece_of_"  # in front of the name of a field in pieces: which piece a point is in


@dataclasses.dataclass(frozen=True)
class FieldPlace:
    """Where one real field lives, and what gives it.

    - `part`: of the domain; None for all of it.
    - `of`: the coordinates that it depends on; None for all of them.
    - `network`: its own; None for a share in the problem's.
    """

    part: AbstractShape | None = None
    of: tuple[str, ...] | None = None
    network: object = None

    @property
    def is_plain(self) -> bool:
        """Whether the field is like any other."""
        return self.part is None and self.of is None and self.network is None


@dataclasses.dataclass(frozen=True)
class Composite:
    """A field that is made of others.

    - `name`: by which conditions ask for it.
    - `members`: the fields, real and imaginary part or one for each piece.
    - `parts`: of the domain, one for each piece; empty for a complex field.
    """

    name: str
    members: tuple[str, ...]
    parts: tuple[AbstractShape, ...] = ()

    @property
    def is_complex(self) -> bool:
        return not self.parts

    @property
    def chooser(self) -> str:
        """The name of the number of the piece that a point is in."""
        return PIECE + self.name

    def names(self, asked: str) -> tuple[str, ...] | None:
        """What a name asks for of each member; None for a name that is not the field's.

        - `asked`: such as `psi_xx` or `grad_psi`.
        """
        if any(asked == member or asked.startswith(member + "_") for member in self.members):
            return None  # psi_re is a field, no derivative of psi
        for before in ("", "grad_", "laplacian_"):
            if asked == before + self.name:
                return tuple(before + member for member in self.members)
        if asked.startswith(self.name + "_"):
            rest = asked.removeprefix(self.name)
            return tuple(member + rest for member in self.members)
        return None

    def whole(self, values: list, piece=None):
        """The field, or a derivative of it, from those of its members.

        - `values`: of the members; `piece`: the number of the piece, where there are pieces.
        """
        if self.is_complex:
            return jax.lax.complex(*map(jnp.asarray, values))
        return jnp.select([piece == i for i in range(len(values))], values)

    def pieces(self, places: Float[np.ndarray, "n space"]) -> Int[np.ndarray, " n"]:
        """Which piece each point of space is in, or nearest to."""
        return np.argmin([part.level(places) for part in self.parts], axis=0)

    def whole_at(self, values: list[np.ndarray], places: Float[np.ndarray, "n space"]) -> np.ndarray:
        """The field, or a derivative of it, at points of space, in numpy.

        - `values`: of the members, each (n, ...).
        """
        if self.is_complex:
            return values[0] + 1j * values[1]
        return np.stack(values)[self.pieces(places), np.arange(len(places))]

    @functools.cached_property
    def part(self) -> AbstractShape:
        """Where a field in pieces lives: all of its parts together."""
        return Union(*self.parts)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True)
class FieldLayout:
    """What is particular about the fields of a problem.

    - `places`: one for each real field, in order; empty where all are plain.
    - `composites`: the fields that are made of others.
    """

    places: tuple[FieldPlace, ...] = ()
    composites: tuple[Composite, ...] = ()

    @property
    def has_parts(self) -> bool:
        """Whether a field lives on a part of the domain alone."""
        return any(place.part is not None for place in self.places)

    def part(self, number: int) -> AbstractShape | None:
        """Where the field of a number lives; None for everywhere."""
        return self.places[number].part if self.places else None

    def site(self, domain: Domain, fields: int) -> AbstractSite:
        """The inside of the domain, with as many points in each part where fields have parts.

        - `fields`: how many there are.
        """
        if not self.has_parts:
            return Interior(domain)
        parts = each_once(self.part(number) or domain.space for number in range(fields))
        return EachPart(domain, tuple(parts))  # type: ignore[call-arg]

    def alive(
        self, domain: Domain, points: Float[np.ndarray, "n dim"], hair: float = 1e-9
    ) -> Bool[np.ndarray, "n fields"]:
        """Which fields live at which points, where some have places of their own.

        - `hair`: what counts as rounding, relative to the longest side of a part.
        """
        space = points[:, : domain.space_dim]
        parts = [place.part for place in self.places]
        inside = {id(p): p.contains(space, hair) for p in each_once(parts) if p is not None}
        everywhere = np.ones(len(points), bool)
        return np.stack([inside.get(id(part), everywhere) for part in parts], axis=1)

    def names(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """The fields as users know them: composites in place of their members."""
        owner = {m: c.name for c in self.composites for m in c.members}
        return tuple(dict.fromkeys(owner.get(field, field) for field in fields))

    def real_names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Names with the parts of complex fields in place of these."""
        parts = {c.name: c.members for c in self.composites if c.is_complex}
        return tuple(n for name in names for n in parts.get(name, (name,)))

    def composite(self, name: str) -> Composite | None:
        """The field of a name that is made of others; None where it is not."""
        return next((c for c in self.composites if c.name == name), None)

    def expanded(self, asked: str) -> tuple[Composite, tuple[str, ...]] | None:
        """The composite that a name asks for, with the names of the members; None for other names."""
        for composite in self.composites:
            if (names := composite.names(asked)) is not None:
                return composite, names
        return None

    def expanded_names(
        self, names: Sequence[str]
    ) -> tuple[dict[str, tuple[Composite, tuple[str, ...]]], tuple[str, ...]]:
        """Those names that ask for composites, as `expanded` has them, and all names of real fields."""
        found = {name: self.expanded(name) for name in names}
        made = {name: pair for name, pair in found.items() if pair is not None}
        parts = [made[name][1] if name in made else (name,) for name in names]
        return made, tuple(dict.fromkeys(itertools.chain.from_iterable(parts)))

    def expanded_term(self, term: NamedFunction) -> NamedFunction:
        """A function that asks for real fields alone, in place of one that may ask for composites."""
        made, real = self.expanded_names(term.names)
        if not made:
            return term
        names = dict.fromkeys(real)
        names |= dict.fromkeys(c.chooser for c, _ in made.values() if not c.is_complex)

        def function(values: Mapping[str, Any], *data):
            whole = {
                name: composite.whole([values[m] for m in members], values.get(composite.chooser))
                for name, (composite, members) in made.items()
            }
            return term.function({**values, **whole}, *data)

        return NamedFunction(tuple(names), function, term.data)


PLAIN = FieldLayout()
