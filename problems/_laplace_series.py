"""Laplace's equation by a series: the reference of `four_disks.py`.

A polynomial in z, and about the center of every disk and of its images in the walls a logarithm and
powers of 1 / z, fitted to the values on the boundary (L. N. Trefethen, Series solution of Laplace
problems, ANZIAM J. 60, 2018). By the maximum principle the error is nowhere larger than the misfit on
the boundary, which is measured between the points that were fitted.
"""

import itertools

import numpy as np

import pinnsven as pv

DEGREE, ABOUT_DISKS, ABOUT_IMAGES = 30, 30, 40  # powers of z, and of 1 / z
FITTED, CHECKED = 400, 2003  # points on each curve


def disks_reference(half: float, away: float, radius: float, shown: int = 161) -> pv.Reference:
    """One on the square's walls, zero on the circles, at a grid of `shown` points a side.

    - `half`: of the square's side, `away`: the centers' coordinates, `radius`: of the disks.
    """
    centers = [complex(a, b) for a, b in itertools.product((-away, away), repeat=2)]
    mirrored = 2 * half - away
    places = (-mirrored, -away, away, mirrored)
    images = [complex(a, b) for a, b in itertools.product(places, repeat=2)]
    images = [c for c in images if max(abs(c.real), abs(c.imag)) > half]

    def powers(ratio: np.ndarray, most: int) -> list[np.ndarray]:
        found = np.cumprod(np.repeat(ratio[None], most, axis=0), axis=0)
        return [*found.real, *found.imag]

    def functions(z: np.ndarray) -> np.ndarray:
        columns = [np.ones(len(z)), *powers(z / half, DEGREE)]
        for c, size, most in [(c, radius, ABOUT_DISKS) for c in centers] + [
            (c, 2 * radius, ABOUT_IMAGES) for c in images
        ]:
            columns += [np.log(np.abs(z - c) / size), *powers(size / (z - c), most)]
        return np.stack(columns, axis=1)

    def boundary(count: int) -> tuple[np.ndarray, np.ndarray]:
        share = (np.arange(count) + 0.5) / count
        circles = [c + radius * np.exp(2j * np.pi * share) for c in centers]
        along = half * np.cos(np.pi * share)  # denser at corners
        walls = [along + 1j * half, along - 1j * half, half + 1j * along, -half + 1j * along]
        values = np.repeat([0.0, 1.0], 4 * count)
        return np.concatenate(circles + walls), values

    z, values = boundary(FITTED)
    coefficients = np.linalg.lstsq(functions(z), values, rcond=1e-14)[0]
    z, values = boundary(CHECKED)
    misfit = float(np.max(np.abs(functions(z) @ coefficients - values)))
    x, y = (part.ravel() for part in np.meshgrid(*[np.linspace(-half, half, shown)] * 2))
    z = x + 1j * y
    outside = np.min([np.abs(z - c) for c in centers], axis=0) > radius
    u = functions(z[outside]) @ coefficients
    return pv.Reference({"x": x[outside], "y": y[outside]}, floor=misfit / np.sqrt(np.mean(u**2)), u=u)
