"""What was found is not lost: whatever fails beside the steps leaves a solution, and says so."""

import os
import signal
import textwrap
import threading
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.core import Tracer

import pinnsven as pv
from helpers import TIMES, decay, run_python, solve
from pinnsven._basics._interruptible import (
    interruptible,
    is_abandoned,
    lost_interrupts_return,
    was_lost,
)
from pinnsven._solving import _examine, _finish

pytestmark = pytest.mark.usefixtures("shared_compilations")


# Networks whose leaves are not all arrays


def perceptron():
    return eqx.nn.MLP(1, 1, 8, 1, activation=jnp.tanh, key=jax.random.PRNGKey(0))


class Composed(eqx.Module):
    """A network around another, with leaves of every kind; only `inner` is fitted."""

    inner: eqx.nn.MLP
    flip: bool
    names: dict
    order: jax.Array

    def __call__(self, inputs):
        values = self.inner(inputs[self.order]) * self.names["scale"]
        return -values if self.flip else values


def composed():
    return Composed(perceptron(), True, {"scale": 2.0, "say": str}, jnp.arange(1))


@pytest.mark.solves
@pytest.mark.parametrize(
    "network",
    [
        pytest.param(perceptron(), id="eqx.nn.MLP"),
        pytest.param(composed(), id="composed", marks=pytest.mark.slow),
        pytest.param(
            pv.Ansatz(perceptron(), lambda u, t: 1 + t * u), id="ansatz", marks=pytest.mark.slow
        ),
    ],
)
def test_a_network_that_holds_functions_is_solved_judged_saved_and_loaded(network, tmp_path):
    path, checkpoint = tmp_path / "s", tmp_path / "c"
    solve(network=network, max_steps=3, checkpoint=checkpoint)
    found = solve(network=network, checkpoint=checkpoint, resume=True, estimate_error=True)
    assert found.status == "converged" and found.error < 1e-5
    assert 0.01 < found.error_estimate["u"] / found.error["u"] < 100
    found.save(path)
    again = pv.load(path, problem=decay(), network=network)
    np.testing.assert_array_equal(again.u(t=TIMES), found.u(t=TIMES))
    with pytest.raises(ValueError, match=r"network=|problem="):
        pv.load(path)


@pytest.mark.slow
def test_a_march_takes_a_network_that_holds_functions():
    found = pv.march(decay(network=perceptron()), 2, points=64, max_steps=6)
    assert found.error < 1e-2 and found.error_estimate["u"] > 0


# The verdict, the reference


@pytest.mark.solves
@pytest.mark.parametrize(
    ("part", "named"),
    [
        ("_last_measurement", "verdict could not be made: TypeError: not today"),
        ("estimate_errors", "error was not estimated: TypeError: not today"),
        ("uncertainty", "what scatter leaves open is not known: TypeError: not today"),
        ("look", "its many points could not be looked at: TypeError: not today"),
        ("relative_errors", "error could not be told: TypeError: not today"),
    ],
)
def test_a_part_of_the_verdict_that_fails_is_left_out_and_said(part, named, monkeypatch):
    def fail(*_):
        raise TypeError("not today")

    monkeypatch.setattr(_finish if hasattr(_finish, part) else _examine, part, fail)
    found = solve(estimate_error=True)
    np.testing.assert_allclose(found.u(t=TIMES), np.exp(-TIMES), rtol=1e-4)
    assert named in found.message
    if part == "relative_errors":
        assert found.error is None
    else:
        assert found.status == "unresolved" and found.error < 1e-4
    if part in ("_last_measurement", "estimate_errors"):
        assert np.isnan(found.error_estimate["u"])


@pytest.mark.solves
def test_ctrl_c_during_the_verdict_leaves_it_out(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_examine, "estimate_errors", interrupt)
    found = solve(estimate_error=True)
    assert found.status == "stopped" and "interrupted" in found.message
    assert found.error_estimate is None and found.error < 1e-4


def test_unknowns_keep_their_values_where_nobody_waits_for_their_errors():
    def stop(record):
        if record.step == 7:
            raise KeyboardInterrupt

    t = np.linspace(0, 1, 9)
    conditions = {
        "pde": pv.PDE(lambda u, u_t, k: u_t + k * u),
        "data": pv.Data({"t": t}, u=np.exp(-2 * t)),
    }
    problem = pv.Problem(pv.Time(0, 1), "u", conditions, unknowns={"k": 1.0})
    found = solve(problem, callbacks=stop)
    assert found.status == "stopped" and found.unknowns["k"] != 1.0
    assert np.isnan(found.unknowns["k"].standard_error)
    assert found.to_json()["unknowns"]["k"] == {"value": found.unknowns["k"], "standard_error": None}
    assert found.conditions["pde"].held_out > 0


def broken():
    raise RuntimeError("the file has gone")


def not_for_arrays(t):
    if isinstance(t, Tracer) and type(t).__name__ == "BatchTracer":
        raise RuntimeError("one number at a time")
    return jnp.exp(-t)


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ({"exact": None, "reference": broken}, "reference.*the file has gone"),
        ({"exact": None, "reference": lambda: 3}, "reference.*int"),
        ({"exact": not_for_arrays}, "exact.*one number at a time"),
    ],
    ids=["raises", "no reference", "exact"],
)
@pytest.mark.parametrize("run", [solve, lambda p, **k: pv.march(p, 2, **k)], ids=["solve", "march"])
def test_what_is_known_is_looked_at_before_the_first_step(known, named, run):
    steps = []
    with pytest.raises(ValueError, match=named):
        run(decay(**known), callbacks=steps.append)
    assert not steps


@pytest.mark.solves
def test_a_reference_is_asked_for_once():
    asked = []

    def reference():
        asked.append(1)
        return pv.Reference({"t": TIMES}, floor=1e-12, u=np.exp(-TIMES))

    found = solve(decay(exact=None, reference=reference), max_steps=10)
    assert found.error < 1e-2 and len(asked) == 1


# Callbacks


@pytest.mark.parametrize("hook", ["on_start", "on_compile", "on_memory", "on_step", "on_estimate"])
def test_a_callback_that_raises_ends_the_run_and_is_named(hook, nothing_compiled):
    class Careless(pv.Callback):
        pass

    def fail(self, *_):
        raise KeyError("missing")

    setattr(Careless, hook, fail)
    found = solve(callbacks=Careless())
    assert found.status == "stopped"
    assert f"Careless.{hook} raised KeyError: 'missing' (test_nothing_lost.py, line" in found.message
    assert np.all(np.isfinite(found.u(t=TIMES)))
    assert found.steps == {"on_step": 1, "on_estimate": 5}.get(hook, 0)


def test_a_function_that_raises_is_named():
    def careless(record):
        return 1 / (record.step - 3)

    found = solve(callbacks=careless)
    assert (found.status, found.steps) == ("stopped", 3)
    assert "careless raised ZeroDivisionError" in found.message


def test_what_is_raised_at_the_very_end_is_a_warning():
    class Late(pv.Callback):
        def on_end(self, solution):
            raise OSError("no mail server")

    ended = []

    class After(pv.Callback):
        def on_end(self, solution):
            ended.append(solution)

    with pytest.warns(RuntimeWarning, match=r"Late\.on_end raised OSError: no mail server"):
        found = solve(callbacks=(Late(), After()), max_steps=2)
    assert found.status == "max_steps" and ended == [found]


# Ctrl-C while XLA compiles


def test_a_wait_for_the_compiler_can_be_interrupted():
    release = time.monotonic() + 30

    def compile_long():
        while time.monotonic() < release:
            time.sleep(0.01)

    def press():
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interruptible(compile_long)
    assert time.monotonic() - began < 15 and is_abandoned()
    release = 0.0
    while is_abandoned():
        time.sleep(0.01)


def test_an_interrupt_that_python_drops_comes_again():
    """Those raised by a destructor are dropped, as those in JAX's hook into the garbage collection."""

    class Collected:
        def __del__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), lost_interrupts_return():
        Collected()
        time.sleep(30)
        pytest.fail("it did not come")
    assert was_lost() and not was_lost()


def test_what_a_compilation_returns_and_raises_comes_through():
    assert interruptible(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 / 0)


INTERRUPTED = textwrap.dedent("""
    import os, signal, sys, threading, time
    import jax.numpy as jnp
    import pinnsven as pv

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored

    def long(u, u_t, t):
        total = u_t
        for i in range(2000):
            total = total + 1e-9 * jnp.sin(total * u + i) * jnp.cos(t + i)
        return total + u

    class Press(pv.Callback):
        compiled = []

        def on_compile(self, what):
            self.compiled.append(what)
            threading.Timer(3.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

    conditions = {"pde": pv.PDE(long), "start": pv.Initial(u=1.0)}
    problem = pv.Problem(pv.Time(0, 1), "u", conditions)
    network = pv.MLP(width=8, depth=1)
    found = pv.solve(problem, network, points=64, callbacks=Press(), drawn=False)
    print(found.status, found.steps, *Press.compiled, float(found.u(t=0.5)) is not None)
""")


@pytest.mark.slow
def test_a_script_goes_on_after_ctrl_c_during_a_compilation():
    """And ends without a crash beside the compiler, which nothing can stop."""
    done = run_python(INTERRUPTED, timeout=120)
    assert done.stdout.split() == ["stopped", "0", "prescribed", "values", "True"], done.stderr
    assert done.returncode in (0, 130) and "FATAL" not in done.stderr


# Transformations of JAX


@pytest.mark.parametrize("run", [solve, lambda: pv.march(decay(), 2)], ids=["solve", "march"])
@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap, jax.jacfwd])
def test_under_a_transformation_the_error_says_what_is_wrong(transform, run):
    at = jnp.ones(2) if transform is jax.vmap else jnp.ones(())

    def value(k):
        return k * float(run().error)

    with pytest.raises(ValueError, match="runs a loop on the host"):
        transform(value)(at)
