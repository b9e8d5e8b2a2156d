"""The stacked residual, its Jacobian and its layout, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._solving._residual import (
    ResidualSystem,
)
from quadratic import (
    BATCHES,
    CHUNK,
    PROBLEM,
    ROUNDING,
    SLABS,
    WEIGHTS,
    Quadratic,
    close,
    closed_form,
    conditions,
    make_problem,
)

pytestmark = pytest.mark.usefixtures("quick_compilation")
DIFFERENCES = 1e-6  # of a central difference with step 1e-5


def expected_residual(theta):
    """Rows of every batch with their scale, padded to whole slabs."""
    rows = []
    for block, batch in zip(PROBLEM.blocks, BATCHES, strict=True):
        values = closed_form(block.name, batch.points, batch.normals, theta)
        part = (batch.scale * values).reshape(-1)
        rows.append(np.pad(part, (0, -len(part) % CHUNK)))
    return np.concatenate(rows)


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
    expected = [np.imag(expected_residual(np.asarray(theta) + row)) / 1e-30 for row in step]
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
