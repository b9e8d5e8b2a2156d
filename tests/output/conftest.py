"""A saved solution, and solutions over domains of all kinds, once a file."""

import pytest

import pinnsven as pv
from helpers import DATA
from solutions import CASES, one_step


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small solution, saved, and the file's content."""
    path = tmp_path_factory.mktemp("saved") / "solution.pv"
    pv.load(DATA / "older.pv").save(path)
    return path.read_bytes()


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
