"""Samples and the kernel of their rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import pinnsven as pv
from helpers import first
from matrices import ROUNDING
from pinnsven._sven import FunctionResidual
from small_residuals import network, network_data, network_start, of_batch, of_sample

pytestmark = pytest.mark.usefixtures("shared_compilations")


# Samples and the kernel of their rows


def untied(params, x, y):
    return network(params, x) - y, params["out"] @ params["out"] * x[0]


def tied(params, x, y):
    """The same matrix twice, and its transpose."""
    hidden = jnp.tanh(params["mid"] @ jnp.sin(params["mid"].T @ params["out"]) + params["end"])
    return hidden @ params["out"] - y + params["shift"][0] * x[1]


@pytest.mark.solves
@pytest.mark.parametrize("function", first([tied, untied, of_sample]))
@pytest.mark.parametrize("group", first([1, 3]))
def test_the_kernel_without_a_jacobian_is_that_of_the_jacobian(function, group):
    params, data = network_start(), network_data()
    system = FunctionResidual(pv.Samples(function, group=group), params)
    theta = system.start()
    jacobian = np.asarray(jax.jacrev(lambda t: system.residual(t, data))(theta))
    np.testing.assert_allclose(system.linearize(theta, data).jacobian(), jacobian, atol=1e-12)
    whole = system.implicit(theta, data)
    np.testing.assert_allclose(whole.kernel(), jacobian @ jacobian.T, rtol=0, atol=1e-11)
    np.testing.assert_allclose(whole.jacobian(), jacobian, atol=1e-12)
    np.testing.assert_allclose(whole.gram(), jacobian.T @ jacobian, atol=1e-11)


@pytest.mark.solves
def test_a_jacobian_without_storage_may_have_its_rows_scaled():
    params, data = network_start(), network_data()
    system = FunctionResidual(of_batch, params)
    theta = system.start()
    factor = jnp.linspace(0.5, 2.0, len(data[1]))
    jacobian = factor[:, None] * jax.jacrev(lambda t: system.residual(t, data))(theta)
    plain = system.implicit(theta, data)
    found = plain.scaled(factor * plain.residual, factor)
    v, w = jnp.cos(jnp.arange(theta.size)), jnp.sin(jnp.arange(factor.size))
    np.testing.assert_allclose(found.jacobian(), jacobian, atol=1e-12)
    np.testing.assert_allclose(found.kernel(), jacobian @ jacobian.T, atol=1e-11)
    np.testing.assert_allclose(found.gram(), jacobian.T @ jacobian, atol=1e-11)
    np.testing.assert_allclose(found.apply(v[None])[0], jacobian @ v, atol=1e-11)
    np.testing.assert_allclose(found.pull(w[None])[0], jacobian.T @ w, atol=1e-11)
    twice = found.scaled(found.residual, factor)
    np.testing.assert_allclose(twice.jacobian(), factor[:, None] * jacobian, atol=1e-12)


def test_samples_are_the_function_mapped_over_a_batch():
    params, data = network_start(), network_data()
    np.testing.assert_allclose(pv.Samples(of_sample)(params, *data), of_batch(params, *data))
    grouped = pv.Samples(of_sample, group=4)(params, *data)
    expected = np.mean(np.reshape(of_batch(params, *data), (3, 4)), axis=1)
    np.testing.assert_allclose(grouped, expected, rtol=ROUNDING)


@pytest.mark.slow
def test_samples_and_a_batch_function_take_the_same_step():
    params, data = network_start(), network_data()
    solver = pv.Sven()
    steps = []
    for function in (of_batch, pv.Samples(of_sample)):
        moved, _, _ = solver.step(function, params, solver.init(function, params, *data), *data)
        steps.append(ravel_pytree(moved)[0])
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-8)
