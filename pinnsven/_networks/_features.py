"""Functions of the coordinates as further inputs of a network: it need not bend where they bend.

A solution that is not smooth is a smooth function of the coordinates and of what is not smooth in it:
the heat profile that a corner of the start leaves, the power of the distance from a re-entrant corner,
the exponential of a boundary layer. A network that is given those has nothing to learn but the rest.
"""

import abc
import functools
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf
from jaxtyping import Array, Float

from .._basics._compiled import briefly
from .._basics._functions import known_arguments
from .._domains import Domain

DEEP = 3.0  # thicknesses of a layer, over which points in it are spread
MOMENT = (
    1e-24  # of the diffusion length squared over that of the domain, so that nothing divides by zero
)


class AbstractFeature(eqx.Module):
    """Functions of a point that a network gets beside the coordinates."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The least and the largest value where these are known; None to look at many points."""
        return None

    @abc.abstractmethod
    def __call__(self, point: Float[Array, " dim"]) -> Float[Array, " count"]:
        """The values at one point in the domain's own coordinates."""

    def describe(self) -> dict[str, Any] | None:
        """What a file holds of it; None for functions of the user's."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class NamedFeature(AbstractFeature):
    """A user's function of named coordinates: `MLP(features={"corner": lambda x, t: ...})`.

    - `name`: by which messages speak of it.

    Raises `ValueError` for a function that asks for no coordinate, or for what is none.
    """

    name: str = eqx.field(static=True)
    function: Callable = eqx.field(static=True)
    domain: Domain = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)

    def __init__(self, name: str, function: Callable, domain: Domain):
        self.name, self.function, self.domain = name, function, domain
        known = list(domain.slices())
        if not callable(function):
            raise ValueError(f"feature {name!r}: give a function of coordinates, not {function!r}")
        self.names = known_arguments(function, known, f"feature {name!r}", f"feature {name!r}")
        if not self.names:
            raise ValueError(f"feature {name!r} names no coordinate: it would be the same everywhere")

    def __call__(self, point):
        named = self.domain.split(point)
        value = self.function(*[named[name] for name in self.names])
        if jnp.shape(value) != ():
            raise ValueError(f"feature {self.name!r} has the shape {jnp.shape(value)}: return a scalar")
        return jnp.asarray(value, point.dtype)[None]

    def describe(self):
        return None


class HeatProfile(AbstractFeature):
    """What diffusion makes of a corner: a jump of a value, of its slope or of its curvature at a place.

    With s the distance from the place and $w = 2 \\sqrt{D (t - t_0)}$, the repeated integrals of the
    error function (Carslaw and Jaeger 1959, appendix II): $\\mathrm{erf}(s/w)$;
    $s\\,\\mathrm{erf}(s/w) + w/\\sqrt\\pi\\, e^{-s^2/w^2}$; and
    $(s^2 + w^2/2)\\,\\mathrm{erf}(s/w) + s w/\\sqrt\\pi\\, e^{-s^2/w^2}$.
    On a ring of length L the distance is $(L/\\pi) \\sin(\\pi s / L)$, and what is odd is multiplied
    by $\\cos(\\pi s / L)$, which makes it periodic.

    - `axis`: of the coordinate, `place` where on it.
    - `order`: 0 for a jump of the value, 1 of the slope, 2 of the curvature.
    - `diffusivity`: D, in the square of the coordinate's unit over that of time.
    - `start`: $t_0$, `time` its axis.
    - `extent`: of the coordinate, `ring` whether it is periodic.
    """

    axis: int = eqx.field(static=True)
    place: float = eqx.field(static=True)
    order: int = eqx.field(static=True)
    diffusivity: float = eqx.field(static=True)
    start: float = eqx.field(static=True)
    time: int = eqx.field(static=True)
    extent: float = eqx.field(static=True)
    ring: bool = eqx.field(static=True)

    def __call__(self, point):
        """The profile at a point and a time, (1,)."""
        s, even = point[self.axis] - self.place, 1.0
        if self.ring:
            angle = jnp.pi * s / self.extent
            s = self.extent / jnp.pi * jnp.sin(angle)
            even = jnp.cos(angle) if self.order != 1 else 1.0
        squared = 4 * self.diffusivity * (point[self.time] - self.start)
        w = jnp.sqrt(jnp.maximum(squared, 0) + MOMENT * self.extent**2)
        q = s / w
        bell = w / np.sqrt(np.pi) * jnp.exp(-(q**2))
        if self.order == 0:
            value = erf(q)
        elif self.order == 1:
            value = s * erf(q) + bell
        else:
            value = (s**2 + w**2 / 2) * erf(q) + s * bell
        return (even * value)[None]


class CornerPowers(AbstractFeature):
    """Both parts of $(z - z_c)^\\alpha$ about a corner of the plane, cut outside the domain.

    The singular functions of Laplace's equation at a corner (Grisvard 1985, section 2.7); those with
    $(z - z_c)^2 \\log (z - z_c)$ come from a source that does not fit the edges.

    - `vertex`: the corner, in the domain's coordinates.
    - `middle`: the direction that halves the inner angle, in radians.
    - `exponents`: the powers.
    - `logarithm`: whether the square with its logarithm is among them.
    - `reach`: how far from the corner they fade, where the cut would enter the domain again behind a
      hole; None where it does not.
    """

    vertex: tuple[float, float] = eqx.field(static=True)
    middle: float = eqx.field(static=True)
    exponents: tuple[float, ...] = eqx.field(static=True)
    logarithm: bool = eqx.field(static=True, default=False)
    reach: float | None = eqx.field(static=True, default=None)

    def __call__(self, point):
        """Two values for each exponent, and two for the logarithm."""
        x, y = point[0] - self.vertex[0], point[1] - self.vertex[1]
        c, s = np.cos(self.middle), np.sin(self.middle)
        along, across = c * x + s * y, c * y - s * x
        squared = along**2 + across**2
        at_vertex = squared == 0  # where neither angle nor logarithm exists
        safe = jnp.where(at_vertex, 1.0, squared)
        angle = jnp.arctan2(across, jnp.where(at_vertex, 1.0, along))
        parts = []
        for a in self.exponents:
            size = jnp.where(at_vertex, 0.0, safe ** (a / 2))
            parts += [size * jnp.cos(a * angle), size * jnp.sin(a * angle)]
        if self.logarithm:
            size, log = jnp.where(at_vertex, 0.0, squared), jnp.log(safe) / 2
            cosine, sine = jnp.cos(2 * angle), jnp.sin(2 * angle)
            parts += [size * (log * cosine - angle * sine), size * (log * sine + angle * cosine)]
        fades = 1.0 if self.reach is None else jnp.exp(-((squared / self.reach**2) ** 2))
        return fades * jnp.stack(parts)


class Layer(AbstractFeature):
    """The exponential of a boundary layer, $e^{-d/\\epsilon}$ with d the distance from a wall.

    - `axis`: of the coordinate, `place` the wall, `side` 1 at its lower end and -1 at its upper one.
    - `thickness`: of the layer, in the coordinate's unit.
    """

    axis: int = eqx.field(static=True)
    place: float = eqx.field(static=True)
    side: int = eqx.field(static=True)
    thickness: float = eqx.field(static=True)

    @property
    def bounds(self):
        return -1.0, 1.0  # no point may ever fall into the layer

    def __call__(self, point):
        distance = self.side * (point[self.axis] - self.place)
        return jnp.exp(-distance / self.thickness)[None]

    def across(self, places, rng: np.random.Generator) -> Float[np.ndarray, " n"]:
        """Places in the layer instead of those given, which lie in the domain, closer at the wall."""
        farthest = np.max(self.side * (places - self.place), initial=0.0)
        depths = np.minimum(DEEP * self.thickness * rng.exponential(size=len(places)), farthest)
        return self.place + self.side * depths


class Bend(AbstractFeature):
    """A power of the distance beyond a plane, zero before it.

    What an equation makes of a source or a coefficient that jumps there: the derivative of its order
    jumps, and all before it are continuous.

    - `axis`: of the coordinate, `place` where on it.
    - `order`: of the derivative that jumps.
    - `reach`: the largest value.
    """

    axis: int = eqx.field(static=True)
    place: float = eqx.field(static=True)
    order: int = eqx.field(static=True)
    reach: float = eqx.field(static=True)

    @property
    def bounds(self):
        return -self.reach, self.reach  # so that it is zero before the plane as the network sees it

    def __call__(self, point):
        beyond = point[self.axis] - self.place
        return jnp.where(beyond > 0, beyond**self.order, 0.0)[None]


KINDS: dict[str, type[AbstractFeature]] = {
    kind.__name__: kind for kind in (HeatProfile, CornerPowers, Layer, Bend)
}


def describe_features(features: tuple[AbstractFeature, ...]) -> list[dict] | None:
    """What a file holds of features; None where one is a function of the user's."""
    found = [(type(feature).__name__, feature.describe()) for feature in features]
    if any(given is None for _, given in found):
        return None
    return [{"class": name, "arguments": given} for name, given in found]


def feature_of(name: str, given: Mapping[str, Any]) -> AbstractFeature:
    """The inverse; `ValueError` for a kind that is not known."""
    if name not in KINDS:
        raise ValueError(f"a feature {name[:40]!r} is not known to this pinnsven")
    return KINDS[name](**given)


def feature_values(features: tuple[AbstractFeature, ...], points) -> Float[np.ndarray, "n count"]:
    """The values of all features at many points, in numpy."""
    if not features:
        return np.zeros((len(points), 0))
    # What a function of the user's closes over may change: its program would be out of date.
    own = all(type(feature) in KINDS.values() for feature in features)
    at_many = _program(features) if own else jax.vmap(_joined(features))
    return np.asarray(at_many(np.asarray(points)), float)


@functools.lru_cache(maxsize=64)
def _program(features: tuple[AbstractFeature, ...]) -> Callable:
    """One program for the same features: functions are drawn at new places again and again."""
    return briefly(jax.vmap(_joined(features)))


def _joined(features: tuple[AbstractFeature, ...]) -> Callable:
    return lambda point: jnp.concatenate([feature(point) for feature in features])


def feature_scales(
    features: tuple[AbstractFeature, ...], points
) -> tuple[Float[np.ndarray, " count"], Float[np.ndarray, " count"]]:
    """The center and the reach of every value, seen at many points of the domain.

    Raises `ValueError` for a feature that is not finite, or the same everywhere.
    """
    centers, reaches = [np.zeros(0)], [np.zeros(0)]
    for feature in features:
        values = feature_values((feature,), points)
        label = repr(feature.name) if isinstance(feature, NamedFeature) else type(feature).__name__
        if not np.all(np.isfinite(values)):
            bad = int(np.argmin(np.all(np.isfinite(values), axis=1)))
            raise ValueError(f"feature {label} is {values[bad].tolist()} at {points[bad].tolist()}")
        low, high = values.min(axis=0), values.max(axis=0)
        if feature.bounds is not None:
            low, high = (np.full(values.shape[1], bound) for bound in feature.bounds)
        if np.any(high - low <= 1e-12 * np.maximum(np.abs(high), np.abs(low))):
            raise ValueError(f"feature {label} is the same everywhere: {float(low[0])}")
        centers.append((low + high) / 2)
        reaches.append((high - low) / 2)
    return np.concatenate(centers), np.concatenate(reaches)
