"""A field that is solved for, declared as an object instead of a name."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a problem: `Field("T")` is what the name `"T"` alone is.

    - `name`: what conditions ask for.
    - `on`: the part of the domain on which the field lives; None for all of it.
    - `of`: the names of the coordinates that it depends on; None for all of them.
    - `complex`: whether its values are complex numbers.
    - `network`: its own network; None for a share in the problem's.

    Raises `ValueError` for a name that is no text, and for each of the last four, which this version
    does not know yet.
    """

    name: str
    on: object = None
    of: tuple[str, ...] | None = None
    complex: bool = False
    network: object = None

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise ValueError(f"Field: the name {self.name!r} is no text, such as 'T'")
        for option, plain in (("on", None), ("of", None), ("complex", False), ("network", None)):
            given = getattr(self, option)
            if given is not plain:
                raise ValueError(
                    f"Field({self.name!r}, {option}={given!r}): not yet; a field lives on the whole "
                    "domain, depends on all coordinates, is real, and shares the problem's network"
                )
