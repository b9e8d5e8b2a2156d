"""Exact solutions solve their problems; computed references agree with other discretisations."""

import functools
import importlib.util
import inspect
import itertools
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.interpolate import CubicSpline, RectBivariateSpline

import pinnsven as pv
from helpers import PROBLEMS, differences
from pinnsven._conditions import FixedPoints

EXACT = [
    ("advection", {}),
    ("bratu", {}),
    ("bratu", {"strength": 1.0}),
    ("heat_1d", {}),
    ("heat_many_scales", {}),
    ("heat_family", {}),
    ("helmholtz_2d", {}),
    ("helmholtz_2d", {"a1": 4, "a2": 4}),
    ("klein_gordon", {}),
    ("oscillator", {}),
    ("oscillator", {"damping": 0.0, "end": 10.0}),
    ("poisson_1d", {}),
    ("poisson_2d", {}),
    ("poisson_5d", {}),
    ("poisson_5d", {"dimension": 2, "half_waves": 0.5, "phase": 0.5}),
    ("poisson_10d", {}),
    ("reaction", {}),
    ("reaction", {"periodic": True}),
    ("sine_gordon", {}),
    ("wave_1d", {}),
    ("wave_2d", {}),
]
# Of several fields, of pieces, complex, of two places or on curved walls: by each condition's plan.
PLANNED = """
    abel beltrami black_scholes burgers_2d cantilever delay fokker_planck heat_5d heat_inverse
    inclusion kovasznay plate_with_hole point_load poisson_inverse schroedinger stefan
    taylor_green tetrahedra tracer two_materials two_solitons volterra
"""
BY_PLAN = PLANNED.split()
COMPUTED = ["allen_cahn", "burgers", "inverse_burgers"]
PERIODIC = {"kdv": "DOP853", "kuramoto_sivashinsky": "LSODA"}  # how finite differences are integrated
REACTIONS = ["gray_scott", "ginzburg_landau", "packet"]  # see test_reaction_references.py
BY_SERIES = ["four_disks", "l_shape", "poisson_boltzmann"]  # see test_series_reference.py
ORBITS = ["lorenz_inverse", "lotka_volterra", "robertson"]  # see test_orbits.py
STEADY = [("cavity", {}), ("cavity", {"lid": "regularized"})]

ROUNDING = 1e-11  # of a residual whose terms are as large as (8 pi)^2
QUADRATURE = 1e-11  # relative, what scipy.integrate.quad is asked for and a margin
COARSE = {"allen_cahn": 1e-5, "burgers": 1e-4}  # of second-order differences, relative L2
FINE = {"kdv": 2e-5, "kuramoto_sivashinsky": 2e-5}  # of tenth-order differences, relative L2
WALLS = 2e-4  # of a spline that is extrapolated by half a cell
SPLINE = 1e-5  # of a residual of a spline through the grid, whose terms are of order 1


def load(name):
    """The module of a problem file, loaded by path with its folder on `sys.path`."""
    spec = importlib.util.spec_from_file_location(f"problem_{name}", PROBLEMS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(PROBLEMS))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(PROBLEMS))
    return module


def test_every_problem_file_has_a_row():
    files = {path.stem for path in PROBLEMS.glob("[!_]*.py")}
    listed = {name for name, _ in EXACT + STEADY} | set(COMPUTED + BY_PLAN + BY_SERIES + ORBITS)
    assert files == listed | set(PERIODIC) | set(REACTIONS)


@pytest.mark.solves
@pytest.mark.parametrize("name", BY_PLAN)
def test_every_condition_holds_for_the_exact_solution(name):
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        problem = load(name).make_problem()
        functions = [problem.exact[field] for field in problem.fields]

        def fields(point):
            named = problem.domain.split(point)
            return jnp.stack([f(*map(named.get, inspect.signature(f).parameters)) for f in functions])

        for block in problem.blocks:
            if block.noise:
                continue  # readings that scatter
            fixed = isinstance(block.site, FixedPoints)
            points = block.site.points if fixed else None
            if points is None:
                count = block.site.finite or 20
                points, normals = block.site.draw(count, pv.Sobol(), np.random.default_rng(0))
            else:
                normals = np.zeros((len(points), problem.domain.space_dim))
            given = dict(block.site.auxiliary) if fixed else {}
            given |= {} if block.given is None else block.given.at(points)

            def missed(point, normal, given, block=block):
                values = block.plan.evaluate(fields, point, normal, {}) | given
                rows = jnp.stack([jnp.abs(row) for row in block.residual(values)])
                sizes = [jnp.max(jnp.abs(value)) for value in values.values()]
                return jnp.max(rows) / jnp.max(jnp.stack([jnp.ones(()), *sizes]))

            worst = jax.jit(jax.vmap(missed))(jnp.asarray(points), jnp.asarray(normals), given)
            assert np.max(worst) < 1e-10


# Exact solutions. Derivatives by nested jax.grad, so that the derivative plan is not its own judge.


def along(u, coordinate):
    def derivative(**point):
        return jax.grad(lambda value: u(**{**point, coordinate: value}))(point[coordinate])

    return derivative


def quantity(name, u, point) -> Any:
    """What an argument name asks for, where all coordinates have one letter."""
    if name in point:
        return point[name]
    if name == "laplacian_u":
        space = [c for c in point if c != "t"]
        hessians = [jax.hessian(lambda value, c=c: u(**{**point, c: value}))(point[c]) for c in space]
        return sum(jnp.trace(jnp.atleast_2d(hessian)) for hessian in hessians)
    for coordinate in name.removeprefix("u").removeprefix("_"):
        u = along(u, coordinate)
    return u(**point)


def call(function, u, point) -> Any:
    return function(*(quantity(name, u, point) for name in inspect.signature(function).parameters))


def residuals(condition, u, point):
    """The residuals that a condition's function and keywords stand for."""
    positional = [] if condition.function is None else [call(condition.function, u, point)]
    values = getattr(condition, "values", {})
    return positional + [
        quantity(name, u, point) - (call(value, u, point) if callable(value) else value)
        for name, value in values.items()
    ]


def draw(condition, domain, rng, count=20):
    """Points where the condition must hold, as a dict of coordinate arrays."""
    lower, upper = domain.lower, domain.upper
    points = lower + rng.uniform(0.01, 0.99, (count, domain.dim)) * (upper - lower)
    if isinstance(condition, pv.Initial):
        points[:, -1] = lower[-1]
    if isinstance(condition, pv.Dirichlet):
        axes = rng.integers(domain.space_dim, size=count)
        points[np.arange(count), axes] = np.where(rng.random(count) < 0.5, lower[axes], upper[axes])
    return {name: jnp.asarray(column) for name, column in domain.split(points).items()}


@pytest.mark.parametrize(("name", "parameters"), EXACT)
def test_exact_solution_satisfies_every_condition(name, parameters):
    problem = load(name).make_problem(**parameters)
    rng = np.random.default_rng(0)
    exact = problem.exact["u"]
    with jax.enable_x64(True):
        for condition in problem.conditions.values():
            points = draw(condition, problem.domain, rng)
            rows = jax.jit(jax.vmap(lambda point, c=condition: residuals(c, exact, point)))(points)
            assert np.max(np.abs(rows)) < ROUNDING


def test_exact_solution_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="underdamped"):
        load("oscillator").make_problem(damping=20.0)
    with pytest.raises(ValueError, match="whole"):
        load("helmholtz_2d").make_problem(a1=0.5)


# Computed references.


@functools.cache
def reference_of(name, **parameters):
    return load(name).make_problem(**parameters).reference()


def on_grid(reference):
    """Times, places and values (times, places) of a reference that lies on a tensor grid."""
    x, t, u = reference.points["x"], reference.points["t"], reference.values["u"]
    times, places = np.unique(t), np.unique(x)
    return times, places, u[np.lexsort((x, t))].reshape(len(times), len(places))


def relative_error(u, truth):
    return np.linalg.norm(u - truth) / np.linalg.norm(truth)


def march(rate, start, times):
    """Integrates a system with a tridiagonal Jacobian; returns (times, size)."""
    span = (times[0], times[-1])
    options = {"method": "LSODA", "rtol": 1e-8, "atol": 1e-8, "lband": 1, "uband": 1}
    return solve_ivp(rate, span, start, t_eval=times, **options).y.T


def test_burgers_reference_agrees_with_finite_differences():
    times, places, reference = on_grid(reference_of("burgers"))
    x = np.sinh(6 * np.linspace(0, 1, 801)) / np.sinh(6)  # the solution is odd; nodes in the shock
    across = x[2:] - x[:-2]

    def rate(t, u):
        slope = np.diff(u) / np.diff(x)
        inner = 0.02 / np.pi * np.diff(slope) - np.diff(u[1:] ** 2 + u[:-1] ** 2) / 2
        return np.concatenate([[0], inner / across, [0]])

    u = march(rate, -np.sin(np.pi * x), times)
    right = places >= 0
    fine = CubicSpline(x, u, axis=1)(places[right])
    assert relative_error(fine, reference[:, right]) < COARSE["burgers"]
    np.testing.assert_allclose(reference, -reference[:, ::-1], atol=1e-12)


@pytest.mark.parametrize(("x", "t"), [(0.3, 0.2), (-0.01, 0.5), (0.004, 1.0), (0.9, 1e-3)])
@pytest.mark.parametrize("viscosity", [0.01 / np.pi, 0.1])
def test_burgers_solution_agrees_with_adaptive_quadrature(x, t, viscosity):
    def weight(y):
        exponent = -((x - y) ** 2) / (4 * viscosity * t)
        return np.exp(exponent - (1 + np.cos(np.pi * y)) / (2 * np.pi * viscosity))

    # The peaks of the weight are narrow, and quad has to be told where to look.
    reach = 12 * np.sqrt(4 * viscosity * t)
    edges = np.linspace(x - reach, x + reach, 25)
    peak = max(weight(y) for y in np.linspace(x - reach, x + reach, 2001))

    def integral(factor):
        pieces = list(itertools.pairwise(edges))
        options = {"epsabs": 1e-15, "epsrel": 1e-12}
        return sum(quad(lambda y: factor(y) * weight(y) / peak, a, b, **options)[0] for a, b in pieces)

    wanted = -integral(lambda y: np.sin(np.pi * y)) / integral(lambda y: 1.0)
    got = load("_cole_hopf").burgers_solution(np.array([x]), np.array([t]), viscosity)
    np.testing.assert_allclose(got, wanted, rtol=QUADRATURE)


@pytest.mark.solves
def test_allen_cahn_reference_agrees_with_finite_differences():
    reference = reference_of("allen_cahn")
    times, places, values = on_grid(reference)
    x = np.linspace(0, 1, 3201)

    def rate(t, u):  # the solution is even around both ends of [0, 1]
        return 1e-4 / x[1] ** 2 * np.diff(np.pad(u, 1, mode="reflect"), 2) + 5 * (u - u**3)

    u = march(rate, x**2 * np.cos(np.pi * x), times)
    assert relative_error(CubicSpline(x, u, axis=1)(np.abs(places)), values) < COARSE["allen_cahn"]
    assert reference.floor < 1e-10


@pytest.mark.parametrize("name", [*COMPUTED, *PERIODIC])
def test_computed_reference_satisfies_start_and_walls(name):
    problem = load(name).make_problem()
    _, places, values = on_grid(reference_of(name))
    with jax.enable_x64(True):
        start = np.asarray(problem.conditions["start"].values["u"](jnp.asarray(places)))
    np.testing.assert_allclose(values[0], start, atol=1e-14)
    if "walls" in problem.conditions:
        np.testing.assert_allclose(values[:, [0, -1]], 0, atol=1e-14)


@pytest.mark.parametrize("name", COMPUTED)
def test_computed_reference_solves_the_equation_of_the_file(name):
    spline = RectBivariateSpline(*on_grid(reference_of(name)), kx=5, ky=5)
    rng = np.random.default_rng(0)
    t, x = rng.uniform(0.1, 0.7, 500), rng.uniform(0.1, 0.9, 500)  # off the shock and the seam
    values = {"u": spline.ev(t, x), "u_t": spline.ev(t, x, dx=1), "nu": 0.01 / np.pi}
    values |= {"u_x": spline.ev(t, x, dy=1), "u_xx": spline.ev(t, x, dy=2)}
    equation = load(name).make_problem().conditions["pde"].function
    rows = equation(*(values[argument] for argument in inspect.signature(equation).parameters))
    assert np.sqrt(np.mean(rows**2)) < SPLINE


def test_inverse_burgers_samples_are_the_solution_plus_noise():
    module = load("inverse_burgers")
    clean, again, noisy = (
        module.make_problem(samples=1000, noise=noise).conditions["samples"]
        for noise in (0.0, 0.0, 0.1)
    )
    assert clean.points["x"].shape == clean.values["u"].shape == (1000,)
    np.testing.assert_array_equal(clean.values["u"], again.values["u"])
    truth = module.burgers_solution(clean.points["x"], clean.points["t"], 0.01 / np.pi)
    np.testing.assert_array_equal(clean.values["u"], truth)
    spread = np.std(noisy.values["u"] - truth) / np.std(truth)
    assert 0.09 < spread < 0.11  # four standard deviations of the estimate


# Periodic waves. They are too steep for a spline; differences are the oracle of equation and answer.


@pytest.mark.solves
@pytest.mark.parametrize("name", PERIODIC)
def test_periodic_reference_agrees_with_finite_differences(name):
    problem, reference = load(name).make_problem(), reference_of(name)
    times, places, values = on_grid(reference)
    equation = problem.conditions["pde"].function
    names = list(inspect.signature(equation).parameters)
    length, count = problem.domain.upper[0] - problem.domain.lower[0], 3 * len(places)
    slopes = {q: differences(count, length, len(q) - 2) for q in names if q.startswith("u_x")}

    def rate(t, u):
        quantities = {"u": u, "u_t": 0.0} | {q: matrix @ u for q, matrix in slopes.items()}
        return -equation(*(quantities[argument] for argument in names))

    x = places[0] + length * np.arange(count) / count
    with jax.enable_x64(True):
        start = np.asarray(problem.conditions["start"].values["u"](jnp.asarray(x)))
    options = {"method": PERIODIC[name], "rtol": 1e-7, "atol": 1e-7}
    u = solve_ivp(rate, times[[0, -1]], start, t_eval=times, **options).y.T[:, ::3]
    assert relative_error(u, values) < FINE[name]
    assert reference.floor < 1e-9


@pytest.mark.parametrize(("name", "powers"), [("kdv", [1, 2]), ("kuramoto_sivashinsky", [1])])
def test_periodic_reference_keeps_what_the_equation_keeps(name, powers):
    _, _, values = on_grid(reference_of(name))
    for power in powers:  # mass, and momentum
        mean = np.mean(values**power, axis=1)
        np.testing.assert_allclose(mean, mean[0], atol=1e-9)


# Steady flow.


@pytest.mark.solves
@pytest.mark.parametrize(("name", "parameters"), STEADY)
def test_cavity_reference_satisfies_every_condition(name, parameters):
    conditions = load(name).make_problem(**parameters).conditions
    reference = reference_of(name, **parameters)
    x = np.unique(reference.points["x"])
    splines = {
        field: RectBivariateSpline(x, x, values.reshape(len(x), len(x)), bbox=[0, 1, 0, 1], kx=5, ky=5)
        for field, values in reference.values.items()
    }

    def rows(condition, x, y):
        def quantity(name):
            if name.startswith("laplacian_"):
                field = splines[name.removeprefix("laplacian_")]
                return field.ev(x, y, dx=2) + field.ev(x, y, dy=2)
            field, _, by = name.partition("_")
            return splines[field].ev(x, y, dx=by.count("x"), dy=by.count("y"))

        function = condition.function
        return np.asarray(function(*map(quantity, inspect.signature(function).parameters)))

    inside = np.random.default_rng(0).uniform(0.1, 0.9, (2, 500))
    for equation in ("momentum", "mass"):
        assert np.sqrt(np.mean(rows(conditions[equation], *inside) ** 2)) < SPLINE

    along = np.linspace(0.1, 0.9, 9)  # off the corners, where the pressure is not smooth
    lid = conditions["lid"].values["u"](along)
    for x, y, speed in [(along, 1, lid), (along, 0, 0), (0, along, 0), (1, along, 0)]:
        np.testing.assert_allclose(splines["u"].ev(x, y), speed, atol=WALLS)
        np.testing.assert_allclose(splines["v"].ev(x, y), 0, atol=WALLS)
    np.testing.assert_allclose(splines["p"].ev(0, 0), 0, atol=WALLS)
    assert reference.floor < 1e-4


def test_a_lid_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="parabola and regularized"):
        load("cavity").make_problem(lid="plain")
