"""References of several fields, or of complex ones, on a ring: finite differences are their oracle."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import pinnsven as pv
from helpers import PROBLEMS, differences
from pinnsven._cli import load_problem

REACTIONS = {"gray_scott": 5.0, "ginzburg_landau": 2.0, "packet": 0.5}  # up to which time they are held


@pytest.mark.solves
@pytest.mark.parametrize("name", REACTIONS)
def test_reaction_reference_agrees_with_finite_differences(name):
    """Of several fields, or a complex one: rates are the equations without a rate, over its factor."""
    with jax.numpy_dtype_promotion("standard"):
        problem = load_problem(str(PROBLEMS / f"{name}.py"), {"end": REACTIONS[name]})
    reference = problem.reference()  # type: ignore[operator]
    times, places = (np.unique(reference.points[c]) for c in "tx")
    names = problem.layout.names(problem.fields)
    length, count = problem.domain.upper[0] - problem.domain.lower[0], 4 * len(places)
    bend, x = differences(count, length, 2), places[0] + length * np.arange(count) / count
    equations = {
        next(n for n in names if f"{n}_t" in inspect.signature(c.function).parameters): c.function
        for c in problem.conditions.values()
        if isinstance(c, pv.PDE)
    }

    def rate(t, flat):
        del t
        given = dict(zip(names, flat.reshape(len(names), -1), strict=True)) | {"x": x}
        given |= {f"{n}_xx": bend @ given[n] for n in names}
        rates = []
        for equation in equations.values():
            asked = inspect.signature(equation).parameters
            still, moved = (equation(**{a: given.get(a, r) for a in asked}) for r in (0.0, 1.0))
            rates.append(np.asarray(-still / (moved - still)))
        return np.concatenate(rates)

    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        values = problem.conditions["start"].values  # type: ignore[attr-defined]
        start = np.concatenate([np.asarray(values[n](jnp.asarray(x))) for n in equations])
        options = {"t_eval": times[[0, -1]], "method": "DOP853", "rtol": 1e-8, "atol": 1e-8}
        last = solve_ivp(rate, times[[0, -1]], start, **options).y[:, -1]
    last = last.reshape(len(names), -1)[:, ::4]
    at_end = np.isclose(reference.points["t"], times[-1])
    for number, field in enumerate(names):
        composite = problem.layout.composite(field)
        members = (field,) if composite is None else composite.members
        parts = [reference.values[m][at_end] for m in members]
        known = parts[0] if composite is None else parts[0] + 1j * parts[1]
        assert np.linalg.norm(last[number] - known) < 1e-5 * np.linalg.norm(known)
