"""Sequences that fill the unit cube evenly.

Sobol's points in few dimensions are made here, as scipy has them bit for bit: to import `scipy.stats`
for them took half a second of every first solve.
"""

import functools

import numpy as np
from jaxtyping import Float, UInt32

BITS = 30  # of every coordinate
# Primitive polynomials over the integers modulo 2, their coefficients as bits, and the first direction
# numbers, of every dimension after the first: a table of facts, by Joe and Kuo (2008).
POLYNOMIALS = (3, 7, 11, 13, 19, 25, 37, 41, 47, 55, 59)
FIRST = (
    (1,),
    (1, 3),
    (1, 3, 1),
    (1, 1, 1),
    (1, 1, 3, 3),
    (1, 3, 5, 13),
    (1, 1, 5, 5, 17),
    (1, 1, 5, 5, 5),
    (1, 1, 7, 11, 19),
    (1, 1, 5, 1, 1),
    (1, 1, 1, 3, 11),
)


def sobol(dim: int, exponent: int, rng: np.random.Generator) -> Float[np.ndarray, "n dim"]:
    """$2^{exponent}$ scrambled Sobol points (Sobol 1967; scrambling by Matousek 1998), (n, dim).

    - `rng`: of it one is spawned, which scrambles them.
    """
    if dim > len(FIRST) + 1 or exponent > BITS:
        from scipy.stats import qmc  # takes half a second, which few dimensions need not

        return qmc.Sobol(dim, scramble=True, rng=rng).random_base2(exponent)
    (own,) = rng.spawn(1)
    bits = np.arange(BITS, dtype=np.uint32)
    turned = own.integers(2, size=(dim, BITS), dtype=np.uint32) @ (np.uint32(1) << bits)
    lower = np.tril(own.integers(2, size=(dim, BITS, BITS), dtype=np.uint32))
    directions = _scrambled(_directions(dim), lower, bits)
    points = np.empty((dim, 1 << exponent), np.uint32)
    points[:, 0] = turned
    for bit in range(exponent):  # in the order of Gray's code, which is mirrored at every power of two
        half = 1 << bit
        points[:, half : 2 * half] = points[:, :half][:, ::-1] ^ directions[:, bit, None]
    return np.multiply(points.T, 2.0**-BITS, order="C")


@functools.cache
def _directions(dim: int) -> UInt32[np.ndarray, "dim bits"]:
    """The direction numbers of so many dimensions, the first binary digit in the highest bit."""
    found = np.ones((dim, BITS), np.uint32)
    for row, polynomial, first in zip(found[1:], POLYNOMIALS, FIRST, strict=False):
        degree = polynomial.bit_length() - 1
        row[:degree] = first
        for j in range(degree, BITS):
            row[j] = row[j - degree]
            for k in range(1, degree + 1):
                if polynomial >> (degree - k) & 1:
                    row[j] ^= row[j - k] << np.uint32(k)
    return found << np.arange(BITS - 1, -1, -1, dtype=np.uint32)


def _scrambled(directions, lower, bits) -> UInt32[np.ndarray, "dim bits"]:
    """The products of binary digits with a lower triangular matrix of ones and zeros.

    - `lower`: its entries (dim, bits, bits), of which those on the diagonal are one whatever they are.
    """
    digits = (directions[:, None, :] >> bits[::-1][None, :, None]) & 1  # (dim, digit, direction)
    matrix = lower | np.eye(len(bits), dtype=np.uint32)
    mixed = (matrix @ digits) & 1
    return np.bitwise_or.reduce(mixed << bits[::-1][None, :, None], axis=1)
