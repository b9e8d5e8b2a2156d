"""Name spaces of a plane and of a vector, and the degree of the polynomials in them."""

import math

import numpy as np

import pinnsven as pv
from pinnsven._calculus._names import (
    NameSpace,
)
from pinnsven._domains import as_domain


def namespace(domain, fields="u", unknowns=()):
    return NameSpace(tuple(fields.split()), as_domain(domain), tuple(unknowns))


PLANE = namespace(pv.Box(x=(-1, 1), y=(-1, 1)) * pv.Time(-1, 1), "u v", ["nu"])
VECTOR = namespace(pv.Box(x=[(0, 1)] * 3) * pv.Time(0, 1))


# Polynomials: derivatives of coefficient arrays are exact.

DEGREE = 4


def scale(coefficients):
    """No derivative up to second order in each variable, or fourth in one, exceeds this."""
    return math.factorial(DEGREE) ** 3 * (1 + np.sum(np.abs(coefficients)))
