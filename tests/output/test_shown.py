"""What is shown of a solution: the record, pictures, the page."""

import html.parser
import json
import os

import matplotlib.image
import numpy as np
import pytest

import pinnsven as pv

pytestmark = pytest.mark.usefixtures("quick_compilation")


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


@pytest.mark.solves
@pytest.mark.parametrize("name", ["time", "periodic", "disk, Fourier features"])
def test_a_picture_shows_something(made, tmp_path, name):
    path = tmp_path / "picture.png"
    made(name).plot(path)
    pixels = matplotlib.image.imread(path)
    assert min(pixels.shape[:2]) > 200
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 50


def test_outside_the_domain_nothing_is_drawn(made):
    figure = made("disk, Fourier features").plot()
    mesh = figure.axes[0].collections[0]
    center, radius = np.array([0.5, -1.0]), 2.0
    corners = np.concatenate([path.vertices for path in mesh.get_paths()])
    away = np.linalg.norm(corners - center, axis=1)
    assert away.max() <= radius * (1 + 1e-6) and away.max() > 0.999 * radius


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


@pytest.mark.solves
def test_a_report_is_one_page_without_references(made, tmp_path):
    solution = made("box")
    solution.report(tmp_path / "report.html")
    assert os.listdir(tmp_path) == ["report.html"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert not links.open
    assert len(links.addresses) >= 3
    assert all(address.startswith("data:image/png;base64,") for address in links.addresses)
    assert '<meta name="viewport"' in page
    assert "url(" not in page and "@import" not in page and "<script" not in page
    assert "a <small> one" in links.text  # escaped in the page
    assert str(solution.status) in links.text and solution.message in links.text
    assert all(condition in links.text for condition in solution.conditions)
