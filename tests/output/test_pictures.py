"""What pictures show: regions, curves, ranges, what is asked for, and what is refused."""

import dataclasses
import os

import jax.numpy as jnp
import matplotlib
import matplotlib.contour
import matplotlib.figure
import matplotlib.image
import numpy as np
import pytest

import pinnsven as pv
from helpers import solve
from pinnsven._output._panels import SIGNED, draw_map, span
from pinnsven._output._region import smooth_curve, triangulate
from pinnsven._output._views import View

pytestmark = pytest.mark.usefixtures("quick_compilation")

SQUARE = pv.Box(x=(0, 1), y=(0, 1))
REGIONS = {
    "square": (SQUARE, 1.0, 4.0),
    "hole": (SQUARE - pv.Disk((0.5, 0.5), 0.2), 1 - 0.04 * np.pi, 4 + 0.4 * np.pi),
    "disk": (pv.Disk((3.0, -1.0), 0.5), 0.25 * np.pi, np.pi),
    "corner cut off": (SQUARE - pv.Polygon([(0, 0), (0.3, 0), (0, 0.3)]), 0.955, 3.4 + 0.3 * 2**0.5),
    "L": (SQUARE - pv.Box(x=(0.5, 1), y=(0.5, 1)), 0.75, 4.0),
    "two disks": (pv.Disk() | pv.Disk((3.0, 0.0), 0.5), 1.25 * np.pi, 3 * np.pi),
}


@pytest.mark.parametrize("name", REGIONS)
def test_a_region_in_triangles_has_its_area_and_its_edge(name):
    shape, area, length = REGIONS[name]
    found = triangulate(shape.contains, shape.lower, shape.upper)
    first, second = np.moveaxis(
        found.points[found.corners[:, 1:]] - found.points[found.corners[:, :1]], 1, 0
    )
    areas = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    np.testing.assert_allclose(areas.sum(), area, rtol=2e-3)
    assert areas.min() > 0
    ends = found.points[found.edges]
    np.testing.assert_allclose(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1).sum(), length, rtol=0.02)
    assert shape.contains(found.points).all()


def test_a_curve_has_points_where_it_bends():
    steep = lambda x: np.tanh((x - 0.3) / 1e-3)[:, None]
    at, values = smooth_curve(steep, 0.0, 1.0)
    assert 129 < len(at) < 1000 and np.all(np.diff(at) > 0)
    fine = np.linspace(0, 1, 20_001)
    off = np.abs(np.interp(fine, at, values[:, 0]) - steep(fine)[:, 0])
    assert off.max() < 0.05
    assert len(smooth_curve(lambda x: x[:, None], 0.0, 1.0)[0]) == 129
    with_gap = smooth_curve(lambda x: np.where(x < 0.5, x, np.nan)[:, None], 0.0, 1.0)
    assert np.nanmax(with_gap[0][np.isfinite(with_gap[1][:, 0])]) > 0.499


@pytest.mark.parametrize(
    "values, limits",
    [
        ([0.0, 1.0], (0.0, 1.0)),
        ([-1e-9, 1.0], (-1e-9, 1.0)),  # no sign, but rounding
        ([-0.5, 1.0], (-1.0, 1.0)),
        ([-1.0, 1e-12], (-1.0, 1e-12)),
        ([2.0, 2.0], (1.0, 3.0)),
        ([np.nan], (-1.0, 1.0)),
    ],
)
def test_colors_are_even_around_zero_only_where_there_are_two_signs(values, limits):
    assert span(np.array(values)) == limits


@pytest.fixture(scope="module")
def rod():
    """u = exp(-t) sin(x), to rounding, with its problem."""
    conditions = {
        "pde": pv.PDE(lambda u_t, u_xx: u_t - u_xx),
        "start": pv.Initial(u=jnp.sin),
        "walls": pv.Dirichlet(u=0.0, on="x"),
    }
    domain = pv.Box(x=(0, np.pi)) * pv.Time(0, 1)
    exact = lambda x, t: jnp.exp(-t) * jnp.sin(x)
    return pv.solve(pv.Problem(domain, "u", conditions, exact=exact, name="rod"))


def titles(figure):
    return [axis.get_title() for axis in figure.axes if axis.get_title()]


@pytest.mark.solves
def test_a_map_stands_beside_what_is_known_with_ranges_of_their_own(rod):
    figure = rod.plot()
    assert titles(figure) == ["u", "u, exact", "u, solution minus exact"]
    solution, exact, off = (axis.collections[0] for axis in figure.axes[:3])
    assert solution.get_clim()[1] > 0.99 and off.get_clim()[1] < 1e-9
    assert off.get_cmap().name == SIGNED and exact.get_cmap().name != SIGNED


@pytest.mark.solves
def test_moments_are_curves_told_apart_by_more_than_color(rod):
    axis = rod.plot(at={"t": [0.0, 0.5, 1.0]}, along="x").axes[0]
    assert [line.get_label() for line in axis.lines] == ["t = 0", "t = 0.5", "t = 1"]
    assert len({line.get_linestyle() for line in axis.lines}) == 3
    for line, t in zip(axis.lines, (0.0, 0.5, 1.0), strict=True):
        x, u = line.get_data()
        np.testing.assert_allclose(u, np.exp(-t) * np.sin(x), atol=1e-9)


@pytest.mark.solves
def test_units_and_fields_are_written_on_the_axes(rod):
    figure = rod.plot(field=["u_x", "u"], show="solution", units={"x": "m", "t": "s", "u": "K"})
    assert titles(figure) == ["u_x", "u (K)"]
    assert figure.axes[0].get_ylabel() == "x (m)" and figure.axes[0].get_xlabel() == "t (s)"


@pytest.mark.solves
def test_axes_of_the_user_are_drawn_into(rod):
    mine = matplotlib.figure.Figure()
    axis = mine.add_subplot()
    assert rod.plot(ax=axis, at={"t": 0.5}, along="x") is mine
    assert len(axis.lines) >= 1


@pytest.mark.solves
def test_a_notebook_gets_the_picture_itself(rod):
    assert rod.plot()._repr_png_().startswith(b"\x89PNG")


@pytest.mark.solves
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_pictures_in_pixels_and_in_lines(rod, tmp_path, suffix):
    file = tmp_path / f"rod.{suffix}"
    rod.plot(file, dpi=60)
    assert file.stat().st_size > 5_000


SHOWS = ("solution", "error", "residual", "points", "convergence", "spectrum")


@pytest.mark.solves
@pytest.mark.parametrize("show", SHOWS)
def test_everything_that_can_be_shown_is_drawn(rod, show):
    figure = rod.plot(show=show)
    figure.draw_without_rendering()
    assert figure.axes


@pytest.fixture(scope="module")
def trained():
    """A network after twenty steps."""
    equation = lambda u_xx, u: u_xx + u**2 + 1
    conditions = {"ode": pv.PDE(equation), "ends": pv.Dirichlet(u=0.0)}
    problem = pv.Problem(pv.Interval(0, 1), "u", conditions)
    asked = {"network": pv.MLP(width=6, depth=1), "points": 32, "estimate_error": False}
    return pv.solve(problem, max_steps=20, **asked)


def test_the_course_of_a_run_is_drawn_over_steps_where_that_is_asked_for(trained):
    (axis,) = trained.plot(show="convergence", along="step").axes
    assert axis.get_xlabel() == "step"
    np.testing.assert_array_equal(axis.lines[0].get_xdata(), np.arange(1, 21))
    with pytest.raises(ValueError, match="seconds, step"):
        trained.plot(show="convergence", along="x")


def test_points_that_are_drawn_lie_everywhere(trained):
    even = pv.Sobol().draw(1 << 14, 2, np.random.default_rng(0))
    domain = pv.Interval(0, 1) * pv.Time(0, 1)
    many = {"ode": {"x": even[:, 0], "t": even[:, 1]}}
    solution = dataclasses.replace(trained, domain=domain, points=many, problem=None)
    (axis,) = solution.plot(show="points").axes
    drawn = np.array(axis.lines[0].get_xydata())
    counts = np.histogram2d(*drawn.T, bins=4)[0]
    assert 0.5 * counts.mean() < counts.min() and counts.max() < 1.5 * counts.mean()


def test_a_spectrum_is_shown_as_training_changes_it_with_the_kept_rank(trained):
    assert [*trained.spectra] == [1, 4, 16]
    start = pv.linearize(trained.problem, network=pv.MLP(width=6, depth=1), points=32)
    sizes = trained.spectra[1]
    assert np.all(np.diff(sizes) <= 0) and len(sizes) <= len(start.singular_values)
    (axis,) = trained.plot(show="spectrum").axes
    labels = axis.get_legend_handles_labels()[1]
    assert labels[:4] == ["step 1", "step 4", "step 16", "step 20"]
    marks = [line for line in axis.lines if line.get_marker() == "o"]
    assert [int(mark.get_xdata()[0]) for mark in marks] == [
        min(trained.history["rank"][step - 1], len(trained.spectra[step])) for step in (1, 4, 16)
    ]


@pytest.mark.solves
def test_the_size_of_an_error_is_that_from_the_exact_solution(rod):
    mesh = rod.plot(show="error").axes[0].collections[0]
    assert 0 < mesh.get_clim()[1] < 1e-9


def test_a_plane_in_time_has_snapshots_of_one_range(made):
    domain = pv.Box(x=(0, 2), y=(0, 1)) * pv.Time(0, 1)
    solution = dataclasses.replace(made("ball"), domain=domain, problem=None)
    figure = solution.plot()
    maps = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in maps] == ["u,  t = 0", "u,  t = 0.5", "u,  t = 1"]
    assert len({axis.collections[0].get_clim() for axis in maps}) == 1
    assert maps[0].get_aspect() == 1.0


def test_a_title_that_holds_many_values_takes_several_lines(trained):
    cube = pv.Box(**{f"x{i}": (0, 1) for i in range(10)}) * pv.Time(0, 1)
    many = dataclasses.replace(trained, domain=cube, evaluator=lambda at: at[:, :1], problem=None)
    (title,) = titles(many.plot(show="solution"))
    assert "x9 = 0.5" in title and max(map(len, title.splitlines())) < 50


def test_a_solid_has_its_middle_planes(made):
    assert titles(made("ball").plot()) == ["u,  z = 1", "u,  y = 0", "u,  x = 0"]


@pytest.mark.slow
def test_a_system_over_time_has_curves_together_and_a_phase_portrait():
    conditions = {
        "one": pv.PDE(lambda u_t, v: u_t - v),
        "two": pv.PDE(lambda v_t, u: v_t + u),
        "start": pv.Initial(u=0.0, v=1.0),
    }
    solution = pv.solve(pv.Problem(pv.Time(0, 6), "u v", conditions))
    curves, portrait = solution.plot().axes
    assert [line.get_label() for line in curves.lines] == ["u", "v"]
    u, v = map(np.asarray, portrait.lines[0].get_data())
    np.testing.assert_allclose(u**2 + v**2, 1.0, atol=1e-6)


@pytest.mark.solves
def test_readings_and_unknowns_are_drawn():
    t = np.linspace(0, 1, 20)
    conditions = {
        "pde": pv.PDE(lambda u, u_t, k: u_t + k * u),
        "start": pv.Initial(u=1.0),
        "readings": pv.Data({"t": t}, u=np.exp(-t) + 0.01 * np.sin(40 * t), noise=0.01),
    }
    solution = solve(pv.Problem(pv.Time(0, 1), "u", conditions, unknowns={"k": 0.5}), max_steps=20)
    course = solution.history["unknowns.k"]
    assert len(course) == solution.steps
    np.testing.assert_allclose(course[-1], float(solution.unknowns["k"]), rtol=0.2)
    assert solution.plot(show="unknowns").axes[0].lines[0].get_ydata() is not None
    axis = solution.plot(show="data").axes[0]
    assert "readings: u, bars of one noise" in axis.get_title()


@pytest.mark.slow
def test_a_flow_has_its_size_and_its_lines(made):
    domain = pv.Disk()
    with pytest.raises(ValueError, match="give two fields"):
        made("disk, Fourier features").plot(show="flow")
    conditions = {"c": pv.PDE(lambda u, v, x, y: (u + y, v - x))}
    turning = pv.solve(pv.Problem(domain, "u v", conditions), time_limit=20)
    mesh = turning.plot(show="flow").axes[0].collections[0]
    np.testing.assert_allclose(mesh.get_clim(), (0, 1), atol=0.02)


REFUSED = {
    "format": ({"path": "u.foo"}, "no format 'foo'"),
    "show": ({"show": "errors"}, "Did you mean 'error'"),
    "field": ({"field": "w"}, "no such field"),
    "along": ({"along": "y"}, "no coordinate 'y'"),
    "three axes": ({"along": ("x", "t", "x")}, "one coordinate for curves"),
    "at nowhere": ({"at": {"y": 0.0}, "along": "x"}, "no coordinate 'y'"),
    "at outside": ({"at": {"t": 2.0}, "along": "x"}, "lies outside"),
    "at drawn": ({"at": {"t": 0.0}}, "on an axis of the picture"),
    "at no dict": ({"at": 0.5, "along": "x"}, "give a dict"),
    "at no number": ({"at": {"t": []}, "along": "x"}, "give a value"),
    "no axes": ({"ax": "left"}, "give axes of a matplotlib figure"),
    "color map": ({"cmap": "virids"}, "Did you mean 'viridis'"),
    "units": ({"units": "m"}, "give a dict"),
    "data": ({"show": "data"}, "no readings at hand"),
    "phase": ({"show": "phase"}, "two fields over one coordinate"),
    "unknowns": ({"show": "unknowns"}, "no unknown"),
}


@pytest.mark.solves
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_drawn_is_refused(rod, name):
    arguments, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        rod.plot(**arguments)


@pytest.mark.solves
def test_axes_hold_one_part(rod):
    axis = matplotlib.figure.Figure().add_subplot()
    with pytest.raises(ValueError, match="has 3 parts, and axes hold one"):
        rod.plot(ax=axis)


@pytest.mark.solves
def test_five_coordinates_have_no_picture_of_points(rod):
    domain = pv.Box(x=[(0, 1)] * 5)
    with pytest.raises(ValueError, match="5 coordinates have no picture"):
        dataclasses.replace(
            rod, domain=pv.Problem(domain, "u", {"c": pv.PDE(lambda u: u)}).domain
        ).plot(show="points")


@pytest.mark.solves
def test_a_file_keeps_no_points_and_no_estimate(rod, tmp_path):
    rod.save(tmp_path / "rod.pv")
    alone = pv.load(tmp_path / "rod.pv")
    for show, message in (
        ("points", "a file keeps none"),
        ("error", "neither"),
        ("residual", "its problem"),
    ):
        with pytest.raises(ValueError, match=message):
            alone.plot(show=show)


# The report


@pytest.mark.solves
def test_a_report_tells_the_problem_as_mathematics(rod, tmp_path):
    rod.report(tmp_path / "rod.html", command="pinnsven solve rod.py")
    page = (tmp_path / "rod.html").read_text()
    assert page.count("<math") == 3 and page.count("<img") >= 4
    assert "pinnsven solve rod.py" in page and "@media print" in page
    assert page.index("converged") < page.index("<h2>Problem")


@pytest.mark.solves
def test_a_report_that_cannot_be_written_leaves_the_old_one(rod, tmp_path, monkeypatch):
    file = tmp_path / "rod.html"
    file.write_text("old")

    def full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        rod.report(file)
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
    monkeypatch.undo()
    rod.report(os.devnull)
    assert not os.path.isfile(os.devnull)  # it is the device it was
    with pytest.raises(IsADirectoryError, match="name a file in it"):
        rod.report(tmp_path)


@pytest.mark.parametrize(("size", "lines"), [(1e-9, 0), (0.5, 1)])
def test_what_is_rounding_beside_the_colors_has_no_contours(size, lines):
    """Of a slice through a plane where the field is zero."""
    solution = solve(max_steps=1)
    square = triangulate(lambda p: np.all(np.abs(p) < 1, axis=1), np.full(2, -1.0), np.full(2, 1.0))
    figure = matplotlib.figure.Figure()
    axis = figure.add_subplot()
    view = View(solution, (0, 0), {}, {})
    draw_map(axis, view, square, size * square.points[:, 0], "u", limits=(-1, 1), contours=True)
    drawn = [c for c in axis.collections if isinstance(c, matplotlib.contour.ContourSet)]
    assert len(drawn) == lines
