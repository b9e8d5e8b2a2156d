"""Products that move in time in place of a network over space and time: when `solve` tries them."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import pinnsven as pv
from helpers import PROBLEMS
from pinnsven._basics._precision import precision_context
from pinnsven._cli import load_problem
from pinnsven._solving._in_time import may_move
from pinnsven._solving._limits import Limits
from pinnsven._solving._moving_products import MovingProducts, free_of_walls
from pinnsven._solving._space_tables import SpaceTables

ASKED = {
    "points": None,
    "weighting": pv.ScaledWeights(),
    "solver": pv.Sven(),
    "drawn": True,
    "refine": True,
    "precision": "float64",
}


def wave_train(end=0.3):
    """Korteweg and de Vries' equation before its front disperses."""
    return pv.Problem(
        pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, end),
        "u",
        {
            "pde": pv.PDE(lambda u, u_t, u_x, u_xxx: u_t + u * u_x + 4.84e-4 * u_xxx),
            "start": pv.Initial(u=lambda x: jnp.cos(jnp.pi * x)),
        },
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"points": 100},
        {"weighting": pv.FixedWeights()},
        {"solver": optax.adam(1e-3)},
        {"drawn": False},
        {"refine": False},
        {"precision": "float32"},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_products_move_where_nothing_is_the_users_own(asked):
    assert may_move(wave_train(), None, Limits(), ASKED)
    assert not may_move(wave_train(), None, Limits(), ASKED | asked)


def test_neither_with_a_network_nor_a_number_of_steps_nor_where_nothing_moves():
    assert not may_move(wave_train(), pv.MLP(), Limits(), ASKED)
    assert not may_move(wave_train(), None, Limits(max_steps=3), ASKED)
    still = pv.Problem(
        pv.Interval(0, 1),
        "u",
        {"pde": pv.PDE(lambda u_xx: u_xx), "walls": pv.Dirichlet(u=0.0, on="x")},
    )
    assert not may_move(still, None, Limits(), ASKED)


def test_a_basis_of_what_walls_leave_free_keeps_fields_apart_that_no_wall_ties():
    rng = np.random.default_rng(0)
    rows = np.zeros((5, 4, 3))  # rows, functions, fields
    rows[:2, :, 0], rows[2:, :, [1, 2]] = rng.standard_normal((2, 4)), rng.standard_normal((3, 4, 2))
    asked = rows.reshape(5, 12)
    held, free, groups = free_of_walls(asked, 3)
    np.testing.assert_allclose(asked @ free, 0, atol=1e-13)
    np.testing.assert_allclose(free.T @ free, np.eye(7), atol=1e-13)
    np.testing.assert_allclose(asked @ held, np.eye(5), atol=1e-12)
    assert sorted(tuple(fields) for fields, _ in groups) == [(0,), (1, 2)]
    for fields, columns in groups:
        others = [field for field in range(3) if field not in fields]
        assert not np.any(free.reshape(4, 3, 7)[:, others][:, :, columns])


@pytest.mark.solves
def test_rates_of_coefficients_are_those_of_the_equation():
    """Of cos(pi x) under u_t = -u u_x - d u_xxx, by hand."""
    with precision_context("float64"):
        problem = wave_train()
        moving = MovingProducts(SpaceTables(problem), problem, np.array([16]))
        assert moving.begin() == "" and moving.rank == moving.params == 17
        at = jnp.linspace(-1, 1, 9)
        rate = moving.rate(jnp.asarray(0.0), moving.start)
        found = [float(moving.fields_at(rate, jnp.stack([x, jnp.asarray(0.0)]))[0]) for x in at]
        c, s = np.cos(np.pi * np.asarray(at)), np.sin(np.pi * np.asarray(at))
        np.testing.assert_allclose(found, np.pi * c * s - 4.84e-4 * np.pi**3 * s, atol=1e-12)
        assert 0.9 < moving.growth([(0.0, moving.parameters(0.0, moving.start))]) < 1.1


@pytest.mark.slow
def test_solve_finds_a_train_of_waves_that_no_drawn_functions_hold():
    problem = load_problem(str(PROBLEMS / "kdv.py"), {"end": 0.6})
    solution = pv.solve(problem, time_limit=90)
    assert solution.status == "converged" and "Another run" in solution.message
    assert solution.error["u"] < 1e-6 and solution.error["u"] < 10 * solution.error_estimate["u"]
