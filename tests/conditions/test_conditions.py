"""Every condition's residual is the closed form it stands for, at the points where it must hold."""

import dataclasses
import types
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.core import Tracer

import pinnsven as pv
from pinnsven._calculus._names import NameSpace
from pinnsven._conditions import AbstractCondition, FixedPoints
from pinnsven._domains import as_domain

ROUNDING = 1e-13

DOMAIN = pv.Box(x=(0, 1), y=(0, 2)) * pv.Time(0.5, 1.5)
SPACE = NameSpace(("u", "v"), DOMAIN, ("nu",))
NU = 0.25


def fields(point):
    """u = x^2 y + y t^2 + x t and v = x y t."""
    x, y, t = point
    return jnp.stack([x**2 * y + y * t**2 + x * t, x * y * t])


def exact(points, normals):
    """Every name that the table uses, in closed form, as arrays over the points."""
    x, y, t = points.T
    q = {"x": x, "y": y, "t": t, "n0": normals[:, 0], "n1": normals[:, 1]}
    q |= {"u": x**2 * y + y * t**2 + x * t, "u_t": 2 * y * t + x}
    q |= {"u_x": 2 * x * y + t, "u_y": x**2 + t**2}
    q |= {"u_xx": 2 * y, "laplacian_u": 2 * y, "v": x * y * t, "v_x": y * t, "v_y": x * t}
    q |= {f"{f}_n": q[f"{f}_x"] * q["n0"] + q[f"{f}_y"] * q["n1"] for f in "uv"}
    return types.SimpleNamespace(**q)


@dataclasses.dataclass(frozen=True)
class Row:
    """A condition and its residuals in closed form, one array per component."""

    name: str
    condition: AbstractCondition
    expected: Callable
    where: Callable = lambda q: q.x == q.x


def at_start(q):
    return q.t == 0.5


def at_end(q):
    return q.t == 1.5


def on_left(q):
    return (q.x == 0) & (q.n0 == -1) & (q.n1 == 0)


def on_right(q):
    return (q.x == 1) & (q.n0 == 1) & (q.n1 == 0)


def on_walls(q):
    return (q.x == 0) | (q.x == 1) | (q.y == 0) | (q.y == 2)


def on_top(q):
    return (q.y == 2) & (q.n1 == 1)


def two(u, v, *, nu):
    return u - nu, u * v


ROWS = [
    Row("PDE", pv.PDE(lambda u_t, u_xx: u_t - u_xx), lambda q: [q.u_t - q.u_xx]),
    Row("PDE of a tuple", pv.PDE(two), lambda q: [q.u - NU, q.u * q.v]),
    Row("PDE of one in a tuple", pv.PDE(lambda u: (u,)), lambda q: [q.u]),
    Row(
        "PDE with an unknown and a coordinate",
        pv.PDE(lambda laplacian_u, x, nu: nu * laplacian_u + x),
        lambda q: [NU * q.laplacian_u + q.x],
    ),
    Row("PDE with a default", pv.PDE(lambda u, k=3.0: k * u), lambda q: [3 * q.u]),
    Row("Initial value", pv.Initial(u=2.0), lambda q: [q.u - 2], at_start),
    Row("Initial integer", pv.Initial(u=2), lambda q: [q.u - 2], at_start),
    Row(
        "Initial function",
        pv.Initial(v=lambda x, y: x - y),
        lambda q: [q.v - q.x + q.y],
        at_start,
    ),
    Row("Initial constant function", pv.Initial(u=lambda: 2.0), lambda q: [q.u - 2], at_start),
    Row("Initial slope", pv.Initial(u_t=lambda y: y), lambda q: [q.u_t - q.y], at_start),
    Row("Initial residual", pv.Initial(lambda u_t, u: u_t - u), lambda q: [q.u_t - q.u], at_start),
    Row(
        "Initial, residual before values",
        pv.Initial(lambda v: v, u_t=0.0, u=lambda nu: nu),
        lambda q: [q.v, q.u_t, q.u - NU],
        at_start,
    ),
    Row("Dirichlet everywhere", pv.Dirichlet(u=0.0), lambda q: [q.u], on_walls),
    Row("Dirichlet on one end", pv.Dirichlet(u=1.5, on="x+"), lambda q: [q.u - 1.5], on_right),
    Row(
        "Dirichlet of two fields",
        pv.Dirichlet(v=lambda t: t, u=lambda x, nu: nu * x, on="x"),
        lambda q: [q.v - q.t, q.u - NU * q.x],
        lambda q: (q.x == 0) | (q.x == 1),
    ),
    Row("Dirichlet residual", pv.Dirichlet(lambda u, v: u - v), lambda q: [q.u - q.v], on_walls),
    Row(
        "Dirichlet by predicate",
        pv.Dirichlet(u=0.0, on=lambda x, y: (y == 2) & (x > 0.5)),
        lambda q: [q.u],
        lambda q: (q.y == 2) & (q.x > 0.5),
    ),
    Row("Neumann left", pv.Neumann(u=3.0, on="x-"), lambda q: [-q.u_x - 3], on_left),
    Row("Neumann right", pv.Neumann(u=3.0, on="x+"), lambda q: [q.u_x - 3], on_right),
    Row("Neumann top", pv.Neumann(v=lambda x: x, on="y+"), lambda q: [q.v_y - q.x], on_top),
    Row(
        "Robin left",
        pv.Robin(u=(2.0, 3.0, lambda y: y), on="x-"),
        lambda q: [2 * q.u - 3 * q.u_x - q.y],
        on_left,
    ),
    Row(
        "Robin right",
        pv.Robin(u=(2.0, 3.0, lambda y, nu: nu * y), on="x+"),
        lambda q: [2 * q.u + 3 * q.u_x - NU * q.y],
        on_right,
    ),
    Row(
        "Robin of functions",
        pv.Robin(u=(lambda y: y, lambda y, nu: nu + y, 0.5), on="x+"),
        lambda q: [q.y * q.u + (NU + q.y) * q.u_x - 0.5],
        on_right,
    ),
    Row("Robin without value", pv.Robin(u=(0, 1, 0.5)), lambda q: [q.u_n - 0.5], on_walls),
    Row("Robin without slope", pv.Robin(v=(2, 0, 0.5)), lambda q: [2 * q.v - 0.5], on_walls),
    Row(
        "Robin of two fields",
        pv.Robin(u=(1, 1, 0.0), v=(1, -1, 0.0)),
        lambda q: [q.u + q.u_n, q.v - q.v_n],
        on_walls,
    ),
    Row(
        "Boundary residual",
        pv.Boundary(lambda u_n, u, nu: u_n + nu * u**4, on=("x+", "y+")),
        lambda q: [q.u_n + NU * q.u**4],
        lambda q: (q.x == 1) | (q.y == 2),
    ),
    Row(
        "Boundary with normal and gradient",
        pv.Boundary(lambda grad_u, normal: grad_u[0] * normal[1] - grad_u[1] * normal[0]),
        lambda q: [q.u_x * q.n1 - q.u_y * q.n0],
        on_walls,
    ),
    Row("Boundary at the end", pv.Boundary(lambda u: u - 1, on="t+"), lambda q: [q.u - 1], at_end),
    Row("Integral", pv.Integral(lambda u: u), lambda q: [2 / 3 + 2 * q.t**2 + q.t]),
    Row(
        "Integral with a value",
        pv.Integral(lambda u_x, x, nu: nu * u_x * x, value=lambda t, nu: nu * t),
        lambda q: [NU * 4 / 3 + 0 * q.t],
    ),
    Row("Dirichlet at the start", pv.Dirichlet(u=0.0, on="t-"), lambda q: [q.u], at_start),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def site_of(block) -> Any:
    """Where a block holds; each kind of site has attributes of its own."""
    return block.site


def residuals(block, points, normals, auxiliary):
    def at_point(point, normal, extra):
        values = block.plan.evaluate(fields, point, normal, {"nu": jnp.asarray(NU)})
        return block.residual(values | extra)

    return jax.vmap(at_point)(jnp.asarray(points), jnp.asarray(normals), auxiliary)


@every_row
def test_residual_is_the_closed_form(row):
    block = row.condition.bind("name", SPACE)
    points, normals = site_of(block).draw(24, pv.Sobol(), np.random.default_rng(0))
    q = exact(points, normals)
    assert np.all(row.where(q))
    found, expected = residuals(block, points, normals, {}), row.expected(q)
    assert block.components == len(found) == len(expected)
    for values, truth in zip(found, expected, strict=True):
        np.testing.assert_allclose(values, truth, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.array(2.0), jnp.asarray(2.0)], ids=repr)
@pytest.mark.parametrize("kind", [pv.Initial, pv.Dirichlet, pv.Neumann])
def test_value_may_be_a_scalar_of_any_library(kind, number):
    """As computed by `np.sqrt(4)` or `jnp.sqrt(4.0)`; nothing warns."""
    block = kind(u=number).bind("mine", SPACE)
    assert block.residual({"u": 5.0, "u_n": 5.0}) == (3.0,)


KINDS = [pv.PDE, pv.Initial, pv.Boundary, pv.Dirichlet, pv.Neumann, pv.Robin, pv.Integral]


@pytest.mark.parametrize("kind", KINDS)
def test_weight_and_number_of_points_reach_the_block(kind):
    block = kind(lambda u: u, weight=2.5, points=17).bind("mine", SPACE)
    assert (block.name, block.weight, block.count) == ("mine", 2.5, 17)
    assert block.interior is (kind is pv.PDE)
    assert kind(lambda u: u, points=1).bind("mine", SPACE).count == 1
    bare = kind(lambda u: u).bind("mine", SPACE)
    assert bare.weight is None
    assert bare.count is None


# Points of one's own.

POINTS = {"t": [0.6, 1.0, 1.5], "x": np.array([0.1, 0.5, 1.0]), "y": jnp.array([0.0, 1.0, 2.0])}
ROWWISE = np.array([[0.1, 0.0, 0.6], [0.5, 1.0, 1.0], [1.0, 2.0, 1.5]])


def test_condition_holds_at_its_own_points():
    block = pv.Condition(lambda u, u_x, nu: (u - nu, u_x), POINTS, weight=3.0).bind("mine", SPACE)
    assert isinstance(block.site, FixedPoints)
    np.testing.assert_array_equal(site_of(block).points, ROWWISE)
    q = exact(ROWWISE, np.zeros((3, 2)))
    found = residuals(block, ROWWISE, np.zeros((3, 2)), site_of(block).auxiliary)
    np.testing.assert_allclose(found, [q.u - NU, q.u_x], rtol=ROUNDING, atol=ROUNDING)
    assert block.weight == 3.0


def test_data_are_subtracted_from_fields_and_derivatives():
    data = {"u": [1.0, 2.0, 3.0], "v": 4, "u_t": jnp.array([5.0, 6.0, 7.0])}
    block = pv.Data(POINTS, **data).bind("mine", SPACE)
    q = exact(ROWWISE, np.zeros((3, 2)))
    found = residuals(block, site_of(block).points, np.zeros((3, 2)), site_of(block).auxiliary)
    expected = [q.u - [1, 2, 3], q.v - 4, q.u_t - [5, 6, 7]]
    np.testing.assert_allclose(found, expected, rtol=ROUNDING, atol=ROUNDING)


def test_noise_of_data_reaches_the_block():
    assert pv.Data(POINTS, u=1.0, noise=0.25).bind("mine", SPACE).noise == 0.25
    assert pv.Data(POINTS, u=1.0).bind("mine", SPACE).noise == 0.0
    with pytest.raises(ValueError, match=r"noise=-0\.1"):
        pv.Data(POINTS, u=1.0, noise=-0.1)


def test_coordinates_of_different_lengths_are_refused():
    short = POINTS | {"x": np.array([0.1, 0.5])}
    with pytest.raises(ValueError, match="different lengths"):
        pv.Condition(lambda u: u, short).bind("mine", SPACE)


def test_data_of_a_vector_coordinate():
    space = NameSpace(("u",), as_domain(pv.Box(x=[(0, 1)] * 3)), ())
    points = np.random.default_rng(0).random((4, 3))
    block = pv.Data({"x": points}, u=np.zeros(4)).bind("mine", space)
    np.testing.assert_array_equal(site_of(block).points, points)


def test_data_anywhere_along_a_periodic_coordinate():
    space = NameSpace(("u",), as_domain(pv.Box(x=(0, 1), y=(0, 1), periodic="x")), ())
    block = pv.Data({"x": [3.25], "y": [0.5]}, u=[0.0]).bind("mine", space)
    assert block.components == 1


# Other domains.


def test_neumann_at_both_ends_of_an_interval_is_outward():
    """u = x^2 on [-1, 3]: outward slopes are 2 and 6."""
    space = NameSpace(("u",), as_domain(pv.Interval(-1, 3)), ())
    block = pv.Neumann(u=0.0).bind("ends", space)
    points, normals = site_of(block).draw(2, pv.Sobol(), np.random.default_rng(0))
    square = lambda point: point**2
    values = jax.vmap(lambda p, n: block.plan.evaluate(square, p, n, {}))(points, normals)
    np.testing.assert_allclose(np.sort(values["u_n"]), [2, 6])


def test_neumann_on_a_disk_is_the_radial_derivative():
    """u = x^2 + y^2 has slope 2 R on a circle of radius R around the origin."""
    space = NameSpace(("u",), as_domain(pv.Disk(radius=3)), ())
    block = pv.Neumann(u=6.0).bind("rim", space)
    points, normals = site_of(block).draw(8, pv.Sobol(), np.random.default_rng(0))
    square = lambda point: jnp.sum(point**2, keepdims=True)
    values = jax.vmap(lambda p, n: block.plan.evaluate(square, p, n, {}))(points, normals)
    np.testing.assert_allclose(block.residual(values), np.zeros((1, 8)), atol=1e-12)


@pytest.mark.parametrize("value", [lambda x: x, lambda y, t: y + t, lambda u: u])
def test_an_integral_over_space_is_prescribed_in_time_only(value):
    with pytest.raises(ValueError, match="its function asks for"):
        pv.Integral(lambda u: u, value=value).bind("mine", SPACE)
    assert pv.Integral(lambda u: u, value=lambda t, nu: nu * t).bind("mine", SPACE).components == 1


def test_integral_without_space_is_one_row_over_time():
    """u = x^2 in the place of t: its integral over [1, 2] is 7 / 3."""
    space = NameSpace(("u",), as_domain(pv.Time(1, 2)), ("nu",))
    block = pv.Integral(lambda u: u, value=lambda nu: nu).bind("mass", space)
    assert isinstance(block.site, FixedPoints) and len(site_of(block).points) == 1
    values = block.plan.evaluate(lambda p: p**2, jnp.ones(1), jnp.zeros(0), {"nu": 2.0})
    np.testing.assert_allclose(block.residual(values), [7 / 3 - 2], rtol=ROUNDING)


def test_initial_condition_of_an_ordinary_differential_equation_is_one_point():
    space = NameSpace(("u",), as_domain(pv.Time(2, 3)), ())
    block = pv.Initial(u=1.0, u_t=0.0).bind("start", space)
    assert site_of(block).finite == 1
    assert block.components == 2
    np.testing.assert_array_equal(
        site_of(block).draw(1, pv.Sobol(), np.random.default_rng(0))[0], [[2.0]]
    )


def test_binding_looks_at_one_point_without_a_network():
    """The shapes are found abstractly: a condition's function is never run on numbers."""
    seen = []

    def function(u, x):
        seen.append((u, x))
        return u - x

    pv.PDE(function).bind("mine", SPACE)
    assert all(isinstance(value, Tracer) for pair in seen for value in pair)


def test_huber_counts_readings_by_their_size():
    residuals = np.array([[0.1], [-0.1], [0.2], [10.0]])
    counts = pv.Huber(2.0).counts(residuals, noise=0.1)
    np.testing.assert_allclose(counts / counts[0], [1, 1, 1, 0.02])
    assert np.mean(counts) == pytest.approx(1)
    by_median = pv.Huber(2.0).counts(residuals, noise=0.0)
    np.testing.assert_allclose(by_median / by_median[0], [1, 1, 1, 2 * 1.4826 * 0.15 / 10])
    np.testing.assert_array_equal(pv.Huber().counts(np.zeros((3, 1)), 0.0), 1.0)


@pytest.mark.parametrize("given", [0, -1, np.nan, "a"])
def test_huber_needs_a_positive_number(given):
    with pytest.raises(ValueError, match="deviations"):
        pv.Huber(given)


@pytest.mark.slow
def test_outliers_bend_the_answer_less():
    """Readings of e^(-2 t), every eighth of them off by half of the start."""
    t = np.linspace(0, 1, 48)
    values = np.exp(-2 * t) + 1e-3 * np.cos(40 * t) + 0.5 * (np.arange(48) % 8 == 3)
    found = {}
    for loss in (None, pv.Huber()):
        conditions = {
            "pde": pv.PDE(lambda u, u_t, k: u_t + k * u),
            "start": pv.Initial(u=1.0),
            "readings": pv.Data({"t": t}, u=values, noise=1e-3, loss=loss),
        }
        problem = pv.Problem(pv.Time(0, 1), "u", conditions, unknowns={"k": 1.0})
        found[loss] = pv.solve(problem, max_steps=40, estimate_error=False).unknowns["k"]
    plain, robust = (abs(value - 2) for value in found.values())
    assert robust < 0.02 < plain
