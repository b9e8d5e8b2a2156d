"""The statements of the paper, with numpy and scipy as the oracle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
from jax.flatten_util import ravel_pytree

import pinnsven as pv
from matrices import SHAPES, one_step, residual_of, shapes, spectral
from small_residuals import network_data, network_start, of_batch, of_sample

pytestmark = pytest.mark.usefixtures("shared_compilations")


# The statements of the paper


@shapes
def test_the_step_is_that_of_numpys_pseudoinverse_and_scipys_least_squares(shape):
    matrix = spectral(*shape)
    residual = residual_of(matrix)
    step, _ = one_step(matrix, residual)
    np.testing.assert_allclose(step, -np.linalg.pinv(matrix) @ residual, rtol=1e-8)
    np.testing.assert_allclose(step, scipy.linalg.lstsq(matrix, -residual)[0], rtol=1e-8)


def test_with_fewer_rows_than_parameters_no_shorter_step_zeroes_the_linear_residual():
    matrix = spectral(*SHAPES["wide"])
    residual = residual_of(matrix)
    step, _ = one_step(matrix, residual)
    np.testing.assert_allclose(matrix @ step + residual, 0, atol=1e-9)
    idle = scipy.linalg.null_space(matrix)
    other = step + idle @ np.random.default_rng(0).standard_normal(idle.shape[1])
    np.testing.assert_allclose(matrix @ other + residual, 0, atol=1e-9)
    assert np.linalg.norm(step) < np.linalg.norm(other)


def test_with_more_rows_than_parameters_it_is_natural_gradient_descent():
    matrix = spectral(*SHAPES["tall"])
    residual = residual_of(matrix)
    natural = -np.linalg.inv(matrix.T @ matrix) @ matrix.T @ residual
    np.testing.assert_allclose(one_step(matrix, residual)[0], natural, rtol=1e-9)


@shapes
def test_gram_and_svd_give_the_same_step(shape):
    matrix = spectral(*shape)
    residual = residual_of(matrix)
    gram, _ = one_step(matrix, residual, backend=pv.GramEigh())
    direct, _ = one_step(matrix, residual, backend=pv.TruncatedSVD())
    np.testing.assert_allclose(gram, direct, rtol=0, atol=1e-9 * float(np.linalg.norm(direct)))


@pytest.mark.parametrize("kappa", [0.5, 1.0, 2.0, 3.0])
def test_untruncated_the_step_of_kappa_is_gauss_newtons_divided_by_kappa(kappa):
    matrix = spectral(*SHAPES["wide"])
    residual = residual_of(matrix)
    step, _ = one_step(matrix, residual, kappa=kappa, backend=pv.TruncatedSVD())
    np.testing.assert_allclose(step, -np.linalg.pinv(matrix) @ residual / kappa, rtol=1e-7)


@pytest.mark.parametrize("kappa", [0.5, 2.0])
def test_rows_that_vanish_stay_finite_for_every_kappa(kappa):
    matrix = spectral(*SHAPES["wide"])
    residual = residual_of(matrix) * np.array([1, 0, 1, 0, 1, 1])
    step, report = one_step(matrix, residual, kappa=kappa)
    assert np.all(np.isfinite(step)) and np.any(step != 0)
    np.testing.assert_allclose(report.loss, np.sum(np.abs(residual) ** (2 * kappa)))
    # The rows that hold already are left out: the step is the shortest that zeroes the others.
    rest = residual != 0
    expected = -np.linalg.pinv(matrix[rest]) @ residual[rest] / kappa
    np.testing.assert_allclose(step, expected, rtol=1e-6)


@pytest.mark.slow
def test_losses_are_squares_of_residuals():
    """l = r^2 with kappa = 2 has the rows l, the step of |r| r: half of Gauss-Newton's."""
    params, data = network_start(), network_data(4)
    losses = pv.Samples(lambda p, x, y: of_sample(p, x, y) ** 2, losses=True)
    solver = pv.Sven(control=pv.FixedStep(), kappa=2.0)
    signed = pv.Sven(control=pv.FixedStep())
    moved, _, report = solver.step(losses, params, solver.init(losses, params, *data), *data)
    plain = pv.Samples(of_sample)
    other, _, _ = signed.step(plain, params, signed.init(plain, params, *data), *data)
    half = jax.tree.map(lambda a, b: (a + b) / 2, params, other)
    np.testing.assert_allclose(ravel_pytree(moved)[0], ravel_pytree(half)[0], rtol=1e-7)
    np.testing.assert_allclose(report.loss, jnp.sum(of_batch(params, *data) ** 4))


@pytest.mark.solves
@pytest.mark.parametrize("number", [1, 3, 5])
def test_truncation_keeps_the_most_significant_directions(number):
    matrix = spectral(12, 7)
    left, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    residual = residual_of(matrix)
    expected = -(right_t[:number].T / values[:number]) @ (left[:, :number].T @ residual)
    by_rank, report = one_step(matrix, residual, max_rank=number)
    by_cut, _ = one_step(matrix, residual, rtol=values[number - 1] / values[0] * 0.999)
    np.testing.assert_allclose(by_rank, expected, rtol=1e-8)
    np.testing.assert_allclose(by_cut, expected, rtol=1e-8)
    np.testing.assert_allclose(report.smallest_kept, values[number - 1], rtol=1e-8)
