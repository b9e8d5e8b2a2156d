"""Integration rules of shapes, against closed forms and scipy."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy.integrate import dblquad, quad

import pinnsven as pv
from integrals import NODES, PI, PLANE, ROWS, SOLID, UNIT, integral, moments
from pinnsven._domains import Product, as_domain, integration_rule

every_shape = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_plane_shape = pytest.mark.parametrize("row", PLANE, ids=lambda row: row.name)


@every_shape
def test_moments_are_those_of_the_closed_form(row):
    size = np.max(np.abs([row.shape.lower, row.shape.upper]))
    scale = row.volume * size ** np.repeat([0, 1, 2], [1, row.shape.dim, row.shape.dim])
    np.testing.assert_allclose((moments(row.shape) - row.moments) / scale, 0, atol=row.tolerance)


@every_shape
def test_weights_are_positive_and_points_inside_at_the_middle_of_time(row):
    domain = as_domain(row.shape) * pv.Time(1, 3)
    points, weights = integration_rule(domain, NODES)
    assert np.all(weights > 0) and np.all(domain.contains(points)) and np.all(points[:, -1] == 2)


@every_plane_shape
def test_points_in_the_plane_are_few(row):
    few = {"star with a hole": 4.5, "holes almost in line": 12}.get(row.name, 4)
    assert len(integration_rule(as_domain(row.shape), NODES)[1]) <= few * NODES**2


@pytest.mark.parametrize("nodes", [1, 2, 5])
@every_shape
def test_any_number_of_nodes_gives_a_rule(row, nodes):
    points, weights = integration_rule(as_domain(row.shape), nodes)
    assert len(points) and np.all(weights > 0)


@pytest.mark.parametrize(
    ("shape", "exact"),
    [
        (pv.Interval(-1, 2), (2**5 + 1) / 5),
        (pv.Box(x=(0, 1), y=(0, 2)), 2 / 5),
        (pv.Disk(radius=2), PI / 8 * 2**6),
        (pv.Disk(radius=2) * pv.Interval(0, 3, name="z"), 3 * PI / 8 * 2**6),
        (pv.Ball(radius=2), 4 * PI / 35 * 2**7),
        (pv.Time(-1, 2), (2**5 + 1) / 5),
    ],
    ids=["interval", "box", "disk", "cylinder", "ball", "time"],
)
def test_rules_integrate_the_fourth_power_exactly(shape, exact):
    points, weights = integration_rule(as_domain(shape), 6)
    np.testing.assert_allclose(weights @ points[:, 0] ** 4, exact, rtol=1e-13)


def wave(points):
    """About two waves across a shape of unit size."""
    return np.exp(points[:, 0]) * np.cos(9 * points[:, 1] + 5 * points[:, 0])


@pytest.mark.parametrize(
    ("shape", "left", "right", "low", "high"),
    [
        (pv.Polygon([(0, 0), (1, 0), (0, 1)]), 0, 1, lambda x: 0, lambda x: 1 - x),
        (
            pv.Disk() & pv.Box(x=(0, 0.9), y=(0, 2)),
            0,
            0.9,
            lambda x: 0,
            lambda x: math.sqrt(1 - x * x),
        ),
        (
            pv.Box(x=(-0.6, 0.6), y=(0, 2)) - pv.Disk(),
            -0.6,
            0.6,
            lambda x: math.sqrt(1 - x * x),
            lambda x: 2,
        ),
    ],
    ids=["triangle", "slice of a disk", "box over a disk"],
)
def test_a_wave_is_integrated_as_by_scipy(shape, left, right, low, high):
    def at(y, x):
        return wave(np.array([[x, y]]))[0]

    exact = dblquad(at, left, right, low, high, epsabs=1e-12, epsrel=1e-12)[0]
    np.testing.assert_allclose(integral(shape, wave), exact, atol=1e-11)


def test_a_ring_of_bessel_functions():
    r"""$\int e^{ikx}$ over the annulus is $2 \pi (J_1(k) - J_1(k / 2) / 2) / k$."""
    ring = pv.Disk() - pv.Disk((0, 0), 0.5)
    exact, _ = quad(lambda r: 2 * PI * r * _bessel(12 * r), 0.5, 1, epsabs=1e-13)
    for turn in np.linspace(0, PI, 7):
        along = 12 * np.array([math.cos(turn), math.sin(turn)])
        found = integral(ring, lambda points, along=along: np.cos(points @ along))
        np.testing.assert_allclose(found, exact, atol=1e-11)


def _bessel(z):
    return quad(lambda angle: math.cos(z * math.sin(angle)) / PI, 0, PI, epsabs=1e-13)[0]


@every_plane_shape
def test_more_nodes_resolve_more(row):
    """Forty waves across the shape: nothing at 8 nodes, all at 100."""
    wavenumber = 250 / (row.shape.upper - row.shape.lower) * np.array([0.6, 0.8])

    def function(points):
        return np.cos((points - row.shape.lower) @ wavenumber)

    best = integral(row.shape, function, 150)
    errors = [abs(integral(row.shape, function, nodes) - best) / row.volume for nodes in (8, 60, 100)]
    assert errors[2] < 1e-12 and errors[1] < 0.1
    assert errors[0] > 1e-4 or row.name in ("thin lens", "thin annulus")


def moved(shape, scale, offset):
    """The shape times a factor, then moved by the offset times that factor."""
    if isinstance(shape, pv.Disk):
        center = [scale * (c + offset) for c in shape.center]
        return pv.Disk(center, scale * shape.radius)
    if isinstance(shape, pv.Polygon):
        return pv.Polygon((np.array(shape.vertices) + offset) * scale)
    if isinstance(shape, pv.Box):
        pairs = zip(shape.lower, shape.upper, strict=True)
        x, y = [(scale * (low + offset), scale * (high + offset)) for low, high in pairs]
        return pv.Box(x=x, y=y)
    parts = (shape.first, shape.second) if isinstance(shape, Product) else shape.shapes
    return type(shape)(*[moved(part, scale, offset) for part in parts])


@pytest.mark.parametrize(("scale", "offset"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e3), (1e-3, -1e3)])
@every_plane_shape
def test_scale_and_offset_change_nothing(row, scale, offset):
    shape = moved(row.shape, scale, offset)
    points, weights = integration_rule(as_domain(shape), NODES)
    places, shares = points / scale - offset, weights / scale**2
    found = np.concatenate([[shares.sum()], shares @ places, shares @ places**2])
    tolerance = 1e-12 if not offset else 1e-9
    np.testing.assert_allclose(found, row.moments, atol=50 * tolerance, rtol=tolerance)


coordinate = st.floats(-1, 1)
disks = st.builds(lambda x, y, r: pv.Disk((x, y), r), coordinate, coordinate, st.floats(0.05, 1.5))
boxes = st.builds(
    lambda x, y, a, b: pv.Box(x=(x, x + a), y=(y, y + b)),
    coordinate,
    coordinate,
    st.floats(0.05, 2),
    st.floats(0.05, 2),
)
triangles = st.builds(
    lambda x, y, a, b, c: pv.Polygon([(x, y), (x + a, y + b), (x + b - c, y + a + 0.1)]),
    coordinate,
    coordinate,
    st.floats(0.3, 1),
    coordinate,
    coordinate,
)
shapes = st.one_of(disks, boxes, triangles)


@pytest.mark.solves
@settings(deadline=None, max_examples=80)
@given(shapes, shapes)
def test_parts_add_up(one, other):
    """The first is what is left of it and what both share; the union is all three parts."""
    assume(np.all(one.lower < other.upper) and np.all(other.lower < one.upper))
    function = lambda points: 2 + np.sin(3 * points[:, 0] + 2 * points[:, 1] ** 2)
    try:
        parts = [one - other, one & other, other - one, one | other]
    except ValueError:
        assume(False)
        return
    left, shared, right, joined = [integral(shape, function) for shape in parts]
    scale = integral(one | other, function)
    np.testing.assert_allclose(left + shared, integral(one, function), atol=1e-10 * scale)
    np.testing.assert_allclose(left + shared + right, joined, atol=1e-10 * scale)


def test_a_circle_may_touch_a_wall_between_two_crossings():
    """Where it touches, at the middle of a panel, the section of the rest has no length."""
    disk, box = pv.Disk((0.5, 1), 0.05), pv.Box(x=(0, 1), y=(1, 1.05))
    half = PI * 0.05**2 / 2
    np.testing.assert_allclose(moments(disk & box)[0], half, rtol=1e-10)
    np.testing.assert_allclose(moments(box - disk)[0], 0.05 - half, rtol=1e-10)


def test_a_wave_in_a_ball_has_its_closed_form():
    r"""$\int \cos(k x)$ over the unit ball is $4 \pi (\sin k - k \cos k) / k^3$."""
    exact = 4 * PI * (math.sin(7) - 7 * math.cos(7)) / 7**3
    beside = pv.Box(x=(-2, 2), y=(-2, 0.3), z=(-2, 2))
    for axis in range(3):
        wave = lambda points, axis=axis: np.cos(7 * points[:, axis])
        assert abs(integral(pv.Ball(), wave) - exact) < 1e-13
        halves = integral(pv.Ball() & beside, wave) + integral(pv.Ball() - beside, wave)
        assert abs(halves - exact) < SOLID


def test_two_crossing_cylinders_have_the_volume_of_archimedes():
    first = pv.Disk((0, 0), 1) * pv.Interval(z=(-2, 2))
    second = pv.Interval(x=(-2, 2)) * pv.Disk((0, 0), 1, coordinates=("y", "z"))
    np.testing.assert_allclose(moments(first & second)[0], 16 / 3, rtol=1e-9)


def test_a_drilled_ball_has_the_volume_of_its_height():
    """A napkin ring depends on its height alone."""
    ring = pv.Ball() - pv.Disk((0, 0), 0.6) * pv.Interval(z=(-1, 1))
    np.testing.assert_allclose(moments(ring)[0], 4 / 3 * PI * 0.8**3, rtol=1e-8)


def test_products_in_many_dimensions_have_few_points():
    torus = pv.Disk() * pv.Disk(coordinates=("a", "b"))
    points, weights = integration_rule(as_domain(torus), NODES)
    assert len(points) <= 4_096
    np.testing.assert_allclose(
        [weights.sum(), weights @ points[:, 0] ** 2], [PI**2, PI**2 / 4], rtol=1e-13
    )


def test_a_jump_in_the_middle_of_a_symmetric_solid_is_seen():
    """Volumes alone, by symmetric rules, do not tell a jump at the center from none."""
    steps = pv.Box(x=(-1, 0), y=(0, 2), z=(0, 1)) | pv.Box(x=(0, 1), y=(0, 1), z=(0, 1))
    np.testing.assert_allclose(moments(steps)[:3], [3, -0.5, 2.5], rtol=1e-12)


def test_breaks_inside_a_region_add_no_points():
    hidden = UNIT | pv.Disk((0.5, 0.5), 0.2) | pv.Box(x=(0.3, 0.4), y=(0.1, 0.2))
    assert len(integration_rule(as_domain(hidden), NODES)[1]) == NODES**2
