"""Pulses that an integrator steps over, against what their integrals are."""

import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._solving._stepped_over import stepped_over

STEPS = np.array([0.0, 0.1, 0.3, 0.7, 1.0])


def smooth(t):
    return np.stack([np.cos(3 * t), 1 + t**4], axis=1)


@pytest.mark.parametrize("width", [1e-3, 1e-2])
@pytest.mark.parametrize("place", [0.2, 0.55])
def test_a_pulse_between_nodes_is_missed_by_its_area_and_its_edges_are_told(width, place):
    def rates(t):
        pulse = np.exp(-(((t - place) / width) ** 2)) / (width * np.sqrt(np.pi))
        return smooth(t) + 0.3 * pulse[:, None] * np.array([[1.0, 0.0]])

    missed, edges = stepped_over(STEPS, rates)
    assert 0.05 < missed < 0.6  # a wide one is met by some nodes, which count it for more
    inside = edges[(edges > place - 4 * width) & (edges < place + 4 * width)]
    assert inside.min() < place < inside.max()


def test_of_what_is_smooth_nothing_is_missed():
    missed, _ = stepped_over(STEPS, smooth)
    assert missed < 1e-6
    nothing, none = stepped_over(STEPS, lambda t: np.zeros((len(t), 3)))
    assert nothing == 0.0 and len(none) == 0


@pytest.mark.slow
def test_a_dose_in_a_hundredth_of_the_time_is_not_lost():
    """The mode sin(pi x) decays by itself: a closed form."""
    decay, width, at = 0.1 * np.pi**2, 1e-2, 0.7
    dose = lambda t: jnp.exp(-(((t - at) / width) ** 2)) / (width * jnp.sqrt(jnp.pi))
    problem = pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx, x, t: u_t - 0.1 * u_xx - dose(t) * jnp.sin(jnp.pi * x)),
            "start": pv.Initial(u=lambda x: jnp.sin(jnp.pi * x)),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
    )
    found = pv.evolve(problem)
    expected = np.exp(-decay) + np.exp(-decay * (1 - at)) * np.exp((decay * width) ** 2 / 4)
    assert float(found(x=0.5, t=1.0)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
def test_a_coefficient_that_jumps_is_not_converged():
    problem = pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 2),
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx, x: u_t - jnp.where(x < 0.5, 1.0, 0.1) * u_xx),
            "start": pv.Initial(u=lambda x: x),
            "walls": pv.Dirichlet(u=lambda x: x, on="x"),
        },
    )
    found = pv.evolve(problem)
    assert found.status is pv.RESULTS.unresolved
    assert np.isnan(found.error_estimate["u"])
