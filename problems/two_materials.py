"""Heat through two layers of a wall, one 290 times as conductive as the other.

    k u_xx + k u_yy = 0 in each layer       for 0 < x < 1, 0 < y < 1 (m)
    u = 20 at y = 0 (C),  k u_y = 200 at y = 1 (W/m^2),  u_x = 0 at x = 0 and 1
    u and k u_y go on across y = 1/2

Coefficients: k = 1.38 below y = 1/2 (glass), 400 above it (copper), in W/(m K).

Exact: u = 20 + 200 y / 1.38 below, and 20 + 100 / 1.38 + (y - 1/2) / 2 above.
Source: two layers in series, any textbook of heat transfer.
"""

from jax import Array

import pinnsven as pv


def make_problem(lower: float = 1.38, upper: float = 400.0, flux: float = 200.0) -> pv.Problem:
    """Returns conduction through two layers, a field in two pieces.

    - `lower`, `upper`: the conductivities, W/(m K).
    - `flux`: the heat that enters at the top, W/m^2.
    """

    def glue(glass: Array, copper: Array, glass_n: Array, copper_n: Array) -> tuple[Array, Array]:
        return glass - copper, lower * glass_n - upper * copper_n

    pieces = {"glass": pv.Box(x=(0, 1), y=(0, 0.5)), "copper": pv.Box(x=(0, 1), y=(0.5, 1))}
    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)),
        fields=pv.Field("u", pieces=pieces),
        conditions={
            "glass": pv.PDE(lambda laplacian_glass: lower * laplacian_glass),
            "copper": pv.PDE(lambda laplacian_copper: upper * laplacian_copper),
            "cold": pv.Dirichlet(u=20.0, on="y-"),
            "warm": pv.Neumann(copper=flux / upper, on="y+"),
            "sides": pv.Neumann(u=0.0, on="x"),
            "glue": pv.Interface(glue, between=("glass", "copper")),
        },
        exact={
            "glass": lambda y: 20 + flux * y / lower,
            "copper": lambda y: 20 + flux / (2 * lower) + flux * (y - 0.5) / upper,
        },
    )
