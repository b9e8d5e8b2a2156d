"""Products over space whose coefficients move, against the polynomials that they are made of."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pinnsven._networks import Between, ProductsInTime, degrees_over_space

LINE, RING = ((1, False), (1, False)), ((1, True), (1, False))


def uneven(moments=24):
    return np.sort(np.random.default_rng(1).uniform(-1, 1, moments))


def test_between_moments_are_polynomials_of_the_seventh_degree_with_their_slopes():
    times = uneven()
    power = np.polynomial.Polynomial(np.random.default_rng(0).standard_normal(8))
    states = np.stack([power(times), 2 * power(times)], axis=1)
    between = Between(times, states, np.zeros(24, int))
    at = np.linspace(times[0], times[-1], 57)
    found = np.asarray(jax.vmap(between)(jnp.asarray(at)))
    np.testing.assert_allclose(found, np.stack([power(at), 2 * power(at)], axis=1), atol=1e-8)
    slopes = jax.vmap(lambda t: jax.jvp(between, (t,), (1.0,))[1][0])(jnp.asarray(at))
    np.testing.assert_allclose(np.asarray(slopes), power.deriv()(at), atol=1e-5)


def test_no_polynomial_reaches_over_an_edge():
    times = np.linspace(0, 1, 21)
    values = np.maximum(times - 0.5, 0.0)[:, None]  # bends at 0.5
    parts = np.searchsorted(np.array([0.5]), times, side="right")
    at = jnp.linspace(0, 1, 333)
    found = np.asarray(jax.vmap(Between(times, values, parts))(at))[:, 0]
    np.testing.assert_allclose(found, np.maximum(np.asarray(at) - 0.5, 0.0), atol=1e-12)
    over = np.asarray(jax.vmap(Between(times, values, 0 * parts))(at))[:, 0]
    assert np.max(np.abs(over - found)) > 1e-4


def test_degrees_over_space_fill_an_ellipsoid_and_none_is_in_time():
    flat = degrees_over_space(((1, False), (1, False), (1, False)), np.array([6, 3]))
    wanted = {(a, b, 0) for a in range(7) for b in range(4) if (a / 6) ** 2 + (b / 3) ** 2 <= 1}
    assert {tuple(row) for row in flat.tolist()} == wanted
    ring = degrees_over_space(RING, np.array([6]))
    assert {tuple(row) for row in ring.tolist()} == {
        (0, 0, 0), *((n, 0, 0) for n in (1, 2, 3)), *((0, n, 0) for n in (1, 2, 3))
    }  # fmt: skip


def test_it_is_the_sum_of_chebyshev_polynomials_with_coefficients_of_its_time():
    made = ProductsInTime(LINE, (5,), 24)
    network, times = made.build(2, 1, jax.random.PRNGKey(0)), uneven()
    states = np.stack([np.cos(times + n) for n in range(6)], axis=1)
    network = dataclasses.replace(network, between=Between(times, states, np.zeros(24, int)))
    x, t = 0.3, times[10]
    wanted = np.polynomial.chebyshev.chebval(x, states[10])
    np.testing.assert_allclose(np.asarray(network(jnp.array([x, t]))), [wanted], rtol=1e-12)
    assert made.parameter_count(2, 1) == 24 * 7


@pytest.mark.parametrize(("sides", "moments"), [((0,), 9), ((4, 4), 9), ((4,), 1)])
def test_what_does_not_fit_is_refused(sides, moments):
    with pytest.raises(ValueError, match="do not fit"):
        ProductsInTime(LINE, sides, moments)
