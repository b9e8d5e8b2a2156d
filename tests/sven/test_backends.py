"""Backends: all that is lawful for each, what is said where one gives way to another."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

import pinnsven as pv
from backends import every_backend, whole_backends
from helpers import first
from matrices import KEY, SHAPES, one_step, residual_of, shapes, spectral
from pinnsven._sven import Linearization

pytestmark = pytest.mark.usefixtures("shared_compilations")
SAME_STEP = 1e-7  # relative, of two routes to one step


# Backends


@whole_backends
@shapes
def test_every_backend_that_sees_everything_gives_the_pseudoinverse(backend, shape):
    matrix = spectral(*shape)
    residual = residual_of(matrix)
    step, report = one_step(matrix, residual, backend=backend)
    expected = -np.linalg.pinv(matrix) @ residual
    np.testing.assert_allclose(step, expected, atol=SAME_STEP * float(np.linalg.norm(expected)))
    np.testing.assert_allclose(report.ratio, 1.0, rtol=1e-6)
    assert not report.fell_back


@every_backend
@pytest.mark.parametrize("bad", first(["all zero", "rank one", "nan", "duplicate rows", "infinite"], 3))
def test_degenerate_jacobians_never_reach_the_parameters(backend, bad):
    matrix = spectral(24, 8)
    residual = residual_of(matrix)
    if bad == "all zero":
        matrix = np.zeros_like(matrix)
    elif bad == "rank one":
        matrix = np.outer(matrix[:, 0], matrix[0])
    elif bad == "duplicate rows":
        matrix = np.repeat(matrix[:12], 2, axis=0)
    else:
        matrix[3, 2] = np.nan if bad == "nan" else np.inf
    controls = [pv.Backtracking() if bad == "rank one" else pv.SpectralSearch()]
    if backend.damps_only:
        controls = [pv.SpectralSearch()]
    else:
        controls.append(pv.FixedStep())
    for control in controls:
        step, report = one_step(matrix, residual, backend=backend, control=control)
        assert np.all(np.isfinite(step))
        if bad in ("nan", "infinite", "all zero"):
            assert not report.accepted or bad == "all zero"
            assert not np.any(step)
        elif not isinstance(control, pv.FixedStep):
            assert report.accepted and report.new_loss < report.loss


@pytest.mark.solves
@every_backend
def test_every_backend_minimizes_a_curved_problem(backend):
    """To the minimum that scipy finds, of a residual that does not vanish."""
    t = np.linspace(0, 2, 24)
    y = 2 * np.exp(-1.3 * t) + 0.1 * np.sin(9 * t)

    def residual(p, t, y):
        return p[0] * jnp.exp(-p[1] * t) - y

    solver = pv.Sven(backend=backend)
    found = pv.least_squares(
        residual, jnp.array([1.0, 0.5]), jnp.asarray(t), jnp.asarray(y), solver=solver, max_steps=60
    )
    best = scipy.optimize.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y, [1.0, 0.5])[0]
    np.testing.assert_allclose(found.params, best, rtol=1e-4)


def test_randomized_directions_are_the_leading_ones():
    matrix = spectral(60, 30, np.geomspace(10, 1e-3, 30))
    _, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    whole = Linearization.of_jacobian(jnp.zeros(60), jnp.asarray(matrix))
    factors = pv.RandomizedSVD(rank=6, power_iterations=3).init(whole, KEY)
    np.testing.assert_allclose(factors.singular_values, values[:6], rtol=1e-6)
    np.testing.assert_allclose(np.abs(right_t[:6] @ factors.right), np.eye(6), atol=1e-4)


def test_a_warm_start_sharpens_the_directions_from_step_to_step():
    """Without power iterations one pass is rough; passes that remember converge."""
    matrix = spectral(60, 30, np.geomspace(10, 1, 30))
    values = np.linalg.svd(matrix, compute_uv=False)
    whole = Linearization.of_jacobian(jnp.zeros(60), jnp.asarray(matrix))

    def error_after(backend, passes):
        memory = backend.start(30, jnp.float64)
        for i in range(passes):
            factors = backend.init(whole, jax.random.fold_in(KEY, i), memory)
            memory = backend.remember(factors)
        return np.max(np.abs(factors.singular_values / values[:4] - 1))

    options = {"rank": 4, "oversample": 2, "power_iterations": 0}
    warm = error_after(pv.RandomizedSVD(**options), 12)
    cold = error_after(pv.RandomizedSVD(**options, warm_start=False), 12)
    assert warm < 0.1 * cold


def test_a_sketch_preserves_the_gram_matrix_on_average():
    matrix = spectral(400, 5)
    whole = Linearization.of_jacobian(jnp.zeros(400), jnp.asarray(matrix))
    backend = pv.Sketched(rows=20.0)

    def square(key):
        factors = backend.init(whole, key)
        return (factors.right * factors.singular_values[None] ** 2) @ factors.right.T

    squares = np.asarray(jax.jit(jax.vmap(square))(jax.random.split(KEY, 200)))
    exact = matrix.T @ matrix
    np.testing.assert_allclose(np.mean(squares, axis=0), exact, atol=0.1 * np.max(exact))
    assert np.max(np.abs(squares - exact)) > 1e-3 * np.max(exact)  # each one is a sketch


class Overflowing(pv.GramEigh):
    """A backend whose factors are not finite."""

    def init(self, linearization, key, memory=()):
        factors = super().init(linearization, key)
        return eqx.tree_at(lambda f: f.singular_values, factors, factors.singular_values * jnp.nan)


def test_a_second_backend_takes_over_and_it_is_said():
    matrix = spectral(*SHAPES["tall"])
    residual = residual_of(matrix)
    backend = pv.NonfiniteFallback(Overflowing(), pv.QRSVD())
    step, report = one_step(matrix, residual, backend=backend)
    np.testing.assert_allclose(step, -np.linalg.pinv(matrix) @ residual, rtol=1e-7)
    assert report.fell_back
    found = pv.least_squares(lambda p: p - 1, jnp.zeros(3), solver=pv.Sven(backend=backend))
    assert found.status == "converged" and "second" in found.message


def test_single_precision_factors_are_as_good_as_their_noise():
    matrix = spectral(*SHAPES["tall"])
    residual = residual_of(matrix)
    step, _ = one_step(matrix, residual, backend=pv.Single(pv.TruncatedSVD()))
    assert step.dtype == np.float64
    expected = -np.linalg.pinv(matrix) @ residual
    error = np.linalg.norm(step - expected) / np.linalg.norm(expected)
    assert 1e-12 < error < 1e-5


@pytest.mark.parametrize(
    ("rows", "params", "dtype", "cut", "expected"),
    [
        (100, 50, "float64", None, pv.GramEigh()),
        (100, 50, "float64", 1e-4, pv.GramEigh()),
        (100, 50, "float64", 1e-12, pv.QRSVD()),
        (100, 50, "float32", 1e-4, pv.QRSVD()),
        (100, 50, "float32", 1e-2, pv.GramEigh()),
        (128, 1_000_000, "float32", 1e-2, pv.GramEigh(implicit=True)),
        (100_000, 1_341, "float64", None, pv.GramEigh()),
        (1_000_000, 1_341, "float64", None, pv.GramEigh(implicit=True)),
    ],
)
def test_the_choice_follows_from_shape_precision_and_cut(rows, params, dtype, cut, expected):
    assert pv.Automatic().choose(rows, params, jnp.dtype(dtype), cut) == expected


def test_many_rows_are_summed_instead_of_stored():
    few, many = (
        pv.Automatic(refined=True).choose(rows, 1_341, jnp.float64, None, truncates=False)
        for rows in (100_000, 1_000_000)
    )
    assert few.stores_jacobian and many == pv.GramTridiagonal(implicit=True)


def test_a_cut_below_the_noise_is_raised_and_it_is_said():
    def residual(p):
        return jnp.array([[1.0, 0.0], [0.0, 1e-3]]) @ p - 1

    solver = pv.Sven(control=pv.FixedStep(), backend=pv.GramEigh(), rtol=1e-12)
    found = pv.least_squares(residual, jnp.zeros(2), solver=solver)
    np.testing.assert_allclose(found.report.rtol, np.finfo(float).eps ** 0.5)
    np.testing.assert_allclose(found.report.noise_floor, np.finfo(float).eps ** 0.5)
    assert "raised" in found.message
