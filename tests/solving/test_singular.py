"""Which inputs a problem asks for by itself: corners of the start and of the domain, layers."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._networks import Bend, CornerPowers, HeatProfile, Layer
from pinnsven._solving._singular import find_singularities

L_SHAPE = pv.Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])


def features(problem) -> list[Any]:
    return [found.feature for found in find_singularities(problem, pv.MLP())]


def heat(start, wall, source=0.0, space=None, **on):
    space = pv.Interval(0, 1) if space is None else space
    conditions = {
        "heat": pv.PDE(lambda u_t, u_xx: 2 * u_t - 0.2 * u_xx - source),
        "start": pv.Initial(u=start),
    }
    if wall is not None:
        conditions["walls"] = pv.Dirichlet(u=wall, **on)
    return pv.Problem(space * pv.Time(0, 1), "u", conditions)


@pytest.mark.parametrize(
    ("problem", "places", "orders"),
    [
        (heat(0.0, 1.0), [0, 1], [0, 0]),
        (heat(0.0, 0.0, source=1.0), [0, 1], [2, 2]),
        (heat(lambda x: jnp.sin(jnp.pi * x), 0.0), [], []),
        (heat(lambda x: jnp.abs(x - 0.4) * jnp.sin(jnp.pi * x), lambda x, t: 0 * t), [0.4], [1]),
        (heat(lambda x: jnp.where(x < 0.3, 1.0, 0.0), lambda x, t: 1 - x), [0.3], [0]),
        (heat(lambda x: x * x, None, space=pv.Box(x=(0, 1), periodic="x")), [0, 0], [0, 1]),
    ],
)
def test_corners_of_a_start_are_found_with_their_order_and_diffusivity(problem, places, orders):
    found = [f for f in features(problem) if isinstance(f, HeatProfile)]
    kinks = [f for f in found if f.place not in (0.0, 1.0) or not orders or f.place in places]
    assert [f.order for f in kinks] == orders
    np.testing.assert_allclose([f.place for f in kinks], places, atol=1e-3)
    assert all(f.diffusivity == pytest.approx(0.1) for f in kinks)


def test_no_profile_where_nothing_diffuses():
    transport = pv.PDE(lambda u_t, u_x: u_t + u_x)
    backward = pv.PDE(lambda u_t, u_xx: u_t + u_xx)
    for equation in (transport, backward):
        conditions = {"pde": equation, "start": pv.Initial(u=0.0), "wall": pv.Dirichlet(u=1.0, on="x")}
        problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
        assert not any(isinstance(f, HeatProfile) for f in features(problem))


def laplace(domain, source=0.0, **walls):
    conditions = {"pde": pv.PDE(lambda laplacian_u: laplacian_u + source)}
    return pv.Problem(domain, "u", conditions | (walls or {"walls": pv.Dirichlet(u=0.0)}))


def test_a_re_entrant_corner_is_found_with_its_angle():
    (found,) = features(laplace(L_SHAPE, walls=pv.Dirichlet(u=lambda x, y: x * x - y * y)))
    assert found.vertex == (0.0, 0.0) and found.exponents == pytest.approx((2 / 3, 4 / 3))
    assert np.cos(found.middle - 0.75 * np.pi) == pytest.approx(1)
    assert not found.logarithm and found.reach is None


def test_corners_where_equation_and_edges_disagree_have_a_logarithm():
    square = pv.Box(x=(0, 1), y=(0, 1))
    found = features(laplace(square, source=1.0))
    assert len(found) == 4 and all(f.logarithm and not f.exponents for f in found)
    smooth = pv.PDE(lambda laplacian_u, x, y: laplacian_u - jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y))
    problem = pv.Problem(square, "u", {"pde": smooth, "walls": pv.Dirichlet(u=0.0)})
    assert not features(problem)


def test_curvatures_that_are_zero_but_for_rounding_are_no_disagreement():
    square = pv.Box(x=(-1, 1), y=(-1, 1))
    log = lambda x, y: 0.5 * jnp.log((x + 0.3) ** 2 + (y + 0.3) ** 2)
    # Along an edge of a square around its pole log(r) does not bend at the corners: 1/r^2 = 2 x^2/r^4.
    centered = lambda x, y: 0.5 * jnp.log(x**2 + y**2)
    for value in (log, centered):
        around = {"walls": pv.Dirichlet(u=value, on="x y"), "hole": pv.Dirichlet(u=value, on="circle")}
        assert not features(laplace(square - pv.Disk(radius=0.5), **around))


def test_a_corner_where_the_kind_of_condition_changes_has_half_the_exponent():
    half = pv.Polygon([(0, 0), (1, 0), (1, 1), (-1, 1)])
    walls = {"held": pv.Dirichlet(u=0.0, on="edge0 edge2"), "free": pv.Neumann(u=0.0, on="edge1 edge3")}
    found = [f for f in features(laplace(half, **walls)) if f.vertex == (0.0, 0.0)]
    angle = 0.75 * np.pi
    assert found[0].exponents == pytest.approx((np.pi / angle / 2, 1.5 * np.pi / angle))


def test_functions_about_the_corners_of_a_hole_fade_before_their_cut_leaves_it():
    found = features(laplace(pv.Disk() - pv.Box(x=(-0.3, 0.3), y=(-0.3, 0.3))))
    assert len(found) == 4 and all(isinstance(f, CornerPowers) for f in found)
    for f in found:
        opposite = -1.01 * np.array(f.vertex)
        assert np.max(np.abs(f(jnp.asarray(opposite)))) < 1e-15


@pytest.mark.parametrize(
    ("equation", "layers"),
    [
        (lambda u_xx, u_x: -1e-3 * u_xx + u_x - 1, [(1.0, 1e-3)]),
        (lambda u_xx, u_x: -1e-3 * u_xx - u_x - 1, [(0.0, 1e-3)]),
        (lambda u_xx, u: -1e-4 * u_xx + u - 1, [(0.0, 1e-2), (1.0, 1e-2)]),
        (lambda u_xx, u: 1e-4 * u_xx + u - 1, []),
        (lambda u_xx, u_x: u_xx + u_x, []),
        (lambda u_xx, u_x, u: -1e-3 * u_xx + u * u_x, []),
    ],
)
def test_layers_are_found_at_the_walls_where_they_fade(equation, layers):
    conditions = {"pde": pv.PDE(equation), "walls": pv.Dirichlet(u=0.0, on="x")}
    found = features(pv.Problem(pv.Interval(0, 1), "u", conditions))
    assert all(isinstance(f, Layer) for f in found)
    assert [(f.place, pytest.approx(f.thickness)) for f in found] == layers


ROD = pv.Interval(-1, 3)
SQUARE = pv.Box(x=(0, 1), y=(0, 1))
# name: domain, equation, the (axis, place, order) of each plane
BENDS = {
    "a source": (ROD, lambda u_xx, x: u_xx - jnp.where(x < 0.5, 1.0, 5.0), [(0, 0.5, 2)]),
    "a reaction": (ROD, lambda u_xx, u, x: u_xx - jnp.where(x < 0.5, 1.0, 5.0) * u, [(0, 0.5, 2)]),
    "two steps": (
        ROD,
        lambda u_xx, x: u_xx - jnp.where((x > 0.1) & (x < 2.2), 1.0, 0.0),
        [(0, 0.1, 2), (0, 2.2, 2)],
    ),
    "a factor of the first order": (
        ROD,
        lambda u, u_x, x: u + jnp.where(x < 0.5, 1.0, 5.0) * u_x,
        [(0, 0.5, 1)],
    ),
    "a switch": (
        pv.Time(0, 4),
        lambda u_tt, u, t: u_tt + u - jnp.heaviside(t - 1.25, 0.5),
        [(0, 1.25, 2)],
    ),
    "a diffusivity, in time": (
        pv.Interval(0, 1) * pv.Time(0, 1),
        lambda u_t, u_xx, t: u_t - jnp.where(t < 0.3, 1.0, 2.0) * u_xx,
        [(1, 0.3, 1)],
    ),
    "along y": (SQUARE, lambda laplacian_u, y: laplacian_u - jnp.sign(y - 0.7), [(1, 0.7, 2)]),
    "a coefficient of the highest derivative": (
        ROD,
        lambda u_xx, x: jnp.where(x < 0.5, 1.0, 5.0) * u_xx - 1,
        [],
    ),
    "steep, but smooth": (ROD, lambda u_xx, x: u_xx - jnp.where(x < 9, jnp.tanh(1e3 * x), 0.0), []),
    "a kink": (ROD, lambda u_xx, x: u_xx - jnp.maximum(x, 0.5), []),
    "on a slant": (SQUARE, lambda laplacian_u, x, y: laplacian_u - jnp.where(x < y, 1.0, 2.0), []),
    "on a part of a plane": (
        SQUARE,
        lambda laplacian_u, x, y: laplacian_u - jnp.where((x < 0.5) & (y < 0.5), 1.0, 2.0),
        [],
    ),
    "too many": (ROD, lambda u_xx, x: u_xx - jnp.sign(jnp.sin(40 * x)), []),
    "at a wall": (ROD, lambda u_xx, x: u_xx - jnp.where(x < 3, 1.0, 2.0), []),
}


@pytest.mark.filterwarnings("ignore:.*may not be determined")
@pytest.mark.parametrize("name", BENDS)
def test_planes_on_which_an_equation_jumps_are_found(name):
    domain, equation, planes = BENDS[name]
    walls = {} if isinstance(domain, pv.Time) else {"walls": pv.Dirichlet(u=0.0)}
    conditions = {"pde": pv.PDE(equation), **walls}
    found = [f for f in features(pv.Problem(domain, "u", conditions)) if isinstance(f, Bend)]
    assert [(f.axis, pytest.approx(f.place, abs=1e-9), f.order) for f in found] == planes


def test_two_equations_that_share_a_rod_jump_where_they_meet():
    conditions = {
        "left": pv.PDE(lambda u_xx: u_xx - 1, on=lambda x: x < 0.3),
        "right": pv.PDE(lambda u_xx, x: u_xx + x, on=lambda x: x >= 0.3),
        "walls": pv.Dirichlet(u=0.0),
    }
    (found,) = features(pv.Problem(ROD, "u", conditions))
    assert isinstance(found, Bend) and found.place == pytest.approx(0.3, abs=1e-9)


def test_a_plane_that_an_unknown_may_move_is_left_to_the_network():
    equation = pv.PDE(lambda u_xx, x, a: u_xx - jnp.where(x < a, 1.0, 5.0))
    conditions = {"pde": equation, "walls": pv.Dirichlet(u=0.0, on="x")}
    assert not features(pv.Problem(ROD, "u", conditions, unknowns={"a": 0.5}))


@pytest.mark.slow
def test_a_rod_under_half_a_load_is_solved_to_rounding():
    """u'' = 2 above 1/2 and 0 below: max(x - 1/2, 0)^2 + x, which no smooth function is."""
    conditions = {
        "ode": pv.PDE(lambda u_xx, x: u_xx - jnp.where(x < 0.5, 0.0, 2.0)),
        "left": pv.Dirichlet(u=0.0, on="x-"),
        "right": pv.Dirichlet(u=1.25, on="x+"),
    }
    right = lambda x: jnp.maximum(x - 0.5, 0.0) ** 2 + x
    solution = pv.solve(pv.Problem(pv.Interval(0, 1), "u", conditions, exact=right))
    assert solution.status == "converged" and float(solution.error) < 1e-12
    assert "jumps in the equations at x = 0.5" in solution.message
