"""Writes docs/trust.md: how far an answer, and a status, can be trusted, counted.

    python benchmarks/trust.py [--core 0] [--stored] [--fast]

Runs `honesty.py`, of which only what is missing in `benchmarks/results/honesty.json` is computed
(about two hours from nothing; `--stored` takes what is there), and the tests of bad input and of
faults, the slow ones included unless `--fast` leaves them out.
"""

import argparse
import datetime
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import _adversarial
import coverage
import honesty

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "trust.md"

# what files of tests show, in the words of the page
TESTS = {
    "*/test_refused_*.py": "wrong calls, declarations and command lines, each with the class of its "
    "error and a phrase of its message",
    "problem/test_missing_conditions.py": "declarations that leave something open: said where they are "
    "made, and not said where nothing is missing",
    "problem/test_fuzz.py": "random declarations (200) and command lines (300): refused in pinnsven's "
    "own words, or fit to be evaluated",
    "output/test_files.py": "files: truncated, foreign, newer, tampered; nothing in them is executed",
    "output/test_damaged_*.py": "files: flipped bits, bombs, false shapes, numbers that are none",
    "solving/test_identity.py": "resumes of a run that is no longer the same",
    "solving/test_nothing_lost.py": "signals, closed and full outputs, callbacks and references "
    "that raise",
    "output/test_faults.py": "faults: a disk that is full after any number of bytes and failing system "
    "calls (over 200), 30 `kill -9` with the run resumed bit for bit, values that are not finite",
}

TEMPLATE = HERE / "_trust_page.md"  # of the page, without its counts


def tested(pattern: str, fast: bool) -> tuple[int, int]:
    """How many tests of some files passed, of how many.

    - `pattern`: of their paths in the folder of tests.
    - `fast`: leaves out those that take minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "tests.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "not slow" if fast else "",
            *(str(file) for file in sorted((HERE.parent / "tests").glob(pattern))),
            f"--junitxml={record}",
        ]
        subprocess.run(command, cwd=HERE.parent, check=False, stdout=subprocess.DEVNULL)
        suite = ElementTree.parse(record).getroot()[0].attrib
    number = int(suite["tests"])
    return number - sum(int(suite[kind]) for kind in ("failures", "errors", "skipped")), number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--stored", action="store_true", help="run no solves")
    parser.add_argument("--fast", action="store_true", help="leave out tests that take minutes")
    options = parser.parse_args()
    command = [sys.executable, str(HERE / "honesty.py"), "--core", str(options.core)]
    if not options.stored:
        subprocess.run(command, check=True)
    stored = honesty.RESULTS.load()
    records, rows = stored["records"], []
    for name, what in TESTS.items():
        passed, number = tested(name, options.fast)
        rows.append(f"| `tests/{name}` | {passed} of {number} | {what} |")
    starved = [record for record in records if record["setting"] != "nothing"]
    PAGE.write_text(
        TEMPLATE.read_text().format(
            date=datetime.date.today().isoformat(),
            machine=stored["machine"],
            number=len(starved),
            counts=honesty.counts(records),
            estimates=honesty.estimates(records),
            seeds=honesty.seeds_table(records),
            cases=len(stored["adversarial"]),
            adversarial=_adversarial.tables(stored["adversarial"]),
            coverage=coverage.table(coverage.RESULTS.load()["records"]),
            tests="\n".join(rows),
        )
    )
    print(PAGE.read_text())


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main()
