"""An equation with a delay, piece by piece.

    u'(t) = -u(t - 1)                       for 0 < t < 3
    u = 1                                   for t <= 0

Exact: sum_k (-1)^k (t - k + 1)^k / k! over k from 0 to floor(t) + 1, a polynomial in each unit of time.
Source: R. Bellman and K. L. Cooke, Differential-Difference Equations (1963), section 3.2.
"""

import math

from jax import Array

import pinnsven as pv


def polynomial(number: int):
    """The solution in the unit of time that begins at `number`."""

    def exact(t: Array) -> Array:
        terms = [(-1) ** k * (t - k + 1) ** k / math.factorial(k) for k in range(number + 2)]
        return t * 0 + sum(terms)

    return exact


def make_problem() -> pv.Problem:
    """Returns the equation on [0, 3], a field in three pieces: u'' jumps at t = 1."""
    pieces = {name: pv.Interval(t=(i, i + 1)) for i, name in enumerate("abc")}
    before = lambda t: {"t": t - 1}
    return pv.Problem(
        domain=pv.Interval(t=(0, 3)),
        fields=pv.Field("u", pieces=pieces),
        conditions={
            "first": pv.PDE(lambda a_t: a_t + 1),
            "second": pv.Pairs(lambda b_t, a_there: b_t + a_there, None, before),
            "third": pv.Pairs(lambda c_t, b_there: c_t + b_there, None, before),
            "start": pv.Dirichlet(a=1.0, on="t-"),
            "at 1": pv.Interface(lambda a, b: a - b, between="a b"),
            "at 2": pv.Interface(lambda b, c: b - c, between="b c"),
        },
        exact={name: polynomial(i) for i, name in enumerate("abc")},
    )
