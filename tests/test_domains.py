"""Shapes, sites and samplers: every row of the table gets every law of geometry."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy.spatial import ConvexHull

import pinnsven as pv
from pinnsven._domains import (
    AbstractShape,
    Interior,
    Moment,
    Moments,
    as_domain,
    boundary_site,
)
from pinnsven._domains._sampling import relative_density, weighted_choice

PI = math.pi
COUNT = 4096
DRAWS = 16
ROUNDING = 1e-12  # of a level, relative to the extent of the shape
HAIR = 1e-6  # a step off the boundary, relative to the extent of the shape
MONTE_CARLO = 0.03  # of a mean over COUNT random points, relative to its largest value
QUASI = 0.01  # the same with low-discrepancy points on all facets
SHARE = 0.015  # of the measure of a facet that a set operation or predicate has cut


@dataclasses.dataclass(frozen=True)
class Row:
    """A shape with its volume, the measure of its boundary and the names of its parts."""

    name: str
    shape: AbstractShape
    volume: float
    surface: float
    parts: str


HALF_DISK = pv.Disk() & pv.Box(x=(0, 2), y=(-2, 2))
LENS = 2 * PI / 3 - math.sqrt(3) / 2  # the overlap of two unit disks at distance 1
ELL = [(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)]

ROWS = [
    Row("interval", pv.Interval(-1, 2), 3, 2, "x x+ x-"),
    Row("named interval", pv.Interval(r=(0.5, 2)), 1.5, 2, "r r+ r-"),
    Row("box", pv.Box(x=(0, 1), y=(-1, 2)), 3, 8, "x x+ x- y y+ y-"),
    Row("box in 3-d", pv.Box(x=(0, 1), y=(0, 2), z=(1, 4)), 6, 22, "x x+ x- y y+ y- z z+ z-"),
    Row("vector box", pv.Box(x=[(0, 1), (0, 2), (1, 4)]), 6, 22, "x x+ x-"),
    Row("mixed box", pv.Box(a=(0, 2), v=[(0, 1), (-1, 1)]), 4, 16, "a a+ a- v v+ v-"),
    Row("strip", pv.Box(x=(0, 1), y=(0, 2), periodic="x"), 2, 2, "y y+ y-"),
    Row("disk", pv.Disk((1, -2), 0.5), PI / 4, PI, "circle"),
    Row("ball in 1-d", pv.Ball((0.5,), 2), 4, 2, "sphere"),
    Row("ball in 2-d", pv.Ball((0.5, 0), 2), 4 * PI, 4 * PI, "sphere"),
    Row("ball in 3-d", pv.Ball((0, 1, 2), 2, name="skin"), 32 * PI / 3, 16 * PI, "skin"),
    Row("ball in 4-d", pv.Ball((0, 0, 0, 1)), PI**2 / 2, 2 * PI**2, "sphere"),
    Row("ball in 5-d", pv.Ball((0,) * 5), 8 * PI**2 / 15, 8 * PI**2 / 3, "sphere"),
    Row("triangle", pv.Polygon([(0, 0), (3, 0), (0, 4)]), 6, 12, "edge0 edge1 edge2 polygon"),
    Row("clockwise triangle", pv.Polygon([(0, 0), (0, 4), (3, 0)]), 6, 12, "edge0 edge1 edge2 polygon"),
    Row("ell", pv.Polygon(ELL), 0.75, 4, "edge0 edge1 edge2 edge3 edge4 edge5 polygon"),
    Row("two disks", pv.Disk() | pv.Disk((1, 0)), 2 * PI - LENS, 8 * PI / 3, "circle"),
    Row("lens", pv.Disk() & pv.Disk((1, 0)), LENS, 4 * PI / 3, "circle"),
    Row("moon", pv.Disk() - pv.Disk((1, 0)), PI - LENS, 2 * PI, "circle"),
    Row("half disk", HALF_DISK, PI / 2, PI + 2, "circle x x-"),
    Row(
        "plate with two holes",
        pv.Box(x=(0, 4), y=(0, 2)) - pv.Disk((1, 1), 0.5, name="a") - pv.Disk((3, 1), 0.5, name="b"),
        8 - PI / 2,
        12 + 2 * PI,
        "a b x x+ x- y y+ y-",
    ),
    Row(
        "box less its corner",
        pv.Box(x=(0, 1), y=(0, 1)) - pv.Box(x=(0.5, 1), y=(0.5, 1)),
        0.75,
        4,
        "x x+ x- y y+ y-",
    ),
    Row(
        "boxes side by side",
        pv.Box(x=(0, 1), y=(0, 1)) | pv.Box(x=(1, 3), y=(0, 1)),
        3,
        8,
        "x x+ x- y y+ y-",
    ),
    Row(
        "overlapping boxes",
        pv.Box(x=(0, 2), y=(0, 1)) | pv.Box(x=(1, 3), y=(0, 1)),
        3,
        8,
        "x x+ x- y y+ y-",
    ),
    Row("cylinder", pv.Disk() * pv.Interval(z=(0, 1)), PI, 4 * PI, "circle z z+ z-"),
    Row("lying cylinder", pv.Interval(z=(0, 3)) * pv.Disk(), 3 * PI, 8 * PI, "circle z z+ z-"),
    Row("ring", pv.Disk() * pv.Interval(z=(0, 1), periodic=True), PI, 2 * PI, "circle"),
    Row("product of boxes", pv.Box(x=(0, 1)) * pv.Box(y=(-1, 2)), 3, 8, "x x+ x- y y+ y-"),
    Row(
        "half cylinder",
        HALF_DISK * pv.Interval(z=(0, 2)),
        PI,
        2 * (PI + 2) + PI,
        "circle x x- z z+ z-",
    ),
    Row(
        "pipe",
        (pv.Disk((0, 0), 2, name="outer") - pv.Disk(name="inner")) * pv.Interval(z=(0, 1)),
        3 * PI,
        12 * PI,
        "inner outer z z+ z-",
    ),
]
every_shape = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def fresh():
    return np.random.default_rng(7)


def inside(shape, count=COUNT, sampler=None, rng=None):
    return Interior(as_domain(shape)).draw(count, sampler or pv.Sobol(), rng or fresh())[0]


def boundary(shape, on=None, count=COUNT):
    return boundary_site(as_domain(shape), on).draw(count, pv.Sobol(), fresh())


def size(shape):
    return float(np.max(shape.upper - shape.lower))


def bounded_axes(shape):
    return np.concatenate([np.full(c.size, not c.periodic) for c in shape.coordinates])


# Points inside.


@every_shape
@pytest.mark.parametrize(
    "sampler", [pv.Sobol(), pv.Uniform(), pv.Grid()], ids=lambda s: type(s).__name__
)
def test_exactly_as_many_points_as_asked_lie_inside(row, sampler):
    points = inside(row.shape, 777, sampler)
    assert points.shape == (777, row.shape.dim)
    assert np.all(row.shape.level(points) < 0)
    assert np.all((points >= row.shape.lower) & (points <= row.shape.upper))


@every_shape
def test_share_of_the_bounding_box_is_the_volume(row):
    lower, extent = row.shape.lower, row.shape.upper - row.shape.lower
    probe = lower + fresh().random((32 * COUNT, row.shape.dim)) * extent
    measured = np.mean(row.shape.contains(probe)) * np.prod(extent)
    assert measured == pytest.approx(row.volume, rel=MONTE_CARLO)


@every_shape
@pytest.mark.parametrize(
    "sampler", [pv.Sobol(), pv.Uniform(), pv.Grid()], ids=lambda s: type(s).__name__
)
def test_points_inside_are_spread_evenly(row, sampler):
    """Their means and mean squares are those of a uniform draw from the bounding box, kept inside."""
    rng = fresh()  # one grid is shifted as a whole; over many draws nothing is left of that
    drawn = np.concatenate([inside(row.shape, COUNT, sampler, rng) for _ in range(DRAWS)])
    box = np.random.default_rng(1).random((32 * COUNT, row.shape.dim))
    box = row.shape.lower + box * (row.shape.upper - row.shape.lower)
    uniform = box[row.shape.contains(box)]
    for power in (1, 2):
        scale = np.max(np.abs(uniform**power), axis=0)
        gap = np.abs(np.mean(drawn**power, axis=0) - np.mean(uniform**power, axis=0)) / scale
        assert np.max(gap) < MONTE_CARLO


@every_shape
def test_interior_points_have_no_normal(row):
    _, normals = Interior(as_domain(row.shape)).draw(10, pv.Sobol(), fresh())
    np.testing.assert_array_equal(normals, np.zeros((10, row.shape.dim)))


# Points on the boundary.


@every_shape
def test_boundary_points_have_level_zero_and_are_as_many_as_asked(row):
    site = boundary_site(as_domain(row.shape), None)
    points, normals = site.draw(777, pv.Sobol(), fresh())
    expected = 777 if site.finite is None else site.finite
    assert points.shape == normals.shape == (expected, row.shape.dim)
    assert np.max(np.abs(row.shape.level(points))) < ROUNDING * size(row.shape)
    assert np.all(row.shape.contains(points))


@every_shape
def test_normals_have_length_one_and_point_outward(row):
    points, normals = boundary(row.shape)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, rtol=1e-14)
    step = HAIR * size(row.shape) * normals
    assert np.all(row.shape.level(points + step) > 0)
    assert np.all(row.shape.level(points - step) < 0)


@every_shape
def test_divergence_theorem(row):
    """Mean of F n times the surface is the mean of div F times the volume, F_i = x_i^2 + x_(i-1)."""
    shape, axes = row.shape, bounded_axes(row.shape)
    on, normals = boundary(shape)
    field = (on**2 + np.roll(on, 1, axis=1)) * axes
    flux = np.mean(np.sum(field * normals, axis=1)) * row.surface
    divergence = np.mean(np.sum(2 * inside(shape) * axes, axis=1)) * row.volume
    if shape.dim == 1:  # the roll brings a coordinate back to itself
        divergence += row.volume
    scale = np.max(np.linalg.norm(field, axis=1)) * row.surface
    assert abs(flux - divergence) < QUASI * scale


@every_shape
def test_facet_measures_sum_to_the_surface(row):
    """They steer how points are shared between facets, so their proportions must be right."""
    total = sum(facet.measure for facet in row.shape.facets())
    assert total == pytest.approx(row.surface, rel=SHARE)


@every_shape
def test_part_names(row):
    assert as_domain(row.shape).part_names() == row.parts.split()


@every_shape
def test_every_part_has_points_and_their_normals_are_the_boundary_s(row):
    for part in row.parts.split():
        points, normals = boundary(row.shape, part, 50)
        assert np.max(np.abs(row.shape.level(points))) < ROUNDING * size(row.shape)
        assert len(points) == 50 or row.shape.dim == 1
        if part[-1] in "+-":
            assert np.all(np.abs(normals).max(axis=1) == 1)  # a face of a box


@every_shape
def test_same_generator_state_gives_the_same_points(row):
    for draw in (inside, lambda shape: boundary(shape)[0]):
        np.testing.assert_array_equal(draw(row.shape), draw(row.shape))
    site = Interior(as_domain(row.shape))
    rng = fresh()
    first, second = (site.draw(16, pv.Sobol(), rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)


# Particular shapes.


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("axis", "share"), [(0, 3 / 8), (1, 1 / 8)])
def test_sides_of_a_box_get_points_in_proportion_to_their_length(axis, side, share):
    _, normals = boundary(pv.Box(x=(0, 1), y=(0, 3)))
    assert np.mean(normals[:, axis] == side) == pytest.approx(share, abs=0.01)


def test_caps_of_a_cylinder_get_points_in_proportion_to_their_area():
    _, normals = boundary(pv.Disk() * pv.Interval(z=(0, 3)))
    assert np.mean(normals[:, 2] == 1) == pytest.approx(1 / 8, abs=0.01)


def test_points_on_a_restricted_boundary_are_shared_in_proportion_to_length():
    """Upper half of a union: an arc of 4 pi / 6 of the circle, and half of one of a fourth."""
    shape = pv.Disk((0, 0), 2, name="big") | pv.Disk((2, 0), 1, name="small")
    upper = boundary(shape, lambda y: y > 0)[0]
    big = np.arccos(7 / 8) * 2  # half the angle hidden inside the small disk, times the radius
    small = np.arccos(1 / 4)
    lengths = 2 * PI - big, PI - small
    on_small = np.abs(np.linalg.norm(upper - [2, 0], axis=1) - 1) < 1e-9
    assert np.mean(on_small) == pytest.approx(lengths[1] / sum(lengths), abs=0.02)


def test_edges_of_a_clockwise_polygon_keep_their_numbers():
    """`edge0` joins the first to the second vertex as they were written."""
    points, normals = boundary(pv.Polygon([(0, 0), (0, 4), (3, 0)]), "edge0", 20)
    np.testing.assert_allclose(points[:, 0], 0, atol=1e-12)
    np.testing.assert_allclose(normals, np.tile([-1.0, 0.0], (20, 1)), atol=1e-12)


def test_face_points_lie_exactly_on_the_face():
    points, _ = boundary(pv.Box(x=(0.1, 0.3), y=(-1 / 3, 1 / 7)), "y+", 100)
    assert set(points[:, 1]) == {1 / 7}


def test_box_without_a_periodic_part_has_no_such_facet():
    names = set().union(*(facet.names for facet in pv.Box(x=(0, 1), y=(0, 1), periodic="x").facets()))
    assert names == {"y", "y-", "y+"}
    assert pv.Box(x=(0, 1), y=(0, 1), periodic=("x", "y")).facets() == ()


def test_nothing_is_outside_along_a_periodic_coordinate():
    box = pv.Box(x=(0, 1), y=(0, 1), periodic="x")
    points = np.array([[-3.7, 0.5], [9.0, 0.0], [0.5, 1.5]])
    np.testing.assert_array_equal(box.contains(points), [True, True, False])


def test_several_parts_and_repeated_parts_are_joined():
    box = pv.Box(x=(0, 1), y=(0, 1))
    points, _ = boundary(box, "x- y+", 100)
    assert np.all((points[:, 0] == 0) | (points[:, 1] == 1))
    assert len(boundary_site(as_domain(box), ("x-", "x-", "x")).pieces) == 2


def test_predicate_chooses_points_and_keeps_normals():
    points, normals = boundary(pv.Disk(), lambda x, y: (x > 0.5) & (y > 0), 500)
    assert len(points) == 500
    assert np.all((points[:, 0] > 0.5) & (points[:, 1] > 0))
    np.testing.assert_allclose(normals, points, atol=1e-14)


def test_predicate_receives_a_vector_coordinate_whole():
    points, _ = boundary(pv.Box(x=[(0, 1)] * 3), lambda x: x[2] == 1, 64)
    assert np.all(points[:, 2] == 1)


def test_predicate_can_choose_one_end_of_an_interval():
    site = boundary_site(as_domain(pv.Interval(0, 1)), lambda x: x > 0.5)
    assert site.finite == 1
    np.testing.assert_array_equal(site.draw(1, pv.Sobol(), fresh())[0], [[1.0]])


@pytest.mark.parametrize("center", [0.1, 0.3, 0.5, 0.77])
def test_predicate_that_holds_on_a_small_outlet_of_a_wall_finds_it(center):
    def outlet(x, y):
        return y == 0 and abs(x - center) < 1e-3

    points, _ = boundary(pv.Box(x=(0, 1), y=(0, 1)), outlet, 16)
    assert np.all(np.abs(points[:, 0] - center) < 1e-3)


def test_fewer_boundary_points_than_facets_gives_exactly_as_many_as_asked():
    assert len(boundary(pv.Box(x=(0, 1), y=(0, 1)), None, 3)[0]) == 3


def test_regular_grid_on_a_high_dimensional_sphere_is_not_at_one_pole():
    points, _ = boundary_site(as_domain(pv.Ball((0,) * 4)), None).draw(512, pv.Grid(), fresh())
    assert np.max(np.abs(points.mean(axis=0))) < 0.2


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
    assert domain.part_names() == ["t+", "t-", "x", "x+", "x-"]
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
    parts = domain.split(points)
    assert list(parts) == ["a", "v", "t"]
    np.testing.assert_array_equal(parts["a"], [0, 4])
    np.testing.assert_array_equal(parts["v"], [[1, 2], [5, 6]])
    np.testing.assert_array_equal(parts["t"], [3, 7])


def test_products_join_in_any_order():
    disk, interval, time = pv.Disk(), pv.Interval(z=(0, 1)), pv.Time(0, 1)
    for domain in ((disk * interval) * time, disk * (interval * time), (disk * time) * interval):
        assert [c.name for c in domain.coordinates] == ["x", "y", "z", "t"]
    assert isinstance(Moment(disk * time, 0.0).domain.space, pv.Disk)


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


# Properties of shapes.

FINITE = st.floats(-100, 100)
LENGTH = st.floats(0.01, 100)


@given(lower=st.lists(FINITE, min_size=1, max_size=4), data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_points_of_any_box_are_inside_and_its_faces_on_the_bounds(lower, data, seed):
    extent = data.draw(st.lists(LENGTH, min_size=len(lower), max_size=len(lower)))
    bounds = {f"x{i}": (a, a + b) for i, (a, b) in enumerate(zip(lower, extent, strict=True))}
    domain = as_domain(pv.Box(**bounds))
    points, _ = Interior(domain).draw(32, pv.Sobol(), np.random.default_rng(seed))
    assert np.all(domain.contains(points))
    on, normals = boundary_site(domain, None).draw(32, pv.Sobol(), np.random.default_rng(seed))
    axis = np.argmax(np.abs(normals), axis=1)
    rows = np.arange(len(on))
    ends = np.where(normals[rows, axis] > 0, domain.upper[axis], domain.lower[axis])
    np.testing.assert_array_equal(on[rows, axis], ends)


CORNERS = st.lists(st.tuples(FINITE, FINITE), min_size=3, max_size=8, unique=True)


@given(corners=CORNERS, clockwise=st.booleans())
@settings(max_examples=30, deadline=None)
def test_convex_polygon_agrees_with_its_half_planes(corners, clockwise):
    cloud = np.array(corners)
    spread = cloud - cloud.mean(axis=0)
    assume(np.linalg.svd(spread, compute_uv=False)[-1] > 1)
    hull = ConvexHull(cloud)
    vertices = cloud[hull.vertices]
    shape = pv.Polygon(vertices[::-1] if clockwise else vertices)
    probe = shape.lower + np.random.default_rng(0).random((200, 2)) * (shape.upper - shape.lower)
    beyond = np.max(probe @ hull.equations[:, :2].T + hull.equations[:, 2], axis=1)
    clear = np.abs(beyond) > 1e-6
    np.testing.assert_array_equal(shape.contains(probe)[clear], beyond[clear] < 0)


@given(center=st.tuples(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9)), radius=st.floats(0.3, 1.5))
@settings(max_examples=20, deadline=None)
def test_set_operations_are_those_of_sets(center, radius):
    first, second = pv.Disk(), pv.Disk(center, radius)
    probe = np.random.default_rng(0).uniform(-2.5, 2.5, (500, 2))
    a, b = np.linalg.norm(probe, axis=1) < 1, np.linalg.norm(probe - center, axis=1) < radius
    np.testing.assert_array_equal((first | second).contains(probe), a | b)
    np.testing.assert_array_equal((first & second).contains(probe), a & b)
    if np.hypot(*center) + 1 > radius + 0.2:  # else nothing, or next to nothing, is left
        np.testing.assert_array_equal((first - second).contains(probe), a & ~b)


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
