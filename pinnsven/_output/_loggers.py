"""Callbacks that are ready: lines, files of records, TensorBoard, a movie, a rule to stop by."""

import csv
import importlib
import json
import math
import os
from collections.abc import Callable
from typing import Any

from .._basics._numbers import finite_number, whole_number
from ._callbacks import Callback, StopRun
from ._movie import Frames
from ._records import StepRecord
from ._tables import finite_or_none

STEPS = "give a positive whole number of steps"


def _facts(record: StepRecord) -> dict[str, Any]:
    """The numbers of a step by name; what is not finite is None."""
    found: dict[str, Any] = {name: getattr(record, name) for name in StepRecord.plain()}
    return finite_or_none(found | dict(record.unknowns))


class PrintEvery(Callback):
    """Prints a line on stdout every so many steps: `PrintEvery(50)`.

    - `steps`: between two lines.

    Raises `ValueError` for anything but a positive whole number.
    """

    def __init__(self, steps: int = 10):
        self._steps = whole_number("steps", steps, 1, STEPS)

    def on_step(self, record):
        if record.step % self._steps == 0:
            held = f", held out {record.held_out:.2e}" if math.isfinite(record.held_out) else ""
            unknowns = "".join(f", {name} {value:.6g}" for name, value in record.unknowns.items())
            print(f"step {record.step}, {record.seconds:.1f} s, loss {record.loss:.2e}{held}{unknowns}")


class StopWhen(Callback):
    """Ends the run as soon as a condition holds: `StopWhen(lambda record: record.held_out < 1e-4)`.

    - `condition`: a function of the `StepRecord` of each step.
    - `reason`: what the solution's message then says.

    The solution is judged by its quality, as at a limit. Raises `ValueError` for what cannot be called.
    """

    def __init__(self, condition: Callable[[StepRecord], object], reason: str = ""):
        if not callable(condition):
            raise ValueError(f"StopWhen: {condition!r} is no function of a step's record")
        self._condition = condition
        self._reason = reason or f"{getattr(condition, '__name__', 'the condition')} held"

    def on_step(self, record):
        if self._condition(record):
            reason = self._reason.replace("<lambda>", "the condition of a StopWhen")
            raise StopRun(reason, as_limit=True)


class _File(Callback):
    """A file that is opened when the run begins, written line by line, and closed at its end."""

    def __init__(self, path: str | os.PathLike[str], every: int = 1):
        self._path, self._every = os.fspath(path), whole_number("every", every, 1, STEPS)
        folder = os.path.dirname(os.path.abspath(self._path))
        if not os.path.isdir(folder):
            raise ValueError(f"{self._path}: the folder does not exist")
        self._file: Any = None

    def on_start(self, info):
        self._file = open(self._path, "w", encoding="utf-8", newline="")  # noqa: SIM115  # until on_end

    def on_step(self, record):
        if record.step % self._every == 0:
            self._write(_facts(record))
            self._file.flush()  # a run may be killed

    def on_end(self, solution):
        if self._file is not None:
            self._file.close()

    def _write(self, facts: dict[str, Any]) -> None:
        raise NotImplementedError


class JSONLines(_File):
    """Writes a line of JSON for each step: its numbers by the names of `StepRecord`, and the unknowns.

    The first argument is the path of the file, which is written anew; with `every=5` every fifth step
    is written.

    Raises `ValueError` for a folder that does not exist.
    """

    def _write(self, facts):
        self._file.write(json.dumps(facts) + "\n")


class CSVLog(_File):
    """Writes a row of comma-separated values for each step, below a line of names.

    The first argument is the path of the file, which is written anew; with `every=5` every fifth step
    is written.

    Raises `ValueError` for a folder that does not exist.
    """

    _rows: Any = None

    def on_start(self, info):
        super().on_start(info)
        self._rows = None

    def _write(self, facts):
        if self._rows is None:
            self._rows = csv.DictWriter(self._file, list(facts))
            self._rows.writeheader()
        self._rows.writerow(facts)


class TensorBoard(Callback):
    """Writes curves for TensorBoard: loss, held-out residual, rank, each condition, each unknown.

    - `folder`: in which TensorBoard finds them.

    Raises `ImportError` where `tensorboardX` is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        try:
            library = importlib.import_module("tensorboardX")
        except ImportError as error:
            raise ImportError(
                "TensorBoard needs tensorboardX, which is not installed: pip install tensorboardX"
            ) from error
        self._made, self._folder = library.SummaryWriter, os.fspath(folder)
        self._writer: Any = None
        self._step = 0

    def on_start(self, info):
        self._writer = self._made(self._folder)

    def on_step(self, record):
        self._step = record.step
        for name, value in _facts(record).items():
            if name not in ("step", "accepted") and value is not None:
                self._writer.add_scalar(name, float(value), record.step)

    def on_estimate(self, estimate):
        for name, training, held in zip(
            estimate.names, estimate.training, estimate.held_out, strict=True
        ):
            self._writer.add_scalar(f"training/{name}", float(training), self._step)
            self._writer.add_scalar(f"held_out/{name}", float(held), self._step)

    def on_end(self, solution):
        if self._writer is not None:
            self._writer.close()


class Movie(Callback):
    """Makes a movie of the solution while it is found: `Movie("training.gif", every=10)`.

    - `path`: a `.gif`, or an `.mp4` where ffmpeg is installed.
    - `every`: so many steps there is a picture.
    - `options`: of `Solution.plot`: `field`, `show`, `at`, `along`.

    Raises `ValueError` for another suffix, and for an `.mp4` without ffmpeg.
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int = 10, *, frames_per_second=10.0, **options
    ):
        self._every = whole_number("every", every, 1, STEPS)
        speed = finite_number("frames_per_second =", frames_per_second)
        self._frames, self._options = Frames(path, speed), {"show": "solution", **options}

    def on_step(self, record):
        if record.step % self._every == 0 or record.step == 1:
            self._frames.add(record.solution().plot(**self._options), f"step {record.step}")

    def on_end(self, solution):
        self._frames.add(solution.plot(**self._options), "the end")
        self._frames.write()
