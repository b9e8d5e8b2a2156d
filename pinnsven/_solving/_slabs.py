"""Where the slabs of a march begin and end: as they are given, or as far as drawn functions reach.

A slab in which drawn functions solve the problem takes seconds, whatever time has done before; how long
it may be, held-out residuals say (experiment 155). Where shorter ones do not help, as where space is
what functions cannot resolve, the rest of the time is marched in equal slabs with trained networks.
"""

import math

SPLIT = 4  # equal slabs, where drawn functions do not do
WANTED = 1e-4  # of the tolerance: the relative held-out residual for which a length is chosen
ORDER = 6.0  # with which that falls as a slab gets shorter, at least
STRETCHES = 0.3, 3.0  # by which the next slab is shorter or longer at most
ALIKE = 0.3  # of a residual, that a slab no longer leaves where its length is what matters
NEAR = 100.0  # times what is wanted, up to where a residual that does not fall is taken for what it is
ANYWAY = 1.5  # by which the next slab is longer then: fast modes keep the errors of earlier slabs
SHORTER = 0.1, 0.3  # times a length that was too long: of the first slab, and of a later one
HELPED = 0.5  # of the share that was left, which a shorter slab leaves where shortness helps
VAIN = 3  # shorter slabs that do not help, after which none is tried
SHORTEST = 1e-12, 1e-3  # of the time: without space, and with it


class GivenSlabs:
    """Slabs between edges.

    - `edges`: all of them, ascending, the first and the last time included.
    """

    drawn = False  # whether slabs are solved in drawn functions or not at all

    def __init__(self, edges: list[float]):
        self.edges = edges
        self.number = 0

    @property
    def number_left(self) -> int:
        """How many slabs there are still to solve."""
        return len(self.edges) - 1 - self.number

    def next(self) -> tuple[float, float]:
        """The ends of the slab to solve next."""
        return self.edges[self.number], self.edges[self.number + 1]

    def solved(self, relative: float) -> None:
        """Goes on to the next one.

        - `relative`: the relative held-out residual of the one that was solved.
        """
        self.number += 1

    def too_long(self, left: float) -> None:
        """Given slabs stay as they are."""

    @property
    def ends(self) -> list[float]:
        """The edges, of those slabs too that have not been solved."""
        return self.edges


class ChosenSlabs:
    """Slabs as long as drawn functions solve them.

    - `start`, `stop`: of the whole time.
    - `has_space`: whether there is more than time.
    - `tolerance`: on the relative held-out residual.
    """

    def __init__(self, start: float, stop: float, has_space: bool, tolerance: float):
        self.drawn, self.edges, self.stop = True, [start], stop
        self._wanted, self._last = WANTED * tolerance, (0.0, math.inf)
        self.length = self._whole = stop - start
        self._shortest = SHORTEST[has_space] * self._whole
        self._lefts: list[float] = []  # of the slabs that were too long, since the last solved one
        self._equal: list[float] = []  # edges still to come, where slabs are no longer chosen

    @property
    def number_left(self) -> int:
        """How many slabs there are still to solve, as far as that is known."""
        return len(self._equal) or math.ceil((self.stop - self.edges[-1]) / self.length)

    def next(self) -> tuple[float, float]:
        """The ends of the slab to solve next."""
        at = self.edges[-1]
        if self._equal:
            return at, self._equal[0]
        rest = self.stop - at
        if rest <= 1.2 * self.length:
            return at, self.stop
        # Two slabs that are left are made equal, rather than the last one tiny.
        return at, at + (self.length if rest > 2 * self.length else rest / 2)

    def solved(self, relative: float) -> None:
        """Goes on to the next one, which is as long as this one went well.

        - `relative`: the relative held-out residual of the one that was solved.
        """
        at, end = self.next()
        self.edges.append(end)
        if self._equal:
            self._equal.pop(0)
            return
        length, before = end - at, self._last
        self._last = length, relative
        grown = (self._wanted / max(relative, 1e-300)) ** (1 / ORDER)
        if length <= before[0] and ALIKE * before[1] < relative < NEAR * self._wanted:
            grown = max(grown, ANYWAY)
        # What was too long just before is not tried again at once.
        most = ANYWAY if self._lefts else STRETCHES[1]
        self.length = length * min(max(grown, STRETCHES[0]), most)
        self._lefts = []

    def too_long(self, left: float) -> None:
        """Makes the slab shorter, in which drawn functions did not do; or chooses none any more.

        - `left`: the share of the held-out residual that was left: infinite where nothing was found,
          not a number where drawn functions may not be used.
        """
        if math.isnan(left):
            return self.give_up()
        at, end = self.next()
        self.length = SHORTER[len(self.edges) > 1] * (end - at)
        self._lefts.append(left)
        last = self._lefts[-VAIN - 1 :]
        vain = len(last) > VAIN and last[-1] > HELPED * min(last[0], 1.0)
        if self.length < self._shortest or (vain and self._shortest > SHORTEST[0] * self._whole):
            self.give_up()

    def give_up(self) -> None:
        """Divides the rest into equal slabs."""
        self.drawn, at = False, self.edges[-1]
        self._equal = [at + (self.stop - at) * (k + 1) / SPLIT for k in range(SPLIT)]
        self._equal[-1] = self.stop

    @property
    def ends(self) -> list[float]:
        """The edges, up to the last time."""
        return self.edges if self.edges[-1] == self.stop else [*self.edges, self.stop]
