"""Solutions that are pushed along what seems free: they come back, or are second answers."""

import copy

import numpy as np
import pytest

import pinnsven as pv

pytestmark = [
    pytest.mark.solves,
    pytest.mark.filterwarnings("ignore:.*may not be determined"),
    pytest.mark.usefixtures("shared_compilations"),
]
ROD = pv.Interval(0, 1)
WALLS = {"walls": pv.Dirichlet(u=0.0)}
LIMIT = 30.0


def solved(*given, **options):
    return pv.solve(pv.Problem(*given, **options), time_limit=LIMIT, progress=False)


def rod(equation):
    return solved(ROD, "u", {"rod": pv.PDE(equation)} | WALLS)


@pytest.fixture(scope="module")
def tanks(shared_compilations):
    """Two tanks of which the second one's start was forgotten."""

    def exchange(a_t, b_t, a, b):
        return a_t - b + a, b_t - a + b

    conditions = {"exchange": pv.PDE(exchange), "start": pv.Initial(a=1.0)}
    return solved(pv.Time(0, 3), "a b", conditions)


def test_a_forgotten_start_shows_another_answer_with_another_start(tanks):
    second = tanks.second_answer
    assert tanks.status is pv.RESULTS.undetermined and second is not None
    assert "solution.second_answer" in tanks.message
    t = np.linspace(0, 3, 40)
    apart = np.stack([second(t=t)[name] - tanks(t=t)[name] for name in "ab"])
    # What the equations leave free, by hand: a - b decays, a + b stays, and a(0) is said.
    free = np.stack([1 - np.exp(-2 * t), 1 + np.exp(-2 * t)])
    np.testing.assert_allclose(apart, free * apart[1, 0] / 2, atol=1e-6)
    assert np.sqrt(np.mean(apart[1] ** 2)) > 0.1
    assert np.abs(second.residual("exchange", t=t)).max() < 1e-6


@pytest.mark.slow
def test_an_eigenfunction_may_have_any_size():
    first = rod(lambda u_xx, u: u_xx + np.pi**2 * u)
    assert first.status is pv.RESULTS.undetermined and first.second_answer is not None
    x = np.linspace(0, 1, 40)
    apart = first.second_answer.u(x=x) - first.u(x=x)
    np.testing.assert_allclose(apart, apart[20] / np.sin(np.pi * x[20]) * np.sin(np.pi * x), atol=1e-6)


def test_what_only_the_nonlinear_terms_hold_is_determined():
    r"""At the fork of $u'' + \pi^2 u - u^3 = 0$ the linearized equation leaves sin(pi x) free."""
    found = rod(lambda u_xx, u: u_xx + np.pi**2 * u - u**3)
    assert found.status is pv.RESULTS.converged, found.message
    assert found.second_answer is None and np.abs(found.u(x=np.linspace(0, 1, 40))).max() < 1e-6


@pytest.mark.slow
def test_an_equation_without_a_linear_part_has_an_answer():
    conditions = {"flat": pv.PDE(lambda u_x: u_x**2), "end": pv.Dirichlet(u=1.0, on="x-")}
    found = solved(ROD, "u", conditions)
    assert found.status is pv.RESULTS.converged, found.message
    np.testing.assert_allclose(found.u(x=np.linspace(0, 1, 40)), 1, atol=1e-6)


@pytest.mark.slow
def test_factors_of_a_product_move_against_each_other():
    def decay(u_t, u, a, b):
        return u_t + a * b * u

    t = np.linspace(0, 1, 20)
    readings = pv.Data({"t": t}, u=np.exp(-2 * t))
    conditions = {"decay": pv.PDE(decay), "start": pv.Initial(u=1.0), "readings": readings}
    first = solved(pv.Time(0, 1), "u", conditions, unknowns={"a": 1.0, "b": 1.0})
    assert first.status is pv.RESULTS.undetermined and first.second_answer is not None
    second = first.second_answer.unknowns
    assert abs(second["a"] / first.unknowns["a"] - 1) > 0.1
    np.testing.assert_allclose(second["a"] * second["b"], 2, rtol=1e-4)


def test_a_second_answer_is_seen_and_neither_saved_nor_copied(tanks, tmp_path):
    figure = tanks.plot()
    labels = [line.get_label() for line in figure.axes[0].lines]
    assert {"a, a second answer", "b, a second answer"} < set(labels)
    with pytest.raises(ValueError, match="second answer has no file"):
        tanks.second_answer.save(tmp_path / "second.pv")
    tanks.save(tmp_path / "first.pv")
    assert pv.load(tmp_path / "first.pv").second_answer is None
    assert copy.deepcopy(tanks).second_answer is None
