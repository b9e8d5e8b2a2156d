"""Sven on bare residual functions: factors, the pseudoinverse, step control, the driver."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
import pytest
import scipy.linalg
import scipy.optimize
from hypothesis import given, settings, strategies as st

import pinnsven as pv
from pinnsven._sven import AbstractResidual, Linearization
from pinnsven._sven._linearization import gram
from pinnsven._sven._triangle import LEAF, halved, substituted
from pinnsven._sven._tridiagonal import reduced

pytestmark = pytest.mark.usefixtures("shared_compilations")

KEY = jax.random.PRNGKey(3)
ROUNDING = 1e-11  # relative, of algebra on well-conditioned numbers
BACKENDS_AGREE = 1e-9  # of the step, where the condition number is below 1e4
SAME_MINIMUM = 1e-6  # of two optimizers, relative to the size of the parameters

BACKENDS = {"gram": pv.GramEigh(), "svd": pv.TruncatedSVD(), "qr": pv.QRSVD()}
backends = pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
DAMPERS = BACKENDS | {  # a step that damps asks for no more
    "tridiagonal": pv.GramTridiagonal(),
    "implicit": pv.GramTridiagonal(implicit=True),
}
dampers = pytest.mark.parametrize("backend", DAMPERS.values(), ids=DAMPERS)


def spectral(rows, params, values, seed=0):
    """A matrix with the given singular values and random singular vectors."""
    rng = np.random.default_rng(seed)
    left = scipy.linalg.qr(rng.standard_normal((rows, rows)))[0][:, : len(values)]
    right = scipy.linalg.qr(rng.standard_normal((params, params)))[0][:, : len(values)]
    return (left * values) @ right.T


def diagonal(rows, params, values):
    matrix = np.zeros((rows, params))
    np.fill_diagonal(matrix, values)
    return matrix


# Few shapes, because every shape compiles anew.
MATRICES = {
    "wide": spectral(5, 8, [8.0, 3.0, 1.0, 0.3, 0.01]),
    "square": spectral(5, 5, [5.0, 4.0, 2.0, 1.0, 0.01]),
    "tall": spectral(8, 5, [7.0, 5.0, 1.0, 0.2, 0.01]),
    "one row": spectral(1, 5, [3.0]),
    "one column": spectral(5, 1, [3.0]),
    "rank one": spectral(8, 5, [2.0]),
    "rank one, wide": spectral(5, 8, [2.0]),
    "duplicate rows": np.repeat(spectral(4, 5, [4.0, 2.0, 1.0, 0.5]), 2, axis=0),
    "all zero": np.zeros((8, 5)),
    "all zero, wide": np.zeros((5, 8)),
    "at the cut": diagonal(8, 5, [4.0, 2.0, 1.0, 0.25, 0.125]),
    "at the cut, wide": diagonal(5, 8, [4.0, 2.0, 1.0, 0.25, 0.125]),
}
matrices = pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
CUT = 0.25  # keeps three values of the matrices "at the cut", the third exactly on it


def linearization(matrix, residual=None):
    residual = np.zeros(len(matrix)) if residual is None else residual
    return Linearization.of_jacobian(jnp.asarray(residual), jnp.asarray(matrix))


def residual_of(matrix):
    return np.random.default_rng(7).standard_normal(len(matrix))


def kept_factors(matrix, rtol=1e-6, max_rank=None):
    """U, s, V of the kept directions, from numpy."""
    left, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    kept = (values >= rtol * values[0] * (1 - 1e-12)) & (values > 1e-14)
    kept[len(kept) if max_rank is None else max_rank :] = False
    return left[:, kept], values[kept], right_t[kept].T


def pseudoinverse(matrix, rtol=1e-6, max_rank=None):
    left, values, right = kept_factors(matrix, rtol, max_rank)
    return (right / values) @ left.T


class Affine(AbstractResidual):
    """r = J theta + r0, with (J, r0) as its data: new numbers compile nothing."""

    def residual(self, theta, data):
        matrix, offset = data
        return matrix @ theta + offset

    def linearize(self, theta, data):
        return Linearization.of_jacobian(self.residual(theta, data), data[0])


def state_of(seed=0, late=False, params=1):
    state = pv.Sven().init_state(jnp.zeros(params), jax.random.PRNGKey(seed))
    return eqx.tree_at(lambda s: s.late, state, jnp.array(late))


def paper_step(matrix, residual, eta=1.0, **options):
    """One step of Sven with the truncated pseudoinverse, from the origin."""
    solver = pv.Sven(control=pv.FixedStep(eta), **options)
    data = jnp.asarray(matrix), jnp.asarray(residual)
    step, _, report = solver.advance(Affine(), jnp.zeros(matrix.shape[1]), state_of(), data)
    return np.asarray(step), report


# Factors


@dampers
@matrices
def test_singular_values_are_those_of_numpy(backend, matrix):
    factors = backend.init(linearization(matrix), KEY)
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
    as_made = backend.init(whole, KEY)
    errors = np.random.default_rng(1).standard_normal((3, len(matrix)))
    damping = 0.1
    square = matrix.T @ matrix + damping**2 * np.eye(matrix.shape[1])
    expected = np.linalg.solve(square, matrix.T @ errors.T).T
    for factors in (as_made, as_made.explicit(whole), as_made.explicit(whole).plain()):
        middle, shifts = factors.square(jnp.ones(factors.number, bool)), jnp.full(3, damping)
        gradients = factors.gradient(whole, jnp.asarray(errors))
        solved = middle.solve(shifts, gradients)
        np.testing.assert_allclose(factors.lift(whole, solved), expected, atol=BACKENDS_AGREE)
        back = middle.apply(shifts, solved[:, None])[:, 0]
        np.testing.assert_allclose(back, gradients, atol=BACKENDS_AGREE)


ILL = spectral(60, 24, 10.0 ** np.linspace(0, -12, 24))


def test_a_refined_gram_matrix_knows_singular_values_far_below_its_own_noise():
    factors = pv.RefinedGram().init(linearization(ILL), KEY)
    expected = np.linalg.svd(ILL, compute_uv=False)
    np.testing.assert_allclose(factors.singular_values, expected, rtol=0.03)
    for threshold in (3e-3, 3e-7, 3e-9, 3e-11):
        square = factors.square(jnp.ones(24, bool))
        assert int(square.count(jnp.asarray(threshold))) == np.sum(expected > threshold)


def test_in_single_precision_it_still_knows_those_that_round_as_little_as_the_jacobian():
    matrix = ILL.astype(np.float32)
    expected = np.linalg.svd(matrix.astype(float), compute_uv=False)
    factors = pv.RefinedGram().init(linearization(matrix, np.zeros(len(matrix), np.float32)), KEY)
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
        factors = backend.init(whole, KEY)
        square = factors.square(jnp.ones(24, bool))
        gradients = jnp.tile(factors.gradient(whole, jnp.asarray(residual)[None]), (3, 1))
        solved = square.solve(jnp.asarray(dampings), gradients)
        found = factors.lift(whole, solved)
        missed = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
        errors[type(backend)] = missed
        # Rounding of products with a matrix of one, and of solutions that are 1e8 in size.
        back = square.apply(jnp.asarray(dampings), solved[:, None])
        np.testing.assert_allclose(back[:, 0], gradients, rtol=1e-6, atol=1e-7)
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


@backends
@pytest.mark.parametrize("name", ["wide", "square", "tall"])
def test_gradient_and_lift_are_su_and_v_up_to_signs(backend, name):
    matrix = MATRICES[name]
    left, values, right_t = np.linalg.svd(matrix, full_matrices=False)
    whole = linearization(matrix)
    factors = backend.init(whole, KEY)
    vectors = np.asarray(factors.lift(whole, jnp.eye(len(values))))
    gradients = np.asarray(factors.gradient(whole, jnp.eye(len(matrix))))
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

    factors = backend.init(whole, KEY)
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
    factors = (
        backend.init(part, KEY)
        .explicit(part)
        .embed(jnp.asarray(index), matrix.shape[1], min(matrix.shape))
    )
    expected_values = np.zeros(factors.number)
    known = np.linalg.svd(matrix[:, index], compute_uv=False)
    expected_values[: len(known)] = known
    np.testing.assert_allclose(factors.singular_values, expected_values, atol=1e-7)
    errors = np.random.default_rng(1).standard_normal((2, len(matrix)))
    middle = factors.square(jnp.ones(factors.number, bool))
    solved = middle.solve(jnp.full(2, 0.1), factors.gradient(whole, jnp.asarray(errors)))
    steps = np.asarray(factors.lift(whole, solved))
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
    for active in (None, 0, 3):
        used = slabs[:active].transpose(0, 2, 1).reshape(-1, params)
        number = None if active is None else jnp.asarray(active)
        whole = Linearization(jnp.asarray(residual), jnp.asarray(slabs), number)
        rows = len(used)
        np.testing.assert_allclose(whole.apply(jnp.asarray(steps))[:, :rows], steps @ used.T)
        assert not np.any(whole.apply(jnp.asarray(steps))[:, rows:])
        pulled = whole.pull(jnp.asarray(errors))
        np.testing.assert_allclose(pulled, errors[:, :rows] @ used, atol=1e-13)
        np.testing.assert_allclose(whole.gram(), used.T @ used, atol=1e-12)
        triangle = np.eye(params) + np.tril(rng.standard_normal((params, params)), -1) / params
        for spare in (None, jnp.full_like(slabs, jnp.nan)):
            solved = dataclasses.replace(whole, spare=spare).solved(jnp.asarray(triangle))
            expected = scipy.linalg.solve_triangular(triangle, used.T, lower=True).T
            np.testing.assert_allclose(solved.jacobian()[:rows], expected, rtol=0, atol=ROUNDING)


# The truncated pseudoinverse


@backends
@matrices
def test_the_step_is_the_truncated_pseudoinverse(backend, matrix):
    residual = residual_of(matrix)
    step, report = paper_step(matrix, residual, backend=backend, rtol=1e-6)
    np.testing.assert_allclose(step, -pseudoinverse(matrix) @ residual, atol=BACKENDS_AGREE * 100)
    np.testing.assert_allclose(step, -np.linalg.pinv(matrix, rcond=1e-6) @ residual, atol=1e-7)
    assert int(report.rank) == len(kept_factors(matrix)[1])


@backends
@given(
    seed=st.integers(0, 2**31),
    rank=st.integers(1, 4),
    shape=st.sampled_from([(5, 8), (5, 5), (8, 5)]),
)
@settings(max_examples=15, deadline=None)
def test_moore_penrose_identities_on_the_kept_subspace(backend, seed, rank, shape):
    values = np.geomspace(1, 1e-2, rank)
    matrix = spectral(*shape, values, seed)
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


@backends
def test_a_tall_system_is_solved_in_the_least_squares_sense(backend):
    matrix = MATRICES["tall"]
    residual = residual_of(matrix)
    step, report = paper_step(matrix, residual, backend=backend)
    expected = scipy.linalg.lstsq(matrix, -residual)[0]
    np.testing.assert_allclose(step, expected, rtol=1e-8)
    np.testing.assert_allclose(report.new_loss, np.sum((matrix @ expected + residual) ** 2))
    np.testing.assert_allclose(report.ratio, 1.0, rtol=1e-8)


@backends
def test_a_wide_system_is_solved_exactly_by_the_shortest_step(backend):
    matrix = MATRICES["wide"]
    residual = residual_of(matrix)
    step, _ = paper_step(matrix, residual, backend=backend)
    np.testing.assert_allclose(matrix @ step + residual, 0, atol=1e-8)
    for direction in scipy.linalg.null_space(matrix).T:
        # Shortest: orthogonal to every step that changes nothing.
        assert abs(direction @ step) < 1e-9 * np.linalg.norm(step)


@pytest.mark.parametrize("name", ["wide", "square", "tall", "rank one", "duplicate rows"])
def test_backends_agree_on_the_step(name):
    matrix = MATRICES[name]
    residual = residual_of(matrix)
    steps = [
        paper_step(matrix, residual, backend=b, rtol=0.005 / 8, max_rank=4)[0]
        for b in BACKENDS.values()
    ]
    for other in steps[1:]:
        np.testing.assert_allclose(other, steps[0], rtol=0, atol=BACKENDS_AGREE)


@backends
@pytest.mark.parametrize("max_rank", [1, 2, 3])
def test_max_rank_keeps_the_most_significant_directions(backend, max_rank):
    for matrix in (MATRICES["wide"], MATRICES["tall"]):
        residual = residual_of(matrix)
        step, report = paper_step(matrix, residual, backend=backend, max_rank=max_rank)
        expected = -pseudoinverse(matrix, max_rank=max_rank) @ residual
        np.testing.assert_allclose(step, expected, atol=BACKENDS_AGREE)
        assert int(report.rank) == max_rank


@backends
@pytest.mark.parametrize("name", ["at the cut", "at the cut, wide"])
def test_a_singular_value_exactly_at_the_cut_is_kept(backend, name):
    matrix = MATRICES[name]
    residual = residual_of(matrix)
    step, report = paper_step(matrix, residual, backend=backend, rtol=CUT)
    assert int(report.rank) == 3
    np.testing.assert_allclose(step, -pseudoinverse(matrix, max_rank=3) @ residual, atol=ROUNDING)


@backends
def test_a_bare_pseudoinverse_never_divides_by_rounding_noise(backend):
    matrix = spectral(8, 5, [1.0, 0.5, 1e-17, 1e-17, 1e-17])
    residual = residual_of(matrix)
    step, report = paper_step(matrix, residual, backend=backend, rtol=0.0)
    # Two directions carry everything; the others are zero but for rounding.
    assert np.linalg.norm(step) < 10 * np.linalg.norm(residual) or int(report.rank) <= 2
    np.testing.assert_allclose(step, -pseudoinverse(matrix, rtol=1e-3) @ residual, atol=1e-7)


def test_eta_scales_the_step_and_the_predicted_reduction():
    matrix = MATRICES["tall"]
    residual = residual_of(matrix)
    whole, _ = paper_step(matrix, residual)
    step, report = paper_step(matrix, residual, eta=0.25)
    np.testing.assert_allclose(step, 0.25 * whole, rtol=ROUNDING)
    reduction = np.sum(residual**2) - np.sum((matrix @ step + residual) ** 2)
    np.testing.assert_allclose(report.predicted, reduction, rtol=1e-9)


# Step control


def rosenbrock(p):
    return jnp.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])


def beale(p):
    powers = p[1] ** jnp.array([1.0, 2.0, 3.0])
    return jnp.array([1.5, 2.25, 2.625]) - p[0] * (1 - powers)


BARD_Y = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
)


def bard(p):
    """Bard 1970, problem 8 of More, Garbow, Hillstrom 1981: the residual does not vanish."""
    u = jnp.arange(1.0, 16.0)
    v = 16 - u
    return jnp.asarray(BARD_Y) - (p[0] + u / (v * p[1] + jnp.minimum(u, v) * p[2]))


CLASSICS = {
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0])),
    "beale": (beale, np.array([1.0, 0.8])),
    "bard": (bard, np.array([1.0, 1.0, 1.0])),
}


@pytest.fixture(scope="module", params=list(zip(CLASSICS, BACKENDS, strict=True)), ids="-".join)
def descent(request):
    """A classic problem, and every step of Sven on it: parameters before, parameters after, report."""
    function, start = CLASSICS[request.param[0]]
    solver = pv.Sven(backend=BACKENDS[request.param[1]])
    step = jax.jit(lambda p, s: solver.step(function, p, s))
    params, state, steps = jnp.asarray(start), state_of(params=len(start)), []
    for _ in range(30):
        moved, state, report = step(params, state)
        steps.append((np.asarray(params), np.asarray(moved), report))
        params = moved
    return function, start, steps


def test_classic_problems_end_where_other_optimizers_end(descent):
    function, start, steps = descent
    jacobian = jax.jit(jax.jacfwd(function))
    by_scipy = scipy.optimize.least_squares(
        lambda p: np.asarray(function(p)),
        start,
        jac=lambda p: np.asarray(jacobian(p)),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        by_optimistix = optimistix.least_squares(
            lambda p, _: function(p),
            optimistix.LevenbergMarquardt(rtol=1e-10, atol=1e-10),
            jnp.asarray(start),
        )
    *_, (_, end, report) = steps
    for other in (by_scipy.x, np.asarray(by_optimistix.value)):
        np.testing.assert_allclose(end, other, rtol=SAME_MINIMUM, atol=SAME_MINIMUM)
    np.testing.assert_allclose(report.new_loss, 2 * by_scipy.cost, rtol=1e-9, atol=1e-14)


def test_no_step_raises_the_loss_and_each_predicts_what_the_linear_model_does(descent):
    function, start, steps = descent
    jacobian = jax.jit(jax.jacfwd(function))
    compared, carried = 0, np.zeros(len(start))
    for before, after, report in steps:
        J, r = np.asarray(jacobian(before)), np.asarray(function(before))
        loss, new_loss = np.sum(r**2), np.sum(np.asarray(function(after)) ** 2)
        np.testing.assert_allclose(report.loss, loss, rtol=1e-6, atol=1e-20)
        np.testing.assert_allclose(report.new_loss, new_loss, rtol=1e-6, atol=1e-20)
        assert float(report.new_loss) <= float(report.loss)
        damping = float(report.damping) * np.linalg.svd(J, compute_uv=False)[0]
        damped = J.T @ J + damping**2 * np.eye(len(start))
        model = carried - np.linalg.solve(damped, J.T @ (r + J @ carried))
        carried = pv.SpectralSearch().momentum * (after - before)
        reduction = loss - np.sum((r + J @ model) ** 2)
        if loss < 1e-10 or reduction < 1e-6 * loss:
            continue  # rounding decides both
        np.testing.assert_allclose(report.predicted, reduction, rtol=1e-5)
        if bool(report.accepted):
            np.testing.assert_allclose(report.ratio, (loss - new_loss) / reduction, rtol=1e-5)
            compared += 1
    assert compared >= 3


@functools.cache
def search_step(backend):
    """A compiled step with the default control, for affine residuals of one shape."""
    solver = pv.Sven(backend=backend)
    return jax.jit(lambda theta, state, data: solver.advance(Affine(), theta, state, data))


@dampers
def test_a_linear_problem_is_solved_in_a_few_steps(backend):
    rng = np.random.default_rng(3)
    matrix, right = rng.standard_normal((8, 5)), rng.standard_normal(8)
    theta, state, step = jnp.ones(5), state_of(params=5), search_step(backend)
    for _ in range(9):
        theta, state, report = step(theta, state, (jnp.asarray(matrix), jnp.asarray(-right)))
    expected, *_ = scipy.linalg.lstsq(matrix, right)
    np.testing.assert_allclose(theta, expected, rtol=1e-7)  # a flat loss tells no more apart
    values = np.linalg.svd(matrix, compute_uv=False)
    np.testing.assert_allclose(report.singular_values, values, rtol=1e-9)


@pytest.fixture(scope="module")
def rosenbrock_runs():
    """Runs with one step and with all that are needed, and how often the residual was traced."""
    runs = {}
    for limit in (1, 60):
        traces = []

        def counted(p, traces=traces):
            traces.append(1)
            return rosenbrock(p)

        result = pv.least_squares(counted, jnp.array([-1.2, 1.0]), tolerance=1e-10, max_steps=limit)
        runs[limit] = result, len(traces)
    return runs


def test_a_solvable_problem_is_reported_as_converged(rosenbrock_runs):
    result, _ = rosenbrock_runs[60]
    assert result.status == "converged"
    assert np.sqrt(np.mean(result.residual**2)) <= 1e-10
    np.testing.assert_allclose(result.params, [1.0, 1.0], atol=1e-9)
    assert 2 <= result.steps < 40
    assert result.spectrum.shape == (2,)


def test_too_few_steps_are_not_called_convergence(rosenbrock_runs):
    result, _ = rosenbrock_runs[1]
    assert (result.status, result.steps) == ("max_steps", 1)


def test_many_steps_compile_once(rosenbrock_runs):
    assert rosenbrock_runs[60][1] == rosenbrock_runs[1][1]


def test_the_best_fit_of_contradicting_equations_is_not_called_converged():
    result = pv.least_squares(lambda p: jnp.stack([p[0], p[0] - 2.0]), jnp.array([5.0]), max_steps=40)
    np.testing.assert_allclose(result.params, [1.0], rtol=1e-7)
    assert result.status == "stalled"


@pytest.mark.parametrize("control", [pv.SpectralSearch(), pv.FixedStep()], ids=["search", "fixed"])
def test_a_step_into_values_that_are_not_finite_is_rejected(control):
    start = jnp.array([1.0, -2.0, 3.0])

    def only_finite_at_the_start(p, poison):
        return p * jnp.where(jnp.all(p == start), 1.0, poison)

    solver, state = pv.Sven(control=control), state_of(params=3)
    step = jax.jit(lambda p, s, poison: solver.step(only_finite_at_the_start, p, s, poison))
    for poison in (jnp.nan, jnp.inf, -jnp.inf):
        params, new_state, report = step(start, state, poison)
        assert not bool(report.accepted)
        np.testing.assert_array_equal(params, start)
        np.testing.assert_allclose(report.new_loss, 14.0)
        if control.damps:
            assert float(new_state.log_damping) > float(state.log_damping)
    assert bool(step(start, state, 1.0)[2].accepted)  # the same step, of a harmless function


def test_a_residual_that_is_not_finite_at_the_start_is_called_diverged():
    result = pv.least_squares(lambda p: jnp.log(p), jnp.array([-1.0]))
    assert (result.status, result.steps) == ("diverged", 0)
    np.testing.assert_array_equal(result.params, [-1.0])


@pytest.mark.parametrize("backend", [*DAMPERS.values(), pv.RefinedGram()], ids=[*DAMPERS, "refined"])
def test_a_zero_jacobian_moves_nothing(backend):
    start, data = jnp.arange(5.0), (jnp.zeros((8, 5)), jnp.ones(8))
    steps = [search_step(backend)(start, state_of(params=5), data)]
    if backend in BACKENDS.values():
        solver = pv.Sven(backend=backend, control=pv.FixedStep())
        steps.append(solver.advance(Affine(), start, state_of(params=5), data))
    for params, state, report in steps:
        np.testing.assert_array_equal(params, start)
        assert int(report.rank) == 0
        for leaf in jax.tree.leaves((state, report)):
            assert not np.any(np.isnan(np.asarray(leaf)))


def test_a_jacobian_that_is_not_finite_moves_nothing():
    start = jnp.array([1.0, 0.0])
    solver = pv.Sven()
    step = jax.jit(lambda p, s: solver.step(lambda q: jnp.sqrt(q), p, s))  # infinite slope at 0
    params, _, report = step(start, state_of(params=2))
    np.testing.assert_array_equal(params, start)
    assert not bool(report.accepted)


def bent(p, matrix, right, bend):
    """A mildly nonlinear system whose linear part is `matrix`."""
    return matrix @ p + bend * p**2 - right


@pytest.fixture(scope="module")
def mildly_bent():
    """Steps on a mildly nonlinear system, by the number of past corrections that are mixed."""
    rng = np.random.default_rng(5)
    matrix, right = np.eye(8) + 0.3 * rng.standard_normal((8, 8)), rng.standard_normal(8)
    matrix, right = jnp.asarray(matrix), jnp.asarray(right)
    undamped = eqx.tree_at(lambda s: s.log_damping, state_of(params=8), jnp.array(-9.0))

    def build(memory):
        control = pv.SpectralSearch(probes=1, spread=0.0, memory=memory, worth=1e9)
        step = jax.jit(lambda solver, p, s, bend: solver.step(bent, p, s, matrix, right, bend))

        def run(corrections, bend):
            solver = pv.Sven(control=control, corrections=corrections)
            return step(solver, jnp.zeros(8), undamped, bend)

        return run

    return {memory: build(memory) for memory in (0, 3)}


@pytest.mark.parametrize("bend", [0.05, 0.15])
def test_mixed_corrections_reach_no_less_than_plain_ones(mildly_bent, bend):
    plain, mixed = (
        [float(mildly_bent[memory](count, bend)[2].new_loss) for count in (0, 3, 6)]
        for memory in (0, 3)
    )
    np.testing.assert_allclose(plain[0], mixed[0], rtol=ROUNDING)  # nothing to mix without any
    assert plain[2] < plain[0] and mixed[2] < mixed[0]
    assert mixed[1] <= plain[1] * (1 + 1e-9)
    assert mixed[2] <= plain[2] * (1 + 1e-9)


def test_plain_and_mixed_corrections_end_at_the_same_point(mildly_bent):
    plain, mixed = (mildly_bent[memory](60, 0.05) for memory in (0, 3))
    assert max(float(plain[2].new_loss), float(mixed[2].new_loss)) < 1e-12
    np.testing.assert_allclose(plain[0], mixed[0], atol=1e-6)


# Transformations


def large_problem():
    """More parameters than `SMALL` and more rows than half of them: steps on random halves."""
    rng = np.random.default_rng(11)
    matrix = jnp.asarray(rng.standard_normal((150, 140)) / 12)
    return Affine(), jnp.zeros(140), (matrix, jnp.asarray(rng.standard_normal(150)))


def test_before_the_endgame_a_step_moves_a_random_half():
    residual, start, data = large_problem()

    def moved(state, **options):
        solver = pv.Sven(max_rank=10, control=pv.FixedStep(), **options)
        return np.asarray(solver.advance(residual, start, state, data)[0]) != 0

    half, other = moved(state_of()), moved(state_of(seed=1))
    assert (half.sum(), other.sum()) == (70, 70)
    assert np.any(half != other)
    assert moved(state_of(late=True)).sum() == 140
    assert moved(state_of(), early_share=1.0).sum() == 140


def test_a_crowded_half_brings_the_endgame():
    residual, start, data = large_problem()
    solver = pv.Sven(control=pv.FixedStep())
    params, state, report = solver.advance(residual, start, state_of(), data)
    assert bool(state.late) and int(report.rank) == 70
    few = pv.Sven(control=pv.FixedStep(), max_rank=23)  # no more than a third of the 70
    assert not bool(few.advance(residual, start, state_of(), data)[1].late)
    params, state, report = solver.advance(residual, params, state, data)
    expected, *_ = scipy.linalg.lstsq(np.asarray(data[0]), -np.asarray(data[1]))
    np.testing.assert_allclose(params, expected, atol=1e-6)


def test_jitted_is_not_jitted():
    control = pv.SpectralSearch(probes=2, memory=0)
    solver, start = pv.Sven(control=control, corrections=2), jnp.array([-1.2, 1.0])
    plain = solver.step(rosenbrock, start, state_of(params=2))
    jitted = jax.jit(lambda p, s: solver.step(rosenbrock, p, s))(start, state_of(params=2))
    for one, other in zip(jax.tree.leaves(plain), jax.tree.leaves(jitted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_mapped_over_seeds_is_a_loop():
    residual, start, data = large_problem()
    solver = pv.Sven(control=pv.SpectralSearch(probes=2, memory=0), corrections=1)
    starts = np.asarray(start) + 0.1 * np.random.default_rng(0).standard_normal((3, 140))
    states = [state_of(seed, seed == 2, params=140) for seed in range(3)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    step = lambda p, s: solver.advance(residual, p, s, data)
    mapped = jax.jit(jax.vmap(step))(starts, stacked)
    single = jax.jit(step)
    for i in range(3):
        one = single(starts[i], states[i])
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(mapped), strict=True):
            np.testing.assert_allclose(a, b[i], rtol=1e-6, atol=1e-8)


def test_hyperparameters_change_without_compiling_again():
    traces = []

    def counted(p):
        traces.append(1)
        return rosenbrock(p)

    step = jax.jit(lambda solver, p, s: solver.step(counted, p, s))
    start = jnp.array([-1.2, 1.0])
    losses = []
    for options in (
        {},
        {"rtol": 0.5},
        {"corrections": 0},
        {"control": pv.SpectralSearch(ratio=0.9)},
        {"control": pv.SpectralSearch(trust=0.01, spread=2.0, worth=0.1)},
    ):
        solver = pv.Sven(**options)
        before = len(traces)
        state = solver.init_state(start, jax.random.PRNGKey(0))
        losses.append(float(step(solver, start, state)[2].new_loss))
        assert (len(traces) > before) == (not options)
    assert len(set(losses)) >= 3  # they were heeded, not ignored


# What is solved for


def test_parameters_may_hold_leaves_that_are_not_solved_for():
    params = {
        "height": jnp.array([[1.0]]),
        "rate": jnp.array(1.0),
        "name": "decay",
        "order": 1,
        "index": jnp.array([0]),
        "activation": jnp.exp,
        "nothing": None,
    }

    def function(p, x, y):
        assert p["name"] == "decay"
        values = p["height"][0, p["index"]] * p["activation"](-p["rate"] * x)
        return {"first": values[:9] - y[:9], "rest": values[9:] ** p["order"] - y[9:]}

    x = jnp.linspace(0.0, 1.0, 20)
    result = pv.least_squares(function, params, x, 2.0 * jnp.exp(-3.0 * x), tolerance=1e-12)
    assert result.status == "converged"
    np.testing.assert_allclose(result.params["height"], [[2.0]], rtol=1e-9)
    np.testing.assert_allclose(result.params["rate"], 3.0, rtol=1e-9)
    for name in ("name", "order", "activation", "nothing"):
        assert result.params[name] is params[name]
    np.testing.assert_array_equal(result.params["index"], [0])


def test_float32_parameters_stay_float32():
    start = jnp.asarray([-1.2, 1.0], jnp.float32)
    solver = pv.Sven(control=pv.SpectralSearch(probes=2))
    step = jax.jit(lambda p, s: solver.step(rosenbrock, p, s))
    params, state, report = step(start, solver.init(rosenbrock, start))
    assert params.dtype == jnp.float32
    assert state.log_damping.dtype == jnp.float32 and report.singular_values.dtype == jnp.float32
    assert bool(report.accepted)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: pv.Sven(max_rank=0), "max_rank=0"),
        (lambda: pv.Sven(max_rank=-3), "max_rank=-3"),
        (lambda: pv.Sven(rtol=1), "rtol=1"),
        (lambda: pv.Sven(rtol=-1), "rtol=-1"),
        (lambda: pv.Sven(rtol=float("nan")), "rtol=nan"),
        (lambda: pv.Sven(early_share=0.0), "early_share=0.0"),
        (lambda: pv.Sven(early_share=1.5), "early_share=1.5"),
        (lambda: pv.SpectralSearch(probes=0), "probes=0"),
        (lambda: pv.SpectralSearch(memory=-1), "memory=-1"),
        (lambda: pv.SpectralSearch(patience=0), "patience=0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_arguments_are_named(make, named):
    with pytest.raises(ValueError, match=named):
        make()


def test_a_candidate_may_rest_at_once():
    assert pv.SpectralSearch(patience=1).patience == 1


@pytest.mark.parametrize("params", [{}, {"n": jnp.array([1, 2])}, {"name": "x"}, jnp.zeros(0)])
def test_without_a_parameter_there_is_nothing_to_solve(params):
    for call in (pv.Sven().init, pv.least_squares):
        with pytest.raises(ValueError, match="params"):
            call(lambda p: jnp.ones(2), params)


def test_a_residual_without_rows_is_an_error():
    for call in (pv.Sven().init, pv.least_squares):
        with pytest.raises(ValueError, match="no rows"):
            call(lambda p: jnp.zeros(0), jnp.ones(2))
