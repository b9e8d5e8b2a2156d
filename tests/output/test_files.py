"""Solutions in files: whole again after loading, refused where they are damaged, never half written."""

import io
import json
import os
import zipfile

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from solutions import CASES, SMALL, one_step

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture
def saved(made, tmp_path):
    path = tmp_path / "solution.pv"
    made("box").save(path)
    return path


def coordinates(solution, count=5):
    domain = solution.domain
    points = domain.lower + (domain.upper - domain.lower) * np.random.default_rng(1).random(
        (count, domain.dim)
    )
    return domain.split(points)


# Solutions


@pytest.mark.solves
@pytest.mark.parametrize("name", CASES)
def test_a_saved_solution_comes_back_whole(made, tmp_path, name):
    solution, path = made(name), tmp_path / "file.with.dots"
    solution.save(path)
    assert os.listdir(tmp_path) == [path.name]
    loaded = pv.load(path)
    at = coordinates(solution)
    for field in solution.fields:
        np.testing.assert_array_equal(getattr(loaded, field)(**at), getattr(solution, field)(**at))
    assert str(loaded) == str(solution)
    assert loaded.status is solution.status
    assert loaded.error == solution.error
    assert loaded.to_json() == solution.to_json()
    np.testing.assert_array_equal(loaded.spectrum, solution.spectrum)
    assert loaded.history.keys() == solution.history.keys()
    for key, values in solution.history.items():
        np.testing.assert_array_equal(loaded.history[key], values)
    np.testing.assert_array_equal(loaded.domain.lower, solution.domain.lower)
    np.testing.assert_array_equal(loaded.domain.upper, solution.domain.upper)
    assert loaded.domain.part_names() == solution.domain.part_names()
    box = solution.domain.lower + np.random.default_rng(2).random((500, solution.domain.dim)) * (
        solution.domain.upper - solution.domain.lower
    )
    np.testing.assert_array_equal(loaded.domain.contains(box), solution.domain.contains(box))


def test_a_saved_solution_can_be_saved_again(made, saved, tmp_path):
    again = tmp_path / "again.pv"
    pv.load(saved).save(again)
    at = coordinates(made("box"))
    np.testing.assert_array_equal(pv.load(again).u(**at), made("box").u(**at))


def test_a_periodic_solution_is_periodic_after_loading(made, tmp_path):
    made("periodic").save(tmp_path / "p")
    loaded = pv.load(tmp_path / "p")
    t = np.linspace(0, 1, 4)
    np.testing.assert_allclose(loaded.u(x=0.0, t=t), loaded.u(x=2.0, t=t), atol=1e-14)


@pytest.mark.slow
def test_unknowns_and_their_errors_are_kept(tmp_path):
    problem = pv.Problem(
        pv.Interval(-1, 1),
        "u",
        {
            "data": pv.Data({"x": np.linspace(-1, 1, 9)}, u=np.linspace(0, 1, 9)),
            "pde": pv.PDE(lambda u, k, a: k * u - a),
        },
        unknowns={"k": 1.0, "a": 2.0},
    )
    cheap = pv.Sven(control=pv.FixedStep(0.1), max_rank=4)
    solution = pv.solve(problem, network=SMALL, solver=cheap, points=16, max_steps=1)
    solution.save(tmp_path / "s")
    loaded = pv.load(tmp_path / "s")
    assert loaded.unknowns == solution.unknowns
    for name, value in solution.unknowns.items():
        assert value.standard_error > 0
        assert loaded.unknowns[name].standard_error == value.standard_error
    np.testing.assert_array_equal(loaded.unknowns.correlation, solution.unknowns.correlation)


class Parabola(eqx.Module):
    p: jax.Array

    def __call__(self, inputs):
        return self.p[0] + self.p[1] * inputs[0] ** 2


def test_a_network_of_ones_own_is_needed_again_to_load(tmp_path):
    network = Parabola(jnp.array([0.5, 1.0]))
    solution = one_step(pv.Interval(-1, 1), network=network)
    solution.save(tmp_path / "own")
    with pytest.raises(ValueError, match=r"own.*network="):
        pv.load(tmp_path / "own")
    loaded = pv.load(tmp_path / "own", network=Parabola(jnp.zeros(2)))
    x = np.linspace(-1, 1, 5)
    np.testing.assert_array_equal(loaded.u(x=x), solution.u(x=x))


def test_a_network_of_another_size_is_refused(saved):
    with pytest.raises(ValueError, match="parameters"):
        pv.load(saved, network=pv.MLP(width=7, depth=1))


def test_nothing_in_a_file_is_pickled(saved):
    with zipfile.ZipFile(saved) as archive:
        for name in archive.namelist():
            values = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            assert not values.dtype.hasobject


# Bad files


def rewritten(path, change):
    """The file with its header changed by a function."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(str(arrays["header"]))
    change(header, arrays)
    arrays["header"] = np.array(json.dumps(header))
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def write(path, save, *args, **kwargs):
    with open(path, "wb") as file:
        save(file, *args, **kwargs)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_the_head(path):
    path.write_bytes(path.read_bytes()[200:])


def flip_bytes(path):
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = max(archive.infolist(), key=lambda info: info.compress_size)
    middle = member.header_offset + 60 + member.compress_size // 2
    content[middle : middle + 20] = bytes(20)
    path.write_bytes(bytes(content))


BAD_FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": truncate,
    "headless": cut_the_head,
    "flipped bytes": flip_bytes,
    "text": lambda path: path.write_text("a shopping list"),
    "picture": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)),
    "single array": lambda path: write(path, np.save, np.ones(3)),
    "other arrays": lambda path: write(path, np.savez, a=np.ones(3)),
    "pickled": lambda path: write(
        path, np.savez, header=np.array([{"kind": "solution"}], dtype=object)
    ),
    "header no dict": lambda path: write(path, np.savez, header=np.array("[1, 2]")),
    "header no JSON": lambda path: write(path, np.savez, header=np.array("{kind")),
    "newer": lambda path: rewritten(path, lambda h, a: h.update(format=h["format"] + 1)),
    "format no number": lambda path: rewritten(path, lambda h, a: h.update(format="two")),
    "wrong kind": lambda path: rewritten(path, lambda h, a: h.update(kind="checkpoint")),
    "no facts": lambda path: rewritten(path, lambda h, a: h.update(meta={})),
    "facts missing": lambda path: rewritten(path, lambda h, a: h["meta"].pop("fields")),
    "unknown status": lambda path: rewritten(path, lambda h, a: h["meta"].update(status="perfect")),
    "unknown network": lambda path: rewritten(
        path, lambda h, a: h["meta"]["network"].update({"class": "Popen"})
    ),
    "unknown domain": lambda path: rewritten(
        path, lambda h, a: h["meta"]["domain"].update(space={"torus": []})
    ),
    "domain of two names": lambda path: rewritten(
        path, lambda h, a: h["meta"]["domain"]["space"].update(torus={})
    ),
    "shape of another kind": lambda path: rewritten(
        path, lambda h, a: h["meta"]["domain"].update(space={"polygon": {"radius": 1.0}})
    ),
    "shape of a shape of no use": lambda path: rewritten(
        path, lambda h, a: h["meta"]["domain"].update(space={"union": {"first": 1, "second": None}})
    ),
    "parameters missing": lambda path: rewritten(path, lambda h, a: a.pop("theta")),
    "parameters cut": lambda path: rewritten(path, lambda h, a: a.update(theta=a["theta"][:-1])),
}


@pytest.mark.parametrize("damage", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_named_and_left_alone(saved, damage):
    damage(saved)
    before = saved.read_bytes()
    with pytest.raises(ValueError, match=r"solution\.pv"):
        pv.load(saved)
    assert saved.read_bytes() == before


def nested(number):
    """A box, united with itself so many times."""
    box = pv.Box(x=(0, 2), y=(-1, 3)).describe()
    space = {"box": box}
    for _ in range(number):
        space = {"union": {"first": space, "second": {"box": box}}}
    return space


def test_a_domain_of_more_shapes_than_anyone_draws_is_refused_before_any_is_made(saved):
    rewritten(saved, lambda h, a: h["meta"]["domain"].update(space=nested(150)))
    with pytest.raises(ValueError, match=r"solution\.pv.*made of 301 shapes; at most 256"):
        pv.load(saved)


@pytest.mark.parametrize(
    ("name", "older"),
    [
        ("box", {"box": [{"name": n, "lower": [low], "upper": [high], "periodic": False,
                          "vector": False} for n, low, high in (("x", 0, 2), ("y", -1, 3))]}),
        ("ball", {"ball": [[0.0, 0.0, 1.0], 1.0, ["x", "y", "z"], "sphere"]}),
        ("polygon", {"polygon": [[[0, 0], [2, 0], [1, 2]], ["x", "y"]]}),
    ],
)  # fmt: skip
def test_a_shape_as_it_was_written_before_is_read(made, tmp_path, name, older):
    path = tmp_path / "older.pv"
    made(name).save(path)
    rewritten(path, lambda h, a: h["meta"]["domain"].update(space=older))
    at = coordinates(made(name))
    np.testing.assert_array_equal(pv.load(path).u(**at), made(name).u(**at))


def test_a_newer_file_says_so(saved):
    BAD_FILES["newer"](saved)
    with pytest.raises(ValueError, match="newer pinnsven"):
        pv.load(saved)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        pv.load(tmp_path / "nowhere")


def test_a_solution_is_no_checkpoint(saved):
    problem = pv.Problem(pv.Interval(0, 1), "u", {"pde": pv.PDE(lambda u: u)})
    before = saved.read_bytes()
    with pytest.raises(ValueError, match=r"solution\.pv"):
        pv.solve(problem, network=SMALL, points=8, max_steps=1, checkpoint=saved, resume=True)
    assert saved.read_bytes() == before


# Writing


@pytest.mark.parametrize("function", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_a_failure_in_the_middle_leaves_the_old_file(made, saved, monkeypatch, function, error):
    before = saved.read_bytes()

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(type(error)):
        made("time").save(saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_a_folder_that_does_not_exist_is_an_os_error(made, tmp_path):
    with pytest.raises(OSError):
        made("box").save(tmp_path / "nowhere" / "file")


def test_saving_replaces_what_was_there(made, saved):
    made("time").save(saved)
    assert [c.name for c in pv.load(saved).domain.coordinates] == ["t"]
