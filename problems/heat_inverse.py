"""An unknown conductivity all over a plate, from noisy readings while the plate cools.

    u_t - div(a grad u) = f                 for -1 < x, y < 1, 0 < t <= 1, a(x, y) unknown within
    u at 2,500 places and times, with errors of 0.1;   a on the boundary

f is what u = exp(-t) sin(pi x) sin(pi y) and a = 2 + sin(pi x) sin(pi y) give.

Exact: these; the error of a is that of the readings, since every set of them has another best fit.
Source: "HInv" of PINNacle, Hao et al. (2023); the best of its twelve methods reaches 5.1e-2.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv


def make_problem(noise: float = 0.1, *, seed: int = 0) -> pv.Problem:
    """Returns the inverse problem for the field `a`, which does not depend on time.

    - `noise`: standard deviation of the readings' errors; u begins with size one.
    - `seed`: of them, and of where they are taken.
    """

    def pattern(x: Array, y: Array) -> Array:
        return jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y)

    def conductivity(x: Array, y: Array) -> Array:
        return 2 + pattern(x, y)

    def exact(x: Array, y: Array, t: Array) -> Array:
        return jnp.exp(-t) * pattern(x, y)

    def warming(u_t: Array, a: Array, grad_a: Array, grad_u: Array, laplacian_u: Array) -> Array:
        return u_t - a * laplacian_u - grad_a @ grad_u

    def heat(
        u_t: Array, a: Array, grad_a: Array, grad_u: Array, laplacian_u: Array,
        x: Array, y: Array, t: Array,
    ) -> Array:  # fmt: skip
        slope = jnp.stack(jax.grad(pattern, (0, 1))(x, y))
        u = exact(x, y, t)
        known = warming(-u, conductivity(x, y), slope, jnp.exp(-t) * slope, -2 * jnp.pi**2 * u)
        return warming(u_t, a, grad_a, grad_u, laplacian_u) - known

    rng = np.random.default_rng(seed)
    x, y, t = rng.uniform([[-1], [-1], [0]], 1.0, (3, 2500))
    clean = np.exp(-t) * np.sin(np.pi * x) * np.sin(np.pi * y)
    return pv.Problem(
        domain=pv.Box(x=(-1, 1), y=(-1, 1)) * pv.Time(0, 1),
        fields=["u", pv.Field("a", of="x y")],
        conditions={
            "heat": pv.PDE(heat),
            "rim": pv.Dirichlet(a=conductivity),
            "readings": pv.Data(
                {"x": x, "y": y, "t": t}, u=clean + noise * rng.standard_normal(2500), noise=noise
            ),
        },
        exact={"u": exact, "a": conductivity},
    )
