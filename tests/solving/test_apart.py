"""Several solutions of one problem: another one than those that are known."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

import pinnsven as pv
from pinnsven._solving._apart import Known


class At:
    """A solution that is known at given points alone."""

    def __init__(self, values):
        self.values = values

    def evaluate(self, coordinates, outside):
        del coordinates, outside
        return self.values


def test_a_turned_step_is_that_of_the_deflated_equation():
    """In one number: Newton's step for M(u) (u^2 - 1), from the derivative of the product."""
    root, here = 1.0, 4.0
    known = Known([At(np.array([[root]]))], bratu().domain, np.array([[0.5]]))
    step = -(here**2 - 1) / (2 * here)
    length = known.turned(np.array([[here]]), np.array([[step]]))
    factor = lambda u: 1 + 1 / (u - root) ** 2
    slope = -2 / (here - root) ** 3 * (here**2 - 1) + factor(here) * 2 * here
    expected = -factor(here) * (here**2 - 1) / slope
    np.testing.assert_allclose(length * step, expected, rtol=1e-13)


def bratu(strength=2.0):
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "pde": pv.PDE(lambda u, u_xx: u_xx + strength * jnp.exp(u)),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
    )


@pytest.mark.slow
def test_bratu_has_two_solutions_and_no_third():
    x, found = np.linspace(0, 1, 21), []
    for low, high in ((0.1, 5.0), (5.0, 12.0)):
        solution = pv.solve(bratu(), apart_from=found)
        assert solution.status == "converged"
        a = float(brentq(lambda a: 2 * math.cosh(a / 4) - a, low, high, xtol=1e-15))  # type: ignore
        exact = -2 * np.log(np.cosh(a * (x - 0.5) / 2) / np.cosh(a / 4))
        np.testing.assert_allclose(solution.u(x=x), exact, atol=1e-10)
        found.append(solution)
    assert pv.solve(bratu(), apart_from=found).status == "stalled"


def test_refused():
    for given in ([3], 3):
        with pytest.raises(ValueError, match="apart_from: 3 is no solution"):
            pv.solve(bratu(), apart_from=given)
    with pytest.raises(ValueError, match="apart_from: another solution is looked for in drawn"):
        known = object.__new__(pv.Solution)
        object.__setattr__(known, "fields", ("u",))
        pv.solve(bratu(), apart_from=known, max_steps=3)
