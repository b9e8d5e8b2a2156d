"""Eigenpairs of a pencil of tall matrices, A z = E B z: nearest to a value, refined, each once."""

from typing import Any

import numpy as np
import scipy.linalg

HELD = 1e-9  # of the largest singular value of what conditions leave, below which a function holds them
REAL = 1e-6  # of an eigenvalue, up to which its imaginary part is rounding
PAIR = 0.05  # of an eigenpair's size, that its residual may be
ALIKE = 1e-4  # of an eigenvalue, within which two are looked at together
SAME = 1e-6  # of an eigenvalue, within which two are one of several functions
DRIFTED = 0.1  # of an eigenvalue, by which inverse iteration may have left where it began
ONE = 0.99  # product of two functions of length one, above which they are the same
ROUNDS = 4  # of inverse iteration


def null_space(held) -> np.ndarray:
    """The combinations that hold the conditions without an eigenvalue, by columns."""
    if not len(held):
        return np.eye(held.shape[1])
    sizes, right = scipy.linalg.svd(held, check_finite=False)[1:]
    sizes = np.pad(sizes, (0, right.shape[0] - len(sizes)))
    return right[sizes <= HELD * max(sizes[0], 1e-300)].T


def refined(a, b, count: int, near: float) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Eigenvalues of A z = E B z nearest to a value, and their orthonormal vectors by columns.

    And the values of the pencil from which inverse iteration went elsewhere.
    """
    pencil: Any = scipy.linalg.eig(b.T @ a, b.T @ b, check_finite=False)
    values, vectors = pencil
    real = np.isfinite(values) & (np.abs(values.imag) <= REAL * np.maximum(np.abs(values), 1e-300))
    values, vectors = values[real].real, vectors[:, real].real
    rests = np.linalg.norm(a @ vectors - values * (b @ vectors), axis=0)
    size = np.linalg.norm(a @ vectors, axis=0) + np.abs(values) * np.linalg.norm(b @ vectors, axis=0)
    values = values[rests <= PAIR * size]
    values = values[np.argsort(np.abs(values - near), kind="stable")]
    triangle: Any = scipy.linalg.qr(np.concatenate([a, b], axis=1), mode="r", check_finite=False)[0]
    r_a, r_b = triangle[:, : a.shape[1]], triangle[:, a.shape[1] :]
    found, columns, left, done = [], [], [], np.zeros(len(values), bool)
    for k, value in enumerate(values):
        if done[k] or len(found) >= count:
            continue
        alike = np.flatnonzero(np.abs(values - value) <= ALIKE * max(abs(value), 1e-300))
        done[alike] = True
        for _ in range(ROUNDS):
            _, _, right = scipy.linalg.svd(r_a - value * r_b, check_finite=False)
            z = right[-1]
            value = float((r_b @ z) @ (r_a @ z) / ((r_b @ z) @ (r_b @ z)))
        if abs(value - values[k]) > DRIFTED * max(abs(values[k]), abs(value - near)):
            left.append(float(values[k]))
            continue
        block = right[-len(alike) :].T
        inner = np.linalg.lstsq(r_b @ block, r_a @ block, rcond=None)[0]
        several, mixed = np.linalg.eig(inner)
        order = np.argsort(np.abs(np.real(several) - near), kind="stable")
        mixed = np.real(mixed[:, order])
        several = np.real(several[order])
        if np.ptp(several) <= SAME * abs(value):  # of one value any will do: take orthonormal ones
            mixed = scipy.linalg.qr(mixed, check_finite=False)[0]
        for pair in zip(several.tolist(), (block @ mixed).T, strict=True):
            if not any(_is_one(pair, other) for other in zip(found, columns, strict=True)):
                found.append(pair[0])
                columns.append(pair[1])
    found, columns = found[:count], columns[:count]
    width = a.shape[1]
    return np.array(found), np.array(columns).T.reshape(width, len(found)), left


def _is_one(pair, other) -> bool:
    """Whether two eigenvalues with their functions are the same."""
    (value, z), (second, w) = pair, other
    product = abs(z @ w) / max(np.linalg.norm(z) * np.linalg.norm(w), 1e-300)
    return bool(product > ONE and abs(value - second) <= ALIKE * max(abs(value), 1e-300))
