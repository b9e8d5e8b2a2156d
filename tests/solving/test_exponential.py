"""The exponential integrator, against scipy's matrix functions and integrators."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.linalg

from pinnsven._solving._exponential import FINEST, exponential, flow_of, phis

COARSEST = 8
NEVER = lambda t, y: jnp.asarray(False)


def stiff(size=12, fastest=1e6):
    """A matrix whose rates are far apart, and that is not symmetric."""
    rng = np.random.default_rng(3)
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    turned = 0.1 * np.triu(rng.standard_normal((size, size)), 1)
    return basis @ (np.diag(-np.logspace(-1, math.log10(fastest), size)) + turned) @ basis.T


@pytest.mark.parametrize("fastest", [1.0, 1e3, 1e6])
def test_matrix_functions_of_all_lengths_are_blocks_of_larger_exponentials(fastest):
    linear, length = stiff(fastest=fastest), 0.7
    size, found = len(linear), phis(stiff(fastest=fastest), length, COARSEST)
    assert len(found) == FINEST + 3 - COARSEST
    for level in (COARSEST, 15, FINEST + 2):
        larger = np.zeros((4 * size, 4 * size))
        larger[:size, :size] = linear * length * 2.0**-level
        larger[: 3 * size, size:] += np.eye(3 * size)
        wanted = scipy.linalg.expm(larger)[:size]
        for k in range(3):
            block = wanted[:, (k + 1) * size : (k + 2) * size]
            np.testing.assert_allclose(found[level - COARSEST, k], block, atol=3e-13)


def test_a_flow_keeps_the_digits_of_what_is_slow_and_of_what_is_fast():
    found = flow_of(np.diag([-1e-9, -1.0, -1e8]), 0.5)
    np.testing.assert_allclose(np.diag(found), np.exp([-5e-10, -0.5, -5e7]), rtol=1e-13)


def test_what_is_linear_is_followed_exactly_however_stiff_it_is():
    linear = jnp.asarray(stiff())
    start = jnp.asarray(np.random.default_rng(0).standard_normal(12))
    found = exponential(lambda t, y: linear @ y, start, (0.0, 2.0), 1e-10, 1e-10, NEVER, math.inf)
    assert found is not None and found.reached == 2.0 and not found.is_coarse
    assert len(found.times) < 700
    wanted = scipy.linalg.expm(2.0 * np.asarray(linear)) @ np.asarray(start)
    np.testing.assert_allclose(found.states[-1], wanted, atol=1e-11)


@pytest.mark.parametrize("accuracy", [1e-6, 1e-9])
def test_what_is_not_linear_is_followed_as_closely_as_was_asked(accuracy):
    """Van der Pol's oscillator with a force that depends on time, against an eighth-order method."""

    def rate(t, y):
        return jnp.stack([y[1], 3 * (1 - y[0] ** 2) * y[1] - y[0] + jnp.sin(2 * t)])

    def plain(t, y):
        return [y[1], 3 * (1 - y[0] ** 2) * y[1] - y[0] + np.sin(2 * t)]

    wanted = scipy.integrate.solve_ivp(plain, (0, 6), [2.0, 0.0], "DOP853", rtol=1e-13, atol=1e-13)
    start = jnp.array([2.0, 0.0])
    found = exponential(rate, start, (0.0, 6.0), accuracy, accuracy, NEVER, math.inf)
    assert found is not None and found.reached == 6.0
    assert np.all(np.diff(found.times) > 0)
    assert np.max(np.abs(found.states[-1] - wanted.y[:, -1])) < 1e3 * accuracy


def test_it_ends_where_it_is_told_to_and_where_the_time_is_over():
    rate, start = lambda t, y: -y, jnp.ones(2)
    asked = rate, start, (0.0, 1.0), 1e-8, 1e-8
    found = exponential(*asked, lambda t, y: y[0] < 0.5, math.inf)
    assert found is not None and found.is_coarse and 0.69 < found.reached < 0.72
    late = exponential(*asked, NEVER, -math.inf)
    assert late is not None and late.reached < 1.0 and not late.is_coarse


def test_matrices_that_take_too_much_memory_are_left_to_other_methods():
    many = jnp.zeros(4000)
    assert exponential(lambda t, y: y, many, (0.0, 1.0), 1e-3, 1e-3, NEVER, math.inf) is None
