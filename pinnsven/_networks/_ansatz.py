"""Hard constraints: a function of the network's value and the point replaces the value."""

import numbers
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp

from .._basics._functions import known_arguments
from .._basics._messages import listing
from .._domains import Domain


class Ansatz(eqx.Module):
    """A network with a transform that builds constraints in: `Ansatz(MLP(), lambda u, x: x * u)`.

    - `network`: any network.
    - `transform`: a function of fields and coordinates, looked up by name, evaluated at one point
      in the domain's own coordinates. It returns the new value of the field, or one value per field
      in their order, as scalars.

    Raises `ValueError` when solving starts if a name does not exist or the number of values is wrong.
    """

    network: object
    transform: Callable = eqx.field(static=True)


class NamedTransform(eqx.Module):
    """A user's transform bound to the fields and coordinates of a problem."""

    function: Callable = eqx.field(static=True)
    fields: tuple[str, ...] = eqx.field(static=True)
    domain: Domain = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)

    def __init__(self, function: Callable, fields: tuple[str, ...], domain: Domain):
        self.function, self.fields, self.domain = function, fields, domain
        known = [*fields, *domain.slices()]
        self.names = known_arguments(function, known, "Ansatz", "Ansatz: the transform")

    def __call__(self, values, point):
        named = dict(zip(self.fields, values, strict=True)) | self.domain.split(point)
        result = self.function(*[named[name] for name in self.names])
        parts = result if isinstance(result, tuple) else (result,)
        found = [getattr(part, "shape", type(part).__name__) for part in parts]
        if len(parts) != len(self.fields) or any(map(_is_no_scalar, parts)):
            raise ValueError(
                f"Ansatz: the transform must return {len(self.fields)} scalar(s), one per field "
                f"({listing(self.fields)}); got shapes {found}"
            )
        return jnp.stack([jnp.asarray(part, dtype=values.dtype) for part in parts])


def _is_no_scalar(part: object) -> bool:
    return getattr(part, "shape", () if isinstance(part, numbers.Number) else None) != ()
