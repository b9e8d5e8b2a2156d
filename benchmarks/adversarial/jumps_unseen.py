"""Jumps that no line through the domain shows: in a field's own value, and in what jax.grad takes."""

import jax
import jax.numpy as jnp

import pinnsven as pv

from ._case import SMALL, Kind

kind = Kind("jump")


@kind.case("ice and water: the conductivity jumps where the temperature is zero")
def ice_and_water() -> pv.Problem:
    """k(T) T'' = 0 on [0, 1], k = 2.2 below and 0.6 above 0, T(0) = -10, T(1) = 20."""
    front = 22 / 34  # 2.2 * 10 / front = 0.6 * 20 / (1 - front)

    def exact(x):
        return jnp.where(x < front, -10 + 10 * x / front, 20 * (x - front) / (1 - front))

    return pv.Problem(
        pv.Interval(0, 1),
        "T",
        {
            "heat": pv.PDE(lambda T, T_xx: jnp.where(T > 0, 0.6, 2.2) * T_xx),
            "cold": pv.Dirichlet(T=-10.0, on="x-"),
            "warm": pv.Dirichlet(T=20.0, on="x+"),
        },
        exact=exact,
        network=SMALL,
    )


@kind.case("the slope of a jump is zero on both sides of it")
def slope_of_a_jump() -> pv.Problem:
    """u'' + (log k)' u' = 0 on [0, 1] by jax.grad, k = 1 below 0.4 and 5 above, u(0) = 0, u(1) = 1."""
    flux = 1 / (0.4 + 0.6 / 5)

    def log_k(x):
        return jnp.log(jnp.where(x < 0.4, 1.0, 5.0))

    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_xx, u_x, x: u_xx + jax.grad(log_k)(x) * u_x),
            "cold": pv.Dirichlet(u=0.0, on="x-"),
            "warm": pv.Dirichlet(u=1.0, on="x+"),
        },
        exact=lambda x: jnp.where(x < 0.4, flux * x, 1 - flux / 5 * (1 - x)),
        network=SMALL,
    )
