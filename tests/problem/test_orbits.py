"""References of ordinary differential equations against other methods, and what their orbits keep."""

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from helpers import PROBLEMS
from pinnsven._cli import load_problem

ABSOLUTE = {"robertson": 1e-16}  # tolerances, where a field is as small as 1e-6


def load(name, **parameters) -> Any:
    return load_problem(str(PROBLEMS / f"{name}.py"), parameters)


@pytest.mark.parametrize("name", ["lorenz_inverse", "lotka_volterra", "robertson"])
def test_an_orbit_agrees_with_another_method(name):
    """LSODA, of Adams' and backward differentiation formulas, with steps of its own."""
    problem = load(name)
    reference, fields = problem.reference(), problem.fields
    truth = np.stack([reference.values[field] for field in fields])
    equations = [block for block in problem.blocks if block.interior]
    known = {"sigma": 10.0, "rho": 15.0, "beta": 8 / 3}

    def rate(t, y):
        """The derivatives for which the conditions of the file are met: they are linear in these."""
        values = dict(zip(fields, y, strict=True)) | {f"{field}_t": 0.0 for field in fields} | known
        return [-float(row) for block in equations for row in block.residual(values)]

    times = reference.points["t"]
    options = {"method": "LSODA", "rtol": 1e-10, "atol": ABSOLUTE.get(name, 1e-10)}
    options["t_eval"] = times
    found = solve_ivp(rate, (0, times[-1]), truth[:, 0], **options).y
    away = np.linalg.norm(found - truth, axis=1) / np.linalg.norm(truth, axis=1)
    assert np.max(away) < 1e-7 and reference.floor < 1e-10


def test_along_an_orbit_of_hares_and_lynxes_a_quantity_is_kept():
    values = load("lotka_volterra").reference().values
    hares, lynxes = values["hares"], values["lynxes"]
    kept = hares - np.log(hares) + 4 / 3 * lynxes - 2 / 3 * np.log(lynxes)
    np.testing.assert_allclose(kept, kept[0], rtol=1e-11)
    assert hares.max() > 1.5 * hares.min()


def test_the_three_substances_are_kept():
    values = load("robertson").reference().values
    np.testing.assert_allclose(values["a"] + values["b"] + values["c"], 1.0, rtol=1e-12)


def test_readings_of_lorenz_lie_on_the_orbit():
    problem = load("lorenz_inverse", readings=5)
    data = problem.conditions["readings"]
    orbit = problem.reference()
    for name in "xyz":
        spline = CubicSpline(orbit.points["t"], orbit.values[name])
        np.testing.assert_allclose(data.values[name], spline(data.points["t"]), atol=1e-3)
