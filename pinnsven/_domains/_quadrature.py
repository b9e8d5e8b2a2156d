"""Quadrature rules on shapes: mapped ones where there is a map, slices elsewhere."""

import functools
import math

import numpy as np
from scipy.stats import qmc

from ._box import Box
from ._domain import Domain
from ._round import Ball
from ._sections import region
from ._shape import AbstractShape, Product
from ._slices import Rule, gauss, node_count, sliced_rule

MOST = 4_096  # points of a box in four dimensions and more: they are evaluated at every step
SOLID = 0.7  # of the nodes, along each side of a set in three dimensions that has no map


def integration_rule(domain: Domain, nodes: int) -> Rule:
    """Points (n, dim) and weights (n,) for integrals over space, or over time without space.

    Weights are positive and points lie inside. With both space and time, the time of the points is
    the middle of its interval and has no part in the weights. A smooth integrand is resolved as by
    Gauss-Legendre's rule with `nodes` along every side, to rounding with enough of them, on every
    shape in up to two dimensions, and on boxes, balls and products of such in three. Unions,
    differences and intersections in three dimensions reach about 1e-6. A box in four to six
    dimensions has fewer nodes, at most 4,096 in all; any other shape in four and more has even
    points, good to two digits.

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
    """The rule of a shape: Gauss in coordinates of its own, else slices or even points."""
    if isinstance(shape, Box) and shape.dim <= 6:
        most = nodes if shape.dim <= 3 else int(MOST ** (1 / shape.dim))
        return _gauss(shape.lower, shape.upper, min(nodes, most))
    if isinstance(shape, Ball) and shape.dim == 2:
        return _polar(shape, nodes)
    if isinstance(shape, Ball) and shape.dim == 3:
        return _spherical(shape, nodes)
    if isinstance(shape, Product) and shape.dim <= 6:
        return _product(shape, nodes)
    if shape.dim <= 3:
        extent = shape.upper - shape.lower
        wanted = nodes if shape.dim < 3 else math.ceil(SOLID * nodes)
        return sliced_rule(region(shape), extent, wanted)
    # Even points: as many in all as a rule in two dimensions has.
    drawn = qmc.Sobol(shape.dim, scramble=True, rng=np.random.default_rng(0))
    points = shape.fill(drawn.random_base2(max((nodes**2 - 1).bit_length(), 6)))
    return points, np.full(len(points), shape.volume() / len(points))


def _product(shape: Product, nodes: int) -> Rule:
    """All pairs; in four dimensions and more with as many nodes as leave at most `MOST` points."""
    most = nodes if shape.dim <= 3 else int(MOST ** (1 / shape.dim))
    for count in range(min(nodes, most), 0, -1):
        first, second = _rule(shape.first, count), _rule(shape.second, count)
        if shape.dim <= 3 or len(first[1]) * len(second[1]) <= MOST or count == 1:
            return _times(first, second)
    raise AssertionError("unreachable: one node remains")


def _gauss(lower, upper, nodes: int) -> Rule:
    """Gauss-Legendre along every axis."""
    unit, weights = gauss(nodes)
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


def _spherical(ball: Ball, nodes: int) -> Rule:
    """Gauss-Legendre along the radius, half a side, and the height; equal steps around."""
    (radius,), part = (axis.T for axis in _gauss([0.0], [ball.radius], node_count(nodes, 0.5)))
    height, share = gauss(nodes)
    angle = np.pi * (np.arange(2 * nodes) + 0.5) / nodes
    flat = np.sqrt(1 - height**2)[:, None]
    upright = np.broadcast_to(height[:, None], (nodes, 2 * nodes))
    around = np.stack([flat * np.cos(angle), flat * np.sin(angle), upright], axis=-1).reshape(-1, 3)
    points = np.asarray(ball.center) + radius[:, None, None] * around
    weights = np.outer(part * radius**2, np.repeat(share * np.pi / nodes, 2 * nodes))
    return points.reshape(-1, 3), weights.ravel()


def _times(first: Rule, second: Rule) -> Rule:
    (a, v), (b, w) = first, second
    pairs = np.concatenate([np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))], axis=1)
    return pairs, np.outer(v, w).ravel()
