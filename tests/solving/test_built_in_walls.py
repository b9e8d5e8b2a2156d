"""Values on walls are built in where nothing speaks against it, and only there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import SMALL
from pinnsven._solving._built_in_walls import with_walls_built_in
from pinnsven._solving._singular import find_singularities

SQUARE = pv.Box(x=(0, 1), y=(0, 2))
POISSON = pv.PDE(lambda laplacian_u: laplacian_u + 1)
HEAT = pv.PDE(lambda u_t, u_xx: u_t - u_xx)
ROD = pv.Interval(0, 2) * pv.Time(1, 3)
WALLS = pv.Dirichlet(u=0.0)


def chosen(domain, pde, network=SMALL, points=None, singularities=(), fields="u", **conditions):
    """The names of the conditions that are built in."""
    declared = pv.Problem(domain, fields, {"pde": pde} | conditions)
    found = with_walls_built_in(declared, network, points, list(singularities))
    assert not declared.terms  # what the user declared is left alone
    return {block.name for block in found.blocks if block.exact}


def start(wall=0.0):
    return pv.Initial(u=lambda x: wall + jnp.sin(jnp.pi * x))


@pytest.mark.parametrize(
    ("wanted", "domain", "pde", "conditions"),
    [
        ({"a"}, SQUARE, POISSON, {"a": WALLS}),
        ({"a", "b"}, SQUARE, POISSON, {
            "a": pv.Dirichlet(u=3.0, on="x"), "b": pv.Dirichlet(u=3, on="y")}),
        ({"a", "b"}, pv.Interval(0, 1), pv.PDE(lambda u_xx: u_xx), {
            "a": pv.Dirichlet(u=3.0, on="x-"), "b": pv.Dirichlet(u=4.0, on="x+")}),
        ({"a"}, SQUARE, POISSON, {"a": pv.Dirichlet(u=1.0, on="x"), "b": pv.Neumann(u=0.0, on="y")}),
        ({"a"}, pv.Disk(), POISSON, {"a": WALLS}),
        ({"a"}, pv.Box(x=(0, 1), y=(0, 1), periodic="x"), POISSON, {"a": WALLS}),
        ({"a"}, ROD, HEAT, {"a": pv.Dirichlet(u=300.0), "s": start(300.0)}),
        ({"a"}, SQUARE - pv.Ellipse((0.5, 1), (0.2, 0.1)), POISSON, {
            "a": pv.Dirichlet(u=0.0, on="x y"), "h": pv.Dirichlet(u=1.0, on="ellipse")}),
        # About a round hole there are harmonic functions, which none would be once it is multiplied.
        (set(), SQUARE - pv.Disk((0.5, 1), 0.2), POISSON, {
            "a": pv.Dirichlet(u=0.0, on="x y"), "h": pv.Dirichlet(u=1.0, on="circle")}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=0.0, exact=False)}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=0.0, weight=2.0)}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=0.0, points=64)}),
        # Functions, in a rectangle, where they are smooth and agree in the corners.
        ({"a"}, SQUARE, POISSON, {"a": pv.Dirichlet(u=lambda x, y: jnp.exp(x) * jnp.cos(3 * y))}),
        ({"a", "b"}, SQUARE, POISSON, {
            "a": pv.Dirichlet(u=lambda x: x * (1 - x), on="y"), "b": pv.Dirichlet(u=0.0, on="x")}),
        ({"a"}, SQUARE, POISSON, {
            "a": pv.Dirichlet(u=jnp.sin, on="y"), "b": pv.Neumann(u=0.0, on="x")}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=lambda x: jnp.abs(x - 0.3))}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=lambda x: jnp.tanh(1e3 * (x - 0.4)))}),
        (set(), SQUARE, POISSON, {  # between the 64 places that a series is made from
            "a": pv.Dirichlet(u=lambda x: x + jnp.exp(-(((x - 0.40613) / 1e-4) ** 2)))}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=lambda x: jnp.where(x < 0.4, 0.0, 1.0))}),
        ({"b"}, SQUARE, POISSON, {
            "a": pv.Dirichlet(u=lambda x: 1 + x, on="y"), "b": pv.Dirichlet(u=0.0, on="x")}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=lambda x: 0 * x, exact=False)}),
        (set(), pv.Disk(), POISSON, {"a": pv.Dirichlet(u=lambda x: x)}),
        (set(), pv.Interval(0, 1) * pv.Time(0, 1), HEAT, {
            "a": pv.Dirichlet(u=lambda t: t), "s": pv.Initial(u=0.0)}),
        (set(), SQUARE, POISSON, {
            "a": pv.Dirichlet(u=0.0, on=lambda x: x < 0.5), "b": pv.Robin(u=(1.0, 1.0, 0.0))}),
        (set(), SQUARE, POISSON, {"a": WALLS, "again": pv.Boundary(lambda u: u, on="x-")}),
        (set(), SQUARE, POISSON, {"a": WALLS, "read": pv.Data({"x": [0, 1], "y": [1, 1]}, u=[0, 0])}),
        ({"a"}, SQUARE, POISSON, {"a": WALLS, "flux": pv.Neumann(u=1.0, on="x-")}),
        (set(), SQUARE, POISSON, {"a": pv.Dirichlet(u=0.0, on="x"), "b": pv.Dirichlet(u=1.0, on="y")}),
        (set(), SQUARE - pv.Box(x=(0.5, 1), y=(1, 2)), POISSON, {"a": WALLS}),
        (set(), pv.Polygon([(0, 0), (1, 0), (0, 1)]), POISSON, {"a": WALLS}),
        (set(), ROD, HEAT, {"a": WALLS, "s": pv.Initial(u=1.0)}),
        (set(), ROD, HEAT, {"a": WALLS, "s": pv.Initial(lambda u: u)}),
    ],
)  # fmt: skip
def test_what_is_built_in_without_being_asked(wanted, domain, pde, conditions):
    assert chosen(domain, pde, **conditions) == wanted


def test_what_rests_on_the_call():
    given = {"domain": SQUARE, "pde": POISSON, "a": WALLS}
    assert chosen(**given, network=pv.Ansatz(SMALL, lambda u: u)) == set()
    assert chosen(**given, points={"a": 100}) == set()
    assert chosen(**given, points={"pde": 100}) == {"a"}
    corners = find_singularities(pv.Problem(SQUARE, "u", {"pde": POISSON, "a": WALLS}), SMALL)
    assert corners and chosen(**given, singularities=corners) == set()


def test_a_condition_of_two_fields_is_built_in_whole_or_not_at_all():
    pde = pv.PDE(lambda laplacian_u, laplacian_v: (laplacian_u, laplacian_v))
    both, more = pv.Dirichlet(u=0.0, v=1.0, on="x"), pv.Dirichlet(v=1.0, on="y")
    assert chosen(SQUARE, pde, fields="u v", both=both, more=more) == {"both", "more"}
    three = pv.PDE(
        lambda laplacian_u, laplacian_v, laplacian_w: (laplacian_u, laplacian_v, laplacian_w)
    )
    left, right = pv.Dirichlet(u=0.0, v=0.0, on="x"), pv.Dirichlet(v=0.0, w=0.0, on="y")
    given = {"left": left, "right": right, "jump": pv.Dirichlet(w=1.0, on="x")}
    assert chosen(SQUARE, three, fields="u v w", **given) == set()
    other = pv.Dirichlet(v=2.0, on="y")
    assert chosen(SQUARE, pde, fields="u v", both=both, more=other) == set()


@pytest.mark.solves
def test_walls_are_held_exactly_and_a_file_needs_no_problem_for_them(tmp_path):
    """u_xx = 2 from 1 to 5 is x^2 + 3 x + 1."""
    ends = {"left": pv.Dirichlet(u=1.0, on="x-"), "right": pv.Dirichlet(u=5.0, on="x+")}
    conditions = {"pde": pv.PDE(lambda u_xx: u_xx - 2)} | ends
    solution = pv.solve(pv.Problem(pv.Interval(0, 1), "u", conditions), estimate_error=False)
    assert [solution.conditions[name].rows for name in ends] == [0, 0]
    assert solution(x=0.0) == 1.0 and solution(x=1.0) == 5.0
    x = np.linspace(0, 1, 9)
    np.testing.assert_allclose(np.asarray(solution(x=x)), x**2 + 3 * x + 1, atol=1e-12)
    solution.save(tmp_path / "u.pv")
    np.testing.assert_array_equal(pv.load(tmp_path / "u.pv")(x=x), solution(x=x))


def harmonic(x, y):
    return jnp.exp(x) * jnp.cos(y)


def plate(*walls):
    """Laplace's equation, whose solution is exp(x) cos(y)."""
    conditions = {f"on {w}": pv.Dirichlet(u=harmonic, on=w) for w in walls}
    others = [side for side in ("x-", "x+", "y-", "y+") if side not in walls]
    conditions |= {f"flux {side}": pv.Neumann(u=0.0, on=side) for side in others}
    pde = pv.PDE(lambda laplacian_u: laplacian_u)
    return pv.Problem(SQUARE, "u", {"pde": pde} | conditions, exact=harmonic)


@pytest.mark.parametrize("walls", [("x-", "x+", "y-", "y+"), ("x-", "y-", "y+"), ("y-", "y+"), ("x-",)])
def test_series_on_walls_are_joined_to_what_is_prescribed_on_each(walls):
    found = with_walls_built_in(plate(*walls), SMALL, None, [])
    (term,) = found.terms
    assert len(term.surfaces) == len(walls)
    for wall in term.surfaces:
        points = np.random.default_rng(0).random((20, 2)) * [1, 2]
        points[:, wall.axes[0]] = wall.place
        both = jax.jit(jax.vmap(lambda p, term=term: (term.lift(p, {}), term.distance(p))))
        lifted, distances = both(points)
        np.testing.assert_allclose(lifted, harmonic(*points.T), rtol=1e-13, atol=1e-13)
        assert np.all(np.abs(distances) < 1e-15)


@pytest.mark.solves
def test_functions_on_walls_are_held_and_a_file_needs_no_problem_for_them(tmp_path):
    # Where a network is trained; drawn functions keep more digits with rows for them.
    given = (plate("x-", "x+", "y-", "y+"), pv.MLP(16, 2))
    solution = pv.solve(*given, max_steps=40, drawn=False, estimate_error=False)
    assert float(solution.error) < 1e-3
    assert solution.conditions["on x-"].rows == 0
    solution.save(tmp_path / "u.pv")
    places = {"x": np.linspace(0, 1, 9), "y": np.linspace(0, 2, 9)}
    np.testing.assert_array_equal(pv.load(tmp_path / "u.pv")(**places), solution(**places))
