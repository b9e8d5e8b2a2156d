"""pinnsven.extend: classes from outside, the solution so far, files by their suffix.

The classes are those of docs/extending.md, which `test_docs.py` runs as a user does; here each of them
is held against an oracle.
"""

import ast
import copy
import itertools
import json
import pickle
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import dblquad

import pinnsven as pv
from pinnsven import extend
from pinnsven._domains import as_domain, describe_shape, integration_rule, shape_of
from pinnsven._output._archive import read_archive, write_archive

pytestmark = pytest.mark.usefixtures("shared_compilations")

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "extending.md"
TINY = pv.MLP(width=6, depth=1)
CHEAP = pv.Sven(control=pv.FixedStep(0.1), max_rank=2)  # a step that compiles soon
CORNERS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))


def code_of_the_page() -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL))


@pytest.fixture(scope="module")
def page():
    """The classes of the page, without what it does with them."""
    tree = ast.parse(code_of_the_page())
    tree.body = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom, ast.ClassDef))]
    names: dict = {}
    exec(compile(tree, str(PAGE), "exec"), names)
    return names


# The module


@pytest.mark.parametrize("name", extend.__all__)
def test_every_name_is_public_and_says_what_it_is(name):
    assert not name.startswith("_")
    assert getattr(extend, name).__doc__


def test_the_page_and_the_adapter_of_the_race_need_no_private_name():
    for code in (code_of_the_page(), (ROOT / "benchmarks/_peers/_pinnsven.py").read_text()):
        tree = ast.parse(code)
        used = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
        own = {a.attr for a in ast.walk(tree) if isinstance(a, ast.Attribute) and _is_self(a.value)}
        modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        assert not [m for m in modules if m.startswith("pinnsven._")]
        assert not [name for name in used if name.startswith("_") and name not in own]


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"


def test_the_page_has_one_example_of_each_kind(page):
    kinds = [
        (extend.AbstractCondition, "Jump"),
        (extend.AbstractShape, "Triangle"),
        (extend.AbstractArchitecture, "RBF"),
        (extend.AbstractBackend, "Plain"),
        (extend.AbstractControl, "Marquardt"),
        (extend.AbstractSampler, "Halton"),
        (extend.AbstractWeighting, "Equal"),
        (extend.Callback, "Film"),
        (extend.AbstractWriter, "VTK"),
    ]
    for kind, name in kinds:
        assert issubclass(page[name], kind), name


# Conditions


def strip(*more):
    """A problem on a strip: Laplace's equation, walls in y, and conditions of one's own."""
    conditions = {"pde": pv.PDE(lambda laplacian_u: laplacian_u), "walls": pv.Dirichlet(u=0.0, on="y")}
    named = {f"more {i}": condition for i, condition in enumerate(more)}
    return pv.Problem(pv.Box(x=(0, 2), y=(0, 1)), "u", conditions | named, network=TINY)


def test_a_pair_block_has_the_values_of_both_places(page):
    jump = page["Jump"]("x", ("u", "u_x"), factor=3.0)
    block = strip(jump).blocks[-1]
    assert block.components == 2
    field = lambda point: jnp.sin(point[:1]) * point[1:]  # u = y sin(x)
    values = block.plan.evaluate(field, jnp.array([0.0, 0.5]), jnp.array([-1.0, 0.0]), {})
    wanted = [0.5 * np.sin(2.0), 0.5 * np.cos(2.0) - 3 * 0.5]
    np.testing.assert_allclose(block.residual(values), wanted, rtol=1e-14)


def test_a_condition_between_two_sides_counts_for_neither(page):
    """Counting warns of a side without a condition; of what ties sides together it knows nothing."""
    missing = "no condition on the side '{}'"
    with (
        pytest.warns(UserWarning, match=missing.format("x-")),
        pytest.warns(UserWarning, match=missing.format(r"x\+")),
    ):
        strip()
    strip(page["Jump"]("x", ("u", "u_x"), factor=1.0))  # a warning is an error here


def pair(names=("u",), residual=lambda here, there: there["u"] - here["u"], **options):
    class Pair(extend.AbstractCondition):
        def bind(self, name, space):
            site = extend.boundary_site(space.domain, "x-")
            end = lambda point: point.at[0].set(2.0)
            return extend.make_pair_block(
                name, residual, space, site, partner=end, names=names, **options
            )

    return Pair()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"names": ("v",)}, "'v'"),
        ({"names": ("x",), "residual": lambda here, there: here["x"]}, "no field"),
        ({"residual": lambda here, there: "u"}, "failed|returned|str"),
        ({"residual": lambda here, there: ()}, "empty tuple"),
        ({"weight": -1.0}, "weight=-1.0"),
        ({"count": 0}, "points=0"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_pair_block_that_makes_no_sense_is_refused_by_name(options, match):
    with pytest.raises(ValueError, match=f"(?s)condition 'more 0'.*({match})"):
        strip(pair(**options))


# Shapes


@pytest.fixture(scope="module")
def triangle(page):
    return page["Triangle"](CORNERS)


class Bare(extend.AbstractShape):
    """The unit square above the diagonal x + y = 1, from the three things that are asked alone."""

    @property
    def coordinates(self):
        return tuple(extend.Coordinate(name, (0.0,), (1.0,)) for name in "xy")

    def level(self, points):
        return np.maximum(1 - points.sum(axis=1), np.max(points, axis=1) - 1)

    def facets(self):
        def place(unit):
            points = np.concatenate([unit, 1 - unit], axis=1)
            return points, np.full((len(unit), 2), -(0.5**0.5))

        return (extend.Facet(frozenset({"diagonal"}), dim=1, measure=2**0.5, place=place),)


def test_points_of_a_shape_from_outside_lie_inside_and_on_its_edges(triangle):
    domain = as_domain(triangle)
    rng = np.random.default_rng(0)
    points, _ = extend.Interior(domain).draw(500, pv.Sobol(), rng)
    assert len(points) == 500 and np.all(points > 0) and np.all(points.sum(axis=1) < 1)
    for part, wanted in (("edge0", [0, -1]), ("edge1", [0.5**0.5, 0.5**0.5]), ("edge2", [-1, 0])):
        on, normals = extend.boundary_site(domain, part).draw(50, pv.Sobol(), rng)
        np.testing.assert_allclose(triangle.level(on), 0, atol=1e-15)
        np.testing.assert_allclose(normals, np.tile(wanted, (50, 1)), atol=1e-15)
    on, _ = extend.boundary_site(domain, "triangle").draw(300, pv.Sobol(), rng)
    share = np.mean(np.abs(on.sum(axis=1) - 1) < 1e-12)
    np.testing.assert_allclose(share, 2**0.5 / (2 + 2**0.5), atol=0.02)


def test_a_shape_from_outside_is_integrated_over_by_its_own_rule(triangle):
    points, weights = integration_rule(as_domain(triangle), 12)
    exact, _ = dblquad(lambda y, x: np.exp(x) * np.cos(3 * y), 0, 1, 0, lambda x: 1 - x)
    np.testing.assert_allclose(
        weights @ (np.exp(points[:, 0]) * np.cos(3 * points[:, 1])), exact, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (Bare(), 0.5),
        (Bare() - pv.Disk((1.0, 1.0), 0.5), 0.5 - np.pi / 16),
        (pv.Disk((1.0, 1.0), 0.5) & Bare(), np.pi / 16),
        (Bare() * pv.Interval(z=(0, 3)), 1.5),
        (pv.Box(x=(0, 1), y=(0, 1)) * pv.Interval(z=(0, 2)) - Bare() * pv.Interval(z=(0, 2)), 1.0),
    ],
    ids=["alone", "hole", "part of a disk", "prism", "the rest of a prism"],
)
def test_without_a_rule_of_its_own_even_points_serve(shape, area):
    points, weights = integration_rule(as_domain(shape), 24)
    assert np.all(weights > 0) and np.all(shape.contains(points))
    np.testing.assert_allclose(weights.sum(), area, rtol=0.02)
    middle = np.mean(shape.fill(np.random.default_rng(0).random((200_000, shape.dim))), axis=0)
    np.testing.assert_allclose(weights @ points / weights.sum(), middle, atol=0.02)


def prescribed(domain, network=TINY, name="prescribed"):
    """A solution in one cheap step."""
    columns = as_domain(domain).split(np.full((3, as_domain(domain).dim), 0.3))
    problem = pv.Problem(domain, "u", {"data": pv.Data(columns, u=1.0)}, network=network, name=name)
    return pv.solve(problem, solver=CHEAP, max_steps=1, estimate_error=False)


@pytest.fixture(scope="module")
def on_triangle(triangle):
    return prescribed(triangle * pv.Time(0, 1))


def test_a_solution_on_a_shape_from_outside_is_saved_and_loaded(on_triangle, triangle, tmp_path):
    on_triangle.save(tmp_path / "own.pv")
    loaded = pv.load(tmp_path / "own.pv")
    assert loaded.domain.space == triangle
    at = {"x": [0.1, 0.5, 0.9], "y": [0.2, 0.4, 0.9], "t": 0.5}
    np.testing.assert_array_equal(loaded(**at), on_triangle(**at))
    assert np.isnan(loaded(**at)[2])


def test_a_combination_with_a_shape_from_outside_comes_back(triangle):
    whole = (triangle - pv.Disk((0.3, 0.3), 0.1)) * pv.Interval(z=(0, 1))
    described = json.loads(json.dumps(describe_shape(whole)))
    points = np.random.default_rng(0).random((500, 3))
    np.testing.assert_array_equal(shape_of(described).contains(points), whole.contains(points))


def test_a_shape_that_files_do_not_know_is_asked_for_again(tmp_path):
    solution = prescribed(Bare() | pv.Box(x=(0, 0.5), y=(0, 0.5)))
    solution.save(tmp_path / "own.pv")
    with pytest.raises(ValueError, match=r"own\.pv.*not known to files.*problem="):
        pv.load(tmp_path / "own.pv")
    problem = pv.Problem(solution.domain, "u", {"data": pv.Data({"x": [0.3], "y": [0.3]}, u=1.0)})
    assert pv.load(tmp_path / "own.pv", problem=problem)(x=0.3, y=0.3) == solution(x=0.3, y=0.3)


def test_a_shape_of_another_process_is_named(on_triangle, tmp_path):
    on_triangle.save(tmp_path / "own.pv")
    meta, arrays = read_archive(tmp_path / "own.pv", "solution")
    meta["domain"]["space"] = {"trapeze": meta["domain"]["space"]["triangle"]}
    write_archive(tmp_path / "own.pv", "solution", meta, arrays)
    with pytest.raises(ValueError, match=r"own\.pv.*a shape 'trapeze'.*import what defines it"):
        pv.load(tmp_path / "own.pv")


def test_a_class_derived_from_a_shape_is_not_written_as_that_shape():
    class Odd(pv.Box):
        def level(self, points):
            return super().level(points) + 0.1

    with pytest.raises(ValueError, match="Odd is no shape that files know"):
        describe_shape(Odd(x=(0, 1)))


def test_two_shapes_cannot_share_a_name_but_a_cell_may_run_twice():
    def cell():
        class Blob(Bare):
            pass

        return extend.register_shape(Blob)

    cell(), cell()
    with pytest.raises(ValueError, match=r"name='blob'.*Blob.*another name"):
        extend.register_shape(Bare, "blob")


def test_fields_of_a_shape_that_a_file_cannot_hold_are_named():
    class Curved(Bare):
        bend: object = np.sin

    with pytest.raises(ValueError, match="bend: ufunc"):
        Curved().describe()
    assert Curved(bend=np.array([[1.0, 2.0]])).describe() == {"bend": [[1.0, 2.0]]}
    assert Curved.from_description({"bend": [[1.0, 2.0]]}).bend == ((1.0, 2.0),)


@pytest.mark.parametrize(
    "given",
    [("lambda", (0.0,), (1.0,)), ("x", (0.0,), (np.inf,)), ("x", (1.0,), (0.0,)), ("x", (), ())],
)
def test_a_coordinate_that_is_none_is_refused(given):
    with pytest.raises(ValueError, match=re.escape(given[0])):
        extend.Coordinate(*given)


# Networks, backends, controls


def test_a_network_from_outside_is_given_again_to_load(page, tmp_path):
    with jax.numpy_rank_promotion("allow"):
        solution = prescribed(pv.Interval(0, 1), network=page["RBF"](units=5))
        solution.save(tmp_path / "own.pv")
        with pytest.raises(ValueError, match=r"own\.pv.*network="):
            pv.load(tmp_path / "own.pv")
        loaded = pv.load(tmp_path / "own.pv", network=page["RBF"](units=5))
        assert loaded(x=0.7) == solution(x=0.7)


@pytest.mark.parametrize("shape", [(12, 5), (5, 5), (4, 9)], ids=["tall", "square", "wide"])
def test_a_backend_of_six_lines_takes_the_steps_of_the_package(page, shape):
    rng = np.random.default_rng(1)
    A, b = rng.standard_normal(shape), rng.standard_normal(shape[0])
    found = [
        pv.least_squares(
            lambda p: jnp.sinh(A @ p) - b,
            jnp.zeros(shape[1]),
            solver=pv.Sven(backend=backend),
            max_steps=6,
        ).params
        for backend in (page["Plain"](), pv.TruncatedSVD())
    ]
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-12)


def test_a_control_from_outside_takes_the_steps_it_says(page):
    """Against the same method in numpy, with the damping relative to the largest singular value."""
    x = np.linspace(0, 2, 15)
    measured = 3 * np.exp(-0.7 * x)
    residual = lambda p: p[0] * np.exp(-p[1] * x) - measured
    p, log_damping = np.array([1.0, 0.0]), -1.0
    for _ in range(4):
        J = np.stack([np.exp(-p[1] * x), -p[0] * x * np.exp(-p[1] * x)], axis=1)
        mu = 10**log_damping * np.linalg.norm(J, 2)
        step = -np.linalg.solve(J.T @ J + mu**2 * np.eye(2), J.T @ residual(p))
        better = np.sum(residual(p + step) ** 2) < np.sum(residual(p) ** 2)
        p, log_damping = (p + step, log_damping - 1) if better else (p, log_damping + 1)
    solver = pv.Sven(control=page["Marquardt"](), backend=pv.TruncatedSVD())
    traced = lambda p: p[0] * jnp.exp(-p[1] * x) - measured
    found = pv.least_squares(traced, jnp.array([1.0, 0.0]), solver=solver, max_steps=4)
    assert found.steps == 4 and not np.allclose(p, [3.0, 0.7], rtol=1e-9)
    np.testing.assert_allclose(found.params, p, rtol=1e-8)


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
    """A run with a callback that looks at three steps, and its solution."""
    looking = Looking(1, 6, 7)
    return looking, pv.solve(DECAY, callbacks=looking, max_steps=7, **QUICK)


def test_the_solution_so_far_is_that_of_its_step(looked):
    looking, solution = looked
    shorter = pv.solve(DECAY, max_steps=1, **QUICK)
    t = np.linspace(0, 1, 9)
    first, last = looking.solutions[1], looking.solutions[7]
    np.testing.assert_allclose(first(t=t), shorter(t=t), rtol=1e-12)
    np.testing.assert_allclose(last(t=t), solution(t=t), rtol=1e-12)
    assert float(first.error) > 10 * float(last.error)
    assert last.unknowns["k"] == pytest.approx(float(solution.unknowns["k"]), rel=1e-12)
    for step, made in looking.solutions.items():
        record = looking.records[step - 1]
        assert made.steps == record.step and made.rank == record.rank
        np.testing.assert_array_equal(made.history["loss"], solution.history["loss"][:step])
        np.testing.assert_array_equal(made.history["step"], np.arange(1, step + 1))


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


def test_a_kept_solution_so_far_outlives_its_run(looked, tmp_path):
    looking, _ = looked
    t = np.linspace(0, 1, 5)
    for made, seen in zip(looking.solutions.values(), looking.drawn, strict=True):
        np.testing.assert_allclose(made(t=t), seen, rtol=1e-13)
        np.testing.assert_allclose(pickle.loads(pickle.dumps(made))(t=t), seen, rtol=1e-13)
        for suffix in ("png", "html", "json", "pv"):
            made.write(tmp_path / f"so far.{suffix}")
        loaded = pv.load(tmp_path / "so far.pv")
        np.testing.assert_allclose(loaded(t=t), seen, rtol=1e-13)
        assert str(loaded) == str(made)


def test_a_record_that_is_kept_holds_numbers_alone(looked):
    looking, solution = looked
    numbers = list(looking.records[0].__dataclass_fields__)
    assert "solution" not in numbers and set(solution.history) == set(numbers)
    copies = [record for made in looking.copies.values() for record in made]
    for record in (*looking.records, *copies):
        assert list(vars(record)) == numbers
        with pytest.raises(ValueError, match=f"step {record.step} is over.*inside on_step"):
            record.solution()
    for step, made in looking.copies.items():
        for name, one in itertools.product(numbers, made):
            np.testing.assert_equal(getattr(one, name), getattr(looking.records[step - 1], name))


def test_the_solution_so_far_compiles_once_and_only_if_asked_for(looked):
    looking, _ = looked
    # One shape for the points of the known answer, one for the five that are drawn.
    assert looking.begun.count("solution so far") == 2
    idle = Looking()
    pv.solve(DECAY, callbacks=idle, max_steps=2, **QUICK)
    assert "solution so far" not in idle.begun and len(idle.records) == 2


def test_every_compilation_is_told_of_twice(looked):
    looking, solution = looked
    assert [what for what, _ in looking.ended] == looking.begun
    seconds = sum(seconds for _, seconds in looking.ended)
    assert seconds == pytest.approx(looking.solutions[7].compile_seconds, rel=1e-9)
    assert seconds < solution.compile_seconds  # that of the verdict, which no callback can stop


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


# Files by their suffix


STARTS = {
    "a.png": b"\x89PNG",
    "b.PDF": b"%PDF",
    "c.svg": b"<?xml",
    "d.html": b"<!doctype html>",
    "e.json": b"{",
    "f.pv": b"PK",
}


@pytest.mark.parametrize("name", STARTS)
def test_the_suffix_says_what_is_written(on_triangle, tmp_path, name):
    on_triangle.write(tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content.startswith(STARTS[name])
    if name.endswith("json"):
        assert json.loads(content) == on_triangle.to_json()
    if name.endswith("pv"):
        assert str(pv.load(tmp_path / name)) == str(on_triangle)


@pytest.mark.parametrize("name", ["field.cdn", "field", ".png", "field.", "png"])
def test_an_unknown_suffix_names_those_that_are_known(on_triangle, tmp_path, name):
    with pytest.raises(ValueError, match=r"(?s)known are .*\.html.*\.json.*\.png.*\.pv") as caught:
        on_triangle.write(str(tmp_path / name))
    assert name in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_an_os_error(on_triangle, tmp_path):
    for name in STARTS:
        with pytest.raises(OSError):
            on_triangle.write(tmp_path / "nowhere" / name)


class Numbers(extend.AbstractWriter):
    """The parameters of a network, one to a line."""

    suffixes = (".numbers", ".tar.numbers")

    def __init__(self, header=""):
        self.header = header

    def write(self, solution, path):
        np.savetxt(path, solution.evaluator.parameters(), header=self.header)


def test_the_last_writer_of_a_suffix_is_asked(on_triangle, tmp_path):
    assert isinstance(extend.register_writer(Numbers("first")), Numbers)
    extend.register_writer(Numbers("second"))
    on_triangle.write(tmp_path / "a.numbers")
    assert (tmp_path / "a.numbers").read_text().startswith("# second")
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / "a.numbers"), on_triangle.evaluator.parameters()
    )


@pytest.mark.parametrize(
    ("suffixes", "match"),
    [((), "several"), (".x", "several"), (("x",), "'x'"), ((".X",), "'.X'"), ((".",), "'.'")],
)
def test_a_writer_without_a_proper_suffix_is_refused(suffixes, match):
    class Bad(Numbers):
        pass

    Bad.suffixes = suffixes
    with pytest.raises(ValueError, match=match):
        extend.register_writer(Bad())


def test_what_is_no_writer_is_refused():
    with pytest.raises(ValueError, match=r"Numbers\(\), not the class"):
        extend.register_writer(Numbers)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="derive it from AbstractWriter"):
        extend.register_writer(print)  # type: ignore[arg-type]


def read_vtk(path):
    """A structured grid in VTK's legacy format: its sizes, its points (n, 3), its fields."""
    lines = path.read_text().splitlines()
    assert re.fullmatch(r"# vtk DataFile Version [23]\.\d", lines[0]) and len(lines[1]) <= 256
    assert lines[2:4] == ["ASCII", "DATASET STRUCTURED_GRID"]
    sizes = tuple(map(int, lines[4].removeprefix("DIMENSIONS ").split()))
    words = " ".join(lines[5:]).split()
    take = lambda n: [words.pop(0) for _ in range(n)]
    count = int(np.prod(sizes))
    assert take(3) == ["POINTS", str(count), "double"]
    points = np.array(take(3 * count), float).reshape(-1, 3)
    assert take(2) == ["POINT_DATA", str(count)]
    fields = {}
    while words:
        kind, name, *rest = take(4)
        assert (kind, rest, take(2)) == ("SCALARS", ["double", "1"], ["LOOKUP_TABLE", "default"])
        fields[name] = np.array(take(count), float)
    return sizes, points, fields


@pytest.mark.parametrize("nodes", [2, 7])
def test_what_the_writer_of_the_page_wrote_is_read_back(page, on_triangle, tmp_path, nodes):
    page["VTK"](nodes).write(on_triangle, tmp_path / "field.vtk")
    sizes, points, fields = read_vtk(tmp_path / "field.vtk")
    assert sizes == (nodes, nodes, nodes) and list(fields) == ["u"]
    x, y, t = points.T
    np.testing.assert_allclose(fields["u"], on_triangle(x=x, y=y, t=t), rtol=1e-13)
    assert np.array_equal(np.isnan(fields["u"]), x + y > 1 + 1e-9)
    grid = points.reshape(nodes, nodes, nodes, 3)  # x runs fastest
    axis = np.linspace(0, 1, nodes)
    for place, values in enumerate((axis[None, None, :], axis[None, :, None], axis[:, None, None])):
        np.testing.assert_array_equal(grid[..., place], np.broadcast_to(values, (nodes,) * 3))


def test_the_writer_of_the_page_pads_a_plane_and_refuses_four_dimensions(page, tmp_path):
    page["VTK"](3).write(prescribed(pv.Interval(0, 1)), tmp_path / "line.vtk")
    sizes, points, _ = read_vtk(tmp_path / "line.vtk")
    assert sizes == (3, 1, 1)
    np.testing.assert_array_equal(points, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0]])
    with pytest.raises(ValueError, match="at most three"):
        page["VTK"]().write(prescribed(pv.Box(x=[(0, 1)] * 4)), tmp_path / "solid.vtk")
