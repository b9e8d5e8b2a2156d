"""Conditions that tie places to one another: jumps, factors, delays, reflections."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv

LINE = pv.Interval(0, 1)


def residuals(problem, name, values):
    """The residual of a condition where names have values, those at the other place with `there:`."""
    block = next(block for block in problem.blocks if block.name == name)
    return [float(r) for r in block.residual({n: jnp.asarray(v) for n, v in values.items()})]


def with_tie(tie, fields="u", domain=LINE, **more):
    return pv.Problem(domain, fields, {"pde": pv.PDE(lambda u_xx: u_xx), "tie": tie}, **more)


def test_a_jump_is_of_the_field_and_derivatives_repeat():
    problem = with_tie(pv.Periodic(u=1.5, along="x", derivatives=2))
    here = {"u": 1.0, "u_x": 2.0, "u_xx": 3.0}
    there = {"there:u": 3.0, "there:u_x": 2.5, "there:u_xx": 3.0}
    assert residuals(problem, "tie", here | there) == [0.5, 0.5, 0.0]


def test_a_derivative_may_jump_too_and_factors_apply():
    tie = pv.Periodic(u=0.0, u_x=lambda k: k, along="x", factor=2.0)
    problem = with_tie(tie, constants={"k": 3.0})
    values = {"u": 1.0, "u_x": 1.0, "there:u": 2.0, "there:u_x": 6.0, "k": 3.0, "there:k": 3.0}
    assert residuals(problem, "tie", values) == [0.0, 1.0]


def test_a_phase_turns_complex_fields():
    with jax.numpy_dtype_promotion("standard"):
        fields = pv.Field("u", complex=True)
        tie = pv.Periodic(u=0.0, along="x", factor=1j, derivatives=0)
        problem = with_tie(tie, fields)
        values = {"u_re": 1.0, "u_im": 2.0, "there:u_re": -2.0, "there:u_im": 1.0}
        assert residuals(problem, "tie", values) == [0.0, 0.0]


def test_the_ends_of_a_coordinate_are_joined():
    block: Any = with_tie(pv.Periodic(u=0.0, along="x"), domain=pv.Box(x=(-1, 3), y=(0, 1))).blocks[1]
    points, _ = block.site.draw(20, pv.Sobol(), np.random.default_rng(0))
    assert np.all(points[:, 0] == -1)
    partner = np.asarray(block.plan.partner(jnp.asarray(points[0])))
    np.testing.assert_array_equal(partner, [3, points[0, 1]])


def test_a_pair_has_values_at_both_places():
    tie = pv.Pairs(
        lambda u_x, x, u_there, x_there: u_x - u_there + x - x_there, None, lambda x: {"x": 1 - x}
    )
    values = {"u_x": 5.0, "x": 0.25, "there:u": 1.0, "there:x": 0.75, "u": 0.0, "there:u_x": 0.0}
    assert residuals(with_tie(tie), "tie", values) == [3.5]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pv.Periodic(along="x"), "name a field"),
        (lambda: pv.Periodic(u=0.0, along="x", factor=0), "factor=0"),
        (lambda: pv.Periodic(u=0.0, along="x", factor="i"), "factor='i'"),
        (lambda: pv.Periodic(u=0.0, along="x", derivatives=-1), "derivatives=-1"),
        (lambda: with_tie(pv.Periodic(u=0.0, along="y")), "along='y'"),
        (lambda: with_tie(pv.Periodic(w=0.0, along="x")), "w=: no field"),
        (lambda: with_tie(pv.Periodic(u=lambda u: u, along="x")), "asks for 'u'"),
        (
            lambda: with_tie(pv.Periodic(u=0.0, along="x"), domain=pv.Interval(0, 1, periodic=True)),
            "periodic there already",
        ),
        (lambda: pv.Pairs(lambda u, u_there: u - u_there), "other=None"),
        (lambda: with_tie(pv.Pairs(lambda u: u, None, lambda x: {"x": x})), "nothing at the other"),
        (lambda: with_tie(pv.Pairs(lambda u_there: u_there, None, lambda x: {"x": x + 1})), "outside"),
        (lambda: with_tie(pv.Pairs(lambda u_there: u_there, None, lambda t: {"x": t})), "asks for 't'"),
        (lambda: with_tie(pv.Pairs(lambda u_there: u_there, None, lambda x: x)), "return a dict"),
        (
            lambda: with_tie(pv.Pairs(lambda w_there: w_there, None, lambda x: {"x": x})),
            "nothing is named",
        ),
    ],
)
def test_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.slow
def test_a_delay_is_solved_piece_by_piece():
    """u' = -u(t - 1), u = 1 before: 1 - t, then 1 - t + (t - 1)^2 / 2."""
    pieces = {"a": pv.Interval(t=(0, 1)), "b": pv.Interval(t=(1, 2))}
    conditions = {
        "early": pv.PDE(lambda a_t: a_t + 1),
        "late": pv.Pairs(lambda b_t, a_there: b_t + a_there, None, lambda t: {"t": t - 1}),
        "start": pv.Dirichlet(a=1.0, on="t-"),
        "join": pv.Interface(lambda a, b: a - b, between="a b"),
    }
    domain, fields = pv.Interval(t=(0, 2)), pv.Field("u", pieces=pieces)
    solution = pv.solve(pv.Problem(domain, fields, conditions))
    assert solution.status == "converged"
    t = np.array([0.3, 0.9, 1.2, 1.8])
    expected = np.where(t < 1, 1 - t, 1 - t + (t - 1) ** 2 / 2)
    np.testing.assert_allclose(solution.u(t=t), expected, atol=1e-10)


@pytest.mark.slow
def test_a_solution_that_repeats_in_time_up_to_a_jump():
    """u_t + u = 1 + t + cos t: u = t + (cos t + sin t) / 2, which gains 2 pi in a period."""
    period = 2 * np.pi
    conditions = {
        "pde": pv.PDE(lambda u, u_t, t: u_t + u - 1 - t - jnp.cos(t)),
        "repeat": pv.Periodic(u=period, along="t", derivatives=0),
    }
    exact = lambda t: t + (jnp.cos(t) + jnp.sin(t)) / 2
    solution = pv.solve(pv.Problem(pv.Time(0, period), "u", conditions, exact=exact))
    assert solution.status == "converged" and solution.error < 1e-9
