"""How problems and their parts look: equations read off functions, one-line representations."""

import xml.etree.ElementTree as ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st

import pinnsven as pv
from pinnsven._output._equations import shown_conditions
from pinnsven._output._formulas import as_mathml, as_text
from pinnsven._output._mathematics import Expression, formula_of

FUNCTIONS = {
    "sum": (lambda a, b: a + b - 2 * a, "a + b - 2 * a"),
    "order": (lambda a, b: (a + b) * (a - b), "(a + b) * (a - b)"),
    "quotient": (lambda a, b: a / (b * a) + 1 / (1 + b), "a / (b * a) + 1 / (1 + b)"),
    "powers": (
        lambda a, b: a**3 + (a + b) ** 2 - a**b + jnp.sqrt(b),
        "a^3 + (a + b)^2 - a^b + sqrt(b)",
    ),
    "calls": (lambda a, b: jnp.sin(jnp.pi * a) * jnp.exp(-b), "sin(pi * a) * exp(-b)"),
    "pi": (lambda a, b: 2 * jnp.pi**2 * a - 0.01 / jnp.pi * b, "2 pi^2 * a - 0.01/pi * b"),
    "minus a sum": (lambda a, b: 1 - (a - b), "1 - a + b"),
    "cases": (lambda a, b: jnp.where(a < b, a, 0.5), "(a if a < b else 0.5)"),
    "inner function": (
        lambda a, b: jnp.tanh(jnp.log1p(a)) + jnp.maximum(a, b),
        "tanh(log(1 + a)) + max(a, b)",
    ),
    "gone": (lambda a, b: 0.0 * a + 1.0 * b, "b"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_read_as_its_formula(name):
    function, text = FUNCTIONS[name]
    assert as_text(formula_of(function, ("a", "b"))) == text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_text_of_a_formula_means_what_the_function_computes(name):
    function, _ = FUNCTIONS[name]
    text = as_text(formula_of(function, ("a", "b")))
    for letters, python in (("2 pi^2", "2 * pi**2"), ("^", "**")):
        text = text.replace(letters, python)
    names = {n: getattr(np, n) for n in ("sin", "exp", "sqrt", "tanh", "log", "pi")}
    for a, b in ((0.3, 1.7), (2.5, 0.4)):
        found = eval(text, names | {"max": max, "a": a, "b": b})
        np.testing.assert_allclose(found, float(function(a, b)), rtol=1e-5)


@given(value=st.integers(-(10**8) + 1, 10**8 - 1), power=st.integers(-12, 6))
def test_a_number_keeps_eight_digits(value, power):
    number = float(f"{value}e{power}")
    shown = as_text(Expression("number", value=number))
    assert float(shown) == number or "pi" in shown


@pytest.mark.parametrize("name", FUNCTIONS)
def test_mathml_is_well_formed(name):
    found = ElementTree.fromstring(as_mathml(formula_of(FUNCTIONS[name][0], ("a", "b"))))
    assert found.tag == "math" and len("".join(found.itertext())) >= 1


def test_a_function_without_a_formula_shows_what_it_gives_alone():
    turning = lambda psi, psi_t, psi_xx: 1j * psi_t + psi_xx / 2 + psi * jnp.conj(psi) * psi
    begun, ends = lambda x: jax.lax.complex(jnp.cos(x), x), lambda t: jax.lax.complex(t, 2 * t)
    conditions = {
        "pde": pv.PDE(turning),
        "start": pv.Initial(psi=begun),
        "ends": pv.Dirichlet(psi=ends),
    }
    field, domain = pv.Field("psi", complex=True), pv.Interval(0, 1) * pv.Time(0, 1)
    pde, start, walls = shown_conditions(pv.Problem(domain, field, conditions))
    assert pde.lines() == ["1j * psi_t + psi_xx / 2 + psi * jnp.conj(psi) * psi = 0"]
    assert start.lines() == ["psi = jax.lax.complex(jnp.cos(x), x)"]
    assert walls.lines() == ["psi = jax.lax.complex(t, 2 * t)"]


def test_what_has_no_formula_shows_its_source():
    def odd(u_x, x):
        return u_x - jnp.interp(x, jnp.arange(3.0), jnp.arange(3.0))

    problem = pv.Problem(
        pv.Interval(0, 1), "u", {"pde": pv.PDE(odd), "end": pv.Dirichlet(u=0.0, on="x-")}
    )
    (pde, end) = shown_conditions(problem)
    assert pde.equations == () and pde.source.startswith("def odd(u_x, x):")
    assert "<pre>def odd" in pde.mathml() and end.lines() == ["u = 0"]


def test_a_problem_is_a_small_table():
    problem = pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)) - pv.Disk((0.5, 0.5), 0.1),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda laplacian_u, u, k: laplacian_u + k * u**2 + 1.0),
            "wall": pv.Dirichlet(u=lambda x: x**2, on="x"),
            "flux": pv.Neumann(u=1.0, on=("y", "circle")),
            "corner": pv.Boundary(lambda grad_u, normal: grad_u @ normal, on=lambda x, y: x + y > 1.5),
            "mean": pv.Integral(lambda u: u**2, value=1.0),
            "reading": pv.Data({"x": [0.1], "y": [0.2]}, u=[1.0]),
        },
        unknowns={"k": 2.0},
        name="plate",
    )
    hole = "Disk(center=(0.5, 0.5), radius=0.1, name='circle')"
    assert repr(problem).splitlines() == [
        f"plate: u over (Box(x=(0, 1), y=(0, 1)) - {hole})",
        "  pde      laplacian_u + k * u^2 = -1  (in the domain)",
        "  wall     u = x^2  (on x)",
        "  flux     u_n = 1  (on y circle)",
        "  corner   dot(grad_u, normal) = 0  (on a part that a function chooses)",
        "  mean     integral(u^2) = 1  (over the domain)",
        "  reading  u = measured u  (at one point)",
        "  unknowns: k = 2 to begin with",
    ]
    page = problem._repr_html_()
    assert page.count("<tr>") == 6 and "∇" in page
    ElementTree.fromstring(f"<div>{page}</div>")


LINES = {
    "Box(x=(0, 1), y=(0, 2), periodic='x')": pv.Box(x=(0, 1), y=(0, 2), periodic="x"),
    "Interval(x=(0, 1)) * Time(0, 1)": pv.Interval(0, 1) * pv.Time(0, 1),
    "Time(tau=(0, 2.5))": pv.Time(tau=(0, 2.5)),
    "Polygon(vertices=((0, 0), (1, 0), (0, 1)))": pv.Polygon([(0, 0), (1, 0), (0, 1)]),
    "Box(x=[(0, 1)] * 7)": pv.Box(x=[(0, 1)] * 7),
    "(Disk(center=(0, 0), radius=1, name='circle') & Box(x=(0, 1), y=(0, 1)))": (
        pv.Disk() & pv.Box(x=(0, 1), y=(0, 1))
    ),
    "PDE(lambda u_xx: ..., weight=2)": pv.PDE(lambda u_xx: u_xx, weight=2.0),
    "Dirichlet(on='x', u=0)": pv.Dirichlet(u=0.0, on="x"),
    "Initial(u=lambda x: ...)": pv.Initial(u=lambda x: x),
    "Data(3 readings of x, u)": pv.Data({"x": np.zeros(3)}, u=np.ones(3)),
    "Progress()": pv.Progress(),
}


@pytest.mark.parametrize("line", LINES)
def test_a_part_of_a_problem_is_shown_as_the_call_that_makes_it(line):
    assert repr(LINES[line]) == line


@pytest.mark.parametrize("name", [n for n in pv.__all__ if n not in ("RESULTS", "extend")])
def test_no_public_object_fills_a_screen(name):
    made = getattr(pv, name)
    try:
        shown = repr(made())
    except (TypeError, ValueError):  # it wants arguments
        shown = repr(made)
    assert len(shown) < 200 and "\n" not in shown
