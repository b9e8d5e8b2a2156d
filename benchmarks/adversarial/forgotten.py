"""Open, in steady problems: a side, a hole, a mean or the values of a field are nowhere asked for."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("open")
PI = jnp.pi


@kind.case("nothing is said at the upper side")
def square_three_sides() -> pv.Problem:
    """lap u = 0 on the unit square, u = 0 at x = 0 and 1, sin(pi x) at y = 0; meant: decay in y."""
    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "sides": pv.Dirichlet(u=0.0, on="x"),
            "bottom": pv.Dirichlet(u=lambda x: jnp.sin(PI * x), on="y-"),
        },
        exact=lambda x, y: jnp.exp(-PI * y) * jnp.sin(PI * x),
        network=NETWORK,
    )


@kind.case("nothing is said at the right end")
def rod_one_end() -> pv.Problem:
    """v'' = -1 on [0, 2], v(0) = 0; meant: v(2) = 0."""
    return pv.Problem(
        pv.Interval(r=(0, 2)),
        "v",
        {"rod": pv.PDE(lambda v_rr: v_rr + 1.0), "left": pv.Dirichlet(v=0.0, on="r-")},
        exact=lambda r: r * (2 - r) / 2,
        network=SMALL,
    )


@kind.case("three conditions for an equation of fourth order")
def beam_three_conditions() -> pv.Problem:
    """w'''' = 24 on [0, 1], w(0) = w'(0) = w(1) = 0; meant: w'(1) = 0."""
    return pv.Problem(
        pv.Interval(0, 1),
        "w",
        {
            "beam": pv.PDE(lambda w_xxxx: w_xxxx - 24.0),
            "ends": pv.Dirichlet(w=0.0, on="x"),
            "clamp": pv.Neumann(w=0.0, on="x-"),
        },
        exact=lambda x: x**2 * (1 - x) ** 2,
        network=SMALL,
    )


@kind.case("nothing is said at the boundary of the hole")
def hole_forgotten() -> pv.Problem:
    """lap u = 0 on a square without a disk, log r on the outer sides; meant: log r on the circle."""
    return pv.Problem(
        pv.Box(x=(-1, 1), y=(-1, 1)) - pv.Disk((0, 0), 0.4),
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "outer": pv.Dirichlet(u=lambda x, y: 0.5 * jnp.log(x**2 + y**2), on=("x", "y")),
        },
        exact=lambda x, y: 0.5 * jnp.log(x**2 + y**2),
        network=NETWORK,
    )


@kind.case("periodic: the mean is free")
def ring_without_mean() -> pv.Problem:
    """-u'' = sin(2 pi x) on a ring; meant: mean zero."""
    return pv.Problem(
        pv.Interval(0, 1, periodic=True),
        "u",
        {"poisson": pv.PDE(lambda u_xx, x: u_xx + jnp.sin(2 * PI * x))},
        exact=lambda x: jnp.sin(2 * PI * x) / (4 * PI**2),
        network=SMALL,
    )


@kind.case("one field of a coupled pair has no values at the walls")
def plate_without_moment() -> pv.Problem:
    """w'' = m, m'' = w + (pi^4 - 1) sin(pi x), w = 0 at both ends; meant: m = 0 there."""
    return pv.Problem(
        pv.Interval(0, 1),
        "w m",
        {
            "bend": pv.PDE(lambda w_xx, m: w_xx - m),
            "load": pv.PDE(lambda m_xx, w, x: m_xx - w - (PI**4 - 1) * jnp.sin(PI * x)),
            "ends": pv.Dirichlet(w=0.0, on="x"),
        },
        exact={"w": lambda x: jnp.sin(PI * x), "m": lambda x: -(PI**2) * jnp.sin(PI * x)},
        network=SMALL,
    )


@kind.case("three dimensions, nothing is said at one face")
def cube_five_faces() -> pv.Problem:
    """lap u = 0 on a cube, u = x^2 + y^2 - 2 z^2 on five faces; meant: on the sixth too."""

    def right(x, y, z):
        return x**2 + y**2 - 2 * z**2

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1), z=(0, 1)),
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "faces": pv.Dirichlet(u=right, on=("x", "y", "z-")),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("steady transport along the diagonal, one of two inflow sides missing")
def diagonal_half_inflow() -> pv.Problem:
    """g_x + g_y = 0 on a square, g(0, y) = sin(-2 y); meant: g(x, 0) = sin(2 x)."""
    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "g",
        {
            "carry": pv.PDE(lambda g_x, g_y: g_x + g_y),
            "left": pv.Dirichlet(g=lambda y: -jnp.sin(2 * y), on="x-"),
        },
        exact=lambda x, y: jnp.sin(2 * (x - y)),
        network=NETWORK,
    )
