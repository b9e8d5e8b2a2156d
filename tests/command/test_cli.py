"""The command in processes of its own: outputs, exit codes, signals, full disks."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import pinnsven as pv
from helpers import ROOT, first
from pinnsven._cli import main
from pinnsven._command._process import SAME

PROMISED = {
    *("problem", "file", "parameters", "seed", "limits", "tolerance", "status", "message", "seconds"),
    *("compile_seconds", "steps", "rank", "error", "error_estimate", "reference_floor", "residual"),
    *("unknowns", "correlation", "devices", "versions"),
}


# The command, in a process that hears Ctrl-C also where the shell that runs the tests ignores it.
HEARING = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('pinnsven', run_name='__main__', alter_sys=True)"
)


def command(folder, *arguments):
    """The process to run, with its environment: one thread, quick to compile, nothing shared."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(folder.parent / "cache"),
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "COLUMNS": "100",
    }
    arguments = [sys.executable, "-c", HEARING, *map(str, arguments)]
    return arguments, {"cwd": folder, "env": env, "text": True}


def run(folder, *arguments):
    arguments, options = command(folder, *arguments)
    return subprocess.run(arguments, capture_output=True, timeout=300, **options)


@pytest.fixture(scope="module")
def solved(folder, tmp_path_factory):
    """A solve with every output: the finished process and the folder of its files."""
    out = tmp_path_factory.mktemp("out")
    files = {name: out / f"decay.{name}" for name in ("json", "png", "html", "pv", "ckpt")}
    done = run(
        folder,
        *("solve", "decay.py", "--points", 64, "--set", "rate=1.5", "--quiet"),
        *("--json", files["json"], "--plot", files["png"], "--report", files["html"]),
        *("--save", files["pv"], "--checkpoint", files["ckpt"]),
    )
    return done, files


@pytest.mark.solves
def test_a_converged_solve_exits_with_zero(solved):
    done, _ = solved
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("decay: converged.")
    assert "relative L2 error" in done.stdout and "held out" in done.stdout
    assert done.stderr == ""  # quiet


@pytest.mark.solves
def test_the_solve_writes_every_file_it_was_asked_for(solved):
    done, files = solved
    record = json.loads(files["json"].read_text())
    assert record["problem"] == "decay" and record["status"] == "converged"
    assert record["error"]["u"] < 1e-4 and record["steps"] > 0
    assert record.keys() >= PROMISED and record["correlation"] == []
    assert (record["file"], record["parameters"], record["seed"]) == ("decay.py", {"rate": 1.5}, 0)
    assert record["limits"] == {"max_steps": None, "time_limit": None} and record["tolerance"] == 1e-6
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["html"].read_text().startswith("<!doctype html>")
    solution = pv.load(files["pv"])
    t = np.linspace(0, 1, 5)
    np.testing.assert_allclose(solution.u(t=t), 2 * np.exp(-1.5 * t), rtol=1e-4)  # --set was heeded
    assert f"{record['error']['u']:.2e}" in done.stdout
    assert solution.to_json()["error"] == record["error"]


@pytest.mark.slow
def test_an_unfinished_solve_says_so_and_resumes(folder, tmp_path):
    arguments = ["solve", "decay.py", "--points", 64, "--checkpoint", tmp_path / "c", "--json"]
    first = run(folder, *arguments, tmp_path / "1", "--max-steps", 1)
    assert first.returncode == 3, first.stderr  # a solution, but not a converged one
    assert "parameters" in first.stderr  # the progress display
    second = run(folder, *arguments, tmp_path / "2", "--max-steps", 3, "--resume", "--quiet")
    assert second.returncode == 3, second.stderr
    records = [json.loads((tmp_path / n).read_text()) for n in "12"]
    assert [(r["status"], r["steps"]) for r in records] == [("max_steps", 1), ("max_steps", 3)]


@pytest.mark.slow
def test_time_may_be_solved_in_slabs(folder, tmp_path):
    done = run(
        folder,
        *("solve", "decay.py", "--points", 64, "--slabs", 2, "--quiet"),
        *("--json", tmp_path / "j", "--plot", tmp_path / "decay.png", "--report", tmp_path / "r.html"),
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "j").read_text())
    assert record["status"] == "converged" and record["error"]["u"] < 1e-4
    assert (tmp_path / "decay.png").read_bytes().startswith(b"\x89PNG")
    assert "All 2 slabs have" in (tmp_path / "r.html").read_text()


def test_a_diverged_solve_exits_with_one(folder, monkeypatch, capsys):

    class Diverged:
        status, stopped = pv.RESULTS.diverged, ""

    monkeypatch.setattr("pinnsven._cli.solve", lambda *args, **kwargs: Diverged())
    assert main(["solve", str(folder / "decay.py"), "--quiet"]) == 1


@pytest.mark.solves
@pytest.mark.parametrize("sent", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_a_signal_ends_with_a_solution_and_a_checkpoint_to_go_on_from(folder, tmp_path, sent):
    arguments = ["solve", "decay.py", "--points", 64, "--tolerance", 0, "--checkpoint", tmp_path / "c"]
    files = ["--json", tmp_path / "j", "--save", tmp_path / "s"]
    done, out, err = signalled(folder, "pinnsven step=", sent, *arguments, "--time-limit", 200, *files)
    assert done == 130, err
    assert "Traceback" not in err and out.startswith("decay: stopped.")
    record = json.loads((tmp_path / "j").read_text())
    assert record["status"] == "stopped" and record["steps"] >= 1
    assert ("interrupted" if sent == signal.SIGINT else "SIGTERM") in record["message"]
    assert np.isfinite(pv.load(tmp_path / "s").u(t=0.5))
    more = record["steps"] + 2
    again = run(
        folder, *arguments, "--resume", "--max-steps", more, "--json", tmp_path / "j", "--quiet"
    )
    assert again.returncode == 3, again.stderr
    assert json.loads((tmp_path / "j").read_text())["steps"] == more


def signalled(folder, line, sent, *arguments, wait=0.0):
    """Runs the command, and sends a signal after a line of progress; its status, output and errors.

    - `wait`: seconds between the two.
    """
    arguments, options = command(folder, *arguments)
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options
    )
    try:
        for said in process.stderr:
            if said.startswith(line):
                time.sleep(wait)
                process.send_signal(sent)
                break
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


SLOW = """
import jax.numpy as jnp
import pinnsven as pv


def make_problem():
    def long(u, u_t, t):
        total = u_t
        for i in range(2000):
            total = total + 1e-9 * jnp.sin(total * u + i) * jnp.cos(t + i)
        return total + u

    conditions = {"pde": pv.PDE(long), "start": pv.Initial(u=1.0)}
    return pv.Problem(pv.Time(0, 1), "u", conditions, network=pv.MLP(width=8, depth=1))
"""


@pytest.mark.slow
def test_a_signal_does_not_wait_for_a_compilation(folder, tmp_path):
    """The compilation, half a minute and more, would be followed by two others and the steps."""
    (folder / "slow.py").write_text(SLOW)
    began = time.monotonic()
    done, out, err = signalled(
        folder,
        *(
            "pinnsven compiling=drawn_layer",
            signal.SIGTERM,
            "solve",
            "slow.py",
            "--json",
            tmp_path / "j",
        ),
        wait=3.0,
    )
    assert done == 130, err
    assert "Traceback" not in err and "FATAL" not in err and out.startswith("slow: stopped.")
    assert json.loads((tmp_path / "j").read_text())["steps"] == 0
    assert "compiling=residual" not in err
    assert time.monotonic() - began < 100


def test_a_second_ctrl_c_gives_up_at_once(folder):
    """The first one comes while a function of the reference swallows it."""
    (folder / "deaf.py").write_text(
        "import sys, time\nimport pinnsven as pv\n\n"
        "def deaf():\n"
        "    for said in 'deaf now', 'again':\n"
        "        try:\n"
        "            print(said, file=sys.stderr, flush=True)\n            time.sleep(100)\n"
        "        except KeyboardInterrupt:\n            pass\n"
        "    raise ValueError('never')\n\n"
        "def make_problem():\n"
        "    conditions = {'pde': pv.PDE(lambda u, u_t: u_t + u), 'start': pv.Initial(u=1.0)}\n"
        "    return pv.Problem(pv.Time(0, 1), 'u', conditions, reference=deaf)\n"
    )
    arguments, options = command(folder, "solve", "deaf.py")
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options
    ) as process:
        try:
            assert process.stderr.readline() == "deaf now\n"
            process.send_signal(signal.SIGINT)
            assert process.stderr.readline() == "again\n"
            time.sleep(2 * SAME)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130 and "never" not in err


CLOSED = {
    "a full stdout": (">/dev/full", 1),
    "a full stderr": ("2>/dev/full", 3),
    "no stdout": (">&-", 3),
    "no stderr": ("2>&-", 3),
    "neither": (">&- 2>&-", 3),
    "a reader that leaves": ("| head -c 1", 3),
}


@pytest.mark.solves
@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
@pytest.mark.parametrize(("where", "status"), first(CLOSED, 2))
def test_streams_that_take_nothing_lose_no_file(folder, tmp_path, where, status):
    arguments, options = command(
        folder,
        *("solve", "decay.py", "--points", 64, "--max-steps", 1),
        *("--json", tmp_path / "j", "--save", tmp_path / "s"),
    )
    script = f"set -o pipefail; {shlex.join(arguments)} {where}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=300, **options)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert json.loads((tmp_path / "j").read_text())["status"] == "max_steps"
    assert np.isfinite(pv.load(tmp_path / "s").u(t=0.5))
    if status == 1:
        assert "the table could not be printed" in done.stderr


@pytest.mark.solves
@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_an_output_that_fails_is_said_and_the_others_are_written(folder, tmp_path):
    arguments = ["solve", "decay.py", "--points", 64, "--max-steps", 1, "--quiet"]
    files = ["--json", "/dev/full", "--save", tmp_path / "s", "--report", tmp_path / "r.html"]
    done = run(folder, *arguments, *files)
    assert done.returncode == 1
    assert "--json /dev/full: could not be written" in done.stderr and "Traceback" not in done.stderr
    assert done.stdout.startswith("decay: max_steps.")
    assert pv.load(tmp_path / "s").steps == 1 and (tmp_path / "r.html").stat().st_size > 1000
