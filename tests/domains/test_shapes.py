"""Laws of all shapes: points inside and on the boundary, normals, measures, sets."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy.spatial import ConvexHull

import pinnsven as pv
from pinnsven._domains import (
    Interior,
    as_domain,
    boundary_site,
    describe_shape,
    shape_of,
)
from shapes import COUNT, ROUNDING, ROWS, boundary, fresh, size

DRAWS = 16
HAIR = 1e-6  # a step off the boundary, relative to the extent of the shape
MONTE_CARLO = 0.03  # of a mean over COUNT random points, relative to its largest value
QUASI = 0.01  # the same with low-discrepancy points on all facets
SHARE = 0.015  # of the measure of a facet that a set operation or predicate has cut
every_shape = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def inside(shape, count=COUNT, sampler=None, rng=None):
    return Interior(as_domain(shape)).draw(count, sampler or pv.Sobol(), rng or fresh())[0]


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
        if part[-1] in "+-" and "turned" not in repr(row.shape):
            assert np.all(np.abs(normals).max(axis=1) == 1)  # a face of a box


@every_shape
def test_same_generator_state_gives_the_same_points(row):
    for draw in (inside, lambda shape: boundary(shape)[0]):
        np.testing.assert_array_equal(draw(row.shape), draw(row.shape))
    site = Interior(as_domain(row.shape))
    rng = fresh()
    first, second = (site.draw(16, pv.Sobol(), rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)


@every_shape
def test_a_description_makes_the_same_shape(row):
    """As a file holds it: of plain lists, texts and numbers."""
    again = shape_of(json.loads(json.dumps(describe_shape(row.shape))))
    np.testing.assert_array_equal([again.lower, again.upper], [row.shape.lower, row.shape.upper])
    probe = np.random.default_rng(2).random((500, row.shape.dim))
    probe = row.shape.lower + probe * (row.shape.upper - row.shape.lower)
    np.testing.assert_allclose(again.level(probe), row.shape.level(probe), atol=1e-12 * size(row.shape))
    assert as_domain(again).part_names() == row.parts.split()


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
