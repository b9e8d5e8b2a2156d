"""Integrals of what is narrow: no rule of fixed nodes may miss it and say nothing."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._conditions._panels import adapted, of_one_size, on_panels

PLAIN = tuple(part.ravel() for part in on_panels(np.array([0.0, 1.0]), 24))
BUMP = lambda x, width: np.exp(-(((x - 0.37) / width) ** 2)) / width
FUNCTIONS = {  # what is integrated over [0, 1], where it may be narrow, and its integral
    "a bump of a hundredth": (lambda x: 1 + BUMP(x, 1e-2), (), 1 + math.sqrt(math.pi)),
    "a bump of a thousandth": (lambda x: 1 + BUMP(x, 1e-3), (), 1 + math.sqrt(math.pi)),
    "a needle at a number": (lambda x: 1 + BUMP(x, 1e-7), (0.37,), 1 + math.sqrt(math.pi)),
    "a window": (lambda x: (np.abs(x - 0.5) < 0.2) * x, (0.3, 0.7), 0.2),
    "a pole beside": (lambda x: 1 / (x + 1e-3), (), math.log(1001)),
}


def columns(function):
    return of_one_size(lambda places: function(places)[:, None])


@pytest.mark.parametrize(("function", "marks", "value"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_panels_resolve_what_fixed_nodes_do_not(function, marks, value):
    assert abs(PLAIN[1] @ function(PLAIN[0]) - value) > 1e-6
    places, weights = adapted(columns(function), 0.0, 1.0, marks, PLAIN, 8)
    assert len(places) < 2_000
    np.testing.assert_allclose(weights @ function(places), value, rtol=1e-5)


def test_a_smooth_function_keeps_its_nodes():
    assert adapted(columns(lambda x: np.cos(3 * x)), 0.0, 1.0, (), PLAIN, 8) is PLAIN
    assert adapted(columns(lambda x: np.full_like(x, np.nan)), 0.0, 1.0, (), PLAIN, 8) is PLAIN


def rod(integral, domain=None):
    conditions = {"pde": pv.PDE(lambda laplacian_u, c: laplacian_u + c), "walls": pv.Dirichlet(u=0.0)}
    domain = pv.Interval(x=(0, 1)) if domain is None else domain
    return pv.Problem(domain, "u", conditions | {"mean": integral}, unknowns={"c": 1.0})


def test_an_integral_takes_panels_where_its_weight_is_narrow():
    weight = lambda x: 1 + 1000 * jnp.exp(-(((x - 0.37) / 2e-4) ** 2))
    plan: Any = rod(pv.Integral(lambda u, x: weight(x) * u, value=0.1)).blocks[-1].plan
    value = plan.rule @ np.asarray(weight(plan.nodes[:, 0]))
    np.testing.assert_allclose(value, 1 + 0.2 * math.sqrt(math.pi), rtol=1e-6)
    plan = rod(pv.Integral(lambda u, x: x * u, value=0.1)).blocks[-1].plan
    assert len(plan.nodes) == 24
    window = pv.Integral(lambda u, x: jnp.where(jnp.abs(x - 0.5) < 0.2, u, 0.0), value=0.1)
    plan = rod(window).blocks[-1].plan
    inside = np.abs(plan.nodes[:, 0] - 0.5) < 0.2
    np.testing.assert_allclose(plan.rule @ inside, 0.4, rtol=1e-9)


@pytest.mark.solves
def test_a_narrow_sensor_is_integrated_right():
    """u = c x (1 - x) / 2, whose weighted integral is c (1/12 + 0.1 sqrt(pi) 0.37 0.63)."""
    weight = lambda x: 1 + 1000 * jnp.exp(-(((x - 0.37) / 2e-4) ** 2))
    found = pv.solve(
        rod(pv.Integral(lambda u, x: weight(x) * u, value=0.1)), max_steps=25, estimate_error=False
    )
    expected = 0.1 / (1 / 12 + 0.1 * math.sqrt(math.pi) * (0.37 * 0.63 - 2e-8))
    np.testing.assert_allclose(float(found.unknowns["c"]), expected, rtol=1e-7)


def test_in_several_dimensions_what_nodes_miss_is_refused():
    spot = lambda x, y: 1 + 1e5 * jnp.exp(-((x - 0.37) ** 2 + (y - 0.61) ** 2) / 3e-3**2)
    domain = pv.Box(x=(0, 1), y=(0, 1))
    with pytest.raises(ValueError, match="miss something narrow"):
        rod(pv.Integral(lambda u, x, y: spot(x, y) * u, value=0.1), domain)
    rod(pv.Integral(lambda u, x, y: x * y * u, value=0.1), domain)


@pytest.mark.parametrize("width", [1e-3, 2e-4, 1e-6])
def test_a_kernel_with_a_narrow_spot_is_refused(width):
    kernel = lambda x, x_there: 0.3 * x + jnp.exp(-(((x_there - 0.37) / width) ** 2)) / width
    equation = pv.Convolution(
        lambda u, integral: u - 1 - integral,
        lambda u_there, x, x_there: kernel(x, x_there) * u_there,
        along="x",
        until="end",
    )
    with pytest.raises(ValueError, match="miss something narrow"):
        pv.Problem(pv.Interval(x=(0, 1)), "u", {"equation": equation})
