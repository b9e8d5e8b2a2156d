"""Networks see scaled coordinates, repeat exactly along periodic ones, and keep hard constraints."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import pinnsven as pv
from pinnsven._basics._precision import precision_context
from pinnsven._calculus._derivatives import taylor
from pinnsven._domains import as_domain
from pinnsven._networks import flat_parameters
from pinnsven._networks._base import Embedding
from pinnsven._networks._mlp import ACTIVATIONS
from pinnsven._networks._model import build_model

ROUNDING = 1e-14  # of a scaled coordinate
SEAM = 1e-12  # of a value or derivative on one side of the seam against the other, relative


class Bilinear(eqx.Module):
    """A user's own network: (inputs,) to (fields,), or to a scalar."""

    weights: jax.Array
    scalar: bool = eqx.field(static=True, default=False)

    def __call__(self, inputs):
        values = jnp.tanh(self.weights @ inputs) * jnp.cos(jnp.sum(inputs))
        return values[0] if self.scalar else values


def bilinear(inputs, fields=1, **options):
    # Drawn by numpy: nothing compiles while tests are collected.
    weights = np.random.default_rng(3).standard_normal((fields, inputs))
    return Bilinear(jnp.asarray(weights), **options)


def model_of(network, domain, fields="u", seed=0) -> Any:
    return build_model(network, as_domain(domain), tuple(fields.split()), jax.random.PRNGKey(seed))


def parameters(model):
    return flat_parameters(model)


# Scaling.

BOUND = st.floats(-1e6, 1e6)


@given(
    bounds=st.lists(st.tuples(BOUND, st.floats(1e-3, 1e6)), min_size=1, max_size=3),
    share=st.floats(0, 1),
)
@settings(max_examples=30, deadline=None)
def test_bounded_coordinates_reach_the_network_within_one(bounds, share):
    pairs = [(low, low + extent) for low, extent in bounds]
    domain = as_domain(pv.Box(**{f"x{i}": pair for i, pair in enumerate(pairs)}))
    point = domain.lower + share * (domain.upper - domain.lower)
    inputs = np.asarray(Embedding(domain)(jnp.asarray(point)))
    size = np.max(np.abs(pairs), axis=1) / (domain.upper - domain.lower)
    np.testing.assert_allclose(inputs, np.full(len(pairs), 2 * share - 1), atol=8e-16 * max(*size, 1))


def test_huge_and_tiny_coordinates_are_scaled_alike():
    embedding = Embedding(pv.Box(x=(0, 1e6)) * pv.Time(0, 1e-6))
    inputs = embedding(jnp.array([7.5e5, 0.25e-6]))
    np.testing.assert_allclose(inputs, [0.5, -0.5], atol=ROUNDING)


def test_network_on_a_huge_interval_is_the_one_on_the_unit_interval():
    """The same function of the scaled coordinate, and it does not saturate."""
    huge, unit = (model_of(bilinear(1), pv.Interval(0, stop)) for stop in (1e6, 1))
    shares = jnp.array([[0.1], [0.5], [0.7], [1.0]])
    values = jax.vmap(unit)(shares)
    np.testing.assert_allclose(jax.vmap(huge)(1e6 * shares), values, rtol=1e-12, atol=1e-13)
    assert np.std(values) > 1e-3


INPUTS = [
    (pv.Interval(0, 1), 1),
    (pv.Time(0, 1), 1),
    (pv.Box(x=(0, 1), y=(0, 1)) * pv.Time(0, 1), 3),
    (pv.Box(x=[(0, 1)] * 5), 5),
    (pv.Box(x=(0, 1), y=(0, 1), periodic="x"), 3),
    (pv.Box(x=[(0, 1)] * 2, y=(0, 1), periodic="x"), 5),
    (pv.Ball((0,) * 4) * pv.Time(0, 1), 5),
]


@pytest.mark.parametrize(("domain", "count"), INPUTS)
def test_number_of_inputs(domain, count):
    embedding = Embedding(as_domain(domain))
    assert embedding.inputs == count
    assert embedding(jnp.asarray(embedding.domain.lower)).shape == (count,)


def test_periodic_coordinate_becomes_a_point_of_the_unit_circle():
    embedding = Embedding(as_domain(pv.Box(x=(1, 3), y=(0, 1), periodic="x")))
    cosine, sine, y = embedding(jnp.array([1.25, 0.5]))
    np.testing.assert_allclose([cosine, sine, y], [-(0.5**0.5), -(0.5**0.5), 0], atol=ROUNDING)


# Periodicity.

STRIP = pv.Box(x=(-1, 2), y=(0, 1), periodic="x") * pv.Time(0, 1)
PERIODIC = [
    pv.MLP(6, 1),
    bilinear(4),
    pv.Ansatz(bilinear(4), lambda u, y, t: y * t * u),
]


@pytest.mark.parametrize("network", PERIODIC, ids=lambda n: type(n).__name__)
def test_values_and_derivatives_agree_across_the_seam(network):
    model = model_of(network, STRIP)
    orders = jax.jit(lambda point: taylor(model, point, jnp.array([1.0, 0.0, 0.0]), 2))
    left, right = (np.array(orders(jnp.array([end, 0.3, 0.8]))) for end in (-1.0, 2.0))
    assert np.all(np.abs(left) > 1e-6)
    np.testing.assert_allclose(left, right, rtol=SEAM, atol=SEAM * np.max(np.abs(left)))


@pytest.mark.parametrize("network", PERIODIC, ids=lambda n: type(n).__name__)
def test_values_repeat_in_every_period(network):
    points = jnp.array([[0.7, 0.3, 0.8], [3.7, 0.3, 0.8], [-5.3, 0.3, 0.8]])
    value, *repeated = jax.vmap(model_of(network, STRIP))(points)
    np.testing.assert_allclose(repeated, [value, value], rtol=SEAM)


def test_periodic_vector_coordinate_repeats_in_every_component():
    model = model_of(bilinear(5), pv.Box(x=[(0, 1), (0, 2)], y=(0, 1), periodic="x"))
    points = jnp.array([[0.2, 1.7, 0.4], [1.2, 1.7, 0.4], [0.2, -0.3, 0.4], [-0.8, 3.7, 0.4]])
    value, *repeated = jax.vmap(model)(points)
    np.testing.assert_allclose(repeated, [value] * 3, rtol=SEAM)
    assert abs(model(points[0].at[2].set(0.9)) - value) > 1e-4  # y does not repeat


# Hard constraints.


def test_ansatz_vanishes_exactly_where_its_factor_does():
    model = model_of(pv.Ansatz(bilinear(1), lambda u, x: x * (1 - x) * u), pv.Interval(0, 1))
    assert model(jnp.array([0.0])) == 0
    assert model(jnp.array([1.0])) == 0
    assert abs(model(jnp.array([0.3]))[0]) > 1e-4


def test_ansatz_meets_an_initial_condition_exactly():
    network = pv.Ansatz(bilinear(2), lambda u, x, t: jnp.sin(x) + t * u)
    model = model_of(network, pv.Interval(0, 1) * pv.Time(0, 1))
    for x in (0.0, 0.3, 1.0):
        np.testing.assert_array_equal(model(jnp.array([x, 0.0])), [jnp.sin(x)])


def test_ansatz_sees_coordinates_of_the_domain_and_every_field():
    """The transform is checked against the bare network."""
    domain = pv.Box(a=(0, 10), x=[(0, 1)] * 2) * pv.Time(0, 4)

    def transform(v, u, a, x, t):
        return a * u + x[1], t * v - x[0]

    point = jnp.array([7.0, 0.25, 0.5, 3.0])
    plain = model_of(bilinear(4, 2), domain, "u v")(point)
    values = model_of(pv.Ansatz(bilinear(4, 2), transform), domain, "u v")(point)
    expected = [7 * plain[0] + 0.5, 3 * plain[1] - 0.25]
    np.testing.assert_allclose(values, expected, rtol=ROUNDING)


DOMAIN = pv.Interval(0, 2) * pv.Time(0, 1)


def test_ansatz_adds_no_parameters():
    plain = model_of(pv.MLP(6, 2), DOMAIN)
    constrained = model_of(pv.Ansatz(pv.MLP(6, 2), lambda u, x: x * u), DOMAIN)
    np.testing.assert_array_equal(parameters(plain), parameters(constrained))


# Networks of all kinds.

KINDS = [
    (pv.MLP(6, 2), "u v", 2 * 6 + 6 + 6 * 6 + 6 + 6 * 2 + 2),
    (pv.MLP(6, 1), "u", 2 * 6 + 6 + 6 + 1),
    (pv.FourierMLP(6, 1, features=2), "u", 6 * 6 + 6 + 6 + 1),
    (pv.SineMLP(6, 1), "u", 2 * 6 + 6 + 6 + 1),
    (pv.Ansatz(pv.SineMLP(6, 1), lambda u: 2 * u), "u", 2 * 6 + 6 + 6 + 1),
    (bilinear(2, 2), "u v", 4),
    (bilinear(2, 1, scalar=True), "u", 2),
    (eqx.nn.MLP(2, 2, 6, 1, key=jax.random.PRNGKey(0)), "u v", 2 * 6 + 6 + 6 * 2 + 2),
    (eqx.nn.MLP(2, "scalar", 6, 1, key=jax.random.PRNGKey(0)), "u", 2 * 6 + 6 + 6 + 1),
]
every_kind = pytest.mark.parametrize(
    ("network", "fields", "count"), KINDS, ids=[type(network).__name__ for network, _, _ in KINDS]
)


@every_kind
def test_network_maps_one_point_to_one_value_per_field(network, fields, count):
    model = model_of(network, DOMAIN, fields)
    points = jax.random.uniform(jax.random.PRNGKey(1), (4, 2))
    batched = jax.vmap(model)(points)
    assert batched.shape == (4, len(fields.split()))
    assert batched.dtype == np.float64
    np.testing.assert_allclose(batched[2], model(points[2]), rtol=1e-12)
    assert np.all(np.std(batched, axis=0) > 1e-6)


@every_kind
def test_number_of_parameters(network, fields, count):
    assert parameters(model_of(network, DOMAIN, fields)).size == count


@every_kind
def test_same_key_gives_the_same_parameters(network, fields, count):
    first, second = (parameters(model_of(network, DOMAIN, fields, seed=5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("network", [pv.MLP(6, 2), pv.FourierMLP(6, 1, features=2), pv.SineMLP(6, 1)])
def test_another_key_gives_other_parameters(network):
    first, second = (parameters(model_of(network, DOMAIN, seed=seed)) for seed in (0, 1))
    assert not np.any((first == second) & (first != 0))


def test_own_networks_are_trained_in_the_precision_of_the_run():
    """Single-precision weights would cap the accuracy of the whole run without a word."""
    single = Bilinear(jnp.ones((1, 2), jnp.float32))
    assert parameters(model_of(single, DOMAIN)).dtype == np.float64
    with precision_context("float32"):
        assert parameters(model_of(bilinear(2), DOMAIN)).dtype == np.float32
        assert parameters(model_of(pv.MLP(6, 1), DOMAIN)).dtype == np.float32


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_by_name_is_the_function_of_that_name(activation):
    by_name = model_of(pv.MLP(6, 1, activation), DOMAIN)
    by_function = model_of(pv.MLP(6, 1, ACTIVATIONS[activation]), DOMAIN)
    point = jnp.array([0.3, 0.9])
    np.testing.assert_array_equal(by_name(point), by_function(point))


def test_perceptron_is_affine_layers_with_the_activation_between():
    model = model_of(pv.MLP(6, 2, "sin"), DOMAIN)
    hidden = np.array([0.3 - 1, 2 * 0.9 - 1])
    *inner, last = [np.asarray(w) for w in model.network.weights]
    for weight in inner:
        hidden = np.sin(weight @ hidden)  # biases start at zero
    np.testing.assert_allclose(model(jnp.array([0.3, 0.9])), last @ hidden, rtol=1e-13)


def test_initial_weights_have_the_variance_of_glorot():
    weights = model_of(pv.MLP(300, 1), DOMAIN).network.weights
    for weight, size in zip(weights, (302, 301), strict=True):
        expected, error = 2 / size, 4 * np.sqrt(2 / weight.size)  # four standard errors
        assert np.var(weight) == pytest.approx(expected, rel=error)


def test_a_first_layer_of_given_scale_has_its_units_all_over_the_domain():
    plain, spread = (model_of(pv.MLP(300, 2, scale=s), DOMAIN).network for s in (None, 3.0))
    first, biases = np.asarray(spread.weights[0]), np.asarray(spread.biases[0])
    error = 4 * np.sqrt(0.5 / first.size)  # four standard errors
    assert np.std(first) == pytest.approx(3.0, rel=error)
    # A unit is centered where w.x + b = 0: somewhere in the square [-1, 1]^2, on all sides of it.
    assert np.all(np.abs(biases) <= np.sum(np.abs(first), axis=1))
    distances = np.abs(biases) / np.linalg.norm(first, axis=1)
    assert np.mean(distances > 0.5) > 0.2
    for mine, others in zip(spread.weights[1:], plain.weights[1:], strict=True):
        np.testing.assert_array_equal(mine, others)


def test_a_scale_for_each_input_is_that_of_its_weights():
    first = np.asarray(model_of(pv.MLP(300, 2, scale=(0.5, 6.0)), DOMAIN).network.weights[0])
    np.testing.assert_allclose(np.std(first, axis=0), (0.5, 6.0), rtol=4 * np.sqrt(0.5 / 300))
    with pytest.raises(ValueError, match="has 2 inputs"):
        model_of(pv.MLP(300, 2, scale=(0.5, 6.0, 1.0)), DOMAIN)


def test_initial_weights_of_sine_networks_have_the_bounds_of_siren():
    network = model_of(pv.SineMLP(300, 1, frequency=10.0), DOMAIN).network
    for weight, bound in zip(network.weights, (5.0, (6 / 300) ** 0.5), strict=True):
        largest = np.max(np.abs(weight))
        assert 0.97 * bound < largest <= bound


def test_frequencies_of_fourier_features_are_not_trained():
    network = model_of(pv.FourierMLP(4, 1, features=200, scale=3.0), DOMAIN).network
    drawn = np.array(network.frequencies)
    assert drawn.shape == (200, 2)
    assert np.std(drawn) == pytest.approx(3.0, rel=0.15)
    assert not isinstance(network.frequencies, jax.Array)


def test_a_separable_network_of_rank_one_is_a_product():
    model = model_of(pv.SeparableMLP(rank=1, width=5, depth=1), pv.Box(x=(0, 1), y=(0, 2), z=(1, 3)))
    at = lambda x, y, z: float(model(jnp.array([x, y, z], float))[0])
    crossed = at(0.1, 0.3, 2.0) * at(0.9, 1.7, 2.0), at(0.1, 1.7, 2.0) * at(0.9, 0.3, 2.0)
    assert crossed[0] == pytest.approx(crossed[1], rel=1e-5)
    assert parameters(model).size == pv.SeparableMLP(rank=1, width=5, depth=1).parameter_count(3, 1)


def test_factors_of_many_dimensions_start_about_one():
    model = model_of(pv.SeparableMLP(), pv.Box(x=[(0, 1)] * 20), "u v")
    points = jnp.asarray(np.random.default_rng(0).random((50, 20)))
    values = np.asarray(jax.vmap(model)(points))
    assert values.shape == (50, 2) and 1e-3 < np.abs(values).max() < 1e3


@pytest.mark.parametrize(
    "given", [{"rank": 0}, {"width": 1.5}, {"depth": True}, {"activation": "tanhh"}]
)
def test_separable_networks_are_refused(given):
    with pytest.raises(ValueError, match=next(iter(given))):
        pv.SeparableMLP(**given)
