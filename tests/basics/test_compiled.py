"""Programs are kept by what they are: nothing is compiled twice, and nothing stale is ever served."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import monitoring

import pinnsven as pv
from pinnsven._basics import _compiled, _disk
from pinnsven._basics._compiled import Compiler
from pinnsven._basics._precision import precision_context

ROOT = Path(__file__).resolve().parents[2]
X = np.linspace(0.1, 1.0, 7)
_compilations: list[str] = []
monitoring.register_event_duration_secs_listener(
    lambda name, seconds, **_: (
        _compilations.append(name) if name.endswith("backend_compile_duration") else None
    )
)


@pytest.fixture(autouse=True)
def counted():
    _compilations.clear()


def value(function, x=X, folder=None):
    """What a compiled function gives at x."""
    return np.asarray(Compiler(lambda name: None, folder=folder).compile("f", function, x)(x))


# Closures


FACTOR = 2.0


class Machine:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x

    def method(self, x):
        return self.factor * x


class Layer(eqx.Module):
    weight: jax.Array

    def __call__(self, x):
        return self.weight * x


def with_global(factor):
    global FACTOR
    FACTOR = factor
    return lambda x: FACTOR * x


def with_default(factor):
    def function(x, factor=factor):
        return factor * x

    return function


CLOSURES = {
    "a closure over a number": lambda factor: lambda x: factor * x,
    "a closure over an array": lambda factor: lambda x, a=jnp.asarray(factor): a * x,
    "a closure over a list": lambda factor: lambda x, known=[factor]: known[0] * x,
    "a global": with_global,
    "a default argument": with_default,
    "functools.partial": lambda factor: functools.partial(lambda k, x: k * x, factor),
    "a bound method": lambda factor: Machine(factor).method,
    "an object with a state": Machine,
    "an equinox module": lambda factor: Layer(jnp.asarray(factor)),
}


@pytest.mark.parametrize("make", CLOSURES.values(), ids=CLOSURES)
def test_what_a_function_closes_over_is_never_out_of_date(make, tmp_path, monkeypatch):
    monkeypatch.setattr(_disk, "WORTH", 0.0)
    for factor in (2.0, 3.0, 2.0):
        np.testing.assert_array_equal(value(make(factor), folder=tmp_path), factor * X)


def test_an_object_that_changes_is_compiled_anew():
    machine = Machine(2.0)
    first = value(machine)
    machine.factor = 5.0
    np.testing.assert_array_equal(first, 2 * X)
    np.testing.assert_array_equal(value(machine), 5 * X)


def test_equal_programs_with_other_arguments_left_out_are_two():
    """An argument that is not used is one all the same: the calls differ."""
    one = Compiler(lambda name: None)
    first = one.compile("f", lambda a, b: a + 1.0, X, X)
    second = one.compile("f", lambda a: a + 1.0, X)
    np.testing.assert_array_equal(first(X, 2 * X), X + 1)
    np.testing.assert_array_equal(second(X), X + 1)


def test_structures_stay_with_the_caller():
    """Two functions of one program, whose results are called differently."""
    one = Compiler(lambda name: None)
    first = one.compile("f", lambda x: {"a": x * 7.0}, X)(X)
    _compilations.clear()
    second = one.compile("f", lambda x: (x * 7.0,), X)(X)
    np.testing.assert_array_equal(first["a"], second[0])
    assert not _compilations


# Solves


def decay(rate=2.0, end=1.0, start=1.0, shift=0.0):
    times = np.linspace(0.1, 0.9, 5)
    conditions = {
        "ode": pv.PDE(lambda u, u_t, k: u_t + k * u),
        "start": pv.Initial(u=start),
        "readings": pv.Data({"t": times}, u=start * np.exp(-rate * times) + shift, noise=1e-3),
    }
    return pv.Problem(
        pv.Time(0, end), "u", conditions, constants={"k": rate}, network=pv.MLP(width=6, depth=1)
    )


CHANGES = {
    "another seed": ({}, 1),
    "another constant": ({"rate": 3.0}, 0),
    "another interval": ({"end": 1.5}, 0),
    "another prescribed number": ({"start": 1.25}, 0),
    "other readings": ({"shift": 1e-7}, 0),  # so near that the verdict asks for the same
}


@pytest.fixture(scope="module")
def solved_once(quick_compilation):
    pv.solve(decay(), points=32, max_steps=5, cache=False)


@pytest.mark.parametrize(("changed", "seed"), CHANGES.values(), ids=CHANGES)
def test_a_second_solve_compiles_nothing(changed, seed, solved_once):
    found = pv.solve(decay(**changed), points=32, max_steps=5, seed=seed, cache=False)
    assert found.steps == 5 and not _compilations
    assert np.isfinite(found.u(t=0.5))


def test_other_constants_compile_nothing_and_count(solved_once):
    problem = decay()
    changed = problem.with_constants(k=5.0)
    plain = {"points": 32, "max_steps": 5, "cache": False, "estimate_error": False}
    found = pv.solve(changed, **plain)
    assert not _compilations
    assert abs(found.u(t=0.5) - pv.solve(problem, **plain).u(t=0.5)) > 1e-3  # the equations differ
    assert problem.constants == {"k": 2.0} and changed.constants == {"k": 5.0}


def test_the_users_own_settings_of_jax_stay(tmp_path):
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = [jax.config.values.get(name) for name in names]
    pv.solve(decay(), points=32, max_steps=2, cache=tmp_path, estimate_error=False)
    assert [jax.config.values.get(name) for name in names] == before


# On disk


def slow(x):
    """A function that is worth keeping."""
    for number in range(5):
        x = jnp.sin(x * (number + 1.0)) + jnp.linalg.norm(x)
    return x


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A folder that holds the program of `slow`, which this process has forgotten."""
    monkeypatch.setattr(_disk, "WORTH", 0.0)
    folder = tmp_path / "programs"
    _compiled._programs.forget()
    expected = value(slow, folder=folder)
    assert len(list(folder.iterdir())) == 1
    _compiled._programs.forget()
    _compilations.clear()
    return folder, expected


def test_another_process_would_compile_nothing(kept):
    folder, expected = kept
    np.testing.assert_array_equal(value(slow, folder=folder), expected)
    assert not _compilations


def damaged(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


SPOILED = {
    "a bit flipped": damaged,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_bytes(b""),
    "of something else": lambda path: path.write_bytes(b"\x80\x04K\x01." * 50),
    "writable by others": lambda path: path.chmod(0o666),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_an_entry_that_cannot_be_trusted_is_compiled_anew(spoil, kept, capfd):
    folder, expected = kept
    (path,) = folder.iterdir()
    spoil(path)
    np.testing.assert_array_equal(value(slow, folder=folder), expected)
    assert len(_compilations) == 1
    assert capfd.readouterr() == ("", "")


def full(folder):
    return Path("/dev/full/programs")


def a_file(folder):
    folder.write_text("no folder")
    return folder


@pytest.mark.parametrize("make", [full, a_file])
def test_a_folder_that_cannot_be_written_costs_nothing_else(make, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(_disk, "WORTH", 0.0)
    np.testing.assert_allclose(value(slow, folder=make(tmp_path / "f")), slow(X), rtol=1e-12)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def usual_compilation():
    """Other tests of this file may have asked for quick ones, for as long as the file lasts."""
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.usefixtures("usual_compilation")
def test_what_a_compiler_does_not_know_is_not_asked_of_it(monkeypatch):
    known = {"xla_backend_optimization_level": 1}
    for choices, used in (
        (({"xla_no_such_option": 1} | known, known), known),
        (({"xla_no_such_option": 1},), {}),
        (({}, known), {}),
    ):
        monkeypatch.setitem(_compiled.OPTIONS, jax.default_backend(), choices)
        _compiled._known_options.cache_clear()
        assert _compiled._options(brief=False) == used
        np.testing.assert_allclose(value(slow), slow(X), rtol=1e-12)
    monkeypatch.undo()
    _compiled._known_options.cache_clear()


@pytest.mark.usefixtures("usual_compilation")
def test_a_program_for_one_use_is_compiled_in_another_way_and_gives_the_same():
    usual, brief = _compiled._options(brief=False), _compiled._options(brief=True)
    assert usual != brief
    _compilations.clear()
    found = Compiler(lambda name: None).function("f", slow, X, brief=True)(X)
    np.testing.assert_allclose(found, value(slow), rtol=1e-12)
    assert len(_compilations) == 2


def test_the_least_recently_used_programs_go_first(tmp_path):
    for number in range(5):
        path = tmp_path / f"{number}{_disk.SUFFIX}"
        path.write_bytes(bytes(100))
        os.utime(path, (number, number))
    (tmp_path / "something else").write_bytes(bytes(1000))
    _disk._keep_within(tmp_path, 250)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [f"3{_disk.SUFFIX}", f"4{_disk.SUFFIX}", "something else"]


@pytest.mark.parametrize("word", ["off", "0", "OFF"])
def test_the_variable_turns_the_folder_off(word, monkeypatch):
    monkeypatch.setenv(_disk.VARIABLE, word)
    assert _disk.default_folder() is None and _disk.program_folder(True) is None


def test_the_variable_or_the_argument_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(_disk.VARIABLE, str(tmp_path / "one"))
    assert _disk.program_folder(True) == tmp_path / "one"
    assert _disk.program_folder(tmp_path / "two") == tmp_path / "two"
    assert _disk.program_folder(False) is None
    with pytest.raises(ValueError, match="cache=3"):
        _disk.program_folder(3)


FILLING = """
import sys
import pinnsven as pv
conditions = {"ode": pv.PDE(lambda u, u_t: u_t + u), "start": pv.Initial(u=1.0)}
problem = pv.Problem(pv.Time(0, 1), "u", conditions, network=pv.MLP(width=6, depth=1))
found = pv.solve(problem, points=32, max_steps=3, cache=sys.argv[1], estimate_error=False)
print(repr(float(found(t=0.5))))
"""


@pytest.mark.slow
def test_two_processes_may_fill_a_folder_at_once(tmp_path):
    command = [sys.executable, "-c", FILLING, str(tmp_path / "programs")]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0] and said[0] == said[1]
    third = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert third.stdout == said[0][0]
    assert all(path.suffix == _disk.SUFFIX for path in (tmp_path / "programs").iterdir())


# Ahead


def test_what_is_compiled_ahead_is_there_when_it_is_needed(monkeypatch):
    monkeypatch.setattr(_compiled, "cores", lambda: 2)
    one = Compiler(lambda name: None)
    one.ahead("f", lambda x: jnp.cos(3.0 * x), X)
    one._worker.join()
    assert one.is_ready("f", X)
    _compilations.clear()
    np.testing.assert_allclose(
        one.function("f", lambda x: jnp.cos(3.0 * x), X)(X), np.cos(3 * X), rtol=1e-15
    )
    assert not _compilations


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_program_made_ahead_has_the_precision_of_who_asked(precision, monkeypatch):
    monkeypatch.setattr(_compiled, "cores", lambda: 2)
    one = Compiler(lambda name: None)
    with precision_context(precision):
        one.ahead("f", lambda x: x * 3.0 + 0.25, X)
        one._worker.join()
        found = one.function("f", lambda x: x * 3.0 + 0.25, X)(X)
        assert found.dtype == precision
        np.testing.assert_allclose(found, X * 3 + 0.25, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
def test_a_solve_with_a_core_beside_is_the_same(precision, monkeypatch, quick_compilation):
    plain = {"points": 32, "max_steps": 8, "precision": precision, "cache": False}
    alone = pv.solve(decay(), **plain)
    _compiled._programs.forget()
    monkeypatch.setattr(_compiled, "cores", lambda: 2)
    beside = pv.solve(decay(), **plain)
    np.testing.assert_array_equal(alone.history["loss"], beside.history["loss"])
    assert alone.status is beside.status


def test_what_fails_ahead_fails_where_it_is_needed(monkeypatch):
    def broken(x):
        raise ZeroDivisionError("here")

    monkeypatch.setattr(_compiled, "cores", lambda: 2)
    one = Compiler(lambda name: None)
    one.ahead("f", broken, X)
    with pytest.raises(ZeroDivisionError, match="here"):
        one.function("f", broken, X)


def test_a_single_core_compiles_nothing_ahead(monkeypatch):
    monkeypatch.setattr(_compiled, "cores", lambda: 1)
    one = Compiler(lambda name: None)
    one.ahead("f", jnp.cos, X)
    assert one._worker is None and not one.is_ready("f", X)


# The clock


@pytest.mark.solves
def test_a_limit_that_is_over_leaves_one_step_and_says_what_it_left_out(nothing_compiled):
    found = pv.solve(decay(), points=32, time_limit=1e-9)
    assert found.steps == 1 and found.status is pv.RESULTS.time_limit
    assert "leaves none to estimate the error" in found.message
