"""The solution so far, as callbacks see it."""

import copy
import itertools
import pickle

import jax.numpy as jnp
import numpy as np
import pytest
from jax import monitoring

import pinnsven as pv
from outside import CHEAP, TINY
from pinnsven import extend
from pinnsven._basics._compiled import _programs

pytestmark = pytest.mark.usefixtures("shared_compilations")


# The solution so far


class Looking(extend.Callback):
    """Keeps the solutions of some steps, the records of all, and what was compiled."""

    def __init__(self, *steps):
        self.steps = steps
        self.records, self.solutions, self.begun, self.ended = [], {}, [], []
        self.copies, self.drawn = {}, []

    def on_compile(self, what):
        self.begun.append(what)

    def on_compiled(self, what, seconds):
        self.ended.append((what, seconds))

    def on_step(self, record):
        self.records.append(record)
        if record.step in self.steps:
            made = self.solutions[record.step] = record.solution()
            self.drawn.append(made(t=np.linspace(0, 1, 5)))
            self.copies[record.step] = [
                copy.copy(record),
                copy.deepcopy(record),
                pickle.loads(pickle.dumps(record)),
            ]


DECAY = pv.Problem(
    pv.Time(0, 1),
    "u",
    {"pde": pv.PDE(lambda u, u_t, k: u_t + k * u), "start": pv.Initial(u=1.0), "end": pv.Boundary(
        lambda u: u - np.exp(-1.0), on="t+")},
    unknowns={"k": 0.5},
    exact=lambda t: jnp.exp(-t),
    name="decay",
)  # fmt: skip
QUICK = {"network": TINY, "points": 32, "refine": False, "estimate_error": False}


@pytest.fixture(scope="module")
def looked():
    """A run with a callback that looks at three steps, and its solution; nothing is compiled before."""
    _programs.forget()
    looking = Looking(1, 6, 7)
    return looking, pv.solve(DECAY, callbacks=looking, max_steps=7, cache=False, **QUICK)


@pytest.mark.solves
def test_the_solution_so_far_is_that_of_its_step(looked):
    looking, solution = looked
    shorter = pv.solve(DECAY, max_steps=1, **QUICK)
    t = np.linspace(0, 1, 9)
    first, last = looking.solutions[1], looking.solutions[7]
    np.testing.assert_allclose(first.u(t=t), shorter.u(t=t), rtol=1e-12)
    np.testing.assert_allclose(last.u(t=t), solution.u(t=t), rtol=1e-12)
    assert float(first.error) > 10 * float(last.error)
    assert last.unknowns["k"] == pytest.approx(float(solution.unknowns["k"]), rel=1e-12)
    for step, made in looking.solutions.items():
        record = looking.records[step - 1]
        assert made.steps == record.step and made.rank == record.rank
        np.testing.assert_array_equal(made.history["loss"], solution.history["loss"][:step])
        np.testing.assert_array_equal(made.history["step"], np.arange(1, step + 1))


@pytest.mark.solves
def test_the_solution_so_far_claims_nothing(looked):
    looking, solution = looked
    for step, made in looking.solutions.items():
        assert made.status is pv.RESULTS.max_steps and f"tep {step} so far" in made.message
        assert made.error_estimate is None and np.isnan(made.unknowns["k"].standard_error)
        t = made.known.points["t"]
        wrong = made(t=t) - np.exp(-t)
        size = np.linalg.norm(np.exp(-t))
        assert float(made.error) == pytest.approx(np.linalg.norm(wrong) / size, rel=1e-10)
        assert made.reference_floor == solution.reference_floor
    first, later = looking.solutions[1], looking.solutions[6]
    assert np.isnan(first.conditions["pde"].held_out)  # nothing was measured by then
    assert later.conditions["pde"].held_out > 0
    assert {n: row.rows for n, row in first.conditions.items()} == {"pde": 32, "start": 1, "end": 1}


@pytest.mark.solves
@pytest.mark.slow
def test_a_kept_solution_so_far_outlives_its_run(looked, tmp_path):
    looking, _ = looked
    t = np.linspace(0, 1, 5)
    for made, seen in zip(looking.solutions.values(), looking.drawn, strict=True):
        np.testing.assert_allclose(made(t=t), seen, rtol=1e-13)
        np.testing.assert_allclose(pickle.loads(pickle.dumps(made))(t=t), seen, rtol=1e-13)
        for suffix in ("png", "html", "json", "pv"):
            made.write(tmp_path / f"so far.{suffix}")
        loaded = pv.load(tmp_path / "so far.pv")
        np.testing.assert_allclose(loaded.u(t=t), seen, rtol=1e-13)
        assert str(loaded) == str(made)


@pytest.mark.solves
def test_a_record_that_is_kept_holds_numbers_alone(looked):
    looking, solution = looked
    numbers = list(looking.records[0].__dataclass_fields__)
    columns = {*numbers, "unknowns.k"} - {"unknowns"}
    assert "solution" not in numbers and set(solution.history) == columns
    copies = [record for made in looking.copies.values() for record in made]
    for record in (*looking.records, *copies):
        assert list(vars(record)) == numbers
        with pytest.raises(ValueError, match=f"step {record.step} is over.*inside on_step"):
            record.solution()
    for step, made in looking.copies.items():
        for name, one in itertools.product(numbers, made):
            np.testing.assert_equal(getattr(one, name), getattr(looking.records[step - 1], name))


@pytest.mark.solves
def test_the_solution_so_far_compiles_once():
    compiled: list[str] = []
    monitoring.register_event_duration_secs_listener(lambda name, _, **__: compiled.append(name))
    numbers = []

    def look(record):
        record.solution()
        numbers.append(sum(name.endswith("backend_compile_duration") for name in compiled))

    pv.solve(DECAY, callbacks=look, max_steps=4, **QUICK)
    assert len(set(numbers)) == 1 and len(numbers) == 4


@pytest.mark.solves
def test_every_compilation_is_told_of_twice(looked):
    looking, solution = looked
    assert [what for what, _ in looking.ended] == looking.begun
    seconds = sum(seconds for _, seconds in looking.ended)
    assert seconds == pytest.approx(looking.solutions[7].compile_seconds, rel=1e-9)
    assert seconds < solution.compile_seconds  # that of the verdict, which no callback can stop


@pytest.mark.solves
def test_a_checkpoint_knows_nothing_of_who_looks(looked, tmp_path):
    looking, solution = looked
    half = pv.solve(DECAY, callbacks=Looking(3, 4), max_steps=4, checkpoint=tmp_path / "c", **QUICK)
    again = Looking(7)
    settings = QUICK | {"checkpoint": tmp_path / "c", "resume": True}
    resumed = pv.solve(DECAY, callbacks=again, max_steps=7, **settings)
    assert half.steps == 4 and again.records[0].step == 5
    np.testing.assert_array_equal(resumed.history["loss"], solution.history["loss"])
    made = again.solutions[7]
    np.testing.assert_allclose(made.history["loss"], solution.history["loss"], rtol=0)
    assert float(made.error) == pytest.approx(float(looking.solutions[7].error), rel=1e-6)


@pytest.mark.slow
def test_the_solution_so_far_in_single_precision_and_in_a_slab():
    looking = Looking(1)
    pv.solve(DECAY, callbacks=looking, max_steps=1, precision="float32", solver=CHEAP, **QUICK)
    single = looking.solutions[1]
    assert single.evaluator.precision == "float32" and 0 < float(single.error) < 10
    problem = pv.Problem(
        pv.Time(0, 2), "u", {"pde": pv.PDE(lambda u, u_t: u_t + u), "start": pv.Initial(u=1.0)}
    )
    slabs = []

    def look(record):
        slabs.append(record.solution())

    pv.march(problem, 2, callbacks=look, max_steps=1, solver=CHEAP, **QUICK)
    assert [s.domain.time.start for s in slabs] == [0.0, 1.0]
    assert np.isfinite(slabs[1](t=1.5)) and np.isnan(slabs[1](t=0.5))
