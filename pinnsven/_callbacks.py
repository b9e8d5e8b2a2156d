"""Hooks into a solve, run on the host between steps."""

import dataclasses
from collections.abc import Callable, Iterable

from ._solution import Estimate, StepRecord


class StopRun(Exception):
    """Raised by a callback to end the solve; the best solution so far is returned."""


@dataclasses.dataclass(frozen=True)
class RunInfo:
    """What a callback is told before the first step.

    - `problem`: the name of the problem.
    - `params`: the number of parameters.
    - `max_steps`, `time_limit`: the limits, None where there is none (seconds).
    - `tolerance`: the tolerance on the held-out residual.
    """

    problem: str
    params: int
    max_steps: int | None
    time_limit: float | None
    tolerance: float


class Callback:
    """Every hook does nothing; override the ones you need. Any of them may raise `StopRun`."""

    def on_start(self, info: RunInfo) -> None:
        """Before the first step."""

    def on_compile(self, what: str) -> None:
        """Before a compilation."""

    def on_memory(self, predicted: int) -> None:
        """With the bytes that the run will take at most, before the first step and if that changes."""

    def on_step(self, record: StepRecord) -> None:
        """After each step."""

    def on_estimate(self, estimate: Estimate) -> None:
        """After the residual was measured on fresh points."""

    def on_end(self, solution) -> None:
        """With the `Solution`, before `solve` returns it."""


class _StepFunction(Callback):
    """A plain function, called after each step."""

    def __init__(self, function: Callable[[StepRecord], object]):
        self._function = function

    def on_step(self, record):
        self._function(record)


def as_callbacks(callbacks: object) -> tuple[Callback, ...]:
    """Callbacks from one or several; a plain function is called after each step.

    Raises `ValueError` for anything that is neither a `Callback` nor callable.
    """
    given = callbacks if isinstance(callbacks, Iterable) else (callbacks,)
    result = []
    for callback in given:
        if isinstance(callback, type):
            raise ValueError(f"callbacks: give an object, {callback.__name__}(), not the class")
        if not isinstance(callback, Callback) and not callable(callback):
            raise ValueError(f"callbacks: {callback!r} is neither a pv.Callback nor a function")
        result.append(callback if isinstance(callback, Callback) else _StepFunction(callback))
    return tuple(result)
