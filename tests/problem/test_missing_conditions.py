"""What is said and goes on: a start or a side that counting shows to be missing."""

import re
import warnings

import pytest

import pinnsven as pv
from refusals import HEAT, LINE, STARTED, WALLS

# What is said and goes on: a start or a side that counting shows to be missing.

ROOM = pv.Box(x=(0, 1), y=(0, 2))
LAPLACE = {"pde": pv.PDE(lambda u_xx, u_yy: u_xx + u_yy)}
WAVE = {"pde": pv.PDE(lambda u_tt, u_xx: u_tt - u_xx), "walls": pv.Dirichlet(u=0.0)}


def three_sides(**more):
    sides = {part: pv.Dirichlet(u=0.0, on=part) for part in ("x-", "x+", "y-")}
    return pv.Problem(ROOM, "u", LAPLACE | sides | more)


def tanks(**more):
    pair = pv.PDE(lambda a_t, b_t, a, b: (a_t + a, b_t + b - a))
    return pv.Problem(pv.Time(0, 1), "a b", {"tanks": pair, "first": pv.Initial(a=1.0)} | more)


WARNED = {
    "heat without a start": (
        lambda: pv.Problem(LINE * pv.Time(0, 1), "u", HEAT | WALLS),
        "'u' is of order 1 in t, and no conditions",
        r"pv\.Initial\(u=0\.0\)",
    ),
    "an equation with a constant, without a side": (
        lambda: pv.Problem(
            LINE,
            "u",
            {"pde": pv.PDE(lambda u_xx, k: u_xx + k), "left": pv.Dirichlet(u=0.0, on="x-")},
            constants={"k": 1.0},
        ),
        "second derivative along 'x'",
        r"on='x\+'",
    ),
    "wave with half a start": (
        lambda: pv.Problem(LINE * pv.Time(0, 1), "u", WAVE | STARTED),
        "of order 2 in t, and 1 condition in time",
        r"Is u_t at t = 0 missing",
    ),
    "decay alone": (
        lambda: pv.Problem(pv.Time(2, 3), "u", {"p": pv.PDE(lambda u_t, u: u_t + u)}),
        "at t = 2 missing",
    ),
    "second tank": (tanks, "the equation of 'b'", "b at t = 0"),
    "one side of a square": (three_sides, r"no condition on the side 'y\+'", r"on='y\+'"),
    "one side by the Laplacian": (
        lambda: pv.Problem(
            ROOM,
            "u",
            {"pde": pv.PDE(lambda laplacian_u, x: laplacian_u - x), "x": pv.Dirichlet(u=0.0, on="x")}
            | {"y": pv.Neumann(u=0.0, on="y-")},
        ),
        r"no condition on the side 'y\+'",
    ),
    "one end of a heated bar": (
        lambda: pv.Problem(
            LINE * pv.Time(0, 1), "u", HEAT | STARTED | {"left": pv.Dirichlet(u=0.0, on="x-")}
        ),
        r"no condition on the side 'x\+'",
    ),
}


@pytest.mark.parametrize("row", WARNED.values(), ids=WARNED)
def test_what_is_missing_is_said_where_the_problem_is_declared(row):
    make, *phrases = row
    with pytest.warns(UserWarning) as caught:
        make()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    for phrase in ("the answer may not be determined", *phrases):
        assert caught[0].message and re.search(phrase, str(caught[0].message)), caught[0].message


def equation(function, domain=LINE * pv.Time(0, 1), fields="u", **more):
    return lambda: pv.Problem(domain, fields, {"pde": pv.PDE(function)} | more)


LEFT = pv.Dirichlet(u=0.0, on="x-")
WHOLE = {
    "square": lambda: three_sides(top=pv.Neumann(u=1.0, on="y+")),
    "square by a predicate": lambda: three_sides(top=pv.Dirichlet(u=1.0, on=lambda y: y > 1.9)),
    "square with readings": lambda: three_sides(some=pv.Data({"x": [0.5], "y": [1.9]}, u=1.0)),
    "square with an integral": lambda: three_sides(all=pv.Integral(lambda u: u, value=1.0)),
    "both tanks": lambda: tanks(second=pv.Initial(b=0.0)),
    "both ends of time": lambda: tanks(second=pv.Boundary(lambda b: b - 1, on="t+")),
    "a tank with readings": lambda: tanks(some=pv.Data({"t": [0.5]}, b=0.1)),
    "start by position": equation(
        lambda u_tt, u: u_tt + u, pv.Time(0, 1), start=pv.Initial(lambda u, u_t: (u - 1, u_t))
    ),
    "transport": equation(lambda u_t, u_x: u_t + u_x, start=pv.Initial(u=0.0), left=LEFT),
    "third order": equation(lambda u_t, u_xxx: u_t + u_xxx, start=pv.Initial(u=0.0), left=LEFT),
    "axis of a cylinder": equation(
        lambda u_t, u_rr, u_r, r: u_t - u_rr - u_r / r,
        pv.Box(r=(0, 1)) * pv.Time(0, 1),
        start=pv.Initial(u=0.0),
        wall=pv.Dirichlet(u=0.0, on="r+"),
    ),
    "a price of zero": equation(
        lambda u_t, u_xx, u_x, u, x: u_t - x**2 * u_xx - x * u_x + u,
        start=pv.Initial(u=0.0),
        far=pv.Dirichlet(u=0.0, on="x+"),
    ),
    "wave over a box": equation(
        lambda u_yy, u_xx: u_yy - u_xx,
        ROOM,
        start=pv.Boundary(lambda u, u_y: (u, u_y), on="y-"),
        walls=pv.Dirichlet(u=0.0, on="x"),
    ),
    "heat over a box": equation(
        lambda u_y, u_xx: u_y - u_xx,
        ROOM,
        start=pv.Dirichlet(u=0.0, on="y-"),
        walls=pv.Dirichlet(u=0.0, on="x"),
    ),
    "shot from one end": equation(
        lambda u_xx, u: u_xx + u, LINE, left=pv.Boundary(lambda u, u_x: (u, u_x - 1), on="x-")
    ),
    "periodic": equation(
        lambda u_t, u_xx: u_t - u_xx,
        pv.Interval(0, 1, periodic=True) * pv.Time(0, 1),
        start=pv.Initial(u=0.0),
    ),
    "an algebraic equation": equation(
        lambda u_t, v, u, t: (u_t - v, u - t), pv.Time(0, 1), "u v", fix=pv.PDE(lambda v: v - 1)
    ),
    "a flow": equation(
        lambda u_t, u_xx, p_x, u_x: (u_t - u_xx + p_x, u_x), fields="u p", walls=pv.Dirichlet(u=0.0)
    ),
    "an ansatz": lambda: pv.Problem(
        LINE * pv.Time(0, 1),
        "u",
        HEAT,
        network=pv.Ansatz(pv.MLP(), lambda u, x, t: t * x * (1 - x) * u),
    ),
}


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)
def test_what_counting_cannot_judge_is_passed_over(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make()
