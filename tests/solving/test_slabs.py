"""Slabs of time that a march chooses, and the programs that slabs share."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import ellipj, ellipk

import pinnsven as pv
from helpers import PROBLEMS
from pinnsven._basics._compiled import Compiler
from pinnsven._basics._traces import SharedTraces
from pinnsven._cli import load_problem
from pinnsven._output._evaluate import SlabEvaluator
from pinnsven._solving._joined import _narrowing
from pinnsven._solving._slab_problem import slab_of
from pinnsven._solving._slabs import Slabs

pytestmark = pytest.mark.usefixtures("quick_compilation")

FEW = 1e-6  # of those who are to fall ill
TIME_SCALES = "pv.march(problem) chooses slabs"


def switching() -> pv.Problem:
    """A rate that changes its sign where the field reaches one half: slabs end there."""
    law = pv.PDE(lambda u, u_t: u_t - jnp.where(u < 0.5, 1.0, -1.0))
    return pv.Problem(pv.Time(0, 4), "u", {"law": law, "start": pv.Initial(u=0.0)})


@pytest.mark.slow
def test_slabs_do_not_pass_a_switch_and_say_how_far_they_came():
    found = pv.march(switching(), time_limit=60)
    assert found.status == "time_limit" and found.error_estimate is not None
    assert "on nothing was begun" in found.message
    assert np.isnan(found.error_estimate["u"])


def test_where_slabs_got_ever_shorter_the_place_is_named():
    assert "singularity or a fast change near 1.501?" in _narrowing([0.0, 1.0, 1.5, 1.501, 4.0])
    assert _narrowing([0.0, 1.0, 1.5, 4.0]) == _narrowing([0.0, 1.0, 4.0]) == ""


@pytest.mark.slow
def test_what_a_slab_has_missed_leaves_no_estimate():
    """A pulse of 1e-6 of the time, whose place stands in no number of the program."""
    place = float(jnp.sqrt(3.3) - 1.1)

    def pulse(t):
        return jnp.exp(-(((jnp.sqrt(t + 0.1) - 1.1 - place) / 3e-6) ** 2)) / 1e-5

    law = pv.PDE(lambda u, u_t, t: u_t + 0.5 * u - pulse(t))
    found = pv.march(pv.Problem(pv.Time(0, 10), "u", {"law": law, "start": pv.Initial(u=1.0)}))
    assert found.status == "unresolved" and "have missed" in found.message
    assert found.error_estimate is not None and np.isnan(found.error_estimate["u"])


def outbreak(end: float = 30.0) -> pv.Problem:
    """Logistic growth from one in a million: for half of the time nothing seems to happen."""
    return pv.Problem(
        domain=pv.Time(0, end),
        fields="y",
        conditions={"law": pv.PDE(lambda y, y_t: y_t - y * (1 - y)), "start": pv.Initial(y=FEW)},
        exact=lambda t: FEW / (FEW + (1 - FEW) * jnp.exp(-t)),
        network=pv.MLP(width=8, depth=1),
    )


@pytest.mark.solves
def test_an_outbreak_that_no_network_finds_is_found_in_slabs_that_are_chosen():
    found = pv.march(outbreak(18.0))
    assert found.status == "converged" and found.error < 1e-9
    edges = _edges(found)
    assert edges[0] == 0 and edges[-1] == 18 and len(edges) > 3
    assert np.max(np.diff(edges)) > 1.5 * np.min(np.diff(edges))


@pytest.mark.slow
def test_a_stiff_reaction_is_solved_over_seven_decades():
    found = pv.march(load_problem(str(PROBLEMS / "robertson.py"), {}))
    assert found.status == "converged"
    assert all(error < 1e-9 for error in found.error.values())


@pytest.mark.slow
def test_a_slab_is_what_it_would_be_alone():
    """The third one is solved by programs of the first two, without being traced."""
    whole = outbreak(12.0)
    marched = pv.march(whole, [4.0, 8.0])
    two = pv.march(outbreak(8.0), [4.0])
    with jax.enable_x64():
        third = slab_of(whole, whole.domain.during(8.0, 12.0), _end(two))
    alone = pv.solve(third)
    t = np.linspace(8.0, 12.0, 21)[1:]
    np.testing.assert_array_equal(marched(t=t), alone(t=t))


@pytest.mark.solves
def test_where_a_history_is_not_found_at_once_slabs_are_named():
    found = pv.solve(outbreak(), time_limit=1e-3, estimate_error=False)
    assert found.status != "converged" and TIME_SCALES in found.message


def _edges(march: pv.Solution) -> np.ndarray:
    assert isinstance(march.evaluator, SlabEvaluator)
    return march.evaluator.edges


def _end(march: pv.Solution) -> pv.Solution:
    """The last slab of a march as a solution of its own."""
    assert isinstance(march.evaluator, SlabEvaluator)
    return dataclasses.replace(march, evaluator=march.evaluator.parts[-1], corrected=None)


def test_edges_ascend_to_the_end_whatever_happens():
    plan, rng = (
        Slabs([1.0, 5.0], chosen=True, has_space=False, tolerance=1e-6),
        np.random.default_rng(0),
    )
    while plan.number_left:
        start, stop = plan.next()
        assert plan.edges[-1] == start < stop <= 5.0
        if rng.random() < 0.4:
            plan.too_long(rng.random())
        else:
            plan.solved(10.0 ** rng.uniform(-15, -6))
    assert plan.ends[0] == 1.0 and plan.ends[-1] == 5.0 and np.all(np.diff(plan.ends) > 0)


def test_a_slab_that_goes_well_is_followed_by_a_longer_one_and_a_failure_by_a_shorter_one():
    plan = Slabs([0.0, 1000.0], chosen=True, has_space=False, tolerance=1e-6)
    plan.too_long(math.inf)
    assert plan.next() == (0.0, 100.0)
    plan.solved(1e-14)
    assert plan.next() == (100.0, 250.0)  # no more than half as long again after a failure
    plan.solved(1e-14)
    assert plan.next() == (250.0, 625.0)  # the rest in two
    plan.too_long(0.5)
    assert plan.next() == (250.0, pytest.approx(362.5))


def test_a_residual_that_shorter_slabs_do_not_lower_makes_no_shorter_ones():
    plan = Slabs([0.0, 100.0], chosen=True, has_space=False, tolerance=1e-6)
    plan.too_long(math.inf)
    plan.solved(1e-9)
    first = np.diff(plan.next())
    plan.solved(0.9e-9)
    assert np.diff(plan.next()) > first


def test_where_shortness_does_not_help_the_rest_is_four_equal_slabs():
    plan = Slabs([0.0, 8.0], chosen=True, has_space=True, tolerance=1e-6)
    for _ in range(4):
        assert plan.drawn
        plan.too_long(0.5)
    assert not plan.drawn and plan.number_left == 4
    for _ in range(4):
        plan.solved(1e-3)
    np.testing.assert_allclose(plan.ends, [0, 2, 4, 6, 8])


@pytest.mark.solves
def test_without_drawn_functions_a_march_takes_four_equal_slabs():
    found = pv.march(outbreak(4.0), max_steps=1, estimate_error=False)
    np.testing.assert_allclose(_edges(found), [0, 1, 2, 3, 4])


def _asked(traces: SharedTraces, factor: float, traced: list) -> float:
    """What a run gets that asks for a product by name.

    - `traced`: grows by one where the function was traced.
    """

    def times(x, number):
        traced.append(factor)
        return factor * x * number

    compiler = Compiler(lambda name: None, traces=traces.of_run())
    given = jnp.asarray(2.0), jnp.asarray(3.0)
    return float(compiler.function("product", times, *given)(*given))


def test_what_two_runs_trace_alike_a_third_does_not_trace():
    traces, traced = SharedTraces(), []
    assert [_asked(traces, 1.5, traced) for _ in range(4)] == [9.0] * 4
    assert len(traced) == 2


def test_programs_that_differ_are_traced_by_every_run():
    traces, traced = SharedTraces(), []
    factors = [1.5, 2.0, 2.0, 2.0, 1.5]
    assert [_asked(traces, f, traced) for f in factors] == [6 * f for f in factors]
    assert traced == factors


def test_a_run_that_asks_for_others_by_the_same_names_shares_nothing_any_more():
    traces, traced = SharedTraces(), []
    for _ in range(2):
        _asked(traces, 1.5, traced)
    compiler = Compiler(lambda name: None, traces=traces.of_run())
    compiler.forget()
    given = jnp.asarray(2.0), jnp.asarray(3.0)
    assert float(compiler.function("product", lambda x, n: x + n, *given)(*given)) == 5.0


@pytest.mark.slow
def test_a_history_that_is_too_long_for_one_fit_is_solved_in_slabs():
    """A pendulum released at 2.5 rad, for two of its periods."""
    conditions = {
        "motion": pv.PDE(lambda u_tt, u: u_tt + 9.81 * jnp.sin(u)),
        "release": pv.Initial(u=2.5, u_t=0.0),
    }
    found = pv.solve(pv.Problem(pv.Time(0, 4), "u", conditions))
    t, parameter = np.linspace(0, 4, 100), np.sin(1.25) ** 2
    sine = ellipj(ellipk(parameter) + np.sqrt(9.81) * t, parameter)[0]
    assert found.status == "converged" and isinstance(found.evaluator, SlabEvaluator)
    np.testing.assert_allclose(found.u(t=t), 2 * np.arcsin(np.sin(1.25) * sine), atol=1e-9)


@pytest.mark.solves
def test_a_history_with_anything_of_the_users_is_one_run():
    seen = []
    found = pv.solve(outbreak(), time_limit=1e-3, callbacks=seen.append, estimate_error=False)
    assert not isinstance(found.evaluator, SlabEvaluator) and len(seen) == found.steps
