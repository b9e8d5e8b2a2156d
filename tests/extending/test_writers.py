"""What a solution writes is found by the suffix."""

import json
import re
from typing import Any

import numpy as np
import pytest

import pinnsven as pv
from outside import prescribed
from pinnsven import extend

pytestmark = pytest.mark.usefixtures("shared_compilations")


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

    def write(self, solution: Any, path):
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


@pytest.mark.solves
def test_the_writer_of_the_page_pads_a_plane_and_refuses_four_dimensions(page, tmp_path):
    page["VTK"](3).write(prescribed(pv.Interval(0, 1)), tmp_path / "line.vtk")
    sizes, points, _ = read_vtk(tmp_path / "line.vtk")
    assert sizes == (3, 1, 1)
    np.testing.assert_array_equal(points, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0]])
    with pytest.raises(ValueError, match="at most three"):
        page["VTK"]().write(prescribed(pv.Box(x=[(0, 1)] * 4)), tmp_path / "solid.vtk")
