"""Truth values over coordinates: where a condition holds, by a function of the user's."""

import contextlib
import dataclasses
from collections.abc import Callable

import numpy as np

from .._basics._functions import required_arguments
from .._basics._messages import listing, nearest
from ._domain import Domain


@dataclasses.dataclass(frozen=True)
class Predicate:
    """A truth value for every point, from a function of named coordinates.

    - `function`: of the user's, at one point.
    - `names`: the coordinates that it asks for.
    """

    function: Callable[..., object]
    names: tuple[str, ...]

    @classmethod
    def over(cls, function: Callable[..., object], domain: Domain, what: str) -> "Predicate":
        """A predicate over the coordinates of a domain.

        - `what`: these are, for messages.

        Raises `ValueError` for a signature that cannot be read, and for what is no coordinate.
        """
        try:
            arguments = required_arguments(function, domain.slices().__contains__)
        except ValueError as error:
            raise ValueError(f"on=: {error}") from None
        known = list(domain.slices())
        unknown = [name for name in arguments if name not in known]
        if unknown:
            raise ValueError(
                f"on=: the predicate asks for {unknown[0]!r}; it may use the {what} "
                f"{listing(known)}." + nearest(unknown[0], known)
            )
        return cls(function, tuple(arguments))

    def holds(self, domain: Domain, points: np.ndarray) -> np.ndarray:
        """Where it holds: at all points at once where it can, else point by point.

        Raises `ValueError` where it fails.
        """
        columns = domain.split(points)
        given = [columns[name] for name in self.names]
        with contextlib.suppress(Exception):  # `and`, `if` and math take one point at a time
            found = np.asarray(self.function(*given))
            if found.shape == (len(points),) and found.dtype == bool:
                return found
        try:
            rows = zip(*given, strict=True)
            return np.fromiter((bool(self.function(*row)) for row in rows), bool, len(points))
        except Exception as error:
            raise ValueError(
                f"on=: the predicate failed at a point with {type(error).__name__}: {error}. It must "
                "return one truth value per point."
            ) from error
