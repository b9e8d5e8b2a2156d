"""What a run shows while it goes on, and the callbacks that are ready."""

import csv
import io
import json
import re
import sys
import types

import jax.numpy as jnp
import matplotlib.image
import numpy as np
import PIL.Image
import pytest
from rich.console import Console

import pinnsven as pv
from helpers import decay, solve
from pinnsven._output._callbacks import RunInfo
from pinnsven._output._course import Course, sparkline
from pinnsven._output._notebook import NotebookScreen
from pinnsven._output._progress import closed_on_failure, display_for
from pinnsven._output._records import Estimate

pytestmark = pytest.mark.usefixtures("quick_compilation")


def shown(capsys, **options) -> str:
    """What a short run writes on stderr."""
    solve(max_steps=40, **options)
    return capsys.readouterr().err


@pytest.mark.solves
def test_nothing_is_shown_where_nobody_looks(capsys):
    assert shown(capsys) == "" and shown(capsys, progress=False) == ""


def test_lines_are_pairs_of_name_and_value(capsys):
    lines = shown(capsys, progress=True).splitlines()
    assert all(re.fullmatch(r"pinnsven( [a-z_]+=\S+)+", line) for line in lines)
    assert lines[0].startswith("pinnsven begins=decay parameters=")
    steps = [dict(pair.split("=") for pair in line.split()[1:]) for line in lines if " step=" in line]
    assert [int(pairs["step"]) for pairs in steps] == [20, 40]
    assert set(steps[0]) == {"step", "seconds", "loss", "held_out", "rank", "damping", "rows"}
    assert lines[-1].startswith("pinnsven ends=")


def test_a_display_is_made_once():
    mine = pv.Progress()
    assert display_for(True, (mine,)) == ()
    assert len(display_for("lines", ())) == 1 and display_for(None, ()) == ()
    with pytest.raises(ValueError, match="progress='quiet'"):
        display_for("quiet", ())
    with pytest.raises(ValueError, match="mode='quiet'"):
        pv.Progress(mode="quiet")


def on_a_terminal(monkeypatch) -> io.StringIO:
    """What consoles write, as if to a terminal."""
    screen = io.StringIO()
    make = lambda **given: Console(file=screen, force_terminal=True, width=100, highlight=False)
    monkeypatch.setattr("pinnsven._output._progress.Console", make)
    return screen


def test_a_terminal_gets_a_table_and_is_left_with_one_line(monkeypatch):
    screen = on_a_terminal(monkeypatch)
    seen = []

    class Look(pv.Callback):
        def on_step(self, record):
            if record.step == 30:
                seen.append(display._shown._picture())

    display = pv.Progress()
    solution = solve(max_steps=40, callbacks=(display, Look()))
    paper = io.StringIO()
    Console(file=paper, width=100).print(seen[0])
    text = paper.getvalue()
    assert "step 30" in text and "held out" in text and "pde" in text and "rank" in text
    left = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue()).strip().splitlines()[-1]
    assert left.startswith(f"decay: {solution.status} after") and "40 steps" in left


def test_a_display_ends_with_a_run_that_fails(monkeypatch):
    on_a_terminal(monkeypatch)
    display = pv.Progress()
    display.on_start(RunInfo("p", 10, None, None, 1e-6))
    with pytest.raises(RuntimeError), closed_on_failure((display,)):
        raise RuntimeError
    assert not display._shown._live.is_started


def test_trouble_of_a_display_costs_nobody_the_run(monkeypatch):
    on_a_terminal(monkeypatch)
    display = pv.Progress()
    monkeypatch.setattr("pinnsven._output._progress._Screen.step", lambda self, record: 1 / 0)
    assert solve(max_steps=5, callbacks=display).steps == 5


def estimate(relative):
    return Estimate(("pde",), np.array([relative]), np.array([relative]), relative, 1.0)


def course_of(residuals, seconds=1.0, **limits):
    """A course with one estimate a second."""
    info = RunInfo("p", 10, None, limits.get("time_limit"), 1e-6)
    course = Course(info)
    for i, residual in enumerate(residuals):
        course.add(estimate(residual))
        course.seen[-1] = (i * seconds, residual)
    return course


def test_the_time_left_follows_the_slope_or_is_said_not_to_be_known():
    # A factor ten in a second, from 1e-5: one second to 1e-6.
    assert course_of([1e-1, 1e-2, 1e-3, 1e-4, 1e-5]).left().startswith("about 1 s left")
    assert "not known yet" in course_of([1e-1, 1e-2]).left()
    assert "does not fall steadily" in course_of([1e-2, 3e-2, 1e-2, 2e-2, 1e-2, 3e-2]).left()
    assert course_of([1e-3, 1e-5, 1e-7, 1e-7]).left() == "tolerance met"
    assert course_of([1e-1], time_limit=100.0).left().startswith("at most 100 s")
    assert course_of([1.0, 1e-3]).share() == pytest.approx(0.5)


def test_a_sparkline_is_logarithmic():
    assert sparkline([1.0, 1e-7]) == "█▁" and sparkline([1e-3]) == ""
    assert sparkline([1.0, 1e-3, 1e-6]) == "█▅▁" or sparkline([1.0, 1e-3, 1e-6]) == "█▄▁"
    assert sparkline([2.0, 2.0]) == "▁▁" and sparkline([0.0, np.nan]) == ""


def test_a_notebook_gets_one_output_with_the_solution_in_it():
    pages = []
    handle = types.SimpleNamespace(update=lambda page: pages.append(page._repr_html_()))

    class Screen(pv.Callback):
        def on_start(self, info):
            self.screen = NotebookScreen(info, handle)
            self.screen.start()

        def on_compile(self, what):
            self.screen.stage(f"compiling the {what} function")

        def on_step(self, record):
            self.screen.step(record)

        def on_estimate(self, estimate):
            self.screen.estimate(estimate)

        def on_end(self, solution):
            self.screen.end(solution)

    solve(max_steps=40, callbacks=Screen())
    assert "preparing" in pages[0] and any("rank" in page for page in pages)
    assert any("data:image/png" in page for page in pages)
    assert "decay: " in pages[-1] and "40 steps" in pages[-1]


def test_a_kernel_is_known_by_its_shell(monkeypatch):
    from pinnsven._output._progress import in_notebook

    assert not in_notebook()
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook()


# Ready-made callbacks


def test_a_line_every_so_many_steps(capsys):
    solve(max_steps=20, callbacks=pv.PrintEvery(10))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["step 10", "step 20"]


def test_a_run_stops_when_a_condition_holds():
    solution = solve(max_steps=50, callbacks=pv.StopWhen(lambda record: record.step >= 7, "seven"))
    assert solution.steps == 7 and "seven" in solution.message
    assert solution.status != "stopped"  # it is judged


def test_records_as_lines_of_json_and_as_columns(tmp_path):
    files = tmp_path / "run.jsonl", tmp_path / "run.csv"
    solution = solve(max_steps=6, callbacks=[pv.JSONLines(files[0]), pv.CSVLog(files[1], every=2)])
    records = [json.loads(line) for line in files[0].read_text().splitlines()]
    assert [r["step"] for r in records] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose([r["loss"] for r in records], solution.history["loss"])
    with files[1].open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [2, 4, 6]
    assert float(rows[1]["loss"]) == records[3]["loss"]


def test_curves_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX", reason="an extra")
    solve(max_steps=6, callbacks=pv.TensorBoard(tmp_path / "runs"))
    (file,) = (tmp_path / "runs").iterdir()
    assert b"held_out/pde" in file.read_bytes()


def test_a_movie_of_the_run(tmp_path):
    solve(max_steps=6, callbacks=pv.Movie(tmp_path / "run.gif", every=3))
    assert matplotlib.image.imread(tmp_path / "run.gif").shape[2] in (3, 4)


@pytest.mark.slow
def test_a_movie_of_the_solution(tmp_path):
    conditions = {
        "pde": pv.PDE(lambda u_t, u_x: u_t + u_x),
        "start": pv.Initial(u=jnp.sin),
        "left": pv.Dirichlet(u=lambda t: -jnp.sin(t), on="x-"),
    }
    solution = pv.solve(pv.Problem(pv.Interval(0, 3) * pv.Time(0, 1), "u", conditions))
    solution.animate(tmp_path / "u.gif", frames=4)
    with PIL.Image.open(tmp_path / "u.gif") as movie:
        assert getattr(movie, "n_frames", 1) >= 4
    with pytest.raises(ValueError, match="ends in"):
        solution.animate(tmp_path / "u.avi")
    with pytest.raises(ValueError, match="at least two"):
        solution.animate(tmp_path / "u.gif", frames=1)
    with pytest.raises(ValueError, match="over space and time"):
        solve(max_steps=1).animate(tmp_path / "u.gif")


def test_no_ffmpeg_no_mp4(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ValueError, match=r"needs ffmpeg.*write a \.gif"):
        pv.Movie(tmp_path / "run.mp4")


REFUSED = {
    "no steps": (lambda: pv.PrintEvery(0), "positive whole number"),
    "no function": (lambda: pv.StopWhen(3), "no function"),
    "no folder": (lambda: pv.JSONLines("nowhere/run.jsonl"), "folder does not exist"),
    "no movie": (lambda: pv.Movie("run.png"), "ends in .gif or .mp4"),
    "no speed": (lambda: pv.Movie("run.gif", frames_per_second=0), "must be positive"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_callbacks_refuse_what_they_cannot_do(name):
    make, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        make()


def test_a_callback_is_a_line():
    assert repr(decay()).startswith("decay: u over Time(0, 1)")
    assert repr(pv.PrintEvery(3)) == "PrintEvery()"
