"""Jumps: a coefficient of the highest derivative jumps, in strong form, where no point sees it."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("jump")
PI = jnp.pi


@kind.case("two metals: the flux is not continuous where the conductivity jumps")
def rod_of_two_metals() -> pv.Problem:
    """k(x) T'' = 0 on [0, 1], k = 50 below 0.4 and 0.5 above, T(0) = 0, T(1) = 100."""
    flux = 100 / (0.4 / 50 + 0.6 / 0.5)
    return pv.Problem(
        pv.Interval(0, 1),
        "T",
        {
            "heat": pv.PDE(lambda T_xx, x: jnp.where(x < 0.4, 50.0, 0.5) * T_xx),
            "cold": pv.Dirichlet(T=0.0, on="x-"),
            "warm": pv.Dirichlet(T=100.0, on="x+"),
        },
        exact=lambda x: jnp.where(x < 0.4, flux * x / 50, 100 - flux * (1 - x) / 0.5),
        network=SMALL,
    )


@kind.case("two layers side by side, in two dimensions")
def plate_of_two_layers() -> pv.Problem:
    """k(x) lap theta = 0 on [0, 2] x [0, 1], k = 1 below 0.7, else 20, insulated along y."""
    flux = 1 / (0.7 / 1 + 1.3 / 20)
    return pv.Problem(
        pv.Box(x=(0, 2), y=(0, 1)),
        "theta",
        {
            "heat": pv.PDE(lambda laplacian_theta, x: jnp.where(x < 0.7, 1.0, 20.0) * laplacian_theta),
            "left": pv.Dirichlet(theta=0.0, on="x-"),
            "right": pv.Dirichlet(theta=1.0, on="x+"),
            "insulated": pv.Neumann(theta=0.0, on="y"),
        },
        exact=lambda x: jnp.where(x < 0.7, flux * x, 1 - flux * (2 - x) / 20),
        network=NETWORK,
    )


@kind.case("a disk of another material in a square")
def inclusion() -> pv.Problem:
    """k lap u = 0 on [-1, 1]^2, k = 10 where r < a = 0.4, else 1; outside: x (1 - 9 a^2 / (11 r^2))."""

    def right(x, y):
        square = x**2 + y**2
        outside = x * (1 - 9 / 11 * 0.16 / jnp.where(square > 0, square, 1.0))
        return jnp.where(square < 0.16, 2 / 11 * x, outside)

    def heat(laplacian_u, x, y):
        return jnp.where(x**2 + y**2 < 0.16, 10.0, 1.0) * laplacian_u

    return pv.Problem(
        pv.Box(x=(-1, 1), y=(-1, 1)),
        "u",
        {"heat": pv.PDE(heat), "walls": pv.Dirichlet(u=right)},
        exact=right,
        network=NETWORK,
    )


@kind.case("two layers in time: the diffusivity jumps in space")
def wall_of_two_layers() -> pv.Problem:
    """T_t = D(x) T_xx with D = 1 and 0.1 from the steady profile of k = D, which is to stay."""

    def steady(x):
        flux = 1 / (0.5 / 1 + 0.5 / 0.1)
        return jnp.where(x < 0.5, flux * x, 1 - flux * (1 - x) / 0.1)

    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 0.5),
        "T",
        {
            "heat": pv.PDE(lambda T_t, T_xx, x: T_t - jnp.where(x < 0.5, 1.0, 0.1) * T_xx),
            "start": pv.Initial(T=steady),
            "cold": pv.Dirichlet(T=0.0, on="x-"),
            "warm": pv.Dirichlet(T=1.0, on="x+"),
        },
        exact=lambda x: steady(x),
        network=NETWORK,
    )


@kind.case("cars that slow down: (c rho)_x was meant, c rho_x is written")
def velocity_jumps() -> pv.Problem:
    """rho_t + c(x) rho_x = 0, c = 1 below 1/2, 1/2 above; meant: c rho is continuous, rho jumps."""

    def flux(x, t):
        return 2 + jnp.sin(3 * (t - jnp.where(x < 0.5, x, 2 * x - 0.5)))

    def speed(x):
        return jnp.where(x < 0.5, 1.0, 0.5)

    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "rho",
        {
            "traffic": pv.PDE(lambda rho_t, rho_x, x: rho_t + speed(x) * rho_x),
            "start": pv.Initial(rho=lambda x: flux(x, 0.0) / speed(x)),
            "inflow": pv.Dirichlet(rho=lambda t: flux(0.0, t), on="x-"),
        },
        exact=lambda x, t: flux(x, t) / speed(x),
        network=NETWORK,
    )
