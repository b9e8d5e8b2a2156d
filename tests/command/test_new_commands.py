"""`pinnsven new`, `compare`, `reference`, `completion`, and the picture that `solve` writes."""

import json
import shutil
import subprocess

import numpy as np
import pytest

import pinnsven as pv
from helpers import solve
from pinnsven._cli import main


@pytest.mark.slow
def test_a_new_file_is_a_problem_that_converges_with_a_picture_beside_it(tmp_path, capsys, monkeypatch):
    file = tmp_path / "my_rod.py"
    assert main(["new", str(file)]) == 0
    assert f"pinnsven solve {file}" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert main(["solve", str(file), "--quiet", "--set", "k=0.5", "--json", "rod.json"]) == 0
    said = capsys.readouterr().out
    assert "my_rod: converged" in said and f"the picture is {tmp_path / 'my_rod.png'}" in said
    assert (tmp_path / "my_rod.png").stat().st_size > 10_000
    assert json.loads((tmp_path / "rod.json").read_text())["parameters"] == {"k": 0.5}


@pytest.mark.parametrize(
    "name, message",
    [
        ("there.py", "exists already"),
        ("a.txt", "ends in .py"),
        ("no/a.py", "folder"),
        ("my-rod.py", "name it"),
    ],
)
def test_a_new_file_replaces_nothing(tmp_path, capsys, name, message):
    (tmp_path / "there.py").write_text("mine")
    assert main(["new", str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err
    assert (tmp_path / "there.py").read_text() == "mine"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Files of a solution, of one that is a little off, and of a record."""
    folder = tmp_path_factory.mktemp("results")
    first, second = solve(), solve(max_steps=3)
    first.save(folder / "a.pv")
    second.save(folder / "b.pv")
    (folder / "c.json").write_text(json.dumps(second.to_json()))
    return folder, first, second


@pytest.mark.solves
def test_two_results_side_by_side(results, capsys):
    folder, first, second = results
    assert main(["compare", str(folder / "a.pv"), str(folder / "b.pv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["a.pv", "b.pv"]
    cells = {line[:19].strip(): line[19:].split() for line in lines}
    assert cells["status"] == [str(first.status), str(second.status)]
    assert cells["steps"] == [str(first.steps), str(second.steps)]
    assert f"{first.error['u']:.4g}" in cells["relative error, u"]
    apart = float(lines[-1].split("by ")[1].split(",")[0])
    assert apart == pytest.approx(second.error["u"], rel=0.3)  # the first is right


@pytest.mark.solves
def test_a_record_is_compared_with_a_solution(results, capsys):
    folder, *_ = results
    assert main(["compare", str(folder / "a.pv"), str(folder / "c.json")]) == 0
    assert "differs by" not in capsys.readouterr().out


@pytest.mark.solves
@pytest.mark.parametrize(
    "content, message", [("{", "is no record"), ("[]", "has no status"), (None, "no such file")]
)
def test_what_is_no_result_is_refused(results, tmp_path, capsys, content, message):
    folder, *_ = results
    file = tmp_path / "x.json"
    if content is not None:
        file.write_text(content)
    assert main(["compare", str(folder / "a.pv"), str(file)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_a_reference_is_worked_out_again_and_read_as_data(tmp_path, capsys, suffix):
    file = tmp_path / f"orbit.{suffix}"
    assert main(["reference", "lotka_volterra", "--set", "end=2.0", "--save", str(file)]) == 0
    said = capsys.readouterr().out
    assert "reference, 401 points, floor" in said and "hares" in said and str(file) in said
    pv.Data.read(file, t="t", hares="hares", lynxes="lynxes")
    columns = np.load(file) if suffix == "npz" else np.genfromtxt(file, delimiter=",", names=True)
    hares, lynxes = columns["hares"], columns["lynxes"]
    assert len(hares) == 401 and hares[0] == lynxes[0] == 1.0
    kept = hares - np.log(hares) + 4 / 3 * lynxes - 2 / 3 * np.log(lynxes)  # along every orbit
    np.testing.assert_allclose(kept, kept[0], rtol=1e-11)


def test_a_reference_in_closed_form_has_a_column_for_each_component(tmp_path, capsys):
    file = tmp_path / "known.csv"
    assert main(["reference", "poisson_5d", "--save", str(file)]) == 0
    assert "closed form, 16,384 points" in capsys.readouterr().out
    rows = np.genfromtxt(file, delimiter=",", names=True)
    exact = sum(np.cos(np.pi * rows[f"x{i}"]) for i in range(1, 6))
    np.testing.assert_allclose(rows["u"], exact, atol=1e-13)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["poisson_2d", "--save", "a.txt"], ".npz, .csv"),
        (["poisson_2d", "--save", "no/a.csv"], "there is no folder"),
        (["poisson_2"], "poisson_2d"),
    ],
)
def test_a_reference_that_cannot_be_had_is_refused(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["reference", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_problem_that_knows_nothing_of_its_answer_says_so(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(
        "import pinnsven as pv\n"
        "def make_problem():\n"
        "    return pv.Problem(pv.Interval(0, 1), 'u', {'all': pv.PDE(lambda u_x, u: u_x + u)})\n"
    )
    assert main(["reference", str(file)]) == 2
    assert "neither exact= nor reference=" in capsys.readouterr().err


def test_completion_knows_commands_options_and_the_gallery(capsys):
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        script = capsys.readouterr().out
        assert all(word in script for word in ("compare", "--time-limit", "burgers"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_reads_the_script_and_completes_by_it(capsys):
    main(["completion", "bash"])
    script = capsys.readouterr().out
    asked = 'COMP_WORDS=(pinnsven solve burg); COMP_CWORD=2; _pinnsven; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{asked}"], capture_output=True, text=True)
    assert "burgers" in done.stdout.split() and done.stderr == ""


def test_help_has_examples_and_the_environment(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "pinnsven compare" in said and "XDG_CACHE_HOME" in said and "exit status" in said
