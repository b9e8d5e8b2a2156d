"""What scatter leaves open: bands around the fields, errors of unknowns, unknowns that go together."""

import jax.numpy as jnp
import matplotlib.colors
import numpy as np
import pytest

import pinnsven as pv
from helpers import SMALL

pytestmark = pytest.mark.usefixtures("shared_compilations")

X = np.linspace(0.02, 0.98, 20)
NOISE = 0.1
READINGS = np.sin(np.pi * X) + NOISE * np.random.default_rng(1).standard_normal(20)
PLACES = np.array([0.1, 0.5, 0.77])


def waves(x):
    return np.stack([np.sin(np.pi * x), np.cos(np.pi * x)], axis=1)


def vibration(noise):
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, u: u_xx + jnp.pi**2 * u),
            "readings": pv.Data({"x": X}, u=READINGS, noise=noise),
        },
        exact=lambda x: jnp.sin(jnp.pi * x),
        name="vibration",
    )


@pytest.fixture(scope="module", params=[1.0, 3.0, 0.0], ids=["stated", "overstated", "not stated"])
def vibrating(request):
    """The share of the noise that was stated, and the solution."""
    found = pv.solve(
        vibration(request.param * NOISE), network=SMALL, points=64, max_steps=300, tolerance=1e-5
    )
    return request.param, found


@pytest.mark.solves
def test_bands_are_those_of_linear_regression_on_the_equations_solutions(vibrating):
    """u = a sin(pi x) + b cos(pi x): two coefficients from twenty readings."""
    stated, found = vibrating
    fit, squares, *_ = np.linalg.lstsq(waves(X), READINGS)
    inverse = np.linalg.inv(waves(X).T @ waves(X))
    scatter = np.sqrt(squares[0] / 18) if stated != 1 else NOISE
    expected = scatter * np.sqrt(np.sum((waves(PLACES) @ inverse) * waves(PLACES), axis=1))
    np.testing.assert_allclose(found.standard_error(x=PLACES), expected, rtol=0.1)
    np.testing.assert_allclose(found(x=PLACES), waves(PLACES) @ fit, atol=0.2 * expected.max())


@pytest.mark.solves
def test_the_estimate_holds_the_scatter_and_the_message_says_so(vibrating):
    stated, found = vibrating
    assert 0.3 < found.error_estimate["u"] / found.error["u"] < 10
    if stated:
        assert found.status == "converged"
        assert "scatter of the readings is the limit" in found.message
    else:
        assert found.status != "converged"
        assert "Readings alone are not met" in found.message and "noise=" in found.message


@pytest.mark.solves
def test_bands_are_kept_in_a_file_and_drawn(vibrating, tmp_path):
    _, found = vibrating
    path = tmp_path / "s.pv"
    found.save(path)
    loaded = pv.load(path)
    again, before = (np.asarray(s.standard_error(x=PLACES)) for s in (loaded, found))
    np.testing.assert_allclose(again, before, rtol=1e-12)
    axis = found.plot().axes[0]
    (band,) = axis.collections
    assert matplotlib.colors.same_color(band.get_facecolor()[0][:3], axis.lines[0].get_color())
    heights = band.get_paths()[0].vertices[:, 1]
    top = found(x=0.5) + 1.96 * found.standard_error(x=0.5)
    assert heights.max() > top - 0.01


@pytest.mark.solves
def test_without_readings_there_is_no_standard_error():
    problem = pv.Problem(
        pv.Time(0, 1), "u", {"ode": pv.PDE(lambda u_t, u: u_t + u), "start": pv.Initial(u=1.0)}
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=2)
    with pytest.raises(ValueError, match=r"only pv\.Data that .* leaves a standard error"):
        found.standard_error(t=0.5)


@pytest.mark.slow
def test_two_readings_for_two_constants_leave_what_their_noise_says():
    """u'' = 0 from two readings: nothing is left over that could contradict a stated noise."""
    x = np.array([0.4, 0.6])
    problem = pv.Problem(
        pv.Interval(0, 1),
        "u",
        {"line": pv.PDE(lambda u_xx: u_xx), "readings": pv.Data({"x": x}, u=[1.4, 1.7], noise=0.1)},
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=100, tolerance=1e-5)
    design = np.stack([np.ones(2), x], axis=1)
    covariance = 0.01 * np.linalg.inv(design.T @ design)
    expected = np.sqrt([1.0, 0.9] @ covariance @ [1.0, 0.9])
    np.testing.assert_allclose(np.asarray(found.standard_error(x=0.9)), expected, rtol=0.05)


T = np.linspace(0, 1, 21)
TOGETHER = {
    "product": (lambda u_t, u, a, b: u_t + a * b * u, "only a b is determined", -1.0),
    "ratio": (lambda u_t, u, a, b: u_t + 2 * a / b * u, "only a / b is determined", 1.0),
    "sum": (lambda u_t, u, a, b: u_t + (a + b) * u, "only a + b is determined", -1.0),
}


@pytest.mark.solves
@pytest.mark.parametrize(
    "kind", ["product", *[pytest.param(k, marks=pytest.mark.slow) for k in ("ratio", "sum")]]
)
def test_unknowns_that_cannot_be_told_apart_are_named_with_what_is_known_of_them(kind):
    function, phrase, correlation = TOGETHER[kind]
    problem = pv.Problem(
        pv.Time(0, 1),
        "u",
        {"ode": pv.PDE(function), "readings": pv.Data({"t": T}, u=np.exp(-2 * T))},
        unknowns={"a": 1.0, "b": 1.0} if kind != "sum" else {"a": 0.5, "b": 0.9},
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=60, tolerance=1e-5)
    assert found.status == "undetermined" and phrase in found.message
    assert all(np.isinf(value.standard_error) for value in found.unknowns.values())
    assert found.unknowns.correlation[0, 1] == pytest.approx(correlation, abs=0.01)


@pytest.mark.slow
def test_an_unknown_that_no_residual_sees_is_not_determined():
    problem = pv.Problem(
        pv.Time(0, 1),
        "u",
        {"ode": pv.PDE(lambda u_t, u, k: u_t + u + 0 * k), "start": pv.Initial(u=1.0)},
        unknowns={"k": 1.0},
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=40, tolerance=1e-5)
    assert found.status == "undetermined" and "k is not determined" in found.message
    assert np.isinf(found.unknowns["k"].standard_error)


@pytest.mark.solves
def test_a_further_reading_helps_a_field_as_linear_regression_says(vibrating):
    stated, found = vibrating
    _, squares, *_ = np.linalg.lstsq(waves(X), READINGS)
    scatter = np.sqrt(squares[0] / 18) if stated != 1 else NOISE
    covariance = scatter**2 * np.linalg.inv(waves(X).T @ waves(X))
    reading, everywhere = waves(PLACES), waves(np.linspace(0, 1, 2001))
    removed = np.mean((everywhere @ covariance @ reading.T) ** 2, axis=0)
    removed /= 0.02**2 + np.sum((reading @ covariance) * reading, axis=1)
    expected = removed / np.mean(np.sum((everywhere @ covariance) * everywhere, axis=1))
    np.testing.assert_allclose(found.reading_gain("u", u=0.02, x=PLACES), expected, rtol=0.1)


@pytest.fixture(scope="module")
def sloping():
    """u = a + k t from readings at early times, so that late ones would tell more of k."""
    times, noise = np.linspace(0, 0.5, 11), 0.1
    values = 1 + 2 * times + noise * np.random.default_rng(5).standard_normal(11)
    problem = pv.Problem(
        pv.Time(0, 2),
        "u",
        {
            "ode": pv.PDE(lambda u_t, k: u_t - k),
            "readings": pv.Data({"t": times}, u=values, noise=noise),
        },
        unknowns={"k": pv.Unknown(1.0, bounds=(0, None))},
    )
    return times, noise, pv.solve(problem, network=SMALL, points=64, max_steps=200, tolerance=1e-5)


@pytest.mark.solves
def test_a_further_reading_helps_an_unknown_as_linear_regression_says(sloping, tmp_path):
    times, noise, found = sloping
    rows = np.stack([np.ones(11), times], axis=1)
    before = noise**2 * np.linalg.inv(rows.T @ rows)
    at = np.array([0.0, 0.5, 2.0])
    expected = []
    for time in at:
        more = np.concatenate([rows, [[1, time]]])
        expected.append(1 - noise**2 * np.linalg.inv(more.T @ more)[1, 1] / before[1, 1])
    found.save(tmp_path / "slope.pv")
    for solution in (found, pv.load(tmp_path / "slope.pv")):
        np.testing.assert_allclose(solution.reading_gain("k", u=noise, t=at), expected, rtol=0.03)
    assert np.argmax(expected) == 2


@pytest.mark.solves
@pytest.mark.parametrize(
    ("of", "given", "words"),
    [
        ("k", {"t": 1.0}, "name one field with the standard deviation"),
        ("k", {"u": -1.0, "t": 1.0}, "is positive"),
        ("w", {"u": 0.1, "t": 1.0}, "give one of k, u|give one of k and u"),
        ("k", {"u": 0.1, "x": 1.0}, "x"),
    ],
)
def test_a_gain_that_cannot_be_told_is_refused(sloping, of, given, words):
    with pytest.raises(ValueError, match=words):
        sloping[2].reading_gain(of, **given)
