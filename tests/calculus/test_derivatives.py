"""The derivative plan: exact on polynomials, nested gradients on networks, no needless pass."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays
from numpy.polynomial import polynomial

import pinnsven as pv
from pinnsven._basics._functions import NamedFunction
from pinnsven._calculus._derivatives import NESTED, DerivativePlan, _nested, taylor
from pinnsven._networks._mlp import ACTIVATIONS
from spaces import DEGREE, PLANE, VECTOR, namespace, scale

ROUNDING = 1e-12  # of a derivative, relative to the largest of the same order
HIGH_ORDER = 1e-10  # of a fifth derivative by nested gradients, relative to itself and 1
MIXED = namespace(pv.Box(a=(0, 1), x=[(0, 1)] * 2) * pv.Time(0, 1))
WORDS = """
    u u_x u_y u_t u_xx u_xt u_xxxx u_xxt u_xxyy
    v v_yy v_xyt grad_u laplacian_v u_n v_n normal x y t nu
"""
NAMES = tuple(WORDS.split())
COEFFICIENTS = arrays.arrays(
    np.float64, (2,) + (DEGREE + 1,) * 3, elements=st.integers(-3, 3).map(float), fill=st.just(0.0)
)
COORDINATES = st.tuples(*[st.floats(-1, 1)] * 3)


def polynomials(coefficients):
    """Two polynomials in three variables, as a field function."""

    def fields(point):
        values, exponents = jnp.asarray(coefficients), range(DEGREE + 1)
        for coordinate in point[::-1]:
            values = values @ jnp.stack([coordinate**power for power in exponents])
        return values

    return fields


@functools.cache
def polynomial_plan(names):
    plan = DerivativePlan(names, PLANE)

    def evaluate(coefficients, point, normal):
        return plan.evaluate(polynomials(coefficients), point, normal, {"nu": jnp.asarray(0.25)})

    return jax.jit(evaluate)


def derivative(coefficients, orders, point):
    for axis, order in enumerate(orders):
        coefficients = polynomial.polyder(coefficients, order, axis=axis)
    x, y, t = point
    return polynomial.polyval3d(x, y, t, coefficients)


def closed_form(name, coefficients, point, normal):
    simple = {"x": point[0], "y": point[1], "t": point[2], "nu": 0.25, "normal": normal}
    if name in simple:
        return simple[name]
    own = coefficients["uv".index(name.removeprefix("grad_").removeprefix("laplacian_")[0])]
    gradient = np.array([derivative(own, orders, point) for orders in ((1, 0, 0), (0, 1, 0))])
    if name.startswith("grad_"):
        return gradient
    if name.startswith("laplacian_"):
        return derivative(own, (2, 0, 0), point) + derivative(own, (0, 2, 0), point)
    if name.endswith("_n"):
        return gradient @ normal
    return derivative(own, [name[2:].count(axis) for axis in "xyt"], point)


@given(coefficients=COEFFICIENTS, point=COORDINATES, angle=st.floats(0, 6.28))
@settings(max_examples=60, deadline=None)
def test_every_name_is_exact_on_polynomials(coefficients, point, angle):
    normal = np.array([math.cos(angle), math.sin(angle)])
    values = polynomial_plan(NAMES)(coefficients, np.array(point), normal)
    for name in NAMES:
        expected = closed_form(name, coefficients, np.array(point), normal)
        assert np.shape(values[name]) == np.shape(expected), name
        assert np.max(np.abs(values[name] - expected)) <= ROUNDING * scale(coefficients), name


@pytest.mark.parametrize("name", ["v", "u_ttx"])
def test_every_name_alone_has_the_value_it_has_among_others(name):
    """What else is asked for changes the passes, not the numbers."""
    rng = np.random.default_rng(0)
    coefficients, point = rng.standard_normal((2, 5, 5, 5)), rng.uniform(-1, 1, 3)
    normal = np.array([0.6, 0.8])
    value = polynomial_plan((name,))(coefficients, point, normal)[name]
    expected = closed_form(name, coefficients, point, normal)
    np.testing.assert_allclose(value, expected, atol=ROUNDING * scale(coefficients))


# Networks against nested reverse mode, which shares no code with the plan.


def network(key, inputs, fields=2, activation=jnp.tanh):
    keys = jax.random.split(jax.random.PRNGKey(key), 2)
    first = jax.random.normal(keys[0], (8, inputs))
    second = jax.random.normal(keys[1], (fields, 8))
    return lambda point: second @ activation(first @ point + 0.1)


def nested_gradients(function, index, axes):
    result = lambda point: function(point)[index]
    for axis in axes:
        result = lambda point, inner=result, axis=axis: jax.grad(inner)(point)[axis]
    return result


@pytest.mark.parametrize("name", ["v_x", "u_xt", "u_xxxx", "v_xxyy"])
def test_derivatives_of_a_network_are_its_nested_gradients(name):
    fields, point = network(0, 3), jnp.array([0.3, -0.2, 0.7])
    plan = DerivativePlan((name,), PLANE)
    value = jax.jit(lambda p: plan.evaluate(fields, p, jnp.zeros(2), {}))(point)[name]
    axes = ["xyt".index(letter) for letter in name[2:]]
    expected = jax.jit(nested_gradients(fields, "uv".index(name[0]), axes))(point)
    np.testing.assert_allclose(value, expected, rtol=HIGH_ORDER, atol=HIGH_ORDER)


@pytest.mark.parametrize(("activation", "order"), [(name, 5) for name in ACTIVATIONS] + [("tanh", 2)])
def test_taylor_mode_agrees_with_nested_tangents(activation, order):
    """softplus has no Taylor rule: `taylor` then falls back on nesting."""
    fields = network(1, 2, activation=ACTIVATIONS[activation])
    point, direction = jnp.array([0.4, -0.1]), jnp.array([0.3, -1.2])
    series = jax.jit(lambda p, d: taylor(fields, p, d, order))(point, direction)
    nested = jax.jit(lambda p, d: _nested(fields, p, d, order))(point, direction)
    assert len(series) == order + 1
    np.testing.assert_allclose(series, nested, rtol=HIGH_ORDER, atol=HIGH_ORDER)


def test_taylor_mode_serves_above_the_fourth_order_and_nesting_below():
    fields, point = network(1, 2), jnp.array([0.4, -0.1])

    def operations(method, order):
        return len(jax.make_jaxpr(lambda p: method(fields, p, p, order))(point).jaxpr.eqns)

    # A Taylor mode that failed would leave its first operations beside those of nesting.
    saved = [operations(_nested, order) - operations(taylor, order) for order in range(1, 8)]
    assert saved[:NESTED] == [0] * NESTED
    assert 0 not in saved[NESTED:]
    assert saved[-1] > 0


def test_taylor_of_order_zero_is_the_value():
    fields, point = network(1, 2), jnp.array([0.4, -0.1])
    np.testing.assert_array_equal(taylor(fields, point, point, 0), [fields(point)])


def test_taylor_coefficients_of_an_exponential_are_powers_of_its_rate():
    series = taylor(lambda x: jnp.exp(3 * x), jnp.array([0.0]), jnp.array([1.0]), 6)
    np.testing.assert_allclose(np.ravel(series), 3.0 ** np.arange(7), rtol=ROUNDING)


def test_function_without_any_taylor_rule_falls_back_on_nesting():
    """A loop in the network, which Taylor mode cannot see through."""

    def fields(point):
        return jax.lax.fori_loop(0, 3, lambda _, value: value * point, jnp.ones(1))

    series = taylor(fields, jnp.array([2.0]), jnp.array([1.0]), 4)
    np.testing.assert_allclose(np.ravel(series), [8, 12, 12, 6, 0], rtol=ROUNDING, atol=ROUNDING)


# Vector coordinates.


@pytest.mark.parametrize(("space", "dim"), [(VECTOR, 3), (MIXED, 3)], ids=["vector", "mixed"])
def test_vector_coordinates_keep_their_shape(space, dim):
    """u = |s|^2 sin(t) / 2 + s_0 s_2 over the space components s."""

    def fields(point):
        space_part = point[:dim]
        product = space_part[0] * space_part[2]
        return jnp.stack([jnp.sum(space_part**2) * jnp.sin(point[dim]) / 2 + product])

    names = ("u", "x", "u_x", "grad_u", "laplacian_u", "u_t", "u_n", "u_tt")
    point, normal = np.array([0.2, 0.5, -0.3, 0.9]), np.array([0.0, 0.6, -0.8])
    evaluate = jax.jit(lambda p, n: DerivativePlan(names, space).evaluate(fields, p, n, {}))
    values = evaluate(point, normal)
    s, t = point[:dim], point[dim]
    gradient = s * math.sin(t) + np.array([s[2], 0, s[0]])
    vector = space.domain.slices()["x"]
    expected = {
        "u": s @ s * math.sin(t) / 2 + s[0] * s[2],
        "x": s[vector],
        "u_x": gradient[vector],
        "grad_u": gradient,
        "laplacian_u": 3 * math.sin(t),
        "u_t": s @ s * math.cos(t) / 2,
        "u_n": gradient @ normal,
        "u_tt": -s @ s * math.sin(t) / 2,
    }
    for name in names:
        assert np.shape(values[name]) == np.shape(expected[name])
        np.testing.assert_allclose(values[name], expected[name], atol=ROUNDING)


# Only what is asked for.

X, Y, T = 0, 1, 2
PASSES = [
    ("u", ()),
    ("x nu normal", ()),
    ("laplacian_u grad_u u_n", ()),
    ("u_x", (((X, 1),),)),
    ("u u_x u_xx u_xxxx", (((X, 4),),)),
    ("u_t u_x u_xx", (((T, 1),), ((X, 2),))),
    ("u_xt", (((X, 1), (T, 1)),)),
    ("u_x u_xxyy u_y", (((X, 2), (Y, 2)),)),
    ("u_xxx u_xxyy", (((X, 3),), ((X, 2), (Y, 2)))),
    ("u_xxt u_xtt", (((X, 2), (T, 2)),)),
    ("u_x v_xx", (((X, 2),),)),
]


@pytest.mark.parametrize(("names", "passes"), PASSES, ids=[names for names, _ in PASSES])
def test_passes_are_those_that_the_names_need(names, passes):
    assert DerivativePlan(tuple(names.split()), PLANE).passes == passes


CALLS = [
    ("x nu normal", 0),
    ("u", 1),
    ("u v", 1),
    ("u u_x u_xx", 1),
    ("u u_x u_xx u_xxxx", 1),
    ("u_x u_y", 2),
    ("u v_xt u_x v_t", 1),
    ("grad_u grad_v u_n", 1),
]


@pytest.mark.parametrize(("names", "calls"), CALLS, ids=[names for names, _ in CALLS])
def test_field_is_evaluated_once_per_pass(names, calls):
    """Lower orders come with the higher ones, and both fields come together."""
    count = 0

    def fields(point):
        nonlocal count
        count += 1
        return network(0, 3)(point)

    plan = DerivativePlan(tuple(names.split()), PLANE)
    jax.eval_shape(lambda p: plan.evaluate(fields, p, jnp.zeros(2), {"nu": p[0]}), jnp.zeros(3))
    assert count == calls


@pytest.mark.parametrize(
    ("names", "needs"), [("u x", False), ("u_n", True), ("normal u", True), ("grad_u", False)]
)
def test_plan_knows_whether_it_needs_a_normal(names, needs):
    assert DerivativePlan(tuple(names.split()), PLANE).needs_normal is needs


TOGETHER = ("u_xt", "laplacian_v", "v_n", "normal", "t", "nu")


def values_at_five_points(transform):
    plan = DerivativePlan(TOGETHER, PLANE)
    fields = network(2, 3)
    points = jax.random.uniform(jax.random.PRNGKey(0), (5, 3))
    normals = jnp.tile(jnp.array([0.6, 0.8]), (5, 1))
    evaluate = lambda p, n: plan.evaluate(fields, p, n, {"nu": jnp.asarray(0.3)})
    return transform(evaluate)(points, normals)


def one_by_one(function):
    def loop(points, normals):
        rows = [function(p, n) for p, n in zip(points, normals, strict=True)]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    return loop


def test_jit_and_vmap_change_nothing():
    expected = values_at_five_points(one_by_one)
    batched = values_at_five_points(lambda f: jax.jit(jax.vmap(f)))
    assert set(batched) == set(TOGETHER)
    for name, value in batched.items():
        np.testing.assert_allclose(value, expected[name], rtol=HIGH_ORDER, atol=HIGH_ORDER)


def test_single_precision_stays_single():
    plan = DerivativePlan(("u", "u_xxxx", "u_xt", "grad_u", "laplacian_u", "x"), PLANE)
    weights = jnp.ones((2, 3), jnp.float32)
    fields = lambda p: jnp.sin(weights @ p)
    values = jax.eval_shape(lambda p: plan.evaluate(fields, p, p[:2], {}), weights[0])
    assert {str(value.dtype) for value in values.values()} == {"float32"}


def test_function_that_takes_no_keywords_is_called_by_position():
    """`Initial(u=jnp.sin)`: JAX's own functions name their argument x, positional only."""
    assert NamedFunction.of(jnp.sin)({"x": 0.5}) == jnp.sin(0.5)
