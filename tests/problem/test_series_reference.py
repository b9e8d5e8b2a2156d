"""References by series about holes against methods that have nothing in common with them."""

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pinnsven._cli import load_problem

PROBLEMS = Path(__file__).parents[2] / "problems"
WALKS = 10_000
DIFFERENCES = 5e-5  # of fourth-order differences, relative to the source


@pytest.fixture(scope="module")
def disks():
    problem = load_problem(str(PROBLEMS / "four_disks.py"), {})
    known: Any = problem.reference
    return problem.domain.space, known()


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.3, 0.0), (-0.125, 0.25)])
def test_four_disks_reference_agrees_with_walks_on_spheres(place, disks):
    """The share of random walks that end on a wall, where u = 1 (Muller 1956)."""
    shape, reference = disks
    near = np.hypot(reference.points["x"] - place[0], reference.points["y"] - place[1])
    rng = np.random.default_rng(0)
    at, free = np.tile(place, (WALKS, 1)), np.arange(WALKS)
    while free.size:
        away = -shape.level(at[free])
        free, away = free[away > 1e-5], away[away > 1e-5]
        angle = 2 * np.pi * rng.random(free.size)
        at[free] += away[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = np.mean(np.max(np.abs(at), axis=1) > 0.5 - 1e-3)
    assert near.min() < 1e-12 and reference.floor < 1e-10
    assert found == pytest.approx(reference.values["u"][np.argmin(near)], abs=0.02)


def test_the_membrane_over_an_l_solves_its_equation_and_is_zero_on_its_walls():
    """Nine points solve -laplacian(u) = 1 to sixth order; at walls by a polynomial beyond the grid."""
    problem: Any = load_problem(str(PROBLEMS / "l_shape.py"), {})
    reference = problem.reference()
    x, y, u = reference.points["x"], reference.points["y"], reference.values["u"]
    side = 64
    grid = np.full((2 * side + 1,) * 2, np.nan)
    grid[np.rint((x + 1) * side).astype(int), np.rint((y + 1) * side).astype(int)] = u
    shifted = lambda i, j: np.roll(grid, (i, j), (0, 1))[1:-1, 1:-1]
    near = sum(shifted(i, j) for i, j in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    far = sum(shifted(i, j) for i in (-1, 1) for j in (-1, 1))
    left = (4 * near + far - 20 * grid[1:-1, 1:-1]) * side**2 / 6 + 1
    places = np.linspace(-1, 1, 2 * side + 1)[1:-1]
    corners = [(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)]
    away = np.min([np.hypot(places[:, None] - a, places[None] - b) for a, b in corners], axis=0)
    checked = left[(away > 0.3) & np.isfinite(left)]
    assert np.max(np.abs(checked)) < 1e-7 and checked.size > 5_000 and reference.floor < 1e-10
    ends = [(-1) ** k * math.comb(8, k + 1) for k in range(8)]  # one step before the first
    for wall in (grid[1:9].T, grid[:, 1:9]):
        np.testing.assert_allclose(wall[20:50] @ ends, 0, atol=1e-8)


@pytest.mark.solves
def test_the_screened_reference_satisfies_its_equation_and_its_conditions():
    sys.path.insert(0, str(PROBLEMS))
    try:
        from _screened_holes import holes_reference
    finally:
        sys.path.remove(str(PROBLEMS))
    side, k, disk = 160, 8.0, ((0.3, -0.2), 0.25)
    reference = holes_reference(k, (1, 4), 10.0, 0.2, 1.0, (disk,), shown=side)
    assert reference.floor < 1e-10
    step = 2 / side
    columns = [np.rint((reference.points[c] + 1) / step - 0.5).astype(int) for c in ("x", "y")]
    grid = np.full((side, side), np.nan)
    grid[*columns] = reference.values["u"]
    middle = slice(2, -2)
    second = sum(
        factor * (np.roll(grid, n, axis)[middle, middle])
        for axis in (0, 1)
        for n, factor in zip(range(-2, 3), (-1 / 12, 4 / 3, -5 / 2, 4 / 3, -1 / 12), strict=True)
    )
    x, y = np.meshgrid(*[(np.arange(side) + 0.5) * step - 1] * 2, indexing="ij")
    source = 10 * (17 + x**2 + y**2) * np.sin(np.pi * x) * np.sin(4 * np.pi * y)
    missed = (-second / step**2 + (k**2 * grid - source)[middle, middle]) / np.max(source)
    # Beside a corner, where the equation and the walls contradict one another, derivatives have no end.
    inner = np.maximum(np.abs(x), np.abs(y))[middle, middle] < 0.8
    assert np.nanmax(np.abs(missed[inner])) < DIFFERENCES
    assert np.count_nonzero(np.isfinite(missed[inner])) > 10_000
    # Half a cell beyond the last points, by a polynomial through four of them.
    end = np.array([35, -35, 21, -5]) / 16
    for wall in (
        grid[:4].T @ end,
        grid[::-1][:4].T @ end,
        grid[:, :4] @ end,
        grid[:, ::-1][:, :4] @ end,
    ):
        np.testing.assert_allclose(wall[10:-10], 0.2, atol=2e-3)
