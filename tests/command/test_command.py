"""The command within this process: everything that compiles nothing."""

import json
import math
import sys

import numpy as np
import pytest

from pinnsven._cli import load_problem, main
from pinnsven._output._tables import finite_or_none

# Within this process: everything that compiles nothing.


def test_info_names_versions_and_devices(capsys):
    import jax

    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert jax.__version__ in out and np.__version__ in out and str(jax.devices()[0]) in out


def test_the_help_says_what_the_exit_statuses_mean(capsys):
    with pytest.raises(SystemExit):
        main(["solve", "--help"])
    out = capsys.readouterr().out
    assert all(line in out for line in ("0    converged", "130  interrupted", "1    diverged"))


def test_the_record_is_json_whatever_the_numbers_are():
    record = finite_or_none(
        {"a": math.nan, "b": [1.0, -math.inf, (2, "x")], "c": {"d": None, "e": True}}
    )
    assert json.loads(json.dumps(record, allow_nan=False)) == {
        "a": None,
        "b": [1.0, None, [2, "x"]],
        "c": {"d": None, "e": True},
    }


def test_a_reference_that_fails_is_a_mistake_and_nothing_is_solved(tmp_path, capsys, monkeypatch):
    path = tmp_path / "lost.py"
    path.write_text(
        "import pinnsven as pv\n"
        "def lost():\n    raise OSError('no such file: values.csv')\n"
        "def make_problem():\n"
        "    conditions = {'pde': pv.PDE(lambda u, u_t: u_t + u), 'start': pv.Initial(u=1.0)}\n"
        "    return pv.Problem(pv.Time(0, 1), 'u', conditions, reference=lost)\n"
    )
    assert main(["solve", str(path)]) == 2
    err = capsys.readouterr().err
    assert "reference" in err and "values.csv" in err and "compiling" not in err


def test_no_command_prints_help_and_exits_with_two(capsys):
    assert main([]) == 2
    assert "usage: pinnsven" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["dance"], ["solve"], ["solve", "x.py", "--seed", "one"]])
def test_wrong_use_exits_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: pinnsven" in capsys.readouterr().err


BROKEN = {
    "syntax": ("def make_problem(:", "SyntaxError"),
    "import": ("import no_such_module_at_all", "no_such_module_at_all"),
    "no function": ("x = 1", "make_problem"),
    "no callable": ("make_problem = 3", "make_problem"),
    "no problem": ("def make_problem():\n    return 5", "returned int"),
    "fails": ("def make_problem():\n    return 1 / 0", "ZeroDivisionError"),
    "wrong condition": (
        "import pinnsven as pv\n"
        "def make_problem():\n"
        "    return pv.Problem(pv.Time(0, 1), 'u', {'pde': pv.PDE(lambda v: v)})",
        "'pde'",
    ),
}


@pytest.mark.parametrize(("text", "named"), BROKEN.values(), ids=BROKEN)
def test_a_broken_problem_file_exits_with_two_and_says_why(text, named, tmp_path, capsys):
    path = tmp_path / "broken.py"
    path.write_text(text)
    before = list(sys.path)
    assert main(["solve", str(path), "--quiet"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pinnsven: ") and named in err
    assert sys.path == before


def test_a_missing_file_is_named_with_the_nearest_one(folder, capsys):
    assert main(["solve", str(folder / "decoy.py")]) == 2
    err = capsys.readouterr().err
    assert "decoy.py" in err and "decay.py" in err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--set", "speed=2"], "speed"),
        (["--set", "rate"], "NAME=VALUE"),
        (["--resume"], "--checkpoint"),
        (["--json", "nowhere/out.json"], "nowhere"),
        (["--plot", "."], "--plot"),
        (["--plot", "out.foo"], "png"),
        (["--json", "one", "--save", "./one"], "--save"),
        (["--max-steps", "0"], "max_steps=0"),
        (["--time-limit", "-1"], "time_limit=-1"),
        (["--tolerance", "-1"], "tolerance=-1"),
        (["--seed", "-1"], "seed=-1"),
        (["--points", "0"], "points"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_is_named_before_anything_is_solved(folder, options, named, capsys, monkeypatch):
    assert main(["solve", str(folder / "decay.py"), "--quiet", *options]) == 2
    err = capsys.readouterr().err
    assert err.startswith("pinnsven: ") and named in err


def test_parameters_reach_the_problem_and_a_file_names_it(folder):
    problem = load_problem(str(folder / "decay.py"), {"rate": 3.0})
    assert problem.name == "decay"
    np.testing.assert_allclose(float(problem.exact["u"](1.0)), 2 * np.exp(-3.0))
