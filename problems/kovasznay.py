"""Steady flow behind a grid of bars.

    u u_x + v u_y + p_x - (u_xx + u_yy) / Re = 0
    u v_x + v v_y + p_y - (v_xx + v_yy) / Re = 0
    u_x + v_y = 0                           for -1/2 < x < 1, -1/2 < y < 3/2
    u, v as below on the boundary; p as below at one corner

Coefficients: Re = 40; l = Re / 2 - sqrt(Re^2 / 4 + 4 pi^2).

Exact: u = 1 - e^(l x) cos 2 pi y, v = l e^(l x) sin 2 pi y / (2 pi), p = (1 - e^(2 l x)) / 2.
Source: L. I. G. Kovasznay, Proc. Camb. Phil. Soc. 44 (1948).
"""

import math

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(reynolds: float = 40.0) -> pv.Problem:
    """Returns the flow in velocities and pressure.

    - `reynolds`: the Reynolds number, nondimensional.
    """
    rate = reynolds / 2 - math.sqrt(reynolds**2 / 4 + 4 * math.pi**2)
    exact = {
        "u": lambda x, y: 1 - jnp.exp(rate * x) * jnp.cos(2 * jnp.pi * y),
        "v": lambda x, y: rate / (2 * jnp.pi) * jnp.exp(rate * x) * jnp.sin(2 * jnp.pi * y),
        "p": lambda x: (1 - jnp.exp(2 * rate * x)) / 2,
    }

    def flow(
        u: Array, v: Array, u_x: Array, u_y: Array, v_x: Array, v_y: Array, p_x: Array, p_y: Array,
        laplacian_u: Array, laplacian_v: Array,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        return (
            u * u_x + v * u_y + p_x - laplacian_u / reynolds,
            u * v_x + v * v_y + p_y - laplacian_v / reynolds,
            u_x + v_y,
        )

    corner = {"x": [-0.5], "y": [-0.5]}
    return pv.Problem(
        domain=pv.Box(x=(-0.5, 1), y=(-0.5, 1.5)),
        fields="u v p",
        conditions={
            "flow": pv.PDE(flow),
            "walls": pv.Dirichlet(u=exact["u"], v=exact["v"]),
            "pressure": pv.Data(corner, p=(1 - math.exp(-rate)) / 2),
        },
        exact=exact,
    )
