"""A step with its rows on several devices is the step of one device, for every backend."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh

import pinnsven as pv
from pinnsven._sven import AbstractResidual, Linearization, Spread, SpreadResidual
from sven.backends import BACKENDS

pytestmark = pytest.mark.usefixtures("quick_compilation")
ROUGH = ("refined", "single", "single direct")
QUICK = ("gram", "tridiagonal", "implicit tridiagonal", "qr")


def some_backends(rough):
    """The mark that runs a test over backends, those of `QUICK` and the rough ones always."""
    chosen = [
        pytest.param(row.backend, id=name, marks=() if rough or name in QUICK else pytest.mark.slow)
        for name, row in BACKENDS.items()
        if (name in ROUGH) == rough
    ]
    return pytest.mark.parametrize("backend", chosen)


exact_backends, rough_backends = some_backends(rough=False), some_backends(rough=True)
DEVICES = 8
ROWS, PARAMS = 6, 9  # of one device


class Bent(AbstractResidual):
    """$\\tanh(A \\theta) - b$; the data are A and b."""

    def residual(self, theta, data):
        return jnp.tanh(data[0] @ theta) - data[1]

    def linearize(self, theta, data):
        residual = self.residual(theta, data)
        slope = 1 - (residual + data[1]) ** 2
        return Linearization.of_jacobian(residual, slope[:, None] * data[0])


def spread_over(number):
    return Spread(Mesh(np.array(jax.devices()[:number]), ("rows",)), "rows")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    matrices = rng.standard_normal((DEVICES, ROWS, PARAMS))
    return jnp.asarray(matrices), jnp.asarray(rng.uniform(-0.9, 0.9, (DEVICES, ROWS)))


@pytest.fixture(scope="module")
def theta():
    return jnp.asarray(np.random.default_rng(4).standard_normal(PARAMS))


def joined(data):
    return tuple(leaf.reshape(-1, *leaf.shape[2:]) for leaf in data)


def agree(a, b, within=1e-11):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=within, atol=within)


def test_rows_and_products_are_those_of_one_device(data, theta):
    rng = np.random.default_rng(5)
    spread, one = SpreadResidual(Bent(), spread_over(DEVICES)), Bent()
    rows = jnp.asarray(rng.standard_normal(DEVICES * ROWS))
    whole = joined(data)
    agree(spread.residual(theta, data), one.residual(theta, whole))
    agree(spread.jvp(theta, data, theta), one.jvp(theta, whole, theta))
    agree(spread.vjp(theta, data, rows), one.vjp(theta, whole, rows))
    agree(spread.gram(theta, data), one.gram(theta, whole))
    there, here = spread.linearize(theta, data), one.linearize(theta, whole)
    agree(there.residual, here.residual)
    agree(there.jacobian(), here.jacobian())
    agree(there.kernel(), here.kernel())
    agree(there.gram(), here.gram())
    agree(there.apply(theta[None]), here.apply(theta[None]))
    agree(there.pull(rows[None]), here.pull(rows[None]))
    index = jnp.array([5, 2, 7])
    agree(there.columns(index).gram(), here.columns(index).gram())
    triangle = jnp.linalg.cholesky(here.gram() + jnp.eye(PARAMS))
    agree(there.solved(triangle).jacobian(), here.solved(triangle).jacobian())
    agree(there.scaled(rows, rows).jacobian(), here.scaled(rows, rows).jacobian())
    r = there.triangle()
    agree(r.T @ r, here.gram())


def steps_of(solver, data, theta, number):
    """The parameters after steps on eight devices and on one."""
    found = []
    for system, given in (
        (SpreadResidual(Bent(), spread_over(DEVICES)), data),
        (Bent(), joined(data)),
    ):
        at, state = theta, solver.init_state(theta, jax.random.PRNGKey(0))
        advance = jax.jit(lambda t, s, d, system=system: solver.advance(system, t, s, d))
        for _ in range(number):
            at, state, _report = advance(at, state, given)
        found.append(at)
    return found


@exact_backends
def test_three_steps_are_those_of_one_device(backend, data, theta):
    agree(*steps_of(pv.Sven(backend=backend), data, theta, 3), within=1e-10)


@rough_backends
def test_a_step_by_a_factorization_that_rounds_is_about_that_of_one_device(backend, data, theta):
    """That of few digits, and that of the last ones, in whose basis the damping of a first step is so
    large that it rounds to a few per cent."""
    there, here = steps_of(pv.Sven(backend=backend), data, theta, 1)
    assert float(jnp.linalg.norm(there - here)) < 0.02 * float(jnp.linalg.norm(theta - here))


def test_a_power_of_the_rows_and_a_cut_are_those_of_one_device(data, theta):
    solver = pv.Sven(kappa=2.0, rtol=1e-3, control=pv.FixedStep(0.5), backend=pv.QRSVD())
    agree(*steps_of(solver, data, theta, 1))
