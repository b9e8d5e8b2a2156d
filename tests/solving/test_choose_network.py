"""The network that a problem gets which names none: by the kind of its equations."""

from typing import Any

import jax.numpy as jnp
import pytest

import pinnsven as pv
from helpers import decay, solve
from pinnsven._solving._choose_network import network_for

SQUARE = pv.Box(x=(0, 1), y=(0, 1))
ROD = pv.Interval(0, 2) * pv.Time(0, 3)
RING = pv.Interval(0, 2, periodic=True) * pv.Time(0, 3)


def chosen(domain, pde, fields="u", **options):
    return network_for(pv.Problem(domain, fields, {"pde": pv.PDE(pde)}, **options))


@pytest.mark.parametrize(
    ("domain", "pde", "wanted"),
    [
        (SQUARE, lambda laplacian_u, x: laplacian_u + jnp.sin(x), pv.MLP(20, 2)),
        (ROD, lambda u_t, u_xx, x: u_t - jnp.exp(x) * u_xx, pv.MLP(20, 2)),
        (SQUARE * pv.Time(0, 1), lambda u_t, laplacian_u: u_t - laplacian_u, pv.MLP(24, 2)),
        (pv.Box(x=[(0, 1)] * 4), lambda laplacian_u, u: laplacian_u - u**3, pv.MLP(32, 2)),
        (ROD, lambda u_tt, u_xx: u_tt - u_xx, pv.MLP(24, 2, scale=1.3)),
        (SQUARE, lambda u_xx, u_yy, u: u_xx + u_yy + 9 * u, pv.MLP(28, 2, scale=1.3)),
        (SQUARE, lambda u_xx, u_yy, u: u_xx + u_yy - 9 * u, pv.MLP(20, 2)),
        (RING, lambda u_t, u_x: 2 * u_t + 8 * u_x, pv.MLP(20, 3, scale=(0.8, 0.8, 7.5))),
        (ROD, lambda u_t, u_x: u_t + 0.1 * u_x, pv.MLP(20, 3, scale=(0.8, 0.8))),
        (ROD, lambda u_t, u_x, u_xx, u: u_t + u * u_x - u_xx, pv.MLP(20, 4)),
        (RING, lambda u_t, u_x, u_xxx, u: u_t + u * u_x + u_xxx, pv.MLP(30, 4)),
        (RING, lambda u_t, u: u_t - u * (1 - u), pv.MLP(20, 3)),
        (pv.Time(0, 1), lambda u_t, u: u_t + u**2, pv.MLP(20, 2)),
    ],
)
@pytest.mark.filterwarnings("ignore:the answer may not be determined")
def test_the_kind_of_the_equation_decides(domain, pde, wanted):
    assert chosen(domain, pde) == wanted


@pytest.mark.filterwarnings("ignore:the answer may not be determined")
def test_a_product_with_an_unknown_is_affine_in_the_field():
    pde = lambda u_t, u_xx, k: u_t - k * u_xx
    assert chosen(ROD, pde, unknowns={"k": 2.0}) == pv.MLP(20, 2)


@pytest.mark.slow
def test_the_network_of_the_problem_and_that_of_the_call_come_first():
    assert network_for(decay(network=pv.MLP(5, 1))) == pv.MLP(5, 1)
    assert network_for(decay()) == pv.MLP(20, 2)
    short = {"network": None, "max_steps": 1}
    for problem, count in ((decay(), 2 * 20 + 21 * 20 + 21), (decay(network=pv.MLP(5, 1)), 16)):
        evaluator: Any = solve(problem, **short).evaluator
        assert len(evaluator.parameters()) == count
