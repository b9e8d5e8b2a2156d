"""What shapes have in common that are made of an array of points."""

import abc
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ._pieces import Coordinate
from ._shape import AbstractShape


class AbstractFromPoints(AbstractShape):
    """A shape made of points: placed elsewhere, it is made of their images."""

    CARRIED: ClassVar[str]  # what its description calls the points
    TURNED: ClassVar[tuple[str, ...]] = ()  # and directions at them
    _coordinates: eqx.AbstractVar[tuple[Coordinate, ...]]
    name: eqx.AbstractVar[str | None]

    @property
    def coordinates(self):
        return self._coordinates

    @property
    @abc.abstractmethod
    def _ends(self) -> Float[np.ndarray, "n dim"]:
        """Points of it, with those that lie farthest in any direction among them."""

    def reach(self, direction):
        return float(np.max(self._ends @ direction))

    def placed(self, matrix, shift):
        """One of its own kind again."""
        given, turn = self.describe(), np.asarray(matrix).T
        given[self.CARRIED] = (np.asarray(given[self.CARRIED]) @ turn + shift).tolist()
        given |= {name: (np.asarray(given[name]) @ turn).tolist() for name in self.TURNED}
        return type(self).from_description(given)

    def described_names(self) -> dict[str, Any]:
        """The names that belong to its description."""
        return {"coordinates": [c.name for c in self.coordinates], "name": self.name}

    @classmethod
    def from_description(cls, given):
        return cls(**dict(given, coordinates=tuple(given["coordinates"])))
