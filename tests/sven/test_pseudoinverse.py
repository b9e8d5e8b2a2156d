"""The step of a bare backend is the truncated pseudoinverse."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from hypothesis import given, settings, strategies as st

import pinnsven as pv
from backends import pseudoinverses
from matrices import (
    BACKENDS_AGREE,
    CUT,
    KEY,
    MATRICES,
    ROUNDING,
    linearization,
    matrices,
    one_step,
    residual_of,
    spectral,
)

pytestmark = pytest.mark.usefixtures("shared_compilations")


def kept_factors(matrix, rtol=1e-6, max_rank=None):
    """U, s, V of the kept directions, from numpy."""
    left, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    kept = (values >= rtol * values[0] * (1 - 1e-12)) & (values > 1e-14)
    kept[len(kept) if max_rank is None else max_rank :] = False
    return left[:, kept], values[kept], right_t[kept].T


def pseudoinverse(matrix, rtol=1e-6, max_rank=None):
    left, values, right = kept_factors(matrix, rtol, max_rank)
    return (right / values) @ left.T


@pseudoinverses
@matrices
def test_the_step_is_the_truncated_pseudoinverse(backend, matrix):
    residual = residual_of(matrix)
    step, report = one_step(matrix, residual, backend=backend, rtol=1e-6)
    np.testing.assert_allclose(step, -pseudoinverse(matrix) @ residual, atol=BACKENDS_AGREE * 100)
    np.testing.assert_allclose(step, -np.linalg.pinv(matrix, rcond=1e-6) @ residual, atol=1e-7)
    assert int(report.rank) == len(kept_factors(matrix)[1])


@pseudoinverses
@given(
    seed=st.integers(0, 2**31),
    rank=st.integers(1, 4),
    shape=st.sampled_from([(5, 8), (5, 5), (8, 5)]),
)
@settings(max_examples=15, deadline=None)
def test_moore_penrose_identities_on_the_kept_subspace(backend, seed, rank, shape):
    values = np.geomspace(1, 1e-2, rank)
    rows, params = shape
    matrix = spectral(rows, params, values, seed)
    whole = linearization(matrix)
    factors = backend.init(whole, KEY)
    kept = pv.Sven(control=pv.FixedStep(), rtol=1e-3)._kept(factors, 1e-3)
    assert int(kept.sum()) == rank
    filters = jnp.where(kept, 1 / jnp.where(kept, factors.singular_values, 1) ** 2, 0)
    identity = factors.gradient(whole, jnp.eye(len(matrix)))
    inverse = np.asarray(factors.lift(whole, filters[None] * identity)).T
    forward, backward = matrix @ inverse, inverse @ matrix
    np.testing.assert_allclose(forward @ matrix, matrix, atol=BACKENDS_AGREE)
    np.testing.assert_allclose(backward @ inverse, inverse, atol=100 * BACKENDS_AGREE)
    np.testing.assert_allclose(forward, forward.T, atol=BACKENDS_AGREE)
    np.testing.assert_allclose(backward, backward.T, atol=BACKENDS_AGREE)


@pseudoinverses
def test_a_tall_system_is_solved_in_the_least_squares_sense(backend):
    matrix = MATRICES["tall"]
    residual = residual_of(matrix)
    step, report = one_step(matrix, residual, backend=backend)
    expected = scipy.linalg.lstsq(matrix, -residual)[0]
    np.testing.assert_allclose(step, expected, rtol=1e-8)
    np.testing.assert_allclose(report.new_loss, np.sum((matrix @ expected + residual) ** 2))
    np.testing.assert_allclose(report.ratio, 1.0, rtol=1e-8)


@pseudoinverses
def test_a_wide_system_is_solved_exactly_by_the_shortest_step(backend):
    matrix = MATRICES["wide"]
    residual = residual_of(matrix)
    step, _ = one_step(matrix, residual, backend=backend)
    np.testing.assert_allclose(matrix @ step + residual, 0, atol=1e-8)
    for direction in scipy.linalg.null_space(matrix).T:
        # Shortest: orthogonal to every step that changes nothing.
        assert abs(direction @ step) < 1e-9 * np.linalg.norm(step)


@pytest.mark.parametrize("name", ["wide", "square", "tall", "rank one", "duplicate rows"])
def test_backends_agree_on_the_step(name):
    matrix = MATRICES[name]
    residual = residual_of(matrix)
    steps = [
        one_step(matrix, residual, backend=b, rtol=0.005 / 8, max_rank=4)[0]
        for b in pseudoinverses.args[1]
    ]
    for other in steps[1:]:
        np.testing.assert_allclose(other, steps[0], rtol=0, atol=BACKENDS_AGREE)


@pseudoinverses
@pytest.mark.parametrize("max_rank", [1, 2, 3])
def test_max_rank_keeps_the_most_significant_directions(backend, max_rank):
    for matrix in (MATRICES["wide"], MATRICES["tall"]):
        residual = residual_of(matrix)
        step, report = one_step(matrix, residual, backend=backend, max_rank=max_rank)
        expected = -pseudoinverse(matrix, max_rank=max_rank) @ residual
        np.testing.assert_allclose(step, expected, atol=BACKENDS_AGREE)
        assert int(report.rank) == max_rank


@pseudoinverses
@pytest.mark.parametrize("name", ["at the cut", "at the cut, wide"])
def test_a_singular_value_exactly_at_the_cut_is_kept(backend, name):
    matrix = MATRICES[name]
    residual = residual_of(matrix)
    step, report = one_step(matrix, residual, backend=backend, rtol=CUT)
    assert int(report.rank) == 3
    np.testing.assert_allclose(step, -pseudoinverse(matrix, max_rank=3) @ residual, atol=ROUNDING)


@pseudoinverses
def test_a_bare_pseudoinverse_never_divides_by_rounding_noise(backend):
    matrix = spectral(8, 5, [1.0, 0.5, 1e-17, 1e-17, 1e-17])
    residual = residual_of(matrix)
    step, report = one_step(matrix, residual, backend=backend, rtol=0.0)
    # Two directions carry everything; the others are zero but for rounding.
    assert np.linalg.norm(step) < 10 * np.linalg.norm(residual) or int(report.rank) <= 2
    np.testing.assert_allclose(step, -pseudoinverse(matrix, rtol=1e-3) @ residual, atol=1e-7)


def test_eta_scales_the_step_and_the_predicted_reduction():
    matrix = MATRICES["tall"]
    residual = residual_of(matrix)
    whole, _ = one_step(matrix, residual)
    step, report = one_step(matrix, residual, control=pv.FixedStep(0.25))
    np.testing.assert_allclose(step, 0.25 * whole, rtol=ROUNDING)
    reduction = np.sum(residual**2) - np.sum((matrix @ step + residual) ** 2)
    np.testing.assert_allclose(report.predicted, reduction, rtol=1e-9)
