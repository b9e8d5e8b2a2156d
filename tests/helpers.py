"""What test files share: the folders, a small problem that is quickly solved, scripts in a process."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_array

import pinnsven as pv
from pinnsven._solving._loop import Run
from pinnsven._solving._points import PointSet
from pinnsven._solving._steppers import as_stepper

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
PROBLEMS = ROOT / "problems"

SMALL = pv.MLP(width=8, depth=1)
CLOSE = 1e-5  # of a converged small network to the exact solution
TIMES = np.linspace(0, 1, 7)


def decay(factor=1.0, more=None, **options):
    """u_t = -u from 1: exp(-t).

    - `factor`: multiplies the equation.
    - `more`: conditions beside those two.
    - `options`: of `pv.Problem`.
    """
    conditions = {"pde": pv.PDE(lambda u, u_t: factor * (u_t + u)), "start": pv.Initial(u=1.0)}
    options = {"exact": lambda t: jnp.exp(-t), "name": "decay"} | options
    return pv.Problem(pv.Time(0, 1), "u", conditions | (more or {}), **options)


def solve(problem=None, **options):
    """A solution of a problem, of `decay` by default, by training a small network on few points."""
    options = {"network": SMALL, "points": 64, "estimate_error": False, "drawn": False} | options
    return pv.solve(decay() if problem is None else problem, **options)


def run_of(problem, network=SMALL, solver=None, points=None, refine=True):
    """A run before its first step."""
    drawn = PointSet(problem, points, pv.Sobol(), np.random.default_rng(0))
    stepper = as_stepper(solver or pv.Sven())
    return Run(problem, network, stepper, drawn, pv.ScaledWeights(), (), 0, refine)


def model_of(solution) -> Any:
    """The network of a solution with what is around it."""
    return solution.evaluator.model


def run_python(code, *arguments, environment=None, **options):
    """A finished process that ran code on the source tree, in its folder.

    - `code`: Python, or the path of a file of it.
    - `environment`: variables beside those of this process.
    - `options`: of `subprocess.run`.
    """
    script = [str(code)] if isinstance(code, Path) else ["-c", code]
    env = os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {})
    command = [sys.executable, *script, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, **options)


def first(values, number=1):
    """Parameters of a test, of which all but the first few are slow; the keys of a dict are names."""
    pairs = values.items() if isinstance(values, dict) else ((None, value) for value in values)
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            id=name,
            marks=[] if place < number else [pytest.mark.slow],
        )
        for place, (name, value) in enumerate(pairs)
    ]


def differences(count, length, order, reach=5):
    """Central differences of the highest order on 2 reach + 1 points of a periodic grid."""
    offsets = np.arange(-reach, reach + 1)
    moments = np.where(np.arange(len(offsets)) == order, math.factorial(order), 0)
    weights = (
        np.linalg.solve(np.vander(offsets, increasing=True).T, moments) / (length / count) ** order
    )
    rows = np.repeat(np.arange(count), len(offsets))
    columns = (np.arange(count)[:, None] + offsets).ravel() % count
    return csr_array((np.tile(weights, count), (rows, columns)), shape=(count, count))
