"""What a solve shows while it runs: a live display where someone looks, lines where nobody does.

A line is `pinnsven` and pairs of name and value with an equals sign between them and no space in them,
so that `grep step=` and `cut` find them: see `Progress`.
"""

import contextlib
import math
import sys
import time
from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .._basics._memory import in_words
from .._basics._messages import listing
from ._callbacks import Callback
from ._course import Course, sparkline, trace_of
from ._notebook import notebook_screen

MODES = ("live", "lines")
REDRAWS = 2  # a second; each takes some 6 ms from the steps
WIDTH = 40  # of the bar


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None  # type: ignore[attr-defined]
    return type(shell).__name__ == "ZMQInteractiveShell"


def display_for(progress: object, callbacks: tuple[Callback, ...]) -> tuple[Callback, ...]:
    """The display of a solve as `progress=` asks for it, none where a callback is one already.

    - `progress`: None for one where someone looks, a terminal or a notebook; True also elsewhere, in
      lines; False for none; "live" or "lines".

    Raises `ValueError` for anything else.
    """
    if progress is not None and not isinstance(progress, bool) and progress not in MODES:
        raise ValueError(
            f"progress={progress!r}: give True, False, None, or one of {listing(map(repr, MODES))}"
        )
    if progress is False or displays(callbacks):
        return ()
    if progress is None and not (in_notebook() or Console(stderr=True).is_terminal):
        return ()
    return (Progress(mode=progress if isinstance(progress, str) else None),)


def displays(callbacks: Iterable[Callback]) -> "tuple[Progress, ...]":
    """Those callbacks that only show a run, and cannot end it."""
    return tuple(c for c in callbacks if isinstance(c, Progress))


@contextlib.contextmanager
def closed_on_failure(callbacks: Iterable[Callback]):
    """Ends the displays among callbacks where the block fails."""
    try:
        yield
    except BaseException:
        for display in displays(callbacks):
            display.close()
        raise


class Progress(Callback):
    """Shows a run while it goes on.

    In a terminal and in a notebook a display is redrawn in place: what is being compiled, with the
    seconds; a bar towards the tolerance, or the limit, with the seconds left as far as the slope of the
    held-out residual tells them; a table of conditions. At its end it leaves one line.

    Elsewhere a record is a line on stderr: `pinnsven step=20 seconds=3.1 loss=1.2e-05 held_out=3.0e-03
    rank=210 damping=1e-05 rows=2304`, with `left=` where there is a limit; `pinnsven begins=...`,
    `pinnsven compiling=...`, `pinnsven memory=...` and `pinnsven ends=<status>` besides. Where nothing
    can be written any more, on a full disk or into a closed pipe, it falls silent.

    - `every`: steps between two lines where the output is no terminal.
    - `mode`: "live" or "lines"; None for what suits the output.
    """

    def __init__(self, every: int = 20, *, mode: str | None = None):
        if mode is not None and mode not in MODES:
            raise ValueError(f"mode={mode!r}: give one of {listing(map(repr, MODES))}")
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._every = every
        self._mode = mode
        self._shown: _Screen | Any = None

    def on_start(self, info):
        mode = self._mode or ("live" if self._console.is_terminal or in_notebook() else "lines")
        if mode == "live":
            self._shown = notebook_screen(info) if in_notebook() else _Screen(self._console, info)
            self._quietly(self._shown.start)
        else:
            limit = f" limit={info.time_limit:g}" if info.time_limit else ""
            self._line(
                f"begins={_one_word(info.problem)} parameters={info.params} "
                f"tolerance={info.tolerance:.0e}{limit}"
            )
        self._info = info

    def on_stage(self, what):
        if self._shown is not None:
            self._quietly(lambda: self._shown.stage(what))

    def on_compile(self, what):
        if self._shown is not None:
            self._quietly(lambda: self._shown.stage(f"compiling the {what} function"))
        else:
            self._line(f"compiling={_one_word(what)}")

    def on_compiled(self, what, seconds):
        if self._shown is not None:
            self._quietly(lambda: self._shown.stage(""))

    def on_memory(self, predicted):
        if self._shown is None:
            self._line(f"memory={_one_word(in_words(predicted))}")

    def on_step(self, record):
        if self._shown is not None:
            self._quietly(lambda: self._shown.step(record))
        elif record.step % self._every == 0:
            self._line(" ".join(f"{name}={value}" for name, value in self._cells(record).items()))

    def on_estimate(self, estimate):
        if self._shown is not None:
            self._quietly(lambda: self._shown.estimate(estimate))

    def on_end(self, solution):
        if self._shown is not None:
            self._quietly(lambda: self._shown.end(solution))
        else:
            self._line(f"ends={solution.status} steps={solution.steps} seconds={solution.seconds:.1f}")

    def close(self) -> None:
        """Ends a display whose run has failed, so that the terminal is as it was."""
        if self._shown is not None:
            self._quietly(self._shown.stop)

    def _quietly(self, show) -> None:
        """Shows something as long as it can be shown: a full disk, a closed pipe end the display."""
        if not self._console.quiet:
            try:
                show()
            except Exception:  # whatever a terminal or a picture does, the run goes on
                self._console.quiet = True
                with contextlib.suppress(Exception):
                    self._shown.stop()

    def _line(self, text: str) -> None:
        if not self._console.quiet:
            try:
                self._console.print(f"pinnsven {text}", markup=False)
            except (OSError, ValueError):  # full or closed
                self._console.quiet = True

    def _cells(self, record) -> dict[str, str]:
        limit = self._info.time_limit
        cells = {
            "step": str(record.step),
            "seconds": f"{record.seconds:.1f}",
            "loss": f"{record.loss:.2e}",
            "held_out": "nan" if math.isnan(record.held_out) else f"{record.held_out:.2e}",
            "rank": str(record.rank),
            "damping": f"{record.damping:.0e}",
            "rows": str(record.rows),
        }
        return cells | ({"left": f"{max(limit - record.seconds, 0):.0f}"} if limit else {})


def _one_word(text: str) -> str:
    return text.replace(" ", "_")


class _Screen:
    """The display in a terminal."""

    def __init__(self, console: Console, info):
        self._console, self._course = console, Course(info)
        self._doing, self._since = "preparing", time.monotonic()
        self._live = Live(
            console=console,
            refresh_per_second=REDRAWS,
            transient=True,
            get_renderable=self._picture,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def stage(self, what: str) -> None:
        self._doing, self._since = what, time.monotonic()

    def step(self, record) -> None:
        self._course.record, self._doing = record, ""

    def estimate(self, estimate) -> None:
        self._course.add(estimate)

    def end(self, solution) -> None:
        self._live.stop()
        self._console.print(trace_of(solution), markup=False)

    def _picture(self):
        """What is redrawn a few times a second, by the display's own thread."""
        course = self._course
        head = f"{course.info.problem}: {course.info.params:,} parameters, tolerance "
        parts: list[Any] = [Text(f"{head}{course.info.tolerance:.0e}, {course.seconds:.0f} s", "bold")]
        if self._doing:
            seconds = time.monotonic() - self._since
            parts.append(Text(f"{self._doing} ... {seconds:.0f} s", "cyan"))
        if course.record is not None:
            record = course.record
            said = f"step {record.step}, loss {record.loss:.1e}, rank {record.rank}"
            parts.append(Text(f"{said}, damping {record.damping:.0e}, {record.rows:,} rows"))
        if course.latest is not None or course.info.time_limit:
            line = Table.grid(padding=(0, 2))
            bar = ProgressBar(total=1.0, completed=course.share(), width=WIDTH)
            line.add_row(bar, Text(course.left()))
            parts.append(line)
        if course.latest is not None:
            parts.append(_conditions(course))
        return Group(*parts)


def _conditions(course: Course) -> Table:
    """The table of conditions, with what each leaves and how that went."""
    estimate = course.latest
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("condition")
    for name in ("rows", "weight", "training", "held out"):
        table.add_column(name, justify="right", min_width=8)
    table.add_column("")
    blank = ("",) * len(estimate.names)
    rows = [f"{n:,}" for n in estimate.rows] or blank
    weights = [f"{w:.2g}" for w in estimate.weights] or blank
    columns = (estimate.names, rows, weights, estimate.training, estimate.held_out)
    for name, number, weight, training, held in zip(*columns, strict=True):
        trace = sparkline(course.traces.get(name, ()))
        table.add_row(name, number, weight, f"{training:.1e}", f"{held:.1e}", trace)
    return table
