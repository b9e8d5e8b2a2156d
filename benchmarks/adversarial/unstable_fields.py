"""Unstable or ill-posed in space and time: residuals are multiplied by 1e5 and more."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, Kind

kind = Kind("unstable")
PI = jnp.pi


@kind.case("the same in two dimensions: 1e-5 off an eigenvalue of the membrane")
def near_resonance_2d() -> pv.Problem:
    """lap u + (2 pi^2 + 1e-5) u = 1e-5 sin(pi x) sin(pi y), zero walls; exact: sin(pi x) sin(pi y)."""

    def right(x, y):
        return jnp.sin(PI * x) * jnp.sin(PI * y)

    def membrane(laplacian_u, u, x, y):
        return laplacian_u + 2 * PI**2 * u + 1e-5 * (u - right(x, y))

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {"membrane": pv.PDE(membrane), "walls": pv.Dirichlet(u=0.0)},
        exact=right,
        network=NETWORK,
    )


@kind.case("heat backward: the sixth mode grows by exp(17.8)")
def backward_heat() -> pv.Problem:
    """T_t = -0.05 T_xx, zero walls, T(x, 0) = sin(pi x) + 1e-6 sin(6 pi x)."""

    def right(x, t):
        def grown(n):
            return jnp.exp(0.05 * (n * PI) ** 2 * t) * jnp.sin(n * PI * x)

        return grown(1) + 1e-6 * grown(6)

    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "T",
        {
            "heat": pv.PDE(lambda T_t, T_xx: T_t + 0.05 * T_xx),
            "start": pv.Initial(T=lambda x: jnp.sin(PI * x) + 1e-6 * jnp.sin(6 * PI * x)),
            "walls": pv.Dirichlet(T=0.0, on="x"),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("Laplace with value and slope at one side (Hadamard), 1e-5 in the fifth mode")
def cauchy_laplace() -> pv.Problem:
    """lap u = 0, u_x = 0 at x = 0, 1, u = cos(pi x) + 1e-5 cos(5 pi x) and u_y = 0 at y = 0."""

    def right(x, y):
        def mode(n):
            return jnp.cos(n * PI * x) * jnp.cosh(n * PI * y)

        return mode(1) + 1e-5 * mode(5)

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "sides": pv.Neumann(u=0.0, on="x"),
            "value": pv.Dirichlet(u=lambda x: jnp.cos(PI * x) + 1e-5 * jnp.cos(5 * PI * x), on="y-"),
            "slope": pv.Neumann(u=0.0, on="y-"),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("a wave by its first and last shape, 1e-6 after half a period: zero nearly fits")
def wave_between_shapes() -> pv.Problem:
    """w_tt = w_xx, zero walls, w = 0 at t = 0 and sin(pi x) sin(pi T) at T = 1 + 1e-6."""
    end = 1 + 1e-6
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, end),
        "w",
        {
            "wave": pv.PDE(lambda w_tt, w_xx: w_tt - w_xx),
            "first": pv.Initial(w=0.0),
            "last": pv.Dirichlet(w=lambda x: jnp.sin(PI * x) * jnp.sin(PI * end), on="t+"),
            "walls": pv.Dirichlet(w=0.0, on="x"),
        },
        exact=lambda x, t: jnp.sin(PI * x) * jnp.sin(PI * t),
        network=NETWORK,
    )


@kind.case("a cavity at resonance with its mode (2, 2, 2), which is free")
def cavity_at_resonance() -> pv.Problem:
    """lap u + 12 pi^2 (u - x - y z) = 0 in the unit cube, u = x + y z on its walls."""

    def exact(x, y, z):
        mode = jnp.sin(2 * PI * x) * jnp.sin(2 * PI * y) * jnp.sin(2 * PI * z)
        return x + y * z + mode

    def equation(u, laplacian_u, x, y, z):
        return laplacian_u + 12 * PI**2 * (u - x - y * z)

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1), z=(0, 1)),
        "u",
        {
            "wave": pv.PDE(equation),
            "walls": pv.Dirichlet(u=lambda x, y, z: x + y * z),
        },
        exact=exact,
        network=NETWORK,
    )
