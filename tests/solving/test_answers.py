"""Networks that cannot answer, features that no point has met, rounding, tuples, integrals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from helpers import SMALL, first, run_of
from pinnsven._solving._held_out import summarize
from pinnsven._solving._limits import Limits
from pinnsven._solving._noise import rounding

pytestmark = pytest.mark.usefixtures("shared_compilations")


class Deaf(eqx.Module):
    """Takes no notice of its second input."""

    inner: eqx.nn.MLP

    def __init__(self):
        self.inner = eqx.nn.MLP(1, 1, 8, 1, jnp.tanh, key=jax.random.PRNGKey(0))

    def __call__(self, inputs):
        return self.inner(inputs[:1])


def line(network, source=0.0):
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx: u_xx - source),
            "a": pv.Dirichlet(u=0.0, on="x-"),
            "b": pv.Dirichlet(u=1.0, on="x+"),
        },
        network=network,
    )


def leaky(x):
    return jnp.where(x > 0, x, 0.1 * x)


DEAD = {
    "relu": line(pv.MLP(8, 1, activation=jax.nn.relu)),
    "relu, with a source": line(pv.MLP(8, 1, activation=jax.nn.relu), source=1.0),
    "a function that is linear in pieces": line(pv.MLP(8, 1, activation=leaky)),
    "a step": line(pv.MLP(8, 1, activation=jnp.sign)),
    "an input that is not used": pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {"pde": pv.PDE(lambda laplacian_u, u_yy: laplacian_u + u_yy), "walls": pv.Dirichlet(u=0.0)},
        network=Deaf(),
    ),
    "an ansatz that is silent in places": line(
        pv.Ansatz(SMALL, lambda u, x: jnp.where(x < 0.5, 0.0, (x - 0.5) ** 3 * u)), source=1.0
    ),
}


@pytest.mark.solves
@pytest.mark.parametrize("name", DEAD)
def test_a_network_that_cannot_answer_is_refused_before_the_first_step(name):
    with pytest.raises(ValueError, match=r"zero everywhere for this network|depend on no parameter"):
        pv.solve(DEAD[name], points=64, max_steps=2)


SMOOTH = {
    "a smooth function": pv.MLP(8, 1, activation=lambda x: jnp.sin(x) + x),
    "a power of relu": pv.MLP(8, 1, activation=lambda x: jax.nn.relu(x) ** 3),
    "an ansatz that builds a wall in": pv.Ansatz(SMALL, lambda u, x: x + x * (1 - x) * u),
}


@pytest.mark.solves
@pytest.mark.parametrize("name", first(list(SMOOTH)))
def test_a_network_that_can_answer_is_not_refused(name):
    found = pv.solve(line(SMOOTH[name]), points=64, max_steps=2, estimate_error=False)
    assert found.steps > 0


@pytest.mark.slow
@pytest.mark.solves
def test_a_reading_where_a_value_is_built_in_is_not_refused():
    """That no parameter moves it harms nothing; where no reading is moved there is nothing to read."""

    def rod(x, values):
        conditions = {
            "ode": pv.PDE(lambda u_xx, x, k: k * u_xx + jnp.pi**2 * jnp.sin(jnp.pi * x)),
            "ends": pv.Dirichlet(u=0.0, on="x"),
            "readings": pv.Data({"x": x}, u=values),
        }
        return pv.Problem(pv.Interval(0, 1), "u", conditions, unknowns={"k": 1.0})

    x = np.linspace(0, 1, 11)
    solution = pv.solve(rod(x, 0.5 * np.sin(np.pi * x)), max_steps=40, progress=False)
    np.testing.assert_allclose(solution.unknowns["k"], 2, rtol=1e-6)
    with pytest.raises(ValueError, match="depend on no parameter"):
        pv.solve(rod([0.0, 1.0], [0.1, 0.1]), max_steps=1, progress=False)


def test_an_integral_whose_nodes_all_miss_what_it_weighs_says_so():
    """A sensor so narrow that very many points miss it too, though not those about a number."""
    sensor = pv.Integral(lambda u, x: jnp.where(jnp.abs(x - 0.31) < 1e-7, u, 0.0), value=1.0)
    conditions = {"ode": pv.PDE(lambda laplacian_u: laplacian_u), "sensor": sensor}
    problem = pv.Problem(pv.Box(x=(0, 1), y=(0, 1)), "u", conditions)
    with pytest.raises(ValueError, match=r"'sensor'.*all nodes of the rule may miss"):
        pv.solve(problem, network=SMALL, max_steps=1, progress=False)


@pytest.mark.slow
def test_a_value_that_its_units_meet_exactly_is_not_refused():
    """Where one value is all that is known of a field, it is the field's shift, to rounding."""
    chain = lambda w_x, v, v_x: (w_x - v, v_x)
    conditions = {
        "chain": pv.PDE(chain),
        "clamp": pv.Dirichlet(w=0.0, on="x-"),
        "force": pv.Boundary(lambda v: 4.0 * v + 1.1, on="x+"),
    }
    problem = pv.Problem(pv.Interval(0, 1), "w v", conditions)
    solution = pv.solve(problem, max_steps=20, estimate_error=False, progress=False)
    np.testing.assert_allclose(solution.w(x=1.0), -1.1 / 4, rtol=1e-9)


@pytest.mark.solves
def test_a_value_that_is_far_from_the_first_network_is_not_out_of_reach():
    problem = pv.Problem(
        pv.Time(0, 1), "u", {"ode": pv.PDE(lambda u_t: u_t), "start": pv.Initial(u=3e17)}
    )
    found = pv.solve(problem, network=SMALL, points=64, max_steps=2, estimate_error=False)
    assert found.steps > 0


@pytest.mark.slow
def test_a_feature_that_no_fitted_point_has_met_is_found():
    """A source of width 1e-3 between 64 fixed points of an interval."""
    width, center = 1e-3, 0.5103

    def spike(x):
        return jnp.exp(-(((x - center) / width) ** 2)) / width

    problem = pv.Problem(
        pv.Interval(0, 1),
        "u",
        {"ode": pv.PDE(lambda u_xx, x: u_xx - spike(x)), "walls": pv.Dirichlet(u=0.0)},
    )
    points = {"ode": {"x": np.linspace(0.0, 0.5, 40).tolist() + np.linspace(0.53, 1.0, 40).tolist()}}
    found = pv.solve(problem, network=SMALL, points=points, refine=False, max_steps=60, tolerance=1e-3)
    assert found.status == "unresolved"
    assert "have missed" in found.message or "not resolved between" in found.message


def make_run(problem, **options):
    run = run_of(problem, points=64, refine=False)
    run.limits, run.checkpoint, run.estimates_error = Limits(1e-6), None, True
    run.prepare()
    return run


@pytest.mark.slow
def test_each_residual_of_a_tuple_has_the_weight_of_an_equation_of_its_own():
    def slow(u, u_t):
        return u_t + u

    def fast(u, v, v_t):
        return 1e12 * (v - u) + v_t

    def both(u, u_t, v, v_t):
        return slow(u, u_t), fast(u, v, v_t)

    start = pv.Initial(u=1.0, v=1.0)
    parts = {"slow": pv.PDE(slow), "fast": pv.PDE(fast), "start": start}
    split = make_run(pv.Problem(pv.Time(0, 1), "u v", parts))
    joined = make_run(pv.Problem(pv.Time(0, 1), "u v", {"both": pv.PDE(both), "start": start}))
    expected = [split.row_weights()[name][0] for name in ("slow", "fast")]
    # The same equations at other draws of points: the responses agree to the noise of that.
    np.testing.assert_allclose(joined.row_weights()["both"], expected, rtol=0.1)
    assert expected[0] / expected[1] > 1e20


def test_a_weight_of_the_users_is_that_of_all_residuals_of_a_tuple():
    equation = pv.PDE(lambda u, u_t, v, v_t: (u_t + u, 1e6 * (v_t + v)), weight=3.0)
    run = make_run(pv.Problem(pv.Time(0, 1), "u v", {"pde": equation, "s": pv.Initial(u=1.0, v=1.0)}))
    np.testing.assert_array_equal(run.row_weights()["pde"], [3.0, 3.0])


def test_residuals_that_are_rounding_agree():
    """u = x is met to rounding: moving the parameters by their rounding moves it as much."""
    problem = line(SMALL)
    run = make_run(problem)
    run.measure()
    level = rounding(run)
    eps = np.finfo(float).eps
    # sqrt(sum (J_i theta_i)^2) eps, three times; J by differences of the whole residual
    assert np.all(level < 3e3 * eps * np.asarray(run.sizes)) and np.max(level) > 0.1 * eps
    sizes, training = np.asarray(run.sizes), (0.5 * level) ** 2
    without = summarize(run.system, run.points, sizes, 1e-4 * training, training)
    among = summarize(run.system, run.points, sizes, 1e-4 * training, training, level)
    assert among.gap < 2 and without.gap >= among.gap


@pytest.mark.slow
def test_an_integral_that_its_nodes_miss_is_judged_and_then_fitted_by_more_of_them():
    """sin^2(40 x) has a mean that eight nodes take for another one."""
    truth = 0.5 - np.sin(80) / 160
    problem = pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_x: u_x),
            "weighted": pv.Integral(lambda u, x: u * jnp.sin(40 * x) ** 2, value=truth, nodes=8),
        },
        exact=lambda x: 1.0 + 0 * x,
    )
    (block,) = [b for b in problem.blocks if b.name == "weighted"]
    rule = lambda b: b.plan.rule @ np.sin(40 * b.plan.nodes[:, 0]) ** 2  # type: ignore[attr-defined]
    assert abs(rule(block) - truth) > 1e-2 and block.finer is not None
    finest = block.finer().finer()
    assert rule(finest) == pytest.approx(truth, rel=1e-10)
    found = pv.solve(problem, network=SMALL, points=64, max_steps=120, tolerance=1e-5)
    assert found.status == "converged" and found.error < 1e-4
