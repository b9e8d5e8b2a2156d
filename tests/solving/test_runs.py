"""Runs repeat and resume bit for bit; other solvers, weights and precisions."""

import dataclasses
import textwrap

import numpy as np
import optax
import pytest

import pinnsven as pv
from helpers import CLOSE, TIMES, decay, run_python, solve
from pinnsven._output._archive import read_archive
from pinnsven._solving._run_file import load_run, save_run

pytestmark = pytest.mark.usefixtures("shared_compilations")


@pytest.fixture(scope="module")
def twenty():
    """Twenty steps of the decay with seed 0."""
    return solve(max_steps=20)


def same_history(one, other):
    for name in ("loss", "damping", "ratio", "rank", "rows"):
        np.testing.assert_array_equal(one.history[name], other.history[name], err_msg=name)
    np.testing.assert_array_equal(one.u(t=TIMES), other.u(t=TIMES))


def test_without_the_wish_no_error_is_estimated(twenty):
    assert twenty.error_estimate is None
    assert twenty.to_json()["error_estimate"] == {"u": None}


# Repeating and resuming


def test_the_same_seed_gives_the_same_bits(twenty):
    same_history(solve(max_steps=20), twenty)


def test_another_seed_gives_another_run(twenty):
    other = solve(max_steps=20, seed=1)
    assert np.any(other.history["loss"] != twenty.history["loss"])


@pytest.mark.solves
def test_a_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(tmp_path):
    path = tmp_path / "run.ckpt"
    whole = solve(max_steps=40)
    solve(max_steps=20, checkpoint=path)
    assert path.is_file()
    resumed = solve(max_steps=40, checkpoint=path, resume=True)
    assert resumed.steps == 40
    same_history(resumed, whole)
    assert resumed.conditions == whole.conditions
    assert resumed.seconds > 0 and np.all(np.diff(resumed.history["seconds"]) >= 0)


@pytest.mark.parametrize("last_is_better", [True, False])
def test_the_better_parameters_are_kept_whatever_a_lucky_draw_said(tmp_path, last_is_better):
    """The last ones, and those whose held-out residual was once the lowest, on the same points."""
    path = tmp_path / "run.npz"
    good = solve(max_steps=20, checkpoint=path)
    saved = load_run(path, read_archive(path, "checkpoint")[0]["identity"])
    bad = np.zeros_like(saved.theta)
    if last_is_better:
        changed = {"best": (0.0, bad)}
    else:
        changed = {"best": (1e9, saved.theta), "theta": bad}
    save_run(path, dataclasses.replace(saved, **changed))
    again = solve(max_steps=20, checkpoint=path, resume=True)
    assert again.error == good.error


def test_a_resumed_run_that_is_already_done_takes_no_step(tmp_path):
    path = tmp_path / "run.ckpt"
    done = solve(max_steps=20, checkpoint=path)
    again = solve(max_steps=20, checkpoint=path, resume=True)
    assert again.steps == 20
    np.testing.assert_array_equal(again.u(t=TIMES), done.u(t=TIMES))


def test_a_checkpoint_of_another_run_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "run.ckpt"
    solve(max_steps=1, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"run\.ckpt"):
        solve(max_steps=2, checkpoint=path, resume=True, seed=1)
    with pytest.raises(ValueError, match=r"What differs: the network\."):
        solve(max_steps=2, checkpoint=path, resume=True, network=pv.MLP(width=9, depth=1))
    assert path.read_bytes() == before


# Other solvers, weights and precisions


@pytest.mark.parametrize("method", [optax.adam(1e-2), optax.lbfgs()], ids=["adam", "lbfgs"])
def test_an_optax_method_lowers_the_same_loss(method, twenty):
    found = solve(solver=method, max_steps=30)
    losses = found.history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    assert found.steps == 30 and found.rank == 0 and not len(found.spectrum)
    # The same weights, so that the two losses are the same function.
    for name, row in found.conditions.items():
        assert row.weight == twenty.conditions[name].weight
    total = sum(r.weight * r.training**2 for r in found.conditions.values())
    assert total < losses[0]


@pytest.mark.solves
def test_the_loss_is_the_weighted_sum_of_mean_squares():
    found = solve(max_steps=5, refine=False)
    total = sum(row.weight * row.training**2 for row in found.conditions.values())
    np.testing.assert_allclose(found.history["loss"][-1], total, rtol=1e-9)


@pytest.mark.slow
def test_multiplying_an_equation_changes_nothing(twenty):
    scaled = solve(decay(factor=1e6), max_steps=20)
    ratio = twenty.conditions["pde"].weight / scaled.conditions["pde"].weight
    np.testing.assert_allclose(ratio, 1e12, rtol=1e-6)
    np.testing.assert_allclose(scaled.history["loss"][:5], twenty.history["loss"][:5], rtol=1e-4)
    assert scaled.error < 10 * twenty.error["u"] + CLOSE


@pytest.mark.solves
def test_balanced_weights_stay_within_their_bound():
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_t: u_t + u),
            "start": pv.Initial(u=1.0),
            "data": pv.Data({"t": [0.5, 1.0]}, u=[0.9, 0.1], weight=0.25),
        },
    )
    kept = solve(problem, max_steps=1)
    moved = solve(problem, max_steps=40, weighting=pv.BalancedWeights(power=0.9, bound=2.0))
    ratios = {n: moved.conditions[n].weight / kept.conditions[n].weight for n in moved.conditions}
    assert ratios["data"] == 1.0 and moved.conditions["data"].weight == 0.25
    assert all(0.5 - 1e-9 <= ratio <= 2 + 1e-9 for ratio in ratios.values())
    assert any(ratio in (0.5, 2.0) or abs(ratio - 1) > 0.1 for ratio in ratios.values())


@pytest.mark.slow
def test_float32_leaves_numpy_behind_and_the_setting_as_it_was():
    script = textwrap.dedent("""
        import jax, jax.numpy as jnp, numpy as np, pinnsven as pv
        assert jnp.ones(1).dtype == jnp.float32
        problem = pv.Problem(
            domain=pv.Time(0, 1), fields="u",
            conditions={"pde": pv.PDE(lambda u, u_t: u_t + u), "start": pv.Initial(u=1.0)},
            exact=lambda t: jnp.exp(-t),
        )
        errors = {}
        for precision in ("float32", "float64"):
            s = pv.solve(problem, pv.MLP(width=8, depth=1), points=64, max_steps=25,
                         precision=precision, estimate_error=False)
            values = s.u(t=[0.0, 0.5])
            assert type(values) is np.ndarray and values.dtype == np.float64
            assert not isinstance(s.spectrum, jax.Array)
            assert jnp.ones(1).dtype == jnp.float32 and not jax.config.jax_enable_x64
            errors[precision] = float(s.error)
        assert errors["float32"] < 1e-3 and errors["float64"] < 1e-6, errors
        assert errors["float64"] < errors["float32"], errors
    """)
    done = run_python(script, environment={"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"})
    assert done.returncode == 0, done.stderr
