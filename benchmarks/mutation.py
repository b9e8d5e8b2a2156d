"""Whether the tests would notice: faults put into the core one at a time, by cosmic-ray.

    python benchmarks/mutation.py [--mutants 160] [--seed 0] [--cores 0 1] [--again]

Wants `pip install cosmic-ray` beside the package's `test` extra. Draws places in `_sven`,
`_residual`, `_fields` and `_conditions` at random, as many in each, changes one operator, number,
truth value, loop or handler there, in a copy of the tree, and runs the fast tests of that part. A
mutant is *killed* when a test fails or hangs, and *survives* when all pass. Mutants that
`benchmarks/results/mutation.json` holds already are not repeated; the table and the survivors go to
`benchmarks/results/mutation.md`, and `docs/devdocs/mutation.md` judges them.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from _records import ONE_THREAD, ROOT, Results, headed, today

RESULTS = Results("mutation")

# a part of the package, where it stands, and the tests that are its own
PLACES = {
    "_sven": "_sven",
    "_residual": "_solving/_residual.py",
    "_fields": "_calculus",
    "_conditions": "_conditions",
}
ROWS = ["solving/test_residual.py", "solving/test_residual_rows.py"]
TESTS = {
    "_sven": ["sven"],
    "_residual": ROWS,
    "_fields": ["calculus", "conditions/test_refused_conditions.py"],
    "_conditions": ["conditions", *ROWS],
}

ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Pow", "FloorDiv", "Mod")
IDENTITY = ("Is", "IsNot")


def sensible(operator: str) -> bool:
    """Whether an operator of cosmic-ray makes faults that a programmer might make.

    Bits of floats and the order of objects fail at once and would count as killed for nothing;
    `|` stands in annotations mostly.
    """
    kind, *pair = operator.removeprefix("core/").split("_")
    if kind == "ReplaceBinaryOperator":
        return all(name in ARITHMETIC for name in pair)
    if kind == "ReplaceComparisonOperator":
        return (pair[0] in IDENTITY) == (pair[1] in IDENTITY)
    return not get_operator(operator).arguments()


def all_mutants(part: str) -> dict[tuple[str, tuple[int, int]], list[tuple[str, int]]]:
    """The mutants at each place: (file, (line, column)) to (operator, occurrence in the file).

    The mark of an abstract method is no such place: nothing that runs depends on it.
    """
    found: dict[tuple[str, tuple[int, int]], list[tuple[str, int]]] = {}
    names = [name for name in sorted(operator_names()) if sensible(name)]
    place = ROOT / "pinnsven" / PLACES[part]
    files = sorted(place.glob("*.py")) if place.is_dir() else [place]
    for file in files:
        tree, lines = get_ast_from_path(file), file.read_text().splitlines()
        for name in names:
            operator = get_operator(name)()
            places = [place for node in ast_nodes(tree) for place in operator.mutation_positions(node)]
            for occurrence, (start, _) in enumerate(places):
                if "@abc.abstractmethod" not in lines[start[0] - 1]:
                    key = (str(file.relative_to(ROOT)), tuple(start))
                    found.setdefault(key, []).append((name, occurrence))
    return found


def sample(number: int, seed: int) -> list[dict]:
    """One mutant at each of `number` places, as many in each part, all drawn at random."""
    drawn, chosen = random.Random(seed), []
    for part in TESTS:
        mutants = all_mutants(part)
        for file, place in drawn.sample(sorted(mutants), min(number // len(TESTS), len(mutants))):
            name, occurrence = drawn.choice(mutants[file, place])
            where = {"file": file, "line": place[0], "column": place[1]}
            chosen.append(where | {"operator": name, "occurrence": occurrence})
    return chosen


def part_of(file: str) -> str:
    """The part that a file belongs to, or belonged to where it stood when its record was made."""
    for part, place in PLACES.items():
        if Path(file).is_relative_to(Path("pinnsven", place)):
            return part
    return Path(file).parts[1].removesuffix(".py")


def tested(tree: Path, part: str, core: int, cache: Path, limit: float | None) -> str:
    """`survived`, `killed` or `hung`, from the tests of a part in a tree."""
    command = [sys.executable, "-m", "pytest", "-x", "-n", "0", "-p", "no:cacheprovider"]
    command += [f"tests/{name}" for name in TESTS[part]]
    if sys.platform == "linux":
        command = ["taskset", "-c", str(core), *command]
    environment = {
        "PYTHONDONTWRITEBYTECODE": "1",
        # what a mutant leaves as it was is compiled once for all of them
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=os.environ | ONE_THREAD | environment,
            timeout=limit,
            capture_output=True,
        )
    except subprocess.TimeoutExpired:
        return "hung"
    return "killed" if done.returncode else "survived"


def mutate(record: dict, tree: Path) -> tuple[str, str] | None:
    """Puts a mutant into a tree; returns its line before and after, None if nothing changed."""
    source = (ROOT / record["file"]).read_text()
    mutated = mutate_code(source, get_operator(record["operator"])(), record["occurrence"])
    (tree / record["file"]).write_text(mutated)
    pairs = zip(source.splitlines(), mutated.splitlines(), strict=False)
    return next(((old.strip(), new.strip()) for old, new in pairs if old != new), None)


def table(records: list[dict]) -> str:
    """Killed and survived by part, and the survivors, as Markdown."""
    lines = ["| part | mutants | killed | survived | share killed |", "|---|---|---|---|---|"]
    for part in [*TESTS, "all"]:
        mine = [r["outcome"] != "survived" for r in records if part in (part_of(r["file"]), "all")]
        if mine:
            share = 100 * sum(mine) / len(mine)
            lines.append(
                f"| {part} | {len(mine)} | {sum(mine)} | {len(mine) - sum(mine)} | {share:.0f} % |"
            )
    lines += ["", "| survivor | was | became |", "|---|---|---|"]
    for r in sorted(records, key=lambda r: (r["file"], r["line"])):
        if r["outcome"] == "survived":
            lines.append(f"| `{r['file']}:{r['line']}` | `{r['before']}` | `{r['after']}` |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, nargs="+", default=[0])
    parser.add_argument("--again", action="store_true", help="repeat those not killed")
    options = parser.parse_args()
    stored = RESULTS.load()
    if options.again:
        stored["records"] = [r for r in stored["records"] if r["outcome"] == "killed"]

    def known(mutant: dict) -> bool:
        return any(mutant.items() <= record.items() for record in stored["records"])

    missing = [mutant for mutant in sample(options.mutants, options.seed) if not known(mutant)]
    with tempfile.TemporaryDirectory() as folder:
        idle: Queue[tuple[int, Path]] = Queue()
        for core in options.cores:
            tree = Path(folder) / str(core)
            for name in ("pinnsven", "tests", "problems", "pyproject.toml"):
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                tree.mkdir(exist_ok=True)
                copy(ROOT / name, tree / name)
            idle.put((core, tree))
        cache = Path(folder) / "cache"
        core, tree = idle.get()
        limits = {}
        for part in sorted({part_of(mutant["file"]) for mutant in missing}):
            tested(tree, part, core, cache, None)  # compiles
            began = time.perf_counter()
            if tested(tree, part, core, cache, None) != "survived":
                raise RuntimeError(f"the tests of {part} fail as they are")
            limits[part] = 60 + 4 * (time.perf_counter() - began)
            print(f"{part}: {time.perf_counter() - began:.0f} s", flush=True)
        idle.put((core, tree))

        def judged(mutant: dict) -> dict | None:
            core, tree = idle.get()
            try:
                change = mutate(mutant, tree)
                if change is None:
                    return None
                part = part_of(mutant["file"])
                outcome = tested(tree, part, core, cache, limits[part])
            finally:
                shutil.copy(ROOT / mutant["file"], tree / mutant["file"])
                idle.put((core, tree))
            return mutant | {"before": change[0], "after": change[1], "outcome": outcome}

        with ThreadPoolExecutor(len(options.cores)) as workers:
            for record in workers.map(judged, missing):
                if record is None:
                    continue
                stored["records"].append(record)
                stored |= today()
                RESULTS.save(stored, headed(stored, table(stored["records"])))
                print(record["outcome"], record["file"], record["line"], record["after"], flush=True)
    print(RESULTS.page())


if __name__ == "__main__":
    main()
