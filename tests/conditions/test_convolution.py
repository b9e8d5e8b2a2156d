"""Integrals along a coordinate: the rule against closed forms, equations against their solutions."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv

RECTANGLE = pv.Box(x=(-1, 2)) * pv.Time(0.5, 3)


def memory(domain=RECTANGLE, **options):
    """The residual `integral` alone, with the solution itself as the integrand."""
    options = {"along": "t"} | options
    integrand = options.pop("integrand", lambda u_there: u_there)
    condition = pv.Convolution(lambda u, integral: integral + 0 * u, integrand, **options)
    return pv.Problem(domain, "u", {"memory": condition})


def integral(problem, field, point):
    """What a problem's condition integrates of a field, a function of a point."""
    block = problem.blocks[0]

    @jax.jit  # one operation after the other would be a program each
    def at(point):
        values = block.plan.evaluate(lambda p: field(p)[None], point, jnp.zeros(1), {})
        return block.residual(values)[0]

    return float(at(jnp.asarray(point)))


def test_the_integral_ends_at_the_point_or_at_the_end():
    field = lambda p: p[0] * p[1] ** 2
    here = integral(memory(), field, [2.0, 1.5])
    assert here == pytest.approx(2.0 * (1.5**3 - 0.5**3) / 3, rel=1e-13)
    whole = integral(memory(until="end"), field, [2.0, 1.5])
    assert whole == pytest.approx(2.0 * (3.0**3 - 0.5**3) / 3, rel=1e-13)
    across = integral(memory(along="x", until="end"), field, [2.0, 1.5])
    assert across == pytest.approx((2.0**2 - 1.0) / 2 * 1.5**2, rel=1e-13)


@pytest.mark.parametrize("power", [-0.9, -0.5, 0.0, 0.5, 2.0])
def test_a_power_of_the_distance_is_part_of_the_rule(power):
    """The integral of (t - s)^p (s - a)^2 is a beta function."""
    found = integral(memory(power=power), lambda p: (p[1] - 0.5) ** 2, [0.0, 2.0])
    beta = math.gamma(1 + power) * math.gamma(3) / math.gamma(4 + power)
    assert found == pytest.approx(beta * 1.5 ** (3 + power), rel=1e-12)


def test_names_belong_to_both_places():
    problem = memory(
        integrand=lambda u_x_there, u, x, t, t_there, x_there: (
            u_x_there * (t - t_there) + 0 * (u + x + x_there)
        )
    )
    found = integral(problem, lambda p: jnp.sin(p[0]) * p[1], [0.4, 2.0])
    s = np.linspace(0.5, 2.0, 20001)
    wanted = np.trapezoid(np.cos(0.4) * s * (2.0 - s), s)
    assert found == pytest.approx(wanted, rel=1e-8)


def test_at_the_lower_end_there_is_no_integral_and_its_gradient_is_finite():
    problem = memory(power=-0.5)
    assert integral(problem, lambda p: p[1], [0.0, 0.5]) == 0.0
    slope = jax.grad(
        lambda k: problem.blocks[0].plan.evaluate(
            lambda p: (k * p[1])[None], jnp.array([0.0, 0.5]), jnp.zeros(1), {}
        )["_integral"]
    )(2.0)
    assert float(slope) == 0.0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: memory(until="now"), "until='now'"),
        (lambda: memory(power=-1.0), "above -1"),
        (lambda: memory(power=0.5, until="end"), "only until='here'"),
        (lambda: memory(nodes=0), "nodes=0"),
        (lambda: memory(along="y"), "give one of the coordinates"),
        (lambda: memory(pv.Disk((0, 0), 1), along="x"), "only those of a"),
        (lambda: memory(integrand=lambda u: u), "no field at the other place"),
        (lambda: memory(integrand=lambda v_there: v_there), "nothing is named 'v'"),
        (lambda: memory(integrand=lambda u_there: (u_there, u_there)), "return one scalar"),
        (lambda: pv.Convolution(3, lambda u_there: u_there, along="t"), "function=3"),
        (lambda: memory(integrand=lambda u_n_there: u_n_there), "only in boundary conditions"),
    ],
)
def test_what_cannot_be_integrated_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_an_equation_without_the_integral_is_refused():
    condition = pv.Convolution(lambda u: u, lambda u_there: u_there, along="t")
    with pytest.raises(ValueError, match="a PDE is enough"):
        pv.Problem(pv.Time(0, 1), "u", {"eq": condition})
    condition = pv.Convolution(lambda u, integral: u, lambda u_there: u_there, along="t")
    with pytest.raises(ValueError, match="is a name of the problem"):
        pv.Problem(pv.Time(0, 1), "u", {"eq": condition}, constants={"integral": 1.0})


def test_a_kernel_that_the_rule_does_not_resolve_is_refused_and_more_nodes_do():
    narrow = lambda u_there, t, t_there: u_there * jnp.exp(-(((t - t_there) / 0.05) ** 2))
    with pytest.raises(ValueError, match="does not resolve the integrand"):
        memory(integrand=narrow)
    memory(integrand=narrow, nodes=120)
    singular = lambda u_there, t, t_there: u_there / jnp.sqrt(t - t_there)
    with pytest.raises(ValueError, match="power="):
        memory(integrand=singular)


@pytest.mark.slow
def test_an_equation_of_fredholm_is_solved():
    """u = exp(x) + 1/2 int_0^1 exp(x - s) u(s) ds is solved by 2 exp(x)."""
    equation = pv.Convolution(
        lambda u, x, integral: u - jnp.exp(x) - 0.5 * integral,
        lambda u_there, x, x_there: jnp.exp(x - x_there) * u_there,
        along="x",
        until="end",
    )
    found = pv.solve(pv.Problem(pv.Interval(0, 1), "u", {"equation": equation}))
    assert found.status == "converged"
    x = np.linspace(0, 1, 21)
    np.testing.assert_allclose(np.asarray(found(x=x)), 2 * np.exp(x), rtol=1e-10)


def test_the_equation_is_shown_with_its_integral():
    kernel = lambda u_there, t, t_there: u_there * jnp.exp(t_there - t)
    condition = pv.Convolution(lambda u_t, integral: u_t + integral, kernel, along="t")
    shown = str(pv.Problem(pv.Time(0, 1), "u", {"memory": condition}))
    assert "u_t + integral(u_there * exp(t_there - t)) = 0" in shown
