"""Cells in a real kernel: what a notebook shows of a solve, a solution, a picture; cells run again."""

import re

import pytest

pytestmark = pytest.mark.slow  # .ci/run runs these

CELLS = (
    "import pinnsven as pv",
    """problem = pv.Problem(
    pv.Interval(0, 1),
    "u",
    {"ode": pv.PDE(lambda u_xx, u: u_xx + u**2 + 1), "ends": pv.Dirichlet(u=0.0)},
)
problem""",
    """network = pv.MLP(width=6, depth=1)
solution = pv.solve(problem, network=network, points=32, max_steps=30, estimate_error=False)""",
    "solution",
    "solution.plot()",
    "solution.u(x=0.5)",
    "solution.plot('no.such')",
)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """The cells of a notebook after they have run, the third of them twice."""
    missing = "the extra `browser` is not installed"
    nbclient, nbformat, _ = (
        pytest.importorskip(name, reason=missing) for name in ("nbclient", "nbformat", "ipykernel")
    )
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(source) for source in (*CELLS, CELLS[2])]
    folder = str(tmp_path_factory.mktemp("notebook"))
    client = nbclient.NotebookClient(
        made,
        timeout=300,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": folder}},
    )
    return client.execute().cells


def kinds(cell) -> set[str]:
    """The MIME types that a cell shows."""
    return {kind for output in cell.outputs for kind in output.get("data", {})}


def text(cell) -> str:
    """What a cell shows as plain text, what it prints included."""
    parts = [
        output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs
    ]
    return "".join(parts)


def test_a_problem_is_shown_as_mathematics_and_a_solution_with_its_picture(cells):
    assert "text/html" in kinds(cells[1]) and "<math" in cells[1].outputs[0].data["text/html"]
    page = cells[3].outputs[0].data["text/html"]
    assert "converged" in page and "data:image/png;base64," in page


def test_a_solve_is_one_live_output_that_stays_with_its_residuals(cells):
    for cell in (cells[2], cells[7]):  # run again, without surprises
        shown = [output for output in cell.outputs if output.output_type == "display_data"]
        assert len(shown) == 1, cell.outputs
        assert "text/html" in shown[0].data or "image/png" in shown[0].data
        assert not [output for output in cell.outputs if output.output_type == "error"]


def test_a_picture_is_shown_once_and_not_as_words(cells):
    assert "image/png" in kinds(cells[4]) and len(cells[4].outputs) == 1
    assert float(re.search(r"\d\.\d+", text(cells[5]))[0]) > 0.1


def test_an_error_ends_with_the_sentence_that_says_what_to_do(cells):
    (output,) = cells[6].outputs
    assert output.output_type == "error" and output.ename == "ValueError"
    assert "no format 'such'" in output.evalue and "png" in output.evalue
