"""What drawn functions are at points: found once, for all that they are combined to.

Most conditions are functions of values and derivatives of the fields at a point, and those of a
combination are sums of its functions' own. A residual and its Jacobian are then products of arrays,
whatever the coefficients are (experiment 168). The others, as integrals, are linearized anew.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import jax
import numpy as np
from jaxtyping import Float, Int

from .._networks import DrawnLayer, DrawnUnits, Parameters
from ._drawn_programs import Parted, beside, owners_of, rows_of_values, values_of_units
from ._residual import Batch, ResidualSystem, active_rows, points_per_slab
from ._spaces import UnitSpace, linear


@dataclasses.dataclass(frozen=True)
class OfValues:
    """The linearized residual of a condition that is a function of values at a point.

    - `slopes`: with the values, (points, components, values).
    - `values`: of the functions, (points, values, functions).
    - `owners`: the number of the field that each is a value of, `fields`: how many there are.
    """

    slopes: Float[np.ndarray, "points components values"]
    values: Float[np.ndarray, "points values functions"]
    owners: Int[np.ndarray, " values"]
    fields: int

    def jacobian(self) -> Float[np.ndarray, "rows columns"]:
        points, components = self.slopes.shape[:2]
        found = np.empty((points, components, self.values.shape[2], self.fields))
        for field in range(self.fields):
            mine = self.owners == field
            found[..., field] = self.slopes[:, :, mine] @ self.values[:, mine]
        return found.reshape(points * components, -1)

    def along(self, change) -> Float[np.ndarray, " rows"]:
        moved = combined(self.values, change, self.owners)
        return np.einsum("pck,pk->pc", self.slopes, moved).ravel()

    def back(self, cotangent) -> Float[np.ndarray, " columns"]:
        points, components, number = self.slopes.shape
        each = np.einsum("pck,pc->pk", self.slopes, cotangent.reshape(points, components))
        apart = np.where(self.owners[:, None] == np.arange(self.fields), each[..., None], 0.0)
        whole = self.values.reshape(points * number, -1).T @ apart.reshape(points * number, -1)
        return whole.ravel()


@dataclasses.dataclass(frozen=True)
class Anew:
    """The linearized residual of all other conditions.

    - `find`: computes its Jacobian.
    """

    find: Callable[[], Float[np.ndarray, "rows columns"]]

    @functools.cached_property
    def _whole(self):
        return self.find()

    def jacobian(self) -> Float[np.ndarray, "rows columns"]:
        return self._whole

    def along(self, change) -> Float[np.ndarray, " rows"]:
        return self._whole @ change.ravel()

    def back(self, cotangent) -> Float[np.ndarray, " columns"]:
        return self._whole.T @ cotangent


@dataclasses.dataclass(frozen=True)
class Linearized:
    """A residual and its derivative with a combination's coefficients.

    - `residual`: (rows,), `parts`: the derivatives, one below the other.
    - `ends`: the rows at which one part ends and the next begins.
    """

    residual: Float[np.ndarray, " rows"]
    parts: tuple[OfValues | Anew, ...]
    ends: tuple[int, ...]

    def jacobian(self) -> Float[np.ndarray, "rows columns"]:
        """A new array: it is not kept, since it is as large as all else."""
        return np.concatenate([part.jacobian() for part in self.parts])

    def along(self, change) -> Float[np.ndarray, " rows"]:
        """The product of the Jacobian with a change of coefficients."""
        return np.concatenate([part.along(change) for part in self.parts])

    def back(self, cotangent) -> Float[np.ndarray, " columns"]:
        """The product of its transpose with (rows,)."""
        pieces = zip(self.parts, np.split(cotangent, self.ends), strict=True)
        return sum((part.back(piece) for part, piece in pieces), np.zeros(()))

    @property
    def is_finite(self) -> bool:
        slopes = [part.slopes for part in self.parts if isinstance(part, OfValues)]
        return all(bool(np.all(np.isfinite(array))) for array in (self.residual, *slopes))


class Table:
    """What functions are at points, and the network that they are added to.

    - `of`: what makes tables.
    - `units`: portions of functions, `batches`: the points.
    """

    def __init__(self, of: "Tables", units: list[DrawnUnits], batches: tuple[Batch, ...]):
        self._of, self._units, self._batches = of, units, batches
        self._chunks = list(of.chunks(batches)) if of.of_values else []
        what = "the network's values" if of.keeps else "built-in values"
        self._start = of.values(what, beside(of.keeps), self._chunks)
        functions = of.room.units.functions
        self._values = [np.empty((*v.shape, len(units) * functions)) for v in self._start]
        for number, part in enumerate(units):
            first = number * functions
            found = of.values("values of drawn functions", values_of_units, self._chunks, part)
            for whole, values in zip(self._values, found, strict=True):
                whole[..., first : first + functions] = values
                whole[..., first : first + (of.common if number else 0)] = 0.0

    @property
    def is_finite(self) -> bool:
        return all(bool(np.all(np.isfinite(values))) for values in (*self._start, *self._values))

    def at(self, coefficients: Float[np.ndarray, "portions functions fields"]) -> Linearized:
        """The residual of a combination, linearized."""
        of, residuals, parts = self._of, [], []
        change = coefficients.reshape(-1, of.fields)
        present = [
            start + combined(values, change, owners)
            for start, values, owners in zip(self._start, self._values, of.owners, strict=True)
        ]
        for (residual, slopes), values, owners in zip(
            of.rows(self._chunks, present), self._values, of.owners, strict=True
        ):
            residuals.append(residual.ravel())
            parts.append(OfValues(slopes, values, owners, of.fields))
        if of.others is not None:
            residual, find = of.anew(self._units, coefficients, self._batches)
            residuals.append(residual)
            parts.append(Anew(find))
        ends = np.cumsum([len(residual) for residual in residuals])[:-1]
        return Linearized(np.concatenate(residuals), tuple(parts), tuple(ends.tolist()))


class Tables:
    """Makes tables of drawn functions for the conditions of a problem.

    - `system`, `theta`: residuals and parameters, `keeps`: what the network counts.
    - `room`: for portions of functions.
    - `compiled`: makes a compiled function of a name, a function and its arguments, and keeps it.
    - `share`: how many points of each block a program takes at once.
    """

    def __init__(self, system: ResidualSystem, theta, room: DrawnLayer, keeps: float, compiled, share):
        assert isinstance(system.parameters, Parameters)
        self.theta, self.room, self.keeps = theta, room, keeps
        self._compiled = compiled
        nothing = room.with_portions([], np.zeros((0, *room.coefficients.shape[1:])), keeps)
        self.parameters = system.parameters.around(addition=nothing)
        self.system = system.with_parameters(self.parameters)
        self.fields = len(system.blocks[0].plan.space.fields)
        # The constant and the inputs are in all portions: twice they would be no basis.
        self.common = 1 + self.parameters.model.embedding.inputs
        self._parted = Parted.of(self.system, self.parameters.model)
        self.of_values, self.others = self._parted.of_values, self._parted.others
        blocks = [] if self.of_values is None else self.of_values.blocks
        self.owners = [np.array(owners_of(block), int) for block in blocks]
        self._room = [
            -(-share(block) // points_per_slab(block.components)) * points_per_slab(block.components)
            for block in blocks
        ]

    def component_rows(self, batches: tuple[Batch, ...]) -> list[Int[np.ndarray, " n"]]:
        """The rows of each component of the residual, in the order of components."""
        found: dict[int, np.ndarray] = {}
        order = sorted(range(len(batches)), key=lambda number: not self._parted.mine[number])
        start = 0
        for number in order:
            active, components = int(batches[number].active), self.system.blocks[number].components
            found[number] = start + np.arange(active * components).reshape(active, components)
            start += active * components
        return [rows for number in range(len(batches)) for rows in found[number].T]

    def chunks(self, batches: tuple[Batch, ...]) -> Iterator[tuple[Batch, ...]]:
        """The points in parts of one shape, so that one program serves any number.

        Those of the conditions that are functions of values.
        """
        pairs = list(zip(self._parted.batches(batches, True), self._room, strict=True))
        for part in range(max(-(-int(batch.active) // room) for batch, room in pairs)):
            yield tuple(_part(batch, part * room, room) for batch, room in pairs)

    def values(self, name: str, function, chunks, *given) -> list[np.ndarray]:
        """What a function gives for the active points of every block.

        - `given`: its arguments beside the system, the parameters and the points.
        """
        found = []
        for batches in chunks:
            arguments = (self.of_values, self.theta, *given, batches)
            program = self._compiled(name, function, *arguments)
            found.append(_active(program(*arguments), batches))
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    def rows(self, chunks, present) -> list[tuple[np.ndarray, np.ndarray]]:
        """Residuals (points, components) and their slopes (points, components, values), by block.

        - `present`: the values at the active points, (points, values), by block.
        """
        found: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in present]
        starts = [0] * len(present)
        for batches in chunks:
            filled = []
            for number, (batch, values) in enumerate(zip(batches, present, strict=True)):
                active = int(batch.active)
                whole = np.zeros((len(batch.scale), values.shape[1]))
                whole[:active] = values[starts[number] : starts[number] + active]
                starts[number] += active
                filled.append(whole)
            arguments = (self.of_values, self.theta, tuple(filled), batches)
            program = self._compiled("conditions of drawn functions", rows_of_values, *arguments)
            for parts, (residual, slopes, _), batch in zip(
                found, program(*arguments), batches, strict=True
            ):
                active = int(batch.active)
                parts.append((np.asarray(residual)[:active], np.asarray(slopes)[:active]))
        return [
            (np.concatenate(a), np.concatenate(b)) for a, b in (zip(*p, strict=True) for p in found)
        ]

    def anew(self, units, coefficients, batches):
        """The residual of the other conditions, and what computes its Jacobian.

        - `batches`: the points of all conditions.
        """
        others, batches = self.others, self._parted.batches(batches, False)
        assert others is not None
        order = np.concatenate([rows.ravel() for rows in active_rows(others, batches)])
        present = (units, coefficients) if np.any(coefficients) else ([], coefficients[:0])
        at = self.room.with_portions(*present, self.keeps)  # what counts nothing costs nothing
        parameters = self.parameters.around(addition=at)

        def portion(part):
            space = UnitSpace(parameters, self.theta, part, self.fields)  # type: ignore[call-arg]
            system = others.with_parameters(space)
            given = (system, np.zeros(space.size), batches)
            jacobian, residual = map(np.asarray, self._compiled("drawn layer", linear, *given)(*given))
            return jacobian[order, : space.functions], residual[order]

        first, residual = portion(units[0])

        def jacobian():
            whole = np.hstack([first, *(portion(part)[0] for part in units[1:])])
            for start in range(first.shape[1], whole.shape[1], first.shape[1]):
                whole[:, start : start + self.fields * self.common] = 0.0
            return whole

        return residual, jacobian


def combined(values, coefficients, owners) -> Float[np.ndarray, "points values"]:
    """The values of a combination of functions.

    - `values`: of the functions, (points, values, functions).
    - `coefficients`: (functions, fields) or as many, `owners`: the field of each value.
    """
    points, number, functions = values.shape
    along = coefficients.reshape(functions, -1)
    if not np.any(along):
        return np.zeros((points, number))
    found = (values.reshape(points * number, functions) @ along).reshape(points, number, -1)
    return np.take_along_axis(found, np.broadcast_to(owners, (points, number))[..., None], 2)[..., 0]


def _part(batch: Batch, start: int, room: int) -> Batch:
    """So many points of a batch from one on; padding repeats its first, as everywhere."""
    active = int(np.clip(int(batch.active) - start, 0, room))
    index = np.where(np.arange(room) < active, start + np.arange(room), 0)
    points, normals, auxiliary, scale = jax.tree.map(lambda leaf: np.asarray(leaf)[index], batch.rows)
    return Batch(points, normals, auxiliary, scale, np.int32(active))  # type: ignore[call-arg]


def _active(arrays, batches) -> list[np.ndarray]:
    return [np.asarray(a)[: int(b.active)] for a, b in zip(arrays, batches, strict=True)]
