"""The adversarial part of `honesty.py`: problems as people pose them, each with its truth.

A run is *right* when its error is at most the square root of its tolerance and every unknown within
four of its standard errors; where readings scatter, when the error is no more than ten times what is
estimated. A *lie* is `converged` with an error above 1e-3 and above ten times its estimate, or above
1e-5 and a hundred times, or with an unknown that is neither right nor said to be unknown.
"""

import json
import math
import statistics
import time
import warnings

from _records import find_source_tree, stop_after

TOLERANCE = 1e-6
SECONDS = 12.0  # of each run whose answer cannot be right
SECONDS_ALONE = 90.0  # of those left alone, which end when they have converged
FIGURES = 4.0  # standard errors that an unknown may be off
ROUNDED = 1e-14  # an error below it is rounding, of the exact solution's own values too

# What caught a wrong answer, by a phrase of its message, in the order in which it is looked for.
RULES = {
    "refused at the start": "refused",
    "the conditions leave it open": "leave the answer open",
    "a coefficient jumps": "jumps from",
    "a feature was missed": "have missed",
    "not resolved between the points": "not resolved between",
    "the estimated error": "estimated error of the solution is",
    "residuals are multiplied": "may be off by",
    "not confirmed": "nothing confirms",
    "the tolerance was not met": "(tolerance",
}


def child(names: list[str]) -> None:
    """Solves cases one by one; prints a line of JSON for each."""
    find_source_tree()
    from adversarial import CASES

    warnings.simplefilter("ignore")  # a forgotten condition is said at declaration too
    for name in names:
        print(json.dumps(solved(CASES[name])), flush=True)


def solved(case) -> dict:
    """The record of one case."""
    import pinnsven as pv

    limit = SECONDS_ALONE if case.may_converge else SECONDS
    arguments = {"tolerance": TOLERANCE, "callbacks": stop_after(limit)} | dict(case.settings)
    record = {"name": case.name, "kind": case.kind, "may_converge": case.may_converge}
    begun = time.perf_counter()
    try:
        solution = pv.solve(case.make(), **arguments)
    except ValueError as error:
        return record | {"status": "refused", "message": f"refused: {error}", "error": None}
    off = {
        name: abs(float(solution.unknowns[name]) - meant)
        / max(solution.unknowns[name].standard_error * FIGURES, 1e-3 * abs(meant))
        for name, meant in case.unknowns.items()
    }
    estimate = solution.error_estimate
    return record | {
        "status": str(solution.status),
        "message": solution.message,
        "error": finite(solution.error and float(solution.error)),
        "estimate": finite(estimate and float(estimate)),
        "unknowns_off": max(off.values(), default=0.0),
        "scatter": case.scatter,
        "seconds": time.perf_counter() - begun,
        "verdict_seconds": solution.verdict_seconds,
    }


def finite(value) -> float | None:
    """A number for JSON, which knows no others."""
    return value if value is not None and math.isfinite(value) else None


def is_right(record: dict) -> bool:
    """Whether an answer is as right as it can be."""
    error, estimate = record["error"], record.get("estimate")
    if error is None or record["unknowns_off"] > 1:
        return False
    if record["scatter"]:
        return estimate is not None and error <= 10 * estimate
    return error <= TOLERANCE**0.5


def is_lie(record: dict) -> bool:
    """Whether a wrong answer is called converged."""
    if record["status"] != "converged":
        return False
    error = math.inf if record["error"] is None else record["error"]
    estimate = record["estimate"] if record["estimate"] is not None else 0.0
    far = (error > 1e-3 and not estimate >= error / 10) or (
        error > 1e-5 and not estimate >= error / 100
    )
    return far or record["unknowns_off"] > 1


def rule(record: dict) -> str:
    """What kept an answer from being called converged."""
    message = record["message"]
    return next((name for name, phrase in RULES.items() if phrase in message), "another ending")


def tables(records: list[dict]) -> str:
    """Counts by kind, what caught the wrong ones, and how estimates compare, as Markdown."""
    kinds = list(dict.fromkeys(r["kind"] for r in records))
    lines = [
        "| kind | runs | wrong, called converged | could be right: said so | right, not said "
        "| others: not called converged | how they were caught |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in [*kinds, "all"]:
        mine = [r for r in records if kind in (r["kind"], "all")]
        able = [r for r in mine if r["may_converge"]]
        said = sum(r["status"] == "converged" and not is_lie(r) for r in able)
        unsaid = sum(r["status"] != "converged" and is_right(r) for r in able)
        rest = [r for r in mine if not r["may_converge"]]
        caught = [rule(r) for r in mine if r["status"] != "converged"]
        counted = ", ".join(f"{name} {caught.count(name)}" for name in RULES if name in caught)
        lines.append(
            f"| {kind} | {len(mine)} | **{sum(map(is_lie, mine))}** | {said} of {len(able)} | {unsaid} "
            f"| {sum(r['status'] != 'converged' for r in rest)} of {len(rest)} | {counted} |"
        )
    return "\n".join([*lines, "", *estimates(records)])


def estimates(records: list[dict]) -> list[str]:
    """Sentences on the ratio of the estimated to the true error."""
    pairs = [
        (max(r["estimate"], ROUNDED) / max(r["error"], ROUNDED), r["status"] == "converged")
        for r in records
        if r.get("estimate") is not None and r["error"]
    ]
    believed = [ratio for ratio, converged in pairs if converged]
    if not believed:
        return []
    near = sum(0.1 <= ratio <= 10 for ratio in believed)
    low = min(ratio for ratio, _ in pairs)
    seconds = [r["verdict_seconds"] for r in records if r.get("verdict_seconds")]
    return [
        f"The estimated error over the true one, both at least {ROUNDED:.0e}, of {len(believed)} runs "
        "called converged: median "
        f"{statistics.median(believed):.2f}, within a factor 10 in {100 * near / len(believed):.0f} %; "
        f"the smallest of all {len(pairs)} runs with an estimate {low:.1e}. The verdict took "
        f"{statistics.median(seconds):.1f} s (median), {max(seconds):.1f} s at most, without compiling."
    ]
