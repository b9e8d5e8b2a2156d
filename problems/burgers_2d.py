"""Burgers' equations in the plane: a front that runs along the diagonal.

    v_t + (v . grad) v = Laplace v / R      for 0 < x, y < 1, 0 < t <= 1/2
    v as below at t = 0 and on the boundary

Coefficient: R = 80.

Exact: v = (3/4 - g, 3/4 + g), g = 1 / (4 (1 + exp(R (4 y - 4 x - t) / 32))).
Source: Fletcher, Int. J. Numer. Meth. Fluids 3 (1983).
"""

import jax
import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(reynolds: float = 80.0) -> pv.Problem:
    """Returns the front, a vector field.

    - `reynolds`: R, nondimensional.
    """

    def exact(x: Array, y: Array, t: Array) -> Array:
        step = jax.nn.sigmoid(-reynolds * (4 * y - 4 * x - t) / 32) / 4
        return jnp.array([0.75 - step, 0.75 + step])

    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)) * pv.Time(0, 0.5),
        fields=pv.Field("v", vector=True),
        conditions={
            "pde": pv.PDE(
                lambda v, v_t, grad_v, laplacian_v: v_t + grad_v @ v - laplacian_v / reynolds
            ),
            "start": pv.Initial(v=lambda x, y: exact(x, y, jnp.zeros_like(x))),
            "walls": pv.Dirichlet(v=exact),
        },
        exact={"v": exact},
    )
