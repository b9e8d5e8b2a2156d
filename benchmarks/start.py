"""Seconds from the command to an answer, compilation included, on one CPU thread.

    python benchmarks/start.py [--seeds 3] [--only burgers] [--core 0]

Each problem is solved for a few seconds of stepping in a process of its own, first with an empty
compilation cache and then again with what the first run left there, as `pinnsven solve` keeps it. Runs
that were made before are replaced; the tables go to `benchmarks/results/start.json` and `start.md`.
"""

import argparse
import datetime
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _records import machine, output_of

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "start.json"

# problem: seconds of stepping
PROBLEMS = {"burgers": 7, "poisson_2d": 5}


def child(problem: str, cache: str, began: float, seed: int) -> None:
    """Solves one problem; prints a line of JSON with the seconds since the process was started."""
    sys.path.insert(0, str(HERE.parent))
    import os

    os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)
    os.environ["XDG_CACHE_HOME"] = cache
    import pinnsven as pv
    from pinnsven._cli import load_problem, use_compilation_cache

    class Clock(pv.Callback):
        first = float("nan")

        def on_step(self, record):
            if record.step == 1:
                self.first = time.time() - began

    use_compilation_cache()
    declared = load_problem(str(HERE.parent / "problems" / f"{problem}.py"), {})
    clock = Clock()
    solution = pv.solve(declared, time_limit=PROBLEMS[problem], seed=seed, callbacks=(clock,))
    print(
        json.dumps(
            {
                "problem": problem,
                "seed": seed,
                "first_step": clock.first,
                "whole": time.time() - began,
                "compiling": solution.compile_seconds,
                "error": float(solution.error),
                "status": str(solution.status),
            }
        )
    )


def run(problem: str, cache: str, seed: int, core: int) -> dict:
    """The record of one solve in a process of its own."""
    command = [sys.executable, __file__, "--child", problem, cache, repr(time.time()), str(seed)]
    return json.loads(output_of(command, core)[-1])


def table(records: list[dict]) -> str:
    """Medians over seeds, as Markdown."""
    lines = [
        "| problem | compilation cache | runs | first step after | compiling | whole | error |",
        "|---|---|---|---|---|---|---|",
    ]
    for problem in PROBLEMS:
        for cache in ("empty", "filled"):
            mine = [r for r in records if (r["problem"], r["cache"]) == (problem, cache)]
            if not mine:
                continue
            first, compiling, whole, error = (
                statistics.median(r[name] for r in mine)
                for name in ("first_step", "compiling", "whole", "error")
            )
            lines.append(
                f"| {problem}, {PROBLEMS[problem]} s of stepping | {cache} | {len(mine)} | "
                f"{first:.1f} s | {compiling:.1f} s | {whole:.1f} s | {error:.1e} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=PROBLEMS, help="may be repeated")
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    records = json.loads(RESULTS.read_text())["records"] if RESULTS.exists() else []
    records = [r for r in records if r["problem"] not in (options.only or PROBLEMS)]
    for problem in options.only or PROBLEMS:
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as cache:
                for state in ("empty", "filled"):
                    records.append({"cache": state} | run(problem, cache, seed, options.core))
                    print(records[-1], flush=True)
    stored = {"date": datetime.date.today().isoformat(), "machine": machine(), "records": records}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(stored, indent=1))
    RESULTS.with_suffix(".md").write_text(
        f"{stored['machine']}, {stored['date']}; medians, seconds since the process was started\n\n"
        f"{table(records)}\n"
    )
    print(table(records))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
