"""Right, in several dimensions and shapes: well-posed twins, which must be called right."""

import jax.numpy as jnp

import pinnsven as pv

from ._case import NETWORK, Kind
from .gauges import neumann_plain
from .gauges_of_fields import pressure_by_gradient

kind = Kind("right")
PI = jnp.pi


def _with(problem: pv.Problem, **conditions: pv.AbstractCondition) -> pv.Problem:
    """The same problem with further conditions."""
    return pv.Problem(
        problem.domain,
        problem.fields,
        {**problem.conditions, **conditions},
        exact=problem.exact,
        network=problem.network,
    )


def _laplace(domain, right) -> pv.Problem:
    """lap u = 0 with a harmonic function as values on all of the boundary."""
    return pv.Problem(
        domain,
        "u",
        {"laplace": pv.PDE(lambda laplacian_u: laplacian_u), "walls": pv.Dirichlet(u=right)},
        exact=right,
        network=NETWORK,
    )


@kind.case("the twin of string_without_velocity", may_converge=True)
def string_at_rest() -> pv.Problem:
    """w_tt = w_xx, zero walls, w(x, 0) = sin(pi x), w_t(x, 0) = 0."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "w",
        {
            "wave": pv.PDE(lambda w_tt, w_xx: w_tt - w_xx),
            "start": pv.Initial(w=lambda x: jnp.sin(PI * x), w_t=0.0),
            "walls": pv.Dirichlet(w=0.0, on="x"),
        },
        exact=lambda x, t: jnp.sin(PI * x) * jnp.cos(PI * t),
        network=NETWORK,
    )


@kind.case("the twin of heat_without_start", may_converge=True)
def heat_started() -> pv.Problem:
    """s_t = 0.1 s_xx, zero walls, s(x, 0) = sin(pi x)."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "s",
        {
            "heat": pv.PDE(lambda s_t, s_xx: s_t - 0.1 * s_xx),
            "start": pv.Initial(s=lambda x: jnp.sin(PI * x)),
            "walls": pv.Dirichlet(s=0.0, on="x"),
        },
        exact=lambda x, t: jnp.exp(-0.1 * PI**2 * t) * jnp.sin(PI * x),
        network=NETWORK,
    )


@kind.case("the twin of inflow_forgotten", may_converge=True)
def inflow_given() -> pv.Problem:
    """c_t + c_x / 2 = 0, c(x, 0) = sin(2 pi x), c(0, t) = -sin(pi t)."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "c",
        {
            "carry": pv.PDE(lambda c_t, c_x: c_t + 0.5 * c_x),
            "start": pv.Initial(c=lambda x: jnp.sin(2 * PI * x)),
            "inflow": pv.Dirichlet(c=lambda t: -jnp.sin(PI * t), on="x-"),
        },
        exact=lambda x, t: jnp.sin(2 * PI * (x - 0.5 * t)),
        network=NETWORK,
    )


@kind.case("the twin of square_three_sides", may_converge=True)
def square_four_sides() -> pv.Problem:
    """lap u = 0 on the unit square, exp(-pi y) sin(pi x) on all sides."""
    square = pv.Box(x=(0, 1), y=(0, 1))
    return _laplace(square, lambda x, y: jnp.exp(-PI * y) * jnp.sin(PI * x))


@kind.case("the twin of hole_forgotten: a square without a disk", may_converge=True)
def hole_given() -> pv.Problem:
    """lap u = 0 on a square without a disk, log r on the sides and on the circle."""
    domain = pv.Box(x=(-1, 1), y=(-1, 1)) - pv.Disk((0, 0), 0.4)
    return _laplace(domain, lambda x, y: 0.5 * jnp.log(x**2 + y**2))


@kind.case("the twin of cube_five_faces", may_converge=True)
def cube_six_faces() -> pv.Problem:
    """lap u = 0 on a cube, x^2 + y^2 - 2 z^2 on all faces."""
    cube = pv.Box(x=(0, 1), y=(0, 1), z=(0, 1))
    return _laplace(cube, lambda x, y, z: x**2 + y**2 - 2 * z**2)


@kind.case("Neumann with its mean", may_converge=True)
def neumann_with_mean() -> pv.Problem:
    """neumann_plain, and int u = 0."""
    return _with(neumann_plain(), mean=pv.Integral(lambda u: u, value=0.0))


@kind.case("Neumann with the value at a corner", may_converge=True)
def neumann_with_value() -> pv.Problem:
    """neumann_plain, and u(0, 0) = 1."""
    corner = pv.Condition(lambda u: u - 1.0, {"x": [0.0], "y": [0.0]})
    return _with(neumann_plain(), corner=corner)


@kind.case("Stokes flow with the pressure at a corner", may_converge=True)
def pressure_pinned() -> pv.Problem:
    """pressure_by_gradient, and p(0, 0) = 1."""
    return _with(pressure_by_gradient(), pin=pv.Data({"x": [0.0], "y": [0.0]}, p=[1.0]))


@kind.case("the answer is the same everywhere", may_converge=True)
def constant_answer() -> pv.Problem:
    """lap u = 0 on a square, u = 7 on the boundary."""
    return _laplace(pv.Box(x=(-1, 1), y=(-1, 1)), lambda x: 7.0 + 0.0 * x)


@kind.case("a disk", may_converge=True)
def disk() -> pv.Problem:
    """lap u = 0 on a disk of radius 2, exp(x / 2) cos(y / 2) on the circle."""
    return _laplace(pv.Disk((0.5, 0.0), 2.0), lambda x, y: jnp.exp(x / 2) * jnp.cos(y / 2))


@kind.case("a polygon with an inner corner, but a smooth answer", may_converge=True)
def polygon() -> pv.Problem:
    """lap u = 0 on an L, x^3 - 3 x y^2 on its edges."""
    corners = [(0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)]
    return _laplace(pv.Polygon(corners), lambda x, y: x**3 - 3 * x * y**2)


@kind.case("a square without a box", may_converge=True)
def frame() -> pv.Problem:
    """lap u = 0 on a square without a box, x y + y on both boundaries."""
    domain = pv.Box(x=(0, 1), y=(0, 1)) - pv.Box(x=(0.4, 0.6), y=(0.3, 0.7))
    return _laplace(domain, lambda x, y: x * y + y)


@kind.case("a ball, with heat that is lost", may_converge=True)
def ball() -> pv.Problem:
    """lap u = 6 on the unit ball, u + u_n = 3 on the sphere; exact: x^2 + y^2 + z^2."""
    return pv.Problem(
        pv.Ball(),
        "u",
        {
            "poisson": pv.PDE(lambda laplacian_u: laplacian_u - 6.0),
            "loss": pv.Robin(u=(1.0, 1.0, 3.0)),
        },
        exact=lambda x, y, z: x**2 + y**2 + z**2,
        network=NETWORK,
    )
