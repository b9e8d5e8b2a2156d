"""What goes wrong around a run: full disks, failing system calls, kills, numbers that are none."""

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time

import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

import pinnsven as pv
from helpers import ROOT, SMALL, decay, run_python, solve as few_steps
from pinnsven._output._archive import read_archive, write_archive

KILLS = 30


@pytest.fixture(scope="module", autouse=True)
def without_a_cache(quick_compilation):
    """A full disk must not spoil JAX's cache on it."""
    compilation_cache.reset_cache()  # forgets the folder that other tests have set


def solve(problem=None, **options):
    return few_steps(problem, **({"max_steps": 6} | options))


# The writer

# Random numbers, which do not compress: a file of some 25 kB.
CONTENT = {"theta": np.random.default_rng(0).standard_normal(3000)}
SIZES = [0, 1, 2, *range(128, 21_000, 128)]  # of what may be written before the disk is full
CALLS = [(os, "open"), (os, "fdopen"), (os, "fsync"), (os, "replace")]
ERRORS = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES", "ENOENT", "EBADF", "EMFILE", "EPERM"]


@contextlib.contextmanager
def largest_file(size: int):
    """No file may grow beyond this many bytes: as on a full disk, `write` itself fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def old(tmp_path):
    """A checkpoint that is already there."""
    path = tmp_path / "run.ckpt"
    write_archive(path, "checkpoint", {"number": 1}, {"theta": np.zeros(3)})
    return path


def test_there_are_two_hundred_faults():
    assert len(SIZES) + len(CALLS) * len(ERRORS) >= 200


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes are those of Linux")
def test_a_disk_that_is_full_after_any_number_of_bytes_leaves_the_old_file(old):
    before = old.read_bytes()
    for size in SIZES:
        with largest_file(size), pytest.raises(OSError):
            write_archive(old, "checkpoint", {"number": 2}, CONTENT)
        assert old.read_bytes() == before, size
        assert os.listdir(old.parent) == [old.name], size
    write_archive(old, "checkpoint", {"number": 2}, CONTENT)
    assert read_archive(old, "checkpoint")[0] == {"number": 2}


@pytest.mark.parametrize(("module", "call"), CALLS, ids=[call for _, call in CALLS])
@pytest.mark.parametrize("name", ERRORS)
def test_a_failing_system_call_leaves_the_old_file(old, monkeypatch, module, call, name):
    before = old.read_bytes()

    def fail(*args, **kwargs):
        raise OSError(getattr(errno, name), name)

    monkeypatch.setattr(module, call, fail)
    with pytest.raises(OSError, match=name):
        write_archive(old, "checkpoint", {"number": 2}, CONTENT)
    monkeypatch.undo()
    assert old.read_bytes() == before
    assert read_archive(old, "checkpoint")[0] == {"number": 1}


@pytest.mark.skipif(sys.platform != "linux", reason="limits of file sizes are those of Linux")
def test_a_full_disk_stops_no_solve_and_is_said(tmp_path):
    path = tmp_path / "run.ckpt"
    with largest_file(256):
        found = solve(checkpoint=path)
    assert found.steps == 6 and np.isfinite(found.u(t=0.5))
    assert "checkpoint could not be written" in found.message
    assert not path.exists()


def test_a_folder_that_vanishes_stops_no_solve_and_is_said(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    found = solve(
        checkpoint=folder / "run.ckpt", callbacks=lambda _: folder.exists() and folder.rmdir()
    )
    assert found.steps == 6
    assert "checkpoint could not be written" in found.message


# Kills

RUN = textwrap.dedent("""
    import sys
    import numpy as np
    import jax
    import pinnsven as pv
    import pinnsven._solving._loop

    jax.config.update("jax_compilation_cache_dir", sys.argv[2])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    pinnsven._solving._loop.CHECKPOINT_SECONDS = 0.0  # after every step
    conditions = {"pde": pv.PDE(lambda u, u_t: u_t + u), "start": pv.Initial(u=1.0)}
    problem = pv.Problem(pv.Time(0, 1), "u", conditions)
    found = pv.solve(
        problem, pv.MLP(width=8, depth=1), points=64, max_steps=int(sys.argv[3]), estimate_error=False,
        checkpoint=sys.argv[1], resume=True, callbacks=lambda record: print(record.step, flush=True),
    )
    np.savez(sys.argv[1] + ".result", **{k: found.history[k] for k in ("loss", "damping", "rank")})
""")


def started(path, cache, steps):
    command = [sys.executable, "-c", RUN, str(path), str(cache), str(steps)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(path, cache, steps):
    process = started(path, cache, steps)
    process.communicate()
    assert process.returncode == 0


@pytest.mark.slow
def test_thirty_kills_lose_nothing_but_the_last_steps(tmp_path):
    """`kill -9` at random moments of a run that is resumed each time; then bit for bit the same."""
    steps, cache, rng = 12 * KILLS, tmp_path / "cache", np.random.default_rng(0)
    whole, killed = tmp_path / "whole.ckpt", tmp_path / "killed.ckpt"
    finish(whole, cache, steps)
    reached = 0
    for _ in range(KILLS):
        process = started(killed, cache, steps)
        assert process.stdout is not None
        for _ in range(rng.integers(1, 12)):
            line = process.stdout.readline()
        assert int(line) >= reached  # the file is whole, and knows all but the steps since
        time.sleep(rng.uniform(0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        reached = len(read_archive(killed, "checkpoint")[1]["history.loss"])
    finish(killed, cache, steps)
    with np.load(f"{whole}.result.npz") as one, np.load(f"{killed}.result.npz") as other:
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])


# Size

MANY = textwrap.dedent("""
    import resource
    import numpy as np
    import pinnsven as pv

    conditions = {"pde": pv.PDE(lambda u, u_t, u_x: u_t + u_x), "start": pv.Initial(u=lambda x: x)}
    problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
    found = pv.solve(problem, pv.MLP(20, 4), points=64, max_steps=1, estimate_error=False)
    x = np.linspace(0, 1, 10_000_000)
    values = found.u(x=x, t=x)
    assert values.shape == x.shape and np.all(np.isfinite(values))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
""")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
def test_ten_million_points_are_evaluated_within_two_gigabytes():
    done = run_python(MANY, check=True)
    assert int(done.stdout) < 2 * 2**20


MEMORY = textwrap.dedent("""
    import sys
    sys.path.insert(0, "problems")
    import pinnsven as pv
    from {problem} import make_problem

    found = pv.solve(make_problem(), {arguments})
    print(found.memory.predicted, found.memory.peak)
""")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory in use is read from /proc")
@pytest.mark.parametrize(
    ("problem", "arguments"),
    [
        ("poisson_1d", "max_steps=20"),
        ("poisson_2d", "max_steps=60"),
        ("heat_1d", "max_steps=30, points=20_000, refine=False"),
        ("poisson_5d", "max_steps=20, estimate_error=False"),
        ("burgers", "max_steps=80"),
    ],
)
def test_peak_memory_is_predicted_within_thirty_per_cent(problem, arguments):
    script = MEMORY.format(problem=problem, arguments=arguments)
    done = run_python(script, check=True)
    predicted, peak = map(int, done.stdout.split())
    assert 0.7 < predicted / peak < 1.3


SHORT = textwrap.dedent("""
    import resource
    import pinnsven as pv

    class Shortage(pv.Callback):
        def on_memory(self, predicted):
            if {limited}:
                with open("/proc/self/statm", encoding="ascii") as file:
                    held = int(file.read().split()[0]) * resource.getpagesize()
                resource.setrlimit(resource.RLIMIT_AS, (held + 300 * 2**20, -1))

    conditions = {{"pde": pv.PDE(lambda u, u_t, u_x: u_t + u_x), "start": pv.Initial(u=lambda x: x)}}
    problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
    found = pv.solve(
        problem, pv.MLP(width=30, depth=2), pv.Sven(early_share=1.0), points=40_000, max_steps=3,
        refine=False, estimate_error=False, callbacks=Shortage(),
    )
    print(found.message)
    print(*found.history["loss"])
""")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux's limit of memory and its /proc")
def test_a_run_out_of_memory_goes_on_without_the_stored_jacobian():
    # With all columns at once a step is the same, whether or not its Jacobian is stored.
    said, losses = [], []
    for limited in (False, True):
        script = SHORT.format(limited=limited)
        done = run_python(script, check=True)
        message, history = done.stdout.splitlines()
        said.append("memory ran out at 40" in message and "1051 parameters" in message)
        losses.append([float(loss) for loss in history.split()])
    assert said == [False, True]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


# Numbers that are no numbers


@pytest.mark.solves
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_a_residual_that_stops_being_finite_is_named_with_its_point(poison):
    """Fine at first; once the solution has moved, the second equation is finite no more."""

    def fragile(u, t):
        return jnp.where((t > 0.5) & (u > 0.9), poison, u - 2.0)

    network = pv.Ansatz(SMALL, lambda u: u - 1.0)
    problem = decay(more={"fragile": pv.PDE(fragile)})
    found = solve(problem, network=network, max_steps=60, estimate_error=True)
    assert np.all(np.isfinite(found.u(t=np.linspace(0, 1, 9))))
    assert found.status == "diverged"
    assert "'fragile'" in found.message and "t = " in found.message
    assert found.error_estimate is not None and not np.isfinite(float(found.error_estimate))
