"""Which part of a solution a picture shows: its axes, what is held, and the values there."""

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from .._basics._messages import listing, nearest
from ._ask import named_values
from ._data import SolutionData
from ._region import Triangles, smooth_curve, triangulate

TITLE = 46  # characters in a line above a map


@dataclasses.dataclass(frozen=True)
class View:
    """A line or a plane through the domain.

    - `solution`: what is seen.
    - `axes`: the components of a point that are drawn, the horizontal one first.
    - `held`: the values of the others, by component.
    - `units`: what is written behind names, by name.
    """

    solution: SolutionData
    axes: tuple[int, ...]
    held: dict[int, float]
    units: Mapping[str, str]

    def points(self, drawn: Float[np.ndarray, "n axes"]) -> Float[np.ndarray, "n dim"]:
        """Whole points from their drawn components."""
        found = np.empty((len(drawn), self.solution.domain.dim))
        for axis, value in self.held.items():
            found[:, axis] = value
        for place, axis in enumerate(self.axes):
            found[:, axis] = drawn[:, place]
        return found

    def inside(self, drawn) -> np.ndarray:
        """Whether the domain has these drawn points."""
        return self.solution.domain.contains(self.points(drawn))

    def values(self, name: str, drawn) -> Float[np.ndarray, " n"]:
        """A field, or whatever else a name asks for, at drawn points."""
        return values_at(self.solution, name, self.points(drawn))

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper ends along the axes."""
        domain, axes = self.solution.domain, list(self.axes)
        return domain.lower[axes], domain.upper[axes]

    @property
    def is_space(self) -> bool:
        """Whether both axes are of space, so that a picture keeps their proportions."""
        return all(axis < self.solution.domain.space_dim for axis in self.axes) and len(self.axes) == 2

    def triangles(self) -> Triangles:
        return triangulate(self.inside, *self.bounds)

    def curve(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Places along the only axis and values there, close enough to look smooth."""
        (low,), (high,) = self.bounds

        def function(at):
            drawn = at[:, None]
            values = np.where(self.inside(drawn), self.values(name, drawn), np.nan)
            return values[:, None]

        at, values = smooth_curve(function, low, high)
        return at, values[:, 0]

    def label(self, axis: int) -> str:
        """The name of a component with its unit."""
        return with_unit(self.solution.domain.component_names()[axis], self.units)

    def caption(self) -> str:
        """What is held, as far as there was a choice."""
        names = self.solution.domain.component_names()
        return ", ".join(f"{names[axis]} = {value:.3g}" for axis, value in self.held.items())

    def titled(self, text: str) -> str:
        """A title that also says what is held."""
        return filled(", ".join(part for part in (text, self.caption()) if part))


def filled(title: str) -> str:
    """A title in as many lines as it needs above a map."""
    return textwrap.fill(title, TITLE) if len(title) > TITLE else title


def with_unit(name: str, units: Mapping[str, str]) -> str:
    return f"{name} ({units[name]})" if units.get(name) else name


def values_at(solution: SolutionData, name: str, points: np.ndarray) -> Float[np.ndarray, " n"]:
    """A field, or whatever else a name asks for, at points (n, dim)."""
    if name not in solution.fields:
        return named_values(solution, name, solution.domain.split(points), "extrapolate", None)
    number = solution.fields.index(name)
    values = solution.evaluator(points)[:, number]  # type: ignore[operator]
    if solution.layout.has_parts:
        values = np.where(solution.layout.alive(solution.domain, points)[:, number], values, np.nan)
    return values


def choose_axes(solution: SolutionData, along) -> tuple[int, ...]:
    """The components that are drawn.

    By default the only one; time and space, time on the horizontal axis; the first two of space.
    Raises `ValueError` for a name that is no coordinate, and for more than two.
    """
    domain = solution.domain
    names = domain.component_names()
    if along is None:
        if domain.dim == 1:
            return (0,)
        return (1, 0) if domain.time is not None and domain.dim == 2 else (0, 1)
    wanted = (along,) if isinstance(along, str) else tuple(along)
    for name in wanted:
        if name not in names:
            raise ValueError(
                f"along={along!r}: there is no coordinate {name!r}; there are {listing(names)}."
                + nearest(str(name), names)
            )
    if not 1 <= len(wanted) <= 2 or len(set(wanted)) < len(wanted):
        raise ValueError(f"along={along!r}: give one coordinate for curves, or two for maps")
    return tuple(names.index(name) for name in wanted)


def held_values(solution: SolutionData, axes: Sequence[int], at) -> list[dict[int, float]]:
    """What is held, once for each picture: the middle of the domain where nothing is said.

    - `at`: from the name of a coordinate to a value or several.

    Raises `ValueError` for a name that is no coordinate or is drawn, for several coordinates with
    several values, and for values outside the domain.
    """
    domain = solution.domain
    names = domain.component_names()
    middle = (domain.lower + domain.upper) / 2
    plain = {axis: float(middle[axis]) for axis in range(domain.dim) if axis not in axes}
    if at is None:
        return [plain]
    if not isinstance(at, Mapping):
        raise ValueError(f"at={at!r}: give a dict from coordinates to values, such as {{'t': [0, 1]}}")
    many: tuple[int, np.ndarray] | None = None
    for name, given in at.items():
        axis = _held_axis(name, names, axes)
        values = _within(name, given, domain.lower[axis], domain.upper[axis])
        if len(values) > 1 and many is not None:
            raise ValueError("at: one coordinate alone may have several values")
        if len(values) > 1:
            many = axis, values
        plain[axis] = float(values[0])
    if many is None:
        return [plain]
    return [plain | {many[0]: float(value)} for value in many[1]]


def _held_axis(name: Any, names: list[str], axes: Sequence[int]) -> int:
    if name not in names:
        raise ValueError(
            f"at: there is no coordinate {name!r}; there are {listing(names)}."
            + nearest(str(name), names)
        )
    axis = names.index(name)
    if axis in axes:
        others = listing(repr(n) for i, n in enumerate(names) if i != axis)
        raise ValueError(
            f"at: {name!r} is on an axis of the picture; draw it along others, of {others}, by along="
        )
    return axis


def _within(name: str, given, low: float, high: float) -> np.ndarray:
    values = np.atleast_1d(np.asarray(given, float))
    if values.ndim != 1 or not len(values) or not np.all(np.isfinite(values)):
        raise ValueError(f"at: {name}={given!r}: give a value, or a list of them")
    room = 1e-9 * (high - low)
    outside = values[(values < low - room) | (values > high + room)]
    if len(outside):
        raise ValueError(f"at: {name} = {outside[0]:g} lies outside ({low:g}, {high:g})")
    return values
