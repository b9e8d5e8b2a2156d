"""References by the method of lines, held against closed forms; what they cannot do is said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from _cole_hopf import burgers_solution

pytestmark = pytest.mark.usefixtures("quick_compilation")

RING = pv.Box(x=(0, 2), periodic="x") * pv.Time(0.5, 1.5)
SMALL = {"points": 64, "places": 32, "times": 5}


def error_and_floor(reference, exact, field="u"):
    """The relative error of a reference, and what it says of it."""
    truth = exact(*reference.points.values())
    off = np.linalg.norm(reference.values[field] - truth) / np.linalg.norm(truth)
    return off, reference.floor


def travelling(x, t):
    """Of u_t = -u_x + 0.1 u_xx from sin(pi x) at t = 0.5."""
    return np.exp(-0.1 * np.pi**2 * (t - 0.5)) * np.sin(np.pi * (x - t + 0.5))


def test_an_advected_and_damped_wave_has_its_closed_form():
    reference = pv.method_of_lines(
        lambda u_x, u_xx: -u_x + 0.1 * u_xx, lambda x: jnp.sin(jnp.pi * x), RING, **SMALL
    )
    off, floor = error_and_floor(reference, travelling)
    assert off < 1e-11 and floor < 1e-10
    assert sorted(set(reference.points["t"])) == [0.5, 0.75, 1.0, 1.25, 1.5]
    np.testing.assert_array_equal(np.unique(reference.points["x"]), 2 * np.arange(32) / 32)


def test_names_ask_for_the_field_its_derivatives_and_coordinates():
    """w_t = t w + w_sss along s, time is called tau: exp of an integral times a wave that moves on."""
    domain = pv.Box(s=(0, 2 * np.pi), periodic="s") * pv.Time(tau=(0, 1))
    reference = pv.method_of_lines(
        lambda w, w_sss, tau, s: tau * w + w_sss + 0 * s,
        lambda s: jnp.cos(s),
        domain,
        field="w",
        **SMALL,
    )
    exact = lambda s, tau: np.exp(tau**2 / 2) * np.cos(s - tau)
    off, floor = error_and_floor(reference, exact, "w")
    assert off < 1e-9 and floor < 1e-8  # of a third derivative, whose largest factor is 1e4


@pytest.mark.solves
def test_a_steep_front_has_the_solution_of_cole_and_hopf():
    viscosity = 0.05
    reference = pv.method_of_lines(
        lambda u, u_x, u_xx: viscosity * u_xx - u * u_x,
        lambda x: -jnp.sin(jnp.pi * x),
        pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1),
        points=512,
        places=64,
        times=6,
    )
    off, floor = error_and_floor(reference, lambda x, t: burgers_solution(x, t, viscosity))
    assert off < 1e-10 and floor < 1e-8


@pytest.mark.slow
def test_the_floor_knows_what_too_few_points_and_rough_steps_cost():
    def made(**options):
        return pv.method_of_lines(
            lambda u, u_x, u_xx: 0.05 * u_xx - u * u_x,
            lambda x: -jnp.sin(jnp.pi * x),
            pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1),
            **({"places": 32, "times": 6, "points": 256} | options),
        )

    exact = lambda x, t: burgers_solution(x, t, 0.05)
    for options in ({"points": 64}, {"tolerance": 1e-5}):
        off, floor = error_and_floor(made(**options), exact)
        assert off > 1e-8 and 0.5 * off < floor < 1e4 * off


def test_a_start_with_a_kink_where_the_ring_closes_is_right_to_more_than_its_samples_are():
    """u_t = D u_xx from x (2 - x), whose cosine series is known."""
    diffusion, end = 0.01, 1.0
    reference = pv.method_of_lines(
        lambda u_xx: diffusion * u_xx, lambda x: x * (2 - x), RING, points=256, places=64, times=2
    )
    last = reference.points["t"] == 1.5
    x, m = reference.points["x"][last], np.arange(1, 400)[:, None]
    waves = -4 / (np.pi * m) ** 2 * np.cos(np.pi * m * x)
    truth = 2 / 3 + np.sum(np.exp(-diffusion * (np.pi * m) ** 2 * end) * waves, axis=0)
    np.testing.assert_allclose(reference.values["u"][last], truth, rtol=0, atol=1e-10)


@pytest.mark.solves
def test_user_settings_change_nothing_and_are_left_alone():
    arguments = (lambda u, u_xx: 0.1 * u_xx - u**3, lambda x: jnp.cos(jnp.pi * x), RING)
    usual = pv.method_of_lines(*arguments, **SMALL)
    with jax.enable_x64(False):
        single = pv.method_of_lines(*arguments, **SMALL)
        assert jnp.asarray(0.5).dtype == jnp.float32
    assert single.values["u"].dtype == np.float64
    np.testing.assert_array_equal(single.values["u"], usual.values["u"])


def decaying(u):
    return -u


WAVE = lambda x: jnp.sin(jnp.pi * x)
REFUSED = {
    "walls": ((decaying, WAVE, pv.Interval(0, 1) * pv.Time(0, 1)), {}, "one periodic coordinate"),
    "no time": ((decaying, WAVE, pv.Box(x=(0, 2), periodic="x")), {}, "one periodic coordinate"),
    "a plane": (
        (decaying, WAVE, pv.Box(x=(0, 2), y=(0, 1), periodic="x") * pv.Time(0, 1)),
        {},
        "one periodic coordinate",
    ),
    "no domain": ((decaying, WAVE, (0, 1)), {}, r"domain=\(0, 1\)"),
    "a slip": ((lambda uxx: uxx, WAVE, RING), {}, "Did you mean 'u_xx'"),
    "a derivative in time": ((lambda u_t: u_t, WAVE, RING), {}, "rate asks for 'u_t'"),
    "a mixed derivative": ((lambda u_xt: u_xt, WAVE, RING), {}, "rate asks for 'u_xt'"),
    "a Laplacian": ((lambda laplacian_u: laplacian_u, WAVE, RING), {}, "rate asks for 'laplacian_u'"),
    "a default": ((lambda u, x=0.0: u, WAVE, RING), {}, "has the default"),
    "a start of time": ((decaying, lambda t: t, RING), {}, "start asks for t; it is a function of x"),
    "too many places": ((decaying, WAVE, RING), {"places": 48}, "points=64: must be a multiple"),
    "no points": ((decaying, WAVE, RING), {"points": 0}, "points=0"),
    "half a time": ((decaying, WAVE, RING), {"times": 2.5}, "times=2.5"),
    "no tolerance": ((decaying, WAVE, RING), {"tolerance": 0.0}, "tolerance=0.0"),
    "growth without bound": ((lambda u: 10 + u**2, WAVE, RING), {}, r"no solution up to t = 1\.5"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "options", "said"), REFUSED.values(), ids=REFUSED)
def test_what_it_cannot_do_is_said(arguments, options, said):
    with pytest.raises(ValueError, match=said):
        pv.method_of_lines(*arguments, **(SMALL | options))
