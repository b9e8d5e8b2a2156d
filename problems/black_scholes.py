"""The value of a European call option, with time counted back from its expiry.

    V_t = s^2 S^2 V_SS / 2 + r S V_S - r V  for 20 < S < 200, 0.25 < t < 1 (years)
    V as below at t = 0.25 and at both ends

Coefficients: r = 0.05, s = 0.3 a year, strike K = 100; three months before the expiry the kink of the
pay-off is gone.

Exact: V = S N(d1) - K e^(-r t) N(d2), d1, d2 = (log(S / K) + (r +- s^2 / 2) t) / (s sqrt(t)).
Source: F. Black and M. Scholes, J. Polit. Econ. 81 (1973).
"""

import jax.numpy as jnp
from jax import Array
from jax.scipy.stats import norm

import pinnsven as pv


def make_problem(rate: float = 0.05, volatility: float = 0.3, strike: float = 100.0) -> pv.Problem:
    """Returns the equation of Black and Scholes, in the currency's unit and years.

    - `rate`: r, `volatility`: s, a year; `strike`: K.
    """

    def value(S: Array, t: Array | float) -> Array:
        spread = volatility * jnp.sqrt(t)
        first = (jnp.log(S / strike) + (rate + volatility**2 / 2) * t) / spread
        return S * norm.cdf(first) - strike * jnp.exp(-rate * t) * norm.cdf(first - spread)

    def equation(V: Array, V_t: Array, V_S: Array, V_SS: Array, S: Array) -> Array:
        return V_t - volatility**2 * S**2 * V_SS / 2 - rate * S * V_S + rate * V

    return pv.Problem(
        domain=pv.Interval(S=(20, 200)) * pv.Time(0.25, 1),
        fields="V",
        conditions={
            "pde": pv.PDE(equation),
            "start": pv.Initial(V=lambda S: value(S, 0.25)),
            "ends": pv.Dirichlet(V=value),
        },
        exact=value,
    )
