"""A saved solution, once a file."""

import pytest

import pinnsven as pv
from helpers import DATA


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small solution, saved, and the file's content."""
    path = tmp_path_factory.mktemp("saved") / "solution.pv"
    pv.load(DATA / "older.pv").save(path)
    return path.read_bytes()
