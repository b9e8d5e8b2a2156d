"""What `import pinnsven` offers: its names, its help, its version."""

import ast
import pydoc
import textwrap
from pathlib import Path

import pytest

import pinnsven as pv
from helpers import ROOT
from pinnsven._cli import main
from pinnsven._output._tables import versions


def reexported() -> set[str]:
    """The names that the package's own file imports as themselves, `X as X`."""
    tree = ast.parse(Path(pv.__file__).read_text())
    names = [name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names]
    return {name.name for name in names if name.asname == name.name}


def test_every_name_that_is_imported_as_itself_is_public_and_no_other():
    assert reexported() == {*pv.__all__, "__version__"}
    assert len(pv.__all__) == len(set(pv.__all__))


def test_dir_and_a_star_import_show_the_public_names_alone():
    assert {name for name in dir(pv) if not name.startswith("__")} == set(pv.__all__)
    namespace: dict = {}
    exec("from pinnsven import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(pv.__all__)


def test_help_shows_every_public_name_and_the_version():
    text = pydoc.plain(pydoc.render_doc(pv))
    assert [name for name in pv.__all__ if name not in text] == []
    assert f"\nVERSION\n    {pv.__version__}" in text


def test_the_version_is_one_for_the_package_the_command_and_the_records(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"pinnsven {pv.__version__}\n"
    assert versions()["pinnsven"] == pv.__version__
    assert f"\nversion: {pv.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_every_public_name_has_a_docstring():
    for name in pv.__all__:
        assert getattr(pv, name).__doc__, name


@pytest.mark.slow
def test_the_script_in_the_help_runs(quick_compilation, capsys):
    assert pv.__doc__ is not None
    script = pv.__doc__.split("ask for:\n")[1]
    exec(textwrap.dedent(script), {})
    table, value = capsys.readouterr().out.rsplit("\n", 2)[:2]
    assert "converged" in table
    assert abs(float(value) - 0.6065306597126334) < 1e-6  # exp(-1/2)
