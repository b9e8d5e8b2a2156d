"""Past a small network on one core: large networks, several devices, and what was predicted of a step.

    python benchmarks/scale.py [--only large]

- large: 1,152 rows of Burgers in float64 and networks of up to a million parameters.
- devices: a step with its rows on 1, 2, 4 and 8 devices, which share this machine's cores.
- model: `pv.predict_cost` beside the median of the steps that `solve` takes in half a minute.

Every line is a process of its own on one thread. Writes `results/scale.json` and `.md`.
"""

import argparse
import itertools
import json
import statistics
import sys
import time

from _records import (
    Results,
    find_source_tree,
    gallery_problem,
    headed,
    output_of,
    peak_megabytes,
    stepping,
    today,
)

find_source_tree()

RESULTS = Results("scale")
WIDTHS = {"20,000 parameters": "81", "200,000 parameters": "256", "1,000,000 parameters": "577"}
STEPS = 5
DEVICES = ("1", "2", "4", "8")
ROWS = (1024, 8192)
SPREAD = {f"{n} points, {d} devices": f"{n} {d}" for n in ROWS for d in DEVICES}
POSED = (
    "burgers",
    "poisson_2d",
    "allen_cahn",
    "wave_1d",
    "poisson_5d",
    "helmholtz_2d",
    "kdv",
    "cavity",
)
SECONDS = 30.0  # of steps for each problem of the model
FLAGS = "--xla_force_host_platform_device_count=8"


def steps_of(problem, **options) -> tuple[object, list[float]]:
    """A solution, and the time at the end of every step since the call."""
    import pinnsven as pv

    began, ends = time.perf_counter(), []
    plain = {"drawn": False, "estimate_error": False, "progress": False, "cache": False}
    solution = pv.solve(
        problem, callbacks=lambda record: ends.append(time.perf_counter() - began), **plain, **options
    )
    return solution, ends


def between(ends: list[float]) -> float:
    """The median time of a step, the first two left out."""
    times = [after - before for before, after in itertools.pairwise(ends)]
    return statistics.median(times[1:])


def large(width: str) -> dict:
    """Some steps with a network of this width and four layers."""
    import pinnsven as pv

    network = pv.MLP(width=int(width), depth=4)
    solution, ends = steps_of(gallery_problem("burgers"), network=network, max_steps=STEPS)
    return {
        "first step": ends[0],
        "step": between(ends),
        "compiling": solution.compile_seconds,
        "params": network.parameter_count(2, 1),
    }


def devices(asked: str) -> dict:
    """Steps with so many points on so many devices."""
    points, number = map(int, asked.split())
    options = {"points": points, "devices": number, "max_steps": 30, "refine": False}
    return {"step": between(steps_of(gallery_problem("burgers"), **options)[1])}


def model(name: str) -> dict:
    """What is predicted of a problem's steps, and what they take."""
    import numpy as np

    import pinnsven as pv

    problem = gallery_problem(name)
    began = time.perf_counter()
    cost = pv.predict_cost(problem)
    spent = time.perf_counter() - began
    plain = {"drawn": False, "estimate_error": False, "progress": False}
    solution = pv.solve(problem, refine=False, **plain, **stepping(SECONDS))
    measured = float(np.median(np.diff(solution.history["seconds"])))
    return {
        "predicted": cost.seconds,
        "measured": measured,
        "predicted megabytes": cost.memory / 2**20,
        "rows": cost.rows,
        "params": cost.params,
        "spent": spent,
    }


CASES = {
    "large": (large, WIDTHS),
    "devices": (devices, SPREAD),
    "model": (model, {name: name for name in POSED}),
}


def child(case: str, kind: str) -> None:
    """Measures one line and prints it as JSON."""
    record = CASES[case][0](kind)
    print(json.dumps(record | {"peak megabytes": peak_megabytes()}))


def measure(case: str, kind: str) -> dict:
    """One line in a process of its own; the devices are threads of all cores."""
    command = [sys.executable, __file__, "--child", case, kind]
    if case == "devices":
        command = ["env", f"XLA_FLAGS={FLAGS}", *command]
    return json.loads(output_of(command, core=None)[-1])


def shown(value) -> str:
    """A figure of the table: whole numbers as they are, others in three digits."""
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    )


def table(records: dict) -> str:
    """All cases as Markdown."""
    lines = []
    for case, rows in records.items():
        columns = list(next(iter(rows.values())))
        lines += [
            "",
            f"## {case}",
            "",
            f"| | {' | '.join(columns)} |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for name, row in rows.items():
            lines.append(f"| {name} | {' | '.join(shown(row[column]) for column in columns)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES)
    options = parser.parse_args()
    stored = RESULTS.load(records={})
    for case in [options.only] if options.only else CASES:
        stored["records"][case] = {}
        for name, kind in CASES[case][1].items():
            stored["records"][case][name] = measure(case, kind)
            print(case, name, stored["records"][case][name], flush=True)
        stored |= today()
        RESULTS.save(stored, headed(stored, table(stored["records"])))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
    else:
        main()
