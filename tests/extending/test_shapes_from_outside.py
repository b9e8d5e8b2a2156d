"""Shapes from outside: points, rules of integration, files."""

import json
import re

import numpy as np
import pytest
from scipy.integrate import dblquad

import pinnsven as pv
from outside import prescribed
from pinnsven import extend
from pinnsven._domains import as_domain, describe_shape, integration_rule, shape_of
from pinnsven._output._archive import read_archive, write_archive

pytestmark = pytest.mark.usefixtures("shared_compilations")


class Bare(extend.AbstractShape):
    """The unit square above the diagonal x + y = 1, from the three things that are asked alone."""

    @property
    def coordinates(self):
        return tuple(extend.Coordinate(name, (0.0,), (1.0,)) for name in "xy")

    def level(self, points):
        return np.maximum(1 - points.sum(axis=1), np.max(points, axis=1) - 1)

    def facets(self):
        def place(unit):
            points = np.concatenate([unit, 1 - unit], axis=1)
            return points, np.full((len(unit), 2), -(0.5**0.5))

        return (extend.Facet(frozenset({"diagonal"}), dim=1, measure=2**0.5, place=place),)


def test_points_of_a_shape_from_outside_lie_inside_and_on_its_edges(triangle):
    domain = as_domain(triangle)
    rng = np.random.default_rng(0)
    points, _ = extend.Interior(domain).draw(500, pv.Sobol(), rng)
    assert len(points) == 500 and np.all(points > 0) and np.all(points.sum(axis=1) < 1)
    for part, wanted in (("edge0", [0, -1]), ("edge1", [0.5**0.5, 0.5**0.5]), ("edge2", [-1, 0])):
        on, normals = extend.boundary_site(domain, part).draw(50, pv.Sobol(), rng)
        np.testing.assert_allclose(triangle.level(on), 0, atol=1e-15)
        np.testing.assert_allclose(normals, np.tile(wanted, (50, 1)), atol=1e-15)
    on, _ = extend.boundary_site(domain, "triangle").draw(300, pv.Sobol(), rng)
    share = np.mean(np.abs(on.sum(axis=1) - 1) < 1e-12)
    np.testing.assert_allclose(share, 2**0.5 / (2 + 2**0.5), atol=0.02)


def test_a_shape_from_outside_is_integrated_over_by_its_own_rule(triangle):
    points, weights = integration_rule(as_domain(triangle), 12)
    exact = dblquad(lambda y, x: np.exp(x) * np.cos(3 * y), 0, 1, 0, lambda x: 1 - x)[0]
    np.testing.assert_allclose(
        weights @ (np.exp(points[:, 0]) * np.cos(3 * points[:, 1])), exact, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (Bare(), 0.5),
        (Bare() - pv.Disk((1.0, 1.0), 0.5), 0.5 - np.pi / 16),
        (pv.Disk((1.0, 1.0), 0.5) & Bare(), np.pi / 16),
        (Bare() * pv.Interval(z=(0, 3)), 1.5),
        (pv.Box(x=(0, 1), y=(0, 1)) * pv.Interval(z=(0, 2)) - Bare() * pv.Interval(z=(0, 2)), 1.0),
    ],
    ids=["alone", "hole", "part of a disk", "prism", "the rest of a prism"],
)
def test_without_a_rule_of_its_own_even_points_serve(shape, area):
    points, weights = integration_rule(as_domain(shape), 24)
    assert np.all(weights > 0) and np.all(shape.contains(points))
    np.testing.assert_allclose(weights.sum(), area, rtol=0.02)
    middle = np.mean(shape.fill(np.random.default_rng(0).random((200_000, shape.dim))), axis=0)
    np.testing.assert_allclose(weights @ points / weights.sum(), middle, atol=0.02)


def test_a_solution_on_a_shape_from_outside_is_saved_and_loaded(on_triangle, triangle, tmp_path):
    on_triangle.save(tmp_path / "own.pv")
    loaded = pv.load(tmp_path / "own.pv")
    assert loaded.domain.space == triangle
    at = {"x": [0.1, 0.5, 0.9], "y": [0.2, 0.4, 0.9], "t": 0.5}
    np.testing.assert_array_equal(loaded(**at), on_triangle(**at))
    assert np.isnan(loaded(**at)[2])


def test_a_combination_with_a_shape_from_outside_comes_back(triangle):
    whole = (triangle - pv.Disk((0.3, 0.3), 0.1)) * pv.Interval(z=(0, 1))
    described = json.loads(json.dumps(describe_shape(whole)))
    points = np.random.default_rng(0).random((500, 3))
    np.testing.assert_array_equal(shape_of(described).contains(points), whole.contains(points))


def test_a_shape_that_files_do_not_know_is_asked_for_again(tmp_path):
    solution = prescribed(Bare() | pv.Box(x=(0, 0.5), y=(0, 0.5)))
    solution.save(tmp_path / "own.pv")
    with pytest.raises(ValueError, match=r"own\.pv.*not known to files.*problem="):
        pv.load(tmp_path / "own.pv")
    problem = pv.Problem(solution.domain, "u", {"data": pv.Data({"x": [0.3], "y": [0.3]}, u=1.0)})
    assert pv.load(tmp_path / "own.pv", problem=problem)(x=0.3, y=0.3) == solution(x=0.3, y=0.3)


def test_a_shape_of_another_process_is_named(on_triangle, tmp_path):
    on_triangle.save(tmp_path / "own.pv")
    meta, arrays = read_archive(tmp_path / "own.pv", "solution")
    meta["domain"]["space"] = {"trapeze": meta["domain"]["space"]["triangle"]}
    write_archive(tmp_path / "own.pv", "solution", meta, arrays)
    with pytest.raises(ValueError, match=r"own\.pv.*a shape 'trapeze'.*import what defines it"):
        pv.load(tmp_path / "own.pv")


def test_a_class_derived_from_a_shape_is_not_written_as_that_shape():
    class Odd(pv.Box):
        def level(self, points):
            return super().level(points) + 0.1

    with pytest.raises(ValueError, match="Odd is no shape that files know"):
        describe_shape(Odd(x=(0, 1)))  # type: ignore[call-arg]


def test_two_shapes_cannot_share_a_name_but_a_cell_may_run_twice():
    def cell():
        class Blob(Bare):
            pass

        return extend.register_shape(Blob)

    cell()
    cell()
    with pytest.raises(ValueError, match=r"name='blob'.*Blob.*another name"):
        extend.register_shape(Bare, "blob")


def test_fields_of_a_shape_that_a_file_cannot_hold_are_named():
    class Curved(Bare):
        bend: object = np.sin

    with pytest.raises(ValueError, match="bend: ufunc"):
        Curved().describe()
    assert Curved(bend=np.array([[1.0, 2.0]])).describe() == {"bend": [[1.0, 2.0]]}
    assert Curved.from_description({"bend": [[1.0, 2.0]]}).bend == ((1.0, 2.0),)


@pytest.mark.parametrize(
    "given",
    [("lambda", (0.0,), (1.0,)), ("x", (0.0,), (np.inf,)), ("x", (1.0,), (0.0,)), ("x", (), ())],
)
def test_a_coordinate_that_is_none_is_refused(given):
    with pytest.raises(ValueError, match=re.escape(given[0])):
        extend.Coordinate(*given)
