"""The control of the step on curved problems, and what it reports."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest
import scipy.linalg
import scipy.optimize

import pinnsven as pv
from backends import BACKENDS, backends, dampers
from matrices import ROUNDING, Affine, state_of
from small_residuals import rosenbrock

pytestmark = pytest.mark.usefixtures("shared_compilations")
SAME_MINIMUM = 1e-6  # of two optimizers, relative to the size of the parameters


def beale(p):
    powers = p[1] ** jnp.array([1.0, 2.0, 3.0])
    return jnp.array([1.5, 2.25, 2.625]) - p[0] * (1 - powers)


BARD_Y = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
)


def bard(p):
    """Bard 1970, problem 8 of More, Garbow, Hillstrom 1981: the residual does not vanish."""
    u = jnp.arange(1.0, 16.0)
    v = 16 - u
    return jnp.asarray(BARD_Y) - (p[0] + u / (v * p[1] + jnp.minimum(u, v) * p[2]))


CLASSICS = {
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0])),
    "beale": (beale, np.array([1.0, 0.8])),
    "bard": (bard, np.array([1.0, 1.0, 1.0])),
}


@pytest.fixture(
    scope="module", params=list(zip(CLASSICS, ("gram", "svd", "qr"), strict=True)), ids="-".join
)
def descent(request):
    """A classic problem, and every step of Sven on it: parameters before, parameters after, report."""
    function, start = CLASSICS[request.param[0]]
    solver = pv.Sven(backend=BACKENDS[request.param[1]].backend)
    step = jax.jit(lambda p, s: solver.step(function, p, s))
    params, state, steps = jnp.asarray(start), state_of(params=len(start)), []
    for _ in range(30):
        moved, state, report = step(params, state)
        steps.append((np.asarray(params), np.asarray(moved), report))
        params = moved
    return function, start, steps


def test_classic_problems_end_where_other_optimizers_end(descent):
    function, start, steps = descent
    jacobian = jax.jit(jax.jacfwd(function))
    by_scipy = scipy.optimize.least_squares(
        lambda p: np.asarray(function(p)),
        start,
        jac=lambda p: np.asarray(jacobian(p)),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        by_optimistix = optimistix.least_squares(
            lambda p, _: function(p),
            optimistix.LevenbergMarquardt(rtol=1e-10, atol=1e-10),
            jnp.asarray(start),
        )
    *_, (_, end, report) = steps
    for other in (by_scipy.x, np.asarray(by_optimistix.value)):
        np.testing.assert_allclose(end, other, rtol=SAME_MINIMUM, atol=SAME_MINIMUM)
    np.testing.assert_allclose(report.new_loss, 2 * by_scipy.cost, rtol=1e-9, atol=1e-14)


def test_no_step_raises_the_loss_and_each_predicts_what_the_linear_model_does(descent):
    function, start, steps = descent
    jacobian = jax.jit(jax.jacfwd(function))
    compared, carried = 0, np.zeros(len(start))
    for before, after, report in steps:
        J, r = np.asarray(jacobian(before)), np.asarray(function(before))
        loss, new_loss = np.sum(r**2), np.sum(np.asarray(function(after)) ** 2)
        np.testing.assert_allclose(report.loss, loss, rtol=1e-6, atol=1e-20)
        np.testing.assert_allclose(report.new_loss, new_loss, rtol=1e-6, atol=1e-20)
        assert float(report.new_loss) <= float(report.loss)
        damping = float(report.damping) * np.linalg.svd(J, compute_uv=False)[0]
        damped = J.T @ J + damping**2 * np.eye(len(start))
        model = carried - np.linalg.solve(damped, J.T @ (r + J @ carried))
        carried = pv.SpectralSearch().momentum * (after - before)
        reduction = loss - np.sum((r + J @ model) ** 2)
        if loss < 1e-10 or reduction < 1e-6 * loss:
            continue  # rounding decides both
        np.testing.assert_allclose(report.predicted, reduction, rtol=1e-5)
        if bool(report.accepted):
            np.testing.assert_allclose(report.ratio, (loss - new_loss) / reduction, rtol=1e-5)
            compared += 1
    assert compared >= 3


@functools.cache
def search_step(backend):
    """A compiled step with the default control, for affine residuals of one shape."""
    solver = pv.Sven(backend=backend)
    return jax.jit(lambda theta, state, data: solver.advance(Affine(), theta, state, data))


@dampers
def test_a_linear_problem_is_solved_in_a_few_steps(backend):
    rng = np.random.default_rng(3)
    matrix, right = rng.standard_normal((8, 5)), rng.standard_normal(8)
    theta, state, step = jnp.ones(5), state_of(params=5), search_step(backend)
    for _ in range(9):
        theta, state, report = step(theta, state, (jnp.asarray(matrix), jnp.asarray(-right)))
    expected = scipy.linalg.lstsq(matrix, right)[0]
    np.testing.assert_allclose(theta, expected, rtol=1e-7)  # a flat loss tells no more apart
    values = np.linalg.svd(matrix, compute_uv=False)
    np.testing.assert_allclose(report.singular_values, values, rtol=1e-9)


@pytest.fixture(scope="module")
def rosenbrock_runs():
    """Runs with one step and with all that are needed, and how often the residual was traced."""
    runs = {}
    for limit in (1, 60):
        traces = []

        def counted(p, traces=traces):
            traces.append(1)
            return rosenbrock(p)

        result = pv.least_squares(counted, jnp.array([-1.2, 1.0]), tolerance=1e-10, max_steps=limit)
        runs[limit] = result, len(traces)
    return runs


def test_a_solvable_problem_is_reported_as_converged(rosenbrock_runs):
    result, _ = rosenbrock_runs[60]
    assert result.status == "converged"
    assert np.sqrt(np.mean(result.residual**2)) <= 1e-10
    np.testing.assert_allclose(result.params, [1.0, 1.0], atol=1e-9)
    assert 2 <= result.steps < 40
    assert result.spectrum.shape == (2,)


def test_too_few_steps_are_not_called_convergence(rosenbrock_runs):
    result, _ = rosenbrock_runs[1]
    assert (result.status, result.steps) == ("max_steps", 1)


def test_many_steps_compile_once(rosenbrock_runs):
    assert rosenbrock_runs[60][1] == rosenbrock_runs[1][1]


def test_the_best_fit_of_contradicting_equations_is_not_called_converged():
    result = pv.least_squares(lambda p: jnp.stack([p[0], p[0] - 2.0]), jnp.array([5.0]), max_steps=40)
    np.testing.assert_allclose(result.params, [1.0], rtol=1e-7)
    assert result.status == "stalled"


@pytest.mark.parametrize("control", [pv.SpectralSearch(), pv.FixedStep()], ids=["search", "fixed"])
def test_a_step_into_values_that_are_not_finite_is_rejected(control):
    start = jnp.array([1.0, -2.0, 3.0])

    def only_finite_at_the_start(p, poison):
        return p * jnp.where(jnp.all(p == start), 1.0, poison)

    solver, state = pv.Sven(control=control), state_of(params=3)
    step = jax.jit(lambda p, s, poison: solver.step(only_finite_at_the_start, p, s, poison))
    for poison in (jnp.nan, jnp.inf, -jnp.inf):
        params, new_state, report = step(start, state, poison)
        assert not bool(report.accepted)
        np.testing.assert_array_equal(params, start)
        np.testing.assert_allclose(report.new_loss, 14.0)
        if control.damps:
            assert float(new_state.log_damping) > float(state.log_damping)
    assert bool(step(start, state, 1.0)[2].accepted)  # the same step, of a harmless function


def test_a_residual_that_is_not_finite_at_the_start_is_called_diverged():
    result = pv.least_squares(lambda p: jnp.log(p), jnp.array([-1.0]))
    assert (result.status, result.steps) == ("diverged", 0)
    np.testing.assert_array_equal(result.params, [-1.0])


@backends(lambda row: row.direct)
def test_a_zero_jacobian_moves_nothing(backend):
    start, data = jnp.arange(5.0), (jnp.zeros((8, 5)), jnp.ones(8))
    steps = [search_step(backend)(start, state_of(params=5), data)]
    if not backend.damps_only:
        solver = pv.Sven(backend=backend, control=pv.FixedStep())
        steps.append(solver.advance(Affine(), start, state_of(params=5), data))
    for params, state, report in steps:
        np.testing.assert_array_equal(params, start)
        assert int(report.rank) == 0
        for leaf in jax.tree.leaves((state, report)):
            assert not np.any(np.isnan(np.asarray(leaf)))


def test_a_jacobian_that_is_not_finite_moves_nothing():
    start = jnp.array([1.0, 0.0])
    solver = pv.Sven()
    step = jax.jit(lambda p, s: solver.step(lambda q: jnp.sqrt(q), p, s))  # infinite slope at 0
    params, _, report = step(start, state_of(params=2))
    np.testing.assert_array_equal(params, start)
    assert not bool(report.accepted)


def bent(p, matrix, right, bend):
    """A mildly nonlinear system whose linear part is `matrix`."""
    return matrix @ p + bend * p**2 - right


@pytest.fixture(scope="module")
def mildly_bent():
    """Steps on a mildly nonlinear system, by the number of past corrections that are mixed."""
    rng = np.random.default_rng(5)
    matrix, right = np.eye(8) + 0.3 * rng.standard_normal((8, 8)), rng.standard_normal(8)
    matrix, right = jnp.asarray(matrix), jnp.asarray(right)
    undamped = eqx.tree_at(lambda s: s.log_damping, state_of(params=8), jnp.array(-9.0))

    def build(memory):
        control = pv.SpectralSearch(probes=1, spread=0.0, memory=memory, worth=1e9)
        step = jax.jit(lambda solver, p, s, bend: solver.step(bent, p, s, matrix, right, bend))

        def run(corrections, bend):
            solver = pv.Sven(control=control, corrections=corrections)
            return step(solver, jnp.zeros(8), undamped, bend)

        return run

    return {memory: build(memory) for memory in (0, 3)}


@pytest.mark.parametrize("bend", [0.05, 0.15])
def test_mixed_corrections_reach_no_less_than_plain_ones(mildly_bent, bend):
    plain, mixed = (
        [float(mildly_bent[memory](count, bend)[2].new_loss) for count in (0, 3, 6)]
        for memory in (0, 3)
    )
    np.testing.assert_allclose(plain[0], mixed[0], rtol=ROUNDING)  # nothing to mix without any
    assert plain[2] < plain[0] and mixed[2] < mixed[0]
    assert mixed[1] <= plain[1] * (1 + 1e-9)
    assert mixed[2] <= plain[2] * (1 + 1e-9)


def test_plain_and_mixed_corrections_end_at_the_same_point(mildly_bent):
    plain, mixed = (mildly_bent[memory](60, 0.05) for memory in (0, 3))
    assert max(float(plain[2].new_loss), float(mixed[2].new_loss)) < 1e-12
    np.testing.assert_allclose(plain[0], mixed[0], atol=1e-6)
