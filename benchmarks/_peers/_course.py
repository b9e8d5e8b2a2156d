"""What is the same for every competitor: the points of measurement, the clock, the snapshots.

The clock counts the processor time of the process. On a core of its own, with one thread, that is the
time on the wall; where something else runs on the core, what that takes is not counted.
"""

import time
from collections.abc import Callable

import numpy as np

from _records import gallery_problem

MARKS = (10.0, 30.0, 60.0)  # seconds of stepping at which an error is reported

# the equation's own coefficients, and the bounds of space where they are not (0, 1)
VISCOSITY = 0.01 / np.pi  # burgers
DIFFUSIVITY = 0.25  # heat_1d
DIFFUSION, RATE = 1e-4, 5.0  # allen_cahn
SPEED = 2.0  # wave_1d
SYMMETRIC = ("burgers", "allen_cahn")  # -1 <= x <= 1
DIMENSION = {"poisson_2d": 2, "poisson_5d": 5}  # stationary; the others are functions of x and t

# hidden layers of every peer's network: 480 to 1340 parameters
HIDDEN = {
    "poisson_2d": (20, 20),
    "heat_1d": (20, 20),
    "burgers": (20, 20, 20, 20),
    "poisson_5d": (24, 24),
    "allen_cahn": (20, 20, 20, 20),
    "wave_1d": (24, 24, 24),
}


def bounds(problem: str) -> tuple[float, float]:
    """The least and largest value of every coordinate of space."""
    return (-1.0, 1.0) if problem in SYMMETRIC else (0.0, 1.0)


class Course:
    """The points where a problem's solution is known, and a clock that stops while one looks.

    - `problem`: the name of a problem file.
    - `limit`: seconds of stepping.
    """

    def __init__(self, problem: str, limit: float):
        self.declared = gallery_problem(problem)
        from pinnsven._domains import stack_coordinates
        from pinnsven._problem import known_values, relative_errors

        self.known = known_values(self.declared)
        self._relative_errors = relative_errors
        # (n, dim): the coordinates of space first, then time
        self.points = stack_coordinates(self.declared.domain, self.known.points)[0]
        self.limit = limit
        self.schedule = sorted(
            {*np.geomspace(1, limit, 12).round(2), *(m for m in MARKS if m <= limit)}
        )
        self.times: list[float] = []
        self.errors: list[float] = []
        self.compile_seconds = 0.0
        self._next = 0
        self._entered = time.process_time()

    def start(self) -> None:
        """Starts the clock: what went before, since this object was made, was compilation."""
        self._began = time.process_time()
        self.compile_seconds = self._began - self._entered

    def elapsed(self) -> float:
        """Seconds of stepping."""
        return time.process_time() - self._began

    def discount(self, seconds: float) -> None:
        """Takes seconds off the clock."""
        self._began += seconds

    def look(self, predict: Callable[[np.ndarray], np.ndarray]) -> bool:
        """Measures the current iterate where the schedule asks for it; whether time is left.

        - `predict`: maps points (n, dim) to the values (n,) of the current iterate.
        """
        now = self.elapsed()
        if self._next < len(self.schedule) and now >= self.schedule[self._next]:
            self._record(now, predict)
            self._began = time.process_time() - now
        return now < self.limit

    def finish(self, predict: Callable[[np.ndarray], np.ndarray]) -> None:
        """Fills the rest of the schedule with the last iterate, for a method that ended early."""
        while self._next < len(self.schedule):
            self._record(self.schedule[self._next], predict)

    def _record(self, now: float, predict) -> None:
        values = np.asarray(predict(self.points), dtype=float).reshape(-1, 1)
        found = self._relative_errors(lambda _: values, self.known, self.declared.fields)
        while self._next < len(self.schedule) and now >= self.schedule[self._next]:
            self._next += 1
        self.times.append(now)
        self.errors.append(float(found))

    def error_at(self, seconds: float) -> float | None:
        """The error of the first snapshot taken at this time or later."""
        return next((e for t, e in zip(self.times, self.errors, strict=True) if t >= seconds), None)
