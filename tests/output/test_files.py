"""What is written to disk: solutions, checkpoints, the JSON record, pictures, the report."""

import html.parser
import io
import json
import os
import zipfile

import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib.image
import numpy as np
import pytest

import pinnsven as pv

pytestmark = pytest.mark.usefixtures("quick_compilation")

SMALL = pv.MLP(width=6, depth=1)


def one_step(domain, network=SMALL, fields="u", exact=None, **options):
    """A solution in one cheap step: the fields are prescribed at a few points."""
    from pinnsven._domains import Interior, as_domain

    domain = as_domain(domain)
    points, _ = Interior(domain).draw(8, pv.Sobol(), np.random.default_rng(0))
    columns = domain.split(points)
    names = fields.split()
    conditions = {f"data {name}": pv.Data(columns, **{name: np.sin(np.arange(8.0))}) for name in names}
    problem = pv.Problem(domain, fields, conditions, exact=exact, name="a <small> one", **options)
    cheap = pv.Sven(control=pv.FixedStep(0.1), max_rank=4)
    return pv.solve(problem, network=network, solver=cheap, max_steps=1, estimate_error=False)


CASES = {
    "time": (pv.Time(-1, 2), {}),
    "box": (pv.Box(x=(0, 2), y=(-1, 3)), {"exact": lambda x, y: x * y}),
    "periodic": (pv.Box(x=(0, 2), periodic="x") * pv.Time(0, 1), {"exact": lambda x, t: x + t}),
    "disk, Fourier features": (pv.Disk((0.5, -1.0), 2.0), {"network": pv.FourierMLP(width=6, depth=1)}),
    "ball": (pv.Ball((0.0, 0.0, 1.0), 1.0), {}),
    "polygon": (pv.Polygon([(0, 0), (2, 0), (1, 2)]), {"network": pv.SineMLP(width=6, depth=1)}),
    "vector": (pv.Box(x=[(0, 1), (-1, 1), (0, 3)]), {"exact": lambda x: jnp.sum(x)}),
    "two fields": (pv.Interval(0, 1), {"fields": "u v"}),
    "hole": (pv.Box(x=(0, 2), y=(0, 1)) - pv.Disk((1.0, 0.5), 0.2), {}),
    "cylinder": (pv.Disk(name="wall") * pv.Interval(z=(0, 1)) * pv.Time(0, 1), {}),
    "cuts": ((pv.Disk() & pv.Box(x=(0, 1), y=(-1, 1))) | pv.Disk((0.5, 0.0), 0.7), {}),
}


@pytest.fixture(scope="module")
def made():
    """The solution of each case, made when first asked for."""
    found = {}

    def make(name):
        if name not in found:
            domain, options = CASES[name]
            found[name] = one_step(domain, **options)
        return found[name]

    return make


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


# The record


def test_the_record_has_what_is_promised_and_is_json(made):
    for name in ("box", "two fields"):
        solution = made(name)
        record = json.loads(json.dumps(solution.to_json(), allow_nan=False))
        promised = "problem status seconds compile_seconds steps rank error reference_floor residual"
        assert {*promised.split(), "unknowns", "devices", "versions"} <= record.keys()
        assert record["problem"] == solution.name and record["status"] == str(solution.status)
        assert record["error"].keys() == set(solution.fields)
        for condition, row in solution.conditions.items():
            expected = {"training": row.training, "held_out": row.held_out}
            assert record["residual"][condition] == expected
    assert made("two fields").to_json()["error"] == {"u": None, "v": None}
    assert made("two fields").to_json()["reference_floor"] is None
    assert made("box").to_json()["error"]["u"] == made("box").error["u"]


# Pictures and the report


@pytest.mark.parametrize("name", ["time", "periodic", "disk, Fourier features"])
def test_a_picture_shows_something(made, tmp_path, name):
    path = tmp_path / "picture.png"
    made(name).plot(path)
    pixels = matplotlib.image.imread(path)
    assert min(pixels.shape[:2]) > 200
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 50


def test_outside_the_domain_nothing_is_drawn(made):
    figure = made("disk, Fourier features").plot()
    drawn = np.ma.asarray(figure.axes[0].collections[0].get_array())
    hidden = np.ma.getmaskarray(drawn) | ~np.isfinite(np.ma.getdata(drawn))
    # A disk covers pi / 4 of its bounding box.
    np.testing.assert_allclose(hidden.mean(), 1 - np.pi / 4, atol=0.02)


def test_a_loaded_solution_draws_the_same_picture(made, tmp_path):
    made("time").save(tmp_path / "solution.pv")
    made("time").plot(tmp_path / "one.png")
    pv.load(tmp_path / "solution.pv").plot(tmp_path / "two.png")
    one, two = (matplotlib.image.imread(tmp_path / f"{n}.png") for n in ("one", "two"))
    np.testing.assert_array_equal(one, two)


class Links(html.parser.HTMLParser):
    """Collects every address that a page refers to, and checks that its tags are balanced."""

    def __init__(self):
        super().__init__()
        self.addresses, self.open, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.addresses += [v for k, v in attrs if k in ("src", "href", "srcset", "data", "action")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_report_is_one_page_without_references(made, tmp_path):
    solution = made("box")
    solution.report(tmp_path / "report.html")
    assert os.listdir(tmp_path) == ["report.html"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert not links.open
    assert len(links.addresses) == 2
    assert all(address.startswith("data:image/png;base64,") for address in links.addresses)
    assert "url(" not in page and "@import" not in page and "<script" not in page
    assert "a <small> one" in links.text  # escaped in the page
    assert str(solution.status) in links.text and solution.message in links.text
    assert all(condition in links.text for condition in solution.conditions)
