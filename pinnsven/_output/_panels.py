"""The parts of a picture: color maps, curves, points, each drawn into one pair of axes.

Lines differ in style as well as in color, and maps that have a sign carry contours, dashed where they
are negative: both are read in gray. The colors are those of Okabe and Ito (2008).
"""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ._region import Triangles
from ._views import View, with_unit

BLUE, RED, GREEN, GRAY, BLACK = "#0072b2", "#d55e00", "#009e73", "#8a8a8a", "#222222"
COLORS = (BLUE, RED, GREEN, "#cc79a7", "#e69f00", "#56b4e9")
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
SIGNED, PLAIN = "RdBu_r", "viridis"
FAINT = 0.02  # of the larger side, up to which values on the other side of zero are no sign
CONTOURS = 9
FLAT = 1e-6  # of the colors' range: what varies less has no contours, which would be those of rounding
MAP_WIDTH, CURVE_WIDTH, HEIGHT = 3.6, 5.6, 3.4  # inches
FLATTEST, TALLEST = 1.5, 6.0


@dataclasses.dataclass(frozen=True)
class Panel:
    """One pair of axes and what is drawn into it.

    - `draw`: draws into axes of matplotlib.
    - `width`, `height`: inches.
    - `solid`: whether the axes are those of three dimensions.
    """

    draw: Callable[[Any], None]
    width: float = CURVE_WIDTH
    height: float = HEIGHT
    solid: bool = False


def map_panel(view: View, draw: Callable[[Any], None]) -> Panel:
    """A panel of the proportions of what it shows."""
    if not view.is_space:
        return Panel(draw, MAP_WIDTH + 0.6)
    width, height = np.subtract(*view.bounds[::-1])
    return Panel(draw, MAP_WIDTH + 0.6, min(max(MAP_WIDTH * height / width, FLATTEST), TALLEST) + 0.5)


def span(values: np.ndarray) -> tuple[float, float]:
    """The range of a color map: even around zero where values of both signs count."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return (-1.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if is_signed(low, high):
        return (-max(-low, high), max(-low, high))
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def is_signed(low: float, high: float) -> bool:
    """Whether values on both sides of zero count."""
    return low < 0 < high and min(-low, high) > FAINT * max(-low, high)


def draw_map(
    axis,
    view: View,
    triangles: Triangles,
    values: np.ndarray,
    title: str,
    limits: tuple[float, float] | None = None,
    cmap: str | None = None,
    logarithmic: bool = False,
    contours: bool = False,
) -> None:
    """Draws values at the corners of triangles as a map with its color bar.

    - `limits`: of the colors; None for those of the values.
    - `contours`: whether lines of equal value are drawn over it.
    """
    from matplotlib.colors import LogNorm, Normalize

    low, high = span(values) if limits is None else limits
    signed = not logarithmic and math.isclose(-low, high)
    norm: Any = LogNorm(low, high) if logarithmic else Normalize(low, high)
    if not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values, low)
    given = (triangles.points[:, 0], triangles.points[:, 1], triangles.corners)
    image = axis.tripcolor(
        *given,
        np.clip(values, low, high),
        cmap=cmap or (SIGNED if signed else PLAIN),
        norm=norm,
        shading="gouraud",
        rasterized=True,
    )
    if contours and np.ptp(values) > FLAT * (high - low):
        levels = np.linspace(low, high, CONTOURS + 2)[1:-1]
        axis.tricontour(*given, values, levels=levels, colors=BLACK, linewidths=0.4, alpha=0.5)
    draw_outline(axis, triangles)
    dress(axis, view, title)
    # Beside the axes' own box: where proportions are kept it is smaller than its share of the figure.
    axis.figure.colorbar(image, cax=axis.inset_axes((1.04, 0.0, 0.05, 1.0)), extend="neither")


def map_of(view: View, triangles: Triangles, values: np.ndarray, title: str, **options) -> Panel:
    """A panel of one map.

    - `options`: of `draw_map`.
    """
    return map_panel(view, lambda axis: draw_map(axis, view, triangles, values, title, **options))


def draw_outline(axis, triangles: Triangles) -> None:
    """The edge of the region, and no frame around it."""
    from matplotlib.collections import LineCollection

    ends = triangles.points[triangles.edges]
    axis.add_collection(LineCollection(list(ends), colors=BLACK, linewidths=0.8))
    for side in axis.spines.values():
        side.set_visible(False)


def dress(axis, view: View, title: str) -> None:
    """Labels, proportions and a title."""
    axis.set(xlabel=view.label(view.axes[0]), ylabel=view.label(view.axes[1]))
    axis.set_title(title, fontsize=10)
    axis.margins(0.01)
    if view.is_space:
        axis.set_aspect("equal")


def line_style(number: int) -> dict[str, Any]:
    """Color and style of a line, by its number in the picture."""
    return {"color": COLORS[number % len(COLORS)], "linestyle": STYLES[number % len(STYLES)]}


def draw_curve(axis, view: View, name: str, number: int = 0, label: str = "") -> None:
    """One curve over the view's only axis, smooth to the eye."""
    at, values = view.curve(name)
    axis.plot(at, values, lw=1.4, label=label or name, **line_style(number))
    axis.set(xlabel=view.label(view.axes[0]), ylabel=with_unit(name, view.units))
