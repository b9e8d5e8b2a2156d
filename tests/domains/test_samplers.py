"""Samplers of the unit cube, and draws weighted by a residual."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.stats import qmc

import pinnsven as pv
from pinnsven._domains._sampling import relative_density, weighted_choice
from pinnsven._domains._sequences import sobol
from shapes import fresh

# Samplers.


@given(count=st.integers(1, 300), dim=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize(
    "sampler", [pv.Sobol(), pv.Uniform(), pv.Grid()], ids=lambda s: type(s).__name__
)
def test_samplers_give_exactly_as_many_points_of_the_unit_cube(sampler, count, dim, seed):
    points = sampler.draw(count, dim, np.random.default_rng(seed))
    assert points.shape == (count, dim)
    assert np.all((points >= 0) & (points < 1))
    again = sampler.draw(count, dim, np.random.default_rng(seed))
    np.testing.assert_array_equal(points, again)


@given(exponent=st.integers(1, 8), seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_sobol_points_put_one_in_each_dyadic_interval(exponent, seed):
    count = 2**exponent
    points = pv.Sobol().draw(count, 3, np.random.default_rng(seed))
    cells = np.sort((points * count).astype(int), axis=0)
    np.testing.assert_array_equal(cells, np.tile(np.arange(count)[:, None], (1, 3)))


@given(exponent=st.integers(0, 10), dim=st.integers(1, 14), seed=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_sobol_points_are_those_of_scipy(exponent, dim, seed):
    ours, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
    points = sobol(dim, exponent, ours)
    np.testing.assert_array_equal(points, qmc.Sobol(dim, rng=theirs).random_base2(exponent))
    assert ours.random() == theirs.random()


@given(side=st.integers(1, 6), dim=st.integers(1, 3))
def test_grid_fills_a_perfect_power_with_a_point_in_each_cell_at_one_place(side, dim):
    rng = fresh()
    draws = [side * pv.Grid().draw(side**dim, dim, rng) for _ in range(2)]
    for points in draws:
        np.testing.assert_allclose(points % 1, np.tile(points[0] % 1, (len(points), 1)), atol=1e-12)
        assert len(np.unique(np.floor(points), axis=0)) == side**dim
        assert np.all((points >= 0) & (points < side))
    # Points of another draw are others, so that something can be held out.
    assert np.all(np.abs(draws[0][0] % 1 - draws[1][0] % 1) > 1e-6)


@given(count=st.integers(1, 200), dim=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_grid_points_differ(count, dim):
    assert len(np.unique(pv.Grid().draw(count, dim, fresh()), axis=0)) == count


# Draws weighted by the residual.


def test_weighted_choice_frequencies_follow_the_magnitudes():
    """Odds are |R| / mean |R| + 0.1; 8000 draws have a standard error below 0.006."""
    magnitude = np.array([0.0, -1.0, 2.0, 5.0])
    rng = fresh()
    drawn = [weighted_choice(magnitude, 1, rng)[0] for _ in range(8000)]
    odds = np.abs(magnitude) / 2 + 0.1
    frequencies = np.bincount(drawn, minlength=4) / 8000
    np.testing.assert_allclose(frequencies, odds / odds.sum(), atol=0.025)


@given(pool=st.integers(1, 60), data=st.data())
@settings(max_examples=30, deadline=None)
def test_weighted_choice_never_repeats(pool, data):
    count = data.draw(st.integers(0, pool))
    magnitude = np.abs(np.random.default_rng(pool).standard_normal(pool))
    chosen = weighted_choice(magnitude, count, fresh())
    assert len(set(chosen.tolist())) == count
    assert all(0 <= index < pool for index in chosen)


@pytest.mark.parametrize("pool", [[0.0] * 4, [np.nan, 1, 2, 3], [np.inf, 1, 2, 3]], ids=str)
def test_weighted_choice_from_a_pool_without_sizes_is_even(pool):
    rng = fresh()
    drawn = [weighted_choice(np.array(pool), 1, rng)[0] for _ in range(4000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, 0.25, atol=0.035)


def test_relative_density_is_that_of_many_draws():
    """From a pool large enough; the standard error of a share is below 0.0006."""
    size = np.random.default_rng(1).random(400)
    rng, found = fresh(), np.zeros(400)
    for _ in range(8000):
        found[weighted_choice(size, 4, rng)] += 1 / (4 * 8000)
    np.testing.assert_allclose(found, relative_density(size, size) / 400, atol=0.003)


def test_relative_density_without_sizes_is_one():
    for pool in (np.zeros(9), np.array([np.nan, 1.0, 2.0])):
        np.testing.assert_array_equal(relative_density(np.ones(4), pool), 1.0)
