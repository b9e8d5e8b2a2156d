"""Matrices with known singular values, affine residuals of them, and one step of Sven."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import pinnsven as pv
from pinnsven._sven import AbstractResidual, Linearization

KEY = jax.random.PRNGKey(3)
ROUNDING = 1e-11  # relative, of algebra on well-conditioned numbers
BACKENDS_AGREE = 1e-9  # of the step, where the condition number is below 1e4
CUT = 0.25  # keeps three values of the matrices "at the cut", the third exactly on it


def spectral(rows, params, values=None, seed=0):
    """A matrix with random singular vectors and the given singular values, by default 3 down to 0.3."""
    rng = np.random.default_rng(seed)
    values = np.geomspace(3, 0.3, min(rows, params)) if values is None else np.asarray(values)
    left = np.linalg.qr(rng.standard_normal((rows, rows)))[0][:, : len(values)]
    right = np.linalg.qr(rng.standard_normal((params, params)))[0][:, : len(values)]
    return (left * values) @ right.T


def diagonal(rows, params, values):
    matrix = np.zeros((rows, params))
    np.fill_diagonal(matrix, values)
    return matrix


# Few shapes, because every shape compiles anew.
MATRICES = {
    "wide": spectral(5, 8, [8.0, 3.0, 1.0, 0.3, 0.01]),
    "square": spectral(5, 5, [5.0, 4.0, 2.0, 1.0, 0.01]),
    "tall": spectral(8, 5, [7.0, 5.0, 1.0, 0.2, 0.01]),
    "one row": spectral(1, 5, [3.0]),
    "one column": spectral(5, 1, [3.0]),
    "rank one": spectral(8, 5, [2.0]),
    "rank one, wide": spectral(5, 8, [2.0]),
    "duplicate rows": np.repeat(spectral(4, 5, [4.0, 2.0, 1.0, 0.5]), 2, axis=0),
    "all zero": np.zeros((8, 5)),
    "all zero, wide": np.zeros((5, 8)),
    "at the cut": diagonal(8, 5, [4.0, 2.0, 1.0, 0.25, 0.125]),
    "at the cut, wide": diagonal(5, 8, [4.0, 2.0, 1.0, 0.25, 0.125]),
}
matrices = pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)

SHAPES = {"wide": (6, 17), "square": (9, 9), "tall": (40, 9)}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def linearization(matrix, residual=None):
    residual = np.zeros(len(matrix)) if residual is None else residual
    return Linearization.of_jacobian(jnp.asarray(residual), jnp.asarray(matrix))


def residual_of(matrix, seed=7):
    return np.random.default_rng(seed).standard_normal(len(matrix))


class Affine(AbstractResidual):
    """r = J theta + r0, with (J, r0) as its data: new numbers compile nothing."""

    def residual(self, theta, data):
        matrix, offset = data
        return matrix @ theta + offset

    def linearize(self, theta, data):
        return Linearization.of_jacobian(self.residual(theta, data), data[0])


def state_of(seed=0, late=False, params=1):
    state = pv.Sven().init_state(jnp.zeros(params), jax.random.PRNGKey(seed))
    return eqx.tree_at(lambda s: s.late, state, jnp.array(late))


def one_step(matrix, residual, theta=None, **options):
    """One step and its report, by default that of the truncated pseudoinverse from the origin."""
    solver = pv.Sven(**({"control": pv.FixedStep()} | options))
    theta = jnp.zeros(matrix.shape[1]) if theta is None else jnp.asarray(theta)
    data = jnp.asarray(matrix), jnp.asarray(residual)
    moved, _, report = solver.advance(Affine(), theta, solver.init_state(theta, KEY), data)
    return np.asarray(moved - theta), report
