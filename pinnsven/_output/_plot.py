"""Pictures of a solution: a curve in one dimension, color maps in two, the rest by slices."""

import math

import numpy as np

from ._data import SolutionData
from ._records import Reference

RESOLUTION = 161
SEEN, SEEN_AT = 1e-3, 256  # of a field's variation, from where a picture shows a spread; points
NINETY_FIVE = 1.96  # standard errors on both sides hold 95 %
BLUE, RED, GRAY = "#1f4e79", "#b5402a", "#8a8a8a"


def plot_solution(solution: SolutionData, path=None):
    """Draws the fields; writes to `path` when given, returns the matplotlib figure either way.

    One coordinate gives curves; two give color maps; of more, the first two are drawn with the
    others held at the middle of the domain.
    """
    from matplotlib.figure import Figure

    axes_used = _drawn_axes(solution)
    columns = _columns(solution)
    rows = len(solution.fields)
    wide = 1 if len(axes_used) == 1 else len(columns)
    figure = Figure(figsize=(6.4 if wide == 1 else 4.4 * wide, 3.6 * rows), layout="constrained")
    grid = figure.subplots(rows, wide, squeeze=False)
    for row, field in zip(grid, solution.fields, strict=True):
        draw = _draw_curve if len(axes_used) == 1 else _draw_maps
        draw(solution, field, row, axes_used, columns)
    figure.suptitle(_title(solution), fontsize=10)
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def _title(solution: SolutionData) -> str:
    parts = [f"{solution.name}: {solution.status}"]
    if solution.error is not None:
        parts.append(f"relative L2 error {float(solution.error):.1e}")
    held = [i for i in range(solution.domain.dim) if i not in _drawn_axes(solution)]
    middle = (solution.domain.lower + solution.domain.upper) / 2
    parts += [f"{_axis_label(solution, i)} = {middle[i]:.3g}" for i in held]
    return ", ".join([*parts, f"{solution.steps} steps, {solution.seconds:.0f} s"])


def _drawn_axes(solution: SolutionData) -> list[int]:
    """Which components of a point are drawn: time first on the horizontal axis, then space."""
    domain = solution.domain
    if domain.dim == 1:
        return [0]
    if domain.time is not None:
        return [domain.dim - 1, 0]
    return [0, 1]


def _columns(solution: SolutionData) -> list[str]:
    comparable = solution.known is not None and solution.domain.dim <= 2
    return (
        ["solution"]
        + (["known", "difference"] if comparable else [])
        + (["standard error"] if _scatters(solution) else [])
    )


def _scatters(solution: SolutionData) -> bool:
    """Whether readings scatter so much that a picture can show it."""
    if solution.spread is None:
        return False
    lower, upper = solution.domain.lower, solution.domain.upper
    points = lower + np.random.default_rng(0).random((SEEN_AT, len(lower))) * (upper - lower)
    spread, values = solution.spread(points), solution.evaluator(points)  # type: ignore[operator]
    return bool(np.any(np.std(values, axis=0) * SEEN < np.mean(spread, axis=0)))


def _axis_label(solution: SolutionData, axis: int) -> str:
    for coordinate, part in zip(
        solution.domain.coordinates, solution.domain.slices().values(), strict=True
    ):
        if part.start <= axis < part.stop:
            suffix = f"[{axis - part.start}]" if coordinate.vector else ""
            return coordinate.name + suffix
    raise IndexError(axis)


def _grid(solution: SolutionData, axes: list[int]) -> tuple[list[np.ndarray], np.ndarray]:
    lower, upper = solution.domain.lower, solution.domain.upper
    lines = [np.linspace(lower[a], upper[a], RESOLUTION) for a in axes]
    mesh = np.meshgrid(*lines, indexing="ij")
    points = np.tile((lower + upper) / 2, (mesh[0].size, 1))
    for axis, values in zip(axes, mesh, strict=True):
        points[:, axis] = values.ravel()
    return lines, points


def _values(solution: SolutionData, field: str, points: np.ndarray) -> np.ndarray:
    values = solution.evaluator(points)[:, solution.fields.index(field)]  # type: ignore[operator]
    return np.where(solution.domain.contains(points), values, np.nan)


def _draw_curve(solution, field, row, axes, columns) -> None:
    """Draws a field over the only coordinate, on top of what is known of it and the band of spread."""
    (line,), points = _grid(solution, axes)
    axis = row[0]
    known = solution.known
    label = _axis_label(solution, axes[0])
    del columns
    if isinstance(known, Reference) and field in known.values:
        order = np.argsort(known.points[label])
        axis.plot(
            known.points[label][order], known.values[field][order], color=GRAY, lw=4, label="known"
        )
    values = _values(solution, field, points)
    if _scatters(solution):
        spread = NINETY_FIVE * solution.spread(points)[:, solution.fields.index(field)]
        axis.fill_between(
            line, values - spread, values + spread, color=BLUE, alpha=0.2, lw=0, label="95 %"
        )
    axis.plot(line, values, color=BLUE, lw=1.2, label="solution")
    axis.set(xlabel=label, ylabel=field)
    axis.legend(frameon=False)


def _draw_maps(solution, field, row, axes, columns) -> None:
    """Draws a field over two coordinates, beside it what is known, the difference, the spread."""
    known = solution.known
    has_known = isinstance(known, Reference) and field in known.values
    lines, points = _grid(solution, axes)
    shape = (RESOLUTION, RESOLUTION)
    values = _values(solution, field, points).reshape(shape)
    span = _span(values)
    _map(row[0], lines, values, field, span)
    if has_known and solution.domain.dim == 2:
        truth = known.values[field]
        mine = solution.evaluator(_known_points(solution))[:, solution.fields.index(field)]
        _scatter(row[1], solution, axes, truth, f"{field}, known", span)
        _scatter(row[2], solution, axes, mine - truth, f"{field}, difference", _span(mine - truth))
    elif "known" in columns:
        for unused in row[1:3]:
            unused.axis("off")
    if "standard error" in columns:
        spread = solution.spread(points)[:, solution.fields.index(field)]
        inside = np.where(solution.domain.contains(points), spread, np.nan).reshape(shape)
        _map(
            row[columns.index("standard error")],
            lines,
            inside,
            f"{field}, standard error",
            _span(inside),
        )
    for axis in row[: len(columns)]:
        if axis.axison:
            axis.set(xlabel=_axis_label(solution, axes[0]), ylabel=_axis_label(solution, axes[1]))


def _known_points(solution: SolutionData) -> np.ndarray:
    assert isinstance(solution.known, Reference)
    return np.stack([solution.known.points[c.name] for c in solution.domain.coordinates], axis=1)


def _span(values: np.ndarray) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return (-1.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if low < 0 < high:
        return (-max(-low, high), max(-low, high))
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _colors(span: tuple[float, float]) -> str:
    return "RdBu_r" if math.isclose(-span[0], span[1]) else "viridis"


def _map(axis, lines, values, title, span) -> None:
    image = axis.pcolormesh(
        *lines, values.T, cmap=_colors(span), vmin=span[0], vmax=span[1], rasterized=True
    )
    axis.set_title(title, fontsize=10)
    axis.figure.colorbar(image, ax=axis, shrink=0.9)


def _scatter(axis, solution: SolutionData, axes: list[int], values, title, span) -> None:
    """Draws values at the known points as a map, interpolated over triangles between them."""
    # Known values need not lie on a grid: a triangulation colors any set of points in the plane.
    from matplotlib.tri import Triangulation

    points = _known_points(solution)
    lower, upper = solution.domain.lower, solution.domain.upper
    # On one scale, or the triangles of a long thin domain are slivers; none may bridge a notch.
    scaled = ((points - lower) / (upper - lower))[:, axes]
    corners = Triangulation(scaled[:, 0], scaled[:, 1]).triangles
    outside = ~solution.domain.contains(points[corners].mean(axis=1))
    image = axis.tripcolor(
        Triangulation(points[:, axes[0]], points[:, axes[1]], corners, mask=outside),
        values,
        cmap=_colors(span),
        vmin=span[0],
        vmax=span[1],
        shading="gouraud",
        rasterized=True,
    )
    axis.margins(0)
    axis.set_title(title, fontsize=10)
    axis.figure.colorbar(image, ax=axis, shrink=0.9)


def plot_history(solution: SolutionData):
    """The loss and the held-out residual against seconds, and the spectrum, as one figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    history = solution.history
    left.semilogy(history["seconds"], np.sqrt(history["loss"]), color=BLUE, lw=1, label="training")
    left.semilogy(history["seconds"], history["held_out"], color=RED, lw=1, label="held out, relative")
    left.set(xlabel="seconds of solving", ylabel="residual")
    left.legend(frameon=False)
    if len(solution.spectrum):
        right.semilogy(solution.spectrum / solution.spectrum[0], color=BLUE, lw=1)
        right.axvline(solution.rank, color=RED, lw=0.8)
    right.set(xlabel="index (red: rank used)", ylabel="singular value / largest")
    return figure
