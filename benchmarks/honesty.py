"""Whether `converged` can be believed: many runs that are starved of something, each judged.

    python benchmarks/honesty.py [--seeds 20] [--only poisson_2d] [--core 0]

Every fast problem with a known solution is solved 20 times in each of several ways that ought to
spoil the answer. A run is *right* when its relative error is at most the square root of its
tolerance, which is what `converged` promises. After that the adversarial collection is solved
(`_adversarial.py`). Runs that `benchmarks/results/honesty.json` holds already are not repeated. The
tables go to `benchmarks/results/honesty.md`: the four counts, how the estimated error compares with the
true one, and how wrong answers were caught.
"""

import argparse
import json
import statistics
import sys

import numpy as np
from scipy.stats import spearmanr

import _adversarial
from _records import (
    Results,
    find_source_tree,
    gallery_problem,
    headed,
    output_of,
    stepping,
    today,
)

RESULTS = Results("honesty")

PROBLEMS = ("poisson_1d", "oscillator", "poisson_2d", "heat_1d", "advection", "burgers")
TOLERANCE = 1e-6
LOOSE = 1e-3
BATCH = 16  # adversarial cases in one process
STEPPING, MAX_STEPS = 3.0, 300  # seconds and steps, where something is withheld


def settings() -> dict[str, dict]:
    """What is withheld from a run, by name, as arguments of `solve`."""
    import pinnsven as pv

    return {
        "few points, fixed": {"points": 100, "refine": False},
        "few steps": {"max_steps": 20},
        "tiny network": {"network": pv.MLP(width=5, depth=1)},
        "wrong weights": {"weighting": pv.FixedWeights(equation=1e4, others=1e-4)},
        "float32": {"precision": "float32", "tolerance": LOOSE},
        "nothing": {},
    }


def child(problem: str, setting: str, seeds: list[int]) -> None:
    """Solves one problem in one way from several seeds; prints a line of JSON for each."""
    declared = gallery_problem(problem)
    import pinnsven as pv

    withheld = setting != "nothing"
    common = stepping(STEPPING) | {"max_steps": MAX_STEPS} if withheld else {}
    arguments = common | settings()[setting]
    limit = arguments.get("tolerance", TOLERANCE) ** 0.5
    for seed in seeds:
        solution = pv.solve(declared, seed=seed, **arguments)
        record = {
            "problem": problem,
            "setting": setting,
            "seed": seed,
            "status": str(solution.status),
            "error": float(solution.error),
            "estimate": float(solution.error_estimate),
            "limit": limit,
        }
        print(json.dumps(record), flush=True)


def run(problem: str, setting: str, seeds: list[int], core: int) -> list[dict]:
    """The records of several seeds, from a process of its own on one core and one thread."""
    command = [sys.executable, __file__, "--child", problem, setting, *map(str, seeds)]
    return [json.loads(line) for line in output_of(command, core)]


def verdict(record: dict) -> tuple[bool, bool]:
    """Whether the answer is right, and whether it is called that."""
    return record["error"] <= record["limit"], record["status"] == "converged"


def counts(records: list[dict]) -> str:
    """How many runs were right or wrong, and said so or not, by setting, as Markdown."""
    lines = [
        "| withheld | runs | right, said so | right, not said | wrong, said so "
        "| wrong, called converged |",
        "|---|---|---|---|---|---|",
    ]
    for name in [*settings(), "all"]:
        found = [verdict(r) for r in records if name in (r["setting"], "all")]
        number = [found.count(pair) for pair in ((True, True), (True, False), (False, False))]
        lines.append(
            f"| {name} | {len(found)} | {number[0]} | {number[1]} | {number[2]} | "
            f"**{found.count((False, True))}** |"
        )
    return "\n".join(lines)


def estimates(records: list[dict]) -> str:
    """The ratio of the estimated error to the true one, by problem and over all, as Markdown."""
    lines = [
        "| problem | runs | median ratio | 5 % | 95 % | within a factor 10 | rank correlation |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in [*PROBLEMS, "all"]:
        pairs = [(r["estimate"], r["error"]) for r in records if name in (r["problem"], "all")]
        if len(pairs) < 2:
            continue
        estimate, error = np.array(pairs).T
        ratio = estimate / error
        low, high = np.quantile(ratio, [0.05, 0.95])
        near = np.mean((ratio > 0.1) & (ratio < 10))
        correlation = spearmanr(estimate, error).statistic
        lines.append(
            f"| {name} | {len(pairs)} | {statistics.median(ratio):.2f} | {low:.2f} | {high:.2f} | "
            f"{100 * near:.0f} % | {correlation:.2f} |"
        )
    return "\n".join(lines)


def seeds_table(records: list[dict]) -> str:
    """The spread of the error over seeds of runs that were starved of nothing, as Markdown."""
    lines = ["| problem | seeds | median error | min | max | converged |", "|---|---|---|---|---|---|"]
    for problem in PROBLEMS:
        mine = [r for r in records if (r["problem"], r["setting"]) == (problem, "nothing")]
        if not mine:
            continue
        errors = [r["error"] for r in mine]
        converged = sum(r["status"] == "converged" for r in mine)
        lines.append(
            f"| {problem} | {len(mine)} | {statistics.median(errors):.1e} | {min(errors):.1e} | "
            f"{max(errors):.1e} | {converged} of {len(mine)} |"
        )
    return "\n".join(lines)


def write(stored: dict) -> None:
    """The records, and the tables made of them."""
    records, parts = stored["records"], []
    if records:
        parts = [counts(records), estimates(records), seeds_table(records)]
    if stored.get("adversarial"):
        parts.append(_adversarial.tables(stored["adversarial"]))
    note = (
        f"; starved runs end after {STEPPING:g} s of stepping or {MAX_STEPS} steps, those "
        "with nothing withheld when they converge"
    )
    RESULTS.save(stored, headed(stored, "\n\n".join(parts), note))


def adversarial(stored: dict, core: int) -> None:
    """Solves the cases of the adversarial collection that are not stored yet."""
    from adversarial import CASES

    found = stored.setdefault("adversarial", [])
    known = {record["name"] for record in found}
    missing = [name for name in CASES if name not in known]
    missing.sort(key=lambda name: not CASES[name].may_converge)  # those that take longest first
    for start in range(0, len(missing), BATCH):
        command = [sys.executable, __file__, "--child-adversarial", *missing[start : start + BATCH]]
        for line in output_of(command, core):
            record = json.loads(line)
            found.append(record)
            lie = " WRONG, BUT CONVERGED" if _adversarial.is_lie(record) else ""
            print(f"{record['name']}: {record['status']}{lie}", flush=True)
        stored |= today()
        write(stored)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", action="append", choices=PROBLEMS, help="may be repeated")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--adversarial", action="store_true", help="that part alone")
    options = parser.parse_args()
    find_source_tree()
    stored = RESULTS.load()
    if not options.only:
        adversarial(stored, options.core)
    for setting in () if options.adversarial else settings():
        for problem in options.only or PROBLEMS:
            known = {
                r["seed"]
                for r in stored["records"]
                if (r["problem"], r["setting"]) == (problem, setting)
            }
            missing = [seed for seed in range(options.seeds) if seed not in known]
            if not missing:
                continue
            found = run(problem, setting, missing, options.core)
            stored["records"] += found
            stored |= today()
            write(stored)
            bad = sum(verdict(r) == (False, True) for r in found)
            print(f"{problem}, {setting}: {len(found)} runs, {bad} wrong but converged", flush=True)
    print(RESULTS.page())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child-adversarial"]:
        _adversarial.child(sys.argv[2:])
    elif sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], [int(seed) for seed in sys.argv[4:]])
    else:
        main()
