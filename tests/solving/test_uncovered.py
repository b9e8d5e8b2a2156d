"""What no condition covers is found in the declaration; what is determined is not taken for open."""

import jax
import jax.numpy as jnp
import pytest

import pinnsven as pv
from pinnsven._basics._compiled import Compiler
from pinnsven._solving._uncovered import uncovered as uncovered_by

pytestmark = pytest.mark.filterwarnings("ignore:.*may not be determined")
ROD = pv.Interval(0, 1)
SQUARE = pv.Box(x=(0, 1), y=(0, 1))
RING = pv.Interval(0, 1, periodic=True) * pv.Time(0, 1)
FILM = ROD * pv.Time(0, 1)


def declared(domain, equations, conditions, fields="u", **options):
    """What makes a problem: many warn of what is missing."""
    if callable(equations):
        equations = {"pde": pv.PDE(equations)}
    return lambda: pv.Problem(domain, fields, equations | conditions, **options)


def held(*sides, value=0.0):
    return {f"at {side}": pv.Dirichlet(u=value, on=side) for side in sides}


def halves(gap):
    left = pv.PDE(lambda u_xx: u_xx, on=lambda x: x < 0.5 - gap)
    return {"left": left, "right": pv.PDE(lambda u_xx: u_xx, on=lambda x: x >= 0.5 + gap)}


def window(width):
    return held("x", "y-") | {"top": pv.Dirichlet(u=0.0, on=lambda x, y: (y > 0.9) & (x > width))}


LAPLACE = lambda laplacian_u: laplacian_u
HEAT = lambda u_t, u_xx: u_t - u_xx


def top(**conditions):
    return held("x", "y-") | {name: pv.Boundary(f, on="y+") for name, f in conditions.items()}


def sound(walls, along=lambda q_t, q_x: q_t):
    """Sound of speed one, in a medium at rest or carried along."""

    def equations(p_t, p_x, v_t, v_x):
        return along(p_t, p_x) + v_x, along(v_t, v_x) + p_x

    return declared(FILM, equations, {"start": pv.Initial(p=1.0, v=0.0)} | walls, ("p", "v"))


CARRIED = lambda u_t, u_x: u_t + 0.02 * u_x
START = {"start": pv.Initial(u=lambda x: jnp.sin(x))}
# name: problem, what the sentence says
OPEN = {
    "a gap between parts": (declared(ROD, halves(0.01), held("x")), "no equation of u"),
    "a window": (declared(SQUARE, lambda laplacian_u: laplacian_u, window(0.05)), "5 % of a side"),
    "a window by a switch": (
        declared(SQUARE, LAPLACE, top(wall=lambda u, x: jnp.where(abs(x - 0.4) < 0.02, 0.0, u - x))),
        "4 % of a side",
    ),
    "a factor that ends": (
        declared(SQUARE, LAPLACE, top(wall=lambda u, x: jnp.maximum(x - 0.3, 0.0) * (u - 1))),
        "30 % of a side",
    ),
    "a wall that is given up": (
        declared(
            FILM,
            HEAT,
            {"start": pv.Initial(u=0.0), "end": pv.Dirichlet(u=0.0, on="x-")}
            | {"wall": pv.Boundary(lambda u, t: jnp.where(t < 0.5, u, 0.0), on="x+")},
        ),
        "for part of the time, near x = 1",
    ),
    "a start in part": (
        declared(
            FILM,
            HEAT,
            held("x") | {"start": pv.Initial(lambda u, x: jnp.where(x < 0.1, 0.0, u - 1))},
        ),
        "at the start in 10 % of space",
    ),
    "an equation that is switched off": (
        declared(
            SQUARE,
            lambda laplacian_u, x, y: jnp.where((x - 0.4) ** 2 + y**2 < 0.01, 0.0, laplacian_u + 1),
            held("x", "y"),
        ),
        "no equation of u",
    ),
    "a wave with both ends": (
        declared(
            FILM,
            lambda u_tt, u_xx: u_tt - u_xx,
            START | held("x") | {"end": pv.Dirichlet(u=0.0, on="t+")},
        ),
        "its rate at the start",
    ),
    "a wall of a slow diffusion": (
        declared(FILM, lambda u_t, u_xx: u_t - 1e-9 * u_xx, START | held("x+")),
        "x = 0",
    ),
    "a wall of a slow wave": (
        declared(FILM, lambda u_tt, u_xx: u_tt - 1e-4 * u_xx, START | held("x+")),
        "x = 0",
    ),
    "an outflow with a layer": (
        declared(ROD, lambda u_x, u_xx: u_x - 1e-6 * u_xx, held("x-")),
        "x = 1",
    ),
    "a slow inflow": (declared(FILM, lambda u_t, u_x: u_t + 1e-3 * u_x, START), "x = 0"),
    "an inflow against the axis": (declared(FILM, lambda u_t, u_x: u_t - u_x, START), "x = 1"),
    "one of two inflows": (
        declared(SQUARE, lambda grad_u: jnp.sum(grad_u), held("x-")),
        "y = 0",
    ),
    "a hole": (
        declared(
            SQUARE - pv.Disk((0.5, 0.5), 0.01),
            lambda laplacian_u: laplacian_u,
            held("x-", "x+", "y-", "y+"),
        ),
        "x = 0.",
    ),
    "one of two fields": (
        declared(
            ROD,
            lambda u_xx, v_xx, u, v: (u_xx - v, v_xx - u),
            held("x-", "x+") | {"v": pv.Dirichlet(v=0.0, on="x-")},
            fields="u v",
        ),
        "condition on v holds at the boundary near x = 1",
    ),
    "an order lost inside": (
        declared(pv.Interval(-1, 1), lambda u_x, u, x: u_x - 2 * u / x, held("x+", value=1.0)),
        "u_x is zero near x = ",
    ),
    "an inflow beside a reading": (
        declared(FILM, CARRIED, START | {"reading": pv.Data({"x": [0.7], "t": [0.5]}, u=[0.3])}),
        "near x = 0: is one missing?",
    ),
    "sound without walls": (
        sound({}),
        "1 of the waves that p, v make enter at the boundary near x = 0",
    ),
    "sound with one wall": (sound({"left": pv.Dirichlet(p=0.0, on="x-")}), "near x = 1, where no"),
    "a complex wall": (
        declared(
            FILM,
            lambda psi_t, psi_xx: psi_t - 1j * psi_xx,
            {"start": pv.Initial(psi=lambda x: jax.lax.complex(x, x))},
            pv.Field("psi", complex=True),
        ),
        "no condition on psi holds at the boundary near x = 0",
    ),
}


DETERMINED = {
    "sound with a wall at each end": sound({"walls": pv.Dirichlet(p=0.0, on="x")}),
    "sound that is let out": sound({"walls": pv.Boundary(lambda p, v, normal: p - v * normal[0])}),
    "sound at more than its speed": sound(
        {"inflow": pv.Dirichlet(p=0.0, v=0.0, on="x-")}, lambda q_t, q_x: q_t + 2 * q_x
    ),
    "parts that meet": declared(ROD, halves(0.0), held("x")),
    "all sides": declared(SQUARE, lambda laplacian_u: laplacian_u, window(-1.0)),
    "slopes and values on one side": declared(
        ROD, lambda u_xx: u_xx, held("x-") | {"slope": pv.Neumann(u=0.0, on="x-")}
    ),
    "an axis": declared(pv.Interval(0, 1), lambda u_xx, u_x, x: u_xx + u_x / x - 1, held("x+")),
    "a price of zero": declared(
        pv.Interval(s=(0, 9)) * pv.Time(0, 1),
        lambda u_t, u_ss, u_s, u, s: u_t - 0.1 * s**2 * u_ss - 0.1 * (s * u_s - u),
        {"start": pv.Initial(u=0.0), "far": pv.Dirichlet(u=1.0, on="s+")},
    ),
    "an outflow": declared(FILM, lambda u_t, u_x: u_t + u_x, START | held("x-")),
    "a steady outflow": declared(SQUARE, lambda grad_u: jnp.sum(grad_u), held("x-", "y-")),
    "a pressure that is given at the outlet": declared(
        SQUARE,
        lambda u, v, u_x, u_y, v_x, v_y, p_x, p_y, laplacian_u, laplacian_v: (
            u * u_x + v * u_y + p_x - laplacian_u,
            u * v_x + v * v_y + p_y - laplacian_v,
            u_x + v_y,
        ),
        {"walls": pv.Dirichlet(u=1.0, v=0.0), "outlet": pv.Dirichlet(p=0.0, on="x+")},
        "u v p",
    ),
    "a speed of the solution": declared(FILM, lambda u_t, u_x, u: u_t + u * u_x, START),
    "a ring": declared(RING, lambda u_t, u_x: u_t + u_x, START),
    "readings": declared(ROD, lambda u_xx: u_xx, held("x-") | {"read": pv.Data({"x": [0.5]}, u=[1.0])}),
    "a total": declared(
        ROD, lambda u_xx: u_xx, held("x-") | {"total": pv.Integral(lambda u: u, value=1.0)}
    ),
    "switches that share a wall": declared(
        SQUARE,
        LAPLACE,
        top(
            value=lambda u, x: jnp.where(x < 0.4, 0.0, u - x),
            slope=lambda u_n, x: jnp.where(x < 0.4, u_n, 0.0),
        ),
    ),
    "a value that jumps": declared(
        SQUARE,
        LAPLACE,
        held("x", "y-") | {"top": pv.Dirichlet(u=lambda x: jnp.where(x < 0.4, 0.0, 1.0), on="y+")},
    ),
    "an equation of both ends that is no wave": declared(
        FILM,
        lambda u_tt, u_xx: u_tt + u_xx,
        START | held("x") | {"end": pv.Dirichlet(u=0.0, on="t+")},
    ),
    "a contact": declared(
        FILM,
        HEAT,
        {"start": pv.Initial(u=0.0), "wall": pv.Boundary(lambda u, u_n: jnp.minimum(u, u_n), on="x")},
    ),
    "a time": declared(pv.Time(0, 1), lambda u_t, u: u_t + u, {"start": pv.Initial(u=1.0)}),
}


def uncovered(problem) -> str:
    return uncovered_by(problem, Compiler(lambda name: None).compile)


@pytest.mark.parametrize("name", OPEN)
def test_what_no_condition_covers_is_named_with_its_place(name):
    problem, words = OPEN[name]
    assert words in uncovered(problem())


@pytest.mark.parametrize("name", DETERMINED)
def test_what_is_determined_in_other_ways_is_not_taken_for_open(name):
    assert uncovered(DETERMINED[name]()) == ""


@pytest.mark.solves
def test_a_layer_that_nothing_holds_is_not_called_converged(shared_compilations):
    problem, _ = OPEN["an outflow with a layer"]
    solution = pv.solve(problem(), time_limit=20, progress=False)
    assert solution.status is pv.RESULTS.undetermined
    assert "x = 1: is one missing?" in solution.message
    assert solution.error_estimate["u"] != solution.error_estimate["u"]  # not a number: not known
