"""Problem files are found, listed without being executed, and loaded; the gallery from any folder."""

import sys
import tomllib

import pytest

from helpers import ROOT
from pinnsven._cli import load_problem, main
from pinnsven._command._problem_files import gallery, problem_files

NAMES = [path.stem for path in sorted((ROOT / "problems").glob("[!_]*.py"))]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """The working directory, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(capsys, *arguments):
    """What `pinnsven list` prints, line by line."""
    assert main(["list", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


# The gallery.


def test_the_wheel_carries_the_folder_of_the_repository():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"] == {"problems": "pinnsven/_gallery"}
    assert "problems" in build["sdist"]["include"]
    assert gallery() == ROOT / "problems"  # beside a source tree


def test_the_list_shows_the_gallery_where_there_is_no_folder_of_problems(empty, capsys):
    lines = listed(capsys)
    assert [line.split()[0] for line in lines] == NAMES
    assert lines[NAMES.index("poisson_1d")].endswith("Poisson's equation on an interval.")


def test_the_list_shows_the_folder_of_problems_where_there_is_one(empty, capsys):
    (empty / "problems").mkdir()
    (empty / "problems" / "mine.py").write_text('"""My own."""\n')
    assert [line.split(maxsplit=1) for line in listed(capsys)] == [["problems/mine.py", "My own."]]


@pytest.mark.parametrize("name", ["poisson_1d", "kdv"])  # the second imports a file beside it
def test_a_bare_name_is_a_problem_of_the_gallery(empty, name):
    before = list(sys.path)
    assert load_problem(name, {}).name == name
    assert sys.path == before


def test_a_file_of_that_name_comes_first(empty):
    (empty / "burgers").write_text("import no_such_module_at_all")
    with pytest.raises(ValueError, match="not a Python file"):
        load_problem("burgers", {})


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("burgurs", "Did you mean 'burgers'?"),
        ("mein", "Did you mean 'problems/mine.py'?"),
        ("mine", "Did you mean 'problems/mine.py'?"),
        ("problems/mein.py", "Did you mean 'problems/mine.py'?"),
        ("burgers.py", "`pinnsven solve burgers`"),
        ("problems/burgers.py", "`pinnsven solve burgers`"),
        ("elsewhere/burgers.py", "`pinnsven solve burgers`"),
        ("_etdrk4", "nor a problem of that name"),
        ("", "no such file"),
    ],
)
def test_what_is_neither_a_file_nor_in_the_gallery_gets_the_nearest_match(empty, wrong, meant, capsys):
    (empty / "problems").mkdir()
    (empty / "problems" / "mine.py").write_text("")
    assert main(["solve", wrong]) == 2
    err = capsys.readouterr().err
    assert f"{wrong}: there is no such file" in err and meant in err
    assert len(err.splitlines()) == 1


# Lists.


def test_the_list_executes_nothing(empty, capsys):
    (empty / "mine.py").write_text(
        '"""First line.\n\nSecond."""\nopen("executed", "w").close()\nraise RuntimeError\n'
    )
    (empty / "bare.py").write_text("import no_such_module_at_all\n")
    (empty / "_beside.py").write_text('"""Not a problem."""\n')
    (empty / "folder.py").mkdir()
    assert [line.split(maxsplit=1) for line in listed(capsys, empty)] == [
        [str(empty / "bare.py")],
        [str(empty / "mine.py"), "First line."],
    ]
    assert not (empty / "executed").exists()


DAMAGED = {
    "syntax": (b'"""Doc."""\ndef make_problem(:\n', "SyntaxError in line 2"),
    "null bytes": (b'"""Doc."""\0\n', "null byte"),
    "encoding": (b'"""\xff"""\n', "SyntaxError"),
    "unknown encoding": (b'# coding: nonsense\n"""Doc."""\n', "SyntaxError"),
    "depth": (b"(" * 100_000, "Error"),
}


@pytest.mark.parametrize(("text", "said"), DAMAGED.values(), ids=DAMAGED)
def test_a_file_that_is_not_python_is_listed_as_such_in_one_line(empty, capsys, text, said):
    (empty / "damaged.py").write_bytes(text)
    (empty / "whole.py").write_text('r"""An escape \\d."""\n"\\d"\n')
    first, second = listed(capsys, empty)
    assert str(empty / "damaged.py") in first and said in first
    assert second.endswith("An escape \\d.")


def test_the_list_of_a_missing_folder_is_an_error(empty, capsys):
    assert main(["list", "nowhere"]) == 2
    assert "nowhere: there is no such folder" in capsys.readouterr().err


def test_every_file_of_the_gallery_says_in_one_line_what_it_is():
    for file in problem_files(gallery()):
        first = file.read_text().splitlines()[0]
        assert first.startswith('"""') and first.endswith("."), file.name
