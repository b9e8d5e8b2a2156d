"""The display of a run in a notebook."""

import html
import time

from ._course import Course, trace_of
from ._pictured import draw_convergence
from ._plot import as_address, picture_class, plot_solution

BUSY = 60.0  # times its own cost, at least, between two pictures: below 2 %
PICTURES, PAGES = 3.0, 0.5  # seconds, at least, between two pictures, two pages


def notebook_screen(info):
    """A display in the output of the cell that runs now."""
    from IPython.display import display

    return NotebookScreen(info, display(_Page(""), display_id=True))


class _Page:
    """A page for a notebook's output."""

    def __init__(self, html: str):
        self._html = html

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return ""


class NotebookScreen:
    """The display in a notebook: one output with the residuals, and the solution every few seconds.

    - `info`: a `RunInfo`.
    - `handle`: of the output, whose `update` shows something else.
    """

    def __init__(self, info, handle):
        self._course, self._handle = Course(info), handle
        self._doing, self._picture = "preparing", ""
        self._next_page = self._next_picture = 0.0

    def start(self) -> None:
        self._show(force=True)

    def stop(self) -> None:
        self._show(force=True)

    def stage(self, what: str) -> None:
        self._doing = what
        self._show(force=True)

    def step(self, record) -> None:
        self._course.record, self._doing = record, ""
        if self._course.seconds >= self._next_picture and self._course.seen:
            began = time.monotonic()
            self._picture = _picture_of(record.solution())
            cost = time.monotonic() - began
            self._next_picture = self._course.seconds + max(PICTURES, BUSY * cost)
        self._show()

    def estimate(self, estimate) -> None:
        self._course.add(estimate)

    def end(self, solution) -> None:
        self._handle.update(_Page(f"<p>{html.escape(trace_of(solution))}</p>"))

    def _show(self, force: bool = False) -> None:
        """Updates the output, unless that was done just before; `force` does it all the same."""
        course = self._course
        if not force and course.seconds < self._next_page:
            return
        self._next_page = course.seconds + PAGES
        parts = [f"<b>{html.escape(course.info.problem)}</b>, {course.seconds:.0f} s"]
        if self._doing:
            parts.append(html.escape(f"{self._doing} ..."))
        if course.record is not None:
            parts.append(f"step {course.record.step}, rank {course.record.rank}")
        if course.latest is not None:
            parts.append(f"held-out residual {course.latest.relative:.1e}")
        parts.append(course.left())
        share = f"<progress value='{course.share():.3f}' max='1' style='width: 20em'></progress>"
        self._handle.update(_Page(f"<p>{'; '.join(parts)}</p>{share}{self._picture}"))


def _picture_of(solution) -> str:
    """The residuals and the first field of a solution so far, as an image of HTML."""
    figure = picture_class()(figsize=(9.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_convergence(left, solution.history, solution.tolerance)
    plot_solution(solution, field=solution.fields[0], show="solution", ax=right)
    return f"<img alt='residuals and solution so far' src='{as_address(figure, 80)}'>"
