"""Gauges: a constant, a motion, a phase or an amplitude that the equations cannot see."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("gauge")
PI = jnp.pi


@kind.case("pure Neumann: the constant is free")
def neumann_plain() -> pv.Problem:
    """lap u = -2 pi^2 cos(pi x) cos(pi y) on a square, u_n = 0; meant: mean zero."""

    def right(x, y):
        return jnp.cos(PI * x) * jnp.cos(PI * y)

    return pv.Problem(
        pv.Box(x=(0, 1), y=(0, 1)),
        "u",
        {
            "poisson": pv.PDE(lambda laplacian_u, x, y: laplacian_u + 2 * PI**2 * right(x, y)),
            "insulated": pv.Neumann(u=0.0),
        },
        exact=right,
        network=NETWORK,
    )


@kind.case("pure Neumann, written as Robin with a = 0")
def neumann_as_robin() -> pv.Problem:
    """u'' = 3 x^2 on [-1, 1], 0 u + u_n = 1 at both ends; meant: x^4 / 4."""
    return pv.Problem(
        pv.Interval(-1, 1),
        "u",
        {"ode": pv.PDE(lambda u_xx, x: u_xx - 3 * x**2), "ends": pv.Robin(u=(0.0, 1.0, 1.0), on="x")},
        exact=lambda x: x**4 / 4,
        network=SMALL,
    )


@kind.case("pure Neumann, written as a function of u_n")
def neumann_as_boundary() -> pv.Problem:
    """lap h = 4 on the unit disk, h_n = 2 on the circle; meant: x^2 + y^2."""
    return pv.Problem(
        pv.Disk(),
        "h",
        {
            "poisson": pv.PDE(lambda laplacian_h: laplacian_h - 4.0),
            "rim": pv.Boundary(lambda h_n: h_n - 2.0),
        },
        exact=lambda x, y: x**2 + y**2,
        network=NETWORK,
    )


@kind.case("pure Neumann under an Ansatz that fixes nothing")
def neumann_under_ansatz() -> pv.Problem:
    """u'' = -pi^2 cos(pi x) on [0, 1], u_n = 0; the network is shifted by x^2, the constant stays."""
    return pv.Problem(
        pv.Interval(0, 1),
        "u",
        {
            "ode": pv.PDE(lambda u_xx, x: u_xx + PI**2 * jnp.cos(PI * x)),
            "ends": pv.Neumann(u=0.0, on="x"),
        },
        exact=lambda x: jnp.cos(PI * x),
        network=pv.Ansatz(SMALL, lambda u, x: u + x**2),
    )


@kind.case("a bar between two forces: it may move")
def bar_between_forces() -> pv.Problem:
    """d'' = -sin(pi s) on [0, 1] with d' = 1 / pi at s = 0, -1 / pi at s = 1; meant: d(0) = 0."""
    return pv.Problem(
        pv.Interval(s=(0, 1)),
        "d",
        {
            "bar": pv.PDE(lambda d_ss, s: d_ss + jnp.sin(PI * s)),
            "forces": pv.Boundary(lambda d_s, s: d_s - jnp.cos(PI * s) / PI, on="s"),
        },
        exact=lambda s: jnp.sin(PI * s) / PI**2,
        network=SMALL,
    )


@kind.case("the phase of a wave: only its modulus is prescribed")
def phase_of_wave() -> pv.Problem:
    """f' = -3 g, g' = 3 f on [0, 2], f^2 + g^2 = 1 at the start; meant: f(0) = 1, g(0) = 0."""
    return pv.Problem(
        pv.Time(0, 2),
        "f g",
        {
            "turn": pv.PDE(lambda f_t, g_t, f, g: (f_t + 3 * g, g_t - 3 * f)),
            "modulus": pv.Initial(lambda f, g: f**2 + g**2 - 1.0),
        },
        exact={"f": lambda t: jnp.cos(3 * t), "g": lambda t: jnp.sin(3 * t)},
        network=SMALL,
    )


@kind.case("an eigenproblem: the amplitude is free, and zero fits")
def eigenfunction() -> pv.Problem:
    """-psi'' = pi^2 psi on [0, 1], psi = 0 at both ends; meant: sin(pi x)."""
    return pv.Problem(
        pv.Interval(0, 1),
        "psi",
        {
            "state": pv.PDE(lambda psi_xx, psi: psi_xx + PI**2 * psi),
            "walls": pv.Dirichlet(psi=0.0, on="x"),
        },
        exact=lambda x: jnp.sin(PI * x),
        network=SMALL,
    )
