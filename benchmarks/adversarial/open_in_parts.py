"""Open in a small part, or in steep functions alone: a gap, a window, a wall that little comes from."""

import jax
import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("open")
PI = jnp.pi


@kind.case("nothing is asked for between 0.495 and 0.505")
def gap_between_equations() -> pv.Problem:
    """u'' = 0 on both sides of a gap, u(0) = 0, u(1) = 1; meant: a contact that resists."""

    def exact(x):
        return x / 4 + 0.375 * (1 + jnp.sin(PI * jnp.clip((x - 0.5) / 0.01, -0.5, 0.5)))

    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "left": pv.PDE(lambda u_xx: u_xx, on=lambda x: x < 0.495),
            "right": pv.PDE(lambda u_xx: u_xx, on=lambda x: x > 0.505),
            "cold": pv.Dirichlet(u=0.0, on="x-"),
            "warm": pv.Dirichlet(u=1.0, on="x+"),
        },
        exact=exact,
        network=SMALL,
    )


@kind.case("nothing is said in a window of 4 % of the upper side")
def window_in_a_side() -> pv.Problem:
    """lap u = 0 on the unit square; meant: zero in the window too."""
    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "sides": pv.Dirichlet(u=0.0, on="x"),
            "bottom": pv.Dirichlet(u=lambda x: jnp.sin(PI * x), on="y-"),
            "top": pv.Dirichlet(u=0.0, on=lambda x, y: (y > 0.999) & (abs(x - 0.5) > 0.02)),
        },
        exact=lambda x, y: jnp.sin(PI * x) * jnp.sinh(PI * (1 - y)) / jnp.sinh(PI),
        network=NETWORK,
    )


@kind.case("what flows in slowly was forgotten")
def slow_inflow() -> pv.Problem:
    """u_t + 0.02 u_x = 0 with a start; meant: u = 1 flows in at x = 0."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "u",
        {
            "carry": pv.PDE(lambda u_t, u_x: u_t + 0.02 * u_x),
            "start": pv.Initial(u=lambda x: jnp.sin(2 * PI * x)),
        },
        exact=lambda x, t: jnp.where(x < 0.02 * t, 1.0, jnp.sin(2 * PI * (x - 0.02 * t))),
        network=NETWORK,
    )


@kind.case("a wall was forgotten, from which a solute comes a centimetre in a day")
def solute_wall_forgotten() -> pv.Problem:
    """c_t = 1e-9 c_xx on 1 m and a day, c = 1 + x at first, c = 2 at x = 1; meant: c = 10 at x = 0."""

    def exact(x, t):
        return 1 + x + 9 * jax.scipy.special.erfc(x / (2 * jnp.sqrt(1e-9 * t) + 1e-30))

    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 86400.0),
        "c",
        {
            "diffusion": pv.PDE(lambda c_t, c_xx: c_t - 1e-9 * c_xx),
            "start": pv.Initial(c=lambda x: 1 + x),
            "right": pv.Dirichlet(c=2.0, on="x+"),
        },
        exact=exact,
        network=NETWORK,
    )


@kind.case("the wall of the outflow was forgotten, at which a layer of a thousandth would be")
def outflow_wall_forgotten() -> pv.Problem:
    """-1e-3 u'' + u' = 1 on [0, 1], u(0) = 0; meant: u(1) = 0."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "flow": pv.PDE(lambda u_x, u_xx: -1e-3 * u_xx + u_x - 1),
            "inflow": pv.Dirichlet(u=0.0, on="x-"),
        },
        exact=lambda x: x - jnp.exp((x - 1) / 1e-3),
        network=SMALL,
    )


@kind.case("nothing is said on a small ball that is left out")
def small_ball_forgotten() -> pv.Problem:
    """lap u = 0 on a cube without a ball of radius 0.05; meant: the linear function on it too."""

    def exact(x, y, z):
        return 1 + x + 0 * (y + z)

    cube = pv.Box(x=(0, 1), y=(0, 1), z=(0, 1)) - pv.Ball((0.4, 0.5, 0.5), 0.05)
    sides = "x- x+ y- y+ z- z+"
    return pv.Problem(
        cube,
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "walls": pv.Dirichlet(u=exact, on=sides),
        },
        exact=exact,
        network=NETWORK,
    )


@kind.case("one of four faces through which something flows in was forgotten")
def one_of_four_inflows() -> pv.Problem:
    """u_x + u_y + u_z + u_w = 0 on the unit cube of four dimensions; meant: w = 0 held as well."""

    def exact(x, y, z, w):
        first = jnp.minimum(jnp.minimum(x, y), z)
        return x - y + 20 * jnp.maximum(first - w, 0.0) ** 3

    faces = "x- y- z-"
    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1), z=(0, 1), w=(0, 1)),
        "u",
        {
            "carry": pv.PDE(lambda u_x, u_y, u_z, u_w: u_x + u_y + u_z + u_w),
            "inflow": pv.Dirichlet(u=lambda x, y: x - y, on=faces),
        },
        exact=exact,
        network=NETWORK,
    )


@kind.case("the equation loses its order inside: each side may go on as it likes")
def order_lost_inside() -> pv.Problem:
    """x u' = 2 u on [-1, 1], u(1) = 1; C x^2 with any C solves it for x < 0; meant: -1."""
    return pv.Problem(
        pv.Interval(-1, 1),
        "u",
        {
            "ode": pv.PDE(lambda u, u_x, x: x * u_x - 2 * u),
            "right": pv.Dirichlet(u=1.0, on="x+"),
        },
        exact=lambda x: jnp.sign(x) * x**2,
        network=SMALL,
    )
