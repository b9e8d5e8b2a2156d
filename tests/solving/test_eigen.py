"""Eigenvalues and eigenfunctions, against closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import jn_zeros

import pinnsven as pv
from pinnsven._solving._complete import not_formed

LINE = pv.Interval(0, 1)


def operator(domain, function, start=1.0, **conditions):
    walls = conditions or {"walls": pv.Dirichlet(u=0.0)}
    return pv.Problem(domain, "u", {"pde": pv.PDE(function)} | walls, unknowns={"E": start})


def string(start=1.0, **conditions):
    return operator(LINE, lambda u, u_xx, E: u_xx + E * u, start, **conditions)


@pytest.fixture(scope="module")
def modes():
    return pv.eigen(string(), 3)


@pytest.mark.solves
def test_a_string_has_its_tones(modes):
    expected = np.array([(k * np.pi) ** 2 for k in (1, 2, 3)])
    np.testing.assert_allclose(modes.values, expected, rtol=1e-7)
    off = np.abs(modes.values - expected)
    assert np.all(off < 100 * np.maximum(modes.error_estimates, 1e-12 * expected))
    assert all(mode.status == "converged" for mode in modes)
    assert str(modes).count("E = ") == 3


@pytest.mark.solves
def test_functions_are_normalized_and_orthogonal(modes):
    x = np.linspace(0, 1, 41)
    for k, mode in enumerate(modes, start=1):
        shape = np.sqrt(2) * np.sin(k * np.pi * x)
        found = mode.u(x=x)
        sign = np.sign(found @ shape)
        np.testing.assert_allclose(sign * found, shape, atol=1e-5)
    assert float(modes[1].unknowns["E"]) == modes.values[1]


@pytest.mark.solves
def test_a_mode_comes_back_from_its_file(modes, tmp_path):
    modes[1].save(tmp_path / "mode.pv")
    again = pv.load(tmp_path / "mode.pv")
    assert again.u(x=0.3) == modes[1].u(x=0.3)
    assert float(again.unknowns["E"]) == modes.values[1]


@pytest.mark.solves
def test_values_near_the_start_are_found():
    found = pv.eigen(string(start=90.0), 1)
    np.testing.assert_allclose(found.values, [(3 * np.pi) ** 2], rtol=1e-6)


@pytest.mark.slow
def test_other_ends_have_other_tones():
    ends = {"left": pv.Dirichlet(u=0.0, on="x-"), "right": pv.Neumann(u=0.0, on="x+")}
    found = pv.eigen(string(**ends), 2)
    np.testing.assert_allclose(found.values, [(np.pi / 2) ** 2, (1.5 * np.pi) ** 2], rtol=1e-6)


def well(depth, start):
    """A particle in a box of half width one, whose potential is lower by `depth` in |x| < 0.3."""
    shape = lambda u, u_xx, x, E: -u_xx + jnp.where(jnp.abs(x) < 0.3, 0.0, depth) * u - E * u
    return operator(pv.Interval(-1, 1), shape, start)


@pytest.mark.parametrize(
    "count", [pytest.param(1, marks=pytest.mark.solves), pytest.param(3, marks=pytest.mark.slow)]
)
def test_a_potential_that_jumps_has_the_values_of_matched_sines(count):
    """u = cos k x or sin k x inside, sinh q (1 - x) outside, with equal u' / u where it jumps."""

    def matched(energy, even):
        k, q = np.sqrt(energy), np.sqrt(400 - energy)
        inside = -k * np.tan(0.3 * k) if even else k / np.tan(0.3 * k)
        return inside + q / np.tanh(0.7 * q)

    between = ((15.0, 25.0, True), (70.0, 90.0, False), (160.0, 190.0, True))[:count]
    expected = np.array(
        [brentq(matched, low, high, args=(even,)) for low, high, even in between], float
    )
    found = pv.eigen(well(400.0, 10.0), count)
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    assert all(solution.status == "converged" for solution in found)


@pytest.mark.solves
def test_a_barrier_that_the_points_miss_is_seen_before_a_value_is_converged():
    barrier = lambda x: jnp.where(jnp.abs(x - 0.418) < 5e-4, 1e5, 0.0)
    problem = operator(LINE, lambda u, u_xx, x, E: -u_xx + barrier(x) * u - E * u, 9.0)
    for solution in pv.eigen(problem, 2):
        assert solution.status == "unresolved" and "narrow" in solution.message


@pytest.mark.slow
def test_a_drum_has_double_tones():
    found = pv.eigen(operator(pv.Disk(), lambda u, laplacian_u, E: laplacian_u + E * u), 3)
    first, second = jn_zeros(0, 1)[0] ** 2, jn_zeros(1, 1)[0] ** 2
    np.testing.assert_allclose(found.values, [first, second, second], rtol=1e-6)
    points, weights = pv.Disk().rule(30)
    one, other = (found[k].u(x=points[:, 0], y=points[:, 1]) for k in (1, 2))
    assert one**2 @ weights == pytest.approx(1, rel=1e-6)
    inner = (one * other) @ weights
    assert abs(inner) < 1e-4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pv.eigen(string(), 0), "count"),
        (lambda: pv.eigen(pv.Problem(LINE, "u", {"p": pv.PDE(lambda u_x: u_x)})), "one unknown"),
        (lambda: pv.eigen(operator(LINE, lambda u_xx, u, E: u_xx + E * u + 1)), "homogeneous"),
        (
            lambda: pv.eigen(operator(LINE, lambda u_xx, u, E: u_xx + E**2 * u)),
            "linear in the eigenvalue",
        ),
        (lambda: pv.eigen(operator(pv.Time(0, 1), lambda u, E: E * u, s=pv.Initial(u=0.0))), "space"),
    ],
)
def test_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(("near", "formed"), [(20.0, True), (2000.0, False)])
def test_what_oscillates_too_fast_for_the_functions_is_said_to_be_missing(near, formed):
    """Waves sin(k x) with k^2 = 2 E: polynomials of degree 24 form ten waves on a length of two."""
    line = pv.Interval(0, 2)
    problem = operator(line, lambda u_xx, u, E: 0.5 * u_xx + E * u, near)
    nodes, _ = np.polynomial.legendre.leggauss(200)
    plain = np.polynomial.legendre.legvander(nodes, 24)
    wave = not_formed(problem, "E", near, 1 + nodes[:, None], plain)
    if formed:
        assert wave is None
    else:
        assert wave[0] == pytest.approx(np.sqrt(2 * near), rel=0.2)


def test_waves_on_a_ring_go_round_a_whole_number_of_times():
    ring = pv.Interval(0, 2, periodic=True)
    problem = pv.Problem(
        ring,
        "u",
        {"pde": pv.PDE(lambda u_xx, u, E, c: c * u_xx + E * u)},
        unknowns={"E": 20.0},
        constants={"c": 0.5},
    )
    x = np.linspace(0, 2, 200)
    angles = np.pi * np.outer(x, np.arange(8))
    plain = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    assert not_formed(problem, "E", 20.0, x[:, None], plain) is None
    assert not_formed(problem, "E", 500.0, x[:, None], plain)[0] > 7 * np.pi


@pytest.mark.slow
def test_where_values_may_be_missing_none_is_converged():
    """Of the second field the waves are a hundred times shorter."""
    two = pv.Problem(
        pv.Interval(0, 1),
        "u v",
        {
            "pde": pv.PDE(lambda u, v, u_xx, v_xx, E: (u_xx + E * u, 1e-4 * v_xx + E * v)),
            "ends": pv.Dirichlet(u=0.0, v=0.0),
        },
        unknowns={"E": 9.9},
    )
    found = pv.eigen(two, 1)
    assert found.solutions[0].status is pv.RESULTS.unresolved
    assert "other values may be missing" in found.solutions[0].message
