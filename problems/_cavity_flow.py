"""The reference of the lid-driven cavity.

u and v come from a stream function (`_stream_function.py`) on top of one that moves the lid
(`_cavity_lids.py`). p is the integral of its gradient; what goes as log r at the corners of the
parabolic lid is in closed form.
"""

import numpy as np
from numpy.polynomial import chebyshev

import pinnsven as pv
from _cavity_lids import logarithm, parabola, smooth
from _stream_function import Flow, steady_flow

LIDS = {"parabola": parabola, "regularized": smooth}
PLACES = 64  # midpoints of as many cells in each direction


def _pressure(flow: Flow, viscosity: float, x: np.ndarray) -> np.ndarray:
    """Returns p on the grid of x by itself, up to a constant: from the middle along, then upwards."""
    nodes = chebyshev.chebgauss(PLACES)[0]
    inside, middle = (nodes + 1) / 2, np.array([0.5])

    def singular(x: np.ndarray, y: np.ndarray, m: int, n: int) -> np.ndarray:
        x, y = np.meshgrid(x, y, indexing="ij")
        corners = logarithm(x, y, m, n) - (-1) ** m * logarithm(1 - x, y, m, n)
        return 8 * viscosity * (flow.given is parabola) * np.real(corners)

    def slopes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # of the rest of p
        def s(m: int, n: int) -> np.ndarray:
            return flow.derivative(x, y, m, n)

        along = viscosity * (s(2, 1) + s(0, 3)) - s(0, 1) * s(1, 1) + s(1, 0) * s(0, 2)
        up = -viscosity * (s(3, 0) + s(1, 2)) + s(0, 1) * s(2, 0) - s(1, 0) * s(1, 1)
        return along - singular(x, y, 1, 0), up - singular(x, y, 0, 1)

    def integral(values: np.ndarray) -> np.ndarray:  # from the middle to x, of values (nodes, any)
        series = chebyshev.chebfit(nodes, values, PLACES - 1)
        return chebyshev.chebval(2 * x - 1, chebyshev.chebint(series, lbnd=0, scl=0.5))

    along, up = slopes(inside, middle)[0], slopes(x, inside)[1]
    return integral(along).T + integral(up.T) + singular(x, x, 0, 0)


def _solve(lid: str, viscosity: float, count: int) -> np.ndarray:
    """Returns u, v, p at the midpoints of the cells."""
    flow = steady_flow(LIDS[lid], count, viscosity)
    x = (np.arange(PLACES) + 0.5) / PLACES
    u, v = flow.derivative(x, x, 0, 1), -flow.derivative(x, x, 1, 0)
    p = _pressure(flow, viscosity, np.append(0, x))
    return np.stack([u, v, p[1:, 1:] - p[0, 0]])


def cavity_reference(lid: str, viscosity: float) -> pv.Reference:
    """Returns u, v and p, which is 0 at the origin, at 64 x 64 points (about 1 s).

    The floor is the largest relative distance of a field to that from 32 polynomials instead of 40.
    """
    fine, coarse = (_solve(lid, viscosity, count) for count in (40, 32))
    floor = max(np.linalg.norm(fine - coarse, axis=(1, 2)) / np.linalg.norm(fine, axis=(1, 2)))
    x, y = np.meshgrid(*[(np.arange(PLACES) + 0.5) / PLACES] * 2, indexing="ij")
    u, v, p = (values.ravel() for values in fine)
    return pv.Reference({"x": x.ravel(), "y": y.ravel()}, floor=float(floor), u=u, v=v, p=p)
