"""The driver under transformations, in other precisions, with wrong arguments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

import pinnsven as pv
from matrices import Affine, state_of
from small_residuals import rosenbrock

pytestmark = pytest.mark.usefixtures("shared_compilations")


# Transformations


def large_problem():
    """More parameters than `SMALL` and more rows than half of them: steps on random halves."""
    rng = np.random.default_rng(11)
    matrix = jnp.asarray(rng.standard_normal((150, 140)) / 12)
    return Affine(), jnp.zeros(140), (matrix, jnp.asarray(rng.standard_normal(150)))


@pytest.mark.solves
def test_before_the_endgame_a_step_moves_a_random_half():
    residual, start, data = large_problem()

    def moved(state, **options):
        solver = pv.Sven(max_rank=10, control=pv.FixedStep(), **options)
        return np.asarray(solver.advance(residual, start, state, data)[0]) != 0

    half, other = moved(state_of()), moved(state_of(seed=1))
    assert (half.sum(), other.sum()) == (70, 70)
    assert np.any(half != other)
    assert moved(state_of(late=True)).sum() == 140
    assert moved(state_of(), early_share=1.0).sum() == 140


def test_a_crowded_half_brings_the_endgame():
    residual, start, data = large_problem()
    solver = pv.Sven(control=pv.FixedStep())
    params, state, report = solver.advance(residual, start, state_of(), data)
    assert bool(state.late) and int(report.rank) == 70
    few = pv.Sven(control=pv.FixedStep(), max_rank=23)  # no more than a third of the 70
    assert not bool(few.advance(residual, start, state_of(), data)[1].late)
    params, state, report = solver.advance(residual, params, state, data)
    expected = scipy.linalg.lstsq(np.asarray(data[0]), -np.asarray(data[1]))[0]
    np.testing.assert_allclose(params, expected, atol=1e-6)


@pytest.mark.slow
def test_jitted_is_not_jitted():
    control = pv.SpectralSearch(probes=2, memory=0)
    solver, start = pv.Sven(control=control, corrections=2), jnp.array([-1.2, 1.0])
    plain = solver.step(rosenbrock, start, state_of(params=2))
    jitted = jax.jit(lambda p, s: solver.step(rosenbrock, p, s))(start, state_of(params=2))
    for one, other in zip(jax.tree.leaves(plain), jax.tree.leaves(jitted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_mapped_over_seeds_is_a_loop():
    residual, start, data = large_problem()
    solver = pv.Sven(control=pv.SpectralSearch(probes=2, memory=0), corrections=1)
    starts = np.asarray(start) + 0.1 * np.random.default_rng(0).standard_normal((3, 140))
    states = [state_of(seed, seed == 2, params=140) for seed in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    step = lambda p, s: solver.advance(residual, p, s, data)
    mapped = jax.jit(jax.vmap(step))(starts, stacked)
    single = jax.jit(step)
    for i in range(3):
        one = single(starts[i], states[i])
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(mapped), strict=True):
            np.testing.assert_allclose(a, b[i], rtol=1e-6, atol=1e-8)


def test_hyperparameters_change_without_compiling_again():
    traces = []

    def counted(p):
        traces.append(1)
        return rosenbrock(p)

    step = jax.jit(lambda solver, p, s: solver.step(counted, p, s))
    start = jnp.array([-1.2, 1.0])
    losses = []
    for options in (
        {},
        {"rtol": 0.5},
        {"corrections": 0},
        {"control": pv.SpectralSearch(ratio=0.9)},
        {"control": pv.SpectralSearch(trust=0.01, spread=2.0, worth=0.1)},
    ):
        solver = pv.Sven(**options)
        before = len(traces)
        state = solver.init_state(start, jax.random.PRNGKey(0))
        losses.append(float(step(solver, start, state)[2].new_loss))
        assert (len(traces) > before) == (not options)
    assert len(set(losses)) >= 3  # they were heeded, not ignored


# What is solved for


def test_parameters_may_hold_leaves_that_are_not_solved_for():
    params = {
        "height": jnp.array([[1.0]]),
        "rate": jnp.array(1.0),
        "name": "decay",
        "order": 1,
        "index": jnp.array([0]),
        "activation": jnp.exp,
        "nothing": None,
    }

    def function(p, x, y):
        assert p["name"] == "decay"
        values = p["height"][0, p["index"]] * p["activation"](-p["rate"] * x)
        return {"first": values[:9] - y[:9], "rest": values[9:] ** p["order"] - y[9:]}

    x = jnp.linspace(0.0, 1.0, 20)
    result = pv.least_squares(function, params, x, 2.0 * jnp.exp(-3.0 * x), tolerance=1e-12)
    assert result.status == "converged"
    np.testing.assert_allclose(result.params["height"], [[2.0]], rtol=1e-9)
    np.testing.assert_allclose(result.params["rate"], 3.0, rtol=1e-9)
    for name in ("name", "order", "activation", "nothing"):
        assert result.params[name] is params[name]
    np.testing.assert_array_equal(result.params["index"], [0])


def test_float32_parameters_stay_float32():
    start = jnp.asarray([-1.2, 1.0], jnp.float32)
    solver = pv.Sven(control=pv.SpectralSearch(probes=2))
    step = jax.jit(lambda p, s: solver.step(rosenbrock, p, s))
    params, state, report = step(start, solver.init(rosenbrock, start))
    assert params.dtype == jnp.float32
    assert state.log_damping.dtype == jnp.float32 and report.singular_values.dtype == jnp.float32
    assert bool(report.accepted)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: pv.Sven(max_rank=0), "max_rank=0"),
        (lambda: pv.Sven(max_rank=-3), "max_rank=-3"),
        (lambda: pv.Sven(rtol=1), "rtol=1"),
        (lambda: pv.Sven(rtol=-1), "rtol=-1"),
        (lambda: pv.Sven(rtol=float("nan")), "rtol=nan"),
        (lambda: pv.Sven(early_share=0.0), "early_share=0.0"),
        (lambda: pv.Sven(early_share=1.5), "early_share=1.5"),
        (lambda: pv.SpectralSearch(probes=0), "probes=0"),
        (lambda: pv.SpectralSearch(memory=-1), "memory=-1"),
        (lambda: pv.SpectralSearch(patience=0), "patience=0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_arguments_are_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()


def test_a_candidate_may_rest_at_once():
    assert pv.SpectralSearch(patience=1).patience == 1


@pytest.mark.parametrize("params", [{}, {"n": jnp.array([1, 2])}, {"name": "x"}, jnp.zeros(0)])
def test_without_a_parameter_there_is_nothing_to_solve(params):
    for call in (pv.Sven().init, pv.least_squares):
        with pytest.raises(ValueError, match="params"):
            call(lambda p: jnp.ones(2), params)


def test_a_residual_without_rows_is_an_error():
    for call in (pv.Sven().init, pv.least_squares):
        with pytest.raises(ValueError, match="no rows"):
            call(lambda p: jnp.zeros(0), jnp.ones(2))
