"""The lessons run from top to bottom, and hold their own numbers by assertions."""

import ast
import os
import re
import subprocess
import sys

import pytest

from helpers import ROOT

LESSONS = sorted((ROOT / "examples" / "lessons").glob("*.py"))
QUICK = ("01", "02", "03")  # run every time


@pytest.mark.solves
@pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(p, id=p.stem, marks=[] if p.stem[:2] in QUICK else [pytest.mark.slow])
        for p in LESSONS
    ],
)
def test_a_lesson_runs_and_is_right(lesson, tmp_path):
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::UserWarning", str(lesson)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_there_are_ten_lessons_with_exercises_and_numbers_that_are_held():
    assert [int(p.stem[:2]) for p in LESSONS] == list(range(1, 11))
    for lesson in LESSONS:
        text = lesson.read_text()
        tree = ast.parse(text)
        assert sum(isinstance(node, ast.Assert) for node in tree.body) >= 2, lesson.name
        assert re.search("[Ee]xercise", text) and re.search("[Aa]nswer", text), lesson.name


def test_the_page_for_teachers_lists_every_lesson():
    page = (ROOT / "docs" / "teaching.md").read_text()
    assert all(f"lessons/{lesson.name}" in page for lesson in LESSONS)
