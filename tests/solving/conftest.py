"""Systems of the problem in `quadratic.py`, once a file."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._solving._residual import ResidualSystem
from quadratic import BATCHES, PROBLEM, Quadratic


@pytest.fixture(scope="module")
def quadratic():
    """The system of the closed form and its parameters (a, b, c, nu / 4)."""
    network = Quadratic(*jnp.array([0.5, -1.5, 2.0]))
    return ResidualSystem.build(PROBLEM, network, jax.random.PRNGKey(0))


@pytest.fixture(scope="module")
def rows(quadratic):
    """Its residual vector on the batches below."""
    system, theta = quadratic
    return np.asarray(jax.jit(lambda t: system.residual(t, BATCHES))(theta))


@pytest.fixture(scope="module")
def jacobian(quadratic):
    """Its Jacobian there."""
    system, theta = quadratic
    return np.asarray(jax.jit(lambda t: system.linearize(t, BATCHES).jacobian())(theta))


@pytest.fixture(scope="module")
def perceptron():
    """The same problem with a small network."""
    return ResidualSystem.build(PROBLEM, pv.MLP(4, 1), jax.random.PRNGKey(1))


@pytest.fixture(scope="module")
def residual(perceptron):
    """Its residual vector as a compiled function of the parameters."""
    system, _ = perceptron
    return jax.jit(lambda t: system.residual(t, BATCHES))


@pytest.fixture(scope="module")
def linearized(perceptron):
    system, theta = perceptron
    return jax.jit(lambda t: system.linearize(t, BATCHES))(theta)
