"""A problem whose residual and Jacobian have a closed form."""

import equinox as eqx
import jax
import numpy as np

import pinnsven as pv
from pinnsven._conditions import FixedPoints
from pinnsven._solving._residual import (
    make_batch,
    slab_rows,
)

ROUNDING = 1e-12  # relative to the largest entry
NU = -4.0  # the starting value of the unknown: theta holds it divided by 4
WEIGHTS = {"pde": 0.01, "start": 1.0, "flux": 3.0, "data": 0.5, "own": 20.0}
CHUNK = slab_rows()
COUNTS = {"pde": CHUNK + 41, "start": 5, "flux": 8}
DATA = {"x": np.array([-0.5, 0.0, 0.7]), "t": np.array([-1.0, 0.2, 1.0])}
TARGETS = np.array([1.0, -2.0, 0.5])


class Quadratic(eqx.Module):
    """u = a x^2 + b t + c x t, linear in its parameters; the domain below needs no scaling."""

    a: jax.Array
    b: jax.Array
    c: jax.Array

    def __call__(self, inputs):
        x, t = inputs
        return self.a * x**2 + self.b * t + self.c * x * t


def conditions():
    return {
        "pde": pv.PDE(lambda u, u_t, u_x, u_xx, nu, x: (u_t - nu * u_xx + x * u**2, u_x - nu)),
        "start": pv.Initial(u=lambda x: x),
        "flux": pv.Neumann(u=lambda nu: nu, on="x"),
        "data": pv.Data(DATA, u=TARGETS),
        "own": pv.Condition(lambda u, u_x: (u, u * u_x), DATA),
    }


def closed_form(name, points, normals, theta):
    """The unscaled residuals, shape (n, components), for complex parameters too."""
    a, b, c, nu = theta[0], theta[1], theta[2], theta[3] * abs(NU)
    x, t = points.T
    u, u_x, u_t = a * x**2 + b * t + c * x * t, 2 * a * x + c * t, b + c * x
    rows = {
        "pde": [u_t - nu * 2 * a + x * u**2, u_x - nu],
        "start": [u - x],
        "flux": [normals[:, 0] * u_x - nu],
        "data": [u - np.resize(TARGETS, len(x))],
        "own": [u, u * u_x],
    }
    return np.stack(rows[name], axis=1)


def draw(problem, counts=COUNTS, weights=WEIGHTS, seed=0, slabs=1):
    rng = np.random.default_rng(seed)
    batches = []
    for block in problem.blocks:
        if isinstance(block.site, FixedPoints):
            points, auxiliary = block.site.points, block.site.auxiliary
            normals = np.zeros((len(points), 1))
        else:
            points, normals = block.site.draw(counts[block.name], pv.Sobol(), rng)
            auxiliary = {}
        arrays = (points, normals, auxiliary)
        batches.append(make_batch(*arrays, weights[block.name], block.components, slabs))
    return tuple(batches)


def make_problem(named=None):
    return pv.Problem(
        pv.Interval(-1, 1) * pv.Time(-1, 1),
        "u",
        conditions() if named is None else named,
        unknowns={"nu": NU},
    )


PROBLEM = make_problem()
BATCHES = draw(PROBLEM)


def close(found, expected, relative=ROUNDING):
    np.testing.assert_allclose(found, expected, atol=relative * np.max(np.abs(expected)))


SLABS = [3, 1, 1, 1, 1]  # 169 points fill three slabs of 64 points with two components each
