"""Sweeps over seeds and constants."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv


def decay(**more):
    conditions = {"pde": pv.PDE(lambda u_t, u, k: u_t + k * u), "start": pv.Initial(u=1.0)}
    exact = lambda t, k: jnp.exp(-k * t)
    return pv.Problem(pv.Time(0, 1), "u", conditions, constants={"k": 1.0}, exact=exact, **more)


@pytest.fixture(scope="module")
def swept():
    return pv.sweep(decay(), seeds=[3, 5], k=[1.0, 2.0, 3.0], estimate_error=False)


@pytest.mark.solves
def test_every_combination_is_solved_in_order(swept):
    assert swept.shape == (3, 2) and len(swept) == 6
    np.testing.assert_array_equal(swept.axes["seed"], [3, 5])
    t = np.array([0.2, 0.7])
    expected = np.exp(-np.array([1.0, 2.0, 3.0])[:, None, None] * t) + np.zeros((3, 2, 2))
    np.testing.assert_allclose(swept.values("u", t=t), expected, rtol=1e-6)
    assert swept.at(k=2.0, seed=5) is swept[3]
    assert swept.at(k=2.0, seed=5).error < 1e-6


@pytest.mark.solves
def test_what_one_has_compiled_serves_the_others(swept):
    class Counted(pv.Callback):
        compiled = 0

        def on_compile(self, what):
            self.compiled += 1

    counted = Counted()
    again = pv.sweep(decay(), seeds=[3], k=[1.0, 3.0], estimate_error=False, callbacks=(counted,))
    assert len(again) == 2 and swept.shape == (3, 2) and counted.compiled == 0


@pytest.mark.solves
def test_the_table_has_a_row_for_each(swept):
    table = swept.to_xarray()
    assert table["error_u"].dims == ("k", "seed") and table["error_u"].shape == (3, 2)
    assert float(table["error_u"].sel(k=2.0, seed=5)) == swept[3].error["u"]
    assert str(swept).count("\n") == 8 and "converged" in str(swept)


@pytest.mark.solves
def test_the_spread_is_over_seeds(swept):
    spread = swept.spread("u", t=np.array([0.5]))
    assert spread.shape == (3, 1) and np.all(spread < 1e-6)
    pair = swept.values("u", t=np.array([0.5]))
    np.testing.assert_allclose(
        spread, np.abs(pair[:, 0] - pair[:, 1]) / np.sqrt(2), rtol=1e-6, atol=1e-18
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seeds": 0}, "seeds=0"),
        ({"seeds": [1, 1]}, "different"),
        ({"seeds": "ab"}, "seeds='ab'"),
        ({"k": 2.0}, "sequence of numbers"),
        ({"k": []}, "sequence of numbers"),
        ({"k": [np.nan]}, "k="),
        ({"nu": [1.0]}, "no constant of the problem, which has k"),
        ({"tolerence": 1e-3}, "Did you mean 'tolerance'"),
        ({"time_limit": -1}, "time_limit"),
    ],
)
def test_refused(given, words):
    with pytest.raises(ValueError, match=words):
        pv.sweep(decay(), **given)


@pytest.mark.solves
def test_a_value_that_was_not_solved_is_named(swept):
    for asked, words in (
        ({"k": 9.0, "seed": 3}, "k=9.0 was not"),
        ({"nu": 1}, "no axis"),
        ({}, "give k="),
    ):
        with pytest.raises(ValueError, match=words):
            swept.at(**asked)
