"""What is drawn beside a curve: its band, a second answer, what is known of it."""

import dataclasses
from typing import Any

import numpy as np

from ._exactness import exact_at, has_exact
from ._panels import GRAY, line_style
from ._pictured import draw_band
from ._views import View

MARKS: dict[str, Any] = {"marker": "o", "ms": 4, "mfc": "none", "mec": GRAY, "ls": "none", "zorder": 0}


def draw_beside(axis, view: View, name: str) -> None:
    """What belongs to the only curve: its band, a second answer, what is known of it."""
    line: Any = list(axis.lines)[-1]
    draw_band(axis, view, name, line.get_xdata(), line.get_ydata())
    draw_second(axis, view, name)
    _draw_known(axis, view, name)


def draw_second(axis, view: View, name: str, number: int = 0) -> None:
    """The curve of a second answer, where there is one, in the color of the first."""
    second = view.solution.second_answer
    if second is None:
        return
    color = line_style(number)["color"]
    at, values = dataclasses.replace(view, solution=second).curve(name)
    axis.plot(at, values, lw=1.2, ls=(0, (1, 1)), color=color, label=f"{name}, a second answer")


def _draw_known(axis, view: View, name: str) -> None:
    """Marks on a curve what is known of it, in a few places."""
    solution = view.solution
    if has_exact(solution, name):
        (low,), (high,) = view.bounds
        at = np.linspace(low, high, 21)
        truth = exact_at(solution.problem, name, view.points(at[:, None]))
        axis.plot(at, truth, **MARKS, label="exact")
    elif solution.domain.dim == 1 and name in getattr(solution.known, "values", {}):
        known: Any = solution.known
        at = known.points[solution.domain.component_names()[0]]
        kept = np.argsort(at)[:: max(len(at) // 40, 1)]
        axis.plot(at[kept], known.values[name][kept], **MARKS, label="reference")
