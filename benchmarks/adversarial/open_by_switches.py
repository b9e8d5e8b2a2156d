"""Open where a condition is switched off by its own function, and waves that fit between two times."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, Kind

kind = Kind("open")
PI = jnp.pi
SQUARE = pv.Box(x=(0, 1), y=(0, 1))
ROD = pv.Interval(0, 1) * pv.Time(0, 1)


def growing(x, y):
    return jnp.exp(x) * jnp.cos(y)


def _under(top) -> pv.Problem:
    """lap u = 0 with u = e^x cos y on three sides of the unit square."""
    return pv.Problem(
        SQUARE,
        "u",
        {
            "laplace": pv.PDE(lambda laplacian_u: laplacian_u),
            "sides": pv.Dirichlet(u=growing, on="x y-"),
            "top": pv.Boundary(top, on="y+"),
        },
        exact=growing,
        network=NETWORK,
    )


@kind.case("on 60 % of the upper side the condition is zero by jnp.where")
def window_by_a_switch() -> pv.Problem:
    """Meant: e^x cos y there too."""
    return _under(lambda u, x, y: jnp.where(abs(x - 0.4142) < 0.3, 0.0, u - growing(x, y)))


@kind.case("on 30 % of the upper side the condition's factor is zero")
def factor_that_ends() -> pv.Problem:
    """Meant: e^x cos y there too."""
    return _under(lambda u, x, y: jnp.maximum(x - 0.3, 0.0) * (u - growing(x, y)))


@kind.case("one wall is held for 30 % of the time alone")
def wall_given_up() -> pv.Problem:
    """u_t = u_xx; meant: e^(-4 t) sin 2 x at the wall later too."""

    def exact(x, t):
        return jnp.exp(-4 * t) * jnp.sin(2 * x)

    return pv.Problem(
        ROD,
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx: u_t - u_xx),
            "start": pv.Initial(u=lambda x: jnp.sin(2 * x)),
            "cold": pv.Dirichlet(u=0.0, on="x-"),
            "warm": pv.Boundary(lambda u, x, t: jnp.where(t < 0.3, u - exact(x, t), 0.0), on="x+"),
        },
        exact=exact,
        network=NETWORK,
    )


@kind.case("on a fifth of a ring the start is zero by jnp.where")
def start_in_part() -> pv.Problem:
    """u_t + u_x = 0; meant: sin 2 pi x there too."""
    return pv.Problem(
        pv.Box(x=(0, 1), periodic="x") * pv.Time(0, 1),
        "u",
        {
            "carry": pv.PDE(lambda u_t, u_x: u_t + u_x),
            "start": pv.Initial(lambda u, x: jnp.where(x < 0.2, 0.0, u - jnp.sin(2 * PI * x))),
        },
        exact=lambda x, t: jnp.sin(2 * PI * (x - t)),
        network=NETWORK,
    )


@kind.case("in a disk within the square the equation is zero by jnp.where")
def equation_that_is_switched_off() -> pv.Problem:
    """-lap u = 2 pi^2 sin pi x sin pi y, u = 0; meant: in the disk too."""

    def exact(x, y):
        return jnp.sin(PI * x) * jnp.sin(PI * y)

    def poisson(laplacian_u, x, y):
        inside = (x - 0.4) ** 2 + (y - 0.6) ** 2 < 0.2**2
        return jnp.where(inside, 0.0, laplacian_u + 2 * PI**2 * exact(x, y))

    return pv.Problem(
        SQUARE,
        "u",
        {"poisson": pv.PDE(poisson), "walls": pv.Dirichlet(u=0.0)},
        exact=exact,
        network=NETWORK,
    )


@kind.case("a string's first and last shape do not say how it moves in between")
def wave_of_both_ends() -> pv.Problem:
    """u_tt = u_xx; sin 6 pi x sin 6 pi t is zero at t = 0 and t = 7/6; meant: both modes."""
    end = 7 / 6

    def exact(x, t):
        return jnp.sin(PI * x) * jnp.sin(PI * t) + jnp.sin(6 * PI * x) * jnp.sin(6 * PI * t)

    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, end),
        "u",
        {
            "wave": pv.PDE(lambda u_tt, u_xx: u_tt - u_xx),
            "first": pv.Initial(u=0.0),
            "last": pv.Dirichlet(u=lambda x: jnp.sin(PI * x) * jnp.sin(PI * end), on="t+"),
            "held": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=exact,
        network=NETWORK,
    )
