"""Several processes that solve one problem together, each with two devices."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from helpers import ROOT
from pinnsven._basics._processes import agreed, is_first, number_of_processes
from pinnsven._cli import main

DEVICES = "--xla_force_host_platform_device_count=2 --xla_cpu_multi_thread_eigen=false"
SCRIPT = """
import json, os, sys
import jax, jax.numpy as jnp

rank, number, port, folder, arguments = sys.argv[1:6]
jax.config.update("jax_num_cpu_devices", 2)
if int(number) > 1:
    given = {"num_processes": int(number), "process_id": int(rank), "heartbeat_timeout_seconds": 10}
    jax.distributed.initialize(f"localhost:{port}", **given)
os.chdir(folder)
import pinnsven as pv


class Ends(pv.Callback):
    def on_step(self, record):
        if record.step == 4:
            raise pv.StopRun("it has seen enough")


conditions = {
    "wave": pv.PDE(lambda u_tt, u_xx, u: u_tt - u_xx + u**3),
    "start": pv.Initial(u=lambda x: jnp.sin(jnp.pi * x), u_t=0.0),
    "walls": pv.Dirichlet(u=0.0, on="x"),
}
problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
asked = {"network": pv.MLP(8, 2), "points": 900, "drawn": False} | json.loads(arguments)
asked |= {"callbacks": eval(asked.pop("hook", "()"))}
solution = pv.solve(problem, **asked)
found = {"status": str(solution.status), "message": solution.message}
found |= {"devices": len(jax.devices()), "loss": list(map(float, solution.history["loss"]))}
found |= {"estimate": float(solution.error_estimate or 0), "u": float(solution.u(x=0.3, t=0.5))}
print(json.dumps(found), flush=True)
"""


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("localhost", 0))
        return opened.getsockname()[1]


class Started:
    """So many processes of a program, and what they have written.

    - `folder`: where they work; what they write lies beside it.
    - `words`: of the command, after the interpreter.
    - `environment`: more of it, in which `{rank}` and `{port}` are filled in.
    """

    def __init__(self, folder, words, number=2, environment=None):
        folder.mkdir(exist_ok=True)
        self.port, self.processes, self.files = free_port(), [], []
        for rank in range(number):
            own = {k: v.format(rank=rank, port=self.port) for k, v in (environment or {}).items()}
            env = os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": DEVICES} | own
            filled = [str(word).format(rank=rank, number=number, port=self.port) for word in words]
            self.files.append(folder.parent / f"written by {rank}")
            with open(self.files[-1], "w") as file:
                made = subprocess.Popen(
                    [sys.executable, *filled], cwd=folder, env=env, stdout=file, stderr=file
                )
            self.processes.append(made)

    def ended(self) -> list[tuple[int, str]]:
        """The exit status of each, and what it has written."""
        return [
            (p.wait(timeout=300), f.read_text())
            for p, f in zip(self.processes, self.files, strict=True)
        ]


def script(folder, **asked) -> list[str]:
    """The words that run `SCRIPT`."""
    file = folder.parent / "script.py"
    file.write_text(SCRIPT)
    braces = json.dumps(asked).replace("{", "{{").replace("}", "}}")
    return [str(file), "{rank}", "{number}", "{port}", str(folder), braces]


def results(started: Started) -> list[dict]:
    ended = started.ended()
    assert all(status == 0 for status, _ in ended), ended
    return [json.loads(written.strip().splitlines()[-1]) for _, written in ended]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "work"


@pytest.mark.solves
@pytest.mark.parametrize("judged", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_processes_take_the_steps_of_one(folder, judged):
    words = script(folder, max_steps=10, tolerance=1e-9, estimate_error=judged)
    first, second = results(Started(folder, words))
    assert first == second and first["devices"] == 4
    (alone,) = results(Started(folder, words, number=1))
    np.testing.assert_allclose(first["loss"], alone["loss"], rtol=1e-9)
    assert first["status"] == alone["status"] == "max_steps"
    assert first["estimate"] == pytest.approx(alone["estimate"], rel=1e-3)
    assert first["u"] == pytest.approx(alone["u"], abs=1e-9)


@pytest.mark.slow
def test_a_callback_of_the_first_ends_all_and_one_process_goes_on_from_the_file(folder):
    asked = {"max_steps": 20, "estimate_error": False, "checkpoint": "run.pvc"}
    found = results(Started(folder, script(folder, **asked, hook="[Ends()]")))
    assert [f["status"] for f in found] == ["stopped", "stopped"]
    assert "it has seen enough" in found[0]["message"] and "first process" in found[1]["message"]
    (more,) = results(Started(folder, script(folder, **asked, resume=True), number=1))
    np.testing.assert_allclose(more["loss"][:4], found[0]["loss"], rtol=1e-9)
    assert more["loss"][-1] < found[0]["loss"][-1]


@pytest.mark.slow
def test_a_process_that_dies_ends_the_others_and_the_file_holds_what_there_was(folder):
    """JAX ends a process whose others send no heartbeats any more, in whatever it is doing."""
    asked = {"checkpoint": "run.pvc", "estimate_error": False}
    started = Started(folder, script(folder, **asked, tolerance=1e-14))
    for _ in range(1200):
        if (folder / "run.pvc").exists() or started.processes[0].poll() is not None:
            break
        time.sleep(0.1)
    started.processes[1].send_signal(signal.SIGKILL)
    (status, written), _ = started.ended()
    assert status != 0
    assert "another task died" in written or "has ended, or cannot be reached" in written, written
    (more,) = results(Started(folder, script(folder, **asked, resume=True, max_steps=999), number=1))
    assert len(more["loss"]) > 10 and more["loss"][-1] < more["loss"][0]


@pytest.mark.slow
def test_the_command_joins_what_a_launcher_has_started_and_the_first_writes(folder):
    """The environment is that of Open MPI's launcher, which takes ports from this offset on."""
    launched = {
        "OMPI_MCA_orte_hnp_uri": "1.0;tcp://127.0.0.1:{port}",
        "OMPI_COMM_WORLD_SIZE": "2",
        "OMPI_COMM_WORLD_RANK": "{rank}",
        "OMPI_COMM_WORLD_LOCAL_RANK": "{rank}",
    }
    words = ["-m", "pinnsven", "solve", "oscillator", "--processes", "--max-steps", "5"]
    words += ["--no-plot", "--json", "a.json"]
    ended = Started(folder, words, environment=launched).ended()
    assert [status for status, _ in ended] == [3, 3], ended
    record = json.loads((folder / "a.json").read_text())
    assert record["steps"] == 5 and len(record["devices"]) == 4
    assert [path.name for path in folder.iterdir()] == ["a.json"]


def test_a_process_alone_is_told_so(capsys):
    assert main(["solve", "oscillator", "--processes", "--no-plot"]) == 2
    assert "mpirun, srun" in capsys.readouterr().err


def test_one_process_is_the_first_and_agrees_with_itself():
    assert is_first() and number_of_processes() == 1 and agreed(0.1) == 0.1
