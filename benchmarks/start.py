"""Seconds of the user's clock, compilation included: to a good answer, a second one, and the verdict.

    python benchmarks/start.py [--seeds 3] [--only "burgers, one core"]

Every row runs in processes of its own, with a cache of compiled programs that is empty, or that the run
before has filled. Runs that were made before are replaced; the tables go to
`benchmarks/results/start.json` and `start.md`, beside the figures of 26 November 2026, before programs
were shared and compiled ahead.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from _records import ONE_THREAD, Results, find_source_tree, gallery_problem, headed, stepping, today

RESULTS = Results("start")
GOOD = 1e-4  # the error to which Burgers' equation is timed
STEPS = 40  # of an ODE: as many as the first solve needs to come to its refined step
ALLEN_CAHN, SLABS, MARCH = 60.0, 5, 150.0  # seconds of stepping; slabs, and seconds of all of them

# row: what a child does, the cores it has, whether the cache is filled, what it took before
ROWS = {
    "burgers to 1e-4, one core, empty cache": ("burgers", 1, False, "25 s (to 1e-5)"),
    "burgers to 1e-4, two cores, empty cache": ("burgers", 2, False, "-"),
    "burgers to 1e-4, one core, filled cache": ("burgers", 1, True, "25 s"),
    "poisson_2d to its end, one core, empty cache": ("poisson_2d", 1, False, "37 s, busy"),
    "poisson_2d to its end, two cores, empty cache": ("poisson_2d", 2, False, "-"),
    "burgers, 10 s of steps: from the last one to the return, one core": (
        *("burgers_end", 1, False),
        "15 to 20 s, busy",
    ),
    "the same, two cores": ("burgers_end", 2, False, "-"),
    "an ODE solved again: seed, constant, interval, data": ("again", 1, False, "compiled anew"),
    "kuramoto_sivashinsky, 5 slabs: all compilation, one core": (
        *("slabs", 1, False),
        "5 x 17 s, and verdicts",
    ),
    "allen_cahn, 60 s of steps: compilation beside them, one core": (
        *("allen_cahn", 1, False),
        "41 to 52 s",
    ),
    "import pinnsven": ("imported", 1, False, "2.6 s"),
}


def child(what: str, seed: int, began: float) -> None:
    """Does what a row says; prints a line of JSON with the figure, and what else is of interest.

    - `began`: when the process was started, by `time.time`.
    """
    find_source_tree()
    import pinnsven as pv

    if what == "imported":
        print(json.dumps({"figure": time.time() - began}))
        return
    solve = {"burgers": _to_a_good_answer, "burgers_end": _ending, "again": _again}.get(what)
    if solve is not None:
        print(json.dumps(solve(pv, seed, began)))
        return
    declared = gallery_problem({"slabs": "kuramoto_sivashinsky"}.get(what, what))
    if what == "slabs":
        found = pv.march(declared, SLABS, time_limit=MARCH, seed=seed)
    else:
        found = pv.solve(declared, seed=seed, **(stepping(ALLEN_CAHN) if what == "allen_cahn" else {}))
    figure = time.time() - began if what == "poisson_2d" else found.compile_seconds
    print(json.dumps({"figure": figure, "error": float(found.error), "status": str(found.status)}))


def _to_a_good_answer(pv, seed: int, began: float) -> dict:
    """Seconds until a callback that looks after every step, for 0.01 s each, sees an error of 1e-4."""
    reached: dict = {}

    def look(record):
        if record.step == 1:
            reached["first step"] = time.time() - began
        if float(record.solution().error) <= GOOD:
            reached["figure"] = time.time() - began
            raise pv.StopRun("good")

    found = pv.solve(gallery_problem("burgers"), seed=seed, callbacks=look, estimate_error=False)
    return {"figure": float("inf"), "compiling": found.compile_seconds} | reached


def _ending(pv, seed: int, began: float) -> dict:
    """Seconds from the last step to the return of a run that its steps end."""
    del began
    limits, last = stepping(10.0), {}

    def look(record):
        last["step"] = time.perf_counter()
        limits["callbacks"](record)

    declared = gallery_problem("burgers")
    found = pv.solve(declared, seed=seed, callbacks=look, max_steps=limits["max_steps"])
    figure = time.perf_counter() - last["step"]
    return {"figure": figure, "verdict": found.verdict_seconds, "error": float(found.error)}


def _again(pv, seed: int, began: float) -> dict:
    """How many programs are compiled by solves after the first one, whose numbers alone differ."""
    import numpy as np
    from jax import monitoring

    del began
    compiled: list[float] = []

    def listen(name, seconds, **details):
        del details
        if name == "/jax/core/compile/backend_compile_duration":
            compiled.append(seconds)

    monitoring.register_event_duration_secs_listener(listen)
    times = np.linspace(0.1, 0.9, 5)

    def problem(rate: float = 2.0, end: float = 1.0, start: float = 1.0):
        conditions = {
            "ode": pv.PDE(lambda u, u_t, k: u_t + k * u),
            "start": pv.Initial(u=start),
            "readings": pv.Data({"t": times}, u=start * np.exp(-rate * times), noise=1e-3),
        }
        constants = {"k": rate}
        return pv.Problem(pv.Time(0, end), "u", conditions, constants=constants, network=pv.MLP(8, 2))

    pv.solve(problem(), seed=seed, points=64, max_steps=STEPS)
    first, others = len(compiled), []
    for changed, number in (({}, 1), ({"rate": 3.0}, 0), ({"end": 1.5}, 0), ({"start": 1.25}, 0)):
        compiled.clear()
        pv.solve(problem(**changed), seed=seed + number, points=64, max_steps=STEPS)
        others.append(len(compiled))
    return {"figure": float(max(others)), "first": first, "others": others}


def run(what: str, cores: int, seed: int, cache: str) -> dict:
    """The record of one child."""
    command = [sys.executable, __file__, "--child", what, str(seed), repr(time.time())]
    settings = {"PINNSVEN_CACHE": cache} | (ONE_THREAD if cores == 1 else {})
    if sys.platform == "linux":
        command = ["taskset", "-c", ",".join(map(str, range(cores))), *command]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def table(records: list[dict]) -> str:
    """Medians over seeds, as Markdown."""
    lines = ["| | before | now, median | least to most | runs |", "|---|---|---|---|---|"]
    for row, (what, *_, before) in ROWS.items():
        mine = [r["figure"] for r in records if r["row"] == row]
        if mine:
            unit = "compilations" if what == "again" else "s"
            lines.append(
                f"| {row} | {before} | {statistics.median(mine):.3g} {unit} | "
                f"{min(mine):.3g} to {max(mine):.3g} | {len(mine)} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=ROWS, help="a row; may be repeated")
    options = parser.parse_args()
    wanted = options.only or list(ROWS)
    records = [r for r in RESULTS.load()["records"] if r.get("row") in ROWS and r["row"] not in wanted]
    for row in wanted:
        what, cores, filled, _ = ROWS[row]
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as cache:
                if filled:
                    run(what, cores, seed, cache)
                records.append({"row": row, "seed": seed} | run(what, cores, seed, cache))
            print(records[-1], flush=True)
            stored = today() | {"records": records}
            note = "; seconds since the process was started, or as the row says"
            RESULTS.save(stored, headed(stored, table(records), note))
    print(table(records))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        main()
