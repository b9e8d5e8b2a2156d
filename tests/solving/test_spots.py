"""Spots: found where what is prescribed is concentrated, and followed by points and functions."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._solving._focus import Focus, Spot
from pinnsven._solving._points import PointSet
from pinnsven._solving._spots import find_spots

ROD = pv.Interval(-1, 1)
SQUARE = pv.Box(x=(0, 1), y=(0, 2))


def bell(width, *center):
    """A Gaussian function about a place; its square has half the deviation of `width`."""
    return lambda *x: jnp.exp(-sum(((a - c) / width) ** 2 for a, c in zip(x, center, strict=True)))


def poisson(domain, source, walls=0.0):
    conditions = {
        "pde": pv.PDE(lambda laplacian_u, x: laplacian_u - source(x))
        if domain.dim == 1
        else pv.PDE(lambda laplacian_u, x, y: laplacian_u - source(x, y)),
        "walls": pv.Dirichlet(u=walls),
    }
    return pv.Problem(domain, "u", conditions)


@pytest.mark.parametrize("width", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("offset", [0.0, 7.5])
def test_a_bell_on_a_rod_is_found_with_its_width(width, offset):
    (found,) = find_spots(poisson(ROD, lambda x: offset + 1e3 * bell(width, 0.3)(x)))
    np.testing.assert_allclose(found.center, [0.3], atol=width / 10)
    np.testing.assert_allclose(found.widths, [width / 2], rtol=0.1)


@pytest.mark.parametrize("center", [0.618034, -0.25, 1 / 3])
def test_a_needle_that_no_point_meets_stands_in_its_function(center):
    (found,) = find_spots(poisson(ROD, bell(1e-9, center)))
    np.testing.assert_allclose(found.center, [center], atol=1e-9)
    assert 1e-10 < found.widths[0] < 4e-9


def test_a_needle_in_a_square_is_found():
    (found,) = find_spots(poisson(SQUARE, bell(1e-6, 0.37, 1.1)))
    np.testing.assert_allclose(found.center, [0.37, 1.1])
    assert np.all((found.widths > 1e-7) & (found.widths < 4e-6))


def test_two_bells_are_two_spots_and_a_ridge_is_narrow_along_one_coordinate():
    two = lambda x, y: bell(0.01, 0.2, 0.5)(x, y) + bell(0.01, 0.8, 1.5)(x, y)
    found = find_spots(poisson(SQUARE, two))
    centers = sorted(s.center.tolist() for s in found)
    np.testing.assert_allclose(centers, [[0.2, 0.5], [0.8, 1.5]], atol=1e-3)
    (ridge,) = find_spots(poisson(SQUARE, lambda x, y: bell(0.01, 0.4)(x) * (1 + y)))
    np.testing.assert_allclose(ridge.widths, [0.005, 2.0], rtol=0.1)


def test_a_bell_in_a_prescribed_value_is_found_on_its_wall():
    (found,) = find_spots(poisson(SQUARE, lambda x, y: 0 * x, lambda x, y: bell(0.01, 0.4, 0.0)(x, y)))
    np.testing.assert_allclose(found.center, [0.4, 0.0], atol=1e-3)
    np.testing.assert_allclose(found.widths / [1, 2], [0.005, 0.005], rtol=0.2)


@pytest.mark.parametrize(
    "source",
    [
        lambda x: 0 * x,
        lambda x: jnp.sin(20 * x),
        lambda x: x**9,
        lambda x: jnp.where(x < 0.2, 1.0, 3.0),
        lambda x: jnp.where(x == 0.2, 1e9, 1.0),
        lambda x: sum(bell(1e-3, c / 20)(x) for c in range(-18, 19, 2)),
    ],
)
def test_what_is_not_concentrated_or_everywhere_is_no_spot(source):
    assert not find_spots(poisson(ROD, source))


def test_a_pole_is_as_wide_as_what_lies_about_it():
    """Its own number gives no width: there the function is infinite."""
    found = find_spots(poisson(ROD, lambda x: 1 / jnp.sqrt(jnp.abs(x - 0.2))))
    assert all(spot.widths[0] > 1e-3 for spot in found)


def test_a_start_that_is_concentrated_is_no_spot_for_it_does_not_stay():
    conditions = {
        "heat": pv.PDE(lambda u_t, u_xx: u_t - u_xx),
        "start": pv.Initial(u=lambda x: bell(1e-3, 0.3)(x)),
        "walls": pv.Dirichlet(u=0.0),
    }
    assert not find_spots(pv.Problem(ROD * pv.Time(0, 1), "u", conditions))


def test_points_lie_as_closely_at_all_distances_from_a_spot_and_stay_on_their_sites():
    domain = SQUARE - pv.Disk((0.5, 1.0), 0.2)
    problem = poisson(domain, lambda x, y: 0 * x)
    spot = Spot(np.array([0.3, 0.3]), np.array([1e-4, 1e-4]))
    focus = Focus(domain.upper - domain.lower, spots=(spot,))
    points = PointSet(problem, 4000, pv.Sobol(), np.random.default_rng(0), focus)
    inside = points.current["pde"].points
    assert np.all(domain.contains(inside))
    counts, _ = np.histogram(np.linalg.norm(inside - spot.center, axis=1), [1e-4, 1e-3, 1e-2, 1e-1])
    assert np.all(counts > 300) and counts.max() < 2 * counts.min()
    on_walls = points.fresh(points.blocks[1], 500)
    np.testing.assert_allclose(domain.level(on_walls.points), 0, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(on_walls.normals, axis=1), 1)


@pytest.mark.parametrize("center", [0.9, -0.99])
def test_a_spot_near_one_end_of_a_rod_leaves_the_other_its_condition(center):
    problem = poisson(ROD, lambda x: 0 * x)
    focus = Focus(np.array([2.0]), spots=(Spot(np.array([center]), np.array([1e-4])),))
    points = PointSet(problem, 64, pv.Sobol(), np.random.default_rng(0), focus)
    np.testing.assert_array_equal(np.sort(points.current["walls"].points[:, 0]), [-1, 1])


@pytest.mark.slow
@pytest.mark.parametrize("width", [1e-3, 1e-6])
def test_a_narrow_load_on_a_rod_is_solved(width, tmp_path):
    """u'' = -f with zero ends, all of the load 1 as good as at one place: a hat of height c (1 - c)."""
    center, height = 0.37, 1 / (width * np.sqrt(np.pi))
    conditions = {
        "rod": pv.PDE(lambda u_xx, x: u_xx + height * bell(width, center)(x)),
        "ends": pv.Dirichlet(u=0.0, on="x"),
    }
    solution = pv.solve(pv.Problem(pv.Interval(0, 1), "u", conditions), time_limit=60)
    x = np.array([0.1, 0.36, 0.38, 0.8])
    hat = np.where(x < center, x * (1 - center), center * (1 - x))
    np.testing.assert_allclose(solution.u(x=x), hat, rtol=1e-7)
    solution.save(tmp_path / "rod.pv")
    np.testing.assert_array_equal(pv.load(tmp_path / "rod.pv").u(x=x), solution.u(x=x))
