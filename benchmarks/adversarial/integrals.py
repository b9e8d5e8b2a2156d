"""Integrals: what the nodes that were fitted do not see, and shapes without a rule of their own."""

import jax
import jax.numpy as jnp
import numpy as np

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("integral")
ROOT = float(np.sqrt(np.pi))


def _slopes(right, *, integral: float, domain) -> pv.Problem:
    """grad u = grad of `right`, and its integral: one constant is left to the rule."""

    def gradient(u_x, u_y, x, y):
        along, across = jax.grad(right, (0, 1))(x, y)
        return u_x - along, u_y - across

    return pv.Problem(
        domain,
        "u",
        {"slopes": pv.PDE(gradient), "total": pv.Integral(lambda u: u, value=integral)},
        exact=right,
        network=NETWORK,
    )


@kind.case("two peaks of width 0.015 between 24 nodes on a length of 3", near={"z": (2.17, 0.015)})
def peaks_on_interval() -> pv.Problem:
    """v' = f on [0, 3], int v = 1.5 + 0.06 sqrt(pi); exact: z / 3 + 2 peaks."""
    width, centers = 0.015, (0.31, 2.17)

    def peaks(z):
        return sum(2 * jnp.exp(-(((z - c) / width) ** 2)) for c in centers)

    def slope(z):
        return sum(-4 * (z - c) / width**2 * jnp.exp(-(((z - c) / width) ** 2)) for c in centers)

    return pv.Problem(
        pv.Interval(z=(0, 3)),
        "v",
        {
            "ode": pv.PDE(lambda v_z, z: v_z - 1 / 3 - slope(z)),
            "total": pv.Integral(lambda v: v, value=1.5 + 4 * width * ROOT),
        },
        exact=lambda z: z / 3 + peaks(z),
        network=NETWORK,
    )


@kind.case(
    "a peak of width 0.03 between the nodes of a square", near={"x": (0.41, 0.03), "y": (0.63, 0.03)}
)
def peak_on_square() -> pv.Problem:
    """grad u given on the unit square, int u = 1/4 + 0.0027 pi; exact: x y + 3 peak."""

    def right(x, y):
        return x * y + 3 * jnp.exp(-((x - 0.41) ** 2 + (y - 0.63) ** 2) / 9e-4)

    total = 0.25 + 3 * np.pi * 9e-4
    return _slopes(right, integral=total, domain=pv.Box(x=(0, 1), y=(0, 1)))


@kind.case("a peak of width 0.02 between the nodes of a disk")
def peak_on_disk() -> pv.Problem:
    """grad u given on the unit disk, int u = 0.008 pi; exact: x + 20 peak."""

    def right(x, y):
        return x + 20 * jnp.exp(-((x - 0.5) ** 2 + (y - 0.3) ** 2) / 4e-4)

    return _slopes(right, integral=20 * np.pi * 4e-4, domain=pv.Disk())


@kind.case("a pulse of width 0.01 between 24 nodes in time", near={"t": (1.23, 0.01)})
def pulse_in_time() -> pv.Problem:
    """q' = f on [0, 2], int q = sin 2 + 0.05 sqrt(pi); exact: cos t + 5 pulse."""
    width, center = 0.01, 1.23

    def pulse(t):
        return 5 * jnp.exp(-(((t - center) / width) ** 2))

    def slope(t):
        return -jnp.sin(t) - 2 * (t - center) / width**2 * pulse(t)

    return pv.Problem(
        pv.Time(0, 2),
        "q",
        {
            "ode": pv.PDE(lambda q_t, t: q_t - slope(t)),
            "total": pv.Integral(lambda q: q, value=float(np.sin(2.0)) + 5 * width * ROOT),
        },
        exact=lambda t: jnp.cos(t) + pulse(t),
        network=NETWORK,
    )


@kind.case("the integrand has 25 half-waves per unit, the solution none")
def wave_as_weight() -> pv.Problem:
    """u' = 1 on [0, 2], int u sin(40 x)^2 in closed form; exact: 1 + x."""
    a, end = 80.0, 2.0
    waves = (end + 1) * np.sin(a * end) / a + (np.cos(a * end) - 1) / a**2
    return pv.Problem(
        pv.Interval(0, end),
        "u",
        {
            "ode": pv.PDE(lambda u_x: u_x - 1.0),
            "moment": pv.Integral(
                lambda u, x: u * jnp.sin(40 * x) ** 2, value=float((end + end**2 / 2 - waves) / 2)
            ),
        },
        exact=lambda x: 1 + x,
        network=SMALL,
    )


@kind.case("a triangle: even points give three digits", may_converge=True)
def total_on_triangle() -> pv.Problem:
    """grad u given on a triangle, int u = 17 / 15; exact: x^2 y + 1."""
    triangle = pv.Polygon([(0, 0), (2, 0), (0, 1)])
    return _slopes(lambda x, y: x**2 * y + 1.0, integral=17 / 15, domain=triangle)


@kind.case("a square without a box: even points give three digits", may_converge=True)
def total_on_frame() -> pv.Problem:
    """grad u given on a square without a box, int u in closed form; exact: cos(2 x) + y."""
    outer, inner = ((0.0, 1.0), (0.0, 1.0)), ((0.3, 0.7), (0.2, 0.6))

    def total(box):
        (a, b), (c, d) = box
        waves = (np.sin(2 * b) - np.sin(2 * a)) / 2
        return waves * (d - c) + (b - a) * (d**2 - c**2) / 2

    frame = pv.Box(x=outer[0], y=outer[1]) - pv.Box(x=inner[0], y=inner[1])
    value = float(total(outer) - total(inner))
    return _slopes(lambda x, y: jnp.cos(2 * x) + y, integral=value, domain=frame)
