"""Where the slabs of a march begin and end: as they are given, or as far as drawn functions reach.

A slab in which drawn functions solve the problem takes seconds, whatever time has done before; how long
it may be, held-out residuals say (experiment 155). Where shorter ones do not help, as where space is
what functions cannot resolve, the rest of the time is marched in equal slabs with trained networks.
"""

import math

SPLIT = 4  # equal slabs, where drawn functions do not do
# Of the tolerance: the relative held-out residual for which a length is chosen, without space and with
# it, where functions cost more than what is lost from slab to slab.
WANTED = 1e-4, 1e-2
ORDER = 6.0  # with which that falls as a slab gets shorter, at least
STRETCHES = 0.3, 3.0  # by which the next slab is shorter or longer at most
ALIKE = 0.3  # of a residual, that a slab no longer leaves where its length is what matters
NEAR = 100.0  # times what is wanted, up to where a residual that does not fall is taken for what it is
ANYWAY = 1.5  # by which the next slab is longer then: fast modes keep the errors of earlier slabs
SHORTER = 0.1, 0.3  # times a length that was too long: of the first slab, and of a later one
HELPED = 0.5  # of the share that was left, which a shorter slab leaves where shortness helps
VAIN = 3  # shorter slabs that do not help, after which none is tried
SHORTEST = 1e-12, 1e-3  # of the time: without space, and with it


class Slabs:
    """The slabs of a march, one after another.

    - `edges`: all of them, ascending, the first and the last time included.
    - `chosen`: whether there are only these two, and a slab is as long as drawn functions solve it.
    - `has_space`: whether there is more than time.
    - `tolerance`: on the relative held-out residual.
    """

    def __init__(self, edges: list[float], chosen: bool, *, has_space: bool, tolerance: float):
        self.edges, self.stop = edges[:1], edges[-1]  # of the slabs that are solved; of time
        self.chosen = self.drawn = chosen  # whether one is solved in drawn functions or not at all
        self._given = [] if chosen else edges[1:]  # edges still to come
        self._wanted, self._last = WANTED[has_space] * tolerance, (0.0, math.inf)
        self.length = self._whole = edges[-1] - edges[0]
        self._shortest = SHORTEST[has_space] * self._whole
        self._lefts: list[float] = []  # of the slabs that were too long, since the last solved one

    @property
    def is_fresh(self) -> bool:
        """Whether no slab was solved yet, nor found too long."""
        return len(self.edges) == 1 and self.length == self._whole

    @property
    def number_left(self) -> int:
        """How many slabs there are still to solve, as far as that is known."""
        return len(self._given) or math.ceil((self.stop - self.edges[-1]) / self.length)

    def next(self) -> tuple[float, float]:
        """The ends of the slab to solve next."""
        at = self.edges[-1]
        if self._given:
            return at, self._given[0]
        rest = self.stop - at
        if rest <= 1.2 * self.length:
            return at, self.stop
        # Two slabs that are left are made equal, rather than the last one tiny.
        return at, at + (self.length if rest > 2 * self.length else rest / 2)

    def solved(self, relative: float) -> None:
        """Goes on to the next one; one that is chosen is as long as this one went well.

        - `relative`: the relative held-out residual of the one that was solved.
        """
        at, end = self.next()
        self.edges.append(end)
        if self._given:
            self._given.pop(0)
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
        self._given = [at + (self.stop - at) * (k + 1) / SPLIT for k in range(SPLIT)]
        self._given[-1] = self.stop

    @property
    def ends(self) -> list[float]:
        """The edges up to the last time: those too that are still to come, where all were given."""
        if not self.chosen:
            return [*self.edges, *self._given]
        return self.edges if self.edges[-1] == self.stop else [*self.edges, self.stop]
