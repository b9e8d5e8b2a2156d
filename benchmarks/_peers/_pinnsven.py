"""pinnsven with its default settings, watched by a callback."""

import time

import numpy as np

import pinnsven as pv
from _peers._course import Course

ENDLESS = 1e6  # seconds: the course ends the run


class _Watch(pv.Callback):
    """Looks at the clock after every step, and stops the run when its time is over.

    Compilations, which happen as blocks grow too, are taken off the course's clock.
    """

    def __init__(self, course: Course):
        self.course = course
        self._compiling_since = 0.0

    def on_start(self, info) -> None:
        self.course.start()

    def on_compile(self, what) -> None:
        self._compiling_since = time.process_time()

    def on_compiled(self, what, seconds) -> None:
        spent = time.process_time() - self._compiling_since
        self.course.discount(spent)
        self.course.compile_seconds += spent

    def on_step(self, record) -> None:
        if not self.course.look(lambda points: predicted(record.solution(), points)):
            raise pv.StopRun


def predicted(solution: pv.Solution, points: np.ndarray) -> np.ndarray:
    """The one field of a solution at points (n, dim)."""
    return solution(**solution.domain.split(points), outside="extrapolate")


def run(problem: str, seed: int, course: Course) -> None:
    """Races the default settings.

    - `problem`: known to the course already.
    """
    given = course.declared
    # Without the known answer, which the course has: nobody measures an error twice.
    declared = pv.Problem(
        given.domain, given.fields, given.conditions, network=given.network, name=given.name
    )
    solution = pv.solve(
        declared, seed=seed, time_limit=ENDLESS, callbacks=_Watch(course), estimate_error=False
    )
    course.finish(lambda points: predicted(solution, points))
