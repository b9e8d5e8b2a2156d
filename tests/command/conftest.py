"""A folder of problem files, once a file of tests."""

import textwrap

import pytest

DECAY = '''
"""Decay: u_t = -rate u.

Only the first line is listed.
"""
import jax.numpy as jnp
import pinnsven as pv
from helper_of_decay import START


def make_problem(rate: float = 1.0):
    return pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={"pde": pv.PDE(lambda u, u_t: u_t + rate * u), "start": pv.Initial(u=START)},
        exact=lambda t: START * jnp.exp(-rate * t),
        network=pv.MLP(width=8, depth=1),
    )
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a problem file, a module beside it, and a cache for compiled functions."""
    path = tmp_path_factory.mktemp("problems")
    (path / "decay.py").write_text(textwrap.dedent(DECAY).lstrip())
    (path / "helper_of_decay.py").write_text('"""Not a problem."""\nSTART = 2.0\n')
    return path
