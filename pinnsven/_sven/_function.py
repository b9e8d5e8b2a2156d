"""Residuals of one's own: any function of a parameter pytree and data, or of one sample at a time."""

import re
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from ._layers import sample_kernel
from ._linearization import AbstractResidual, Linearization

CHUNK = 256  # rows of a Jacobian computed at once


class Samples(eqx.Module):
    """A residual or a loss of one sample, mapped over a batch: `Samples(lambda p, x, y: f(p, x) - y)`.

    Because row i depends on sample i alone, its Jacobian costs one backward pass in all, and the
    Gram matrix of the rows of a layered network needs no Jacobian at all. It is called like any
    residual function, with data whose leading axis counts the samples.

    - `function`: `function(params, *sample)` returns a scalar, or an array of residuals.
    - `losses`: whether it returns losses, not negative, instead of residuals; then
      $R_a = \\ell_a^{\\kappa / 2}$ are the rows (Bright-Thonney and others 2026, arXiv 2604.01279).
    - `group`: so many consecutive samples are averaged into one row, the paper's micro-batches.

    Raises `ValueError` for a group that is not a positive integer, or that does not divide a batch.
    """

    function: Callable = eqx.field(static=True)
    losses: bool = eqx.field(static=True, default=False)
    group: int = eqx.field(static=True, default=1)

    def __check_init__(self):
        if isinstance(self.group, bool) or not isinstance(self.group, int) or self.group < 1:
            raise ValueError(f"group={self.group!r}: must be a positive number of samples")

    def __call__(self, params, *data):
        rows = jax.vmap(lambda *sample: self.of_group(params, *sample))(*self.grouped(data))
        return rows[:, 0] if rows.shape[1] == 1 else rows

    def grouped(self, data):
        """The data with a second axis for the samples of a group."""

        def split(leaf):
            if leaf.shape[0] % self.group:
                raise ValueError(f"group={self.group} does not divide a batch of {leaf.shape[0]}")
            return leaf.reshape(leaf.shape[0] // self.group, self.group, *leaf.shape[1:])

        return jax.tree.map(split, tuple(data))

    def of_group(self, params, *samples):
        """The rows of one group of samples, their mean, as one vector."""

        def of_sample(*sample):
            return ravel_pytree(self.function(params, *sample))[0]

        if self.group == 1:
            return of_sample(*jax.tree.map(lambda leaf: leaf[0], samples))
        return jnp.mean(jax.vmap(of_sample)(*samples), axis=0)


class FunctionResidual(AbstractResidual):
    """Any function of a parameter pytree and data, seen as a residual of a flat vector.

    - `function`: `function(params, *data)` returns an array of any shape, or a pytree of them; from
      a dict, each entry is a named part.
    - `template`: parameters of the structure, shapes and dtypes that the function takes.
    - `weights`: by part, a factor w; its n rows are scaled by $\\sqrt{w / n}$.
    - `trainable`: a regular expression searched in the path of each leaf; None for all leaves.
    """

    function: Callable = eqx.field(static=True)
    template: PyTree
    weights: dict | None = None
    trainable: str | None = eqx.field(static=True, default=None)

    @property
    def of_losses(self):
        return isinstance(self.function, Samples) and self.function.losses

    def residual(self, theta, data):
        return self._ravel(self.function(self.restore(theta), *data), theta.dtype)

    def linearize(self, theta, data):
        if isinstance(self.function, Samples) and self.weights is None:
            return self._linearize_samples(theta, data)
        residual, pull = jax.vjp(lambda t: self.residual(t, data), theta)
        basis = jnp.eye(residual.size, dtype=theta.dtype)
        size = min(CHUNK, residual.size)
        rows = jax.lax.map(lambda unit: pull(unit)[0], basis, batch_size=size)
        return Linearization.of_jacobian(residual, rows)

    def _linearize_samples(self, theta, data):
        def at(sample):
            def values(t):
                return self._ravel(self.function.of_group(self.restore(t), *sample), t.dtype)

            residual, pull = jax.vjp(values, theta)
            return residual, jax.vmap(pull)(jnp.eye(residual.size, dtype=theta.dtype))[0]

        groups = self.function.grouped(data)
        count = jax.tree.leaves(groups)[0].shape[0]
        residual, rows = jax.lax.map(at, groups, batch_size=min(CHUNK, count))
        return Linearization.of_jacobian(residual.reshape(-1), rows.reshape(-1, theta.size))

    def kernel(self, theta, data):
        if not isinstance(self.function, Samples) or self.weights is not None:
            return super().kernel(theta, data)

        def of_sample(leaves, *sample):
            values = self.function.of_group(self._combine(leaves), *sample)
            return self._ravel(values, theta.dtype)

        return sample_kernel(of_sample, self._leaves(theta), self.function.grouped(data))

    def parts(self, data):
        shapes = self.shapes(data)
        if not isinstance(shapes, dict):
            return super().parts(data)
        sizes = [sum(leaf.size for leaf in jax.tree.leaves(shapes[k])) for k in sorted(shapes)]
        owner = np.repeat(np.arange(len(sizes)), sizes)
        return jnp.asarray(owner[None] == np.arange(len(sizes))[:, None])

    def shapes(self, data) -> PyTree:
        """What the function returns, abstractly."""
        return jax.eval_shape(lambda t, d: self.function(self.restore(t), *d), self.start(), data)

    def _ravel(self, result, dtype):
        if self.weights is not None:
            result = {name: _weighted(part, self.weights[name]) for name, part in result.items()}
        return ravel_pytree(result)[0].astype(dtype)

    def _split(self):
        chosen = jax.tree_util.tree_map_with_path(self._is_solved_for, self.template)
        return eqx.partition(self.template, chosen)

    def _is_solved_for(self, path, leaf) -> bool:
        wanted = self.trainable is None or re.search(self.trainable, jax.tree_util.keystr(path))
        return eqx.is_inexact_array(leaf) and bool(wanted)

    def _combine(self, leaves):
        return eqx.combine(leaves, self._split()[1])

    def _leaves(self, theta):
        return ravel_pytree(self._split()[0])[1](theta)

    def start(self) -> jax.Array:
        """The template's parameters as one flat vector."""
        return ravel_pytree(self._split()[0])[0]

    def restore(self, theta: jax.Array) -> PyTree:
        """A flat vector in the structure of the template."""
        return self._combine(self._leaves(theta))


def _weighted(part, weight):
    size = sum(leaf.size for leaf in jax.tree.leaves(part))
    return jax.tree.map(lambda leaf: leaf * jnp.sqrt(weight / size).astype(leaf.dtype), part)


def check_residual(system: FunctionResidual, data) -> None:
    """`ValueError` for a residual without rows or without parameters, and weights that do not fit."""
    theta = system.start()
    if not theta.size:
        wanted = "" if system.trainable is None else f" whose path matches {system.trainable!r}"
        raise ValueError(f"params: there is no floating-point array{wanted} to solve for")
    shapes = system.shapes(data)
    if system.weights is not None:
        names = sorted(shapes) if isinstance(shapes, dict) else []
        if names != sorted(system.weights):
            raise ValueError(
                f"weights name {sorted(system.weights)}, but the parts of the residual are {names}; "
                "return a dict with a part for each weight"
            )
    traced = jax.make_jaxpr(lambda t: system.residual(t, data))(theta).jaxpr
    if not sum(np.prod(var.aval.shape, dtype=int) for var in traced.outvars):
        raise ValueError("residual: it has no rows; return at least one value")
    reached = set(traced.invars)
    for equation in traced.eqns:
        if any(not hasattr(var, "val") and var in reached for var in equation.invars):
            reached.update(equation.outvars)
    if not any(not hasattr(var, "val") and var in reached for var in traced.outvars):
        raise ValueError("residual: it does not depend on any floating-point parameter")


class PowerResidual(AbstractResidual):
    """The rows $R = \\mathrm{sign}(r) |r|^p$ of another residual.

    With $p = \\kappa$ the untruncated step is that of Gauss-Newton divided by $\\kappa$. At r = 0
    both a row and its slope are taken as zero for $p \\ne 1$, so that they stay finite.
    """

    inner: AbstractResidual
    power: float = eqx.field(static=True)

    def residual(self, theta, data):
        r = self.inner.residual(theta, data)
        return jnp.sign(r) * jnp.abs(r) ** self.power

    def linearize(self, theta, data):
        return self._scaled(self.inner.linearize(theta, data))

    def implicit(self, theta, data):
        return self._scaled(self.inner.implicit(theta, data))

    def parts(self, data):
        return self.inner.parts(data)

    def _scaled(self, linearization):
        r = linearization.residual
        safe = jnp.where(r == 0, 1, jnp.abs(r))
        slope = jnp.where(r == 0, 0, self.power * safe ** (self.power - 1))
        return linearization.scaled(jnp.sign(r) * jnp.abs(r) ** self.power, slope)
