"""Pictures of a solution: what is asked for is checked, laid out in panels, and drawn."""

import base64
import dataclasses
import functools
import io
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .._basics._messages import listing, nearest
from ._ask import asks_for_field, estimated_error, name_space
from ._beside import draw_beside, draw_second
from ._data import SolutionData
from ._exactness import exact_at, has_exact
from ._panels import (
    Panel,
    draw_curve,
    map_of,
    span,
)
from ._pictured import (
    convergence,
    data,
    flow,
    logarithmic_curve,
    logarithmic_map,
    phase,
    points,
    reference_map,
    residual,
    scatters,
    spectrum,
    unknowns,
)
from ._records import Reference
from ._views import View, choose_axes, filled, held_values, with_unit

ALIKE = 30.0  # times as large as another, up to which fields are drawn together


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a picture is asked to show, checked.

    - `solution`: of what.
    - `fields`: names, those of derivatives among them.
    - `views`: one, or one for each value that is held.
    - `given`: whether axes or held values were asked for, and not chosen.
    - `cmap`: a color map, None for one that suits.
    - `units`: by name.
    - `over`: what the course of a run is drawn over, see `COURSES`; empty for what suits.
    """

    solution: SolutionData
    fields: tuple[str, ...]
    views: tuple[View, ...]
    given: bool
    cmap: str | None
    units: Mapping[str, str]
    over: str = ""


def plot_solution(
    solution: SolutionData,
    path=None,
    *,
    field=None,
    show: str | None = None,
    at=None,
    along=None,
    ax=None,
    cmap: str | None = None,
    dpi: float = 150,
    units: Mapping[str, str] | None = None,
):
    """Draws a solution; see `Solution.plot`."""
    if path is not None:
        check_format(path, os.fspath(path))
    wish = _wish(solution, field, show, at, along, cmap, units or {})
    rows = _choice(show)(wish)
    figure = _into(ax, rows) if ax is not None else _figure(rows)
    if path is not None:
        figure.savefig(path, dpi=dpi)
    return figure


def check_format(path, label: str) -> None:
    """`ValueError` for a name whose suffix is no format of matplotlib's.

    - `label`: how the message begins.
    """
    from matplotlib.figure import Figure

    suffix = os.path.splitext(os.fspath(path))[1].removeprefix(".").lower()
    known = sorted(Figure().canvas.get_supported_filetypes())
    if suffix and suffix not in known:
        raise ValueError(f"{label}: there is no format {suffix!r}; choose one of {', '.join(known)}")


def _choice(show: str | None) -> Callable[[Wish], list[list[Panel]]]:
    if show is None:
        return _overview
    if show not in SHOWN:
        raise ValueError(
            f"show={show!r}: give one of {listing(SHOWN)}." + nearest(str(show), list(SHOWN))
        )
    return SHOWN[show]


def _wish(solution: SolutionData, field, show, at, along, cmap, units) -> Wish:
    """What was asked for; `ValueError` for whatever is wrong with it."""
    _choice(show)
    given = solution.layout.names(solution.fields) if field is None else field
    fields = solution.layout.real_names((given,) if isinstance(given, str) else tuple(given))
    for name in fields:
        if not asks_for_field(solution, name):
            raise ValueError(
                f"field={name!r}: there is no such field, nor derivative of one; fields are "
                f"{listing(solution.fields)}." + nearest(str(name), name_space(solution).examples())
            )
    if cmap is not None:
        from matplotlib import colormaps

        if cmap not in colormaps:
            raise ValueError(f"cmap={cmap!r}: matplotlib has no such map." + nearest(cmap, colormaps))
    if not isinstance(units, Mapping):
        raise ValueError(f"units={units!r}: give a dict such as {{'x': 'm', 'u': 'K'}}")
    over = ""
    if show in COURSES and along is not None:
        if along not in COURSES[show]:
            raise ValueError(f"along={along!r}: show={show!r} is drawn over {listing(COURSES[show])}")
        over, along = along, None
    axes = choose_axes(solution, along)
    held = held_values(solution, axes, at)
    views = tuple(View(solution, axes, one, units) for one in held)
    return Wish(solution, fields, views, along is not None or at is not None, cmap, units, over)


def _figure(rows: Sequence[Sequence[Panel]]):
    """A figure of all panels."""
    wide = max(len(row) for row in rows)
    widths = [max(row[i].width for row in rows if i < len(row)) for i in range(wide)]
    heights = [max(panel.height for panel in row) for row in rows]
    figure = picture_class()(figsize=(sum(widths), sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(rows), wide, width_ratios=widths, height_ratios=heights)
    for i, row in enumerate(rows):
        for j, panel in enumerate(row):
            options = {"projection": "3d"} if panel.solid else {}
            panel.draw(figure.add_subplot(grid[i, j], **options))
    return figure


@functools.cache
def picture_class():
    """The class of pictures: a figure that every notebook shows, with no backend chosen."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        """A figure of matplotlib."""

        def _repr_png_(self) -> bytes:
            return as_png(self, 110)

    return Picture


def as_png(figure, dpi: float) -> bytes:
    """A figure as the content of a file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def as_address(figure, dpi: float) -> str:
    """A figure as an address that has it in itself, for a page of HTML."""
    return "data:image/png;base64," + base64.b64encode(as_png(figure, dpi)).decode("ascii")


def _into(ax, rows: Sequence[Sequence[Panel]]) -> Any:
    """Draws the only panel into axes of the user's; returns their figure."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes) or ax.figure is None:
        raise ValueError(f"ax={ax!r}: give axes of a matplotlib figure, as plt.subplots() makes them")
    panels = [panel for row in rows for panel in row]
    if len(panels) > 1:
        raise ValueError(
            f"ax=: this picture has {len(panels)} parts, and axes hold one; ask for one, as in "
            "field='u', show='solution'"
        )
    if panels[0].solid != hasattr(ax, "get_zlim"):
        raise ValueError(
            "ax=: this picture is drawn in the plane"
            if not panels[0].solid
            else "ax=: points in space need axes with projection='3d'"
        )
    panels[0].draw(ax)
    return ax.get_figure()


# The solution, and how far it is off


def _overview(wish: Wish) -> list[list[Panel]]:
    """What suits the domain: curves, maps beside what is known, snapshots, slices."""
    domain = wish.solution.domain
    if len(wish.views[0].axes) == 1 or wish.given:
        if domain.space is None and len(wish.fields) > 1 and not wish.given:
            return [[_together(wish), *phase(wish)[0]]] if _are_alike(wish) else _curves(wish)
        return _solution(wish)
    if domain.dim == 2:
        return [_beside(wish, wish.views[0], name) for name in wish.fields]
    if domain.time is not None and domain.space_dim == 2:
        last = domain.dim - 1
        times = np.linspace(domain.lower[last], domain.upper[last], 3)
        return _solution(_with_views(wish, [{last: float(t)} for t in times]))
    if domain.dim == 3 and domain.time is None:
        planes = ((0, 1), (0, 2), (1, 2))
        views = [
            View(wish.solution, axes, held_values(wish.solution, axes, None)[0], wish.units)
            for axes in planes
        ]
        return _solution(dataclasses.replace(wish, views=tuple(views)))
    return _solution(wish)


def _with_views(wish: Wish, held: list[dict[int, float]]) -> Wish:
    view = wish.views[0]
    return dataclasses.replace(wish, views=tuple(dataclasses.replace(view, held=h) for h in held))


def _solution(wish: Wish) -> list[list[Panel]]:
    """The fields themselves."""
    if len(wish.views[0].axes) == 1:
        return _curves(wish)
    return [_maps(wish, name) for name in wish.fields]


def _maps(wish: Wish, name: str) -> list[Panel]:
    """A map for each view, all in one range of colors."""
    made = []
    for view in wish.views:
        triangles = view.triangles()
        made.append((view, triangles, view.values(name, triangles.points)))
    limits = span(np.concatenate([values for _, _, values in made]))

    def title(view: View) -> str:
        caption = view.caption()
        return filled(with_unit(name, wish.units) + (f",  {caption}" if caption else ""))

    return [
        map_of(view, triangles, values, title(view), limits=limits, cmap=wish.cmap, contours=True)
        for view, triangles, values in made
    ]


def _curves(wish: Wish) -> list[list[Panel]]:
    """The curves of one field for all views in one panel, with what is known and the band of spread."""

    def panel(name: str) -> Panel:
        def draw(axis) -> None:
            first, *others = wish.views
            for number, view in enumerate(wish.views):
                draw_curve(axis, view, name, number, view.caption() if others else name)
            if not others:
                draw_beside(axis, first, name)
                axis.set_title(first.caption(), fontsize=10)
            if len(axis.lines) + len(axis.collections) > 1:
                axis.legend(frameon=False)

        return Panel(draw)

    return [[panel(name)] for name in wish.fields]


def _are_alike(wish: Wish) -> bool:
    """Whether fields are of one size, so that one picture holds them all."""
    view = wish.views[0]
    sizes = [np.nanmax(np.abs(view.curve(name)[1])) for name in wish.fields]
    return max(sizes) <= ALIKE * max(min(sizes), 1e-300)


def _together(wish: Wish) -> Panel:
    """All fields of a system over time in one panel."""

    def draw(axis) -> None:
        view = wish.views[0]
        for number, name in enumerate(wish.fields):
            draw_curve(axis, view, name, number)
            draw_second(axis, view, name, number)
        axis.set_ylabel(", ".join(with_unit(name, wish.units) for name in wish.fields))
        axis.legend(frameon=False)

    return Panel(draw)


def _beside(wish: Wish, view: View, name: str) -> list[Panel]:
    """A map, beside it what is known, the difference, and the spread that readings leave."""
    solution = wish.solution
    (panel,) = _maps(dataclasses.replace(wish, views=(view,)), name)
    panels = [panel]
    if solution.second_answer is not None:
        other = dataclasses.replace(view, solution=solution.second_answer)
        triangles = other.triangles()
        values = other.values(name, triangles.points)
        title = f"{name}, a second answer"
        panels.append(map_of(other, triangles, values, title, cmap=wish.cmap, contours=True))
    if name not in solution.fields and not has_exact(solution, name):
        return panels
    if has_exact(solution, name):
        triangles = view.triangles()
        truth = exact_at(solution.problem, name, view.points(triangles.points))
        off = view.values(name, triangles.points) - truth
        panels += [
            map_of(view, triangles, truth, f"{name}, exact", cmap=wish.cmap, contours=True),
            map_of(view, triangles, off, f"{name}, solution minus exact", cmap=wish.cmap),
        ]
    elif isinstance(solution.known, Reference) and name in solution.known.values:
        panels += reference_map(view, name, wish.cmap)
    if name in solution.fields and scatters(solution):
        triangles = view.triangles()
        spread = solution.spread(view.points(triangles.points))[:, solution.fields.index(name)]  # type: ignore
        panels.append(map_of(view, triangles, spread, f"{name}, standard error", cmap=wish.cmap))
    return panels


def _error(wish: Wish) -> list[list[Panel]]:
    """How far the fields are off: from the exact solution where it is known, else as estimated."""
    solution = wish.solution
    known = {name: has_exact(solution, name) for name in wish.fields}
    for name in wish.fields:
        if name not in solution.fields and solution.layout.composite(name) is None:
            raise ValueError(f"show='error': {name!r} is no field; errors are known of fields alone")
        if not known[name] and solution.corrected is None:
            raise ValueError(
                "show='error': neither an exact solution nor an estimate of the error is at hand. A "
                "solve with estimate_error=True that came to a verdict has one; a file keeps none"
            )

    def off(view: View, name: str, drawn):
        places = view.points(drawn)
        if known[name]:
            return np.abs(view.values(name, drawn) - exact_at(solution.problem, name, places))
        named = estimated_error(solution, solution.domain.split(places), "extrapolate")
        return named[name] if isinstance(named, dict) else named

    def panel(view: View, name: str) -> Panel:
        kind = "|solution minus exact|" if known[name] else "estimated error"
        title = view.titled(f"{name}, {kind}")
        if len(view.axes) == 1:
            return logarithmic_curve(view, lambda drawn: off(view, name, drawn), title)
        triangles = view.triangles()
        return logarithmic_map(view, triangles, off(view, name, triangles.points), title, wish.cmap)

    return [[panel(view, name) for view in wish.views] for name in wish.fields]


# What a run's course can be drawn over: keys of its history.
COURSES = {"convergence": ("seconds", "step"), "unknowns": ("step", "seconds")}
SHOWN: dict[str, Callable[[Wish], list[list[Panel]]]] = {
    "solution": _solution,
    "error": _error,
    "residual": residual,
    "points": points,
    "data": data,
    "flow": flow,
    "phase": phase,
    "convergence": convergence,
    "spectrum": spectrum,
    "unknowns": unknowns,
}
