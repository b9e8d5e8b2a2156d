"""Integrals over a domain: the rule of its shape, at one time."""

import numpy as np

from ._domain import Domain
from ._rules import gauss_rule
from ._slices import Rule


def integration_rule(domain: Domain, nodes: int) -> Rule:
    """Points (n, dim) and weights (n,) for integrals over space, or over time without space.

    Weights are positive and points lie inside. Of coordinates that are not integrated over, time beside
    space and parameters, the points have the middle. How good a rule is says the shape: see
    `AbstractShape.rule`.

    - `nodes`: per dimension.
    """
    if domain.space is None:
        return gauss_rule(domain.lower, domain.upper, nodes)
    points, weights = domain.space.rule(nodes)
    middle = (domain.lower + domain.upper)[domain.space_dim :] / 2
    return np.concatenate([points, np.tile(middle, (len(points), 1))], axis=1), weights
