"""An unknown conductivity all over a square, from noisy readings of what it conducts.

    -div(a grad u) = f                      for 0 < x, y < 1, a(x, y) unknown within
    u at 50 by 50 places, with errors of 0.1;   a on the boundary

f is what u = sin(pi x) sin(pi y) and a = 1 / (1 + x^2 + y^2 + (x - 1)^2 + (y - 1)^2) give.

Exact: these; the error of a is that of the readings, since every set of them has another best fit.
Source: "PInv" of PINNacle, Hao et al. (2023), whose f has another sign in two places and so another
solution; the best of its twelve methods reaches 8.0e-2 for its own.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv


def make_problem(noise: float = 0.1, *, seed: int = 0) -> pv.Problem:
    """Returns the inverse problem for the field `a`.

    - `noise`: standard deviation of the readings' errors; u has size one.
    - `seed`: of them.
    """

    def field(x: Array, y: Array) -> Array:
        return jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y)

    def conductivity(x: Array, y: Array) -> Array:
        return 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)

    def flow(a: Array, grad_a: Array, grad_u: Array, laplacian_u: Array) -> Array:
        return a * laplacian_u + grad_a @ grad_u

    def balance(
        a: Array, grad_a: Array, grad_u: Array, laplacian_u: Array, x: Array, y: Array
    ) -> Array:
        of_a, of_u = (jnp.stack(jax.grad(f, (0, 1))(x, y)) for f in (conductivity, field))
        known = flow(conductivity(x, y), of_a, of_u, -2 * jnp.pi**2 * field(x, y))
        return flow(a, grad_a, grad_u, laplacian_u) - known

    x, y = (side.ravel() for side in np.meshgrid(np.linspace(0, 1, 50), np.linspace(0, 1, 50)))
    errors = noise * np.random.default_rng(seed).standard_normal(x.size)
    readings = np.sin(np.pi * x) * np.sin(np.pi * y) + errors
    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)),
        fields="u a",
        conditions={
            "balance": pv.PDE(balance),
            "rim": pv.Dirichlet(a=conductivity),
            "readings": pv.Data({"x": x, "y": y}, u=readings, noise=noise),
        },
        exact={"u": field, "a": conductivity},
    )
