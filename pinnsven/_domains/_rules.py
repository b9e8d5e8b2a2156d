"""Quadrature rules where there is a map: boxes, disks, balls and products of them."""

import functools
from collections.abc import Sequence

import numpy as np

from ._pieces import Coordinate
from ._slices import Rule, gauss, node_count

MOST = 4_096  # points of a box in four dimensions and more: they are evaluated at every step
SOLID = 0.7  # of the nodes, along each side of a set in three dimensions that has no map


def fewer_nodes(nodes: int, dim: int) -> int:
    """So many nodes along every side, or in four dimensions and more as many as leave `MOST` points."""
    return nodes if dim <= 3 else min(nodes, int(MOST ** (1 / dim)))


def gauss_rule(lower, upper, nodes: int) -> Rule:
    """Gauss-Legendre along every axis."""
    unit, weights = gauss(nodes)
    axes = [
        ((low + high + (high - low) * unit[:, None]) / 2, weights * (high - low) / 2)
        for low, high in zip(lower, upper, strict=True)
    ]
    return functools.reduce(times, axes)


def box_rule(coordinates: Sequence[Coordinate], counts: Sequence[int]) -> Rule:
    """Gauss-Legendre along every axis, equal steps where it is periodic.

    - `counts`: of nodes, one for each component.
    """
    axes, left = [], list(counts)
    for coordinate in coordinates:
        for low, high in zip(coordinate.lower, coordinate.upper, strict=True):
            number = int(left.pop(0))
            if coordinate.periodic:
                places = low + (high - low) * np.arange(number)[:, None] / number
                axes.append((places, np.full(number, (high - low) / number)))
            else:
                axes.append(gauss_rule([low], [high], number))
    return functools.reduce(times, axes)


def polar_rule(center, radius: float, nodes: int) -> Rule:
    """Gauss-Legendre along the radius, equal steps around."""
    (away,), part = (axis.T for axis in gauss_rule([0.0], [radius], nodes))
    angle = 2 * np.pi * np.arange(2 * nodes) / (2 * nodes)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.asarray(center) + away[:, None, None] * around
    weights = np.repeat(part * away * np.pi / nodes, 2 * nodes)
    return points.reshape(-1, 2), weights


def spherical_rule(center, radius: float, nodes: int) -> Rule:
    """Gauss-Legendre along the radius, half a side, and the height; equal steps around."""
    (away,), part = (axis.T for axis in gauss_rule([0.0], [radius], node_count(nodes, 0.5)))
    height, share = gauss(nodes)
    angle = np.pi * (np.arange(2 * nodes) + 0.5) / nodes
    flat = np.sqrt(1 - height**2)[:, None]
    upright = np.broadcast_to(height[:, None], (nodes, 2 * nodes))
    around = np.stack([flat * np.cos(angle), flat * np.sin(angle), upright], axis=-1).reshape(-1, 3)
    points = np.asarray(center) + away[:, None, None] * around
    weights = np.outer(part * away**2, np.repeat(share * np.pi / nodes, 2 * nodes))
    return points.reshape(-1, 3), weights.ravel()


def times(first: Rule, second: Rule) -> Rule:
    """The rule on all pairs of a point of the first and a point of the second."""
    (a, v), (b, w) = first, second
    pairs = np.concatenate([np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))], axis=1)
    return pairs, np.outer(v, w).ravel()
