"""What a solution is asked for by name: derivatives, residuals, errors, integrals, grids."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv

X = np.linspace(0, np.pi, 7)


@pytest.fixture(scope="module")
def heat():
    """Heat in a rod, u = exp(-k t) sin(x), solved to rounding."""
    problem = pv.Problem(
        domain=pv.Box(x=(0, np.pi)) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u_t, u_xx, k: (u_t - k * u_xx, 2.0 * u_t - 2.0 * k * u_xx)),
            "start": pv.Initial(u=jnp.sin),
            "flux": pv.Boundary(lambda u_n, t, k: u_n + jnp.exp(-k * t), on="x"),
            "content": pv.Integral(lambda u: u, value=lambda t, k: 2 * jnp.exp(-k * t)),
            "reading": pv.Data({"x": [1.0, 2.0], "t": [0.5, 0.5]}, u=[0.5, 0.6]),
        },
        constants={"k": 0.5},
    )
    without = {name: c for name, c in problem.conditions.items() if name != "reading"}
    plain = pv.Problem(problem.domain, "u", without, constants={"k": 0.5})
    solved = pv.solve(plain, network=pv.RandomFeatures(500))
    assert solved.status == "converged"
    # The reading is wrong on purpose: it is asked for, not fitted.
    return dataclasses.replace(solved, problem=problem)


def exact(x, t):
    return np.exp(-0.5 * t) * np.sin(x)


@pytest.mark.solves
def test_derivatives_by_name(heat):
    t = 0.3
    decay = math.exp(-0.5 * t)
    np.testing.assert_allclose(heat.u_x(x=X, t=t), decay * np.cos(X), atol=1e-9)
    np.testing.assert_allclose(heat.u_xt(x=X, t=t), -0.5 * decay * np.cos(X), atol=1e-8)
    np.testing.assert_allclose(heat.laplacian_u(x=X, t=t), -exact(X, t), atol=1e-8)
    np.testing.assert_allclose(heat.grad_u(x=X, t=t), decay * np.cos(X)[:, None], atol=1e-9)
    np.testing.assert_allclose(heat.u_n(x=[0, np.pi], t=t), [-decay, -decay], atol=1e-9)
    assert heat.u_n(x=0.0, t=t, on="x-").shape == ()
    assert np.isnan(heat.u_x(x=-1.0, t=t))
    assert np.isfinite(heat.u_x(x=-0.01, t=t, outside="extrapolate"))
    assert heat.u_x(x=[], t=[]).shape == (0,)


@pytest.mark.solves
def test_residuals_are_those_of_the_condition_as_it_was_written(heat):
    left = heat.residual("pde", x=X, t=0.3)
    assert left.shape == (7, 2) and np.abs(left).max() < 1e-8
    np.testing.assert_allclose(left[:, 1], 2 * left[:, 0], atol=1e-15)
    by_hand = heat.u_t(x=X, t=0.3) - 0.5 * heat.u_xx(x=X, t=0.3)
    np.testing.assert_allclose(left[:, 0], by_hand, atol=1e-12)
    assert np.abs(heat.residual("start", x=X)).max() < 1e-9  # at its own time
    assert np.abs(heat.residual("flux", x=[0, np.pi], t=0.3)).max() < 1e-8
    assert np.abs(heat.residual("content", t=[0.1, 0.9])).max() < 1e-9
    missed = heat.residual("reading")
    np.testing.assert_allclose(missed, exact(np.array([1.0, 2.0]), 0.5) - [0.5, 0.6], atol=1e-9)
    assert np.isnan(heat.residual("pde", x=4.0, t=0.3)).all()


@pytest.mark.solves
def test_the_estimated_error_is_as_large_as_the_true_one(heat):
    x, t = np.meshgrid(np.linspace(0, np.pi, 30), np.linspace(0, 1, 20), indexing="ij")
    found, true = heat.error_at(x=x, t=t), np.abs(heat(x=x, t=t) - exact(x, t))
    assert found.shape == x.shape and np.all(found >= 0)
    assert 0.1 < np.sqrt(np.mean(found**2)) / np.sqrt(np.mean(true**2)) < 10


@pytest.mark.solves
def test_integrals_over_space_time_and_walls(heat):
    t = np.array([0.0, 0.5])
    content = heat.integrate(lambda u: u, t=t)
    np.testing.assert_allclose(content, 2 * np.exp(-0.5 * t), rtol=1e-9)
    np.testing.assert_allclose(heat.integrate(lambda u: u), 4 * (1 - math.exp(-0.5)), rtol=1e-9)
    assert heat.integrate(lambda u: u).shape == ()
    flux = heat.integrate(lambda u_n, k: -k * u_n, on="x", t=t)
    np.testing.assert_allclose(flux, np.exp(-0.5 * t), rtol=1e-8)
    np.testing.assert_allclose(
        heat.integrate(lambda u: u**2, on="t+"), np.pi / 2 * math.exp(-1), rtol=1e-9
    )


@pytest.mark.slow
def test_flux_through_a_hole_balances_the_source():
    shape = pv.Box(x=(-1, 1), y=(-1, 1)) - pv.Disk(radius=0.5)
    conditions = {
        "pde": pv.PDE(lambda laplacian_u: laplacian_u - 4.0),
        "walls": pv.Dirichlet(u=lambda x, y: x**2 + y**2),
    }
    solution = pv.solve(pv.Problem(shape, "u", conditions, exact=lambda x, y: x**2 + y**2))
    assert solution.status == "converged"
    # u = r^2: u_n is -2 r on the hole, whose length is pi.
    through = solution.integrate(lambda u_n: u_n, on="circle")
    np.testing.assert_allclose(through, -2 * 0.5 * np.pi, rtol=1e-6)
    whole = solution.integrate(lambda u_n: u_n, on="x y") + through
    np.testing.assert_allclose(whole, 4 * (4 - np.pi / 4), rtol=1e-6)
    grid = solution.grid(x=5, y=5)
    np.testing.assert_array_equal(np.isnan(grid["u"]).nonzero(), ([2], [2]))
    frame = solution.to_pandas(x=5, y=5)
    assert len(frame) == 24 and list(frame) == ["x", "y", "u"]


@pytest.mark.solves
def test_a_grid_has_coordinates_and_values_by_name(heat):
    grid = heat.grid(x=5, t=[0.0, 0.25, 1.0])
    assert repr(grid) == "x (5,), t (3,), u (5, 3)" and grid.axes == ("x", "t")
    np.testing.assert_allclose(grid["x"], np.linspace(0, np.pi, 5))
    np.testing.assert_allclose(grid["u"], exact(grid["x"][:, None], grid["t"]), atol=1e-9)
    both = heat.grid(["u_x", "u"], x=3, t=1)
    assert list(both) == ["x", "t", "u_x", "u"] and both["t"] == [0.5]


@pytest.mark.solves
def test_a_vector_coordinate_has_an_axis_for_each_component(made):
    grid = made("vector").grid(x=3)
    assert grid.axes == ("x0", "x1", "x2") and grid["u"].shape == (3, 3, 3)
    point = [grid["x0"][2], grid["x1"][0], grid["x2"][1]]
    np.testing.assert_allclose(grid["u"][2, 0, 1], made("vector")(x=point), rtol=1e-12)


@pytest.mark.solves
@pytest.mark.slow
def test_slabs_answer_as_one(heat):
    plain = {name: heat.problem.conditions[name] for name in ("pde", "start")}
    plain["walls"] = pv.Dirichlet(u=0.0, on="x")
    problem = pv.Problem(heat.domain, "u", plain, constants={"k": 0.5})
    slabs = pv.march(problem, 2)
    t = np.linspace(0, 1, 7)
    np.testing.assert_allclose(slabs.u_x(x=X, t=t), np.exp(-0.5 * t) * np.cos(X), atol=1e-7)
    assert np.abs(slabs.residual("pde", x=X, t=t)).max() < 1e-6
    assert slabs.points["pde"]["t"].max() > 0.9 and slabs.points["pde"]["t"].min() < 0.1
    with pytest.raises(ValueError, match="no error was estimated"):
        slabs.error_at(x=X, t=t)


@pytest.mark.solves
def test_points_are_those_of_the_conditions(heat):
    assert set(heat.points) <= set(heat.problem.conditions)
    where = heat.points["pde"]
    assert where["x"].shape == where["t"].shape and np.all((where["x"] >= 0) & (where["x"] <= np.pi))


REFUSED = {
    "no such name": (lambda s: s.u_y, AttributeError, "no attribute 'u_y'"),
    "no field": (lambda s: s.k, AttributeError, "no attribute 'k'"),
    "no condition": (lambda s: s.residual("pd", x=0, t=0), ValueError, "Did you mean 'pde'"),
    "places of data": (lambda s: s.residual("reading", x=0, t=0), ValueError, "at its own 2 points"),
    "no coordinate": (lambda s: s.residual("pde", x=0), ValueError, "'t' is missing"),
    "no boundary": (lambda s: s.u_n(x=1.0, t=0.0), ValueError, "do not lie on the boundary"),
    "idle part": (lambda s: s.u_x(x=1.0, t=0.0, on="x"), ValueError, "no normal in it"),
    "no part": (lambda s: s.integrate(lambda u: u, on="y"), ValueError, "no part of the boundary"),
    "normal inside": (lambda s: s.integrate(lambda u_n: u_n), ValueError, "give on="),
    "no time": (lambda s: s.integrate(lambda u: u, t=2.0), ValueError, "must lie in"),
    "place held": (lambda s: s.integrate(lambda u: u, x=2.0), ValueError, "only t= can be held"),
    "no scalar": (lambda s: s.integrate(lambda grad_u: grad_u), ValueError, "return one scalar"),
    "no axis": (lambda s: s.grid(y=3), ValueError, "no coordinate 'y'"),
    "no number": (lambda s: s.grid(x=0), ValueError, "positive number"),
    "no places": (lambda s: s.grid(x=[[0.0]]), ValueError, "the places along it"),
    "too many": (lambda s: s.grid(x=100_000, t=100_000), ValueError, "ask for fewer"),
    "no value": (lambda s: s.grid("w"), ValueError, "fields are u"),
    "no suffix": (lambda s: s.to_vtk("a.stl"), ValueError, r"\.vtu or \.vtk"),
}


@pytest.mark.solves
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_answered_is_refused(heat, name):
    ask, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        ask(heat)


@pytest.mark.solves
def test_a_solution_from_a_file_answers_with_its_problem(heat, tmp_path):
    heat.save(tmp_path / "heat.pv")
    alone = pv.load(tmp_path / "heat.pv")
    np.testing.assert_allclose(alone.u_x(x=X, t=0.3), heat.u_x(x=X, t=0.3), rtol=1e-12)
    with pytest.raises(ValueError, match="load it with their problem"):
        alone.residual("pde", x=X, t=0.3)
    known = pv.load(tmp_path / "heat.pv", heat.problem)
    np.testing.assert_allclose(
        known.residual("pde", x=X, t=0.3), heat.residual("pde", x=X, t=0.3), atol=1e-11
    )


# Other libraries


@pytest.mark.solves
def test_xarray_has_the_grid_and_the_verdict(heat):
    pytest.importorskip("xarray", reason="an extra")
    found = heat.to_xarray(x=5, t=3)
    assert dict(found.sizes) == {"x": 5, "t": 3} and found.attrs["status"] == "converged"
    np.testing.assert_array_equal(found["u"].values, heat.grid(x=5, t=3)["u"])
    assert found["u"].attrs["estimated_relative_error"] == heat.error_estimate["u"]


@pytest.mark.solves
def test_vtk_files_hold_the_cells_inside(heat, made, tmp_path):
    meshio = pytest.importorskip("meshio", reason="an extra")
    heat.to_vtk(tmp_path / "heat.vtu", x=5, t=3)
    mesh = meshio.read(tmp_path / "heat.vtu")
    assert len(mesh.points) == 15 and len(mesh.cells[0].data) == 8
    u = mesh.point_data["u"]
    np.testing.assert_allclose(u, exact(mesh.points[:, 0], mesh.points[:, 1]), atol=1e-9)
    holed = made("hole")
    holed.to_vtk(tmp_path / "hole.vtk", x=41, y=21)
    mesh = meshio.read(tmp_path / "hole.vtk")
    corners = mesh.points[mesh.cells[0].data]
    area = np.prod(np.ptp(corners, axis=1)[:, :2], axis=1).sum()
    assert 0.8 * (2 - 0.04 * np.pi) < area < 2 - 0.04 * np.pi
    made("cylinder").to_vtk(tmp_path / "series.pvd", x=5, y=5, z=3, t=2)
    listed = (tmp_path / "series.pvd").read_text()
    assert listed.count("<DataSet") == 2 and 'file="series_0001.vtu"' in listed
    assert meshio.read(tmp_path / "series_0001.vtu").point_data["u"].size > 10


@pytest.mark.solves
def test_a_library_that_is_missing_is_named_with_its_command(heat, monkeypatch):
    import importlib

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    for verb in (heat.to_xarray, heat.to_pandas):
        with pytest.raises(ImportError, match="pip install"):
            verb(x=2, t=2)
