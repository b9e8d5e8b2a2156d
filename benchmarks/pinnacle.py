"""PINNacle's cases by their definition, beside the best of its twelve methods.

    python benchmarks/pinnacle.py [--only HNd] [--core 0]

Each case is solved in a process of its own on one core with the defaults and 120 s of the call,
compilation and verdict included; errors are relative L2 against our own references (PINNacle's files
have errors of 3e-5 to 4e-2 themselves). Of its two inverse cases the disputed figures are taken, which
are better. Results of a case that is run again are replaced; the table goes to
`benchmarks/results/pinnacle.json` and `pinnacle.md`, cases in which pinnsven is not the best first.

Source: Hao et al., PINNacle (2023), of whose twelve methods the best of each case is told.
"""

import argparse
import json
import sys
import time
from typing import Any

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

RESULTS = Results("pinnacle")
LIMIT = 120.0  # seconds of a call
# case: the best of twelve, the gallery's problem with its parameters, the field that is compared
CASES: dict[str, tuple[float, str, dict[str, Any], str | None]] = {
    "Burgers 1d-C": (1.3e-2, "burgers", {}, None),
    "Poisson 2d-C": (1.2e-2, "four_disks", {}, None),
    "Poisson 2d-CG": (1.4e-2, "poisson_boltzmann", {}, None),
    "Heat 2d-MS": (1.7e-2, "heat_many_scales", {}, None),
    "NS 2d-C": (3.6e-2, "cavity", {}, None),
    "Wave 1d-C": (9.8e-2, "wave_1d", {}, None),
    "KS": (9.6e-1, "kuramoto_sivashinsky", {"end": 1.0}, None),
    "PNd": (4.6e-4, "poisson_5d", {"half_waves": 0.5, "phase": 0.5}, None),
    "HNd": (1.2e-4, "heat_5d", {}, None),
    "PInv": (2.0e-2, "poisson_inverse", {}, "a"),
    "HInv": (1.2e-2, "heat_inverse", {}, "a"),
}
ABSENT = {
    "Burgers 2d-C": "its random start is a file of its own, not tried",
    "Poisson 3d-CG": "a reference of ours is missing",
    "Poisson 2d-MS": "its code and its paper solve different equations",
    "Heat 2d-VC": "its conductivity is a file of its own, not tried",
    "Heat 2d-CG": "a reference of ours is missing",
    "Heat 2d-LT": "a reference of ours is missing",
    "NS 2d-CG": "a condition at the outlet is missing",
    "NS 2d-LT": "the pressure at the start contradicts the flow",
    "Wave 2d-CG": "its speed is a file of its own, not tried",
    "Wave 2d-MS": "its solution does not solve its equation",
    "GS": "no condition on the boundary; the start, left as it is, scores 9.5e-2",
}


def child(case: str) -> None:
    """Solves a case; prints a line of JSON."""
    find_source_tree()
    import pinnsven as pv

    _, name, parameters, field = CASES[case]
    declared = gallery_problem(name, parameters)
    began = time.perf_counter()
    found = pv.solve(declared, time_limit=LIMIT)
    print(json.dumps(record_of(found, time.perf_counter() - began, field)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=CASES)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    stored = RESULTS.load(records={})
    for case in options.only or CASES:
        command = [sys.executable, __file__, "--child", case]
        stored["records"][case] = json.loads(output_of(command, options.core)[-1])
        print(case, stored["records"][case], flush=True)
        RESULTS.save(stored | today(), headed(stored | today(), table(stored["records"])))


def table(records: dict) -> str:
    """The results as Markdown, what is lost before what is won, then what was not tried."""
    lines = [
        "| case | best of twelve | pinnsven | estimated | status | seconds | problem |",
        "|---|---|---|---|---|---|---|",
    ]
    gain = lambda case: records[case]["error"] / CASES[case][0]
    for case in sorted(records, key=gain, reverse=True):
        best, name, _, field = CASES[case]
        record = records[case]
        whole = name if field is None else f"{name}, {field}"
        row = [
            case,
            f"{best:.1e}",
            *errors_shown(record),
            record["status"],
            f"{record['seconds']:.0f}",
            whole,
        ]
        lines.append(f"| {' | '.join(row)} |")
    lines += [f"| {case} | | not tried | | | | {reason} |" for case, reason in ABSENT.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
