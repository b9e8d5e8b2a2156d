"""What solve returns of an easy problem: values, errors, records, callbacks."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import CLOSE, TIMES, solve
from pinnsven._basics._compiled import _programs
from pinnsven._output._records import Estimate, FieldErrors
from pinnsven._solving._verdict import Evidence, judge

pytestmark = pytest.mark.usefixtures("shared_compilations")


class Recorder(pv.Callback):
    """Writes down which hooks ran, in order."""

    def __init__(self):
        self.calls, self.compiled, self.records = [], [], []

    def on_start(self, info):
        self.calls.append("start")
        self.info = info

    def on_compile(self, what):
        self.calls.append("compile")
        self.compiled.append(what)

    def on_step(self, record):
        self.calls.append("step")
        self.records.append(record)

    def on_estimate(self, estimate):
        self.calls.append("estimate")
        self.estimate = estimate

    def on_end(self, solution):
        self.calls.append("end")
        self.solution = solution


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def solution(recorder):
    """The decay, solved to the default tolerance, with nothing compiled before."""
    _programs.forget()
    return solve(callbacks=recorder, estimate_error=True, cache=False)


# What it reaches


def test_an_easy_problem_converges_to_its_exact_solution(solution):
    assert solution.status == "converged" and solution.status is pv.RESULTS.converged
    np.testing.assert_allclose(solution.u(t=TIMES), np.exp(-TIMES), rtol=CLOSE)


def test_the_error_is_what_the_values_show_and_stands_beside_its_floor(solution):
    t = np.linspace(0, 1, 4001)
    error = np.linalg.norm(solution.u(t=t) - np.exp(-t)) / np.linalg.norm(np.exp(-t))
    np.testing.assert_allclose(solution.error["u"], error, rtol=0.02)
    assert solution.error < CLOSE
    assert solution.reference_floor == np.finfo(float).eps
    line = next(line for line in str(solution).splitlines() if "floor" in line)
    assert f"relative L2 error: u {solution.error['u']:.2e}" in line and "floor 2e-16" in line
    assert f"estimated relative L2 error: u {solution.error_estimate['u']:.1e}" in str(solution)


def test_held_out_residuals_are_those_of_fresh_points(solution):
    step = 1e-4
    t = np.linspace(step, 1 - step, 500)
    slope = (solution.u(t=t + step) - solution.u(t=t - step)) / (2 * step)
    rms = np.sqrt(np.mean((slope + solution.u(t=t)) ** 2))
    table = solution.conditions
    assert rms / 3 < table["pde"].held_out < 3 * rms
    np.testing.assert_allclose(
        table["start"].held_out, abs(solution.u(t=0.0) - 1), rtol=1e-3, atol=1e-14
    )
    assert table["start"].rows == 1 and table["pde"].rows >= 64
    assert table["start"].weight > table["pde"].weight > 0


@pytest.mark.parametrize("shape", [(), (1,), (5,), (0,), (2, 3), (300,)])
def test_values_come_in_the_shape_of_the_coordinates(solution, shape):
    t = np.random.default_rng(0).random(shape)
    for values in (solution(t=t), solution.u(t=t)):
        assert isinstance(values, np.ndarray)
        assert values.shape == shape and values.dtype == np.float64
        np.testing.assert_allclose(values, np.exp(-t), rtol=CLOSE)


def test_coordinates_may_be_lists_and_numbers(solution):
    np.testing.assert_allclose(solution.u(t=[0, 1]), np.exp([0.0, -1.0]), rtol=CLOSE)
    assert float(solution.u(t=0)) == float(solution.u(t=0.0))


@pytest.mark.parametrize(
    ("coordinates", "named"),
    [({}, "'t' is missing"), ({"x": 0.0}, "'x'"), ({"t": 0.0, "x": 0.0}, "'x'")],
)
def test_wrong_coordinates_are_named(solution, coordinates, named):
    with pytest.raises(ValueError, match=named):
        solution(**coordinates)


def test_an_attribute_that_does_not_exist_is_an_attribute_error(solution):
    with pytest.raises(AttributeError, match="its fields are u"):
        _ = solution.v
    assert not hasattr(solution, "missing")


def test_history_rank_and_spectrum_fit_together(solution, recorder):
    assert len(recorder.records) == solution.steps == len(solution.history["loss"])
    np.testing.assert_array_equal(solution.history["step"], np.arange(1, solution.steps + 1))
    assert np.all(np.diff(solution.spectrum) <= 0) and solution.spectrum[-1] > 0
    assert 1 <= solution.rank <= len(solution.spectrum) <= recorder.info.params
    expected = solution.spectrum[0] / solution.spectrum[solution.rank - 1]
    assert solution.condition_number() == expected
    assert solution.seconds >= solution.compile_seconds > 0


@pytest.mark.slow
def test_two_fields_are_solved_together():
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="u v",
        conditions={
            "pde": pv.PDE(lambda u, v, u_t, v_t: (u_t - v, v_t + u)),
            "start": pv.Initial(u=0.0, v=1.0),
        },
        exact={"u": lambda t: jnp.sin(t), "v": lambda t: jnp.cos(t)},
    )
    found = solve(problem)
    assert found.status == "converged"
    assert set(found.error) == {"u", "v"} and float(found.error) == max(found.error.values())
    values = found(t=TIMES[:, None])
    assert set(values) == {"u", "v"} and values["v"].shape == (7, 1)
    np.testing.assert_allclose(values["u"][:, 0], np.sin(TIMES), atol=CLOSE)
    np.testing.assert_allclose(found.v(t=TIMES), np.cos(TIMES), atol=CLOSE)
    assert found.conditions["pde"].rows == 2 * 64


# The estimated error


@pytest.mark.solves
@pytest.mark.parametrize("factor", [1.0, 1e3])
def test_the_estimated_error_is_the_true_one_where_the_residual_is_the_error(factor):
    """Two fields are prescribed everywhere, in any unit: what is left of the equation is the error."""
    exact = {"u": lambda t: jnp.sin(5 * t) + 2, "v": lambda t: jnp.exp(2 * t)}

    def prescribed(u, v, t):
        return factor * (u - exact["u"](t)), factor * (v - exact["v"](t))

    problem = pv.Problem(pv.Time(0, 1), "u v", {"values": pv.PDE(prescribed)}, exact=exact)
    found = solve(problem, max_steps=6, tolerance=0.1, estimate_error=True)
    for field in ("u", "v"):
        assert 1e-5 < found.error[field] < 1
        np.testing.assert_allclose(found.error_estimate[field], found.error[field], rtol=0.2)


def test_the_estimated_error_is_of_the_order_of_the_true_one(solution):
    assert 0.1 < solution.error_estimate["u"] / solution.error["u"] < 10


@pytest.mark.slow
def test_a_network_that_can_do_no_better_knows_that_it_is_wrong():
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u_t, t: u_t - 9 * jnp.cos(9 * t)),
            "start": pv.Initial(u=0.0),
        },
        exact=lambda t: jnp.sin(9 * t),
    )
    tiny = pv.MLP(width=2, depth=1)
    found = solve(problem, network=tiny, max_steps=60, estimate_error=True)
    assert found.error > 1e-4
    assert 0.1 < float(found.error_estimate) / float(found.error) < 10


def test_a_small_residual_with_a_large_estimated_error_is_not_called_converged():
    met = Estimate(("pde",), np.array([1e-8]), np.array([1e-8]), 1e-8, 1.0)
    for error, status in ((0.01, "unresolved"), (1e-5, "converged"), (np.nan, "unresolved")):
        evidence = Evidence(estimate=met, errors=FieldErrors(u=error))
        judged, message = judge(None, "the tolerance was met", evidence, 1e-6)
        assert judged == status
        assert status == "converged" or "estimated error" in message


def test_errors_compare_like_numbers():
    errors = FieldErrors(u=0.5, v=0.25)
    assert errors < 1 and errors <= 0.5 and errors > 0.25 and errors >= 0.5 and errors == 0.5
    assert not (FieldErrors(u=np.nan) <= 1)


# Callbacks


def test_callbacks_run_in_order(recorder, solution):
    calls = [c for c in recorder.calls if c != "compile"]
    assert calls[0] == "start" and calls[-1] == "end"
    assert calls.count("start") == calls.count("end") == 1
    assert calls[1:6] == ["step"] * 5 and calls[6] == "estimate"
    assert recorder.solution is solution
    assert (recorder.info.problem, recorder.info.params) == ("decay", 25)
    assert [r.step for r in recorder.records] == list(range(1, solution.steps + 1))


def test_each_function_compiles_once_however_many_steps(recorder, solution):
    assert solution.steps > 5
    compiled = recorder.compiled
    assert len(compiled) == len(set(compiled))
    # Whether the last digits ask for a refined step is up to rounding.
    # What finds the unit of u.
    units = {"prescribed values", "built-in values"}
    units |= {"values of drawn functions", "conditions of drawn functions"}
    units.add("drawn functions at places")
    assert set(compiled) - {"refined step"} == {"field", "residual", "step"} | units


def test_a_plain_function_is_called_after_each_step():
    seen = []
    found = solve(max_steps=3, callbacks=[lambda record: seen.append(record.loss)])
    np.testing.assert_array_equal(seen, found.history["loss"])


@pytest.mark.parametrize("error", [pv.StopRun("enough"), KeyboardInterrupt()], ids=["stop", "ctrl-c"])
def test_a_run_that_is_stopped_returns_what_it_has(error):
    def stop(record):
        if record.step == 3:
            raise error

    found = solve(callbacks=stop)
    assert found.steps == 3 and found.status == "stopped"
    assert np.isfinite(found.u(t=0.5))
    assert ("enough" if str(error) else "interrupted") in found.message


@pytest.mark.parametrize("hook", ["on_start", "on_compile", "on_estimate"])
def test_every_hook_may_stop_the_run(hook, nothing_compiled):
    class Stopper(pv.Callback):
        pass

    def stop(self, *_):
        raise pv.StopRun("here")

    setattr(Stopper, hook, stop)
    found = solve(callbacks=Stopper(), max_steps=7)
    assert found.steps <= 7 and found.status == "stopped" and "here" in found.message
