"""Units: a problem and its twin in other units take the same path."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import SMALL, first, model_of


def bar(length=1.0, end=1.0, base=0.0, size=1.0, factor=1.0):
    """u_t = 0.2 u_xx as T = base + size u, x in lengths, t in ends, the equation times a factor."""
    spread = 0.2 * length**2 / end

    def exact(x, t):
        y = x / length
        return base + size * (y + jnp.exp(-0.2 * jnp.pi**2 * t / end) * jnp.sin(jnp.pi * y))

    conditions = {
        "heat": pv.PDE(lambda T_t, T_xx: factor * (T_t - spread * T_xx)),
        "start": pv.Initial(T=lambda x: exact(x, 0.0)),
        "cold": pv.Dirichlet(T=base, on="x-"),
        "warm": pv.Dirichlet(T=base + size, on="x+"),
    }
    domain = pv.Interval(0, length) * pv.Time(0, end)
    return pv.Problem(domain, "T", conditions, exact=exact)


UNITS = [
    {"length": 200.0, "end": 1e9, "base": 300.0, "size": 20.0, "factor": 2e6},
    {"length": 1e-6, "end": 1e-9, "base": -5e4, "size": 1e3, "factor": 1e-12},
    {"size": 1e8},
    {"size": 1e-8, "factor": 1e11},
]


@functools.cache
def few_steps(**units):
    """A bar in some units, after six steps."""
    return pv.solve(bar(**units), network=SMALL, points=128, max_steps=6, estimate_error=False)


@pytest.mark.solves
@pytest.mark.parametrize("units", first(UNITS))
def test_other_units_take_the_same_steps(units):
    plain, twin = few_steps(), few_steps(**units)
    for name in ("damping", "rank"):
        np.testing.assert_allclose(twin.history[name], plain.history[name], rtol=1e-3)
    losses = [s.history["loss"] / s.history["loss"][0] for s in (plain, twin)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-2)


@pytest.mark.slow  # that the steps are the same is shown above
@pytest.mark.solves
@pytest.mark.parametrize("units", UNITS)
def test_what_is_solved_in_one_unit_is_solved_in_another(units):
    solution = pv.solve(bar(**units))
    assert solution.status == "converged"
    place = {"x": units.get("length", 1.0) * 0.3, "t": units.get("end", 1.0) * 0.4}
    size, base = units.get("size", 1.0), units.get("base", 0.0)
    found = (float(solution(**place)) - base) / size
    wanted = 0.3 + np.exp(-0.2 * np.pi**2 * 0.4) * np.sin(0.3 * np.pi)
    assert found == pytest.approx(wanted, abs=1e-8)


@pytest.mark.slow
def test_a_field_that_nobody_prescribes_gets_its_size_from_the_equations():
    """A displacement of 1e-3 by a temperature of 100, with a modulus of 2.1e11."""
    modulus, growth = 2.1e11, 1.2e-5
    conditions = {
        "heat": pv.PDE(lambda T_xx: 50.0 * T_xx),
        "force": pv.PDE(lambda u_xx, T_x: modulus * (u_xx - growth * T_x)),
        "ends": pv.Dirichlet(u=0.0, on="x"),
        "hot": pv.Dirichlet(T=lambda x: 293 + 100 * x, on="x"),
    }
    solution = pv.solve(pv.Problem(pv.Interval(0, 1), "u T", conditions))
    x = np.linspace(0, 1, 11)
    assert solution.status == "converged"
    np.testing.assert_allclose(solution.u(x=x), growth * 50 * (x * x - x), atol=1e-14)
    size = model_of(solution).scaling.size
    assert 1e-5 < size[0] < 1e-2


@pytest.mark.slow
def test_a_source_alone_gives_the_size():
    conditions = {
        "heat": pv.PDE(lambda T_xx: -16.0 * T_xx - 1e7),
        "walls": pv.Dirichlet(T=300.0, on="x", exact=False),
    }
    problem = pv.Problem(pv.Interval(0, 0.02), "T", conditions)
    solution = pv.solve(problem, estimate_error=False)
    assert float(solution(x=0.01)) == pytest.approx(300 + 1e7 * 0.02**2 / 8 / 16, rel=1e-9)
    scaling = model_of(solution).scaling
    assert scaling.shift[0] == 300 and 5 < scaling.size[0] < 50


@pytest.mark.solves
@pytest.mark.parametrize("value", [0.0, 7.0])
def test_a_constant_is_a_solution_like_any_other(value):
    conditions = {"pde": pv.PDE(lambda u_xx: u_xx), "walls": pv.Dirichlet(u=value, on="x")}
    problem = pv.Problem(pv.Interval(0, 1), "u", conditions)
    solution = pv.solve(problem, time_limit=20, estimate_error=False)
    assert np.max(np.abs(solution(x=np.linspace(0, 1, 5)) - value)) < 1e-6


@pytest.mark.solves
def test_an_ansatz_keeps_its_own_units():
    network = pv.Ansatz(pv.MLP(6, 1), lambda u, x: 100 + x * u)
    conditions = {"pde": pv.PDE(lambda u_x: u_x - 3.0), "wall": pv.Dirichlet(u=100.0, on="x-")}
    problem = pv.Problem(pv.Interval(0, 1), "u", conditions)
    scaling = model_of(pv.solve(problem, network, max_steps=2, estimate_error=False)).scaling
    assert scaling.shift == [0.0] and scaling.size == [1.0]


@pytest.mark.solves
def test_small_values_at_an_equilibrium_are_no_rounding_of_zero():
    """Rates of 1e9 that cancel: rounding alone drives the equations, at concentrations of any unit."""

    def few_steps_of(unit):
        forth, back = 1e9, 5e8
        conditions = {
            "rates": pv.PDE(lambda a, b, a_t, b_t: (a_t + forth * a - back * b, a_t + b_t + 1e-3 * b)),
            "start": pv.Initial(a=unit / 3, b=2 * unit / 3),
        }
        problem = pv.Problem(pv.Time(0, 3e3), "a b", conditions)
        solution = pv.solve(problem, network=SMALL, points=64, max_steps=4, estimate_error=False)
        return np.stack([solution.a(t=[0.0, 1e3]), solution.b(t=[0.0, 1e3])]) / unit

    plain = few_steps_of(1.0)
    assert np.all(np.isfinite(plain)) and np.abs(plain).max() < 10
    np.testing.assert_allclose(few_steps_of(1e-12), plain, rtol=1e-5)  # what rounding drives
