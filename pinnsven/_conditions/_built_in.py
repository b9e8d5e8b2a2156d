"""Conditions that are built into the solution: u = G + d N holds them whatever the network N says.

G has the prescribed values, d is zero where they are prescribed and positive elsewhere (Lagaris et al.
1998). Values on the faces of a box are joined by transfinite interpolation (Gordon 1971), those on
curves apart from each other in the ratio of the distances (Rvachev et al. 2001). A start is built in
last: with s = (t - t0) / T and T the length of time, u = G + (u0 - G at the start) + (1 - exp(-s)) d N,
and with a prescribed rate the square of the parenthesis.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._basics._functions import NamedFunction
from .._domains import AbstractSurface, Domain, Plane

Constants = dict[str, Float[Array, ""]]


class AbstractLift(eqx.Module):
    """A function of a point that has the prescribed values where they are prescribed."""

    @abc.abstractmethod
    def __call__(self, point: Float[Array, " dim"], constants: Constants) -> Float[Array, ""]:
        """The value at one point in the domain's own coordinates."""


class Prescribed(AbstractLift):
    """A number, or a function of coordinates and constants, everywhere as on its part.

    - `number`: zero where there is a function; an array, so that another one compiles nothing.
    """

    number: Float[Array, ""]
    function: NamedFunction | None = eqx.field(static=True)
    domain: Domain = eqx.field(static=True)

    def __call__(self, point, constants):
        if self.function is None:
            return jnp.asarray(self.number, point.dtype)
        named = self.domain.split(point) | {
            n: jnp.asarray(v, point.dtype) for n, v in constants.items()
        }
        return jnp.asarray(self.function(named), point.dtype)

    @classmethod
    def of(cls, number: float, domain: Domain) -> "Prescribed":
        return cls(np.asarray(number, float), None, domain)  # type: ignore[call-arg]


class Across(AbstractLift):
    """Values on one or both faces across a coordinate, joined linearly in it.

    - `before`: what the coordinates before this one give, or None.
    - `walls`: the faces, `given`: the values on each.
    """

    before: AbstractLift | None
    given: tuple[Prescribed, ...]
    walls: tuple[Plane, ...] = eqx.field(static=True)

    def __call__(self, point, constants):
        value = self._before(point, constants)
        for i, (wall, given) in enumerate(zip(self.walls, self.given, strict=True)):
            on = moved(point, wall.axes[0], wall.place)
            # The level of the face opposite is one on this face.
            share = self.walls[1 - i].level(point) if len(self.walls) == 2 else 1.0
            value = value + share * (given(on, constants) - self._before(on, constants))
        return value

    def _before(self, point, constants):
        return jnp.zeros((), point.dtype) if self.before is None else self.before(point, constants)


class Blend(AbstractLift):
    """Values on surfaces that do not touch: each the more, the nearer its surface is.

    - `parts`: one for each group of surfaces, `surfaces`: the groups.
    """

    parts: tuple[AbstractLift, ...]
    surfaces: tuple[tuple[AbstractSurface, ...], ...] = eqx.field(static=True)

    def __call__(self, point, constants):
        levels = [product(group, point) for group in self.surfaces]
        above, below = 0.0, 0.0
        for i, part in enumerate(self.parts):
            share = 1.0
            for j, level in enumerate(levels):
                share = share * level if j != i else share
            above, below = above + share * part(point, constants), below + share
        return above / below


class Begun(AbstractLift):
    """Values at the start of time beside those on the boundary.

    - `boundary`: what holds in space, or None.
    - `value`, `rate`: at the start; None where no rate is prescribed.
    - `start`, `duration`: of time, which is the last coordinate.
    """

    boundary: AbstractLift | None
    value: Prescribed
    rate: Prescribed | None
    start: float = eqx.field(static=True)
    duration: float = eqx.field(static=True)

    def __call__(self, point, constants):
        begun = moved(point, -1, self.start)
        value = self.value(begun, constants)
        if self.boundary is not None:
            missing = value - self.boundary(begun, constants)
            value = self.boundary(point, constants) + missing
        if self.rate is None:
            return value
        rate = self.rate(begun, constants)
        if self.boundary is not None:
            along = jnp.zeros_like(point).at[-1].set(1.0)
            at = lambda place: self.boundary(place, constants)  # type: ignore[misc]
            rate = rate - jax.jvp(at, (begun,), (along,))[1]
        return value + self.duration * since(point, self.start, self.duration) * rate


class Term(eqx.Module):
    """What is built into one field: u = G + scale d N.

    - `lift`: G. `surfaces`: those of the boundary on which d is zero.
    - `begins`: start and length of time, where the start is built in, and the power of its factor.
    - `scale`: the reciprocal of the largest d.
    """

    lift: AbstractLift
    surfaces: tuple[AbstractSurface, ...] = eqx.field(static=True)
    begins: tuple[float, float, int] | None = eqx.field(static=True)
    scale: float = eqx.field(static=True, default=1.0)

    def distance(self, point: Float[Array, " dim"]) -> Float[Array, ""]:
        """d at one point, about one in the middle of the domain."""
        found = self.scale * product(self.surfaces, point)
        if self.begins is not None:
            start, duration, power = self.begins
            found = found * since(point, start, duration) ** power
        return found

    def __call__(self, value, point, constants: Constants):
        return self.lift(point, constants) + self.distance(point) * value


class BuiltIn(eqx.Module):
    """What is built into the fields of a problem, as a map from the network's values and a point.

    - `terms`: one for each field, None where nothing is.
    - `constants`: of the problem, by name.
    """

    terms: tuple[Term | None, ...]
    constants: Constants

    def __call__(self, values, point):
        pairs = zip(values, self.terms, strict=True)
        return jnp.stack([v if t is None else t(v, point, self.constants) for v, t in pairs])


def number_lift(
    surfaces: tuple[AbstractSurface, ...], numbers: tuple[float, ...], domain: Domain
) -> AbstractLift:
    """One number everywhere, or two on the faces across one coordinate."""
    given = tuple(Prescribed.of(number, domain) for number in numbers)
    if len(set(numbers)) == 1:
        return given[0]
    return Across(None, given, surfaces)  # type: ignore[call-arg, arg-type]


def product(surfaces: tuple[AbstractSurface, ...], point):
    """The product of the levels of surfaces at one point."""
    found = jnp.ones((), point.dtype)
    for surface in surfaces:
        found = found * surface.level(point)
    return found


def since(point, start: float, duration: float):
    """1 - exp(-(t - t0) / T), zero at the start with the slope 1/T."""
    return -jnp.expm1(-(point[-1] - start) / duration)


def moved(point, axis: int, place: float):
    """A point with another value of one component."""
    chosen = jnp.arange(point.size) == axis % point.size
    return jnp.where(chosen, jnp.asarray(place, point.dtype), point)
