"""The stacked residual: its layout, its weights, its Jacobian, and what padding does not change."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import pinnsven as pv
from pinnsven._conditions import FixedPoints
from pinnsven._solving._residual import (
    Layout,
    ResidualSystem,
    make_batch,
    mean_squares,
    not_finite,
    points_per_slab,
    slab_rows,
    split_rows,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")

ROUNDING = 1e-12  # relative to the largest entry
DIFFERENCES = 1e-6  # of a central difference with step 1e-5

NU = -4.0  # the starting value of the unknown: theta holds it divided by 4
WEIGHTS = {"pde": 0.01, "start": 1.0, "flux": 3.0, "data": 0.5, "own": 20.0}
CHUNK = slab_rows()
COUNTS = {"pde": CHUNK + 41, "start": 5, "flux": 8}
DATA = {"x": np.array([-0.5, 0.0, 0.7]), "t": np.array([-1.0, 0.2, 1.0])}
TARGETS = np.array([1.0, -2.0, 0.5])


class Quadratic(eqx.Module):
    """u = a x^2 + b t + c x t, linear in its parameters; the domain below needs no scaling."""

    a: jax.Array
    b: jax.Array
    c: jax.Array

    def __call__(self, inputs):
        x, t = inputs
        return self.a * x**2 + self.b * t + self.c * x * t


def conditions():
    return {
        "pde": pv.PDE(lambda u, u_t, u_x, u_xx, nu, x: (u_t - nu * u_xx + x * u**2, u_x - nu)),
        "start": pv.Initial(u=lambda x: x),
        "flux": pv.Neumann(u=lambda nu: nu, on="x"),
        "data": pv.Data(DATA, u=TARGETS),
        "own": pv.Condition(lambda u, u_x: (u, u * u_x), DATA),
    }


def closed_form(name, points, normals, theta):
    """The unscaled residuals, shape (n, components), for complex parameters too."""
    a, b, c, nu = theta[0], theta[1], theta[2], theta[3] * abs(NU)
    x, t = points.T
    u, u_x, u_t = a * x**2 + b * t + c * x * t, 2 * a * x + c * t, b + c * x
    rows = {
        "pde": [u_t - nu * 2 * a + x * u**2, u_x - nu],
        "start": [u - x],
        "flux": [normals[:, 0] * u_x - nu],
        "data": [u - np.resize(TARGETS, len(x))],
        "own": [u, u * u_x],
    }
    return np.stack(rows[name], axis=1)


def draw(problem, counts=COUNTS, weights=WEIGHTS, seed=0, slabs=1):
    rng = np.random.default_rng(seed)
    batches = []
    for block in problem.blocks:
        if isinstance(block.site, FixedPoints):
            points, auxiliary = block.site.points, block.site.auxiliary
            normals = np.zeros((len(points), 1))
        else:
            points, normals = block.site.draw(counts[block.name], pv.Sobol(), rng)
            auxiliary = {}
        arrays = (points, normals, auxiliary)
        batches.append(make_batch(*arrays, weights[block.name], block.components, slabs))
    return tuple(batches)


def make_problem(named=None):
    return pv.Problem(
        pv.Interval(-1, 1) * pv.Time(-1, 1),
        "u",
        conditions() if named is None else named,
        unknowns={"nu": NU},
    )


PROBLEM = make_problem()
BATCHES = draw(PROBLEM)


@pytest.fixture(scope="module")
def quadratic():
    """The system of the closed form and its parameters (a, b, c, nu / 4)."""
    network = Quadratic(*jnp.array([0.5, -1.5, 2.0]))
    return ResidualSystem.build(PROBLEM, network, jax.random.PRNGKey(0))


@pytest.fixture(scope="module")
def rows(quadratic):
    """Its residual vector on the batches below."""
    system, theta = quadratic
    return np.asarray(jax.jit(lambda t: system.residual(t, BATCHES))(theta))


@pytest.fixture(scope="module")
def jacobian(quadratic):
    """Its Jacobian there."""
    system, theta = quadratic
    return np.asarray(jax.jit(lambda t: system.linearize(t, BATCHES).jacobian())(theta))


@pytest.fixture(scope="module")
def perceptron():
    """The same problem with a small network."""
    return ResidualSystem.build(PROBLEM, pv.MLP(4, 1), jax.random.PRNGKey(1))


@pytest.fixture(scope="module")
def residual(perceptron):
    """Its residual vector as a compiled function of the parameters."""
    system, _ = perceptron
    return jax.jit(lambda t: system.residual(t, BATCHES))


@pytest.fixture(scope="module")
def linearized(perceptron):
    system, theta = perceptron
    return jax.jit(lambda t: system.linearize(t, BATCHES))(theta)


def expected_residual(theta):
    """Rows of every batch with their scale, padded to whole slabs."""
    rows = []
    for block, batch in zip(PROBLEM.blocks, BATCHES, strict=True):
        values = closed_form(block.name, batch.points, batch.normals, theta)
        part = (batch.scale * values).reshape(-1)
        rows.append(np.pad(part, (0, -len(part) % CHUNK)))
    return np.concatenate(rows)


def close(found, expected, relative=ROUNDING):
    np.testing.assert_allclose(found, expected, atol=relative * np.max(np.abs(expected)))


# Residual and Jacobian.


def test_parameters_are_the_networks_then_the_unknowns_over_their_size(quadratic):
    system, theta = quadratic
    np.testing.assert_array_equal(theta, [0.5, -1.5, 2.0, -1.0])
    model, unknowns = system.unpack(theta.at[3].set(0.5))
    assert unknowns == {"nu": 2.0}
    assert model(jnp.array([1.0, 1.0])) == 1.0


@pytest.mark.parametrize(("start", "theta"), [(250.0, 1.0), (-1e-9, -1.0), (0.0, 0.0)])
def test_unknown_of_any_size_starts_at_order_one(start, theta):
    conditions = {"a": pv.PDE(lambda u, k: u - k)}
    problem = pv.Problem(PROBLEM.domain, "u", conditions, unknowns={"k": start})
    network = Quadratic(*np.ones(3))
    system, flat = ResidualSystem.build(problem, network, jax.random.PRNGKey(0))
    assert flat[-1] == theta
    assert system.unpack(flat)[1]["k"] == start


def test_residual_is_the_closed_form(quadratic, rows):
    close(rows, expected_residual(np.asarray(quadratic[1])))


def test_jacobian_is_the_closed_form(quadratic, jacobian):
    """Complex steps of the closed form: exact to rounding, and they share nothing with JAX."""
    theta = quadratic[1]
    step = 1e-30j * np.eye(4)
    expected = [expected_residual(np.asarray(theta) + row).imag / 1e-30 for row in step]
    close(jacobian.T, np.stack(expected))


def test_linearization_holds_the_residual(perceptron, linearized, residual):
    close(linearized.residual, residual(perceptron[1]))


def test_jacobian_agrees_with_forward_mode(perceptron, linearized):
    system, theta = perceptron
    forward = jax.jit(jax.jacfwd(lambda t: system.residual(t, BATCHES)))(theta)
    close(linearized.jacobian(), forward)


def test_jacobian_agrees_with_central_differences(perceptron, linearized, residual):
    theta = perceptron[1]
    for row, direction in zip(linearized.jacobian().T, 1e-5 * np.eye(theta.size), strict=True):
        difference = (residual(theta + direction) - residual(theta - direction)) / 2e-5
        assert np.max(np.abs(row - difference)) < DIFFERENCES


def test_products_with_the_jacobian_need_no_jacobian(perceptron, linearized):
    system, theta = perceptron
    tangent, cotangent = (np.random.default_rng(i).standard_normal(n) for i, n in PRODUCT_SIZES)
    forward = jax.jit(lambda t: system.jvp(theta, BATCHES, t))(tangent)
    backward = jax.jit(lambda w: system.vjp(theta, BATCHES, w))(cotangent)
    close(forward, linearized.jacobian() @ tangent)
    close(backward, cotangent @ linearized.jacobian())
    assert float(cotangent @ forward) == pytest.approx(float(backward @ tangent), rel=ROUNDING)


def test_the_gram_matrix_needs_no_jacobian(perceptron, linearized):
    system, theta = perceptron
    found = jax.jit(lambda t: system.implicit(t, BATCHES).gram())(theta)
    jacobian = np.asarray(linearized.jacobian())
    close(found, jacobian.T @ jacobian)


def test_half_the_square_and_its_gradient_go_backward(perceptron, linearized):
    system, theta = perceptron
    square = jax.jit(jax.value_and_grad(lambda t: 3 * system.half_square(t, BATCHES)))
    value, gradient = square(theta)
    assert float(value) == pytest.approx(1.5 * float(np.sum(linearized.residual**2)), rel=ROUNDING)
    close(gradient, 3 * linearized.residual @ linearized.jacobian())


SLABS = [3, 1, 1, 1, 1]  # 169 points fill three slabs of 64 points with two components each
PRODUCT_SIZES = [(0, 4 * 2 + 4 + 4 + 1 + 1), (1, CHUNK * sum(SLABS))]


# Layout.


def test_layout_gives_each_block_whole_slabs(quadratic):
    layout = quadratic[0].layout(BATCHES)
    stops = (CHUNK * np.cumsum(SLABS)).tolist()
    starts = [0, *stops[:-1]]
    expected = dict(zip(WEIGHTS, map(slice, starts, stops), strict=True))
    assert layout.rows == expected
    assert layout.total == stops[-1]


def test_rows_of_a_point_lie_next_to_each_other(quadratic, rows):
    system, theta = quadratic
    rows = rows[system.layout(BATCHES).rows["own"]]
    values = closed_form("own", BATCHES[4].points, BATCHES[4].normals, np.asarray(theta))
    np.testing.assert_allclose(rows[0:2] / BATCHES[4].scale[0], values[0], atol=ROUNDING)
    np.testing.assert_allclose(rows[4:6] / BATCHES[4].scale[2], values[2], atol=ROUNDING)


@pytest.mark.parametrize("order", [[4, 2, 0, 3, 1]])
def test_permuting_the_conditions_permutes_the_blocks(quadratic, rows, order):
    system, theta = quadratic
    named = list(conditions().items())
    other, same = ResidualSystem.build(
        make_problem(dict(named[i] for i in order)), Quadratic(*theta[:3]), jax.random.PRNGKey(0)
    )
    np.testing.assert_array_equal(same, theta)
    moved = tuple(BATCHES[i] for i in order)
    permuted = jax.jit(lambda t: other.residual(t, moved))(theta)
    for name, part in other.layout(moved).rows.items():
        close(permuted[part], rows[system.layout(BATCHES).rows[name]])


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


@pytest.mark.parametrize(
    "solver",
    [
        pv.Sven(),
        pv.Sven(backend=pv.RefinedGram()),
        pv.Sven(backend=pv.QRSVD(), control=pv.FixedStep()),
        pv.Sven(kappa=2.0, control=pv.FixedStep()),
    ],
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
