"""The classes of docs/extending.md, once a file; `test_docs.py` runs the page as a user does."""

import ast

import pytest

import pinnsven as pv
from outside import CORNERS, PAGE, code_of_the_page, prescribed


@pytest.fixture(scope="module")
def page():
    """The classes of the page, without what it does with them."""
    tree = ast.parse(code_of_the_page())
    tree.body = [n for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom, ast.ClassDef))]
    names: dict = {}
    exec(compile(tree, str(PAGE), "exec"), names)
    return names


@pytest.fixture(scope="module")
def triangle(page):
    return page["Triangle"](CORNERS)


@pytest.fixture(scope="module")
def on_triangle(triangle):
    return prescribed(triangle * pv.Time(0, 1))
