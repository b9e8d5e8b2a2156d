"""The kernel $J J^T$ of a differential equation from outer products, against the Jacobian's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._solving._points import PointSet
from pinnsven._solving._residual import ResidualSystem

pytestmark = pytest.mark.usefixtures("quick_compilation")
WIDE = pv.MLP(width=72, depth=2)  # wide enough for outer products to pay
PLANE = pv.Box(x=(0, 1), y=(0, 1))


def rod(**conditions):
    """Three derivatives of a field, a start, a reading, and an unknown."""
    return pv.Problem(
        pv.Box(x=(-1, 1)) * pv.Time(0, 1),
        "u",
        {
            "pde": pv.PDE(lambda u, u_t, u_x, u_xx, nu: (u_t + u * u_x - nu * u_xx, u_x * u_t)),
            "start": pv.Initial(u=lambda x: -jnp.sin(jnp.pi * x)),
            "walls": pv.Dirichlet(u=0.0, on="x", exact=False),
            "seen": pv.Data({"x": [0.1, 0.4], "t": [0.5, 0.7]}, u=[0.2, 0.1]),
        }
        | conditions,
        unknowns={"nu": 0.3},
    )


def plate():
    """A Laplacian, whose directions are taken together, two fields, and a derivative along a normal."""
    conditions = {
        "a": pv.PDE(lambda laplacian_a, b: laplacian_a - b),
        "b": pv.PDE(lambda laplacian_b, a_xy, a: laplacian_b + a_xy + a**2),
        "walls": pv.Dirichlet(a=0.0, on="x", exact=False),
        "flux": pv.Neumann(a=1.0, b=0.0, on="y"),
        "value": pv.Dirichlet(b=1.0, on="x", exact=False),
    }
    return pv.Problem(PLANE, "a b", conditions)


def with_a_mean():
    """A mean over the domain, which uses a weight at many nodes."""
    return rod(mean=pv.Integral(lambda u: u, value=0.0))


def systems(problem, network, points=40):
    system, theta = ResidualSystem.build(problem, network, jax.random.PRNGKey(1))
    drawn = PointSet(problem, points, pv.Sobol(), np.random.default_rng(0))
    return system, theta, jax.tree.map(jnp.asarray, drawn.batches({b.name: 2.0 for b in system.blocks}))


@pytest.mark.solves
@pytest.mark.parametrize(
    ("problem", "network", "layered"),
    [
        pytest.param(rod(), WIDE, True, id="three derivatives"),
        pytest.param(
            plate(), pv.MLP(width=200, depth=3), True, id="laplacians", marks=pytest.mark.slow
        ),
        pytest.param(rod(), pv.FourierMLP(width=140, depth=3), True, id="fourier features"),
        pytest.param(rod(), pv.MLP(width=8, depth=2), False, id="too small to pay"),
        pytest.param(with_a_mean(), WIDE, False, id="too many uses"),
        pytest.param(rod(), pv.MLP(width=72, depth=2, activation="gelu"), True, id="gelu"),
    ],
)
def test_the_kernel_is_that_of_the_jacobian(problem, network, layered):
    system, theta, data = systems(problem, network)
    assert (jax.eval_shape(system._factors, theta, data) is not None) == layered
    kernel = np.asarray(jax.jit(lambda t, d: system.kernel(t, d))(theta, data))
    jacobian = np.asarray(jax.jit(lambda t, d: system.linearize(t, d).jacobian())(theta, data))
    wanted = jacobian @ jacobian.T
    np.testing.assert_allclose(kernel, wanted, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.slow
def test_a_step_by_the_kernel_is_that_by_the_jacobian():
    system, theta, data = systems(rod(), WIDE)
    found = []
    for implicit in (False, True):
        solver = pv.Sven(backend=pv.GramEigh(implicit=implicit), early_share=1.0)
        state = solver.init_state(theta, jax.random.PRNGKey(0))
        step = jax.jit(lambda t, s, d, solver=solver: solver.advance(system, t, s, d)[0])
        found.append(np.asarray(step(theta, state, data)) - np.asarray(theta))
    assert np.linalg.norm(found[1] - found[0]) < 1e-6 * np.linalg.norm(found[0])


def test_a_wide_jacobian_is_not_stored_unasked():
    chosen = pv.Automatic().choose(1152, 198_401, jnp.float64, None, truncates=False)
    assert not chosen.stores_jacobian
    chosen = pv.Automatic().choose(1152, 4_000, jnp.float64, None, truncates=False)
    assert chosen.stores_jacobian
