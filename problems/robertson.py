"""Robertson's reaction: three substances, rates nine decades apart, a start of some milliseconds.

    a' = -0.04 a + 1e4 b c,   b' = 0.04 a - 1e4 b c - 3e7 b^2,   c' = 3e7 b^2      for 0 < t <= 1e4
    a(0) = 1, b(0) = c(0) = 0; nondimensional

No network on the whole interval finds it. Slabs as long as drawn functions solve them do:
`pv.march(problem)`, or `--slabs chosen`.

Reference: Radau's method with a tolerance of 1e-12 (`_orbits.py`); floor 2e-11.
Source: Robertson (1966); Hairer and Wanner, Solving Ordinary Differential Equations II (1996).
"""

import numpy as np
from jax import Array

import pinnsven as pv
from _orbits import stiff_orbit


def make_problem(end: float = 1e4) -> pv.Problem:
    """Returns the three substances over time.

    - `end`: of time.
    """

    def first(a: Array, a_t: Array, b: Array, c: Array) -> Array:
        return a_t + 0.04 * a - 1e4 * b * c

    def second(a: Array, b: Array, b_t: Array, c: Array) -> Array:
        return b_t - 0.04 * a + 1e4 * b * c + 3e7 * b**2

    def third(b: Array, c_t: Array) -> Array:
        return c_t - 3e7 * b**2

    def rate(t, y):
        a, b, c = y
        return [-0.04 * a + 1e4 * b * c, 0.04 * a - 1e4 * b * c - 3e7 * b**2, 3e7 * b**2]

    times = np.concatenate([[0.0], np.geomspace(1e-9 * end, end, 200)])
    return pv.Problem(
        domain=pv.Time(0, end),
        fields="a b c",
        conditions={
            "first": pv.PDE(first),
            "second": pv.PDE(second),
            "third": pv.PDE(third),
            "start": pv.Initial(a=1.0, b=0.0, c=0.0),
        },
        reference=lambda: stiff_orbit(rate, (1.0, 0.0, 0.0), times, ("a", "b", "c")),
    )
