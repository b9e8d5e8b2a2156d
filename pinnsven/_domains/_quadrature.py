"""Integrals over a domain: the rule of its shape, at one time."""

import numpy as np

from ._domain import Domain
from ._rules import gauss_rule
from ._slices import Rule


def integration_rule(domain: Domain, nodes: int) -> Rule:
    """Points (n, dim) and weights (n,) for integrals over space, or over time without space.

    Weights are positive and points lie inside. With both space and time, the time of the points is
    the middle of its interval and has no part in the weights. How good a rule is says the shape: see
    `AbstractShape.rule`.

    - `nodes`: per dimension.
    """
    if domain.space is None:
        return gauss_rule(domain.lower, domain.upper, nodes)
    points, weights = domain.space.rule(nodes)
    if domain.time is None:
        return points, weights
    middle = (domain.time.start + domain.time.stop) / 2
    return np.pad(points, ((0, 0), (0, 1)), constant_values=middle), weights
