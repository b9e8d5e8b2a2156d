"""Second spaces of functions, in which a solution u may be corrected or moved: u + e.

A space stands between the solution and its residuals as its coefficients do in place of the network's
parameters. Two are used. The *tangent space* of the same network at disturbed parameters bends where
the solution bends. The *drawn space* knows nothing of the solution: random units of many widths, all
over the domain (random features, as Rahimi and Recht 2007), with a constant and a slope.
"""

import abc
import dataclasses
import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._networks import (
    POLE_SHARE,
    AbstractParameters,
    DrawnLayer,
    DrawnUnits,
    FieldModel,
    Parameters,
    around_poles,
    by_field,
    draw_poles,
    draw_slopes,
    in_combination,
    pole_power,
    share_features,
    times_features,
    trained_arrays,
)

LEAST, MOST = 600, 800  # functions in the tangent space (experiment 80)
DISTURBANCE = 0.3  # of the parameters, relative to the root mean square of their leaf
DRAWN = 500  # functions in the drawn space, over all fields (experiment 76)
POWERS = 3  # of the solution that belong to the drawn space
LEAST_UNITS = 60  # of each field, where there are many
PORTION = 500  # functions that are drawn together to solve in, over all fields
PORTIONS = 8  # of them at most
HALF_WAVES = 4  # numbers of them along each input of three, in products of sines and of cosines
DEGREES = {1: 12, 2: 12, 3: 7}  # of the drawn space's polynomials, by the number of inputs
LEAST_DEGREE = 4  # with more inputs
SCALES = (0.5, 20.0)  # of the drawn units' slopes, per unit of the embedded inputs (field notes 13)


class AbstractSpace(AbstractParameters):
    """u + e as a function of the coefficients of e, then the changes of the unknowns."""

    plain: eqx.AbstractVar[Parameters]
    base: eqx.AbstractVar[Float[Array, " params"]]

    @property
    def unknown_names(self):
        return self.plain.unknown_names

    @property
    def unknown_maps(self):
        return self.plain.unknown_maps

    @property
    @abc.abstractmethod
    def functions(self) -> int:
        """The number of coefficients of e."""

    @property
    def size(self) -> int:
        """The number of coefficients, unknowns included."""
        return self.functions + len(self.unknown_names)

    @abc.abstractmethod
    def change(
        self, inputs: Float[Array, " inputs"], coefficients, values: Float[Array, " fields"]
    ) -> Float[Array, " fields"]:
        """e at one embedded point.

        - `values`: of u there, in its units.
        """

    def unpack(self, theta):
        # The network keeps its parameters, so that nothing differentiates what is drawn beside it.
        model, _ = self.plain.unpack(self.base)
        tail = self.base[self.base.size - len(self.unknown_names) :]
        unknowns = self.plain.unknowns(tail + theta[self.functions :])
        changed = Changed(model.addition, self, theta[: self.functions])
        return dataclasses.replace(model, addition=changed), unknowns


class Changed(eqx.Module):
    """What is added to the network of u in u + e.

    - `plain`: what is added in u.
    - `space`, `coefficients`: of e.
    """

    plain: eqx.Module
    space: AbstractSpace
    coefficients: Float[Array | np.ndarray, " functions"]

    def __call__(self, values, inputs):
        plain = self.plain(values, inputs)  # type: ignore[operator]
        return plain + self.space.change(inputs, self.coefficients, plain)


class UnitSpace(AbstractSpace):
    """Drawn units, in which an equation is solved or its solution corrected.

    - `plain`, `base`: the parameters of u and their values.
    - `units`: the functions, the same ones for each field.
    - `fields`: how many there are.
    """

    plain: Parameters
    base: Float[Array | np.ndarray, " params"]
    units: DrawnUnits
    fields: int = eqx.field(static=True)

    @property
    def functions(self):
        return self.units.functions * self.fields

    def change(self, inputs, coefficients, values):
        del values
        return in_combination(self.units, inputs, coefficients.reshape(-1, self.fields))


class AbstractSecondSpace(AbstractSpace):
    """A space made at a solution, to estimate its error in."""

    title: eqx.AbstractClassVar[str]

    @property
    def of_the_solution(self) -> int:
        """How many functions, the first ones, are made of the solution."""
        return 0

    @classmethod
    @abc.abstractmethod
    def at(
        cls,
        plain: Parameters,
        theta: Float[Array | np.ndarray, " params"],
        fields: int,
        times: float = 1,
    ) -> "AbstractSecondSpace":
        """The space at a solution of so many fields.

        - `times`: how much larger than usual.
        """


class TangentSpace(AbstractSecondSpace):
    """Tangent vectors at one or several disturbed parameter vectors.

    - `plain`, `base`: the parameters of u and their values.
    - `near`: the disturbed ones, shape (copies, params).
    - `index`: which parameters span the tangent space.
    """

    title: ClassVar[str] = "error, in the tangent space"
    plain: Parameters
    base: Float[Array | np.ndarray, " params"]
    near: Float[Array, "copies params"]
    index: Int[Array, " subset"]

    @classmethod
    def at(cls, plain: Parameters, theta, fields: int, times: float = 1) -> "TangentSpace":
        """The space around parameters: a random subset, disturbed by a share of each leaf's size.

        - `fields`, `times`: not used; a tangent space has the size that its network gives it.
        """
        del fields, times
        number = theta.size - len(plain.unknown_names)
        rng = np.random.default_rng(0)
        copies = tangent_copies(number)
        index = np.sort(rng.choice(number, min(number, MOST), replace=False))
        arrays = [np.asarray(a) for a in trained_arrays(plain.unpack(theta)[0])]
        # Leaf after leaf, in the order in which theta holds them.
        sizes = np.concatenate([np.full(leaf.size, np.sqrt(np.mean(leaf**2))) for leaf in arrays])
        noise = DISTURBANCE * sizes * rng.standard_normal((copies, number))
        near = np.tile(np.asarray(theta), (copies, 1))
        near[:, :number] += noise
        return cls(  # type: ignore[call-arg]
            plain=plain,
            base=theta,
            near=jnp.asarray(near, theta.dtype),
            index=jnp.asarray(index),
        )

    @property
    def functions(self):
        return self.near.shape[0] * self.index.size

    def change(self, inputs, coefficients, values):
        del values
        copies = self.near.shape[0]
        changes = jnp.zeros((copies, self.base.size), coefficients.dtype)
        changes = changes.at[:, self.index].set(coefficients.reshape(copies, -1))

        def along(at, change):
            def values(theta):
                return jnp.atleast_1d(self.plain.unpack(theta)[0].network(inputs))  # type: ignore

            return jax.jvp(values, (at,), (change,))[1]

        return jnp.sum(jax.vmap(along)(self.near, changes), axis=0)


def tangent_copies(number: int) -> int:
    """How many disturbed copies of a network with so many parameters span a tangent space."""
    return max(-(-LEAST // number), 1)


class DrawnSpace(AbstractSecondSpace):
    """Drawn functions of the network's embedded inputs z, the same ones for each field.

    Powers of the solution itself, for the movement of many a front or growth is a polynomial of it, and
    nothing else is as steep; a constant and a slope along every input; units tanh(w . z + b); Legendre
    polynomials of w . z, which hold the smooth functions that a condition leaves open; and, where the
    domain does not fill its bounding box, fundamental solutions of Laplace's equation around poles
    outside of it (as in the method of fundamental solutions, Fairweather and Karageorghis 1998), which
    holes leave open. In three dimensions, of which so few functions hold too little, also products of
    sines and of cosines along the coordinates, the modes of a box. The order of all but the first is
    random, so that half of them is a space of the same kind.

    - `plain`, `base`: the parameters of u and their values.
    - `weights`, `biases`, `owners`: of the units, as those of `DrawnUnits`.
    - `slopes`: w of the polynomials, (slopes, inputs), each of size one at most within the domain.
    - `poles`: in the embedded inputs, (poles, inputs).
    - `metric`: the length of a unit of each input, (inputs,), zero for what is no place in space.
    - `modes`: how many half waves products of sines, then of cosines, have along each input.
    - `order`: of the functions, (functions of a field,).
    - `degree`: of the polynomials, `fields`: how many there are, `power`: of a pole's distance, zero
      for a logarithm.
    """

    title: ClassVar[str] = "error"
    plain: Parameters
    base: Float[Array | np.ndarray, " params"]
    weights: Float[Array, "units inputs"]
    biases: Float[Array, " units"]
    owners: Int[Array, " units"]
    slopes: Float[Array, "slopes inputs"]
    poles: Float[Array, "poles inputs"]
    metric: Float[Array, " inputs"]
    modes: Float[Array, "2 modes inputs"]
    order: Int[Array, " functions"]
    degree: int = eqx.field(static=True)
    fields: int = eqx.field(static=True)
    power: int = eqx.field(static=True)

    @classmethod
    def at(cls, plain: Parameters, theta, fields: int, times: float = 1) -> "DrawnSpace":
        """The space for a problem: functions drawn with a seed of their own, as many for each field.

        - `fields`: how many fields share the room.
        - `times`: how many times as large as usual; polynomials also gain in degree.
        """
        rng = np.random.default_rng(13)
        embedding = plain.model.embedding
        domain, inputs = embedding.domain, embedding.inputs
        room = int(times * max(DRAWN // fields, LEAST_UNITS))
        degree = DEGREES.get(inputs, LEAST_DEGREE) + 2 * max(int(times) - 1, 0)
        number = max(min(math.comb(degree + inputs - 1, inputs - 1), room // (2 * degree)), 1)
        slopes = rng.standard_normal((number, inputs))
        slopes[:, inputs - len(embedding.reaches) :] = 0.0
        slopes /= np.sum(np.abs(slopes), axis=1, keepdims=True)
        poles, metric, _ = draw_poles(embedding, room // POLE_SHARE, rng)
        modes = box_modes(inputs) if domain.space_dim == inputs == 3 else np.zeros((2, 0, inputs))
        others = number * degree + len(poles) + 2 * modes.shape[1]
        count = max(room - others, LEAST_UNITS // 2)
        places = domain.lower + rng.random((count, domain.dim)) * (domain.upper - domain.lower)
        centers = embedding.at(places)
        weights = draw_slopes(centers.shape, SCALES, rng)
        owners = share_features(weights, len(embedding.reaches))
        total = count + others
        biases = -np.sum(weights * centers, axis=1)
        arrays = {
            "weights": weights,
            "biases": biases,
            "slopes": slopes,
            "poles": poles,
            "metric": metric,
            "modes": modes,
        }
        return cls(  # type: ignore[call-arg]
            plain=plain,
            base=theta,
            **{n: jnp.asarray(array, theta.dtype) for n, array in arrays.items()},  # type: ignore
            owners=jnp.asarray(owners),
            order=jnp.asarray(rng.permutation(total)),
            degree=degree,
            fields=fields,
            power=pole_power(domain),
        )

    @property
    def of_the_solution(self):
        return POWERS * self.fields

    @property
    def functions(self):
        return (POWERS + 1 + self.weights.shape[1] + self.order.size) * self.fields

    def change(self, inputs, coefficients, values):
        return jnp.sum(self.values(inputs, values).T * coefficients.reshape(-1, self.fields), axis=0)

    def values(self, inputs, values) -> Float[Array, "fields functions"]:
        """Of all functions at one embedded point, in the units of e.

        - `values`: of u there.
        """
        powers = jnp.stack([values ** (n + 1) for n in range(POWERS)], axis=1)
        drawn = by_field(self._all, inputs)
        return jnp.concatenate([powers, jnp.broadcast_to(drawn, (len(values), drawn.shape[1]))], axis=1)

    def _all(self, inputs, own=None, number=None):
        """All functions at one point: those about poles of its inputs, the others of a field's own."""
        del number
        own = inputs if own is None else own
        units = jnp.tanh(self.weights @ own + self.biases)
        parts = [times_features(units, own, self.owners), *self._polynomials(own)]
        if len(self.poles):
            parts.append(around_poles(inputs, self.poles, self.metric, self.power))
        if self.modes.shape[1]:
            angles = jnp.pi / 2 * self.modes * (own + 1)[None, None]
            parts += [jnp.prod(jnp.sin(angles[0]), axis=1), jnp.prod(jnp.cos(angles[1]), axis=1)]
        drawn = jnp.concatenate(parts)[self.order]
        return jnp.concatenate([jnp.ones(1, inputs.dtype), own, drawn])

    def _polynomials(self, inputs):
        """Legendre polynomials of every slope by their recurrence, from the first degree on.

        In a loop: written out, with its derivatives, it was a third of what the verdict compiles.
        """
        along = self.slopes @ inputs

        def recur(pair, n):
            below, here = pair
            above = (2 * n + 1) / (n + 1) * along * here - n / (n + 1) * below
            return (here, above), here

        degrees = jnp.arange(1, self.degree + 1, dtype=along.dtype)
        return [jax.lax.scan(recur, (jnp.ones_like(along), along), degrees)[1].ravel()]


def box_modes(inputs: int) -> Float[np.ndarray, "2 modes inputs"]:
    """Numbers of half waves along the sides of a box: from one on for sines, from zero for cosines."""
    counts = np.indices((HALF_WAVES,) * inputs).reshape(inputs, -1).T.astype(float)
    return np.stack([counts + 1, counts])


def room_for(model: FieldModel, **around: Any) -> DrawnLayer:
    """What is beside a network, with room for drawn functions: one program serves whatever is there.

    - `around`: how functions lie and fade, see `Focus.around` and `DrawnUnits.draw`.
    """
    if isinstance(model.addition, DrawnLayer):
        return model.addition
    embedding, fields = model.embedding, len(model.scaling.size)
    rng = np.random.default_rng(0)
    units = DrawnUnits.draw(embedding, units_for(fields), (1.0, 1.0), rng, **around)
    return DrawnLayer.empty(units, PORTIONS, fields, keeps=1.0)


def units_for(fields: int) -> int:
    return max(PORTION // fields, LEAST_UNITS)


def linear(system, coefficients, batches):
    """The Jacobian and the residual of a system, for one pass."""
    whole = system.linearize(coefficients, batches)
    return whole.jacobian(), whole.residual
