"""Shapes through time: products, ends, names of columns."""

import numpy as np
import pytest

import pinnsven as pv
from pinnsven._domains import (
    Interior,
    Moment,
    Moments,
    as_domain,
    boundary_site,
)
from shapes import ROUNDING, ROWS, fresh, size

# Time.

SPAN = pv.Time(0.5, 2)
DOMAINS = [row.shape * SPAN for row in ROWS] + [SPAN * row.shape for row in ROWS[:2]]
every_domain = pytest.mark.parametrize("domain", DOMAINS, ids=lambda d: type(d.space).__name__)


@every_domain
def test_space_comes_first_and_time_runs_evenly_over_its_span(domain):
    points, normals = Interior(domain).draw(1000, pv.Sobol(), fresh())
    assert points.shape == (1000, domain.space.dim + 1)
    assert normals.shape == (1000, domain.space.dim)
    assert np.all(domain.space.level(points[:, :-1]) < 0)
    quartiles = np.quantile(points[:, -1], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(quartiles, [0.875, 1.25, 1.625], atol=0.05)
    assert np.all(domain.contains(points))


@every_domain
def test_boundary_in_space_holds_for_all_times(domain):
    points, normals = boundary_site(domain, None).draw(1000, pv.Sobol(), fresh())
    assert points.shape == (1000, domain.space.dim + 1)
    assert normals.shape == (1000, domain.space.dim)
    assert np.max(np.abs(domain.space.level(points[:, :-1]))) < ROUNDING * size(domain.space)
    quartiles = np.quantile(points[:, -1], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(quartiles, [0.875, 1.25, 1.625], atol=0.05)


@every_domain
@pytest.mark.parametrize(("part", "moment"), [("t-", 0.5), ("t+", 2.0)])
def test_ends_of_time_are_all_of_space_at_one_moment(domain, part, moment):
    site = boundary_site(domain, part)
    points, _ = site.draw(200, pv.Sobol(), fresh())
    assert site.finite is None
    assert set(points[:, -1]) == {moment}
    np.testing.assert_array_equal(
        points[:, :-1], Interior(as_domain(domain.space)).draw(200, pv.Sobol(), fresh())[0]
    )


@pytest.mark.parametrize(("part", "moment"), [("tau-", 1.0), ("tau+", 3.0)])
def test_ends_of_time_alone_are_single_points(part, moment):
    site = boundary_site(as_domain(pv.Time(tau=(1, 3))), part)
    assert site.finite == 1
    np.testing.assert_array_equal(site.draw(1, pv.Sobol(), fresh())[0], [[moment]])


def test_parts_of_a_domain_with_time_include_its_ends():
    domain = pv.Box(x=(0, 1), y=(0, 1), periodic="y") * pv.Time(0, 1)
    assert as_domain(domain).part_names() == ["t+", "t-", "x", "x+", "x-"]
    assert as_domain(pv.Time(0, 1)).part_names() == ["t+", "t-"]


def test_moments_are_all_times_at_one_place():
    site = Moments(pv.Interval(1, 3) * pv.Time(4, 6))
    points, normals = site.draw(32, pv.Sobol(), np.random.default_rng(0))
    assert np.all(points[:, 0] == 2) and not normals.any()
    counts, _ = np.histogram(points[:, 1], np.linspace(4, 6, 9))
    assert np.all(counts == 4)


def test_contains_looks_at_space_and_time():
    domain = pv.Disk() * pv.Time(0, 1)
    points = np.array([[0, 0, 0.5], [0, 0, 1.5], [0.9, 0.9, 0.5], [1.0, 0, 0.0]])
    np.testing.assert_array_equal(domain.contains(points), [True, False, False, True])


def test_split_names_the_columns_and_keeps_vectors_together():
    domain = pv.Box(a=(0, 1), v=[(0, 1), (0, 1)]) * pv.Time(0, 1)
    points = np.arange(8.0).reshape(2, 4)
    parts = as_domain(domain).split(points)
    assert list(parts) == ["a", "v", "t"]
    np.testing.assert_array_equal(parts["a"], [0, 4])
    np.testing.assert_array_equal(parts["v"], [[1, 2], [5, 6]])
    np.testing.assert_array_equal(parts["t"], [3, 7])


def test_products_join_in_any_order():
    disk, interval, time = pv.Disk(), pv.Interval(z=(0, 1)), pv.Time(0, 1)
    for domain in ((disk * interval) * time, disk * (interval * time), (disk * time) * interval):
        assert [c.name for c in domain.coordinates] == ["x", "y", "z", "t"]
    assert isinstance(Moment(disk * time, 0.0).domain.space, pv.Disk)
