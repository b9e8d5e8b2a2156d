"""Coefficients on a grid, against scipy's splines and polynomials."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import pinnsven as pv
from pinnsven._basics._precision import precision_context

X, Y = np.linspace(0, 2, 12), np.linspace(-1, 1, 9)


def test_along_a_line_it_is_the_spline_of_scipy():
    values = np.sin(3 * X)
    places = np.linspace(0, 2, 41)
    with precision_context("float64"):
        found = jax.vmap(pv.Gridded(x=X, values=values))(jnp.asarray(places))
    np.testing.assert_allclose(found, CubicSpline(X, values)(places), atol=1e-12)
    np.testing.assert_allclose(found, np.sin(3 * places), atol=5e-3)


def test_it_goes_through_the_values_and_has_derivatives():
    values = np.exp(X[:, None]) * np.cos(Y)
    spline = pv.Gridded(x=X, y=Y, values=values)
    with precision_context("float64"):
        for i, j in ((0, 0), (3, 5), (11, 8)):
            assert float(spline(X[i], Y[j])) == pytest.approx(values[i, j], rel=1e-12)
        slope = jax.grad(lambda x: spline(x=x, y=0.1))(0.9)
        assert float(slope) == pytest.approx(np.exp(0.9) * np.cos(0.1), rel=2e-3)
        assert np.isnan(spline(2.1, 0.0))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"x": X, "values": X[:5]}, r"values has shape \(5,\)"),
        ({"x": X[::-1], "values": X}, "ascending"),
        ({"x": X[:3], "values": X[:3]}, "at least 4"),
        ({"x": X, "values": np.full(12, np.nan)}, "values"),
        ({"x": X, "values": X, "method": "quintic"}, "method='quintic'"),
        ({"values": X}, "one to three axes"),
    ],
)
def test_refused(given, words):
    with pytest.raises(ValueError, match=words):
        pv.Gridded(**given)


def test_arguments_are_all_of_its_axes():
    spline = pv.Gridded(x=X, y=Y, values=np.ones((12, 9)))
    for call in (lambda: spline(0.5), lambda: spline(x=0.5), lambda: spline(0.5, y=0.5)):
        with pytest.raises(ValueError, match="give x, y"):
            call()


@pytest.mark.solves
def test_a_grid_that_does_not_cover_the_domain_is_named_where_it_ends():
    k = pv.Gridded(x=X, values=1 + X)
    conditions = {"pde": pv.PDE(lambda u_xx, x: k(x) * u_xx), "walls": pv.Dirichlet(u=0.0)}
    with pytest.raises(ValueError, match=r"'pde': its residual is \[nan\] at x = 2"):
        pv.solve(pv.Problem(pv.Interval(0, 3), "u", conditions))


@pytest.mark.slow
def test_a_rod_with_measured_conductivity():
    """(k u')' = 0 between 0 and 1: u is the share of the resistance so far."""
    k = pv.Gridded(x=X, values=1 + X)  # a straight line, which splines hold exactly
    flux = lambda u_x, u_xx, x: k(x) * u_xx + jax.grad(k)(x) * u_x
    ends = {"cold": pv.Dirichlet(u=0.0, on="x-"), "warm": pv.Dirichlet(u=1.0, on="x+")}
    exact = lambda x: jnp.log1p(x) / np.log(3)
    solution = pv.solve(pv.Problem(pv.Interval(0, 2), "u", {"pde": pv.PDE(flux)} | ends, exact=exact))
    assert solution.status == "converged" and solution.error < 1e-8
