"""Sven without a differential equation: parts, minibatches, optax, a state that scans."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import pinnsven as pv
from matrices import KEY, ROUNDING
from pinnsven._sven import FunctionResidual
from small_residuals import network_data, network_start, of_batch, of_sample

pytestmark = pytest.mark.usefixtures("shared_compilations")


# Use without a differential equation


def two_parts(params, x, y):
    return {"fit": of_batch(params, x, y), "small": params["mid"].ravel()}


@pytest.mark.solves
def test_named_parts_are_weighted_means_of_squares():
    params, data = network_start(), network_data()
    weights = {"fit": 3.0, "small": 0.01}
    solver = pv.Sven()
    state = solver.init(two_parts, params, *data, weights=weights)
    _, _, report = solver.step(two_parts, params, state, *data, weights=weights)
    expected = 3 * jnp.mean(of_batch(params, *data) ** 2) + 0.01 * jnp.mean(params["mid"] ** 2)
    np.testing.assert_allclose(report.loss, expected, rtol=ROUNDING)


@pytest.mark.solves
def test_shares_of_the_step_are_those_of_steps_for_each_part_alone():
    params, data = network_start(), network_data()
    solver = pv.Sven(control=pv.FixedStep(), rtol=1e-3)
    system = FunctionResidual(two_parts, params)
    theta = system.start()
    state = solver.init_state(theta, KEY)
    moved, _, report = solver.advance(system, theta, state, data)
    jacobian = np.asarray(system.linearize(theta, data).jacobian())
    inverse = np.linalg.pinv(jacobian, rcond=1e-3)
    residual = np.asarray(system.residual(theta, data))
    owner = np.arange(len(residual)) >= 12
    steps = [-inverse @ np.where(owner == part, residual, 0) for part in (False, True)]
    whole = steps[0] + steps[1]
    np.testing.assert_allclose(moved - theta, whole, rtol=1e-6)
    expected = [step @ whole / (whole @ whole) for step in steps]
    np.testing.assert_allclose(report.shares, expected, rtol=1e-6)


@pytest.mark.solves
def test_trainable_leaves_are_chosen_by_their_path():
    params, data = network_start(), network_data()
    solver = pv.Sven(trainable=r"out|end")
    moved, _, report = solver.step(of_batch, params, solver.init(of_batch, params, *data), *data)
    assert report.accepted
    for name in params:
        assert np.array_equal(moved[name], params[name]) == (name not in ("out", "end"))


def test_minibatches_change_the_data_and_compile_once():
    traces = []

    def counted(params, x, y):
        traces.append(1)
        return of_batch(params, x, y)

    solver = pv.Sven()
    params = network_start()
    state = solver.init(counted, params, *network_data())
    step = jax.jit(lambda p, s, d: solver.step(counted, p, s, *d))
    batches = [network_data(seed=seed) for seed in range(6)]
    params, state, first = step(params, state, batches[0])
    compiled, losses = len(traces), []
    for batch in batches[1:] * 3:
        params, state, report = step(params, state, batch)
        losses.append(float(report.new_loss))
    assert len(traces) == compiled
    assert np.median(losses) < 0.2 * first.loss


def test_a_hundred_steps_with_changing_settings_compile_once():
    traces = []

    def counted(params, x, y):
        traces.append(1)
        return two_parts(params, x, y)

    params, data = network_start(), network_data()
    weights = {"fit": 1.0, "small": 1e-3}
    state = pv.Sven().init(counted, params, *data, weights=weights)
    step = jax.jit(lambda solver, p, s, w: solver.step(counted, p, s, *data, weights=w))
    for i in range(100):
        solver = pv.Sven(rtol=1e-12 * (i + 1), control=pv.SpectralSearch(spread=1 + i / 100))
        state = eqx.tree_at(lambda s: s.log_damping, state, state.log_damping + 0.01 * (i % 3))
        changed = {"fit": 1.0 + i, "small": 1e-3 / (1 + i)}
        params, state, report = step(solver, params, state, changed)
        if i == 0:
            compiled = len(traces)
    assert len(traces) == compiled
    assert np.all(np.isfinite(ravel_pytree(params)[0])) and np.isfinite(report.loss)


@pytest.mark.solves
def test_in_an_optax_loop_it_takes_the_same_steps():
    """The random ones among them: both start from the same seed unless told otherwise."""
    params, data = network_start(), network_data()
    solver = pv.Sven()
    transformation = optax.chain(solver.as_optax(pv.Samples(of_sample)), optax.scale(1.0))
    state: Any = transformation.init(params)
    own_state = solver.init(pv.Samples(of_sample), params, *data)
    own = params
    np.testing.assert_array_equal(state[0].key, own_state.key)

    @jax.jit
    def update(params, state, data):
        updates, state = transformation.update(None, state, params, data=data)
        return optax.apply_updates(params, updates), state

    for _ in range(3):
        params, state = update(params, state, data)
        own, own_state, _ = solver.step(pv.Samples(of_sample), own, own_state, *data)
    for name in params:
        np.testing.assert_allclose(params[name], own[name], rtol=1e-9)


def test_the_state_is_a_pytree_that_scans_and_survives_a_round_trip_through_numpy():
    params, data = network_start(), network_data()
    solver = pv.Sven(backend=pv.RandomizedSVD(rank=6), control=pv.FixedStep(0.5, momentum=0.3))
    function = pv.Samples(of_sample)

    def body(carry, _):
        params, state = carry
        params, state, report = solver.step(function, params, state, *data)
        return (params, state), report.new_loss

    start = params, solver.init(function, params, *data)
    scanned, losses = jax.jit(lambda c: jax.lax.scan(body, c, None, length=4))(start)
    half, _ = jax.jit(lambda c: jax.lax.scan(body, c, None, length=2))(start)
    stored = jax.tree.map(np.asarray, half)
    resumed, _ = jax.jit(lambda c: jax.lax.scan(body, c, None, length=2))(stored)
    assert jax.tree.all(jax.tree.map(lambda a, b: np.array_equal(a, b), scanned, resumed))
    assert np.all(np.isfinite(losses))


@pytest.mark.parametrize(
    ("call", "phrase"),
    [
        (lambda: pv.least_squares(lambda p: jnp.zeros((0,)), jnp.zeros(2)), "no rows"),
        (lambda: pv.least_squares(lambda p: jnp.ones(3), jnp.zeros(2)), "does not depend"),
        (lambda: pv.least_squares(lambda p: p, jnp.array([1, 2])), "floating-point"),
        (lambda: pv.Sven(max_rank=0), "max_rank=0"),
        (lambda: pv.Sven(rtol=1.0), "rtol=1.0"),
        (lambda: pv.Sven(rtol=-0.1), "rtol=-0.1"),
        (lambda: pv.Sven(kappa=0.0), "kappa=0.0"),
        (lambda: pv.Sven(kappa=-1.0), "kappa=-1.0"),
        (lambda: pv.Sven(early_share=0.0), "early_share=0.0"),
        (lambda: pv.Backtracking(shrink=1.0), "shrink=1.0"),
        (lambda: pv.Backtracking(trials=0), "trials=0"),
        (lambda: pv.FixedStep(momentum=1.0), "momentum=1.0"),
        (lambda: pv.SpectralSearch(momentum=-0.1), "momentum=-0.1"),
        (lambda: pv.SpectralFilter(damping=-1.0), "damping=-1.0"),
        (lambda: pv.RandomizedSVD(rank=0), "rank=0"),
        (lambda: pv.RandomizedSVD(oversample=-1), "oversample=-1"),
        (lambda: pv.Sketched(rows=0.0), "rows=0.0"),
        (lambda: pv.Sketched(columns=2.0), "columns=2.0"),
        (lambda: pv.Sketched(hashes=0), "hashes=0"),
        (lambda: pv.Samples(of_sample, group=0), "group=0"),
        (lambda: pv.Samples(of_sample, group=True), "group=True"),
        (
            lambda: pv.least_squares(
                pv.Samples(of_sample, group=5), network_start(), *network_data(12)
            ),
            "group=5",
        ),
        (lambda: pv.least_squares(lambda p: p, jnp.zeros(2), max_steps=0), "max_steps=0"),
        (lambda: pv.least_squares(lambda p: p, jnp.zeros(2), tolerance=-1.0), "tolerance=-1.0"),
        (
            lambda: pv.least_squares(two_parts, network_start(), *network_data(), weights={"fit": 1.0}),
            "weights name",
        ),
        (lambda: pv.least_squares(lambda p: p, jnp.zeros(2), weights={"fit": 1.0}), "weights name"),
        (lambda: pv.Sven(trainable="nothing").init(lambda p: p["a"], {"a": jnp.ones(1)}), "nothing"),
    ],
)
def test_bad_input_is_named(call, phrase):
    with pytest.raises(ValueError, match=phrase):
        call()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_residual_that_is_not_finite_leaves_the_parameters_alone(value):
    found = pv.least_squares(lambda p: p * jnp.array([1.0, value]), jnp.ones(2))
    assert found.status == "diverged" and "1 of 2" in found.message
    np.testing.assert_array_equal(found.params, [1.0, 1.0])


def test_a_residual_without_influence_stalls_and_leaves_the_parameters_alone():
    found = pv.least_squares(lambda p: 0 * p + 1, jnp.ones(2))
    assert found.status == "stalled"
    np.testing.assert_array_equal(found.params, [1.0, 1.0])


def test_functions_with_options_bound_are_residuals_too():
    shifted = functools.partial(lambda p, x, shift: p * x - shift, shift=2.0)
    found = pv.least_squares(shifted, jnp.zeros(1), jnp.ones(1))
    np.testing.assert_allclose(found.params, [2.0], rtol=1e-6)
