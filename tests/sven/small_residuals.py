"""Small residuals: a valley of optimization, and a network on the samples that it is fitted to."""

import jax
import jax.numpy as jnp
import numpy as np


def rosenbrock(p):
    return jnp.stack([10 * (p[1] - p[0] ** 2), 1 - p[0]])


def network(params, x):
    hidden = jax.nn.gelu(params["in"] @ x + params["shift"])
    return params["out"] @ jnp.tanh(params["mid"] @ hidden) + params["end"]


def network_start(seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"in": (6, 2), "shift": (6,), "mid": (5, 6), "out": (5,), "end": ()}
    return {name: jnp.asarray(0.7 * rng.standard_normal(s)) for name, s in shapes.items()}


def network_data(count=12, seed=1):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return jnp.asarray(x), jnp.asarray(np.sin(3 * x[:, 0]) * x[:, 1])


def of_sample(params, x, y):
    return network(params, x) - y


def of_batch(params, x, y):
    return jax.vmap(lambda one: network(params, one))(x) - y
