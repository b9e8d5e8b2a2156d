"""Coefficients that jump: found where they matter, and nowhere else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._basics._compiled import Compiler
from pinnsven._solving._coefficients import find_jump
from pinnsven._solving._evidence import jump_words

SQUARE = pv.Box(x=(0, 1), y=(0, 1))
KNOTS = np.linspace(-1, 1, 9)
WALLS = {"walls": pv.Dirichlet(u=0.0)}


def found(domain, function, **options):
    conditions = {"heat": pv.PDE(function), **WALLS}
    if isinstance(domain, pv.Time) or getattr(domain, "time", None) is not None:
        conditions["start"] = pv.Initial(u=0.0)
    problem = pv.Problem(domain, "u", conditions, **options)
    return find_jump(problem.blocks, problem.unknowns, Compiler(lambda name: None).compile)


# name: domain, condition, the factor before and after, the axis and the place
JUMPS = {
    "two layers": (
        SQUARE,
        lambda laplacian_u, y: jnp.where(y > 0.6, 400.0, 1.38) * laplacian_u,
        1.38,
        400,
        1,
        0.6,
    ),
    "one dimension": (
        pv.Interval(-1, 2),
        lambda u_xx, x: (1 + 9 * (x > 0.7).astype(x.dtype)) * u_xx - 1,
        1,
        10,
        0,
        0.7,
    ),
    "in steps": (
        pv.Interval(0, 1),
        lambda u_xx, x: (1 + jnp.floor(2.5 * x)) * u_xx,
        None,
        None,
        0,
        None,
    ),
    "by sign": (pv.Interval(-1, 1), lambda u_xx, x: (2 + jnp.sign(x - 0.3)) * u_xx, 1, 3, 0, 0.3),
    "of a hundredth": (
        pv.Interval(0, 1),
        lambda u_xx, x: jnp.where(x < 0.5, 1.0, 1.01) * u_xx,
        1,
        1.01,
        0,
        0.5,
    ),
    "divided": (
        pv.Interval(0, 1),
        lambda u_xx, x: u_xx / jnp.where(x < 0.5, 1.0, 2.0) - 1,
        1,
        0.5,
        0,
        0.5,
    ),
    "in units of 1e-9": (
        pv.Interval(0, 1e-9),
        lambda u_xx, x: jnp.where(x < 4e-10, 1e9, 3e9) * u_xx,
        1e9,
        3e9,
        0,
        4e-10,
    ),
    "in time": (
        pv.Interval(0, 1) * pv.Time(0, 2),
        lambda u_t, u_xx, x: u_t - jnp.where(x < 0.5, 1.0, 0.1) * u_xx,
        1,
        0.1,
        0,
        0.5,
    ),
    "a wave's": (
        pv.Interval(0, 1) * pv.Time(0, 2),
        lambda u_tt, u_xx, t: jnp.where(t < 1.5, 1.0, 2.0) * u_tt - u_xx,
        1,
        2,
        1,
        1.5,
    ),
    "of what moves": (
        pv.Interval(0, 1) * pv.Time(0, 2),
        lambda u_t, u_x, x: u_t + jnp.where(x < 0.25, 1.0, 2.0) * u_x,
        1,
        2,
        0,
        0.25,
    ),
    "with an unknown": (
        pv.Interval(0, 1),
        lambda u_xx, x, k: jnp.where(x < 0.5, k, 1.0) * u_xx,
        3,
        1,
        0,
        0.5,
    ),
}


@pytest.mark.filterwarnings("ignore:.*may not be determined")
@pytest.mark.parametrize("name", JUMPS)
def test_a_jump_is_found_at_its_place(name):
    domain, function, before, after, axis, place = JUMPS[name]
    options = {"unknowns": {"k": 3.0}} if name == "with an unknown" else {}
    jump = found(domain, function, **options)
    assert jump is not None and jump.axis == axis and jump.condition == "heat"
    if place is not None:
        np.testing.assert_allclose([jump.before, jump.after], [before, after])
        np.testing.assert_allclose(jump.point[axis], place, rtol=1e-6)


FINE = {
    "constant": (SQUARE, lambda laplacian_u: laplacian_u),
    "smooth": (SQUARE, lambda laplacian_u, x, y: (1 + x * y) * laplacian_u),
    "steep, but smooth": (
        pv.Interval(0, 1),
        lambda u_xx, x: (1 + 99 / (1 + jnp.exp(-2e3 * (x - 0.3)))) * u_xx,
    ),
    "a kink": (pv.Interval(0, 1), lambda u_xx, x: (1 + jnp.abs(x - 0.3)) * u_xx),
    "a source that jumps": (pv.Interval(0, 1), lambda u_xx, x: u_xx - jnp.where(x < 0.5, 1.0, 5.0)),
    "a reaction that jumps": (
        pv.Interval(0, 1),
        lambda u_xx, u, x: u_xx - jnp.where(x < 0.5, 1.0, 5.0) * u,
    ),
    "a factor of u_xx that jumps in time": (
        pv.Interval(0, 1) * pv.Time(0, 1),
        lambda u_t, u_xx, t: u_t - jnp.where(t < 0.5, 1.0, 5.0) * u_xx,
    ),
    "a flux as a field": (
        pv.Interval(0, 1),
        lambda u, u_x, x: u + jnp.where(x < 0.5, 1.0, 5.0) * u_x,
    ),
    "a factor of u_xx that jumps along y": (
        SQUARE,
        lambda u_xx, u_yy, y: jnp.where(y < 0.5, 1.0, 5.0) * u_xx + u_yy,
    ),
}


@pytest.mark.filterwarnings("ignore:.*may not be determined")
@pytest.mark.parametrize("name", FINE)
def test_what_a_smooth_network_can_meet_is_no_jump(name):
    assert found(*FINE[name]) is None


def halves(left, right):
    """A rod with an equation of its own on either side of x = 0.3."""
    conditions = {
        "left": pv.PDE(left, on=lambda x: x < 0.3),
        "right": pv.PDE(right, on=lambda x: x >= 0.3),
        **WALLS,
    }
    return pv.Problem(pv.Interval(0, 1), "u", conditions)


def test_a_jump_between_two_equations_is_one():
    problem = halves(lambda u_xx: 1.38 * u_xx - 1, lambda u_xx, x: 400 * u_xx + x)
    jump = find_jump(problem.blocks, {}, Compiler(lambda name: None).compile)
    assert jump is not None and jump.derivative == "u_xx"
    np.testing.assert_allclose([jump.before, jump.after, jump.point[0]], [1.38, 400, 0.3])


def test_two_equations_with_one_coefficient_have_no_jump():
    problem = halves(lambda u_xx, u: (1 + u * u) * u_xx - 1, lambda u_xx, u, x: (1 + u * u) * u_xx + x)
    assert find_jump(problem.blocks, {}, Compiler(lambda name: None).compile) is None


def test_a_jump_outside_the_domain_does_not_matter():
    domain = pv.Box(x=(0, 1), y=(0, 1)) - pv.Box(x=(0.3, 1), y=(0.3, 1))
    corner = lambda laplacian_u, x, y: jnp.where((x > 0.5) & (y > 0.5), 2.0, 1.0) * laplacian_u
    assert found(domain, corner) is None


def test_the_message_names_both_factors_the_place_and_the_remedy():
    domain, function, *_ = JUMPS["two layers"]
    words = jump_words(
        found(domain, function), pv.Problem(domain, "u", {"p": pv.PDE(function), **WALLS}).domain
    )
    for phrase in ("laplacian_u", "'heat'", "1.38", "400", "y = 0.6", "interface", "pv.Condition"):
        assert phrase in words


def on_a_rod(function, reach=None):
    problem = pv.Problem(pv.Interval(-1, 1), "u", {"heat": pv.PDE(function), **WALLS})
    return find_jump(problem.blocks, {}, Compiler(lambda name: None).compile, reach)


def test_a_jump_in_the_values_of_a_field_is_found_where_the_solution_has_them():
    def melting(u, u_xx):
        return jnp.where(u > 0.3, 0.6, 2.2) * u_xx

    jump = on_a_rod(melting, lambda: {"u": (-2.0, 5.0)})
    assert jump is not None and jump.value is not None
    assert (jump.before, jump.after) == (2.2, 0.6)
    np.testing.assert_allclose(jump.value[1], 0.3, atol=1e-9)
    domain = pv.Problem(pv.Interval(-1, 1), "u", {"p": pv.PDE(melting), **WALLS}).domain
    assert "at u = 0.3:" in jump_words(jump, domain)
    assert on_a_rod(melting, lambda: {"u": (0.4, 5.0)}) is None
    assert on_a_rod(lambda u, u_xx: (1 + u**2) * u_xx, lambda: {"u": (-2.0, 5.0)}) is None
    assert on_a_rod(lambda u, u_xx: jnp.maximum(u, 0.1) * u_xx, lambda: {"u": (-2.0, 5.0)}) is None


def stepwise(x):
    return jnp.log(jnp.where(x < 0.4, 1.0, 5.0))


@pytest.mark.parametrize(
    "function, place",
    [
        (lambda u_xx, u_x, x: u_xx + jax.grad(stepwise)(x) * u_x, 0.4),
        (lambda u_xx, u, x: u_xx + jax.grad(jax.grad(lambda y: jnp.abs(y - 0.2)))(x) * u, 0.2),
        (lambda u_xx, u, x: u_xx + jax.grad(jnp.floor)(2 * x - 0.1) * u, None),
        (lambda u_xx, u_x, x: u_xx + jax.jit(jax.grad(stepwise))(x) * u_x, 0.4),
    ],
)
def test_a_slope_that_a_jump_has_and_its_derivative_has_not_is_found(function, place):
    jump = on_a_rod(function)
    assert jump is not None and jump.lost
    if place is not None:
        np.testing.assert_allclose(jump.point, [place], atol=1e-9)
    assert "takes the slope of what jumps" in str(jump)


@pytest.mark.parametrize(
    "function",
    [
        lambda u_xx, u, x: u_xx + jax.grad(lambda y: jnp.abs(y) ** 3)(x) * u,
        lambda u_xx, u, x: u_xx + jax.grad(lambda y: jnp.where(y < 0, 0.0, y))(x) * u,
        lambda u_xx, u, x: u_xx + jax.grad(lambda y: jnp.sin(2 * jnp.pi * jnp.mod(y, 1.0)))(x) * u,
        lambda u_xx, u, x: u_xx + jax.grad(lambda y: jnp.interp(y, KNOTS, KNOTS**2))(x) * u,
        lambda u_xx, u, x: u_xx + jax.grad(lambda y: jnp.logaddexp(y, 0.0))(x) * u,
    ],
)
def test_slopes_of_what_is_continuous_lose_nothing(function):
    assert on_a_rod(function) is None


@pytest.mark.slow
def test_an_equation_with_a_jump_is_solved_and_not_called_converged(shared_compilations):
    """-(k u')' = 0 with u(0) = 0, u(1) = 1: u' would have to jump, and in strong form it does not."""
    problem = pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_xx, x: jnp.where(x < 0.5, 1.0, 10.0) * u_xx),
            "cold": pv.Dirichlet(u=0.0, on="x-"),
            "warm": pv.Dirichlet(u=1.0, on="x+"),
        },
    )
    solution = pv.solve(problem, network=pv.MLP(8, 1), points=64, max_steps=60, tolerance=1e-5)
    assert solution.status == "unresolved" and "jumps from 1 to 10" in solution.message
