"""A screened equation on a square with round holes: the reference of `poisson_boltzmann.py`.

The source's own solution and that of the walls are known; about the center of every hole, and mirrored
in the walls with changing signs, stand modified Bessel functions, fitted to what is left on the
circles. By the maximum principle the error is nowhere larger than the misfit on the boundary, which is
measured between the points that were fitted.
"""

import numpy as np
from scipy.special import k0, k1

import pinnsven as pv

ORDERS = 48  # of the functions about a hole
TERMS = 2500  # of the sine series of the walls
FITTED, CHECKED = 300, 501  # points on each circle
MIRRORED = (-4.0, 0.0, 4.0)  # what fades by exp(-8 r) is seen no farther


def holes_reference(
    k: float, waves, strength: float, wall: float, hole: float, disks, shown: int = 120
):
    """On the square (-1, 1)^2, whose wall has one value and its holes another.

    -laplacian u + k^2 u = strength (n^2 + m^2 + x^2 + y^2) sin(n pi x) sin(m pi y)

    - `waves`: whole numbers n and m.
    - `disks`: centers and radii.
    - `shown`: points a side of the grid of cell centers.
    """
    a, b = np.pi * np.asarray(waves)
    total = k**2 + a**2 + b**2

    def of_the_source(x, y):
        # The equation maps sines times 1, x^2, y^2 and their slopes times x, y onto one another.
        sines = np.sin(a * x) * np.sin(b * y)
        level = sum(n**2 for n in waves) / total + 4 / total**2 - 8 * (a**2 + b**2) / total**3
        found = (level + (x**2 + y**2) / total) * sines
        for angle, other, t, s in ((a, b, x, y), (b, a, y, x)):
            rate = np.sqrt(k**2 + other**2)
            at_the_wall = np.cos(angle) * np.sinh(rate * t) / np.sinh(rate)
            found += 4 * angle / total**2 * (t * np.cos(angle * t) - at_the_wall) * np.sin(other * s)
        return strength * found

    def of_the_walls(x, y):
        m = np.pi / 2 * (2 * np.arange(TERMS) + 1)
        rate, away = np.sqrt(k**2 + m**2), np.abs(y)[..., None]
        fading = np.exp(rate * (away - 1)) * (1 + np.exp(-2 * rate * away)) / (1 + np.exp(-2 * rate))
        series = 2 * k**2 / (m * (k**2 + m**2)) * np.sin(m * (x[..., None] + 1)) * fading
        return wall * (np.cosh(k * x) / np.cosh(k) + np.sum(series, axis=-1))

    def about_the_holes(x, y):
        functions = np.zeros((len(x), len(disks), 1 + 2 * ORDERS))
        places = [
            (s, s * x + 2 * (s < 0) + j, r * y + 2 * (r < 0) + i, r)
            for s in (1, -1)
            for r in (1, -1)
            for j in MIRRORED
            for i in MIRRORED
        ]
        for sign, px, py, other in places:
            for number, (center, radius) in enumerate(disks):
                dx, dy = px - center[0], py - center[1]
                functions[:, number] += sign * other * _multipoles(k, dx, dy, radius)
        return functions.reshape(len(x), -1)

    turns = lambda count: 2 * np.pi * (np.arange(count) + 0.5) / count

    def circles(count):
        rounds = [(c[0] + r * np.cos(turns(count)), c[1] + r * np.sin(turns(count))) for c, r in disks]
        return np.concatenate(rounds, axis=1)

    fitted, checked = circles(FITTED), circles(CHECKED)
    left = hole - of_the_source(*fitted) - of_the_walls(*fitted)
    coefficients = np.linalg.lstsq(about_the_holes(*fitted), left, rcond=1e-14)[0]
    u = lambda x, y: of_the_source(x, y) + of_the_walls(x, y) + about_the_holes(x, y) @ coefficients
    misfit = np.max(np.abs(u(*checked) - hole))
    side = -1 + (2 * np.arange(shown) + 1) / shown
    x, y = (part.ravel() for part in np.meshgrid(side, side))
    outside = np.min([np.hypot(x - c[0], y - c[1]) - r for c, r in disks], axis=0) > 0
    x, y = x[outside], y[outside]
    values = u(x, y)
    return pv.Reference({"x": x, "y": y}, floor=misfit / np.sqrt(np.mean(values**2)), u=values)


def _multipoles(k: float, dx, dy, radius: float) -> np.ndarray:
    """K_n(k r) cos(n angle) and K_n(k r) sin(n angle), one at the circle."""
    r, turned = np.hypot(dx, dy), (dx + 1j * dy) / np.hypot(dx, dy)
    below, here, power = k0(k * r) / k0(k * radius), k1(k * r) / k1(k * radius), turned
    ratio = k0(k * radius) / k1(k * radius)  # of the order before, at the circle
    found = [below]
    for n in range(1, ORDERS + 1):
        found += [here * power.real, here * power.imag]
        # K_(n+1)(x) = K_(n-1)(x) + 2 n / x K_n(x)
        scale = ratio + 2 * n / (k * radius)
        below, here = here, (ratio * below + 2 * n / (k * r) * here) / scale
        ratio, power = 1 / scale, power * turned
    return np.stack(found, axis=1)
