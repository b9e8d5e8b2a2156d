"""Quadrature rules on shapes: exact ones where the shape has a map, even points elsewhere."""

import functools

import numpy as np
from jaxtyping import Float
from scipy.stats import qmc

from ._box import Box
from ._domain import Domain
from ._operations import Product
from ._round import Ball
from ._shape import AbstractShape

Rule = tuple[Float[np.ndarray, "n dim"], Float[np.ndarray, " n"]]


def integration_rule(domain: Domain, nodes: int) -> Rule:
    """Points (n, dim) and weights (n,) for integrals over space, or over time without space.

    With both, the time of the points is the middle of its interval and has no part in the weights.

    - `nodes`: per dimension.
    """
    if domain.space is None:
        return _gauss(domain.lower, domain.upper, nodes)
    points, weights = _rule(domain.space, nodes)
    if domain.time is None:
        return points, weights
    middle = (domain.time.start + domain.time.stop) / 2
    return np.pad(points, ((0, 0), (0, 1)), constant_values=middle), weights


def _rule(shape: AbstractShape, nodes: int) -> Rule:
    if isinstance(shape, Box) and shape.dim <= 3:
        return _gauss(shape.lower, shape.upper, nodes)
    if isinstance(shape, Ball) and shape.dim == 2:
        return _polar(shape, nodes)
    if isinstance(shape, Product):
        return _times(_rule(shape.first, nodes), _rule(shape.second, nodes))
    # Even points: as many in all as a rule in two dimensions has.
    drawn = qmc.Sobol(shape.dim, scramble=True, rng=np.random.default_rng(0))
    points = shape.fill(drawn.random_base2(max((nodes**2 - 1).bit_length(), 6)))
    return points, np.full(len(points), shape.volume() / len(points))


def _gauss(lower, upper, nodes: int) -> Rule:
    """Gauss-Legendre along every axis."""
    unit, weights = np.polynomial.legendre.leggauss(nodes)
    axes = [
        ((low + high + (high - low) * unit[:, None]) / 2, weights * (high - low) / 2)
        for low, high in zip(lower, upper, strict=True)
    ]
    return functools.reduce(_times, axes)


def _polar(disk: Ball, nodes: int) -> Rule:
    """Gauss-Legendre along the radius, equal steps around."""
    (radius,), part = (axis.T for axis in _gauss([0.0], [disk.radius], nodes))
    angle = 2 * np.pi * np.arange(2 * nodes) / (2 * nodes)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.asarray(disk.center) + radius[:, None, None] * around
    weights = np.repeat(part * radius * np.pi / nodes, 2 * nodes)
    return points.reshape(-1, 2), weights


def _times(first: Rule, second: Rule) -> Rule:
    (a, v), (b, w) = first, second
    pairs = np.concatenate([np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))], axis=1)
    return pairs, np.outer(v, w).ravel()
