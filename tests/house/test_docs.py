"""What is shown runs: code in the documentation, the README's script, the examples."""

import re
import runpy
from pathlib import Path

import jax
import pytest

from helpers import ROOT

pytestmark = pytest.mark.usefixtures("quick_compilation")

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
QUICK = ("ode",)  # of the examples, run every time


@pytest.fixture
def as_a_user(tmp_path, monkeypatch):
    """A user's settings, in an empty folder: float32, JAX's lenient promotion."""
    monkeypatch.chdir(tmp_path)
    with (
        jax.enable_x64(False),
        jax.numpy_dtype_promotion("standard"),
        jax.numpy_rank_promotion("allow"),
    ):
        yield


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)


WITHOUT_CODE = ("README.md", "trust.md", "index.md", "limits.md", "troubleshooting.md")


@pytest.mark.slow  # minutes of solving; .ci/run has them beside the suite
@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in WITHOUT_CODE], ids=lambda p: p.stem)
def test_code_on_a_page_runs_from_top_to_bottom(page, as_a_user):
    namespace: dict = {}
    blocks = python_blocks(page)
    assert blocks
    for block in blocks:
        exec(compile(block, str(page), "exec"), namespace)


def test_readme_script_is_the_example_with_another_limit():
    (script,) = python_blocks(ROOT / "README.md")
    example = (ROOT / "examples" / "burgers.py").read_text()
    declared = script.split("solution =")[0].split("problem = ")[1]
    assert declared.strip().rstrip(")") in example.replace('    name="burgers",\n', "")


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / "docs/devdocs").glob("*.md")], ids=lambda p: p.stem)
def test_every_link_leads_to_a_file_of_the_repository(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


def test_readme_is_at_most_100_lines_and_names_only_files_that_exist():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 100
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (ROOT / target).exists(), target


@pytest.mark.solves
@pytest.mark.parametrize(
    "example",
    [pytest.param(p, marks=[] if p.stem in QUICK else [pytest.mark.slow], id=p.stem) for p in EXAMPLES],
)
def test_example_runs_and_ends_with_a_solution_that_is_right_or_says_so(example, as_a_user):
    names = runpy.run_path(str(example))
    solution = names["solution"]
    ended = {"converged"}
    if "time_limit" in example.read_text():  # which may come too soon on a slow machine
        ended |= {"time_limit", "unresolved"}
    assert solution.status in ended
    worst = max(row.held_out for name, row in solution.conditions.items() if name != "readings")
    assert solution.status != "converged" or worst < 1e-4
    if example.stem == "inverse":
        for name, truth in (("kappa", names["KAPPA"]), ("loss", names["LOSS"])):
            found = solution.unknowns[name]
            assert abs(found - truth) < 5 * found.standard_error
    if solution.error is not None:
        assert solution.error < 1e-3
