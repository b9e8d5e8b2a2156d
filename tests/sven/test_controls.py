"""Filters and controls are their formulas."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

import pinnsven as pv
from matrices import KEY, SHAPES, Affine, one_step, residual_of, spectral

pytestmark = pytest.mark.usefixtures("shared_compilations")


# Controls


@pytest.mark.parametrize("exponent", [1.0, 0.5, 0.0, -1.0])
@pytest.mark.parametrize("damping", [0.0, 0.1])
def test_the_filter_is_its_formula(exponent, damping):
    matrix = spectral(*SHAPES["tall"])
    residual = residual_of(matrix)
    left, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    control = pv.FixedStep(filter=pv.SpectralFilter(damping, exponent))
    step, report = one_step(matrix, residual, control=control, backend=pv.TruncatedSVD())
    factor = (values**2 + (damping * values[0]) ** 2) ** (-(1 + exponent) / 2)
    expected = -right_t.T @ (factor * values * (left.T @ residual))
    np.testing.assert_allclose(step, expected, rtol=1e-9)
    after = np.sum((matrix @ expected + residual) ** 2)
    np.testing.assert_allclose(report.predicted, np.sum(residual**2) - after, rtol=1e-8)


def test_backtracking_shortens_until_the_loss_falls():
    """From 1 the step on arctan overshoots 2.5-fold in the loss; half of it is good."""
    solver = pv.Sven(control=pv.Backtracking())

    def residual(p):
        return jnp.arctan(5 * p)

    start = jnp.array([1.0])
    whole, _, plain = pv.Sven(control=pv.FixedStep()).step(
        residual, start, solver.init(residual, start)
    )
    moved, _, report = solver.step(residual, start, solver.init(residual, start))
    assert plain.new_loss > plain.loss and report.accepted and report.new_loss < report.loss
    shortened = float((moved - start)[0] / (whole - start)[0])
    assert shortened == 2.0 ** round(np.log2(shortened)) < 1
    found = pv.least_squares(residual, start, solver=solver)
    assert found.status == "converged" and abs(found.params[0]) < 1e-7


def test_geodesic_acceleration_is_exact_to_second_order():
    """r(d) = d + b d^2 - e is solved by d = e - b e^2 + O(e^3)."""
    bend, target = 0.3, 1e-3

    def residual(p):
        return p + bend * p**2 - target

    exact = scipy.optimize.root_scalar(lambda d: d + bend * d**2 - target, bracket=(0, 1)).root
    errors = []
    for geodesic in (False, True):
        solver = pv.Sven(control=pv.FixedStep(geodesic=geodesic))
        start = jnp.zeros(1)
        moved, _, _ = solver.step(residual, start, solver.init(residual, start))
        errors.append(abs(float(moved[0]) - exact))
    assert errors[0] > 0.9 * bend * target**2
    assert errors[1] < 3 * bend**2 * target**3


def test_momentum_is_springs_recursion():
    """d_k = b d_(k-1) - J^+ (r + b J d_(k-1)), with a new wide Jacobian at each step."""
    share, previous = 0.6, np.zeros(17)
    solver = pv.Sven(control=pv.FixedStep(momentum=share))
    theta = jnp.zeros(17)
    state = solver.init_state(theta, KEY)
    for seed in range(4):
        matrix = spectral(6, 17, seed=seed)
        offset = residual_of(matrix, seed)
        residual = matrix @ np.asarray(theta) + offset
        expected = share * previous - np.linalg.pinv(matrix) @ (residual + share * matrix @ previous)
        data = jnp.asarray(matrix), jnp.asarray(offset)
        moved, state, _ = solver.advance(Affine(), theta, state, data)
        np.testing.assert_allclose(moved - theta, expected, rtol=1e-6, atol=1e-9)
        theta, previous = moved, expected


@pytest.mark.slow
def test_search_with_momentum_predicts_what_an_affine_residual_does():
    """d_k = b d_(k-1) - (J^T J + mu^2)^-1 J^T (r + b J d_(k-1)), mu from the report."""
    share, previous = 0.6, np.zeros(9)
    solver = pv.Sven(control=pv.SpectralSearch(momentum=share))
    matrix = spectral(*SHAPES["tall"])
    offset = residual_of(matrix)
    data, theta = (jnp.asarray(matrix), jnp.asarray(offset)), jnp.zeros(9)
    state = solver.init_state(theta, KEY)
    for _ in range(3):  # a fourth gains less than rounding
        left = matrix @ np.asarray(theta) + offset + share * matrix @ previous
        moved, state, report = solver.advance(Affine(), theta, state, data)
        damping = float(report.damping * report.square.largest)
        damped = matrix.T @ matrix + damping**2 * np.eye(9)
        expected = share * previous - np.linalg.solve(damped, matrix.T @ left)
        np.testing.assert_allclose(moved - theta, expected, rtol=1e-6, atol=1e-9)
        reduction = report.loss - report.new_loss
        np.testing.assert_allclose(report.predicted, reduction, rtol=1e-6, atol=1e-12)
        theta, previous = moved, expected


@pytest.mark.solves
def test_strictness_of_late_steps_is_a_setting_of_its_own():
    matrix = spectral(*SHAPES["tall"])
    solver = pv.Sven(control=pv.SpectralSearch(late_ratio=10.0))
    data = jnp.asarray(matrix), jnp.asarray(residual_of(matrix))
    theta = jnp.zeros(9)
    state = solver.init_state(theta, KEY)
    lenient = solver.advance(Affine(), theta, state, data)[2]
    late = eqx.tree_at(lambda s: s.late, state, jnp.ones((), bool))
    strict = solver.advance(Affine(), theta, late, data)[2]
    # No candidate is ten times better than predicted; then the one with the lowest loss is taken.
    assert strict.accepted and strict.new_loss <= lenient.new_loss
