"""Drawn functions: what they solve at once, what they hand over, how they correct a network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import model_of, run_of
from pinnsven._networks import DrawnLayer
from pinnsven._solving._drawn import DrawnFit

PI = jnp.pi


def poisson(domain=None, **options):
    def source(x, y):
        return -2 * PI**2 * jnp.sin(PI * x) * jnp.sin(PI * y)

    conditions = {
        "pde": pv.PDE(lambda laplacian_u, x, y: laplacian_u - source(x, y)),
        "walls": pv.Dirichlet(u=lambda x, y: jnp.sin(PI * x) * jnp.sin(PI * y)),
    }
    exact = lambda x, y: jnp.sin(PI * x) * jnp.sin(PI * y)
    domain = pv.Box(x=(0, 1), y=(0, 1)) if domain is None else domain
    return pv.Problem(domain, "u", conditions, exact=exact, **options)


DOMAINS = {
    "box": pv.Box(x=(0, 1), y=(0, 1)),
    "square hole": pv.Disk() - pv.Box(x=(-0.3, 0.3), y=(-0.3, 0.3)),
    "round hole": pv.Box(x=(0, 1), y=(0, 1)) - pv.Disk((0.4, 0.5), 0.2),
}


@pytest.mark.slow
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_a_smooth_linear_problem_is_solved_by_one_step(domain):
    solution = pv.solve(poisson(domain))
    assert solution.status == "converged" and solution.steps == 1
    assert float(solution.error) < 1e-8 and "with no network trained" in solution.message
    assert float(solution.error) < 100 * float(solution.error_estimate) < 1e-4
    assert len(solution.spectrum) > 100 and solution.rank > 50


@pytest.mark.solves
def test_a_square_is_solved_by_one_step():
    test_a_smooth_linear_problem_is_solved_by_one_step(DOMAINS["box"])


@pytest.mark.solves
def test_a_reading_in_place_of_a_start_is_met_like_any_condition():
    conditions = {
        "law": pv.PDE(lambda u, u_t: u_t + u),
        "reading": pv.Data({"t": [0.5]}, u=[1.0]),
    }
    problem = pv.Problem(pv.Time(0, 1), "u", conditions, exact=lambda t: jnp.exp(0.5 - t))
    solution = pv.solve(problem)
    assert solution.status == "converged" and solution.steps == 1
    assert float(solution.error) < 1e-12
    with pytest.raises(ValueError, match="no reading scatters here"):
        solution.standard_error(t=0.3)


@pytest.mark.slow
def test_what_stands_alone_comes_back_from_its_file(tmp_path):
    for domain in (DOMAINS["round hole"], DOMAINS["square hole"]):
        solution = pv.solve(poisson(domain), time_limit=60, estimate_error=False)
        solution.save(tmp_path / "s.pv")
        found = pv.load(tmp_path / "s.pv")
        places = {"x": np.array([0.1, 0.7, 0.9]), "y": np.array([0.1, 0.8, 0.05])}
        np.testing.assert_array_equal(found(**places), solution(**places))
        assert found.spectrum.size == solution.spectrum.size


@pytest.mark.slow
def test_a_mildly_nonlinear_problem_takes_a_few_steps_of_gauss_newton():
    def source(x, y):
        u = jnp.sin(PI * x) * jnp.sin(PI * y)
        return -2 * PI**2 * u + jnp.exp(u)

    conditions = {
        "pde": pv.PDE(lambda u, laplacian_u, x, y: laplacian_u + jnp.exp(u) - source(x, y)),
        "walls": pv.Dirichlet(u=0.0),
    }
    exact = lambda x, y: jnp.sin(PI * x) * jnp.sin(PI * y)
    problem = pv.Problem(pv.Box(x=(0, 1), y=(0, 1)), "u", conditions, exact=exact)
    solution = pv.solve(problem)
    assert solution.status == "converged" and solution.steps == 1 and float(solution.error) < 1e-8


def test_steps_in_drawn_functions_end_with_their_time():
    """A nonlinear equation that takes several steps takes one, and no other slopes, past its end."""
    conditions = {
        "pde": pv.PDE(lambda u, u_t, t: u_t - u**2 * jnp.cos(t)),
        "start": pv.Initial(u=0.5),
    }
    problem = pv.Problem(pv.Time(0, 1), "u", conditions)
    runs = [run_of(problem) for _ in range(2)]
    fit, late = (
        DrawnFit(run.system, run.theta, run.points, run.compiler.function, keeps=0.0) for run in runs
    )
    late.until = -1.0  # of a clock that never goes back
    found, cut_short = fit.begin(), late.begin()
    assert len(found.steps) > 1 and len(cut_short.steps) == 1
    assert found.left < cut_short.left < 1
    grown = late.grow(cut_short)
    assert grown is not None and len(grown.steps) == 1 and late.kind.steepest == fit.kind.steepest


@pytest.mark.slow
def test_a_front_is_left_to_the_network():
    conditions = {
        "pde": pv.PDE(lambda u, u_t, u_x, u_xx: u_t + u * u_x - 0.01 / PI * u_xx),
        "start": pv.Initial(u=lambda x: -jnp.sin(PI * x)),
        "walls": pv.Dirichlet(u=0.0, on="x"),
    }
    problem = pv.Problem(pv.Box(x=(-1, 1)) * pv.Time(0, 1), "u", conditions)
    solution = pv.solve(problem, pv.MLP(8, 2), time_limit=20, estimate_error=False)
    assert solution.steps > 1 and solution.status in ("time_limit", "stalled")


@pytest.mark.slow
def test_steps_that_are_counted_are_those_of_the_network():
    solution = pv.solve(poisson(), pv.MLP(8, 1), max_steps=3, estimate_error=False)
    assert solution.steps == 3
    assert not isinstance(model_of(solution).addition, DrawnLayer)


@pytest.mark.slow
def test_random_features_of_a_number_are_not_followed_by_training():
    solution = pv.solve(poisson(), pv.RandomFeatures(300), estimate_error=False)
    assert solution.steps == 1 and float(solution.error) < 1e-8
    drawn = model_of(solution).addition
    assert isinstance(drawn, DrawnLayer) and drawn.used == 1
    assert np.sum(np.any(drawn.units.weights[0], axis=1)) == 300
    assert 200 < solution.rank <= 303


@pytest.mark.slow
def test_random_features_are_a_network_where_steps_are_counted(tmp_path):
    solution = pv.solve(poisson(), pv.RandomFeatures(60), max_steps=30, estimate_error=False)
    assert solution.steps == 30 and float(solution.error) < 1e-2
    solution.save(tmp_path / "s.pv")
    places = {"x": np.array([0.3]), "y": np.array([0.6])}
    np.testing.assert_array_equal(pv.load(tmp_path / "s.pv")(**places), solution(**places))


@pytest.mark.parametrize(("given", "word"), [({"units": 0}, "units"), ({"scale": -1.0}, "scale")])
def test_random_features_that_cannot_be_are_refused(given, word):
    with pytest.raises(ValueError, match=f"{word}=.*must be"):
        pv.RandomFeatures(**given)


@pytest.mark.slow
def test_a_run_that_goes_on_from_its_file_is_solved_at_once_again(tmp_path):
    path = tmp_path / "run.pvc"
    first = pv.solve(poisson(), checkpoint=path, estimate_error=False)
    again = pv.solve(poisson(), checkpoint=path, resume=True, estimate_error=False)
    places = {"x": np.array([0.3, 0.6]), "y": np.array([0.6, 0.2])}
    np.testing.assert_array_equal(first(**places), again(**places))


@pytest.mark.slow
def test_a_combination_that_meets_a_generous_tolerance_has_its_spectrum():
    """A front leaves a tenth of the residual, more than what is otherwise kept of a look."""
    conditions = {
        "pde": pv.PDE(lambda u, u_t, u_x, u_xx: u_t + u * u_x - 0.01 / PI * u_xx),
        "start": pv.Initial(u=lambda x: -jnp.sin(PI * x)),
        "walls": pv.Dirichlet(u=0.0, on="x"),
    }
    problem = pv.Problem(pv.Box(x=(-1, 1)) * pv.Time(0, 1), "u", conditions)
    solution = pv.solve(problem, pv.MLP(8, 1), tolerance=2.0, estimate_error=False)
    assert solution.steps == 1 and 0 < solution.rank <= solution.spectrum.size


@pytest.mark.solves
@pytest.mark.filterwarnings("ignore:the answer may not be determined")
@pytest.mark.parametrize(
    ("domain", "pde"),
    [
        pytest.param(pv.Time(0, 4), lambda u, u_t: u_t + 0.5 * u, marks=pytest.mark.slow),
        pytest.param(
            pv.Interval(0, 1) * pv.Time(0, 1), lambda u_t, u_xx: u_t - u_xx, marks=pytest.mark.slow
        ),
    ],
)
def test_zero_solves_what_nobody_has_started_and_is_not_called_the_answer(domain, pde):
    """Every multiple of an eigenfunction solves it as well, and the residual of zero says nothing."""
    conditions = {"pde": pv.PDE(pde)}
    if not isinstance(domain, pv.Time):
        conditions["walls"] = pv.Dirichlet(u=0.0)
    solution = pv.solve(pv.Problem(domain, "u", conditions))
    assert solution.status == "undetermined"


@pytest.mark.slow
def test_an_integral_is_fitted_by_as_fine_a_rule_as_it_needs():
    """u' = f, its integral given: a peak of width 0.012 lies between the nodes of the first rule."""
    width, center = 0.012, 0.065
    peak = lambda x: jnp.exp(-(((x - center) / width) ** 2))
    slope = lambda x: -2 * (x - center) / width**2 * peak(x)
    conditions = {
        "ode": pv.PDE(lambda u_x, x: u_x - slope(x)),
        "mean": pv.Integral(lambda u: u, value=0.2 + width * np.sqrt(np.pi)),
    }
    problem = pv.Problem(pv.Interval(-1, 1), "u", conditions, exact=lambda x: peak(x) + 0.1)
    solution = pv.solve(problem, time_limit=60)
    assert solution.status == "converged" and float(solution.error) < 1e-11


@pytest.mark.solves
def test_what_turns_often_is_solved_in_products_and_a_file_holds_them(tmp_path):
    """Helmholtz with four waves along one coordinate, on a ring along the other."""
    exact = lambda x, y: jnp.sin(8 * PI * x) * jnp.cos(2 * PI * y) * jnp.exp(x)
    ring = pv.Box(x=(0, 1), y=(0, 1), periodic="y")
    laplacian = lambda x, y: sum(jax.grad(jax.grad(exact, i), i)(x, y) for i in (0, 1))
    conditions = {
        "pde": pv.PDE(lambda u, laplacian_u, x, y: laplacian_u + u - laplacian(x, y) - exact(x, y)),
        "walls": pv.Dirichlet(u=0.0, on="x"),
    }
    solution = pv.solve(pv.Problem(ring, "u", conditions, exact=exact))
    assert solution.status == "converged" and float(solution.error) < 1e-9
    solution.save(tmp_path / "u.pv")
    places = {"x": np.linspace(0, 1, 9), "y": np.linspace(0, 1, 9)}
    np.testing.assert_array_equal(pv.load(tmp_path / "u.pv")(**places), solution(**places))


@pytest.mark.solves
def test_what_equations_multiply_without_end_is_known_to_the_functions_it_is_solved_in():
    """Laplace's equation from one side, whose fifth mode grows by cosh(5 pi)."""
    conditions = {
        "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
        "sides": pv.Neumann(u=0.0, on="x"),
        "value": pv.Dirichlet(u=lambda x: jnp.cos(PI * x) + 1e-5 * jnp.cos(5 * PI * x), on="y-"),
        "slope": pv.Neumann(u=0.0, on="y-"),
    }
    with pytest.warns(UserWarning, match="may not be determined"):
        problem = pv.Problem(pv.Box(x=(0, 1), y=(0, 1)), "u", conditions)
    solution = pv.solve(problem, tolerance=1e-6, time_limit=25)
    assert solution.status != "converged"
    if solution.status == "unresolved":
        assert "may be off by" in solution.message and np.isnan(solution.error_estimate["u"])


@pytest.mark.solves
def test_what_nothing_moves_at_zero_is_solved_all_the_same():
    conditions = {"ode": pv.PDE(lambda u_x: u_x**2), "left": pv.Dirichlet(u=1.0, on="x-")}
    solution = pv.solve(pv.Problem(pv.Interval(0, 1), "u", conditions), time_limit=60)
    np.testing.assert_allclose(solution.u(x=np.linspace(0, 1, 9)), 1.0, rtol=0, atol=1e-6)
