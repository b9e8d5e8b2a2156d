"""Hares and lynxes: a predator lives on its prey, and both come and go for ever.

    hares' = 2/3 hares - 4/3 hares lynxes,   lynxes' = hares lynxes - lynxes      for 0 < t <= 20
    hares(0) = lynxes(0) = 1, in thousands; time in years

Reference: DOP853 with a tolerance near rounding (`_orbits.py`); floor 1e-12.
Source: Lotka (1925) and Volterra (1926).
"""

from jax import Array

import pinnsven as pv
from _orbits import orbit


def make_problem(end: float = 20.0) -> pv.Problem:
    """Returns the two populations over time.

    - `end`: of time, in years.
    """

    def prey(hares: Array, hares_t: Array, lynxes: Array) -> Array:
        return hares_t - (2 / 3 - 4 / 3 * lynxes) * hares

    def predator(lynxes: Array, lynxes_t: Array, hares: Array) -> Array:
        return lynxes_t - (hares - 1) * lynxes

    def rate(t, y):
        return [(2 / 3 - 4 / 3 * y[1]) * y[0], (y[0] - 1) * y[1]]

    return pv.Problem(
        domain=pv.Time(0, end),
        fields="hares lynxes",
        conditions={
            "prey": pv.PDE(prey),
            "predator": pv.PDE(predator),
            "start": pv.Initial(hares=1.0, lynxes=1.0),
        },
        reference=lambda: orbit(rate, (1.0, 1.0), end, ("hares", "lynxes")),
    )
