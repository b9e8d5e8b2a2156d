"""Time in slabs, against closed forms."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._basics._precision import precision_context
from pinnsven._solving._march import planned
from pinnsven._solving._slab_problem import slab_of

pytestmark = pytest.mark.usefixtures("quick_compilation")

RATE = 6.0


def wave() -> pv.Problem:
    return pv.Problem(
        domain=pv.Interval(0, 1) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u_tt, u_xx: u_tt - u_xx),
            "start": pv.Initial(u=lambda x: jnp.sin(math.pi * x), u_t=0.0),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=lambda x, t: jnp.sin(math.pi * x) * jnp.cos(math.pi * t),
        network=pv.MLP(width=24, depth=1),
    )


def growth(function=lambda u, u_t, t: u_t - RATE * u) -> pv.Problem:
    return pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={"pde": pv.PDE(function), "start": pv.Initial(u=1.0)},
        exact=lambda t: jnp.exp(RATE * t),
        network=pv.MLP(width=8, depth=1),
    )


@pytest.fixture(scope="module")
def marched():
    return pv.march(wave(), [0.4])


@pytest.mark.solves
def test_slabs_follow_the_exact_solution_and_each_other(marched):
    assert marched.status == "converged"
    assert marched.error < 1e-5
    estimated, true = (max(part["u"], 1e-13) for part in (marched.error_estimate, marched.error))
    assert 1 / 3 < estimated / true < 3  # both may be rounding
    x, t = np.linspace(0, 1, 21)[:, None], np.linspace(0, 1, 31)
    exact = np.sin(np.pi * x) * np.cos(np.pi * t)
    np.testing.assert_allclose(marched(x=x, t=t), exact, atol=1e-5)
    jump = marched(x=x, t=0.4) - marched(x=x, t=0.4 - 1e-9)
    assert 0 < np.max(np.abs(jump)) < 1e-5


@pytest.mark.solves
def test_the_history_and_the_costs_are_those_of_all_slabs(marched):
    history = marched.history
    np.testing.assert_array_equal(history["step"], np.arange(1, marched.steps + 1))
    assert np.all(np.diff(history["seconds"]) > 0)
    assert history["seconds"][-1] <= marched.seconds - marched.compile_seconds


@pytest.mark.solves
def test_a_march_is_saved_and_loaded_as_it_is(marched, tmp_path):
    marched.save(tmp_path / "wave.npz")
    again = pv.load(tmp_path / "wave.npz")
    t = np.linspace(0, 1, 13)
    np.testing.assert_array_equal(again(x=0.3, t=t), marched(x=0.3, t=t))
    assert (again.status, again.message) == (marched.status, marched.message)


@pytest.mark.slow
def test_the_error_of_a_slab_is_carried_into_the_estimate_of_the_next():
    """The second slab is right about the equation, and as wrong as where it begins."""
    whole, halves = growth(), ((0.0, 0.5), (0.5, 1.0))
    with precision_context("float64"):
        domains = [whole.domain.during(*half) for half in halves]
        first = pv.solve(slab_of(whole, domains[0], None), max_steps=8)
        second = slab_of(whole, domains[1], first)
    found = pv.solve(second)
    t = np.linspace(*halves[1], 50)
    # Relative to the solution found, as the estimate is: this one is half as large as it should be.
    error = np.linalg.norm(found(t=t) - np.exp(RATE * t)) / np.linalg.norm(found(t=t))
    assert error > 1e-4 > found.conditions["start"].held_out
    assert 0.8 < found.error_estimate["u"] / error < 1.25
    assert found.status == "unresolved"


@pytest.mark.slow
def test_one_slab_is_a_solve():
    once = pv.solve(growth(), max_steps=20)
    march = pv.march(growth(), 1, max_steps=20)
    t = np.linspace(0, 1, 11)
    np.testing.assert_array_equal(march(t=t), once(t=t))
    assert march.error_estimate["u"] == pytest.approx(once.error_estimate["u"], rel=1e-12)


@pytest.mark.slow
def test_what_was_solved_is_returned_where_a_slab_cannot_be_begun():
    """The logarithm is not finite beyond t = 0.6."""
    found = pv.march(growth(lambda u, u_t, t: u_t - RATE * u + 0 * jnp.log(0.6 - t)), 2)
    assert found.status == "diverged"
    assert "Slab 2 of 2, from 0.5 to 1," in found.message and "not finite" in found.message
    assert np.isfinite(found.u(t=0.4)) and np.isnan(found.u(t=0.9))
    assert math.isnan(found.error_estimate["u"])


@pytest.mark.slow
@pytest.mark.parametrize("stop", [KeyboardInterrupt, pytest.param(pv.StopRun, marks=pytest.mark.slow)])
def test_a_march_that_is_stopped_never_says_it_has_converged(stop):
    """The second slab is stopped after it has met the tolerance."""

    class Stop(pv.Callback):
        slabs = 0

        def on_start(self, *_):
            self.slabs += 1

        def on_estimate(self, estimate):
            if self.slabs == 2 and estimate.relative <= 1e-6:
                raise stop

    found = pv.march(growth(), [0.3, 0.6], callbacks=(Stop(),))
    assert found.status == "stopped" and "Slab 2 of 3" in found.message
    assert np.isnan(found.u(t=0.9))


@pytest.mark.slow
def test_without_an_estimated_error_several_slabs_are_not_called_converged():
    found = pv.march(growth(), 2, estimate_error=False)
    assert found.status == "unresolved" and "errors grow" in found.message
    assert found.error < 1e-3 and found.error_estimate is None


@pytest.mark.solves
def test_a_slab_that_could_not_end_in_time_is_not_begun():
    """The first one is solved whatever the limit; it has no good answer after a single step."""
    found = pv.march(growth(), [0.3, 0.6], time_limit=1e-6, estimate_error=False)
    assert found.status != "converged"
    assert "Slab 2 of 3, from 0.3 to 0.6, was not begun: the limit of 1e-06 s" in found.message
    assert np.isfinite(found.u(t=0.2)) and np.isnan(found.u(t=0.9))


def two_pieces():
    """Heat in a rod of two pieces alike, whose field is one in two parts."""
    exact = lambda x, t: jnp.exp(-(math.pi**2) * t) * jnp.sin(math.pi * x)
    return pv.Problem(
        domain=pv.Interval(0, 1) * pv.Time(0, 0.2),
        fields=pv.Field("u", pieces={"a": pv.Interval(0, 0.5), "b": pv.Interval(0.5, 1)}),
        conditions={
            "left": pv.PDE(lambda a_t, a_xx: a_t - a_xx),
            "right": pv.PDE(lambda b_t, b_xx: b_t - b_xx),
            "glue": pv.Interface(lambda a, b, a_n, b_n: (a - b, a_n - b_n), between=("a", "b")),
            "start": pv.Initial(u=lambda x: jnp.sin(math.pi * x)),
            "ends": pv.Dirichlet(u=0.0, on="x"),
        },
        exact={"a": exact, "b": exact},
    )


@pytest.mark.slow
def test_slabs_of_a_field_in_pieces_go_on_from_each_other():
    marched = pv.march(two_pieces(), 2)
    assert marched.status == "converged" and marched.error < 1e-6


def test_what_ties_times_together_is_refused_and_what_ties_places_is_not():
    tied = two_pieces()
    np.testing.assert_allclose(planned(tied, 2, 1e-6).ends, [0.0, 0.1, 0.2])
    again = pv.Periodic(u=0.0, along="t")
    problem = pv.Problem(tied.domain, "u", {"start": pv.Initial(u=0.0), "again": again})
    with pytest.raises(ValueError, match="'again' ties times together"):
        pv.march(problem)
