"""Weights, padding and room of the stacked residual."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import pinnsven as pv
from helpers import first
from pinnsven._solving._residual import (
    Layout,
    make_batch,
    mean_squares,
    not_finite,
    points_per_slab,
    split_rows,
)
from quadratic import (
    BATCHES,
    CHUNK,
    COUNTS,
    PROBLEM,
    ROUNDING,
    SLABS,
    WEIGHTS,
    close,
    closed_form,
    draw,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")


# Weights and padding.


def test_sum_of_squares_is_the_weighted_sum_of_mean_squares(quadratic, rows):
    theta = quadratic[1]
    loss = sum(
        WEIGHTS[block.name] * np.mean(closed_form(block.name, points, normals, np.asarray(theta)) ** 2)
        for block, points, normals in active_points(BATCHES)
    )
    assert np.sum(rows**2) == pytest.approx(loss, rel=ROUNDING)


def active_points(batches):
    for block, batch in zip(PROBLEM.blocks, batches, strict=True):
        active = batch.scale[:, 0] > 0
        yield block, batch.points[active], batch.normals[active]


def test_mean_squares_are_unweighted(quadratic, rows):
    system, theta = quadratic
    expected = [
        np.mean(closed_form(block.name, points, normals, np.asarray(theta)) ** 2)
        for block, points, normals in active_points(BATCHES)
    ]
    found = mean_squares(system, BATCHES, rows)
    np.testing.assert_allclose(found, expected, rtol=ROUNDING)


def test_points_count_by_their_importance_in_mean_squares_and_in_the_loss(quadratic):
    system, theta = quadratic
    rng, batches, expected = np.random.default_rng(0), [], []
    for (block, points, normals), batch in zip(active_points(BATCHES), BATCHES, strict=True):
        importance = rng.random(len(points)) + 0.5
        importance /= importance.mean()
        values = {name: array[: len(points)] for name, array in batch.auxiliary.items()}
        given = (points, normals, values, WEIGHTS[block.name], block.components)
        batches.append(make_batch(*given, importance=importance))
        squares = closed_form(block.name, points, normals, np.asarray(theta)) ** 2
        expected.append(np.mean(importance[:, None] * squares))
    rows = np.asarray(system.residual(theta, tuple(batches)))
    found = mean_squares(system, tuple(batches), rows)
    np.testing.assert_allclose(found, expected, rtol=ROUNDING)
    weights = [WEIGHTS[block.name] for block in PROBLEM.blocks]
    assert np.sum(rows**2) == pytest.approx(np.dot(weights, expected), rel=ROUNDING)


def test_split_rows_gives_the_unweighted_residuals_of_the_active_points(quadratic, rows):
    system, theta = quadratic
    parts = split_rows(system, BATCHES, rows)
    assert [part.shape for part in parts] == [(CHUNK + 41, 2), (5, 1), (8, 1), (3, 1), (3, 2)]
    for part, (block, points, normals) in zip(parts, active_points(BATCHES), strict=True):
        close(part, closed_form(block.name, points, normals, np.asarray(theta)))


@pytest.mark.parametrize("count", [CHUNK // 2, CHUNK // 2 + 1, CHUNK, CHUNK + 1])
def test_no_point_is_lost_at_the_edge_of_a_slab(quadratic, count):
    """The equation has two rows per point: a slab holds half as many points as rows."""
    system, theta = quadratic
    batches = draw(PROBLEM, COUNTS | {"pde": count})
    (block, points, normals), *_ = active_points(batches)
    part, *_ = split_rows(system, batches, np.asarray(system.residual(theta, batches)))
    close(part, closed_form(block.name, points, normals, np.asarray(theta)))
    assert len(batches[0].scale) == -(-count // (CHUNK // 2)) * (CHUNK // 2)


@pytest.mark.parametrize(
    ("components", "points"), [(1, CHUNK), (3, CHUNK // 3), (CHUNK, 1), (CHUNK + 1, 1)]
)
def test_a_slab_holds_one_point_at_least(components, points):
    assert points_per_slab(components) == points


def test_a_layout_without_blocks_has_no_rows():
    assert Layout({}).total == 0


@pytest.mark.parametrize("slabs", [1, 4])
def test_each_row_belongs_to_its_block_and_no_row_of_an_idle_slab_to_any(quadratic, slabs):
    system, theta = quadratic
    batches = draw(PROBLEM, slabs=slabs)
    parts = np.asarray(system.parts(batches))
    expected = np.zeros((len(PROBLEM.blocks), system.residual(theta, batches).size), bool)
    for owner, rows in zip(expected, system.layout(batches).rows.values(), strict=True):
        owner[rows] = True
    np.testing.assert_array_equal(parts, expected)


def test_half_of_the_square_has_the_gradient_of_the_residual(quadratic, rows, jacobian):
    system, theta = quadratic
    value, gradient = jax.value_and_grad(lambda t: system.half_square(t, BATCHES))(theta)
    np.testing.assert_allclose(system.half_square(theta, BATCHES), np.sum(rows**2) / 2, rtol=ROUNDING)
    np.testing.assert_allclose(value, np.sum(rows**2) / 2, rtol=ROUNDING)
    np.testing.assert_allclose(gradient, jacobian.T @ rows, rtol=1e-10)


def test_values_that_are_not_finite_are_named_with_condition_and_point(quadratic, rows):
    system = quadratic[0]
    assert not_finite(system, BATCHES, rows) == ""
    spoilt = rows.copy()
    first = system.layout(BATCHES).rows["flux"].start
    spoilt[first + 2 : first + 4] = np.nan
    found = not_finite(system, BATCHES, spoilt)
    x, t = BATCHES[2].points[2]
    assert "'flux'" in found and "2 of 8 points" in found
    assert f"x = {np.array2string(x, precision=6)}, t = {np.array2string(t, precision=6)}" in found


def test_rows_of_padding_are_zero_and_so_is_their_jacobian(perceptron, linearized):
    used = np.concatenate(
        [
            np.pad(
                np.repeat(b.scale[:, 0] > 0, k.components), (0, -len(b.scale) * k.components % CHUNK)
            )
            for k, b in zip(PROBLEM.blocks, BATCHES, strict=True)
        ]
    )
    assert used.sum() == 2 * (CHUNK + 41) + 5 + 8 + 3 + 2 * 3
    assert np.all(linearized.residual[~used] == 0)
    assert np.all(linearized.jacobian()[~used] == 0)
    assert np.all(np.any(linearized.jacobian()[used] != 0, axis=1))


def test_room_to_grow_changes_neither_rows_nor_normal_equations(quadratic, rows, jacobian):
    system, theta = quadratic
    roomier = draw(PROBLEM, slabs=4)
    loose = jax.jit(lambda t: system.linearize(t, roomier))(theta)
    assert len(loose.residual) == CHUNK * 5 * 4
    assert int(loose.active) == sum(SLABS)
    close(loose.residual, np.pad(rows, (0, len(loose.residual) - len(rows))))
    errors = np.pad(rows, (0, len(loose.residual) - len(rows)))
    close(loose.pull(jnp.asarray(errors)[None])[0], jacobian.T @ rows)
    close(loose.gram(), jacobian.T @ jacobian)


def test_memory_of_any_content_makes_the_same_jacobian(quadratic):
    system, theta = quadratic
    roomier = draw(PROBLEM, slabs=4)
    expected = jax.jit(lambda t: system.linearize(t, roomier))(theta)
    wanted = system.scratch(theta, roomier)
    spoilt = jnp.full(wanted.shape, jnp.nan, wanted.dtype)
    found = jax.jit(lambda s, t: system.linearize_into(s, t, roomier))((spoilt, spoilt), theta)
    np.testing.assert_array_equal(found.residual, expected.residual)
    np.testing.assert_array_equal(found.jacobian(), expected.jacobian())
    triangle = jnp.linalg.cholesky(expected.gram() + jnp.eye(theta.size))
    solved = found.solved(triangle)
    close(solved.jacobian(), np.linalg.solve(triangle, np.asarray(expected.jacobian()).T).T)
    np.testing.assert_array_equal(solved.slabs[int(found.active) :], spoilt[int(found.active) :])


@pytest.mark.solves
@pytest.mark.parametrize(
    "solver",
    first(
        [
            pv.Sven(),
            pv.Sven(backend=pv.RefinedGram()),
            pv.Sven(backend=pv.QRSVD(), control=pv.FixedStep()),
            pv.Sven(kappa=2.0, control=pv.FixedStep()),
        ],
        2,
    ),
)
def test_a_step_within_given_memory_is_the_same_step(perceptron, solver):
    system, theta = perceptron
    roomier = draw(PROBLEM, slabs=4)
    state = solver.init_state(theta, jax.random.PRNGKey(0))
    expected = jax.jit(solver.advance)(system, theta, state, roomier)
    wanted = solver.scratch(system, theta, roomier)
    spoilt = tuple(jnp.full(w.shape, jnp.nan, w.dtype) for w in wanted)
    *found, used = jax.jit(solver.advance_within)(spoilt, system, theta, state, roomier)
    jax.tree.map(np.testing.assert_array_equal, tuple(found), expected)
    assert [u.shape for u in used] == [w.shape for w in wanted]


def test_four_times_the_weight_is_twice_the_rows(quadratic, rows):
    system, theta = quadratic
    heavier = draw(PROBLEM, weights=WEIGHTS | {"flux": 4 * WEIGHTS["flux"]})
    heavy = jax.jit(lambda t: system.residual(t, heavier))(theta)
    part = system.layout(BATCHES).rows["flux"]
    factor = np.ones(len(rows))
    factor[part] = 2
    close(heavy, factor * rows)


@given(
    count=st.integers(1, 700),
    components=st.integers(1, 3),
    weight=st.floats(1e-6, 1e6),
    dim=st.integers(1, 3),
    wanted=st.integers(1, 9),
)
@settings(max_examples=40, deadline=None)
def test_batch_is_padded_to_whole_slabs_with_its_first_point(count, components, weight, dim, wanted):
    points = np.random.default_rng(count).random((count, dim))
    batch = make_batch(points, points[:, :1], {"d": points[:, 0]}, weight, components, wanted)
    capacity, share = len(batch.scale), CHUNK // components
    assert capacity % share == 0 and batch.active == count <= capacity
    assert capacity // share == wanted or capacity - share < count
    np.testing.assert_array_equal(batch.points[:count], points)
    np.testing.assert_array_equal(batch.points[count:], np.tile(points[0], (capacity - count, 1)))
    np.testing.assert_array_equal(batch.auxiliary["d"], batch.points[:, 0])
    np.testing.assert_array_equal(batch.normals, batch.points[:, :1])
    assert np.all(batch.scale[count:] == 0)
    assert batch.scale.shape == (capacity, components)
    assert np.sum(batch.scale**2) == pytest.approx(weight)


def test_new_points_and_weights_of_the_same_capacities_compile_nothing(perceptron):
    system, theta = perceptron
    traces = itertools.count()

    def residual(theta, batches):
        next(traces)
        return system.residual(theta, batches)

    jitted = jax.jit(residual)
    counts = {"pde": CHUNK + 1, "start": 8, "flux": 5}
    jitted(theta, BATCHES)
    jitted(theta, draw(PROBLEM, counts, dict.fromkeys(WEIGHTS, 7.0), seed=1))
    assert next(traces) == 1
