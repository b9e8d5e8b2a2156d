"""A disk of another conductivity in a plate through which heat flows evenly.

    k (u_xx + u_yy) = 0 in the disk and around it      for -1 < x, y < 1
    u = x + c x / r^2 on the boundary
    u and k u_r go on across r = a

Coefficients: k = 10 in the disk and 1 around it, a = 1/2; c = a^2 (1 - k) / (1 + k).

Exact: u = 2 x / (1 + k) in the disk, x + c x / r^2 around it.
Source: J. C. Maxwell, A Treatise on Electricity and Magnetism (1873), article 310 (for spheres).
"""

from jax import Array

import pinnsven as pv


def make_problem(ratio: float = 10.0, radius: float = 0.5) -> pv.Problem:
    """Returns conduction through a plate with a round inclusion.

    - `ratio`: the disk's conductivity over that of the plate, nondimensional.
    - `radius`: of the disk, below 1.
    """
    moment = radius**2 * (1 - ratio) / (1 + ratio)

    def around(x: Array, y: Array) -> Array:
        return x + moment * x / (x**2 + y**2)

    def rim(disk: Array, plate: Array, disk_n: Array, plate_n: Array) -> tuple[Array, Array]:
        return disk - plate, ratio * disk_n - plate_n

    plate, disk = pv.Box(x=(-1, 1), y=(-1, 1)), pv.Disk(radius=radius)
    return pv.Problem(
        domain=plate,
        fields=pv.Field("u", pieces={"disk": disk, "plate": plate - disk}),
        conditions={
            "heat": pv.PDE(lambda laplacian_u: laplacian_u),
            "walls": pv.Dirichlet(u=around),
            "rim": pv.Interface(rim, between=("disk", "plate")),
        },
        exact={"disk": lambda x: 2 * x / (1 + ratio), "plate": around},
    )
