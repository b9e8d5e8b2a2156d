"""Random features (Rahimi and Recht 2007): a layer that is drawn, and only its combination solved for.

Where equations are linear, the combination that meets them best is one least-squares solve away
(extreme learning machines: Dwivedi and Srinivasan 2020; Calabro, Fabiani, Siettos 2021).
"""

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ._base import Embedding, in_combination
from ._holes import around_poles, draw_poles, pole_power, round_holes
from ._products import NONE, most_degree, products_of, turns_of
from ._screen import Screen

FLATTEST = 0.5  # of the sizes of a unit's weights, where no other is asked for
HOLE_SHARE = 0.4  # of the functions, at most about round holes
HARMONICS = 16  # of them about each
HOLE_WAVES = 2.0  # size of the waves that multiply functions about holes, per unit of the inputs
WITHIN = 0.7  # of its radius, below which nothing is evaluated about a hole
BEYOND = 0.4  # of the extents, as far as which poles lie outside of the walls where there are holes
POLE_SHARE = 8  # one function in so many is a pole's, where there is room for poles

# How places are moved, and how much narrower functions are there: see `DrawnUnits.draw`.
Closer = Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


class DrawnUnits(eqx.Module):
    """Drawn functions of a network's inputs z.

    A constant, z itself, units tanh(w . z + b), and, where the domain does not fill its bounding box,
    fundamental solutions of Laplace's equation around poles outside of it, which holes leave open (the
    method of fundamental solutions, Fairweather and Karageorghis 1998). Where there are features beside
    the coordinates, units see the coordinates alone and half of them are multiplied by a feature, as in
    the solution smooth functions multiply what is not smooth.

    - `weights`, `biases`: of the units, (units, inputs) and (units,).
    - `owners`: by which feature each unit is multiplied, zero for none, (units,).
    - `degrees`: along each input, (units, inputs), of a product of polynomials and waves that stands in
      place of a unit; -1 where a unit is meant, no rows where there never are products.
    - `turns`: for each input the one whose angle it turns with, (inputs,).
    - `bells`, `narrowness`: the centers of Gaussian functions in the inputs, and one over their widths
      along each, (bells, inputs): near what is narrow in a few directions at once, where a unit, which
      is as wide as the domain along its front, would have to be canceled by others.
    - `poles`: in the inputs, (poles, inputs).
    - `holes`, `radii`: of round holes, in the inputs and in the metric, (holes, inputs) and (holes,):
      harmonic functions about each that fade from it, so many as `harmonics` (field notes 13).
    - `orders`: of these in the plane, (harmonics,), `fading`: the powers of one over the distance by
      which they fade. Equal where they are harmonic; two less where they are a harmonic function times
      the square of the distance, of which displacements and slow flows are made (Goursat 1898).
    - `screen`: what fades by itself too, see `Screen`; empty where nothing does.
    - `waves`, `phases`: each hole's functions are multiplied by cos(w . z + b), (holes, inputs) and
      (holes,): zero for harmonic functions; where these are there already, random.
    - `shown`: whether each field has the functions about each hole, (fields, holes): those about what
      is a hole in its own part of the domain; no rows where all fields live on all of it.
    - `metric`: the length of a unit of each input, (inputs,), zero for what is no place in space.
    - `power`: of the distance from a pole, zero for a logarithm.
    - `most`: the largest degree along an input.
    """

    weights: Float[Array | np.ndarray, "units inputs"]
    biases: Float[Array | np.ndarray, " units"]
    owners: Int[Array | np.ndarray, " units"]
    degrees: Int[Array | np.ndarray, "units inputs"]
    turns: Int[Array | np.ndarray, " inputs"]
    bells: Float[Array | np.ndarray, "bells inputs"]
    narrowness: Float[Array | np.ndarray, "bells inputs"]
    poles: Float[Array | np.ndarray, "poles inputs"]
    holes: Float[Array | np.ndarray, "holes inputs"]
    radii: Float[Array | np.ndarray, " holes"]
    waves: Float[Array | np.ndarray, "holes inputs"]
    phases: Float[Array | np.ndarray, " holes"]
    shown: Float[Array | np.ndarray, "fields holes"]
    metric: Float[Array | np.ndarray, " inputs"]
    orders: Int[Array | np.ndarray, " harmonics"]
    fading: Int[Array | np.ndarray, " harmonics"]
    screen: Screen
    harmonics: int = eqx.field(static=True)
    power: int = eqx.field(static=True)
    most: int = eqx.field(static=True)

    @classmethod
    def draw(
        cls,
        embedding: Embedding,
        number: int,
        slopes: tuple[float, float],
        rng: np.random.Generator,
        stretch: Float[np.ndarray, " inputs"] | float = 1.0,
        closer: Closer | None = None,
        again: int = 0,
        screening: float = 0.0,
        biharmonic: bool = False,
        multiplies: bool = False,
    ) -> "DrawnUnits":
        """So many units and poles, as numpy's arrays.

        - `slopes`: the least and the largest size of a unit's weights, per unit of the inputs.
        - `stretch`: how much larger weights are along each input.
        - `closer`: from places (units, dim) and random numbers, other places and how much narrower
          functions are there along each coordinate, (units, dim); None where all are as wide. Those
          that are narrower are bells.
        - `again`: how often functions about holes are there already: the next ones have higher orders,
          and later ones, in space all but the first, are multiplied by waves.
        - `screening`: k of an equation laplacian u = k^2 u + f, per unit of length.
        - `multiplies`: whether there is room for products in the place of units, where no holes are.
        - `biharmonic`: whether half of the functions about holes are harmonic ones times r^2.
        """
        domain = embedding.domain
        holes, radii, shown, metric = round_holes(embedding)
        harmonics = 0
        if len(holes):
            room = int(HOLE_SHARE * number) // len(holes)
            flat = domain.space_dim == 2
            harmonics = min(HARMONICS, (room - 1) // 2) if flat else min(math.isqrt(room), 3)
            # What holes make of the solution goes on beyond the outer walls as if reflected in them.
            poles, _, away = draw_poles(embedding, number // POLE_SHARE, rng, BEYOND)
        else:
            poles, metric, away = draw_poles(embedding, number // POLE_SHARE, rng)
        count = number - len(poles) - len(holes) * _per_hole(harmonics, domain.space_dim)
        places = domain.lower + rng.random((count, domain.dim)) * (domain.upper - domain.lower)
        bells, narrowness = np.zeros((2, 0, embedding.inputs))
        # About holes units leave less than products, which see these from afar (experiment 183).
        multiplies = multiplies and not len(holes)
        if closer is not None:
            near, finer = closer(places, rng)
            moved = np.any(finer > 1, axis=1)
            bells, places = embedding.at(near[moved]), places[~moved]
            narrowness = np.sqrt(slopes[1]) * embedding.per_input(finer[moved])
        centers = embedding.at(places)
        weights = draw_slopes(centers.shape, slopes, rng) * stretch
        owners = share_features(weights, len(embedding.reaches))
        power, half = pole_power(domain), np.max(domain.upper - domain.lower) / 2
        orders, fading = _orders(harmonics, again > 0, biharmonic and not power and not screening)
        waves = again > (0 if power else 1)
        screen = Screen.of(screening * half, [0, *orders], radii, away / half, power)
        return cls(  # type: ignore[call-arg]
            weights=weights,
            biases=-np.sum(weights * centers, axis=1),
            owners=owners,
            degrees=np.full((len(weights) if multiplies else 0, embedding.inputs), NONE, np.int32),
            turns=turns_of(embedding),
            bells=bells,
            narrowness=narrowness,
            poles=poles,
            holes=holes,
            radii=radii,
            waves=HOLE_WAVES * waves * rng.standard_normal(holes.shape) * (metric > 0),
            phases=np.pi * waves * rng.random(len(holes)),
            shown=shown,
            metric=metric,
            orders=orders,
            fading=fading,
            screen=screen,
            harmonics=harmonics,
            power=power,
            most=most_degree(domain.dim),
        )

    @property
    def functions(self) -> int:
        """How many functions there are."""
        about = self.holes.shape[-2] * _per_hole(self.harmonics, 2 - self.power if self.power else 2)
        plain = 1 + self.weights.shape[-1] + self.biases.shape[-1] + self.bells.shape[-2]
        return plain + self.poles.shape[-2] + about

    # Traced once for all programs that ask for the same derivatives: each of its loops is traced
    # several times for every order.
    @jax.jit
    def __call__(
        self, inputs: Float[Array, " inputs"], own=None, number=None
    ) -> Float[Array, " functions"]:
        """All functions at one embedded point.

        - `own`: the inputs of a field that has its own: all but the functions about poles and holes are
          of these. `number`: of that field.
        """
        own = inputs if own is None else own
        like = lambda array: jnp.asarray(array, inputs.dtype)
        units = self._units(own, like(self.weights), like(self.biases))
        units = times_features(units, own, self.owners)
        parts = [jnp.ones(1, inputs.dtype), own, units]
        if self.bells.shape[-2]:
            away = like(self.narrowness) * (own[None] - like(self.bells))
            parts.append(jnp.exp(-jnp.sum(away**2, axis=1)))
        if self.poles.shape[-2]:
            screen = jax.tree.map(like, self.screen) if self.screen.is_there else None
            given = (inputs, like(self.poles), like(self.metric), self.power, screen)
            parts.append(around_poles(*given))
        if self.holes.shape[-2]:
            radii, metric = like(self.radii), like(self.metric)[None]
            away = metric * (inputs[None] - like(self.holes))
            if number is not None:
                # Within the hole another field may live, where these functions grow without bound.
                near = jnp.sum(away**2, axis=1) < (WITHIN * radii) ** 2
                away = jnp.where(near[:, None], metric * radii[:, None], away)
            rates = like(self.screen.rates)
            at = lambda place, r, factors: self._around_hole(place, r, rates, factors)
            about = jax.vmap(at)(away, radii, like(self.screen.about))
            about = about * jnp.cos(like(self.waves) @ inputs + like(self.phases))[:, None]
            if number is not None:
                about = like(self.shown)[number][:, None] * about
            parts.append(about.ravel())
        return jnp.concatenate(parts)

    def _units(self, own, weights, biases) -> Float[Array, " units"]:
        """Units, or the products in their place: a portion has one or the other."""
        plain = lambda own: jnp.tanh(weights @ own + biases)
        if not self.degrees.shape[-2]:
            return plain(own)
        degrees, turns = jnp.asarray(self.degrees), jnp.asarray(self.turns)
        products = lambda own: products_of(own, degrees, turns, self.most)
        # What it asks for is the same at all points, so that only one of both is evaluated.
        return jax.lax.cond(jnp.all(degrees == NONE), plain, products, own)

    def _around_hole(self, away, radius, rates, factors):
        """Functions of the equation that fade from a hole, or grow like a logarithm, one at its edge.

        - `away`: from its center, in the metric, (inputs,); what is no place in space is zero.
        - `rates`, `factors`: of the screen.
        """
        if self.power:
            x, y, z = away[0] / radius, away[1] / radius, away[2] / radius
            r = jnp.sqrt(x * x + y * y + z * z)
            found = [1 / r, x / r**3, y / r**3, z / r**3]
            found += [x * y / r**5, y * z / r**5, z * x / r**5]
            found += [(x * x - y * y) / r**5, (2 * z * z - x * x - y * y) / r**5]
            about = jnp.stack(found[: _per_hole(self.harmonics, 3)])
            if not self.screen.is_there:
                return about
            k = rates[0] * radius
            faded = [1.0, (1 + k * r) / (1 + k), (3 + 3 * k * r + (k * r) ** 2) / (3 + 3 * k + k**2)]
            steps = jnp.stack([faded[0] + 0 * r, *[faded[1]] * 3, *[faded[2]] * 5])
            return about * jnp.exp(k * (1 - r)) * steps[: len(about)]
        x, y = away[0] / radius, away[1] / radius
        # The powers of 1 / z at once, by its logarithm: a recurrence would be as long as their orders.
        order = jnp.asarray(self.orders, away.dtype)
        logarithm, angle = jnp.log(x * x + y * y), jnp.arctan2(y, x)
        if self.screen.is_there:
            r = radius * jnp.sqrt(x * x + y * y)
            fading = factors @ jnp.exp(-rates * (r - radius))
            logarithm, size = fading[0], fading[1:]
        else:
            size = jnp.exp(-jnp.asarray(self.fading, away.dtype) * logarithm / 2)
        waves = jnp.stack([size * jnp.cos(order * angle), -size * jnp.sin(order * angle)], axis=1)
        return jnp.concatenate([logarithm[None], waves.ravel()])[: _per_hole(self.harmonics, 2)]


class DrawnLayer(eqx.Module):
    """A combination of drawn functions, portion after portion, beside a network.

    Portions that are not used cost no time, so that one program serves combinations of any size.

    - `units`: with a first axis for the portions.
    - `coefficients`: (portions, functions, fields).
    - `used`: how many portions count, the first ones.
    - `keeps`: what the network's values count: one, or zero where the combination stands alone.
    """

    units: DrawnUnits
    coefficients: Float[Array | np.ndarray, "portions functions fields"]
    used: Int[Array | np.ndarray, ""]
    keeps: Float[Array | np.ndarray, ""]

    @classmethod
    def empty(cls, units: DrawnUnits, portions: int, fields: int, keeps: float) -> "DrawnLayer":
        """Nothing, with room for so many portions of the kind of `units`."""
        room = jax.tree.map(lambda leaf: np.zeros((portions, *leaf.shape), leaf.dtype), units)
        nothing = np.zeros((portions, units.functions, fields))
        return cls(room, nothing, np.int32(0), np.asarray(keeps))  # type: ignore[call-arg]

    def with_portions(self, units: list[DrawnUnits], coefficients, keeps: float) -> "DrawnLayer":
        """The same room with other portions in it.

        - `coefficients`: (portions, functions, fields).
        """
        room = jax.tree.map(lambda *leaves: _stacked(leaves[0], leaves[1:]), self.units, *units)
        filled = _stacked(self.coefficients, coefficients)
        return DrawnLayer(room, filled, np.int32(len(units)), np.asarray(keeps))  # type: ignore[call-arg]

    @property
    def portions(self) -> list[DrawnUnits]:
        """The units of the portions that are used, as numpy's arrays."""
        whole = jax.tree.map(np.asarray, self.units)
        return [jax.tree.map(lambda leaf, i=i: leaf[i], whole) for i in range(int(self.used))]

    def trimmed(self) -> "DrawnLayer":
        """Without the portions that are not used."""
        used = max(int(self.used), 1)
        cut = jax.tree.map(lambda leaf: np.asarray(leaf)[:used], (self.units, self.coefficients))
        return DrawnLayer(*cut, self.used, self.keeps)  # type: ignore[call-arg]

    @jax.jit  # as that of `DrawnUnits`
    def __call__(self, values, inputs):
        """The values of the fields at one point.

        - `values`: of the network, (fields,), `inputs`: the embedded point, see `Embedding`.
        """

        def add(i, total):
            units = jax.tree.map(lambda leaf: jnp.asarray(leaf)[i], self.units)
            coefficients = jnp.asarray(self.coefficients, inputs.dtype)[i]
            return total + in_combination(units, inputs, coefficients)

        kept = jnp.asarray(self.keeps, values.dtype) * values
        return jax.lax.fori_loop(0, jnp.asarray(self.used), add, kept)


def _stacked(room, parts):
    filled = np.array(room)
    for number, part in enumerate(parts):
        filled[number] = part
    return filled


def draw_slopes(
    shape: tuple[int, int], slopes: tuple[float, float], rng: np.random.Generator
) -> Float[np.ndarray, "units inputs"]:
    """Weights of units whose sizes lie, by their logarithms, evenly between two slopes."""
    sizes = slopes[0] * (slopes[1] / slopes[0]) ** rng.random((shape[0], 1))
    return sizes * rng.standard_normal(shape)


def share_features(weights, features: int) -> Int[np.ndarray, " units"]:
    """Lets units see the coordinates alone, and says by which feature each is multiplied.

    - `weights`: of the units, (units, inputs), changed in place; the last inputs are the features.
    """
    owners = np.zeros(len(weights), np.int32)
    if features:
        weights[:, -features:] = 0.0
        owners[1::2] = 1 + np.arange(len(owners) // 2) % features
    return owners


def times_features(units, inputs, owners):
    """Units times the features that own them, counted from the last input backwards."""
    if not owners.size:
        return units
    factors = jnp.concatenate([jnp.ones(1, inputs.dtype), inputs[::-1]])
    return units * factors[jnp.asarray(owners)]


def _orders(harmonics: int, again: bool, biharmonic: bool):
    """Orders of the functions about a hole, and by which powers they fade: see `DrawnUnits`.

    - `again`: whether the first ones are there already.
    """
    plain = harmonics - harmonics // 2 if biharmonic else harmonics
    lifted = harmonics - plain
    orders = np.arange(1, plain + 1) + plain * again
    # The first order that fades, or stays as it is, with r^2 before it.
    others = np.arange(2, lifted + 2) + lifted * again
    return np.concatenate([orders, others]), np.concatenate([orders, others - 2])


def _per_hole(harmonics: int, dim: int) -> int:
    """How many functions belong to a hole."""
    return harmonics and (1 + 2 * harmonics if dim == 2 else harmonics**2)
