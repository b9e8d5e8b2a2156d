"""Hooks into a solve, run on the host between steps.

A callback that fails costs nobody the run: `tell` names it, and the run ends as if it had asked to.
"""

import dataclasses
import traceback
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from ._records import Estimate, StepRecord


class StopRun(Exception):
    """Raised by a callback to end the solve; the best solution so far is returned.

    - `as_limit`: whether that is a limit, like those of `solve`, and no interruption: the solution is
      then judged by its quality, and may be called converged.
    """

    def __init__(self, *reason, as_limit: bool = False):
        super().__init__(*reason)
        self.as_limit = as_limit


class CallbackFailed(Exception):
    """A callback raised what it should not: says which, what and where."""


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
    """Every hook does nothing; override the ones you need. Any of them may raise `StopRun`.

    Any other exception ends the run too, as `stopped`, and the message names it; one that `on_end`
    raises is a warning.

    - `hears_slabs`: whether several runs, of slabs of time, are to it as good as one.
    """

    hears_slabs: ClassVar[bool] = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def on_start(self, info: RunInfo) -> None:
        """Before the first step."""

    def on_stage(self, what: str) -> None:
        """Before a part of the run that takes its time, with what it does."""

    def on_compile(self, what: str) -> None:
        """Before a compilation."""

    def on_compiled(self, what: str, seconds: float) -> None:
        """After a compilation, with the seconds that it took."""

    def on_memory(self, predicted: int) -> None:
        """With the bytes that the run will take at most, before the first step and if that changes."""

    def on_step(self, record: StepRecord) -> None:
        """After each step; `record.solution()` makes the solution so far, if it is called here."""

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

    def __str__(self):
        return getattr(self._function, "__qualname__", type(self._function).__name__)


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


def tell(hooks: Iterable[Callback], hook: str, *given) -> None:
    """Calls a hook of every callback; `CallbackFailed` for what one raises, unless it is `StopRun`.

    - `hook`: its name, such as `"on_step"`.
    - `given`: its arguments.
    """
    for callback in hooks:
        try:
            getattr(callback, hook)(*given)
        except StopRun:
            raise
        except Exception as error:
            raise CallbackFailed(_failure(callback, hook, error)) from error


def tell_the_end(hooks: Iterable[Callback], solution) -> None:
    """Shows every callback the solution; none of them can lose it: what one raises is a warning."""
    for callback in hooks:
        try:
            callback.on_end(solution)
        except StopRun:
            continue
        except Exception as error:
            warnings.warn(_failure(callback, "on_end", error), RuntimeWarning, stacklevel=3)


def _failure(callback: Callback, hook: str, error: Exception) -> str:
    named = str(callback) if isinstance(callback, _StepFunction) else type(callback).__name__
    if not isinstance(callback, _StepFunction):
        named = f"{named}.{hook}"
    said = str(error).strip().splitlines()
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"the callback {named} raised {type(error).__name__}"
        f"{f': {said[0]}' if said else ''} ({Path(where.filename).name}, line {where.lineno})"
    )
