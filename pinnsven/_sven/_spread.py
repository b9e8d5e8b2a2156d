"""Residuals whose rows live on several devices.

Every device keeps its own part of the data and the slabs of the Jacobian that come of it; parameters,
and all that has their size, every device has whole. What goes between devices is sums: of the tiles of
a Gram matrix, of $J^T e$, of squares. `shard_map` keeps the loops over slabs on their device; left to
the compiler, which cannot part a loop over slices, the Jacobian would be gathered whole at every use.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int, PyTree

from ._linearization import (
    AbstractLinearization,
    AbstractResidual,
    Linearization,
    gram,
)

WHOLE = PartitionSpec()  # every device has it


class Spread(eqx.Module):
    """Devices among which rows are spread.

    - `mesh`: of devices.
    - `axis`: the axis of the mesh along which rows are spread; along others everything is repeated.
    """

    mesh: Mesh = eqx.field(static=True)
    axis: str = eqx.field(static=True)

    @property
    def number(self) -> int:
        """How many parts of the rows there are."""
        return self.mesh.shape[self.axis]

    @property
    def shares_cores(self) -> bool:
        """Whether the devices are threads of one processor, which does everything as often as asked."""
        return self.mesh.devices.flat[0].platform == "cpu"

    def along(self, position: int) -> PartitionSpec:
        """Arrays whose axis of this number holds rows."""
        return PartitionSpec(*([None] * position), self.axis)

    def sharding(self, position: int | None = None) -> NamedSharding:
        """Where an array lives whose axis of this number holds rows; None for one that is whole."""
        return NamedSharding(self.mesh, WHOLE if position is None else self.along(position))

    def each(self, function, given, out):
        """A function of every device's parts: of the positions `given`, None for what is whole.

        - `out`: likewise, of its results.
        """
        specs = [
            jax.tree.map(
                lambda at: WHOLE if at is None else self.along(at), tree, is_leaf=lambda x: x is None
            )
            for tree in (given, out)
        ]
        # Carries of loops begin as zeros, which do not vary among devices, and end as what does.
        return jax.shard_map(
            function, mesh=self.mesh, in_specs=specs[0], out_specs=specs[1], check_vma=False
        )

    def total(self, part):
        """The sum over devices, within a function of their parts."""
        return jax.tree.map(lambda leaf: jax.lax.psum(leaf, self.axis), part)


class SpreadResidual(AbstractResidual):
    """A residual of which every device computes the rows of its own part of the data.

    The data are those of the parts, stacked: the first axis of each array counts the devices. The rows
    are those of the first device, then those of the second, and so on.

    - `part`: the residual vector of one device's data.
    - `spread`: the devices.
    """

    part: AbstractResidual
    spread: Spread

    @property
    def of_losses(self):
        return self.part.of_losses

    def residual(self, theta, data):
        return self._each(lambda part, t, d: part.residual(t, d), theta, data, out=0)

    def linearize(self, theta, data):
        return self._linear(lambda part, t, d: part.linearize(t, d), theta, data)

    def scratch(self, theta, data):
        one = jax.eval_shape(_first, data)
        made = self.part.scratch(theta, one)
        if made is None:
            return None
        shape = (self.spread.number * made.shape[0], *made.shape[1:])
        return jax.ShapeDtypeStruct(shape, made.dtype, sharding=self.spread.sharding(0))

    def linearize_into(self, scratch, theta, data):
        def of_part(part, t, d, *given):
            return part.linearize_into(given, t, d)

        return self._linear(of_part, theta, data, *scratch)

    def jvp(self, theta, data, tangent):
        def of_part(part, t, d, v):
            return part.jvp(t, d, v)

        return self._each(of_part, theta, data, (tangent,), out=0)

    def vjp(self, theta, data, cotangent):
        def of_part(part, t, d, rows):
            return self.spread.total(part.vjp(t, d, rows))

        return self._each(of_part, theta, data, (), (cotangent,))

    def gram(self, theta, data):
        def of_part(part, t, d):
            return self.spread.total(part.gram(t, d))

        return self._each(of_part, theta, data)

    def parts(self, data):
        return self._each(lambda part, t, d: part.parts(d), jnp.zeros(0), data, out=1)

    def _linear(self, function, theta, data, *scratch) -> "SpreadLinearization":
        def of_part(*given):
            made = function(*given)
            active = len(made.slabs) if made.active is None else made.active
            return made.residual, made.slabs, jnp.asarray(active, jnp.int32)[None], made.spare

        out = (0, 0, 0, 0 if len(scratch) > 1 else None)
        residual, slabs, active, spare = self._each(of_part, theta, data, (), scratch, out=out)
        return SpreadLinearization(
            residual=residual, spread=self.spread, slabs=slabs, active=active, spare=spare
        )

    def _each(self, function, theta, data, whole=(), parted=(), out=None):
        """A function of the part, theta, a device's data, and more of what is whole or parted."""

        def of_part(part, t, d, w, p):
            return function(part, t, _first(d), *w, *p)

        given = (None, None, 0, None, 0)
        each = self.spread.each(of_part, given, out)
        return each(self.part, theta, data, tuple(whole), tuple(parted))


class SpreadLinearization(AbstractLinearization):
    """A linearization whose slabs live on several devices; see `Linearization`.

    - `spread`: the devices.
    - `residual`: the rows of each device in turn.
    - `slabs`: the Jacobian, likewise.
    - `active`: the number of slabs in use on each device.
    - `spare`, `index`: as in `Linearization`.
    """

    spread: Spread
    residual: Float[Array, " rows"]
    slabs: Float[Array, "slabs columns width"]
    active: Int[Array, " devices"]
    spare: Float[Array, "slabs columns width"] | None = None
    index: Int[Array, " params"] | None = None

    @property
    def rows(self):
        return self.slabs.shape[0] * self.slabs.shape[2]

    @property
    def params(self):
        return self.slabs.shape[1] if self.index is None else self.index.size

    def apply(self, steps):
        return self._each(lambda part, s: part.apply(s), steps, out=1)

    def pull(self, residuals):
        def of_part(part, errors):
            return self.spread.total(part.pull(errors))

        return self._each(of_part, residuals, given=1)

    def gram(self):
        """$J^T J$; its tiles are summed over devices before they become a matrix."""
        tiles = self._each(lambda part: self.spread.total(part.gram_sum()))
        return tiles.matrix()

    def once(self, function, *given):
        spread = self.spread
        if not spread.shares_cores:
            return function(*given)

        def of_part(*given):
            shapes = jax.eval_shape(function, *given)
            others = lambda *_: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
            first = jax.lax.axis_index(spread.axis) == 0
            return spread.total(jax.lax.cond(first, function, others, *given))

        return spread.each(of_part, (None,) * len(given), None)(*given)

    def triangle(self):
        """R of $J = Q R$, from that of each device's rows (Demmel, Grigori, Hoemmen, Langou 2012)."""
        stacked = self._each(lambda part: part.triangle()[None], out=0)
        stacked = jax.lax.with_sharding_constraint(stacked, self.spread.sharding())
        return jnp.linalg.qr(stacked.reshape(-1, self.params), mode="r")

    def jacobian(self):
        return self._each(lambda part: part.jacobian(), out=0)

    def kernel(self):
        whole = jax.lax.with_sharding_constraint(self.jacobian(), self.spread.sharding())
        return gram(whole)

    def columns(self, index):
        index = index if self.index is None else self.index[index]
        return dataclasses.replace(self, index=index)

    def solved(self, triangle):
        slabs = self._each(lambda part, t: part.solved(t).slabs, triangle, out=0)
        return dataclasses.replace(self, slabs=slabs, spare=None, index=None)

    def with_residual(self, residual):
        return dataclasses.replace(self, residual=residual)

    def scaled(self, residual, factor):
        width = self.slabs.shape[2]
        slabs = self.slabs * factor.reshape(-1, 1, width)
        return dataclasses.replace(self, residual=residual, slabs=slabs)

    def _each(self, function, *more: PyTree, given: int | None = None, out=None):
        """A function of each device's own linearization, and of more of which axis `given` has rows."""

        def of_part(residual, slabs, active, spare, index, *rest):
            part = Linearization(residual, slabs, active[0], spare, index)
            return function(part, *rest)

        parts = (self.residual, self.slabs, self.active, self.spare, self.index)
        wanted = (0, 0, 0, None if self.spare is None else 0, None, *[given] * len(more))
        return self.spread.each(of_part, wanted, out)(*parts, *more)


def _first(data):
    """What is on this device of stacked data."""
    return jax.tree.map(lambda leaf: leaf[0], data)
