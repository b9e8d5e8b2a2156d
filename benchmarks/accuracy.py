"""Errors that the default settings reach in a given time, on one CPU thread.

    python benchmarks/accuracy.py [--seeds 3] [--only poisson_2d] [--core 0]

Each run is a process of its own, pinned to one core and one thread; its time limit counts after
compilation. Runs that `benchmarks/results/accuracy.json` holds already are not repeated. The table
(median over seeds) goes to `benchmarks/results/accuracy.md`.
"""

import argparse
import json
import math
import statistics
import sys

from _records import Results, gallery_problem, headed, output_of, stepping, today

RESULTS = Results("accuracy")

# name: problem, its parameters, seconds after compilation, the relative error that must be reached
TARGETS = {
    "poisson_2d": ("poisson_2d", {}, 10, 2e-9),
    "heat_1d": ("heat_1d", {}, 10, 2e-9),
    "burgers": ("burgers", {}, 60, 2e-7),
    "allen_cahn": ("allen_cahn", {}, 60, 1.5e-5),
    "poisson_5d": ("poisson_5d", {}, 60, 1e-5),
    "wave_1d": ("wave_1d", {}, 60, 1e-6),
    "helmholtz_2d": ("helmholtz_2d", {}, 60, None),
    "helmholtz_2d (4, 4)": ("helmholtz_2d", {"a1": 4, "a2": 4}, 60, 1e-6),
    "advection": ("advection", {}, 60, 1e-7),
    "reaction": ("reaction", {}, 60, 1e-7),
    "inverse_burgers": ("inverse_burgers", {}, 60, 1e-4),
    "oscillator": ("oscillator", {}, 20, None),
    "poisson_1d": ("poisson_1d", {}, 20, None),
    "kdv": ("kdv", {}, 600, 1e-4),
    "kuramoto_sivashinsky": ("kuramoto_sivashinsky", {}, 900, 1e-3),
    "cavity": ("cavity", {}, 600, 1e-3),
    # Goals beyond what must be reached.
    "burgers, longer": ("burgers", {}, 300, 1e-9),
    "kdv, sooner": ("kdv", {}, 300, 1e-6),
    "kuramoto_sivashinsky, sooner": ("kuramoto_sivashinsky", {}, 600, 1e-5),
}

SLABS = {"kuramoto_sivashinsky": 5}  # of time, one after another, by problem

TRUE_VISCOSITY = 0.01 / math.pi


def run_once(name: str, seed: int, core: int) -> dict:
    """One solve in a fresh process; returns its record."""
    command = [sys.executable, __file__, "--child", name, str(seed)]
    return json.loads(output_of(command, core)[-1])


def child(name: str, seed: int) -> None:
    """Meets one target, and prints its record as one line of JSON."""
    import resource

    problem, parameters, seconds, _ = TARGETS[name]
    declared = gallery_problem(problem, parameters)
    import pinnsven as pv

    if problem in SLABS:
        solution = pv.march(declared, SLABS[problem], time_limit=seconds, seed=seed)
    else:
        solution = pv.solve(declared, seed=seed, **stepping(seconds))
    record = solution.to_json()
    record |= {
        "target": name,
        "seed": seed,
        "limit": seconds,
        "solving_seconds": record["seconds"] - record["compile_seconds"],
        "peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    print(json.dumps(record))


def table(records: list[dict]) -> str:
    """The records as Markdown: median, least and largest over the seeds."""
    lines = [
        "| problem | seconds | median error | min | max | seeds | wanted | status | peak GB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (_, _, seconds, wanted) in TARGETS.items():
        mine = [r for r in records if (r["target"], r["limit"]) == (name, seconds)]
        if not mine:
            continue
        errors = [figure(r) for r in mine]
        statuses = ", ".join(sorted({r["status"] for r in mine}))
        lines.append(
            f"| {name} | {seconds} | {statistics.median(errors):.1e} | {min(errors):.1e} | "
            f"{max(errors):.1e} | {len(mine)} | {f'{wanted:.0e}' if wanted else ''} | {statuses} | "
            f"{max(r['peak_gigabytes'] for r in mine):.1f} |"
        )
    return "\n".join(lines)


def figure(record: dict) -> float:
    """What counts: the relative error of the unknown where there is one, else of the worst field."""
    if record["unknowns"]:
        found = record["unknowns"]["nu"]  # a plain number in records written before
        value = found["value"] if isinstance(found, dict) else found
        return abs(value / TRUE_VISCOSITY - 1)
    return max(record["error"].values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=TARGETS, help="may be repeated")
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    stored = RESULTS.load()
    for seed in range(options.seeds):
        for name, (_, _, seconds, _) in TARGETS.items():
            done = any(
                (r["target"], r["limit"], r["seed"]) == (name, seconds, seed) for r in stored["records"]
            )
            if done or (options.only and name not in options.only):
                continue
            record = run_once(name, seed, options.core)
            stored["records"].append(record)
            stored |= today()
            RESULTS.save(stored, headed(stored, table(stored["records"])))
            print(f"{name}, seed {seed}: {figure(record):.2e} ({record['status']})", flush=True)
    print(table(stored["records"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]))
    else:
        main()
