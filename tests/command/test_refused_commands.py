"""Command lines that are refused, with words that name what was given."""

import pytest

from pinnsven._cli import main

# The command.

HEAD = "import jax.numpy as jnp\nimport pinnsven as pv\n"
SOUND = (
    HEAD
    + """
def make_problem(rate: float = 1.0):
    ode = pv.PDE(lambda u_t, u: u_t + rate * u)
    return pv.Problem(pv.Time(0, 1), "u", {"ode": ode, "start": pv.Initial(u=1.0)})
"""
)
FILES = {
    "sound.py": SOUND,
    "nothing.py": "",
    "number.py": "make_problem = 3\n",
    "text.py": "def make_problem():\n    return 'burgers'\n",
    "none.py": "def make_problem():\n    pass\n",
    "syntax.py": "def make_problem(:\n",
    "imports.py": "import no_such_module\n",
    "raises.py": "def make_problem():\n    return {}['rate']\n",
    "divides.py": "def make_problem():\n    return 1 / 0\n",
    "inside.py": "def make_problem(rate=1):\n    return rate + 'a'\n",
    "invalid.py": HEAD + "def make_problem():\n    return pv.Problem(pv.Time(1, 0), 'u', {})\n",
    "infinite.py": SOUND.replace("u_t + rate * u", "u_t + u / 0.0 * rate"),
    "algebraic.py": HEAD
    + "def make_problem():\n    return pv.Problem(pv.Time(0, 1), 'u', {'p': pv.PDE(lambda u: u)})\n",
    "notes.txt": "hello\n",
}

COMMANDS = [
    ("no file", "solve missing.py", "missing.py: there is no such file"),
    ("slip in a file", "solve {folder}/sounds.py", "Did you mean", "sound.py"),
    ("folder for a file", "solve {folder}", "no such file"),
    ("no make_problem", "solve {folder}/nothing.py", "nothing.py", "make_problem(**parameters)"),
    ("make_problem is a number", "solve {folder}/number.py", "number.py", "no function make_problem"),
    ("make_problem makes text", "solve {folder}/text.py", "returned str, not a pv.Problem"),
    ("make_problem makes nothing", "solve {folder}/none.py", "returned NoneType, not a pv.Problem"),
    ("syntax error", "solve {folder}/syntax.py", "syntax.py", "SyntaxError"),
    (
        "import error",
        "solve {folder}/imports.py",
        "imports.py",
        "ModuleNotFoundError",
        "no_such_module",
    ),
    ("not Python", "solve {folder}/notes.txt", "notes.txt", "not a Python file"),
    ("error in make_problem", "solve {folder}/raises.py", "raises.py", "KeyError", "rate"),
    ("division in make_problem", "solve {folder}/divides.py", "divides.py", "ZeroDivisionError"),
    (
        "TypeError in make_problem",
        "solve {folder}/inside.py",
        "inside.py: make_problem failed",
        "unsupported operand",
    ),
    ("invalid problem", "solve {folder}/invalid.py", "t=(1.0, 0.0) is inverted"),
    ("infinite residual", "solve {folder}/infinite.py --quiet --points 4", "condition 'ode'", "t = "),
    ("unknown parameter", "solve {folder}/sound.py --set speed=2", "does not take speed", "rate"),
    ("parameter without a value", "solve {folder}/sound.py --set rate", "--set rate", "NAME=VALUE"),
    ("parameter without a name", "solve {folder}/sound.py --set =3", "--set =3", "NAME=VALUE"),
    ("resume from nowhere", "solve {folder}/sound.py --resume", "--resume needs --checkpoint"),
    ("slabs without a start", "solve {folder}/algebraic.py --slabs 2", "without a pv.Initial"),
    ("slabs that are no number", "solve {folder}/sound.py --slabs few", "--slabs", "or chosen"),
    (
        "slabs and a checkpoint",
        "solve {folder}/sound.py --slabs 2 --checkpoint {folder}/c",
        "--slabs keeps no checkpoint",
    ),
    (
        "picture in no folder",
        "solve {folder}/sound.py --plot {folder}/no/a.png",
        "--plot",
        "folder does not exist",
    ),
    (
        "figures in no folder",
        "solve {folder}/sound.py --json {folder}/no/a.json",
        "--json",
        "folder does not exist",
    ),
    (
        "checkpoint that is a folder",
        "solve {folder}/sound.py --checkpoint {folder}",
        "--checkpoint",
        "cannot be written",
    ),
    (
        "negative time limit",
        "solve {folder}/sound.py --quiet --time-limit -3",
        "time_limit=-3.0",
        "positive",
    ),
    ("time limit of nan", "solve {folder}/sound.py --quiet --time-limit nan", "time_limit", "nan"),
    ("no steps", "solve {folder}/sound.py --quiet --max-steps 0", "max_steps=0", "at least 1"),
    ("negative seed", "solve {folder}/sound.py --quiet --seed -1", "seed=-1", "at least 0"),
    ("no points", "solve {folder}/sound.py --quiet --points 0", "points=0", "positive"),
    (
        "negative tolerance",
        "solve {folder}/sound.py --quiet --tolerance -1",
        "tolerance=-1.0",
        "negative",
    ),
    ("steps of text", "solve {folder}/sound.py --max-steps ten", "--max-steps", "'ten'"),
    (
        "precision by another name",
        "solve {folder}/sound.py --precision half",
        "--precision",
        "'half'",
        "float32",
    ),
    ("unknown option", "solve {folder}/sound.py --speed 3", "--speed"),
    ("unknown command", "slove {folder}/sound.py", "'slove'", "solve"),
    ("solve without a file", "solve", "FILE"),
    ("list of no folder", "list {folder}/no", "there is no such folder"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of problem files; the command's cache of compiled code goes there too."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "phrases"), [(c, p) for _, c, *p in COMMANDS], ids=[n for n, *_ in COMMANDS]
)
def test_command_refuses(command, phrases, folder, capsys):
    arguments = [part.format(folder=folder) for part in command.split()]
    try:
        status = main(arguments)
    except SystemExit as stop:  # what argparse does with options it cannot read
        status = stop.code
    words = capsys.readouterr().err
    assert status == 2
    assert not [phrase for phrase in phrases if phrase not in words], words
    assert "Traceback" not in words


def test_command_without_arguments_shows_how_it_is_used(capsys):
    assert main([]) == 2
    assert "usage: pinnsven" in capsys.readouterr().out
