"""Taylor-Green vortices: a periodic pattern of eddies that viscosity slows down.

    v_t + (v . grad) v + grad p - nu Laplace v = 0,  div v = 0
        for 0 < x, y < 2 pi (periodic), 0 < t <= 1
    v as below at t = 0; the mean of p is zero

Coefficient: nu = 0.05.

Exact: v = (cos x sin y, -sin x cos y) e^(-2 nu t), p = -(cos 2 x + cos 2 y) e^(-4 nu t) / 4.
Source: Taylor and Green, Proc. R. Soc. A 158 (1937); in the plane Chorin, Math. Comp. 22 (1968).
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(viscosity: float = 0.05) -> pv.Problem:
    """Returns the decay of the vortices, a vector field and its pressure.

    - `viscosity`: nu, nondimensional.
    """
    side = (0.0, 2 * jnp.pi)

    def velocity(x: Array, y: Array, t: Array) -> Array:
        pattern = jnp.array([jnp.cos(x) * jnp.sin(y), -jnp.sin(x) * jnp.cos(y)])
        return pattern * jnp.exp(-2 * viscosity * t)

    def pressure(x: Array, y: Array, t: Array) -> Array:
        return -(jnp.cos(2 * x) + jnp.cos(2 * y)) * jnp.exp(-4 * viscosity * t) / 4

    def momentum(v: Array, v_t: Array, grad_v: Array, grad_p: Array, laplacian_v: Array) -> Array:
        return v_t + grad_v @ v + grad_p - viscosity * laplacian_v

    return pv.Problem(
        domain=pv.Box(x=side, y=side, periodic="x y") * pv.Time(0, 1),
        fields=[pv.Field("v", vector=True), "p"],
        conditions={
            "momentum": pv.PDE(momentum),
            "mass": pv.PDE(lambda div_v: div_v),
            "start": pv.Initial(v=lambda x, y: velocity(x, y, jnp.zeros_like(x))),
            "mean": pv.Integral(lambda p: p, value=0.0),
        },
        exact={"v": velocity, "p": pressure},
    )
