"""Pictures beside the solution's own: residuals, points, readings, flows, and how a run went."""

from typing import Any

import numpy as np

from .._basics._messages import listing
from .._conditions import MEASURED, FixedPoints
from ._ask import residual_values
from ._data import SolutionData
from ._panels import (
    BLACK,
    BLUE,
    COLORS,
    CURVE_WIDTH,
    GRAY,
    MARKERS,
    RED,
    Panel,
    draw_map,
    draw_outline,
    dress,
    line_style,
    map_of,
    map_panel,
    span,
)
from ._records import OF_UNKNOWN
from ._region import Triangles
from ._views import View, values_at, with_unit

NINETY_FIVE = 1.96  # standard errors on both sides hold 95 %
SEEN, SEEN_AT = 1e-3, 256  # of a field's variation, from where a picture shows a spread; points
DECADES = 6  # of a residual that colors tell apart
MOST_DRAWN = 3000  # points of a condition
SPEED = 41  # arrows' grid along each side


def scatters(solution: SolutionData) -> bool:
    """Whether readings scatter so much that a picture can show it."""
    if solution.spread is None:
        return False
    lower, upper = solution.domain.lower, solution.domain.upper
    points = lower + np.random.default_rng(0).random((SEEN_AT, len(lower))) * (upper - lower)
    spread, values = solution.spread(points), solution.evaluator(points)  # type: ignore[operator]
    return bool(np.any(np.std(values, axis=0) * SEEN < np.mean(spread, axis=0)))


def draw_band(axis, view: View, name: str, at: np.ndarray, values: np.ndarray) -> None:
    """The band that holds a field in 95 of 100 sets of readings, where they scatter.

    - `at`, `values`: of the curve around which it lies.
    """
    solution = view.solution
    if name in solution.fields and scatters(solution):
        field = solution.fields.index(name)
        reach = NINETY_FIVE * solution.spread(view.points(at[:, None]))[:, field]  # type: ignore[operator]
        axis.fill_between(at, values - reach, values + reach, color=BLUE, alpha=0.2, lw=0, label="95 %")


def reference_map(view: View, name: str, cmap) -> list[Panel]:
    """Known values in the plane, and what the solution differs from them, between known points."""
    from matplotlib.tri import Triangulation

    solution, known = view.solution, view.solution.known
    columns = [known.points[c.name] for c in solution.domain.coordinates]  # type: ignore[union-attr]
    places = np.stack(columns, axis=1)
    lower, upper = solution.domain.lower, solution.domain.upper
    # On one scale, or the triangles of a long thin domain are slivers; none may bridge a notch.
    scaled = ((places - lower) / (upper - lower))[:, list(view.axes)]
    corners = Triangulation(scaled[:, 0], scaled[:, 1]).triangles
    kept = solution.domain.contains(places[corners].mean(axis=1))
    triangles = Triangles(places[:, list(view.axes)], corners[kept], np.zeros((0, 2), int))
    truth = np.asarray(known.values[name], float)  # type: ignore[union-attr]
    off = values_at(solution, name, places) - truth

    return [
        map_of(view, triangles, truth, f"{name}, reference", cmap=cmap, contours=True),
        map_of(view, triangles, off, f"{name}, solution minus reference", cmap=cmap),
    ]


def residual(wish) -> list[list[Panel]]:
    """The size of what the equations leave, on a logarithmic scale; one row for each equation."""
    solution = wish.solution
    blocks = [b for b in getattr(solution.problem, "blocks", ()) if b.interior]
    if not blocks:
        raise ValueError(
            "show='residual': the solution has no equations at hand; load a file with its problem: "
            "pv.load(path, problem=problem)"
        )
    rows = []
    for block in blocks:
        for k in range(block.components):
            label = block.name if block.components == 1 else f"{block.name} {k + 1}"

            def size(view: View, drawn, block=block, k=k):
                given = solution.domain.split(view.points(drawn))
                found = residual_values(solution, block.name, given, "extrapolate")
                return np.abs(found if block.components == 1 else found[:, k])

            rows.append([_residual_panel(view, label, size, wish.cmap) for view in wish.views])
    return rows


def _residual_panel(view: View, label: str, size, cmap) -> Panel:
    title = view.titled(f"|residual| of {label}")
    if len(view.axes) == 1:
        return logarithmic_curve(view, lambda drawn: size(view, drawn), title)
    triangles = view.triangles()
    return logarithmic_map(view, triangles, size(view, triangles.points), title, cmap)


def logarithmic_curve(view: View, size, title: str) -> Panel:
    """The size of what is small nearly everywhere, over one coordinate."""

    def draw(axis) -> None:
        (low,), (high,) = view.bounds
        at = np.linspace(low, high, 1025)
        values = size(at[:, None])
        lowest = max(10.0**-DECADES * float(np.nanmax(values)), 1e-300)
        axis.semilogy(at, np.maximum(values, lowest), color=BLUE, lw=1)
        axis.set(xlabel=view.label(view.axes[0]), ylabel=title)

    return Panel(draw)


def logarithmic_map(view: View, triangles: Triangles, values: np.ndarray, title: str, cmap) -> Panel:
    """The size of what is small nearly everywhere."""
    top = max(float(np.nanmax(values)), 1e-300)
    low = max(float(np.nanquantile(values, 0.02)), top * 10.0**-DECADES, 1e-300)
    limits = (min(low, top / 10), top)
    return map_of(view, triangles, values, title, limits=limits, cmap=cmap, logarithmic=True)


def points(wish) -> list[list[Panel]]:
    """The domain and where each condition was fitted last."""
    solution = wish.solution
    dim = solution.domain.dim
    if dim > 3:
        raise ValueError(
            f"show='points': {dim} coordinates have no picture; solution.points has the points "
            "as arrays"
        )
    if not solution.points:
        raise ValueError(
            "show='points': the points are not at hand; a file keeps none. Draw them after the solve"
        )

    def places(named) -> np.ndarray:
        columns = [np.asarray(named[c.name]) for c in solution.domain.coordinates]
        stacked = np.concatenate([c.reshape(len(c), -1) for c in columns], axis=1)
        # Every fourth of a Sobol sequence would lie in one quarter of the domain.
        chosen = np.random.default_rng(0).permutation(len(stacked))[:MOST_DRAWN]
        return stacked[np.sort(chosen)]

    def draw(axis) -> None:
        """A marker for each point, and the domain's edge where it is a plane."""
        view = wish.views[0]
        for number, (name, named) in enumerate(solution.points.items()):  # type: ignore[union-attr]
            at = places(named)
            marker, color = MARKERS[number % len(MARKERS)], COLORS[number % len(COLORS)]
            style: dict[str, Any] = {"marker": marker, "color": color, "label": name, "lw": 0}
            size = 3.5 if len(at) < 300 else 2
            if dim == 1:
                axis.plot(at[:, 0], np.full(len(at), -number), ls="none", ms=size, **style)
            elif dim == 2:
                order = list(view.axes)
                axis.plot(*at[:, order].T, ls="none", ms=size, clip_on=False, **style)
            else:
                axis.scatter(*at.T, s=6, marker=marker, color=color, label=name, lw=0)
        if dim == 2:
            draw_outline(axis, view.triangles())
            dress(axis, view, "points of each condition")
        elif dim == 3:
            labels = [view.label(a) for a in range(3)]
            axis.set(xlabel=labels[0], ylabel=labels[1], zlabel=labels[2])
            axis.set_box_aspect(solution.domain.upper - solution.domain.lower)
        else:
            axis.set(xlabel=view.label(0), yticks=[])
        axis.legend(frameon=False, markerscale=2, loc="upper left", bbox_to_anchor=(1.01, 1.0))

    if dim == 2:
        panel = map_panel(wish.views[0], draw)
        return [[Panel(draw, panel.width + 1.2, panel.height)]]
    return [[Panel(draw, CURVE_WIDTH + 1.2, 5.0 if dim == 3 else 2.4, solid=dim == 3)]]


def data(wish) -> list[list[Panel]]:
    """Readings beside the solution at their points."""
    solution = wish.solution
    blocks = [b for b in getattr(solution.problem, "blocks", ()) if b.is_measured]
    if not blocks:
        raise ValueError(
            "show='data': there are no readings at hand (pv.Data); a solution from a file has "
            "them when it is loaded with its problem"
        )
    panels = []
    for block in blocks:
        for key, measured in block.site.auxiliary.items():
            name = key.removeprefix(MEASURED)
            panels.append(_readings(wish, block, name, np.asarray(measured)))
    return [[panel] for panel in panels]


def _readings(wish, block, name: str, measured: np.ndarray) -> Panel:
    """Readings over the only coordinate with the solution's curve, or against its values."""
    solution, site = wish.solution, block.site
    assert isinstance(site, FixedPoints)
    bars = {"yerr": block.noise} if block.noise else {}
    title = f"{block.name}: {name}" + (", bars of one noise" if block.noise else "")

    def over_time(axis) -> None:
        """The curve with its band, and the readings with their noise."""
        view = wish.views[0]
        at, values = view.curve(name)
        axis.plot(at, values, color=BLUE, lw=1.4, label="solution")
        draw_band(axis, view, name, at, values)
        axis.errorbar(
            site.points[:, 0],
            measured,
            fmt="o",
            ms=4,
            color=RED,
            mfc="none",
            lw=0.8,
            label="readings",
            **bars,
        )
        axis.set(xlabel=view.label(0), ylabel=with_unit(name, wish.units), title=title)
        axis.legend(frameon=False)

    def against(axis) -> None:
        found = values_at(solution, name, site.points)
        ends = [min(found.min(), measured.min()), max(found.max(), measured.max())]
        axis.plot(ends, ends, color=GRAY, lw=1, ls="--", label="equal")
        axis.errorbar(
            found, measured, fmt="o", ms=3, color=BLUE, mfc="none", lw=0.6, label="readings", **bars
        )
        axis.set(xlabel=f"{with_unit(name, wish.units)}, solution", ylabel="measured", title=title)
        axis.legend(frameon=False)

    return Panel(over_time) if solution.domain.dim == 1 else Panel(against, 4.2, 4.0)


def flow(wish) -> list[list[Panel]]:
    """The first two fields as a vector field in the plane: its size in color, its lines."""
    solution = wish.solution
    view = wish.views[0]
    if len(wish.fields) < 2 or len(view.axes) != 2 or not view.is_space:
        raise ValueError(
            "show='flow': give two fields in a plane of space, as in field=('u', 'v'); fields are "
            f"{listing(solution.fields)}"
        )
    first, second = wish.fields[:2]

    def panel(view: View) -> Panel:
        """The size of the vectors in color, and lines along them."""
        triangles = view.triangles()
        speed = np.hypot(*(view.values(name, triangles.points) for name in (first, second)))
        lines = [np.linspace(*ends, SPEED) for ends in zip(*view.bounds, strict=True)]
        places = np.stack([m.ravel() for m in np.meshgrid(*lines)], axis=1)
        inside = view.inside(places)
        parts = [
            np.where(inside, view.values(name, places), np.nan).reshape(SPEED, SPEED)
            for name in (first, second)
        ]
        title = view.titled(f"size of ({first}, {second})")

        def draw(axis) -> None:
            low, high = span(speed)
            draw_map(axis, view, triangles, speed, title, (max(low, 0.0), high), wish.cmap)
            axis.streamplot(*lines, *parts, color="white", linewidth=0.7, arrowsize=0.7, density=1.2)

        return map_panel(view, draw)

    return [[panel(view) for view in wish.views]]


def phase(wish) -> list[list[Panel]]:
    """The first two fields of a system over time against each other."""
    solution = wish.solution
    if solution.domain.dim != 1 or len(wish.fields) < 2:
        raise ValueError("show='phase': give two fields over one coordinate, as in field=('u', 'v')")
    first, second = wish.fields[:2]

    def draw(axis) -> None:
        view = wish.views[0]
        (low,), (high,) = view.bounds
        at = np.linspace(low, high, 2049)[:, None]
        x, y = (view.values(name, at) for name in (first, second))
        axis.plot(x, y, color=BLUE, lw=1.2)
        axis.plot(x[:1], y[:1], marker="o", color=BLACK, ls="none", label=f"{view.label(0)} = {low:g}")
        axis.plot(x[-1:], y[-1:], marker="s", color=RED, ls="none", label=f"{view.label(0)} = {high:g}")
        axis.set(xlabel=with_unit(first, wish.units), ylabel=with_unit(second, wish.units))
        axis.legend(frameon=False)

    return [[Panel(draw, 4.4)]]


# How the run went


def convergence(wish) -> list[list[Panel]]:
    """Training and held-out residual over seconds or steps, with the tolerance."""
    history, tolerance = wish.solution.history, wish.solution.tolerance
    return [[Panel(lambda axis: draw_convergence(axis, history, tolerance, wish.over or "seconds"))]]


def draw_convergence(axis, history, tolerance: float | None, over: str = "seconds") -> None:
    """Residuals over the seconds of a run, or over its steps.

    - `over`: "seconds" or "step".
    """
    if not len(history["step"]):
        axis.text(0.5, 0.5, "no step was taken", ha="center", transform=axis.transAxes)
        return
    if len(history["step"]) == 1:
        left = float(history["held_out"][0])
        said = "one step" + (f",\nheld-out residual {left:.1e}" if np.isfinite(left) else "")
        said += f", tolerance {tolerance:.0e}" if tolerance else ""
        axis.text(0.5, 0.5, said, ha="center", va="center", transform=axis.transAxes)
        axis.axis("off")
        return
    at = history[over]
    first = max(float(history["loss"][0]), 1e-300)
    axis.semilogy(
        at,
        np.sqrt(history["loss"] / first),
        lw=1.3,
        label="training, relative to the first step",
        **line_style(0),
    )
    known = np.isfinite(history["held_out"])
    axis.semilogy(
        at[known],
        history["held_out"][known],
        lw=1.3,
        label="held out, relative to its size",
        **line_style(1),
    )
    if tolerance:
        axis.axhline(tolerance, color=GRAY, lw=1, ls=":", label=f"tolerance {tolerance:.0e}")
    axis.set(xlabel="seconds of stepping" if over == "seconds" else over, ylabel="residual")
    axis.legend(frameon=False, fontsize=8)


def spectrum(wish) -> list[list[Panel]]:
    """The singular values of the last Jacobian and how many the last step used."""
    solution = wish.solution
    if not len(solution.spectrum):
        raise ValueError("show='spectrum': no step left its singular values")
    return [[Panel(lambda axis: draw_spectrum(axis, solution))]]


def draw_spectrum(axis, solution: SolutionData) -> None:
    """Singular values beside the largest, at the end and earlier, each with the rank that was used."""
    earlier = [step for step in solution.spectra if step < solution.steps]
    for number, step in enumerate(earlier):
        gray = str(0.85 - 0.5 * number / len(earlier))
        sizes = solution.spectra[step] / solution.spectra[step][0]
        axis.semilogy(np.arange(1, len(sizes) + 1), sizes, color=gray, lw=1, label=f"step {step}")
        kept = min(int(solution.history["rank"][step - 1]), len(sizes))
        axis.plot(kept, sizes[kept - 1], "o", color=gray, ms=4)
    sizes = solution.spectrum / solution.spectrum[0]
    last = f"step {solution.steps}" if earlier else "singular values"
    axis.semilogy(np.arange(1, len(sizes) + 1), sizes, color=BLUE, lw=1.3, label=last)
    axis.axvline(solution.rank, color=RED, lw=1, ls="--", label=f"rank used, {solution.rank}")
    axis.set(xlabel="index", ylabel="singular value / largest")
    axis.legend(frameon=False, fontsize=8)


def unknowns(wish) -> list[list[Panel]]:
    """Each unknown over steps or seconds, with its value and standard error at the end."""
    solution = wish.solution
    names = [n for n in solution.unknowns if OF_UNKNOWN + n in solution.history]
    if not names:
        raise ValueError("show='unknowns': there is no unknown whose course was kept")

    def panel(name: str) -> Panel:
        """The course of one unknown."""

        def draw(axis) -> None:
            found, course = solution.unknowns[name], solution.history[OF_UNKNOWN + name]
            over = wish.over or "step"
            axis.plot(solution.history[over], course, color=BLUE, lw=1.3, label=name)
            axis.axhline(float(found), color=RED, lw=1, ls="--", label=f"{float(found):.6g}")
            if np.isfinite(found.standard_error):
                reach = NINETY_FIVE * found.standard_error
                axis.axhspan(found - reach, found + reach, color=RED, alpha=0.15, lw=0, label="95 %")
            axis.set(xlabel=over, ylabel=with_unit(name, wish.units))
            axis.legend(frameon=False, fontsize=8)

        return Panel(draw)

    return [[panel(name)] for name in names]
