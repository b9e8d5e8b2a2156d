"""Fields that conditions know by one name and that are made of several real ones.

A network gives real numbers. A complex field is made of its real and its imaginary part, a vector or a
symmetric tensor of its components, a field in pieces of one field for each part of the domain.
"""

import abc
import dataclasses
import functools
from types import ModuleType
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from .._domains import AbstractShape, Union

REAL, IMAGINARY = "_re", "_im"  # behind the name of a complex field: its parts
PIECE = "_piece_of_"  # in front of the name of a field in pieces: which piece a point is in
Places = Float[np.ndarray, "n space"]
CURL = {2: ((1, 0),), 3: ((2, 1), (0, 2), (1, 0))}  # component and axis of what counts positive


@dataclasses.dataclass(frozen=True)
class AbstractComposite(abc.ABC):
    """A field that is made of others.

    - `name`: by which conditions ask for it.
    - `members`: the fields that it is made of.
    """

    name: str
    members: tuple[str, ...]
    is_complex: ClassVar[bool] = False
    is_one: ClassVar[bool] = True  # whether its members have one size, of which one may be zero

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its value at a point."""
        return ()

    @property
    def parts(self) -> tuple[AbstractShape, ...]:
        """Of the domain, one for each piece; empty where there are none."""
        return ()

    def names(self, asked: str) -> tuple[str, ...] | None:
        """What a name asks for of the members; None for a name that is not the field's.

        - `asked`: such as `psi_xx` or `grad_psi`.
        """
        if any(asked == member or asked.startswith(member + "_") for member in self.members):
            return None  # psi_re is a field, no derivative of psi
        return self._names(asked)

    def _names(self, asked: str) -> tuple[str, ...] | None:
        for before in ("", "grad_", "laplacian_"):
            if asked == before + self.name:
                return tuple(before + member for member in self.members)
        if asked.startswith(self.name + "_"):
            rest = asked.removeprefix(self.name)
            return tuple(member + rest for member in self.members)
        return None

    @property
    def places(self) -> list[tuple[int, ...]]:
        """Where each member stands in `shape`."""
        return []

    @property
    def slopes(self) -> dict[str, tuple[int, ...]]:
        """Names of what is made of first derivatives of several members, with their shapes."""
        return {}

    @abc.abstractmethod
    def whole(self, asked: str, values: list, piece=None):
        """What a name asks for, from the values of the names of its members, at a point.

        - `values`: of `names(asked)`; `piece`: the number of the piece, where there are pieces.
        """

    @abc.abstractmethod
    def whole_at(self, asked: str, values: list[np.ndarray], places: Places) -> np.ndarray:
        """The same at points of space, in numpy.

        - `values`: each (n, ...).
        """


@dataclasses.dataclass(frozen=True)
class ComplexField(AbstractComposite):
    """A complex field, of its real and its imaginary part."""

    is_complex: ClassVar[bool] = True

    def whole(self, asked: str, values: list, piece=None):
        del asked, piece
        return jax.lax.complex(*map(jnp.asarray, values))

    def whole_at(self, asked: str, values: list[np.ndarray], places: Places) -> np.ndarray:
        del asked, places
        return values[0] + 1j * values[1]


@dataclasses.dataclass(frozen=True)
class PiecewiseField(AbstractComposite):
    """A field in pieces.

    - `shapes`: the part of the domain of each piece.
    """

    shapes: tuple[AbstractShape, ...]
    is_one: ClassVar[bool] = False

    @property
    def parts(self) -> tuple[AbstractShape, ...]:
        return self.shapes

    @property
    def chooser(self) -> str:
        """The name of the number of the piece that a point is in."""
        return PIECE + self.name

    @functools.cached_property
    def part(self) -> AbstractShape:
        """Where the field lives: all of its parts together."""
        return Union(*self.shapes)  # type: ignore[arg-type]

    def pieces(self, places: Places) -> Int[np.ndarray, " n"]:
        """Which piece each point of space is in, or nearest to."""
        return np.argmin([part.level(places) for part in self.shapes], axis=0)

    def whole(self, asked: str, values: list, piece=None):
        del asked
        return jnp.select([piece == i for i in range(len(values))], values)

    def whole_at(self, asked: str, values: list[np.ndarray], places: Places) -> np.ndarray:
        del asked
        return np.stack(values)[self.pieces(places), np.arange(len(places))]


@dataclasses.dataclass(frozen=True)
class _OfComponents(AbstractComposite):
    """A field with components along the coordinates of space.

    - `axes`: the names of these coordinates; empty where one vector coordinate is all of space.
    """

    axes: tuple[str, ...]

    def whole(self, asked: str, values: list, piece=None):
        del piece
        return self._arranged(jnp, asked, [jnp.asarray(value) for value in values])

    def whole_at(self, asked: str, values: list[np.ndarray], places: Places) -> np.ndarray:
        del places
        return self._arranged(np, asked, values)

    @abc.abstractmethod
    def _arranged(self, xp: ModuleType, asked: str, values: list) -> Any:
        """What a name asks for: values of any batch shape, by numpy or jax.numpy as `xp`."""

    def _slope(self, component: int, axis: int) -> str:
        """The name of the derivative of a member along an axis, or of its gradient."""
        if self.axes:
            return f"{self.members[component]}_{self.axes[axis]}"
        return f"grad_{self.members[component]}"

    def _along(self, value, axis: int):
        """What `_slope` has named."""
        return value if self.axes else value[..., axis]


@dataclasses.dataclass(frozen=True)
class VectorField(_OfComponents):
    """A vector field v.

    `grad_v` is its Jacobian, with v's component first, `strain_v` the symmetric part of that; `div_v`
    is a scalar, `curl_v` in the plane too, and in space a vector.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.members),)

    @property
    def places(self) -> list[tuple[int, ...]]:
        return [(i,) for i in range(len(self.members))]

    @property
    def slopes(self) -> dict[str, tuple[int, ...]]:
        side = len(self.members)
        found: dict[str, tuple[int, ...]] = dict.fromkeys(
            (f"grad_{self.name}", f"strain_{self.name}"), (side, side)
        )
        if side in CURL:
            found[f"curl_{self.name}"] = (3,) if len(CURL[side]) > 1 else ()
        return found | {f"div_{self.name}": ()}

    def _names(self, asked: str) -> tuple[str, ...] | None:
        number = len(self.members)
        if asked == f"div_{self.name}":
            return tuple(self._slope(i, i) for i in range(number))
        if asked == f"curl_{self.name}" and number in CURL:
            pairs = [pair for i, j in CURL[number] for pair in ((i, j), (j, i))]
            return tuple(self._slope(component, axis) for component, axis in pairs)
        if asked == f"strain_{self.name}":
            return tuple("grad_" + member for member in self.members)
        return super()._names(asked)

    def _arranged(self, xp: ModuleType, asked: str, values: list) -> Any:
        """The vector, or what is made of its derivatives."""
        if asked == f"div_{self.name}":
            return sum(self._along(value, i) for i, value in enumerate(values))
        if asked == f"curl_{self.name}":
            found = [
                self._along(values[2 * k], j) - self._along(values[2 * k + 1], i)
                for k, (i, j) in enumerate(CURL[len(self.members)])
            ]
            return found[0] if len(found) == 1 else xp.stack(found, axis=-1)
        if asked in (f"grad_{self.name}", f"strain_{self.name}"):
            jacobian = xp.stack(values, axis=-2)
            if asked.startswith("grad_"):
                return jacobian
            return (jacobian + xp.swapaxes(jacobian, -1, -2)) / 2
        return xp.stack(values, axis=-1)


@dataclasses.dataclass(frozen=True)
class TensorField(_OfComponents):
    """A symmetric tensor field s, of its components s11, s12, s22 and so on; `div_s` is a vector."""

    @property
    def shape(self) -> tuple[int, ...]:
        return (self._side, self._side)

    @property
    def _side(self) -> int:
        return int((2 * len(self.members)) ** 0.5)

    def number(self, row: int, column: int) -> int:
        """Of the member that stands in a row and a column."""
        return self.places.index((min(row, column), max(row, column)))

    @property
    def places(self) -> list[tuple[int, ...]]:
        return list(symmetric_pairs(self._side))

    @property
    def slopes(self) -> dict[str, tuple[int, ...]]:
        return {f"div_{self.name}": (self._side,)}

    def _names(self, asked: str) -> tuple[str, ...] | None:
        sides = range(self._side)
        if asked == f"div_{self.name}":
            return tuple(self._slope(self.number(i, j), j) for i in sides for j in sides)
        return None if asked == f"grad_{self.name}" else super()._names(asked)

    def _arranged(self, xp: ModuleType, asked: str, values: list) -> Any:
        sides = range(self._side)
        if asked == f"div_{self.name}":
            found = [self._along(value, k % self._side) for k, value in enumerate(values)]
            rows = [sum(found[i * self._side : (i + 1) * self._side]) for i in sides]
            return xp.stack(rows, axis=-1)
        rows = [xp.stack([values[self.number(i, j)] for j in sides], axis=-1) for i in sides]
        return xp.stack(rows, axis=-2)


def symmetric_pairs(side: int) -> list[tuple[int, ...]]:
    """Row and column of the components of a symmetric tensor, in their order."""
    return [(i, j) for i in range(side) for j in range(i, side)]
