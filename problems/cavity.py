"""The lid-driven cavity: steady viscous flow in a square box under a moving lid, Reynolds number 100.

    u u_x + v u_y + p_x = (u_xx + u_yy) / Re    for 0 < x, y < 1
    u v_x + v v_y + p_y = (v_xx + v_yy) / Re
    u_x + v_y = 0
    u = 4 x (1-x) on the lid y = 1, and 0 on the other walls;  v = 0 on all walls;  p(0, 0) = 0

Coefficient: Re = 100. The pressure is known up to a constant only, which the last condition picks.
The lid's speed is that of PINNacle's benchmark. It is continuous, but its slope at the two upper
corners is not that of the walls beside them: p goes there as +-8 log(r) / Re. The lid
`regularized`, u = 16 x^2 (1-x)^2, has no such corners. (The plain lid u = 1 is not here: it has a
jump at each corner, and p goes as 1 / r.)

Reference: Chebyshev collocation of the stream function, the corners' part of it in closed form, see
`_cavity_flow.py`; floor 4e-5, that of p at the origin (u and v: 4e-7).
Source: Hao et al. (2023), the case NS2d-C; the regularized lid Shen (1991).
"""

from jax import Array

import pinnsven as pv
from _cavity_flow import cavity_reference

LIDS = {
    "parabola": lambda x: 4 * x * (1 - x),
    "regularized": lambda x: 16 * x**2 * (1 - x) ** 2,
}


def make_problem(reynolds: float = 100.0, lid: str = "parabola") -> pv.Problem:
    """Returns the steady Navier-Stokes equations in the unit square under a moving lid.

    - `reynolds`: Re, nondimensional.
    - `lid`: the lid's speed, `parabola` or `regularized`.

    Raises `ValueError` if there is no such lid.
    """
    if lid not in LIDS:
        raise ValueError(f"lid = {lid!r}: the lids are {' and '.join(LIDS)}.")

    def momentum(
        u: Array, v: Array, u_x: Array, u_y: Array, v_x: Array, v_y: Array, p_x: Array, p_y: Array,
        laplacian_u: Array, laplacian_v: Array,
    ) -> tuple[Array, Array]:  # fmt: skip
        along = u * u_x + v * u_y + p_x - laplacian_u / reynolds
        upward = u * v_x + v * v_y + p_y - laplacian_v / reynolds
        return along, upward

    return pv.Problem(
        domain=pv.Box(x=(0, 1), y=(0, 1)),
        fields="u v p",
        conditions={
            "momentum": pv.PDE(momentum),
            "mass": pv.PDE(lambda u_x, v_y: u_x + v_y),
            "lid": pv.Dirichlet(u=LIDS[lid], v=0.0, on="y+"),
            "walls": pv.Dirichlet(u=0.0, v=0.0, on=("x", "y-")),
            "pressure": pv.Data({"x": [0.0], "y": [0.0]}, p=[0.0]),
        },
        reference=lambda: cavity_reference(lid, 1 / reynolds),
    )
