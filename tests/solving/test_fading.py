"""How holes are forgotten is read off the equations, and the functions about them know it."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import kv

import pinnsven as pv
from pinnsven._solving._fading import is_biharmonic, screening

pytestmark = pytest.mark.filterwarnings("ignore:.*may not be determined")
HOLE, RADIUS, RATE = (0.2, -0.1), 0.25, 4.0
PLATE = pv.Box(x=(-1, 1), y=(-1, 1)) - pv.Disk(HOLE, RADIUS, name="hole")
BALL = pv.Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)) - pv.Ball((0, 0, 0), 0.3)


def of(equation, domain=PLATE, **more):
    conditions = {"pde": pv.PDE(equation), "walls": pv.Dirichlet(u=0.0)}
    return screening(pv.Problem(domain, "u", conditions, **more))


@pytest.mark.parametrize(
    ("equation", "rate"),
    [
        (lambda laplacian_u, u, x: laplacian_u - 16 * u - x, 4.0),
        (lambda u_xx, u_yy, u: 3 * u - 0.5 * (u_xx + u_yy), 6**0.5),
        (lambda laplacian_u, u, k: 2 * (k * u - laplacian_u), 3.0),
        (lambda laplacian_u, u: laplacian_u + 16 * u, 0.0),  # waves: nothing fades
        (lambda laplacian_u: laplacian_u, 0.0),
        (lambda laplacian_u, u: laplacian_u - 1e-4 * u, 0.0),  # hardly anything does
        (lambda u_xx, u_yy, u: 2 * u_xx + u_yy - u, 0.0),
        (lambda laplacian_u, u_x, u: laplacian_u - u_x - u, 0.0),
        (lambda u: u - 1, 0.0),
    ],
)
def test_the_rate_is_that_of_the_equation(equation, rate):
    more = {"constants": {"k": 9.0}} if "k" in equation.__code__.co_varnames else {}
    assert of(equation, **more) == pytest.approx(rate, abs=1e-12)


def test_where_it_depends_on_the_place_it_is_a_typical_one():
    assert 2 < of(lambda laplacian_u, u, x: laplacian_u - (9 + 5 * x) * u) < 14**0.5


def test_in_space_it_is_the_same_and_without_holes_or_with_time_there_is_none():
    equation = lambda laplacian_u, u: laplacian_u - 25 * u
    assert of(equation, BALL) == pytest.approx(5.0)
    assert of(equation, pv.Box(x=(-1, 1), y=(-1, 1))) == 0
    assert of(equation, PLATE * pv.Time(0, 1)) == 0


@pytest.mark.parametrize(
    ("fields", "equation", "expected"),
    [
        ("u v", lambda u_xx, v_yy: (u_xx - v_yy,), True),
        ("u v p", lambda grad_p, laplacian_u, laplacian_v: (*grad_p, laplacian_u, laplacian_v), True),
        ("w", lambda w_xxxx, w_yyyy: w_xxxx + w_yyyy, True),
        ("w", lambda laplacian_w: laplacian_w, False),
        ("u v", lambda laplacian_u, v: laplacian_u - v, False),
        ([pv.Field("psi", complex=True)], lambda laplacian_psi, psi: laplacian_psi + psi, False),
    ],
)
def test_fields_whose_slopes_meet_in_an_equation_are_biharmonic_about_holes(fields, equation, expected):
    for domain, there in ((PLATE, expected), (pv.Box(x=(-1, 1), y=(-1, 1)), False)):
        problem = pv.Problem(domain, fields, {"pde": pv.PDE(equation)})
        assert is_biharmonic(problem) is there


def test_pieces_of_one_field_about_a_hole_are_not():
    pieces = {"a": pv.Disk(HOLE, RADIUS), "b": PLATE}
    whole = pv.Problem(
        pv.Box(x=(-1, 1), y=(-1, 1)),
        pv.Field("T", pieces=pieces),
        {"heat": pv.PDE(lambda laplacian_T: laplacian_T)},
    )
    assert not is_biharmonic(whole)


def bessel(x, y):
    """K_0(RATE r), by the trapezoidal rule."""
    t = jnp.linspace(0.0, 6.0, 81)
    r = jnp.sqrt((x - HOLE[0]) ** 2 + (y - HOLE[1]) ** 2)
    factors = jnp.ones(81).at[0].set(0.5) * t[1]
    return jnp.sum(factors * jnp.exp(-RATE * r * jnp.cosh(t)))


@pytest.mark.solves
def test_what_fades_from_a_hole_is_found_and_comes_back_from_its_file(tmp_path):
    problem = pv.Problem(
        PLATE,
        "u",
        {
            "pde": pv.PDE(lambda laplacian_u, u: laplacian_u - RATE**2 * u),
            "walls": pv.Dirichlet(u=bessel),
        },
    )
    solution = pv.solve(problem, network=pv.RandomFeatures(500), estimate_error=False)
    x, y = PLATE.fill(np.random.default_rng(0).random((500, 2))).T
    exact = kv(0, RATE * np.hypot(x - HOLE[0], y - HOLE[1]))
    found = solution.u(x=x, y=y)
    np.testing.assert_allclose(found, exact, atol=1e-9 * exact.max())
    solution.save(tmp_path / "plate.pv")
    np.testing.assert_array_equal(pv.load(tmp_path / "plate.pv").u(x=x, y=y), found)
