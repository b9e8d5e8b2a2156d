"""What the scripts share: results on disk, the machine, processes on a core of their own, the gallery.

Nothing but the standard library is imported before it is needed: a script's `--child` also runs in
environments of peers.
"""

import datetime
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FOLDER = HERE / "results"
GALLERY = tuple(sorted(file.stem for file in (ROOT / "problems").glob("[a-z]*.py")))

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class Results:
    """The results of a script: records in a JSON file, from which its table is written.

    - `path`: `results/<name>.json`; the table has the same name and ends in `.md`.
    - `indent`: of the JSON file, None for one line.
    """

    def __init__(self, name: str, indent: int | None = 1):
        self.path = FOLDER / f"{name}.json"
        self.indent = indent

    def load(self, **empty) -> dict:
        """What earlier runs have stored.

        - `empty`: what a first run starts from, by default an empty list of `records`.
        """
        if self.path.exists():
            return json.loads(self.path.read_text())
        return empty or {"records": []}

    def save(self, stored: dict, text: str) -> None:
        """Writes the records, all of them or none, and the table.

        - `text`: the table, as Markdown.
        """
        FOLDER.mkdir(exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(stored, indent=self.indent))
        unfinished.replace(self.path)
        self.path.with_suffix(".md").write_text(text + "\n")

    def page(self) -> str:
        """The table as it was last written."""
        return self.path.with_suffix(".md").read_text()


def today() -> dict[str, str]:
    """When and where records are made, as they say it."""
    return {"date": datetime.date.today().isoformat(), "machine": machine()}


def headed(stored: dict, table: str, note: str = "") -> str:
    """A table below the line that says when and where its records were made.

    - `note`: ends that line.
    """
    return f"{stored['machine']}, {stored['date']}{note}\n\n{table}"


def machine() -> str:
    """The processor's name and the number of cores."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
        name = names[0] if names else name
    return f"{name}, {os.cpu_count()} cores, one thread used"


def output_of(command: list[str], core: int | None) -> list[str]:
    """The lines that a command prints, on one thread; `RuntimeError` if it fails.

    - `core`: that it is pinned to, None for any.
    """
    pinned = command
    if sys.platform == "linux" and core is not None:
        pinned = ["taskset", "-c", str(core), *command]
    done = subprocess.run(pinned, env=os.environ | ONE_THREAD, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout.splitlines()


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def find_source_tree() -> None:
    """Imports pinnsven from this repository, whatever is installed."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def gallery_problem(name: str, parameters: dict | None = None):
    """A problem of the repository's gallery.

    - `parameters`: of its `make_problem`.
    """
    find_source_tree()
    from pinnsven._cli import load_problem

    return load_problem(str(ROOT / "problems" / f"{name}.py"), parameters or {})


def record_of(found, seconds: float, field: str | None = None) -> dict:
    """What a table tells of a call, as JSON has it.

    - `found`: the solution, `seconds`: of the call.
    - `field`: whose errors are told; None for the largest of all.
    """

    def pick(errors) -> float | None:
        return None if errors is None else float(errors if field is None else errors[field])

    return {
        "seconds": seconds,
        "verdict": found.verdict_seconds,
        "error": pick(found.error),
        "estimate": pick(found.error_estimate),
        "status": str(found.status),
    }


def errors_shown(record: dict) -> list[str]:
    """The error and its estimate as a table shows them."""
    return ["-" if record[key] is None else f"{record[key]:.1e}" for key in ("error", "estimate")]


def stepping(seconds: float) -> dict:
    """Arguments of `solve` for so many seconds of steps, compilation and verdict apart.

    A user's `time_limit` counts those too; what compares steps stops by this clock of its own, and uses
    up the time, as with a limit, whatever tolerance is met. Nothing is drawn where steps are counted.
    """
    return {"callbacks": stop_after(seconds), "max_steps": 10**9}


def stop_after(seconds: float) -> Callable:
    """A callback that ends a run after so many seconds of steps, as a limit would."""
    import pinnsven as pv

    def stop(record) -> None:
        if record.seconds >= seconds:
            raise pv.StopRun(f"{seconds:g} s of stepping were over", as_limit=True)

    return stop
