"""Is the answer determined? How far it may move, and what the verdict makes of that."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

import pinnsven as pv
from helpers import SMALL
from pinnsven._solving._determined import freedom
from pinnsven._solving._error_estimate import _field_sizes, estimate_errors
from pinnsven._solving._levels import Levels, residual_levels
from pinnsven._solving._own_reach import _sizes
from pinnsven._solving._points import PointSet
from pinnsven._solving._residual import ResidualSystem

pytestmark = pytest.mark.usefixtures("shared_compilations")


def compiled(name, function, *arguments, brief=False):
    del name, brief
    return jax.jit(function).lower(*arguments).compile()


def test_the_largest_movement_is_the_generalized_singular_value():
    rng = np.random.default_rng(0)
    jacobian, values = rng.standard_normal((60, 12)), rng.standard_normal((40, 12))
    found = freedom(jacobian, jacobian[:, 0], [values], 0)
    squares = scipy.linalg.eigh(values.T @ values, jacobian.T @ jacobian, eigvals_only=True)
    np.testing.assert_allclose(found.kappas[0] ** 2, squares[-1], rtol=1e-9)
    moved = found.direction
    np.testing.assert_allclose(np.linalg.norm(jacobian @ moved), 1, rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(values @ moved), found.kappas[0], rtol=1e-9)


def test_every_field_has_a_movement_of_its_own():
    rng = np.random.default_rng(1)
    jacobian = rng.standard_normal((60, 12))
    parts = [rng.standard_normal((40, 12)), 1e-3 * rng.standard_normal((40, 12))]
    found = freedom(jacobian, jacobian[:, 0], parts, 0)
    for part, kappa in zip(parts, found.kappas, strict=True):
        squares = scipy.linalg.eigh(part.T @ part, jacobian.T @ jacobian, eigvals_only=True)
        np.testing.assert_allclose(kappa**2, squares[-1], rtol=1e-6)
    assert found.field == 0


def test_the_movement_that_fits_a_residual_and_that_of_chance_are_those_of_least_squares():
    rng = np.random.default_rng(4)
    jacobian, residual = rng.standard_normal((60, 12)), rng.standard_normal(60)
    parts = [rng.standard_normal((40, 12)), rng.standard_normal((40, 12))]
    found = freedom(jacobian, residual, parts, 0)
    inverse = np.linalg.pinv(jacobian)
    for part, fitted, chance in zip(parts, found.fitted, found.chance, strict=True):
        np.testing.assert_allclose(fitted, np.linalg.norm(part @ inverse @ residual), rtol=1e-10)
        # The root mean square over residuals of this norm in all directions.
        mean = np.linalg.norm(part @ inverse) * np.linalg.norm(residual) / np.sqrt(60)
        np.testing.assert_allclose(chance, mean, rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_direction_without_a_residual_is_free_beyond_all_measure(scale):
    rng = np.random.default_rng(2)
    values = rng.standard_normal((40, 12))
    free = rng.standard_normal(12)
    jacobian = rng.standard_normal((60, 12)) * scale
    jacobian -= np.outer(jacobian @ free, free) / (free @ free)
    found = freedom(jacobian, jacobian[:, 0], [values], 0)
    assert found.kappas[0] * scale > 1e12
    along = abs(found.direction @ free) / np.linalg.norm(found.direction) / np.linalg.norm(free)
    assert along == pytest.approx(1)


@pytest.mark.parametrize("copies", [1, 3])
def test_a_function_that_the_space_has_twice_is_no_movement(copies):
    rng = np.random.default_rng(3)
    jacobian, values = rng.standard_normal((60, 6)), rng.standard_normal((40, 6))
    once = freedom(jacobian, jacobian[:, 0], [values], 0)
    twice = freedom(np.tile(jacobian, copies), jacobian[:, 0], [np.tile(values, copies)], 0)
    np.testing.assert_allclose(twice.kappas, once.kappas, rtol=1e-9)


def test_a_function_that_is_zero_is_no_movement():
    rng = np.random.default_rng(5)
    jacobian, values = rng.standard_normal((60, 6)), rng.standard_normal((40, 6))
    without = np.arange(6) != 2
    jacobian[:, 2] = values[:, 2] = 0.0
    found = freedom(jacobian, jacobian[:, 0], [values], 0)
    less = freedom(jacobian[:, without], jacobian[:, 0], [values[:, without]], 0)
    np.testing.assert_allclose(found.kappas, less.kappas, rtol=1e-9)
    np.testing.assert_allclose(found.fitted, less.fitted, rtol=1e-9)


@pytest.mark.solves
def test_a_mode_of_a_cube_is_free_at_its_resonance():
    """lap u + 12 pi^2 u = f with zero walls leaves sin(2 pi x) sin(2 pi y) sin(2 pi z) open."""

    def freest(square):
        equation = pv.PDE(lambda u, laplacian_u: laplacian_u + square * u - 1.0)
        conditions = {"wave": equation, "walls": pv.Dirichlet(u=0.0)}
        cube = pv.Box(x=(0, 1), y=(0, 1), z=(0, 1))
        problem = pv.Problem(cube, "u", conditions, network=SMALL)
        system, theta = ResidualSystem.build(problem, SMALL, jax.random.PRNGKey(0))
        points = PointSet(problem, None, pv.Sobol(), np.random.default_rng(0))
        levels = Levels({"wave": np.full(1, 100.0), "walls": np.ones(1)}, {}, 1.0)
        found = estimate_errors(system, theta, points, levels, compiled)
        assert found is not None
        return found.freedom.kappas[0]

    assert freest(12 * np.pi**2) > 1e3 * freest(10 * np.pi**2)


@pytest.mark.parametrize("shift, kappa", [(0.0, 1 / np.pi**2), (9.0, 1 / (np.pi**2 - 9))])
def test_an_equation_amplifies_by_one_over_its_smallest_eigenvalue(shift, kappa):
    """-u'' - s u with zero walls built in: sin(pi x) moves furthest, by 1 / (pi^2 - s)."""
    network = pv.Ansatz(SMALL, lambda u, x: x * (1 - x) * (u + 1.0))
    equation = pv.PDE(lambda u_xx, u: -u_xx - shift * u - 1.0)
    problem = pv.Problem(pv.Interval(0, 1), "u", {"ode": equation}, network=network)
    system, theta = ResidualSystem.build(problem, network, jax.random.PRNGKey(0))
    points = PointSet(problem, None, pv.Sobol(), np.random.default_rng(0))
    levels = Levels({"ode": np.ones(1)}, {}, 1.0)
    found = estimate_errors(system, theta, points, levels, compiled)
    assert found is not None
    x = np.linspace(0, 1, 4001)[:, None]
    size = np.sqrt(np.mean(np.asarray(jax.vmap(system.unpack(theta)[0])(jnp.asarray(x))) ** 2))
    np.testing.assert_allclose(found.freedom.kappas[0] * size, kappa, rtol=0.02)
    assert found.freedom.growth < 1.1


# name: the declaration, the status, phrases of the message
OPEN = {
    "a start that is nowhere said": (
        lambda: pv.Problem(
            pv.Time(0, 3),
            "a b",
            {
                "exchange": pv.PDE(lambda a_t, b_t, a, b: (a_t - b + a, b_t - a + b)),
                "start": pv.Initial(a=1.0),
            },
        ),
        ("undetermined", "b "),
    ),
    "no start at all": (
        lambda: pv.Problem(pv.Time(0, 1), "u", {"ode": pv.PDE(lambda u_t, u: u_t + u)}),
        ("undetermined", "a condition on u"),
    ),
    "a constant under an ansatz": (
        lambda: pv.Problem(
            pv.Interval(0, 1),
            "u",
            {
                "ode": pv.PDE(lambda u_xx, x: u_xx + jnp.pi**2 * jnp.cos(jnp.pi * x)),
                "walls": pv.Robin(u=(0.0, 1.0, 0.0)),
            },
            network=pv.Ansatz(SMALL, lambda u, x: u + x * 0),
        ),
        ("undetermined", "any constant may be added to u"),
    ),
    "an amplitude": (
        lambda: pv.Problem(
            pv.Interval(0, 1),
            "u",
            {"ode": pv.PDE(lambda u_xx, u: u_xx + jnp.pi**2 * u), "walls": pv.Dirichlet(u=0.0)},
        ),
        ("undetermined", "u may change"),
    ),
    "a mode that grows by exp(20)": (
        lambda: pv.Problem(
            pv.Time(0, 1),
            "u",
            {
                "ode": pv.PDE(lambda u_t, u, t: u_t - 20 * (u - jnp.cos(t)) + jnp.sin(t)),
                "start": pv.Initial(u=1 + 1e-7),
            },
        ),
        ("unresolved", "may be off|estimated error|open"),
    ),
}


QUICK = ("a start that is nowhere said",)


@pytest.mark.solves
@pytest.mark.filterwarnings("ignore:.*may not be determined")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in OPEN]
)
def test_an_answer_that_is_left_open_is_not_called_converged(name):
    make, (status, phrases) = OPEN[name]
    found = pv.solve(
        make(), network=None if "ansatz" in name else SMALL, points=64, max_steps=60, tolerance=1e-5
    )
    assert found.status in (status, "undetermined")
    assert any(phrase in found.message for phrase in phrases.split("|")), found.message


@pytest.mark.slow
def test_what_was_open_is_right_with_the_condition_that_was_missing():
    problem = pv.Problem(
        pv.Time(0, 3),
        "a b",
        {
            "exchange": pv.PDE(lambda a_t, b_t, a, b: (a_t - b + a, b_t - a + b)),
            "start": pv.Initial(a=1.0, b=0.0),
        },
        exact={"a": lambda t: 0.5 + 0.5 * jnp.exp(-2 * t), "b": lambda t: 0.5 - 0.5 * jnp.exp(-2 * t)},
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=80, tolerance=1e-5)
    assert found.status == "converged" and found.error < 1e-3
    for field in "ab":
        assert 0.1 < found.error_estimate[field] / found.error[field] < 10


@pytest.mark.slow
def test_an_answer_of_zero_is_not_measured_beside_itself():
    problem = pv.Problem(
        pv.Interval(0, 1),
        "u",
        {"ode": pv.PDE(lambda u_xx, u: u_xx - u), "walls": pv.Dirichlet(u=0.0)},
        exact=lambda x: 0.0 * x,
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=60, tolerance=1e-5)
    assert found.status == "converged" and found.error < 1e-5


def test_levels_are_those_of_the_residuals_and_none_is_far_below_the_largest():
    problem = pv.Problem(
        pv.Time(0, 1),
        "u v",
        {
            "both": pv.PDE(lambda u_t, v_t, u: (u_t + u, 1e6 * (v_t - u))),
            "start": pv.Initial(u=1.0, v=0.0),
            "readings": pv.Data({"t": [0.5]}, u=[0.6], noise=0.1),
        },
    )
    system, _ = ResidualSystem.build(problem, SMALL, jax.random.PRNGKey(0))
    held = np.array([1e-6, 1.0, 1e-12, 1e-12, 0.1])
    found = residual_levels(system, held, np.array([1.0, 1e6, 1.0, 1.0, 1.0]))
    np.testing.assert_allclose(found.levels["both"], [1e-6, 1.0])
    np.testing.assert_allclose(found.levels["start"], 1e-9)
    np.testing.assert_allclose(found.levels["readings"], 0.1)
    np.testing.assert_allclose(found.scatter["readings"], 1e5)
    assert found.relative == pytest.approx(1e-6)


def test_a_component_that_is_zero_is_measured_by_the_largest_of_its_field():
    conditions = {"pde": pv.PDE(lambda div_s: div_s), "free": pv.Dirichlet(p=0.0)}
    fields = [pv.Field("s", tensor=True), "p"]
    problem = pv.Problem(pv.Box(x=(0, 1), y=(0, 1)), fields, conditions)
    columns = {"s11": 5e7, "s12": 2e7, "s22": 1e-8, "p": 1e-9}
    values = np.ones((8, 1)) * [columns[name] for name in problem.fields]
    silent = [name in ("s22", "p") for name in problem.fields]
    found = dict(zip(problem.fields, _field_sizes(values, silent, problem.space), strict=True))
    assert found == {"s11": 5e7, "s12": 5e7, "s22": 5e7, "p": 1.0}
    sizes = dict(zip(problem.fields, _sizes(problem, values, np.ones(values.shape, bool)), strict=True))
    assert sizes == {"s11": 5e7, "s12": 5e7, "s22": 5e7, "p": 1e-9}
