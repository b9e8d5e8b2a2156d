"""The membrane over an L, by rational functions with poles that crowd toward the corners.

-(x^2 + y^2) / 4 and the real part of a polynomial in z = x + i y and of sums of 1 / (z - p): the poles
p lie outside on the corners' bisectors, at distances that shrink like exp(-4 (sqrt(n) - sqrt(k))).
Fitted to zero on the walls; what is left is harmonic, so that no error within is larger than the
largest on the walls, which is measured between the points that were fitted (maximum principle).

Source: A. Gopal and L. N. Trefethen, SIAM J. Numer. Anal. 57 (2019), "Solving Laplace problems with
corner singularities via rational functions".
"""

import numpy as np

import pinnsven as pv

CORNERS = np.array([0, 1, 1 + 1j, -1 + 1j, -1 - 1j, -1j])  # that which juts in first
OUTWARD = np.exp(1j * np.pi / 4 * np.array([-1, -1, 1, 3, 5, -1]))  # along the bisectors
POLES, OF_OTHERS, DEGREE = 120, 70, 24  # at the first corner, at each other one; of the polynomial
WALL, NEAREST = 400, 1e-13  # points on either half of a wall, the first so near its corner
SHOWN = 129  # points along a side of the square about the L


def membrane() -> pv.Reference:
    """u on a grid, where -laplacian(u) = 1 in the L and u = 0 on its walls."""
    fitted, held = _walls(0.0), _walls(0.5)
    columns = _functions(fitted)
    sizes = np.max(np.abs(columns), axis=0)
    solved = np.linalg.lstsq(columns / sizes, np.abs(fitted) ** 2 / 4, rcond=1e-15)[0]

    def at(z):
        return (_functions(z) / sizes) @ solved - np.abs(z) ** 2 / 4

    side = np.linspace(-1, 1, SHOWN)
    x, y = (part.ravel() for part in np.meshgrid(side, side))
    inside = (np.maximum(abs(x), abs(y)) < 1) & ((x < 0) | (y > 0))
    x, y = x[inside], y[inside]
    u = at(x + 1j * y)
    worst = np.max(np.abs(at(held)))
    return pv.Reference({"x": x, "y": y}, floor=float(worst / np.sqrt(np.mean(u**2))), u=u)


def _walls(shift: float):
    """Points on all walls, crowding toward both ends of each."""
    steps = NEAREST ** ((np.arange(WALL) + shift) / WALL) / 2
    ends = np.roll(CORNERS, -1)
    near = [a + steps * (b - a) for a, b in zip(CORNERS, ends, strict=True)]
    far = [b + steps * (a - b) for a, b in zip(CORNERS, ends, strict=True)]
    return np.concatenate(near + far)


def _functions(z):
    """All functions at points, (points, functions)."""
    powers = (z[:, None] / np.sqrt(2)) ** np.arange(DEGREE + 1)
    parts = [powers.real, powers.imag[:, 1:]]
    for corner, outward in zip(CORNERS, OUTWARD, strict=True):
        number = POLES if corner == 0 else OF_OTHERS
        away = np.exp(-4 * (np.sqrt(number) - np.sqrt(np.arange(1, number + 1))))
        poles = away / (z[:, None] - (corner + away * outward))
        parts += [poles.real, poles.imag]
    return np.concatenate(parts, axis=1)
