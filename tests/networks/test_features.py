"""Functions of coordinates as inputs: what they satisfy, what is refused, what a file keeps of them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import model_of
from pinnsven._domains import as_domain
from pinnsven._networks import CornerPowers, Embedding, HeatProfile, Layer
from pinnsven._networks._features import NamedFeature, feature_values

LINE = as_domain(pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1))
WALLS = as_domain(pv.Interval(-1, 1) * pv.Time(0, 1))


def derivative(function, point, *axes):
    """A derivative of the first value by finite differences of automatic ones, by jax.grad."""
    value = lambda p: function(p)[0]
    for axis in axes:
        value = (lambda f, a: lambda p: jax.grad(f)(p)[a])(value, axis)
    return float(value(jnp.asarray(point)))


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_heat_profile_solves_the_heat_equation_from_its_corner(order):
    profile = HeatProfile(0, 0.25, order, 0.07, 0.0, 1, 2.0, False)
    for place, t in ((0.3, 0.2), (0.1, 0.01), (-0.7, 1.0), (0.25, 0.5)):
        rate = derivative(profile, [place, t], 1)
        assert rate == pytest.approx(0.07 * derivative(profile, [place, t], 0, 0), rel=1e-9, abs=1e-12)
    s = np.array([-0.4, 0.3])
    begun = [float(profile(jnp.array([0.25 + d, 0.0]))[0]) for d in s]
    np.testing.assert_allclose(begun, np.sign(s) * s**order if order != 1 else np.abs(s), rtol=1e-12)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_heat_profile_on_a_ring_is_periodic_and_smooth_across_from_its_corner(order):
    profile = HeatProfile(0, -1.0, order, 1e-3, 0.0, 1, 2.0, True)
    ends = [[derivative(profile, [x, 0.4], *(0,) * k) for k in range(3)] for x in (-0.6, 1.4)]
    np.testing.assert_allclose(*ends, rtol=1e-9, atol=1e-12)
    across = [derivative(profile, [x, 0.01], 0, 0) for x in (-1e-6, 1e-6)]
    np.testing.assert_allclose(*across, rtol=1e-2, atol=1e-4)


@pytest.mark.slow
def test_powers_about_a_corner_are_harmonic_and_follow_the_edges():
    """r^(2/3) sin(2 theta / 3) on the L vanishes on both edges of its corner."""
    middle, power = 0.75 * np.pi, 2 / 3
    found = CornerPowers((0.0, 0.0), middle, (power,), True)
    for place in ([0.3, 0.4], [-0.5, 0.1], [-0.2, -0.7]):
        for k in range(4):
            second = jax.hessian(lambda p, k=k: found(p)[k])(jnp.array(place))
            assert float(jnp.trace(second)) == pytest.approx(0, abs=1e-12)
    edges = [found(jnp.array(p)) for p in ([0.5, 0.0], [0.0, -0.5])]
    turned = power * 0.75 * np.pi
    for part, sign in zip(edges, (-1, 1), strict=True):
        dirichlet = part[0] * np.sin(turned) * sign * -1 + part[1] * np.cos(turned)
        assert abs(float(dirichlet)) < 1e-14
    assert np.all(np.isfinite(found(jnp.zeros(2))))


def test_a_layer_decays_over_its_thickness_and_its_places_lie_in_it():
    layer = Layer(0, 1.0, -1, 1e-3)
    assert float(layer(jnp.array([1 - 1e-3]))[0]) == pytest.approx(np.exp(-1))
    places = layer.across(np.linspace(0, 1, 1000), np.random.default_rng(0))
    assert np.all((places <= 1) & (places >= 0)) and np.median(1 - places) < 5e-3


def test_features_follow_the_coordinates_scaled_to_their_range():
    features = (HeatProfile(0, 0.0, 1, 0.1, 0.0, 1, 2.0, False),)
    embedding = Embedding(WALLS, features)
    points = np.random.default_rng(0).uniform([-1, 0], [1, 1], (500, 2))
    found = embedding.at(points)
    assert embedding.inputs == 3 and np.max(np.abs(found[:, 2])) <= 1.05
    np.testing.assert_allclose(found, jax.vmap(embedding)(jnp.asarray(points)), atol=1e-14)


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (lambda x: x / 0, "is"),
        (lambda x: 0 * x + 2, "same everywhere"),
        (lambda: 1.0, "names no coordinate"),
        (lambda z: z, "asks for 'z'"),
        (lambda x: jnp.stack([x, x]), "return a scalar"),
        (3.0, "give a function"),
    ],
)
def test_a_feature_that_says_nothing_is_refused(feature, words):
    conditions = {"pde": pv.PDE(lambda u_xx: u_xx), "walls": pv.Dirichlet(u=0.0, on="x")}
    problem = pv.Problem(pv.Interval(0, 1), "u", conditions, network=pv.MLP(features={"odd": feature}))
    with pytest.raises(ValueError, match=f"odd.*{words}"):
        pv.solve(problem, max_steps=1)


def test_features_that_are_no_dict_are_refused():
    with pytest.raises(ValueError, match="give a dict"):
        pv.MLP(features=lambda x: x)


@pytest.mark.slow
def test_a_solution_with_found_features_comes_back_from_its_file(tmp_path):
    conditions = {
        "heat": pv.PDE(lambda u_t, u_xx: u_t - 0.1 * u_xx),
        "start": pv.Initial(u=0.0),
        "walls": pv.Dirichlet(u=1.0, on="x"),
    }
    problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
    solution = pv.solve(problem, pv.MLP(6, 1), points=64, max_steps=3, estimate_error=False)
    assert "a jump of u between the start and the wall" in solution.message
    solution.save(tmp_path / "s.pv")
    found = pv.load(tmp_path / "s.pv")
    places = {"x": np.linspace(0, 1, 5), "t": np.linspace(0.1, 1, 5)}
    np.testing.assert_array_equal(found(**places), solution(**places))


@pytest.mark.slow
def test_a_network_that_names_its_features_is_given_no_others():
    conditions = {
        "heat": pv.PDE(lambda u_t, u_xx: u_t - 0.1 * u_xx),
        "start": pv.Initial(u=0.0),
        "walls": pv.Dirichlet(u=1.0, on="x"),
    }
    problem = pv.Problem(pv.Interval(0, 1) * pv.Time(0, 1), "u", conditions)
    network = pv.MLP(6, 1, features={})
    solution = pv.solve(problem, network, points=64, max_steps=2, estimate_error=False)
    assert "Inputs were added" not in solution.message
    own = dataclasses.replace(network, features={"squared": lambda x: x**2})
    solution = pv.solve(problem, own, points=64, max_steps=2, estimate_error=False)
    assert model_of(solution).embedding.inputs == 3


def test_what_a_users_feature_closes_over_may_change():
    times = [2.0]
    feature = NamedFeature("f", lambda x: times[0] * x, as_domain(pv.Interval(0, 1)))
    places = np.linspace(0, 1, 5)[:, None]
    np.testing.assert_array_equal(feature_values((feature,), places), 2 * places)
    times[0] = 3.0
    np.testing.assert_array_equal(feature_values((feature,), places), 3 * places)
