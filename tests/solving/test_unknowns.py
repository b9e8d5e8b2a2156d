"""Unknowns and their standard errors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import pinnsven as pv
from helpers import solve

pytestmark = pytest.mark.usefixtures("shared_compilations")


# Unknowns


@pytest.mark.solves
def test_an_inverse_problem_returns_its_unknowns_with_errors_and_correlations():
    t = np.linspace(0, 1, 12)
    problem = pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_t, k, a: u_t + k * (u - a)),
            "data": pv.Data({"t": t}, u=0.5 + 0.5 * np.exp(-2 * t)),
        },
        unknowns={"k": 1.0, "a": 0.1},
    )
    found = solve(problem, max_steps=40)
    assert abs(found.unknowns["k"] - 2) < 1e-3 and abs(found.unknowns["a"] - 0.5) < 1e-3
    for value in found.unknowns.values():
        assert 0 < value.standard_error < 0.1
    correlation = found.unknowns.correlation
    np.testing.assert_allclose(np.diag(correlation), 1.0)
    np.testing.assert_allclose(correlation, correlation.T, atol=1e-12)
    assert 0 < abs(correlation[0, 1]) <= 1 + 1e-9


class Line(eqx.Module):
    """u = p0 + p1 t, on a domain that needs no scaling."""

    p: jax.Array

    def __call__(self, inputs):
        return self.p[0] + self.p[1] * inputs[0]


@pytest.mark.solves
def test_standard_errors_are_those_of_linear_regression():
    rng = np.random.default_rng(4)
    t = np.linspace(-1, 1, 40)
    y = 0.3 - 1.2 * t + 0.1 * rng.standard_normal(40)
    z = 2.0 * t + 0.1 * rng.standard_normal(40)  # once u is taken off, k is a slope
    nodes, values = jnp.asarray(t), jnp.asarray(z + 0.3)
    problem = pv.Problem(
        domain=pv.Time(-1, 1),
        fields="u",
        conditions={
            "data": pv.Data({"t": t}, u=y),
            "other": pv.Condition(lambda u, k, t: u + k * t - jnp.interp(t, nodes, values), {"t": t}),
        },
        unknowns={"k": 4.0},
    )
    found = pv.solve(
        problem,
        network=Line(jnp.zeros(2)),
        weighting=pv.FixedWeights(equation=1.0, others=1.0),
        max_steps=15,
    )
    one, zero = np.ones(40), np.zeros(40)
    design = np.block(
        [[one[:, None], t[:, None], zero[:, None]], [one[:, None], t[:, None], t[:, None]]]
    )
    right = np.concatenate([y, z + 0.3])
    fit, squares, *_ = np.linalg.lstsq(design, right)
    covariance = squares[0] / (80 - 3) * np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(found.unknowns["k"], fit[2], rtol=1e-6)
    # The variance is known from 77 degrees of freedom: 1.96 standard errors are to hold 95 %.
    wider = scipy.stats.t.ppf(0.975, 77) / scipy.stats.norm.ppf(0.975)
    deviation = wider * covariance[2, 2] ** 0.5
    np.testing.assert_allclose(found.unknowns["k"].standard_error, deviation, rtol=1e-6)


@pytest.mark.slow
def test_noisy_data_are_fitted_no_closer_than_their_noise():
    """The rate of a decay from noisy readings, against scipy's fit of the closed form."""
    rng = np.random.default_rng(5)
    t = np.linspace(0, 2, 30)
    readings = np.exp(-0.7 * t) + 0.02 * rng.standard_normal(30)
    problem = pv.Problem(
        domain=pv.Time(0, 2),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda u, u_t, k: u_t + k * u),
            "start": pv.Initial(u=1.0),
            "readings": pv.Data({"t": t}, u=readings, noise=0.02),
        },
        unknowns={"k": 2.0},
    )
    found = solve(problem, max_steps=300)
    rate, variance = scipy.optimize.curve_fit(
        lambda t, k: np.exp(-k * t), t, readings, [1.0], np.full(30, 0.02), absolute_sigma=True
    )
    deviation = variance[0, 0] ** 0.5
    assert found.status == "converged"
    assert found.conditions["pde"].held_out < 1e-4
    assert abs(found.unknowns["k"] - rate[0]) < 0.05 * deviation
    np.testing.assert_allclose(found.unknowns["k"].standard_error, deviation, rtol=0.1)
