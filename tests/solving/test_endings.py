"""How a run ends: what is called converged, and what is not."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import CLOSE, decay, model_of, run_of, solve
from pinnsven._basics._precision import precision_context
from pinnsven._networks import flat_parameters
from pinnsven._solving._finish import _keep_the_better
from pinnsven._solving._held_out import block_scales
from pinnsven._solving._limits import Limits

pytestmark = pytest.mark.usefixtures("shared_compilations")


# The verdict


@pytest.mark.slow
def test_with_fixed_few_points_a_small_training_residual_is_not_believed():
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_t, t: u_t + u - 6 * jnp.cos(6 * t)),
            "start": pv.Initial(u=0.0),
        },
    )
    points = {"pde": {"t": np.linspace(0.05, 0.95, 4)}}
    found = solve(problem, points=points, refine=False, max_steps=60)
    row = found.conditions["pde"]
    assert row.rows == 4
    assert row.training < 1e-9 and row.held_out > 1e-2
    assert found.status in ("unresolved", "stalled")
    generous = solve(problem, points=points, refine=False, max_steps=60, tolerance=1e6)
    assert generous.status != "converged"


@pytest.mark.solves
def test_a_field_smaller_than_its_residual_is_not_believed():
    """Growth from 1e-8: a residual of 1e-10 is tiny, and as large as the solution."""
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="c",
        conditions={
            "pde": pv.PDE(lambda c, c_t: c_t - 10 * c * (1 - c / 1e-6)),
            "start": pv.Initial(c=1e-8),
        },
        exact=lambda t: 1e-6 / (1 + 99 * jnp.exp(-10 * t)),
    )
    found = solve(problem, max_steps=150)
    assert found.status != "converged" or found.error < 1e-3


@pytest.mark.slow
def test_what_is_known_only_up_to_a_constant_is_not_called_converged():
    conditions = {
        "pde": pv.PDE(lambda u_xx, x: u_xx + jnp.pi**2 * jnp.cos(jnp.pi * x)),
        "walls": pv.Neumann(u=0.0),
    }
    problem = pv.Problem(pv.Interval(0, 1), "u", conditions)
    found = solve(problem, max_steps=80, estimate_error=True)
    assert found.status == "undetermined" and "constant may be added to u" in found.message
    fixed = pv.Problem(
        pv.Interval(0, 1),
        "u",
        conditions | {"mean": pv.Integral(lambda u: u)},
        exact=lambda x: jnp.cos(jnp.pi * x),
    )
    found = solve(fixed, max_steps=80)
    assert found.status == "converged" and found.error < CLOSE


def test_the_size_of_a_condition_is_that_of_its_largest_field():
    problem = pv.Problem(
        pv.Time(0, 1),
        "u v",
        {
            "u": pv.PDE(lambda u, u_t: u_t + u),
            "v": pv.PDE(lambda v, v_t: v_t + v),
            "both": pv.Initial(u=1.0, v=lambda: 0.0),
        },
    )
    sizes = {"u": 0.5, "v": 1e-9}
    np.testing.assert_allclose(block_scales(problem.blocks, sizes), [0.5, 0.5e-3, 0.5])
    np.testing.assert_allclose(block_scales(problem.blocks, {"u": 30.0, "v": 0.02}), [1, 0.03, 1])
    np.testing.assert_allclose(block_scales(problem.blocks, {"u": 0.0, "v": 0.0}), [1, 1, 1])


@pytest.mark.solves
def test_one_step_is_not_convergence():
    found = solve(max_steps=1)
    assert (found.status, found.steps) == ("max_steps", 1)
    assert "1 steps" in found.message or "step" in found.message


def test_a_time_limit_ends_the_run():
    found = solve(time_limit=1e-9)
    assert found.status in ("time_limit", "unresolved")
    assert found.steps <= 1
    assert np.isfinite(found.u(t=0.5))


@pytest.mark.slow
def test_contradicting_conditions_do_not_converge():
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_t: u_t + u),
            "start": pv.Initial(u=1.0),
            "end": pv.Data({"t": [1.0]}, u=[1.0]),
        },
    )
    found = solve(problem, max_steps=25)
    assert found.status != "converged"


@pytest.mark.solves
def test_what_is_reported_is_of_the_parameters_that_are_kept():
    """The best parameters are not the last ones: what is measured last is not what is kept."""
    kept = solve(max_steps=40)
    worse = solve(max_steps=2)
    run = run_of(decay(), points=64)
    run.limits, run.estimates_error, run.wants_drawn = Limits(), False, False
    with precision_context("float64"):
        run.prepare()
        good, bad = (jnp.asarray(flat_parameters(model_of(s))) for s in (kept, worse))
        run.set_scaling(model_of(kept).scaling)
        run.best, run.theta = (0.0, good), bad
        found = _keep_the_better(run, 1)
        np.testing.assert_array_equal(run.theta, good)
        run.measure()
    assert found.relative < 1e-2
    np.testing.assert_allclose(found.training, run.estimate.training)
