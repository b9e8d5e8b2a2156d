"""Time-dependent problems of the gallery by products that move in time, and by what `solve` did before.

    python benchmarks/in_time.py [--only kdv] [--core 0]

Each runs in a process of its own on one core, within 120 s of the whole call: `solve` with the
defaults, which moves products of functions in time where drawn functions do not do, and `march` in
slabs that are chosen, with networks where these do not do. The table goes to
`benchmarks/results/in_time.json` and `in_time.md`.
"""

import argparse
import json
import os
import sys
import tempfile
import time

from _records import (
    Results,
    errors_shown,
    find_source_tree,
    gallery_problem,
    headed,
    output_of,
    record_of,
    today,
)

RESULTS = Results("in_time")
LIMIT = 120.0  # seconds of a call
# name: the gallery's problem, its parameters, and the best that is known of networks (field notes)
CASES = {
    "kdv": ("kdv", {}, "8.2e-11 in 1,210 s, H100 (d = 0.05)"),
    "kuramoto_sivashinsky": ("kuramoto_sivashinsky", {}, "-"),
    "kuramoto_sivashinsky to t = 1": (
        "kuramoto_sivashinsky",
        {"end": 1.0},
        "5.1e-7 in 5,227 s, H100",
    ),
    "schroedinger": ("schroedinger", {}, "-"),
    "reaction": ("reaction", {}, "-"),
    "two_solitons": ("two_solitons", {}, "-"),
    "gray_scott": ("gray_scott", {}, "-"),
    "ginzburg_landau": ("ginzburg_landau", {}, "-"),
    "packet": ("packet", {}, "-"),
}
WAYS = ("solve", "march")


def child(name: str, way: str) -> None:
    """Solves a problem in one way; prints a line of JSON."""
    find_source_tree()
    import pinnsven as pv

    problem, parameters, _ = CASES[name]
    declared = gallery_problem(problem, parameters)
    began = time.perf_counter()
    found = getattr(pv, way)(declared, time_limit=LIMIT)
    record = record_of(found, time.perf_counter() - began)
    print(json.dumps(record | {"moved": "Another run" in found.message}))


def main() -> None:
    """Runs what is asked for, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    stored = RESULTS.load(records={})
    for name in options.only or CASES:
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["PINNSVEN_CACHE"] = folder
                command = [sys.executable, __file__, "--child", name, way]
                record = json.loads(output_of(command, options.core)[-1])
            stored["records"].setdefault(name, {})[way] = record
            print(name, way, record, flush=True)
            RESULTS.save(stored | today(), headed(stored | today(), table(stored["records"])))


def table(records: dict) -> str:
    """The results as Markdown."""
    lines = [
        "| problem | solve: error | estimated | status | s | march: error | estimated | status | s "
        "| best network elsewhere |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, ways in records.items():
        cells = []
        for way in WAYS:
            record = ways.get(way)
            if record is None:
                cells += ["-"] * 4
                continue
            moved = ", moved" if record["moved"] else ""
            shown = [*errors_shown(record), record["status"] + moved, f"{record['seconds']:.0f}"]
            cells += shown
        lines.append(f"| {' | '.join([name, *cells, CASES[name][2]])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
