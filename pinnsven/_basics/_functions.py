"""Functions of users, called with what their argument names ask for."""

import dataclasses
import inspect
from collections.abc import Callable

from ._messages import listing, nearest


def required_arguments(
    function: Callable, knows: Callable[[str], bool] = lambda name: False
) -> tuple[str, ...]:
    """The arguments of a function that must be supplied by name.

    Parameters with a default keep it. Raises `ValueError` for `*args`, `**kwargs`, a callable whose
    signature cannot be read, and a default that would keep out what the name asks for.

    - `knows`: whether a name asks for something.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ValueError(f"cannot read the argument names of {function!r}: wrap it in a def") from None
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            star = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise ValueError(
                f"{star}{parameter.name}: arguments are looked up by name, so write each one out"
            )
        if parameter.default is not parameter.empty and knows(parameter.name):
            raise ValueError(
                f"the argument {parameter.name!r} has the default {parameter.default!r}, and would "
                f"never get what {parameter.name!r} is in the problem. Leave the default out, or "
                "choose another name"
            )
    return tuple(p.name for p in parameters if p.default is p.empty)


def known_arguments(function: Callable, known: list[str], label: str, asker: str) -> tuple[str, ...]:
    """The arguments of a function that may ask for some names alone.

    - `label`, `asker`: how messages begin, where the signature is wrong, and where a name is.

    Raises `ValueError` as `required_arguments` does, and for a name that is not known.
    """
    try:
        names = required_arguments(function, known.__contains__)
    except ValueError as error:
        raise ValueError(f"{label}: {error}") from None
    for name in names:
        if name not in known:
            raise ValueError(
                f"{asker} asks for {name!r}; it may use {listing(known)}." + nearest(name, known)
            )
    return names


@dataclasses.dataclass(frozen=True)
class NamedFunction:
    """A function with the names of the arguments it needs; called with a dict of values.

    - `data`: arrays that it gets as a second argument, or None if it takes none. Another problem of the
      same structure may bring others.
    """

    names: tuple[str, ...]
    function: Callable[..., object]
    data: object = None

    @classmethod
    def of(
        cls, function: Callable, knows: Callable[[str], bool] = lambda name: False
    ) -> "NamedFunction":
        """Wraps a user's function; raises `ValueError` as `required_arguments` does.

        - `knows`: whether a name asks for something; none that does may have a default.
        """
        names = required_arguments(function, knows)
        kinds = inspect.signature(function).parameters
        # By position where it can be: jnp.sin and its like take no keywords.
        keywords = [n for n in names if kinds[n].kind is inspect.Parameter.KEYWORD_ONLY]
        positional = [n for n in names if n not in keywords]

        def call(values: dict):
            return function(*[values[n] for n in positional], **{n: values[n] for n in keywords})

        return cls(names, call)

    def __call__(self, values: dict, data: object = None):
        if self.data is None:
            return self.function(values)
        return self.function(values, self.data if data is None else data)
