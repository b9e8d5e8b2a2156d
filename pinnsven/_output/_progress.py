"""A live line about a running solve."""

import contextlib
import math

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .._basics._memory import in_words
from ._callbacks import Callback


class Progress(Callback):
    """Shows step, loss, held-out residual, rank, damping and seconds left.

    On a terminal one table is redrawn in place; elsewhere one line is printed every `every` steps.
    Where nothing can be written any more, on a full disk or into a closed pipe, it falls silent.

    - `every`: steps between two lines where the output is no terminal.
    """

    def __init__(self, every: int = 20):
        self._console = Console(stderr=True, highlight=False)
        self._every = every
        self._live: Live | None = None
        self._info = None

    def on_start(self, info):
        self._info = info
        limit = f", {info.time_limit:g} s" if info.time_limit else ""
        self._print(f"{info.problem}: {info.params} parameters, tolerance {info.tolerance:.0e}{limit}")
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, transient=True)
            self._live.start()

    def on_compile(self, what):
        if self._live is not None:
            self._live.update(f"compiling the {what} function (once per number of points) ...")
        else:
            self._print(f"compiling the {what} function ...")

    def on_memory(self, predicted):
        self._print(f"memory: about {in_words(predicted)}")

    def on_step(self, record):
        if self._live is not None:
            self._live.update(self._table(record))
        elif record.step % self._every == 0:
            self._print(", ".join(f"{name} {value}" for name, value in self._cells(record).items()))

    def on_end(self, solution):
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError):
                self._live.stop()

    def _print(self, line: str) -> None:
        if not self._console.quiet:
            try:
                self._console.print(line)
            except (OSError, ValueError):  # full or closed
                self._console.quiet = True

    def _cells(self, record) -> dict[str, str]:
        return {
            "step": str(record.step),
            "rows": str(record.rows),
            "loss": f"{record.loss:.2e}",
            "held out": "-" if math.isnan(record.held_out) else f"{record.held_out:.2e}",
            "rank": str(record.rank),
            "damping": f"{record.damping:.0e}",
            "left": self._left(record),
        }

    def _left(self, record) -> str:
        limit = self._info.time_limit if self._info is not None else None
        return f"{max(limit - record.seconds, 0):.0f} s" if limit else f"({record.seconds:.0f} s in)"

    def _table(self, record) -> Table:
        table = Table(box=None, padding=(0, 2), header_style="dim")
        cells = self._cells(record)
        for name in cells:
            table.add_column(name, justify="right", min_width=7)
        table.add_row(*cells.values())
        return table
