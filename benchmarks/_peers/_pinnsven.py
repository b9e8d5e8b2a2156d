"""pinnsven with its default settings.

No callback sees the parameters, so the run is put together here as `pinnsven.solve` does it.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np

from _peers._course import Course
from pinnsven._basics._compiled import Compiler
from pinnsven._basics._precision import precision_context
from pinnsven._domains import Sobol
from pinnsven._output._callbacks import Callback, StopRun
from pinnsven._solving._loop import Run
from pinnsven._solving._points import PointSet
from pinnsven._solving._steppers import as_stepper
from pinnsven._solving._weighting import ScaledWeights
from pinnsven._sven import Sven


class _Watch(Callback):
    """Looks at the clock after every step, and stops the run when its time is over."""

    def __init__(self, course: Course):
        self.course = course
        self.run: Run | None = None
        self._values = None

    def on_step(self, record) -> None:
        if not self.course.look(self.predict):
            raise StopRun

    def predict(self, points: np.ndarray) -> np.ndarray:
        """The current iterate's field at points (n, dim)."""
        run = self.run
        if self._values is None:

            def values(theta, z):
                return jax.vmap(run.system.unpack(theta)[0])(z)[:, 0]

            self._values = jax.jit(values)
        return np.asarray(self._values(run.theta, jnp.asarray(points)))


class _TimedCompiler(Compiler):
    """Takes compilations, which happen as blocks grow, off the course's clock."""

    def __init__(self, course: Course):
        super().__init__(lambda name: None)
        self.course = course

    def compile(self, name, function, *arguments, donate=()):
        before = time.process_time()
        result = super().compile(name, function, *arguments, donate=donate)
        spent = time.process_time() - before
        self.course.discount(spent)
        self.course.compile_seconds += spent
        return result


def run(problem: str, seed: int, course: Course) -> None:
    """Races the default settings.

    - `problem`: known to the course already.
    """
    declared, watch = course.declared, _Watch(course)
    with precision_context("float64"):
        racing = Run(
            declared,
            declared.network,
            as_stepper(Sven()),
            PointSet(declared, None, Sobol(), np.random.default_rng(seed)),
            ScaledWeights(),
            (watch,),
            seed,
            refine=True,
        )
        racing.compiler, watch.run = _TimedCompiler(course), racing
        racing.limits, racing.checkpoint, racing.estimates_error = (None, None, 1e6), None, False
        watch.predict(course.points)
        course.start()
        racing.loop()
        course.finish(watch.predict)
