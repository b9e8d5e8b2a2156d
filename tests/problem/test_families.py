"""Unknowns with bounds, and ranges of parameters."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._networks._bounded import Bounded


@pytest.mark.parametrize(("bounds", "start"), [((0, None), 0.1), ((None, 3.0), -4.0), ((-1.0, 5), 0.1)])
def test_a_bounded_number_starts_with_slope_one_and_stays_within(bounds, start):
    kept = Bounded(start, 2.0, *bounds)
    assert float(kept.value(start / 2)) == pytest.approx(start)
    assert kept.slope(start / 2) == pytest.approx(2.0)
    low, high = (
        (-np.inf if bounds[0] is None else bounds[0]),
        (np.inf if bounds[1] is None else bounds[1]),
    )
    values = np.asarray(kept.value(jnp.linspace(-20, 20, 101)))
    assert np.all(np.diff(values) >= 0) and values.min() >= low and values.max() <= high


def decay(**unknown):
    t = np.linspace(0, 1, 20)
    conditions = {
        "pde": pv.PDE(lambda u, u_t, k: u_t + k * u),
        "start": pv.Initial(u=1.0),
        "readings": pv.Data({"t": t}, u=np.exp(-2 * t)),
    }
    return pv.Problem(pv.Time(0, 1), "u", conditions, unknowns={"k": pv.Unknown(**unknown)})


@pytest.mark.slow
def test_an_unknown_within_bounds_is_found_and_one_at_its_bound_is_named():
    found = pv.solve(decay(start=0.1, bounds=(0, None)), max_steps=40)
    assert found.unknowns["k"] == pytest.approx(2.0, rel=1e-6)
    held = pv.solve(decay(start=0.5, bounds=(0, 1.5)), max_steps=40)
    assert held.unknowns["k"] < 1.5 and held.unknowns["k"] == pytest.approx(1.5, rel=1e-4)
    assert held.status != "converged"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pv.Unknown(np.nan), "start"),
        (lambda: pv.Unknown(1.0, bounds=3), "pair"),
        (lambda: pv.Unknown(1.0, bounds=(2, 1)), "below"),
        (lambda: pv.Unknown(1.0, bounds=(1, 2)), "strictly between"),
        (lambda: pv.Unknown(1.0, bounds=(None, 0)), "strictly between"),
        (lambda: pv.Parameter(), "name a range"),
        (lambda: pv.Parameter(nu=(1, 0)), "inverted"),
        (lambda: pv.Parameter(nu=1), "pair"),
        (lambda: pv.Interval(0, 1) * pv.Parameter(x=(0, 1)), "x occurs more than once"),
        (
            lambda: pv.Parameter(a=(0, 1)) * pv.Time(0, 1) * pv.Parameter(a=(0, 2)),
            "each parameter once",
        ),
    ],
)
def test_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


FAMILY = pv.Interval(0, 1) * pv.Parameter(k=(1, 3.0))


def test_a_range_of_parameters_is_drawn_everywhere_and_has_no_boundary():
    conditions = {
        "pde": pv.PDE(lambda u_xx, u, k: u_xx + k * u),
        "walls": pv.Dirichlet(u=1.0, on="x"),
        "mean": pv.Integral(lambda u: u, value=lambda k: k),
    }
    problem = pv.Problem(FAMILY * pv.Time(0, 2), "u", conditions)
    assert [c.name for c in problem.domain.coordinates] == ["x", "k", "t"]
    for block in problem.blocks:
        site: Any = block.site
        points, normals = site.draw(256, pv.Sobol(), np.random.default_rng(0))
        assert points.shape == (256, 3) and normals.shape == (256, 1)
        for axis, (low, high) in ((1, (1, 3)), (2, (0, 2))):
            assert points[:, axis].min() < low + 0.1 and points[:, axis].max() > high - 0.1
    inside = problem.domain.contains(np.array([[0.5, 2, 1], [0.5, 0.9, 1], [0.5, 3.1, 1]]))
    assert inside.tolist() == [True, False, False]


@pytest.mark.slow  # benchmarks/at_once.py has it, with the gallery
@pytest.mark.solves
def test_a_family_is_solved_at_once(tmp_path):
    """u'' + k u = 0, u = 1 at both ends: u(1/2) = 1 / cos(sqrt(k) / 2)."""
    conditions = {"pde": pv.PDE(lambda u_xx, u, k: u_xx + k * u), "walls": pv.Dirichlet(u=1.0)}
    solution = pv.solve(pv.Problem(FAMILY, "u", conditions))
    k = np.array([1.0, 1.7, 3.0])
    middle = 1 / np.cos(np.sqrt(k) / 2)
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.u(x=0.5, k=k), middle, rtol=1e-9)
    slope = middle * np.tan(np.sqrt(k) / 2) / (4 * np.sqrt(k))
    np.testing.assert_allclose(solution.u_k(x=0.5, k=k), slope, rtol=1e-6)
    content = 2 * np.tan(np.sqrt(2.0) / 2) / np.sqrt(2.0)
    assert solution.integrate(lambda u: u, k=2.0) == pytest.approx(content, rel=1e-9)
    with pytest.raises(ValueError, match="give the parameter k="):
        solution.integrate(lambda u: u)
    solution.save(tmp_path / "family.pv")
    assert pv.load(tmp_path / "family.pv").u(x=0.5, k=2.0) == solution.u(x=0.5, k=2.0)
