"""The reference of `problems/four_disks.py` against a method that has nothing in common with it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pinnsven._cli import load_problem

PROBLEMS = Path(__file__).parents[2] / "problems"


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, 0.0), (-0.125, 0.25)])
def test_four_disks_reference_agrees_with_walks_on_spheres(place):
    """The share of random walks that end on a wall, where u = 1 (Muller 1956)."""
    problem = load_problem(str(PROBLEMS / "four_disks.py"), {})
    reference: Any = problem.reference
    reference = reference()
    near = np.hypot(reference.points["x"] - place[0], reference.points["y"] - place[1])
    shape, rng = problem.domain.space, np.random.default_rng(0)
    at, free = np.tile(place, (40_000, 1)), np.arange(40_000)
    while free.size:
        away = -shape.level(at[free])
        free, away = free[away > 1e-5], away[away > 1e-5]
        angle = 2 * np.pi * rng.random(free.size)
        at[free] += away[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = np.mean(np.max(np.abs(at), axis=1) > 0.5 - 1e-3)
    assert near.min() < 1e-12 and reference.floor < 1e-10
    assert found == pytest.approx(reference.values["u"][np.argmin(near)], abs=0.01)
