"""Stream functions that move the lid of a cavity and vanish, with their slope, on its other walls.

For a smooth lid speed 16 x^2 (1-x)^2 it is 16 x^2 (1-x)^2 y^2 (y-1). The speed 4 x (1-x) has a slope
at the lid's ends that the fixed walls beside them do not follow; there, with X and Y from the corner
along and down from the lid, r^2 = X^2 + Y^2,

    s = -2 [angle r^2 - pi / 2 Y^2 + X Y],    p = 8 nu log r

solve Stokes' equations. s, times polynomials that end it at the other walls, stands for the speed
4 x (1-x) + 16 x^2 (1-x)^2 if both corners are added up; the smooth lid is taken off again.
Each function returns a derivative, of order m in x and n in y.
"""

from math import comb, factorial, pi

import numpy as np
from numpy.polynomial import polynomial


def logarithm(x: np.ndarray, y: np.ndarray, m: int, n: int) -> np.ndarray:
    """log r - i angle, about the left end of the lid."""
    z, k = x - 1j * (1 - y), m + n
    return 1j**n * (np.log(z) if k == 0 else (-1.0) ** (k - 1) * factorial(k - 1) / z**k)


def _polynomial(table: np.ndarray, x: np.ndarray, y: np.ndarray, m: int, n: int) -> np.ndarray:
    derivative = polynomial.polyder(polynomial.polyder(table, m, axis=0), n, axis=1)
    return polynomial.polyval2d(x, y, derivative)


def smooth(x: np.ndarray, y: np.ndarray, m: int, n: int) -> np.ndarray:
    """The lid speed 16 x^2 (1-x)^2."""
    return _polynomial(np.outer([0, 0, 16, -32, 16], [0, 0, -1, 1]), x, y, m, n)


def _corner(x: np.ndarray, y: np.ndarray, m: int, n: int) -> np.ndarray:
    ending = np.outer([1, 0, -3, 2], [1, 0, -3, 2])  # (1-X)^2 (1+2X) (1-Y)^2 (1+2Y), in X and Y
    square, rest = np.zeros((6, 6)), np.zeros((6, 6))
    square[2:, :4] += ending
    square[:4, 2:] += ending
    rest[1:5, 1:5] += ending
    rest[:4, 2:] -= pi / 2 * ending
    total = (-1) ** n * _polynomial(rest, x, 1 - y, m, n)
    for i in range(m + 1):
        for j in range(n + 1):
            angle = -np.imag(logarithm(x, y, i, j))
            other = (-1) ** (n - j) * _polynomial(square, x, 1 - y, m - i, n - j)
            total = total + comb(m, i) * comb(n, j) * angle * other
    return -2 * total


def parabola(x: np.ndarray, y: np.ndarray, m: int, n: int) -> np.ndarray:
    """The lid speed 4 x (1-x)."""
    return _corner(x, y, m, n) + (-1) ** m * _corner(1 - x, y, m, n) - smooth(x, y, m, n)
