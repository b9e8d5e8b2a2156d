"""What a new user waits for: the first picture, a script's first output, and what a display costs.

    python benchmarks/first_minutes.py [--only output]

- picture: a new virtual environment, `pip install .`, `pinnsven new`, `pinnsven solve`, with no program
  compiled before; on all cores.
- output: from the start of a script, in a terminal of its own, to the first character that it prints.
- display: the seconds of steps with a display in a terminal beside those without, alternated.

Writes `results/first_minutes.json` and `.md`.
"""

import argparse
import os
import pty
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _records import ONE_THREAD, ROOT, Results, headed, today

RESULTS = Results("first_minutes")
OUTPUTS, PAIRS = 5, 7  # how often each is repeated
STEPS = 60
SCRIPT = """
import sys
import pinnsven as pv
problem = pv.Problem(
    pv.Interval(0, 1),
    "u",
    {"ode": pv.PDE(lambda u_xx, u: u_xx + u**2 + 1), "ends": pv.Dirichlet(u=0.0)},
)
asked = {"network": pv.MLP(width=30, depth=2), "points": 1000, "drawn": False, "estimate_error": False}
asked |= {"refine": False, "progress": eval(sys.argv[2])}
solution = pv.solve(problem, max_steps=int(sys.argv[1]), **asked)
at = solution.history["seconds"]
print("SECONDS", at[-1] - at[9])
"""


def in_terminal(command: list[str], **environment: str) -> tuple[float, str]:
    """Seconds to the first character that a command prints in a terminal, and all that it prints."""
    begun, first, said = time.perf_counter(), None, b""
    child, ours = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, os.environ | environment)
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # the terminal is closed
            break
        if not part:
            break
        first = first or time.perf_counter() - begun
        said += part
    os.close(ours)
    os.waitpid(child, 0)
    assert first is not None
    return first, said.decode(errors="replace")


def picture() -> dict[str, float]:
    """Seconds of the installation, and after it to the first picture."""
    folder = Path(tempfile.mkdtemp())
    run = lambda line: subprocess.run(
        shlex.split(line), cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    run(f"{sys.executable} -m venv venv")
    begun = time.perf_counter()
    run(f"venv/bin/pip install --quiet --disable-pip-version-check {ROOT}")
    installed = time.perf_counter()
    run("venv/bin/pinnsven new rod.py")
    run(f"env PINNSVEN_CACHE={folder}/programs venv/bin/pinnsven solve rod.py")
    assert (folder / "rod.png").exists()
    return {
        "pip install .": installed - begun,
        "first picture after it": time.perf_counter() - installed,
    }


def script() -> str:
    path = Path(tempfile.mkdtemp()) / "script.py"
    path.write_text(SCRIPT)
    return str(path)


def output() -> dict[str, float]:
    """Seconds to the first output of a script; the first run has read the files from the disk."""
    command = [sys.executable, script(), "3", "None"]
    found = [in_terminal(command, PYTHONPATH=str(ROOT))[0] for _ in range(OUTPUTS + 1)]
    return {"a script's first output": statistics.median(found[1:])}


def display() -> dict[str, float]:
    """The share by which a display makes steps longer: the median over pairs of runs, in turn."""
    path, shares = script(), []
    for _ in range(PAIRS):
        seconds = {}
        for how in ("False", "True"):
            said = in_terminal(
                [sys.executable, path, str(STEPS), how], PYTHONPATH=str(ROOT), **ONE_THREAD
            )[1]
            seconds[how] = float(said.split("SECONDS")[1].split()[0])
        shares.append(seconds["True"] / seconds["False"] - 1)
    return {"a display's share of the steps": statistics.median(shares)}


PARTS = {"picture": picture, "output": output, "display": display}
MUST = {
    "pip install .": ("s", "-"),
    "first picture after it": ("s", "60 s"),
    "a script's first output": ("s", "2 s"),
    "a display's share of the steps": ("%", "2 %"),
}


def table(stored: dict) -> str:
    lines = ["| | measured | must |", "|---|---|---|"]
    for name, (unit, must) in MUST.items():
        if name in stored["records"]:
            value = stored["records"][name]
            lines.append(f"| {name} | {100 * value if unit == '%' else value:.1f} {unit} | {must} |")
    return headed(stored, "\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=PARTS)
    options = parser.parse_args()
    stored = RESULTS.load(records={})
    for name in options.only or PARTS:
        stored["records"] |= PARTS[name]()
        stored |= today()
        RESULTS.save(stored, table(stored))
    print(RESULTS.page())


if __name__ == "__main__":
    main()
