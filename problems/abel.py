"""Relaxation of order one half: a fractional derivative, by Caputo.

    D^(1/2) u = 1 / Gamma(1/2) int_0^t (t - s)^(-1/2) u'(s) ds
    D^(1/2) u + u = 2 t^(3/2) / Gamma(5/2) + t^2     for 0 < t < 1
    u = 0                                            at t = 0

Exact: t^2.
Source: K. Diethelm, The Analysis of Fractional Differential Equations (2010), section 3.1.
"""

import math

import pinnsven as pv


def make_problem() -> pv.Problem:
    """Returns the equation on [0, 1]; the kernel's singularity is part of the rule."""
    equation = pv.Convolution(
        lambda u, t, integral: integral / math.gamma(0.5) + u - 2 * t**1.5 / math.gamma(2.5) - t**2,
        lambda u_t_there: u_t_there,
        along="t",
        power=-0.5,
    )
    return pv.Problem(
        domain=pv.Time(0, 1),
        fields="u",
        conditions={"equation": equation, "start": pv.Initial(u=0.0)},
        exact=lambda t: t**2,
    )
