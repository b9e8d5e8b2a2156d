"""Second spaces of functions, in which a solution u may be corrected or moved: u + e.

A space stands between the solution and its residuals as its coefficients do in place of the network's
parameters. Two are used. The *tangent space* of the same network at disturbed parameters bends where
the solution bends. The *drawn space* knows nothing of the solution: random units of many widths, all
over the domain (random features, as Rahimi and Recht 2007), with a constant and a slope.
"""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._networks import AbstractParameters, FieldModel, Parameters

LEAST, MOST = 600, 800  # functions in the tangent space
DISTURBANCE = 0.3  # of the parameters, relative to the root mean square of their leaf
DRAWN = 500  # functions in the drawn space, over all fields
LEAST_UNITS = 60  # of each field, where there are many
SCALES = (0.5, 20.0)  # of the drawn units' slopes, per unit of the embedded inputs (field notes 13)


class AbstractSpace(AbstractParameters):
    """u + e as a function of the coefficients of e, then the changes of the unknowns."""

    plain: eqx.AbstractVar[Parameters]
    base: eqx.AbstractVar[Float[Array, " params"]]

    @classmethod
    @abc.abstractmethod
    def at(cls, plain: Parameters, theta: Float[Array, " params"], fields: int) -> "AbstractSpace":
        """The space at a solution of so many fields."""

    @property
    def unknown_names(self):
        return self.plain.unknown_names

    @property
    def unknown_scale(self):
        return self.plain.unknown_scale

    @property
    @abc.abstractmethod
    def functions(self) -> int:
        """The number of coefficients of e."""

    @property
    def size(self) -> int:
        """The number of coefficients, unknowns included."""
        return self.functions + len(self.unknown_names)

    @abc.abstractmethod
    def change(self, inputs: Float[Array, " inputs"], coefficients) -> Float[Array, " fields"]:
        """e at one embedded point."""

    def unpack(self, theta):
        number = len(self.unknown_names)
        moved = self.base.at[self.base.size - number :].add(theta[self.functions :])
        model, unknowns = self.plain.unpack(moved)

        def network(inputs):
            plain = jnp.atleast_1d(model.network(inputs))  # type: ignore[operator]
            return plain + self.change(inputs, theta[: self.functions])

        return FieldModel(model.embedding, network, model.transform), unknowns  # type: ignore


class TangentSpace(AbstractSpace):
    """Tangent vectors at one or several disturbed parameter vectors.

    - `plain`, `base`: the parameters of u and their values.
    - `near`: the disturbed ones, shape (copies, params).
    - `index`: which parameters span the tangent space.
    """

    plain: Parameters
    base: Float[Array, " params"]
    near: Float[Array, "copies params"]
    index: Int[Array, " subset"]

    @classmethod
    def at(cls, plain: Parameters, theta, fields: int) -> "TangentSpace":
        """The space of a solution."""
        del fields
        number = theta.size - len(plain.unknown_names)
        rng = np.random.default_rng(0)
        copies = tangent_copies(number)
        index = np.sort(rng.choice(number, min(number, MOST), replace=False))
        arrays = jax.tree.map(np.asarray, eqx.filter(plain.unpack(theta)[0], eqx.is_inexact_array))
        # Leaf after leaf, in the order in which theta holds them.
        sizes = np.concatenate(
            [np.full(leaf.size, np.sqrt(np.mean(leaf**2))) for leaf in jax.tree.leaves(arrays)]
        )
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

    def change(self, inputs, coefficients):
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


class DrawnSpace(AbstractSpace):
    """A constant, a slope along every input, and drawn units tanh(w . z + b), for each field.

    Their order is random, so that the first half is a space of the same kind.

    - `plain`, `base`: the parameters of u and their values.
    - `weights`, `biases`: of the units, on the network's embedded inputs z.
    - `fields`: how many there are.
    """

    plain: Parameters
    base: Float[Array, " params"]
    weights: Float[Array, "units inputs"]
    biases: Float[Array, " units"]
    fields: int = eqx.field(static=True)

    @classmethod
    def at(cls, plain: Parameters, theta, fields: int) -> "DrawnSpace":
        rng = np.random.default_rng(13)
        embedding = plain.model.embedding
        domain, count = embedding.domain, max(DRAWN // fields, LEAST_UNITS)
        places = domain.lower + rng.random((count, domain.dim)) * (domain.upper - domain.lower)
        centers = embedding.at(places)
        scales = SCALES[0] * (SCALES[1] / SCALES[0]) ** rng.random((count, 1))
        weights = scales * rng.standard_normal(centers.shape)
        biases = -np.sum(weights * centers, axis=1)
        return cls(  # type: ignore[call-arg]
            plain=plain,
            base=theta,
            weights=jnp.asarray(weights, theta.dtype),
            biases=jnp.asarray(biases, theta.dtype),
            fields=fields,
        )

    @property
    def functions(self):
        return (1 + self.weights.shape[1] + self.weights.shape[0]) * self.fields

    def change(self, inputs, coefficients):
        units = jnp.tanh(self.weights @ inputs + self.biases)
        values = jnp.concatenate([jnp.ones(1, inputs.dtype), inputs, units])
        return values @ coefficients.reshape(-1, self.fields)
