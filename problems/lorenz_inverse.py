"""Lorenz's convection with three unknown coefficients, found from readings of its orbit.

    x' = sigma (y - x),   y' = x (rho - z) - y,   z' = x y - beta z      for 0 < t <= 3
    x(0) = -8, y(0) = 7, z(0) = 27;   x, y, z at 25 times

Coefficients: the readings come from sigma = 10, rho = 15, beta = 8/3; the solver starts from 1.

Reference: DOP853 with a tolerance near rounding (`_orbits.py`), of which the readings are taken too.
Source: E. N. Lorenz, J. Atmos. Sci. 20 (1963); as an inverse problem Lu, Meng, Mao and Karniadakis
(2021).
"""

import numpy as np
from jax import Array

import pinnsven as pv
from _orbits import orbit

START = (-8.0, 7.0, 27.0)


def make_problem(readings: int = 25, end: float = 3.0) -> pv.Problem:
    """Returns the inverse problem for `sigma`, `rho` and `beta`.

    - `readings`: of all three variables, at even times without the first.
    - `end`: of time, nondimensional.
    """

    def rate(t, y):
        return [10 * (y[1] - y[0]), y[0] * (15 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]

    def lorenz(
        x: Array, y: Array, z: Array, x_t: Array, y_t: Array, z_t: Array,
        sigma: Array, rho: Array, beta: Array,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        return x_t - sigma * (y - x), y_t - x * (rho - z) + y, z_t - x * y + beta * z

    times = np.linspace(0, end, readings + 1)
    known = orbit(rate, START, end, "xyz", times)
    x, y, z = (known.values[name][1:] for name in "xyz")
    return pv.Problem(
        domain=pv.Time(0, end),
        fields="x y z",
        conditions={
            "equations": pv.PDE(lorenz),
            "start": pv.Initial(x=START[0], y=START[1], z=START[2]),
            "readings": pv.Data({"t": times[1:]}, x=x, y=y, z=z),
        },
        unknowns={"sigma": 1.0, "rho": 1.0, "beta": 1.0},
        reference=lambda: orbit(rate, START, end, "xyz"),
    )
