"""A network over space whose parameters move, against closed forms."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv

X, T = np.linspace(0, 1, 17), np.linspace(0, 0.2, 5)
LINE = pv.Interval(0, 1) * pv.Time(0, 0.2)


def heat(walls=None, start=lambda x: jnp.sin(jnp.pi * x), **options):
    """Heat in a rod with cold ends, exp(-pi^2 t) sin(pi x)."""
    conditions = {
        "pde": pv.PDE(lambda u_t, u_xx: u_t - u_xx),
        "start": pv.Initial(u=start),
        "walls": pv.Dirichlet(u=0.0, on="x") if walls is None else walls,
    }
    return pv.Problem(LINE, "u", conditions, **options)


@pytest.fixture(scope="module")
def evolved():
    exact = lambda x, t: jnp.exp(-(jnp.pi**2) * t) * jnp.sin(jnp.pi * x)
    return pv.evolve(heat(exact=exact))


@pytest.mark.solves
def test_heat_follows_its_closed_form_and_the_estimate_knows_how_closely(evolved):
    assert evolved.status == "converged"
    x, t = X[:, None], T[None]
    exact = np.exp(-(np.pi**2) * t) * np.sin(np.pi * x)
    np.testing.assert_allclose(np.asarray(evolved(x=x, t=t)), exact, atol=1e-9)
    np.testing.assert_array_equal(evolved.u(x=x, t=t), evolved(x=x, t=t))
    assert evolved.error < 1e-9
    assert 0.1 * evolved.error["u"] < evolved.error_estimate["u"] < 1e-8
    assert evolved.misfit < 1e-6 and evolved.rank == evolved.params - 2  # of which walls hold two


@pytest.mark.solves
def test_it_answers_inside_alone_and_has_parameters_at_every_time(evolved):
    assert np.isnan(evolved(x=1.5, t=0.1)) and np.isnan(evolved(x=0.5, t=0.3))
    first, last = evolved.parameters(0.0), evolved.parameters(0.2)
    assert first.shape == last.shape == (evolved.params,) and np.any(first != last)
    assert "converged" in str(evolved) and "ETD4RK" in str(evolved)
    with pytest.raises(ValueError, match="give each of the coordinates"):
        evolved(x=0.5)
    with pytest.raises(AttributeError, match="no 'v'"):
        _ = evolved.v


@pytest.mark.solves
def test_it_is_a_solution_with_pictures_derivatives_and_files(evolved, tmp_path):
    solution = evolved.solution
    assert solution.status == "converged" and solution.error == evolved.error
    x, t = X[1:-1, None], T[None]
    values = np.asarray(evolved(x=x, t=t))
    np.testing.assert_allclose(solution(x=x, t=t), values, atol=1e-13)
    np.testing.assert_allclose(solution.u_xx(x=x, t=t), -(np.pi**2) * values, atol=1e-6)
    assert np.max(np.abs(solution.residual("pde", x=x, t=np.linspace(0.01, 0.19, 7)[None]))) < 1e-5
    assert solution.conditions["walls"].held_out < 1e-9
    solution.save(tmp_path / "rod.sol")
    np.testing.assert_array_equal(pv.load(tmp_path / "rod.sol")(x=x, t=t), solution(x=x, t=t))
    solution.plot(tmp_path / "rod.png")
    assert (tmp_path / "rod.png").stat().st_size > 10_000


@pytest.mark.solves
def test_a_complex_wave_on_a_ring_turns_as_its_closed_form():
    turned = lambda angle: jax.lax.complex(jnp.cos(angle), jnp.sin(angle))
    exact = lambda x, t: turned(3 * x - 4.5 * t)
    problem = pv.Problem(
        pv.Box(x=(0, 2 * np.pi), periodic="x") * pv.Time(0, 1),
        pv.Field("psi", complex=True),
        {
            "pde": pv.PDE(lambda psi_t, psi_xx: 1j * psi_t + psi_xx / 2),
            "start": pv.Initial(psi=lambda x: turned(3 * x)),
        },
        exact={"psi": exact},
    )
    found = pv.evolve(problem)
    assert found.status == "converged" and found.error["psi"] < 1e-8 and found.fields == ("psi",)
    values = found(x=X[:, None], t=T[None])
    exact_values = np.exp(1j * (3 * X[:, None] - 4.5 * T[None]))
    assert np.max(np.abs(np.asarray(values) - exact_values)) < 1e-8


@pytest.mark.slow  # honesty.py has more of them
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("pde", "walls"),
    [
        (lambda u_t, u_xx: u_t + u_xx / 9, pv.Dirichlet(u=0.0, on="x")),
        (lambda u_t, u_xx: u_t - u_xx, pv.Dirichlet(u=0.0, on="x-")),
    ],
    ids=["backwards", "an open wall"],
)
def test_what_grows_the_faster_the_finer_it_is_is_not_called_converged(pde, walls):
    conditions = dict(heat().conditions) | {"pde": pv.PDE(pde), "walls": walls}
    assert pv.evolve(pv.Problem(LINE, "u", conditions), time_limit=10).status != "converged"


@pytest.mark.solves
def test_a_needle_between_all_nodes_is_named():
    source = lambda x: 20 * jnp.exp(-(((x - 0.3217) / 1e-4) ** 2))
    ring = pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 0.5)
    conditions = {
        "pde": pv.PDE(lambda u_t, u_x, x: u_t + u_x - source(x)),
        "start": pv.Initial(u=lambda x: jnp.cos(jnp.pi * x)),
    }
    found = pv.evolve(pv.Problem(ring, "u", conditions), time_limit=60)
    assert found.status != "converged" and "something narrow was missed" in found.message
    assert "x = [0.32" in found.message and np.isnan(found.error_estimate["u"])


@pytest.mark.slow
def test_walls_that_are_no_numbers_are_held_by_their_rates():
    walls = pv.Neumann(u=0.0, on="x")
    found = pv.evolve(heat(walls, lambda x: jnp.cos(jnp.pi * x)))
    assert found.status == "converged"
    exact = np.exp(-(np.pi**2) * T[None]) * np.cos(np.pi * X[:, None])
    np.testing.assert_allclose(np.asarray(found(x=X[:, None], t=T[None])), exact, atol=3e-4)


@pytest.mark.slow
def test_a_network_that_is_not_linear_moves_too():
    network = pv.MLP(width=8, depth=1)
    found = pv.evolve(
        heat(), network, points=64, tolerance=1e-2, solver=diffrax.Tsit5(), time_limit=120
    )
    assert found.rank is None and found.method == "Tsit5"
    exact = np.exp(-(np.pi**2) * T[None]) * np.sin(np.pi * X[:, None])
    assert np.max(np.abs(found(x=X[:, None], t=T[None]) - exact)) < 0.05


@pytest.mark.solves
def test_a_run_without_time_is_given_up():
    found = pv.evolve(heat(), time_limit=1e-3)
    assert found.status == "time_limit" and found.error_estimate is None
    assert "allow more" in found.message and np.isnan(np.asarray(found(x=0.5, t=0.2)))


@pytest.mark.slow
def test_two_equations_that_contradict_each_other_are_not_called_converged():
    """Both runs find the same compromise: what is left of the equations tells."""
    problem = heat()
    twice = dict(problem.conditions) | {"other": pv.PDE(lambda u_t, u_xx: u_t - 2 * u_xx)}
    found = pv.evolve(pv.Problem(LINE, "u", twice))
    assert found.status == "unresolved" and found.misfit > 0.1
    assert "contradict" in found.message


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_walls_leave_open_is_not_called_converged():
    conditions = dict(heat().conditions)
    del conditions["walls"]
    assert pv.evolve(pv.Problem(LINE, "u", conditions), time_limit=5).status != "converged"


def second_order():
    return pv.Problem(
        LINE,
        "u",
        {
            "pde": pv.PDE(lambda u_tt, u_xx: u_tt - u_xx),
            "start": pv.Initial(u=0.0, u_t=1.0),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
    )


def with_pressure():
    """A second field that no rate belongs to."""
    conditions = {
        "a": pv.PDE(lambda u_t, p: u_t - p),
        "b": pv.PDE(lambda p, u: p - u),
        "start": pv.Initial(u=1.0),
    }
    return pv.Problem(LINE, "u p", conditions)


def with_an_equation_at_rest():
    """One of two residuals has no rate."""
    conditions = {
        "a": pv.PDE(lambda u_t, u_xx, u: (u_t - u_xx, u - 1)),
        "start": pv.Initial(u=1.0),
    }
    return pv.Problem(LINE, "u", conditions)


@pytest.mark.parametrize(
    ("problem", "options", "said"),
    [
        (second_order, {}, "first order in 't'"),
        (
            lambda: pv.Problem(
                pv.Time(0, 1), "u", {"a": pv.PDE(lambda u_t: u_t), "b": pv.Initial(u=1.0)}
            ),
            {},
            "space and time",
        ),
        (lambda: heat(pv.Dirichlet(u=0.0, on="x", exact=True)), {}, "no place in evolve"),
        (
            lambda: pv.Problem(
                LINE,
                "u",
                {"a": pv.PDE(lambda u_t, u_xx, k: u_t - k * u_xx), "s": pv.Initial(u=1.0)},
                unknowns={"k": 1.0},
            ),
            {},
            "unknowns",
        ),
        (with_pressure, {}, "the rate of p in 't'"),
        (with_an_equation_at_rest, {}, "residual number 2 has no rate"),
        (heat, {"tolerance": 2.0}, "tolerance=2.0"),
        (heat, {"points": 0}, "points=0"),
        (heat, {"solver": "rk4"}, "give a solver of diffrax"),
        (heat, {"time_limit": -1}, "time_limit"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_evolve_is_refused(problem, options, said):
    with pytest.raises(ValueError, match=said):
        pv.evolve(problem(), **options)
