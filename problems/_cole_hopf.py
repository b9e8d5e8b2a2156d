"""The viscous Burgers equation with a sine start, solved by quadrature.

The substitution of Hopf (1950) and Cole (1951), u = -2 nu phi_x / phi, turns u_t + u u_x = nu u_xx
into the heat equation for phi. With u(x, 0) = -sin(pi x) and z = (x - y) / sqrt(4 nu t)

    u(x, t) = -int sin(pi y) w dz / int w dz,    log w = -z^2 - cos(pi y) / (2 pi nu)

(Basdevant et al. 1986). The trapezoidal rule converges geometrically on such an integrand, which is
entire and decays like a Gaussian. The curvature of log w in z is at most 2 + 2 pi t *whatever the
viscosity*, so a step of 0.1 is fine enough however sharp the shock; and the second term of log w
varies by at most 1 / (pi nu), which says where to stop. Dividing w by its maximum (as in
log-sum-exp) avoids overflow.

Measured for nu = 0.01 / pi, relative L2 on the grid below: 3e-16 to many times as many nodes and
to long double, at most 4e-16 to 30 digits (mpmath) at points in and beside the shock, 6e-16 to 200
Gauss-Hermite nodes (which are off by 1e-8 when 50 and by 6e-2 when 20), 9e-12 to an independent
method (spectral elements in space, Radau in time), limited by the latter.
"""

import numpy as np
from jaxtyping import Float

import pinnsven as pv

_STEP = 0.1  # of the quadrature, in z
_CHUNK = 1024  # points at a time, to bound the memory


def burgers_solution(
    x: Float[np.ndarray, " points"], t: Float[np.ndarray, " points"], viscosity: float
) -> Float[np.ndarray, " points"]:
    """Returns u at the points, accurate to rounding, for -1 <= x <= 1 and 0 <= t <= 1.

    - `x`, `t`: coordinates of the points, nondimensional.
    - `viscosity`: nu, nondimensional.
    """
    reach = np.sqrt(1 / (np.pi * viscosity) + 40)  # beyond it, w is below exp(-40) of its maximum
    half = np.arange(_STEP, reach + _STEP, _STEP)
    z = np.concatenate([-half[::-1], [0.0], half])
    u = np.empty(x.size)
    for first in range(0, x.size, _CHUNK):
        rows = slice(first, first + _CHUNK)
        y = x[rows, None] - np.sqrt(4 * viscosity * t[rows, None]) * z  # (chunk, nodes)
        log_w = -(z**2) - np.cos(np.pi * y) / (2 * np.pi * viscosity)
        w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
        u[rows] = -(w * np.sin(np.pi * y)).sum(axis=1) / w.sum(axis=1)
    return u


def burgers_reference(viscosity: float) -> pv.Reference:
    """Returns the solution on 513 x 51 points, a uniform grid so that errors are plain L2 errors.

    The spacing in x is 0.6 of the half-width of the shock, 2 nu, for nu = 0.01 / pi.

    - `viscosity`: nu, nondimensional.
    """
    x, t = np.meshgrid(np.linspace(-1, 1, 513), np.linspace(0, 1, 51), indexing="ij")
    x, t = x.ravel(), t.ravel()
    return pv.Reference({"x": x, "t": t}, floor=1e-14, u=burgers_solution(x, t, viscosity))
