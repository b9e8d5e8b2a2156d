"""What a backend factorizes: singular values, lifts, triangles, products."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

import pinnsven as pv
from backends import dampers, pseudoinverses
from matrices import (
    BACKENDS_AGREE,
    KEY,
    MATRICES,
    ROUNDING,
    linearization,
    matrices,
    residual_of,
    spectral,
)
from pinnsven._sven import Linearization
from pinnsven._sven._linearization import gram
from pinnsven._sven._triangle import LEAF, halved, substituted
from pinnsven._sven._tridiagonal import reduced

pytestmark = pytest.mark.usefixtures("shared_compilations")


@eqx.filter_jit
def factored(backend, whole):
    """The factors of a matrix, compiled: operation by operation they would take ten times as long."""
    return backend.init(whole, KEY)


@jax.jit
def damped_steps(factors, whole, dampings, errors):
    """The steps that answer errors, the gradients of these, and gradients again from the steps."""
    square = factors.square(jnp.ones(factors.number, bool))
    gradients = factors.gradient(whole, errors)
    solved = square.solve(dampings, gradients)
    return factors.lift(whole, solved), gradients, square.apply(dampings, solved[:, None])[:, 0]


@dampers
@matrices
def test_singular_values_are_those_of_numpy(backend, matrix):
    factors = factored(backend, linearization(matrix))
    expected = np.zeros(factors.number)  # a Gram matrix of the columns has zeros beyond the rows
    expected[: min(matrix.shape)] = np.linalg.svd(matrix, compute_uv=False)
    assert factors.singular_values.shape == expected.shape
    noise = 10 * backend.noise_floor(np.float64) * max(expected[0], 1)
    np.testing.assert_allclose(factors.singular_values, expected, rtol=ROUNDING, atol=noise)
    clear = expected > 1e3 * noise
    np.testing.assert_allclose(factors.singular_values[clear], expected[clear], rtol=BACKENDS_AGREE)
    square = factors.square(jnp.ones(factors.number, bool))
    np.testing.assert_allclose(square.largest, expected[0], rtol=0.03)
    for threshold in (0.1, 1.5, 6.0):  # no matrix has a value near
        assert int(square.count(jnp.asarray(threshold))) == np.sum(expected > threshold)


@dampers
@matrices
def test_lift_of_gradient_is_the_damped_inverse(backend, matrix):
    whole = linearization(matrix)
    as_made = factored(backend, whole)
    errors = np.random.default_rng(1).standard_normal((3, len(matrix)))
    damping = 0.1
    square = matrix.T @ matrix + damping**2 * np.eye(matrix.shape[1])
    expected = np.linalg.solve(square, matrix.T @ errors.T).T
    for factors in (as_made, as_made.explicit(whole), as_made.explicit(whole).plain()):
        shifts = jnp.full(3, damping)
        steps, gradients, back = damped_steps(factors, whole, shifts, jnp.asarray(errors))
        np.testing.assert_allclose(steps, expected, atol=BACKENDS_AGREE)
        np.testing.assert_allclose(back, gradients, atol=BACKENDS_AGREE)


ILL = spectral(60, 24, 10.0 ** np.linspace(0, -12, 24))


def test_a_refined_gram_matrix_knows_singular_values_far_below_its_own_noise():
    factors = factored(pv.RefinedGram(), linearization(ILL))
    expected = np.linalg.svd(ILL, compute_uv=False)
    np.testing.assert_allclose(factors.singular_values, expected, rtol=0.03)
    for threshold in (3e-3, 3e-7, 3e-9, 3e-11):
        square = factors.square(jnp.ones(24, bool))
        assert int(square.count(jnp.asarray(threshold))) == np.sum(expected > threshold)


def test_in_single_precision_it_still_knows_those_that_round_as_little_as_the_jacobian():
    matrix = ILL.astype(np.float32)
    expected = np.linalg.svd(matrix.astype(float), compute_uv=False)
    whole = linearization(matrix, np.zeros(len(matrix), np.float32))
    factors = factored(pv.RefinedGram(), whole)
    square = factors.square(jnp.ones(24, bool))
    for threshold in (4e-3, 4e-4, 3.6e-5, 3e-6, 3e-7):
        assert int(square.count(jnp.asarray(threshold, jnp.float32))) == np.sum(expected > threshold)
    known = (expected < 5e-3) & (expected > 1e-7)
    np.testing.assert_allclose(factors.singular_values[known], expected[known], rtol=0.05)


def test_steps_of_a_refined_gram_matrix_are_those_of_numpy_for_the_least_damping():
    residual, dampings = residual_of(ILL), np.array([1e-8, 1e-9, 1e-10])
    left, values, right_t = np.linalg.svd(ILL, full_matrices=False)
    filters = values / (values**2 + dampings[:, None] ** 2)
    expected = (filters * (residual @ left)) @ right_t
    whole, errors = linearization(ILL), {}
    for backend in (pv.GramTridiagonal(), pv.RefinedGram()):
        factors = factored(backend, whole)
        errors_of = jnp.tile(jnp.asarray(residual)[None], (3, 1))
        found, gradients, back = damped_steps(factors, whole, jnp.asarray(dampings), errors_of)
        missed = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
        errors[type(backend)] = missed
        # Rounding of products with a matrix of one, and of solutions that are 1e8 in size.
        np.testing.assert_allclose(back, gradients, rtol=1e-6, atol=1e-7)
    # The damping itself is right to a few per cent only, a basis of singular vectors to rounding; what
    # rounding leaves of the other's steps, about as wrong as they are long, is up to the processor.
    assert np.all(errors[pv.RefinedGram] < 0.02)
    assert np.all(errors[pv.GramTridiagonal][1:] > 10 * errors[pv.RefinedGram][1:])


def test_a_solver_refines_what_it_chose_itself_and_nothing_else():
    theta, rows = jnp.zeros(5), 8
    refined = pv.Sven().refined(rows, theta)
    assert refined is not None and refined._backend(rows, theta) == pv.RefinedGram()
    assert refined.refined(rows, theta) is None
    for solver, many in [
        (pv.Sven(backend=pv.GramTridiagonal()), rows),
        (pv.Sven(max_rank=3), rows),
        (pv.Sven(control=pv.FixedStep()), rows),
        (pv.Sven(backend=pv.Automatic(implicit=True)), rows),
        (pv.Sven(), 2),  # not half as many rows as parameters
    ]:
        assert solver.refined(many, theta) is None


@pytest.mark.parametrize("backend", [pv.GramEigh, pv.GramTridiagonal])
def test_a_jacobian_is_stored_unless_it_is_left_out_on_purpose(backend):
    assert backend().stores_jacobian and not backend(implicit=True).stores_jacobian
    assert backend().damps_only is (backend is pv.GramTridiagonal)


@pseudoinverses
@pytest.mark.parametrize("name", ["wide", "square", "tall"])
def test_gradient_and_lift_are_su_and_v_up_to_signs(backend, name):
    matrix = MATRICES[name]
    left, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    whole = linearization(matrix)
    factors = factored(backend, whole)
    vectors = np.asarray(jax.jit(lambda f, w, v: f.lift(w, v))(factors, whole, jnp.eye(len(values))))
    gradients = np.asarray(
        jax.jit(lambda f, w, e: f.gradient(w, e))(factors, whole, jnp.eye(len(matrix)))
    )
    signs = np.sign(np.sum(vectors * right_t, axis=1))
    np.testing.assert_allclose(vectors, signs[:, None] * right_t, atol=1e-8)
    np.testing.assert_allclose(gradients, left * values * signs, atol=1e-8)


@pytest.mark.parametrize("size", [1, 2, 20, 33, 66, 90])
def test_a_symmetric_matrix_is_reduced_to_a_tridiagonal_one(size):
    rng = np.random.default_rng(size)
    square = rng.standard_normal((size, size))
    square = square + square.T
    tridiagonal, q = reduced(jnp.asarray(square))
    middle = np.diag(tridiagonal.diagonal) + np.diag(tridiagonal.off, 1) + np.diag(tridiagonal.off, -1)
    np.testing.assert_allclose(q @ q.T, np.eye(size), rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(q @ middle @ q.T, square, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("backend", [pv.GramTridiagonal(), pv.RefinedGram()], ids=["gram", "refined"])
@pytest.mark.parametrize("size", [20, 33, 65])
def test_products_with_one_set_of_factors_may_be_computed_at_the_same_time(size, backend):
    """Several cores do so, and some of LAPACK's routines write to their input."""
    rng = np.random.default_rng(size)
    whole = linearization(rng.standard_normal((size + 5, size)))
    vectors = jnp.asarray(rng.standard_normal((3, size)))
    errors = whole.apply(vectors)

    @jax.jit
    def products(factors):
        gradients = [factors.gradient(whole, n * errors) for n in range(1, 7)]
        return gradients + [factors.lift(whole, n * vectors) for n in range(1, 7)]

    factors = factored(backend, whole)
    first = products(factors)
    for _ in range(200):
        for again, product in zip(products(factors), first, strict=True):
            np.testing.assert_array_equal(again, product)


@pytest.mark.parametrize("size", [1, LEAF, LEAF + 1, 3 * LEAF])
def test_halves_of_a_triangle_solve_what_the_whole_of_it_does(size):
    rng = np.random.default_rng(size)
    triangle = np.tril(rng.standard_normal((size, size)), -1) / size + np.diag(rng.uniform(1, 2, size))
    right = rng.standard_normal((size, 5))
    found = substituted(halved(jnp.asarray(triangle)), jnp.asarray(right))
    expected = scipy.linalg.solve_triangular(triangle, right, lower=True)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@dampers
@pytest.mark.parametrize("name", ["wide", "square", "tall", "rank one", "duplicate rows"])
def test_embedded_factors_act_on_their_columns_only(backend, name):
    matrix = MATRICES[name]
    index = np.array([3, 0, 2])
    whole = linearization(matrix)
    part = whole.columns(jnp.asarray(index))
    embedded = lambda part: (
        backend.init(part, KEY)
        .explicit(part)
        .embed(jnp.asarray(index), matrix.shape[1], min(matrix.shape))
    )
    factors = eqx.filter_jit(embedded)(part)
    expected_values = np.zeros(factors.number)
    known = np.linalg.svd(matrix[:, index], compute_uv=False)
    expected_values[: len(known)] = known
    np.testing.assert_allclose(factors.singular_values, expected_values, atol=1e-7)
    errors = np.random.default_rng(1).standard_normal((2, len(matrix)))
    steps = np.asarray(damped_steps(factors, whole, jnp.full(2, 0.1), jnp.asarray(errors))[0])
    columns = matrix[:, index]
    expected = np.zeros_like(steps)
    square = columns.T @ columns + 0.1**2 * np.eye(3)
    expected[:, index] = np.linalg.solve(square, columns.T @ errors.T).T
    np.testing.assert_allclose(steps, expected, atol=BACKENDS_AGREE)


@pytest.mark.parametrize("size", [1, 511, 512, 602])
def test_gram_is_the_product_on_both_sides_of_the_tiling(size):
    rows = np.random.default_rng(size).standard_normal((size, 9))
    product = np.asarray(gram(jnp.asarray(rows)))
    np.testing.assert_allclose(product, rows @ rows.T, atol=1e-12)
    np.testing.assert_array_equal(product, product.T)


@pytest.mark.parametrize("params", [3, 600])
def test_products_visit_the_active_slabs_and_no_others(params):
    rng = np.random.default_rng(params)
    slabs, residual = rng.standard_normal((4, params, 8)), rng.standard_normal(32)
    steps, errors = rng.standard_normal((2, params)), rng.standard_normal((2, 32))
    products = jax.jit(
        lambda whole, steps, errors: (whole.apply(steps), whole.pull(errors), whole.gram())
    )
    solve = jax.jit(lambda whole, triangle: whole.solved(triangle))
    for active in (None, 0, 3):
        used = slabs[:active].transpose(0, 2, 1).reshape(-1, params)
        number = None if active is None else jnp.asarray(active)
        whole = Linearization(jnp.asarray(residual), jnp.asarray(slabs), number)
        rows = len(used)
        applied, pulled, square = products(whole, jnp.asarray(steps), jnp.asarray(errors))
        np.testing.assert_allclose(applied[:, :rows], steps @ used.T)
        assert not np.any(applied[:, rows:])
        np.testing.assert_allclose(pulled, errors[:, :rows] @ used, atol=1e-13)
        np.testing.assert_allclose(square, used.T @ used, atol=1e-12)
        triangle = np.eye(params) + np.tril(rng.standard_normal((params, params)), -1) / params
        for spare in (None, jnp.full_like(slabs, jnp.nan)):
            solved = solve(dataclasses.replace(whole, spare=spare), jnp.asarray(triangle))
            expected = scipy.linalg.solve_triangular(triangle, used.T, lower=True).T
            np.testing.assert_allclose(solved.jacobian()[:rows], expected, rtol=0, atol=ROUNDING)
