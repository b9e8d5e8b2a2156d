"""Jumps that do no harm, and a coefficient that is steep but smooth."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("jump")
PI = jnp.pi


@kind.case("a reaction that jumps: no highest derivative is concerned", may_converge=True)
def reaction_jumps() -> pv.Problem:
    """u'' = c(x) u on [0, 1], c = 0 below 1/2, 16 above; exact: 4 x - 1 and exp(4 x - 2)."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, u, x: u_xx - jnp.where(x < 0.5, 0.0, 16.0) * u),
            "left": pv.Dirichlet(u=-1.0, on="x-"),
            "right": pv.Dirichlet(u=lambda x: jnp.exp(4 * x - 2), on="x+"),
        },
        exact=lambda x: jnp.where(x < 0.5, 4 * x - 1, jnp.exp(4 * x - 2)),
        network=SMALL,
    )


@kind.case("a diffusivity that jumps with time: u is continuous, and right", may_converge=True)
def diffusivity_jumps_in_time() -> pv.Problem:
    """u_t = D(t) u_xx, D = 0.1 before t = 1/2, 0.3 after, zero walls, sin(pi x) at the start."""

    def warmth(t):
        return jnp.where(t < 0.5, 0.1 * t, 0.05 + 0.3 * (t - 0.5))

    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx, t: u_t - jnp.where(t < 0.5, 0.1, 0.3) * u_xx),
            "start": pv.Initial(u=lambda x: jnp.sin(PI * x)),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=lambda x, t: jnp.exp(-(PI**2) * warmth(t)) * jnp.sin(PI * x),
        network=NETWORK,
    )


@kind.case("a source that jumps: that is fine", may_converge=True)
def source_jumps() -> pv.Problem:
    """u'' = 2 above 1/2 and 0 below on [0, 1]; exact: max(x - 1/2, 0)^2 + x."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, x: u_xx - jnp.where(x < 0.5, 0.0, 2.0)),
            "left": pv.Dirichlet(u=0.0, on="x-"),
            "right": pv.Dirichlet(u=1.25, on="x+"),
        },
        exact=lambda x: jnp.maximum(x - 0.5, 0.0) ** 2 + x,
        network=SMALL,
    )


@kind.case("steep and smooth: that is fine", may_converge=True)
def coefficient_steep() -> pv.Problem:
    """(k v')' = f on [0, 1], k = 5.5 + 4.5 tanh(30 (x - 1/2)), zero ends; exact: sin(pi x)."""

    def flux(v_xx, v_x, x):
        wave = jnp.tanh(30 * (x - 0.5))
        return (5.5 + 4.5 * wave) * v_xx + 135 * (1 - wave**2) * v_x

    def ode(v_xx, v_x, x):
        return flux(v_xx, v_x, x) - flux(-(PI**2) * jnp.sin(PI * x), PI * jnp.cos(PI * x), x)

    return pv.Problem(
        pv.Interval(0, 1),
        "v",
        {"ode": pv.PDE(ode), "ends": pv.Dirichlet(v=0.0, on="x")},
        exact=lambda x: jnp.sin(PI * x),
        network=SMALL,
    )


@kind.case("the flux as a field of its own: the jump is where it belongs", may_converge=True)
def layers_by_flux() -> pv.Problem:
    """q = -k(x) T', q' = 0, k = 2 below 1/2 and 1 above, T(0) = 0, T(1) = 1."""
    flux = 1 / (0.5 / 2 + 0.5 / 1)
    return pv.Problem(
        pv.Interval(0, 1),
        "T q",
        {
            "fourier": pv.PDE(lambda T_x, q, x: q / jnp.where(x < 0.5, 2.0, 1.0) + T_x),
            "balance": pv.PDE(lambda q_x: q_x),
            "cold": pv.Dirichlet(T=0.0, on="x-"),
            "warm": pv.Dirichlet(T=1.0, on="x+"),
        },
        exact={
            "T": lambda x: jnp.where(x < 0.5, flux * x / 2, 1 - flux * (1 - x)),
            "q": lambda x: -flux + 0 * x,
        },
        network=SMALL,
    )
