"""Particular shapes, their parts and their predicates."""

import itertools
from typing import Any

import meshio
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._domains import (
    as_domain,
    boundary_site,
)
from shapes import PI, boundary, fresh

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
    site: Any = boundary_site(as_domain(box), ("x-", "x-", "x"))
    assert len(site.pieces) == 2


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


def test_the_outer_shape_has_the_bare_name_and_a_hole_its_own():
    plate = pv.Box(x=(0, 4), y=(0, 4)) - pv.Box(x=(1, 2), y=(1, 2), name="hole")
    assert np.all(boundary(plate, "x-")[0][:, 0] == 0)
    points, normals = boundary(plate, "hole.x-")
    assert np.all(points[:, 0] == 1) and np.all(normals == [1, 0])
    assert np.all(np.max(np.abs(boundary(plate, "hole")[0] - 1.5), axis=1) == 0.5)


def test_fifty_holes_have_their_areas_and_rims():
    plate, radius = pv.Box(x=(0, 10), y=(0, 5)), 0.2
    for i in range(50):
        plate = plate - pv.Disk((0.5 + i % 10, 0.5 + i // 10), radius, name=f"hole{i}")
    assert len(plate.pieces()) == 51
    assert sum(facet.measure for facet in plate.facets()) == pytest.approx(30 + 100 * PI * radius)
    assert plate.rule(24)[1].sum() == pytest.approx(50 - 50 * PI * radius**2, abs=1e-12)


def test_a_mesh_is_read_as_it_was_written(tmp_path):
    corners = [(0, 0), (2, 0), (2, 1), (0, 1)]
    cells = [("triangle", [(0, 1, 2), (0, 2, 3)]), ("line", [(0, 1), (1, 2)])]
    groups = {"inlet": [np.array([], int), np.array([1])]}
    meshio.Mesh(np.array(corners, float), cells, cell_sets=groups).write(tmp_path / "plate.inp")
    mesh = pv.Mesh.read(tmp_path / "plate.inp")
    assert mesh.volume() == 2
    assert np.all(boundary(mesh, "inlet")[0][:, 0] == 2)
    with pytest.raises(OSError, match=r"none\.msh"):
        pv.Mesh.read(tmp_path / "none.msh")


def test_points_of_a_mesh_lie_in_it_or_not_as_in_the_shape_that_it_fills():
    side = np.linspace(0, 1, 9)
    corners = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    quads = [
        (i + 9 * j, i + 1 + 9 * j, i + 10 + 9 * j, i + 9 + 9 * j) for i in range(8) for j in range(8)
    ]
    kept = [q for q in quads if not np.all(np.abs(corners[list(q)].mean(axis=0) - 0.5) < 0.2)]
    cells = [t for a, b, c, d in kept for t in ((a, b, c), (a, c, d))]
    points = np.random.default_rng(0).uniform(-0.2, 1.2, (20_000, 2))
    inside = np.all((points > 0) & (points < 1), axis=1)
    inside &= ~np.all(np.abs(points - 0.5) < 0.25, axis=1)
    np.testing.assert_array_equal(pv.Mesh(corners, cells).inside(points), inside)


def test_an_interval_takes_a_name_of_its_own_beside_a_pair():
    line = pv.Interval(x=(0, 4)) - pv.Interval(x=(1, 2), name="gap")
    assert boundary(line, "gap.x+")[0].tolist() == [[2.0]]
    assert boundary(line, "x+")[0].tolist() == [[4.0]]
    assert [c.name for c in pv.Interval(0, 1, name="s").coordinates] == ["s"]


# Surfaces and points.


def octahedron():
    """The corners of |x| + |y| + |z| = 2 and its faces, counterclockwise from outside."""
    corners = 2.0 * np.concatenate([np.eye(3), -np.eye(3)])
    ways = itertools.product((0, 3), (1, 4), (2, 5))
    faces = [way if sum(n > 2 for n in way) % 2 == 0 else way[::-1] for way in ways]
    return corners, np.array(faces)


@pytest.mark.parametrize("kind", ["stl", "obj", "ply"])
@pytest.mark.parametrize("reader", [pv.Solid, pv.Mesh])
def test_a_surface_is_read_from_a_file(kind, reader, tmp_path):
    corners, faces = octahedron()
    path = tmp_path / f"gem.{kind}"
    apart = corners[faces].reshape(-1, 3)  # as STL has them, each triangle its own corners
    meshio.Mesh(apart, [("triangle", np.arange(24).reshape(8, 3))]).write(path)
    gem = reader.read(path, name="gem")
    assert (len(gem.vertices), len(gem.triangles)) == (6, 8)
    points = np.random.default_rng(0).uniform(-2.5, 2.5, (20_000, 3))
    np.testing.assert_array_equal(gem.inside(points), np.abs(points).sum(axis=1) < 2)
    assert gem.volume() == pytest.approx(32 / 3, rel=1e-12)


def test_a_file_of_an_open_surface_is_named(tmp_path):
    corners, faces = octahedron()
    path = tmp_path / "open.stl"
    meshio.Mesh(corners, [("triangle", faces[1:])]).write(path)
    with pytest.raises(ValueError, match=r"open\.stl: .*open at 3 edges"):
        pv.Solid.read(path)
    path.write_text("neither a surface nor anything else")
    with pytest.raises(ValueError) as raised:
        pv.Solid.read(path)
    assert str(raised.value).count("open.stl") == 1


def test_the_distance_from_a_surface_is_that_of_the_octahedron():
    """Near to it, outside of a face's own prism too, where an edge or a corner is nearest."""
    gem = pv.Solid(*octahedron())
    points = np.random.default_rng(1).uniform(-2.2, 2.2, (400, 3))
    level = gem.level(points)

    def projected(point):
        """The nearest point of |x| + |y| + |z| <= 2: soft thresholding, by bisection."""
        low, high = 0.0, 3.0
        for _ in range(60):
            cut = (low + high) / 2
            high, low = (cut, low) if np.maximum(np.abs(point) - cut, 0).sum() < 2 else (high, cut)
        return np.sign(point) * np.maximum(np.abs(point) - high, 0)

    outside = np.abs(points).sum(axis=1) > 2
    away = np.array([np.linalg.norm(p - projected(p)) for p in points[outside]])
    near = level[outside] < 0.05
    np.testing.assert_allclose(level[outside][near], away[near], atol=1e-9)
    assert near.sum() > 5 and np.all(level[~outside] <= 0)


def test_a_mesh_of_very_many_cells_has_the_volume_of_its_rule():
    """With one node for each cell, too."""
    count = 12
    points = np.stack(np.meshgrid(*[np.linspace(0, 1, count)] * 3, indexing="ij"), axis=-1)
    starts = np.arange(count**3).reshape((count,) * 3)[:-1, :-1, :-1].reshape(-1, 1)
    ways = [np.cumsum([0, *order]) for order in itertools.permutations((count**2, count, 1))]
    mesh = pv.Mesh(points.reshape(-1, 3), np.concatenate([starts + way for way in ways]))
    places, weights = mesh.rule(4)
    assert len(places) == len(mesh.cells) > 7_500
    assert weights.sum() == pytest.approx(1, rel=1e-9)
    assert weights @ places[:, 0] == pytest.approx(0.5, rel=1e-9)


def test_an_integral_over_a_solid_that_is_seen_from_its_middle_is_exact():
    places, weights = pv.Solid(*octahedron()).rule(8)
    # x^2 over |x| + |y| + |z| <= a, by Dirichlet's formula: 8 a^5 2! / 5!.
    assert weights @ places[:, 0] ** 2 == pytest.approx(8 * 32 * 2 / 120, rel=1e-12)
