"""Steady flow in a closed unit square from its stream function, by Chebyshev collocation.

    nu lap lap s = s_y lap s_x - s_x lap s_y,    u = s_y,    v = -s_x

A given stream function g takes up the motion of the walls. The rest, s - g, and its normal
derivative vanish there, hence s - g = x^2 (1-x)^2 y^2 (1-y)^2 times a sum of Chebyshev polynomials.
Collocation at the Gauss points of the weight x^2 (1-x)^2 makes this Galerkin's method for the
biharmonic part. (At those of Chebyshev's weight the error stays at 1e-3.)
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.polynomial import chebyshev

Given = Callable[[np.ndarray, np.ndarray, int, int], np.ndarray]


def clamped(
    x: Float[np.ndarray, " points"], count: int, order: int
) -> Float[np.ndarray, "points count"]:
    """Returns the derivatives of x^2 (1-x)^2 T_j(2x-1) for all j < count."""
    double_zeros = chebyshev.chebfromroots([-1, -1, 1, 1]) / 16
    functions = [chebyshev.chebmul(row, double_zeros) for row in np.eye(count)]
    return np.stack(
        [chebyshev.chebval(2 * x - 1, chebyshev.chebder(f, order, 2)) for f in functions], 1
    )


class Flow(NamedTuple):
    """A stream function: one known, and the coefficients of the rest."""

    given: Given
    rest: Float[np.ndarray, "count count"]

    def derivative(self, x: np.ndarray, y: np.ndarray, m: int, n: int) -> Float[np.ndarray, "x y"]:
        """Returns the derivative of order m in x and n in y on a tensor grid."""
        known = self.given(*np.meshgrid(x, y, indexing="ij"), m, n)
        return known + clamped(x, len(self.rest), m) @ self.rest @ clamped(y, len(self.rest), n).T


def steady_flow(given: Given, count: int, viscosity: float) -> Flow:
    """Returns the flow, by Newton's method from Stokes flow.

    - `given`: g and its derivatives, of x, y and their orders.
    - `count`: polynomials, and Gauss points, in each direction.
    - `viscosity`: nu.

    Raises `ArithmeticError` if the iteration does not converge.
    """
    from scipy.special import roots_jacobi

    x = (roots_jacobi(count, 2, 2)[0] + 1) / 2
    c = [clamped(x, count, order) for order in range(5)]
    grid = np.meshgrid(x, x, indexing="ij")

    def terms(*orders: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:  # acting on rest; of g
        linear = [factor * np.kron(c[m], c[n]) for factor, m, n in orders]
        known = [factor * given(*grid, m, n).ravel() for factor, m, n in orders]
        return np.sum(linear, axis=0), np.sum(known, axis=0)

    (sx, gx), (sy, gy) = terms((1, 1, 0)), terms((1, 0, 1))
    (lx, hx), (ly, hy) = terms((1, 3, 0), (1, 1, 2)), terms((1, 2, 1), (1, 0, 3))
    bi, gbi = terms((1, 4, 0), (2, 2, 2), (1, 0, 4))
    rest = np.linalg.solve(bi, -gbi)
    for _ in range(20):
        s_x, s_y, l_x, l_y = sx @ rest + gx, sy @ rest + gy, lx @ rest + hx, ly @ rest + hy
        residual = viscosity * (bi @ rest + gbi) - s_y * l_x + s_x * l_y
        jacobian = viscosity * bi - s_y[:, None] * lx - l_x[:, None] * sy
        jacobian += s_x[:, None] * ly + l_y[:, None] * sx
        change = np.linalg.solve(jacobian, -residual)
        rest = rest + change
        if np.linalg.norm(change) < 1e-8 * np.linalg.norm(rest):
            return Flow(given, rest.reshape(count, count))
    raise ArithmeticError(f"no steady flow found at viscosity {viscosity}")
