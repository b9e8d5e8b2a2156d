"""Which functions to solve in: those of whose kind one portion leaves least in a linear step."""

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from .._networks import DrawnUnits
from ._drawn_step import State, Step
from ._products import TURNS, reach_of_waves

STEEPEST = (1.0, 2.0, 4.0, 8.0, 16.0)  # of the units' slopes, per unit of the inputs: the best is taken
LOOKED_AT = 2.0  # of these, with which features and waves are tried
CLEAR = 1e-6  # of the residual that products leave, below which no units are looked at
CLEARLY = 0.1  # of what units of one size leave: products that leave less are taken


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of functions.

    - `featured`: whether half of them are multiplied by features.
    - `stretch`: of units' slopes along each coordinate, or how far degrees of products reach there.
    - `steepest`: of the units' slopes; None for products.
    """

    featured: bool
    stretch: Float[np.ndarray, " dim"]
    steepest: float | None


@dataclasses.dataclass(frozen=True)
class Look:
    """What one portion of a kind of functions does."""

    kind: Kind
    units: DrawnUnits
    state: State
    step: Step

    @property
    def left(self) -> float:
        return self.step.left


class FirstLooks:
    """The looks that were made.

    - `look`: makes one of a kind of functions, None where it is not finite.
    - `turned`: how much more often what is prescribed turns along each coordinate, see `stretched`.
    - `featured`: whether there are features, `able`: whether one portion holds fewer products than
      there are.
    """

    def __init__(
        self,
        look: Callable[[Kind], Look | None],
        turned: Float[np.ndarray, " dim"],
        featured: bool,
        able: bool,
    ):
        self.look, self.turned, self.able = look, turned, able
        self.made: list[Look] = []
        plain = np.ones(len(turned))
        stretches = (plain, turned) if self.turns else (plain,)
        self.kinds = list(itertools.product((True, False) if featured else (True,), stretches))

    @property
    def turns(self) -> bool:
        """Whether what is prescribed turns so often that functions have to be steeper."""
        return bool(self.turned.max() > TURNS)

    @property
    def best(self) -> Look | None:
        """The one that leaves least; not products where these are all there are, and leave much."""
        kept = [k for k in self.made if self.able or k.kind.steepest is not None or k.left <= CLEAR]
        return min(kept or self.made, key=lambda look: look.left, default=None)

    @property
    def least(self) -> float:
        """The least that one of them leaves."""
        return min((look.left for look in self.made), default=math.inf)

    def products(self) -> None:
        """Looks at products of polynomials and waves."""
        for featured, stretch in self.kinds:
            self._look(Kind(featured, reach_of_waves(stretch), None))

    def units(self) -> bool:
        """Looks at units, as far as products leave something to gain; False where none are finite."""
        before = self.least
        if before <= CLEAR:
            return True
        looks = [self._look(Kind(*kind, LOOKED_AT)) for kind in self.kinds]
        found = [look for look in looks if look is not None]
        if len(found) < len(looks):
            return False
        best = min(found, key=lambda look: look.left)
        if before <= CLEARLY * best.left:
            return True
        kinds = [dataclasses.replace(best.kind, steepest=s) for s in STEEPEST if s != LOOKED_AT]
        return all(self._look(kind) is not None for kind in kinds)

    def _look(self, kind: Kind) -> Look | None:
        found = self.look(kind)
        self.made += [] if found is None else [found]
        return found
