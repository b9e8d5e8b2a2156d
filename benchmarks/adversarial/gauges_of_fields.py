"""Gauges of flow, elasticity and magnetism, which only derivatives of a field see."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, Kind

kind = Kind("gauge")
PI = jnp.pi


@kind.case("Stokes flow with velocities on all walls: the pressure's constant is free")
def pressure_by_gradient() -> pv.Problem:
    """p_x - lap u = f, p_y - lap v = g, u_x + v_y = 0; meant: p = cos(pi x) cos(pi y)."""

    def across(x, y):
        return jnp.sin(PI * x) * jnp.cos(PI * y)

    def stokes(laplacian_u, laplacian_v, p_x, p_y, x, y):
        force = (2 * PI**2 - PI) * across(x, y), (-2 * PI**2 - PI) * across(y, x)
        return p_x - laplacian_u - force[0], p_y - laplacian_v - force[1]

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u v p",
        {
            "stokes": pv.PDE(stokes),
            "mass": pv.PDE(lambda u_x, v_y: u_x + v_y),
            "walls": pv.Dirichlet(u=across, v=lambda x, y: -across(y, x)),
        },
        exact={
            "u": across,
            "v": lambda x, y: -across(y, x),
            "p": lambda x, y: jnp.cos(PI * x) * jnp.cos(PI * y),
        },
        network=NETWORK,
    )


@kind.case("the pressure is pinned at one time only: c(t) with c(0) = 0 may be added")
def pressure_pinned_once() -> pv.Problem:
    """u_t + p_x = 0, u_x = 0, u = cos t at x = 0, p(0, 0) = 0; meant: p(0, t) = 0 at all times."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 2),
        "u p",
        {
            "momentum": pv.PDE(lambda u_t, p_x: u_t + p_x),
            "mass": pv.PDE(lambda u_x: u_x),
            "inlet": pv.Dirichlet(u=lambda t: jnp.cos(t), on="x-"),
            "pin": pv.Data({"x": [0.0], "t": [0.0]}, p=[0.0]),
        },
        exact={"u": lambda t: jnp.cos(t), "p": lambda x, t: x * jnp.sin(t)},
        network=NETWORK,
    )


@kind.case("an elastic sheet held by tractions alone: it may move and turn")
def sheet_in_tension() -> pv.Problem:
    """Plane stress, E = 1, nu = 0.3, traction (1, 0) per normal along x; meant: u = x, v = -0.3 y."""
    nu = 0.3

    def balance(u_xx, u_yy, u_xy, v_xx, v_yy, v_xy):
        along = u_xx + (1 - nu) / 2 * u_yy + (1 + nu) / 2 * v_xy
        across = v_yy + (1 - nu) / 2 * v_xx + (1 + nu) / 2 * u_xy
        return along, across

    def traction(u_x, u_y, v_x, v_y, normal):
        shear = (u_y + v_x) / (2 * (1 + nu))
        along, across = (u_x + nu * v_y) / (1 - nu**2), (v_y + nu * u_x) / (1 - nu**2)
        n, m = normal[0], normal[1]
        return along * n + shear * m - n, shear * n + across * m

    return pv.Problem(
        pv.Box(x=(-1, 1), y=(-1, 1)),
        "u v",
        {"balance": pv.PDE(balance), "pull": pv.Boundary(traction)},
        exact={"u": lambda x: x, "v": lambda y: -nu * y},
        network=NETWORK,
    )


@kind.case("a stream function from its velocities: the constant is free")
def stream_function() -> pv.Problem:
    """psi_y = u, psi_x = -v with u, v given; meant: psi = sin(pi x) sin(pi y), zero at the walls."""

    def velocities(psi_x, psi_y, x, y):
        u = PI * jnp.sin(PI * x) * jnp.cos(PI * y)
        v = -PI * jnp.cos(PI * x) * jnp.sin(PI * y)
        return psi_y - u, psi_x + v

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "psi",
        {"velocities": pv.PDE(velocities)},
        exact=lambda x, y: jnp.sin(PI * x) * jnp.sin(PI * y),
        network=NETWORK,
    )


@kind.case("a vector potential: gradients that vanish along the walls may be added")
def vector_potential() -> pv.Problem:
    """b_x - a_y = 1 on a square, a at y = +-1 and b at x = +-1 given; meant: a = -y / 2, b = x / 2."""
    return pv.Problem(
        pv.Box(x=(-1, 1), y=(-1, 1)),
        "a b",
        {
            "field": pv.PDE(lambda b_x, a_y: b_x - a_y - 1.0),
            "upright": pv.Dirichlet(b=lambda x: x / 2, on="x"),
            "level": pv.Dirichlet(a=lambda y: -y / 2, on="y"),
        },
        exact={"a": lambda y: -y / 2, "b": lambda x: x / 2},
        network=NETWORK,
    )
