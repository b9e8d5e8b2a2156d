"""Where fields live, and which of them are known to conditions by one name together."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .._basics._functions import NamedFunction
from .._domains import AbstractShape, AbstractSite, Domain, EachPart, Interior, each_once
from ._composites import AbstractComposite, PiecewiseField


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
class FieldLayout:
    """What is particular about the fields of a problem.

    - `places`: one for each real field, in order; empty where all are plain.
    - `composites`: the fields that are made of others.
    """

    places: tuple[FieldPlace, ...] = ()
    composites: tuple[AbstractComposite, ...] = ()

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

    def names(self, fields: tuple[str, ...], shaped: bool = True) -> tuple[str, ...]:
        """The fields as users know them: composites in place of their members.

        - `shaped`: whether vectors and tensors are named, or their components.
        """
        owner = {m: c.name for c in self.composites if shaped or not c.shape for m in c.members}
        return tuple(dict.fromkeys(owner.get(field, field) for field in fields))

    def by_name(
        self,
        fields: tuple[str, ...],
        columns: Float[np.ndarray, "fields n"],
        places: Float[np.ndarray, "n space"],
    ) -> dict[str, np.ndarray]:
        """Values of all fields by the names that users know: composites in place of their members.

        - `columns`: of the real fields, at `places`.
        """
        found = dict(zip(fields, columns, strict=True))
        for composite in self.composites:
            members = [found[member] for member in composite.members]
            found[composite.name] = composite.whole_at(composite.name, members, places)
        return {name: found[name] for name in self.names(fields)}

    def real_names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Names with the members in place of what they make up, but for fields in pieces."""
        parts = {c.name: c.members for c in self.composites if not c.parts}
        return tuple(n for name in names for n in parts.get(name, (name,)))

    def composite(self, name: str) -> AbstractComposite | None:
        """The field of a name that is made of others; None where it is not."""
        return next((c for c in self.composites if c.name == name), None)

    def expanded(self, asked: str) -> tuple[AbstractComposite, tuple[str, ...]] | None:
        """The composite that a name asks for, with the names of the members; None for other names."""
        for composite in self.composites:
            if (names := composite.names(asked)) is not None:
                return composite, names
        return None

    def expanded_names(
        self, names: Sequence[str]
    ) -> tuple[dict[str, tuple[AbstractComposite, tuple[str, ...]]], tuple[str, ...]]:
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
        choosers = {c.name: c.chooser for c, _ in made.values() if isinstance(c, PiecewiseField)}
        names |= dict.fromkeys(choosers.values())

        def function(values: Mapping[str, Any], *data):
            whole = {
                name: composite.whole(
                    name, [values[m] for m in members], values.get(choosers.get(composite.name, ""))
                )
                for name, (composite, members) in made.items()
            }
            return term.function({**values, **whole}, *data)

        return NamedFunction(tuple(names), function, term.data)


PLAIN = FieldLayout()
