"""A race, error against seconds, of pinnsven and its public peers on one CPU thread, in float64.

    python benchmarks/race.py [--seeds 3] [--only poisson_2d] [--method pinnsven] [--core 0]
                              [--peers-python PATH] [--plot]

The peers live in an environment of their own (`pip install -r benchmarks/peers.txt`), whose interpreter
is `--peers-python`. Each run is a process of its own, pinned to one core and one thread, with 60 s of
stepping (of processor time); compilation comes on top and is reported apart. The error is that of the
current iterate, on the points where pinnsven measures its own. Runs that `benchmarks/results/race.json`
holds already are not repeated. The table goes to `benchmarks/results/race.md`, the plots to
`race_<problem>.png` beside it.
"""

import argparse
import importlib
import importlib.metadata
import json
import statistics
import sys

from _records import FOLDER, Results, find_source_tree, headed, output_of, today

RESULTS = Results("race")
LIMIT = 60.0  # seconds of stepping

PROBLEMS = ("poisson_2d", "heat_1d", "burgers", "poisson_5d", "allen_cahn", "wave_1d")
# method: its module in `_peers`, its distribution, its options
METHODS = {
    "pinnsven": ("_pinnsven", "pinnsven", {}),
    "jinns SSBroyden": ("_jinns", "jinns", {"natural": False}),
    "jinns NGD": ("_jinns", "jinns", {"natural": True}),
    "scimba ANaGRAM": ("_scimba", "scimba", {"sketched": False}),
    "scimba DSGNAR": ("_scimba", "scimba", {"sketched": True}),
    "DeepXDE Adam + L-BFGS": ("_deepxde", "deepxde", {}),
}
# problem, method: why they are not raced
LEFT_OUT: dict[tuple[str, str], str] = {}

EXPLANATION = (
    "Relative L2 errors of the current iterate. Seconds of stepping are processor time of one thread; "
    "compilation is apart, and the last column adds it."
)
VERSIONS = ("pinnsven", "jinns", "scimba", "deepxde", "jax", "jaxlib", "torch", "numpy", "scipy")


def run_once(problem: str, method: str, seed: int, core: int, python: str) -> dict:
    """One run in a fresh process; returns its curve, its versions and the seconds of compilation."""
    command = [python, __file__, "--child", problem, method, str(seed)]
    try:
        return json.loads(output_of(command, core)[-1])
    except RuntimeError as error:
        raise RuntimeError(f"{method} on {problem}: {error}") from None


def child(problem: str, method: str, seed: int) -> None:
    """Races one method once and prints what came out as one line of JSON."""
    import time

    find_source_tree()
    from _peers._course import MARKS, Course

    module, distribution, options = METHODS[method]
    competitor = importlib.import_module(f"_peers.{module}")
    course, began = Course(problem, LIMIT), time.perf_counter()
    competitor.run(problem, seed, course, **options)
    found = {
        "errors": {str(int(mark)): course.error_at(mark) for mark in MARKS},
        "curve": {"times": course.times, "errors": course.errors},
        "compile_seconds": course.compile_seconds,
        "wall_seconds": time.perf_counter() - began,
        "version": version(distribution),
        "versions": {name: version(name) for name in VERSIONS if version(name)},
    }
    print("\n" + json.dumps(found))


def version(distribution: str) -> str | None:
    """The version of an installed package."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "source tree" if distribution == "pinnsven" else None


def store(found: dict, problem: str, method: str, seed: int) -> None:
    """Adds one run to what is stored by now, and writes all of it."""
    stored = load() | today()
    named = {"problem": problem, "method": method, "seed": seed}
    common = {key: found[key] for key in ("compile_seconds", "wall_seconds", "version")}
    for mark, error in found["errors"].items():
        stored["records"].append(named | {"seconds": int(mark), "error": error} | common)
    stored["curves"].append(named | found["curve"])
    stored["versions"] |= found["versions"]
    save(stored)


def load() -> dict:
    """What earlier runs have stored."""
    nothing = {"date": "", "machine": "", "versions": {}, "records": [], "curves": [], "left_out": []}
    return RESULTS.load(**nothing)


def save(stored: dict) -> None:
    """Writes the records and the table."""
    stored["left_out"] = [
        {"problem": problem, "method": method, "why": why}
        for (problem, method), why in LEFT_OUT.items()
    ]
    used = ", ".join(f"{name} {number}" for name, number in sorted(stored["versions"].items()))
    text = f"{EXPLANATION}\n\n{tables(stored['records'])}"
    RESULTS.save(stored, headed(stored, text, f"\n{used}"))


def tables(records: list[dict]) -> str:
    """One Markdown table per problem and time: the errors' median, least and largest over the seeds."""
    lines = []
    for problem in PROBLEMS:
        for mark in sorted({r["seconds"] for r in records if r["problem"] == problem}):
            rows = [
                r for r in records if (r["problem"], r["seconds"]) == (problem, mark) and r["error"]
            ]
            if not rows:
                continue
            lines += [f"### {problem}, {mark} s", ""]
            lines += [
                "| method | median error | min | max | seeds | compiling (s) | in all (s) |",
                "|---|---|---|---|---|---|---|",
            ]
            for method in METHODS:
                mine = [r for r in rows if r["method"] == method]
                if not mine:
                    continue
                errors = [r["error"] for r in mine]
                compiling = statistics.median(r["compile_seconds"] for r in mine)
                lines.append(
                    f"| {method} | {statistics.median(errors):.1e} | {min(errors):.1e} | "
                    f"{max(errors):.1e} | {len(mine)} | {compiling:.1f} | {mark + compiling:.1f} |"
                )
            lines.append("")
    lines += [f"{problem}, {method}: left out, {why}" for (problem, method), why in LEFT_OUT.items()]
    return "\n".join(lines).rstrip()


STYLES, MARKERS = ("-", "--", "-.", ":"), "os^DvPX*<>"  # lines differ in more than their color


def plot(stored: dict) -> None:
    """One picture per problem: the median error against seconds, and a band from least to largest."""
    import matplotlib

    matplotlib.use("Agg")
    import numpy as np
    from matplotlib import pyplot

    for problem in PROBLEMS:
        figure, axes = pyplot.subplots(figsize=(6, 4.5), constrained_layout=True)
        for number, method in enumerate(METHODS):
            mine = [c for c in stored["curves"] if (c["problem"], c["method"]) == (problem, method)]
            if not mine:
                continue
            times = np.geomspace(max(c["times"][0] for c in mine), LIMIT, 100)
            logs = [np.interp(np.log(times), np.log(c["times"]), np.log(c["errors"])) for c in mine]
            errors, color = np.exp(logs), f"C{number}"
            style = {"ls": STYLES[number % len(STYLES)], "marker": MARKERS[number], "markevery": 0.12}
            axes.loglog(times, np.median(errors, axis=0), color=color, ms=4, label=method, **style)
            axes.fill_between(times, errors.min(axis=0), errors.max(axis=0), color=color, alpha=0.2)
        if axes.lines:
            axes.set(
                xlabel="seconds of stepping, one thread", ylabel="relative L2 error", title=problem
            )
            axes.grid(alpha=0.3)
            axes.legend(fontsize=8)
            figure.savefig(FOLDER / f"race_{problem}.png", dpi=150)
        pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=PROBLEMS, help="may be repeated")
    parser.add_argument("--method", action="append", choices=METHODS, help="may be repeated")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--peers-python", default=sys.executable, help="the peers' interpreter")
    parser.add_argument("--plot", action="store_true", help="only draw what is stored")
    options = parser.parse_args()
    chosen = [
        (seed, problem, method)
        for seed in range(options.seeds)
        for problem in options.only or PROBLEMS
        for method in options.method or METHODS
        if (problem, method) not in LEFT_OUT and not options.plot
    ]
    for seed, problem, method in chosen:
        named = {"problem": problem, "method": method, "seed": seed}
        if any(named.items() <= curve.items() for curve in load()["curves"]):
            continue
        python = sys.executable if method == "pinnsven" else options.peers_python
        try:
            found = run_once(problem, method, seed, options.core, python)
        except RuntimeError as error:  # one that fails must not cost the others their turn
            print(error, file=sys.stderr, flush=True)
            continue
        store(found, problem, method, seed)
        shown = ", ".join(f"{mark} s {error:.1e}" for mark, error in found["errors"].items())
        print(f"{problem}, {method}, seed {seed}: {shown}", flush=True)
    save(load())
    plot(load())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
