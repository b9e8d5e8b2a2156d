"""`Data.read`: readings from files and tables."""

from typing import Any

import numpy as np
import pytest

import pinnsven as pv

TEXTS = {
    "commas": "pos,time,temp\n0.1,0,1\n0.5,0.5,2\n0.9,1,3e0\n",
    "semicolons, comment": "# from the lab\npos; time; temp\n0.1; 0; 1\n0.5; 0.5; 2\n\n0.9; 1; 3\n",
    "tabs": "pos\ttime\ttemp\n0.1\t0\t1\n0.5\t0.5\t2\n0.9\t1\t3\n",
    "spaces": "pos  time temp\n0.1  0   1\n0.5 0.5  2\n0.9 1    3\n",
    "names in a comment": "# pos,time,temp\n0.1,0,1\n0.5,0.5,2\n0.9,1,3\n",
    "byte order mark": "\ufeffpos,time,temp\n0.1,0,1\n0.5,0.5,2\n0.9,1,3\n",
}
COLUMNS = {"x": "pos", "t": "time", "u": "temp"}
TABLE = {"pos": [0.1, 0.5, 0.9], "time": [0.0, 0.5, 1.0], "temp": [1.0, 2.0, 3.0]}


def block(data):
    """The bound readings: points (n, 2) and values (n,)."""
    conditions = {"pde": pv.PDE(lambda u_t, u_xx: u_t - u_xx), "readings": data}
    problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
    site: Any = problem.blocks[1].site
    return site.points, site.auxiliary["_data_u"]


def check(data):
    points, values = block(data)
    np.testing.assert_array_equal(points, [[0.1, 0], [0.5, 0.5], [0.9, 1]])
    np.testing.assert_array_equal(values, [1, 2, 3])


@pytest.mark.parametrize("name", TEXTS)
def test_text_files(name, tmp_path):
    file = tmp_path / "room.csv"
    file.write_text(TEXTS[name], encoding="utf-8")
    data = pv.Data.read(file, **COLUMNS, noise=0.1)
    check(data)
    assert data.noise == 0.1 and data.dropped == 0
    assert repr(data) == "Data(3 readings of x, t, u; noise 0.1)"


def test_archives_dicts_and_frames(tmp_path):
    np.savez(tmp_path / "room.npz", **{name: np.array(v) for name, v in TABLE.items()})
    check(pv.Data.read(tmp_path / "room.npz", **COLUMNS))
    check(pv.Data.read(TABLE, **COLUMNS))
    pandas = pytest.importorskip("pandas", reason="an extra")
    check(pv.Data.read(pandas.DataFrame(TABLE), **COLUMNS))


def test_missing_values_are_refused_or_dropped_and_counted(tmp_path):
    file = tmp_path / "room.csv"
    file.write_text("pos,time,temp\n0.1,0,1\n0.2,0,\n0.5,0.5,2\n0.6,NA,3\n0.9,1,3\n")
    with pytest.raises(ValueError, match=r"2 of 5 readings have no value .* first being reading 2"):
        pv.Data.read(file, **COLUMNS)
    data = pv.Data.read(file, **COLUMNS, missing="drop")
    check(data)
    assert data.dropped == 2 and "2 left out" in repr(data)


def test_a_vector_coordinate_has_several_columns():
    table = {"a": [0.1, 0.2], "b": [0.3, 0.4], "temp": [1.0, 2.0]}
    data = pv.Data.read(table, x=("a", "b"), u="temp")
    conditions = {"pde": pv.PDE(lambda laplacian_u: laplacian_u), "readings": data}
    problem = pv.Problem(pv.Box(x=[(0, 1), (0, 1)]), "u", conditions)
    site: Any = problem.blocks[1].site
    np.testing.assert_array_equal(site.points, [[0.1, 0.3], [0.2, 0.4]])


REFUSED = {
    "no column": (TEXTS["commas"], {"u": "tmp"}, r"no such column.*Did you mean 'temp'"),
    "words": ("pos,time,temp\n0,0,hot\n", {}, "reading 1 is 'hot', not a number"),
    "no names": ("0.1,0,1\n0.5,0.5,2\n", {}, "write the names of the columns there"),
    "ragged": ("pos,time,temp\n0.1,0\n", {}, "reading 1 has 2 entries for 3 columns"),
    "empty": ("# nothing\n", {}, "no readings"),
    "nothing left": ("pos,time,temp\n0.1,0,\n", {"missing": "drop"}, "no reading has a value"),
    "bad choice": (TEXTS["commas"], {"missing": "skip"}, "missing='skip'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tables_that_do_not_fit_are_refused(name, tmp_path):
    text, changed, message = REFUSED[name]
    file = tmp_path / "room.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        pv.Data.read(file, **(COLUMNS | changed))


def test_columns_of_different_lengths_and_none_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        pv.Data.read({"pos": [0.0], "temp": [1.0, 2.0]}, x="pos", u="temp")
    with pytest.raises(ValueError, match="name the columns"):
        pv.Data.read(TABLE)
    with pytest.raises(ValueError, match="give a file, a dict"):
        pv.Data.read(3.0, x="pos")
    with pytest.raises(ValueError, match="name a field and its column"):
        block(pv.Data.read(TABLE, x="pos", t="time"))
    with pytest.raises(FileNotFoundError):
        pv.Data.read("nowhere.csv", x="pos", u="temp")
