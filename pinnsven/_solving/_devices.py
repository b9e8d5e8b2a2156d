"""The devices of a run: which ones, and which points each of them has.

Points are dealt out by whole slabs, so that every device visits about as many; the parts of a batch
are stacked, the first axis counting the devices (see `SpreadResidual`).
"""

import dataclasses
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from .._basics._messages import listing
from .._basics._processes import number_of_processes, placed, whole
from .._sven import AbstractResidual, Spread, SpreadResidual
from ._residual import Batch, ResidualSystem, active_rows, points_per_slab, slab_rows

AXIS = "rows"
LEAST_SLABS = 8  # of rows at the start for each device, below which another one is not used unasked
KEPT = 6  # placed arrays that are remembered


def find_devices(asked: object, rows: int, params: int = 0) -> Spread | None:
    """The devices among which rows are spread; None for one alone.

    - `asked`: None for all of the platform that have enough to do (`LEAST_SLABS`), a number, a list of
      devices, or a `jax.sharding.Mesh` of one axis or with one named "rows".
    - `rows`: of the residual at the start.
    - `params`: where there are more of them than rows, the kernel of the rows wants all rows at once,
      and one device is used unasked.

    With several processes all devices of all of them are used unasked.

    Raises `ValueError` for what is none of these, more devices than there are, devices twice or of two
    platforms, and more devices than rows.
    """
    if asked is None and number_of_processes() > 1:
        asked = jax.devices()
    if isinstance(asked, Mesh):
        mesh, axis = asked, _axis_of(asked)
    else:
        devices = _listed(1 if asked is None and rows < params else asked, rows)
        mesh, axis = Mesh(np.array(devices), (AXIS,)), AXIS
    chosen = list(mesh.devices.flat)
    platforms = sorted({device.platform for device in chosen})
    if len(platforms) > 1:
        raise ValueError(f"devices: of {listing(platforms)}; all must be of one platform")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"devices={asked!r}: some are there twice")
    missing = set(range(number_of_processes())) - {device.process_index for device in chosen}
    if missing:
        raise ValueError(
            f"devices={asked!r}: none is of process {min(missing)}; with several processes each needs "
            "one at least, and all are used where nothing is asked for"
        )
    if mesh.shape[axis] > rows:
        raise ValueError(
            f"devices: {mesh.shape[axis]} are asked for and the problem has {rows} rows to start with; "
            "ask for fewer, or for more points"
        )
    return Spread(mesh, axis) if len(chosen) > 1 or isinstance(asked, (Mesh, list, tuple)) else None


def _axis_of(mesh: Mesh) -> str:
    names = [str(name) for name in mesh.axis_names]
    if AXIS in names:
        return AXIS
    if len(names) != 1:
        raise ValueError(
            f"devices: a mesh with the axes {listing(names)}; name the one of the rows {AXIS!r}"
        )
    return names[0]


def _listed(asked: object, rows: int) -> list:
    """The devices that a number, a list or None stand for."""
    there = jax.devices()
    if asked is None:
        return there[: max(min(len(there), rows // (LEAST_SLABS * slab_rows())), 1)]
    if isinstance(asked, (list, tuple)):
        if not asked or not all(isinstance(device, jax.Device) for device in asked):
            raise ValueError(f"devices={asked!r}: give devices of jax.devices(), at least one")
        return list(asked)
    if isinstance(asked, bool) or not isinstance(asked, (int, np.integer)) or asked < 1:
        raise ValueError(
            f"devices={asked!r}: give a number of devices, a list of them, or a jax.sharding.Mesh"
        )
    if asked > len(there):
        raise ValueError(
            f"devices={asked}: there {'is one' if len(there) == 1 else f'are {len(there)}'}, "
            f"{listing(str(device) for device in there[:8])}"
        )
    return there[:asked]


@dataclasses.dataclass(frozen=True)
class Dealt:
    """Batches dealt out to devices.

    - `whole`: the batches.
    - `parts`: of each device.
    """

    whole: tuple[Batch, ...]
    parts: list[tuple[Batch, ...]]

    def stacked(self) -> tuple[Batch, ...]:
        """The parts as one pytree, the first axis of each array counting the devices."""
        return jax.tree.map(lambda *leaves: np.stack(leaves), *self.parts)

    def gathered(self, system: ResidualSystem, rows: np.ndarray) -> np.ndarray:
        """Rows of all devices in the order in which one device has them."""
        found = np.zeros(system.capacity(self.whole), rows.dtype)
        of_devices = np.split(rows, len(self.parts))
        places = active_rows(system, self.whole)
        here = [active_rows(system, part) for part in self.parts]
        for number, place in enumerate(places):
            found[place] = np.concatenate(
                [values[mine[number]] for values, mine in zip(of_devices, here, strict=True)]
            )
        return found


def deal(system: ResidualSystem, batches: tuple[Batch, ...], number: int) -> Dealt:
    """Batches dealt out to a number of devices, each in runs of whole slabs.

    What is left after an even share goes to those that have least so far.
    """
    dealt: list[list[Batch]] = [[] for _ in range(number)]
    turn = 0
    for block, batch in zip(system.blocks, batches, strict=True):
        share = points_per_slab(block.components)
        active = int(batch.active)
        even, left = divmod(-(-active // share), number)
        more = (np.arange(number) - turn) % number < left
        turn = (turn + left) % number
        ends = np.minimum(np.cumsum(even + more) * share, active)
        room = -(-(len(batch.scale) // share) // number) * share
        for part, (first, last) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            dealt[part].append(_part_of(batch, first, last, room))
    return Dealt(batches, [tuple(part) for part in dealt])


def _part_of(batch: Batch, first: int, last: int, room: int) -> Batch:
    """Some points of a batch, padded to a room as `make_batch` pads."""
    places = first + np.arange(room)
    index = np.where(places < last, places, 0)
    taken = {name: np.asarray(values)[index] for name, values in batch.auxiliary.items()}
    scale = np.where((places < last)[:, None], np.asarray(batch.scale)[index], 0.0)
    arrays = np.asarray(batch.points)[index], np.asarray(batch.normals)[index]
    return Batch(*arrays, taken, scale, np.int32(last - first))  # type: ignore


class Placement:
    """Where the arrays of a run's steps live.

    - `spread`: the devices among which rows are spread; None for one device, which needs no care.
    """

    def __init__(self, spread: Spread | None = None):
        self.spread = spread
        self._kept: list[tuple[object, Any]] = []  # what was placed lately, and that in its place

    @property
    def devices(self) -> list:
        """The devices in use."""
        return jax.local_devices()[:1] if self.spread is None else list(self.spread.mesh.devices.flat)

    @property
    def number(self) -> int:
        """How many devices share the rows."""
        return 1 if self.spread is None else self.spread.number

    def system(self, system: ResidualSystem) -> AbstractResidual:
        """The residual whose data are `data(system, ...)`."""
        spread = self.spread
        if spread is None:
            return system
        return self._remembered(system, lambda: SpreadResidual(self.whole(system), spread))

    def data(self, system: ResidualSystem, batches: tuple[Batch, ...]) -> tuple[Batch, ...]:
        """Batches on their devices."""
        return batches if self.spread is None else self._dealt(system, batches)[1]

    def capacity(self, system: ResidualSystem, batches: tuple[Batch, ...]) -> int:
        """The rows of the residual vector, those of idle slabs included."""
        return system.capacity(batches, self.number)

    def whole(self, tree):
        """What every device has."""
        return tree if self.spread is None else placed(tree, self.spread.sharding())

    def one(self, tree):
        """What every device has, on the first one alone."""
        return tree if self.spread is None else jax.tree.map(lambda x: x.addressable_data(0), tree)

    def gathered(self, system: ResidualSystem, batches, rows) -> np.ndarray:
        """Rows in the order in which one device has them."""
        rows = whole(rows)
        return rows if self.spread is None else self._dealt(system, batches)[0].gathered(system, rows)

    def _dealt(self, system: ResidualSystem, batches) -> tuple[Dealt, tuple[Batch, ...]]:
        spread = self.spread
        assert spread is not None

        def place():
            dealt = deal(system, batches, spread.number)
            return dealt, placed(dealt.stacked(), spread.sharding(0))

        return self._remembered(batches, place)

    def _remembered(self, key: object, make) -> Any:
        for known, made in self._kept:
            if known is key:
                return made
        self._kept = [(key, make()), *self._kept[: KEPT - 1]]
        return self._kept[0][1]
