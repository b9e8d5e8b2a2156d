"""Normals at points of the boundary, and integrals over its parts."""

import numpy as np
import pytest

import pinnsven as pv
from pinnsven._domains import Facets, as_domain, boundary_rule, boundary_site, outward_normals

SQUARE = pv.Box(x=(0, 1), y=(0, 1))


def pieces(domain, on) -> tuple:
    site = boundary_site(domain, on)
    assert isinstance(site, Facets)
    return site.pieces


# Shapes with the length or area of their boundary, their volume, and how exact the rule is.
SHAPES = {
    "box": (pv.Box(x=(0, 2), y=(0, 3)), 10.0, 6.0, 1e-13),
    "disk": (pv.Disk((0.3, 0.0), 0.7), 1.4 * np.pi, 0.49 * np.pi, 1e-13),
    "polygon": (pv.Polygon([(0, 0), (2, 0), (1, 2)]), 2 + 2 * 5**0.5, 2.0, 1e-12),
    "ball": (pv.Ball((0, 0, 0.5), 1.5), 9 * np.pi, 4.5 * np.pi, 1e-13),
    "quarter cut out": (SQUARE - pv.Disk((0, 0), 0.5), 3 + np.pi / 4, 1 - np.pi / 16, 1e-6),
    "hole": (SQUARE - pv.Disk((0.5, 0.5), 0.2), 4 + 0.4 * np.pi, 1 - 0.04 * np.pi, 1e-12),
    "brick": (pv.Box(x=(0, 1), y=(0, 2), z=(0, 3)), 22.0, 6.0, 1e-13),
}


@pytest.mark.parametrize("name", SHAPES)
def test_boundary_integrals_are_lengths_and_by_gauss_theorem_volumes(name):
    shape, length, volume, accuracy = SHAPES[name]
    site = boundary_site(as_domain(shape), None)
    points, normals, weights = boundary_rule(site, 24)
    assert np.all(weights > 0)
    np.testing.assert_allclose(weights.sum(), length, rtol=accuracy)
    through = weights @ np.sum(points * normals, axis=1) / shape.dim
    np.testing.assert_allclose(through, volume, rtol=accuracy)


def test_a_face_that_is_cut_is_integrated_to_three_digits():
    shape = pv.Disk(name="wall") * pv.Interval(z=(0, 2))
    _, _, weights = boundary_rule(boundary_site(as_domain(shape), None), 24)
    np.testing.assert_allclose(weights.sum(), 2 * np.pi * 2 + 2 * np.pi, rtol=5e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_normals_at_points_are_those_the_points_were_drawn_with(name):
    shape = SHAPES[name][0]
    domain = as_domain(shape)
    site = boundary_site(domain, None)
    points, normals = site.draw(64, pv.Sobol(), np.random.default_rng(0))
    np.testing.assert_allclose(outward_normals(domain, points), normals, atol=1e-9)


def test_a_shape_of_which_only_the_level_is_known_has_normals():
    domain = as_domain(SQUARE - pv.Disk((0.5, 0.5), 0.2))
    around = pieces(domain, lambda x, y: (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1)
    found = outward_normals(domain, np.array([[0.5, 0.7], [0.62, 0.66]]), around)
    np.testing.assert_allclose(found, [[0, -1], [-0.6, -0.8]], atol=1e-8)


def test_at_a_corner_the_part_that_is_named_has_the_say():
    domain = as_domain(SQUARE)
    corner = np.array([[1.0, 1.0]])
    for on, normal in (("x+", [1, 0]), ("y+", [0, 1])):
        found = outward_normals(domain, corner, pieces(domain, on))
        np.testing.assert_allclose(found[0], normal)


@pytest.mark.parametrize(
    "on, message", [(None, "1 of 2 points do not lie on the boundary"), ("y", "on that part")]
)
def test_no_normal_away_from_the_boundary(on, message):
    domain = as_domain(SQUARE)
    part = None if on is None else pieces(domain, on)
    with pytest.raises(ValueError, match=message):
        outward_normals(domain, np.array([[0.0, 0.5], [0.5, 0.5]]), part)
    with pytest.raises(ValueError, match="no boundary in space"):
        outward_normals(as_domain(pv.Time(0, 1)), np.zeros((1, 1)))
