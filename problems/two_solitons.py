"""Two solitons of Korteweg and de Vries that have just met: they leave each other unchanged.

    u_t + 6 u u_x + u_xxx = 0               for -5 < x < 6, 0 < t <= 0.1
    u(x, 0) = 6 sech(x)^2,   u at both ends and u_x at x = 6 as below

Exact: u = 12 (3 + 4 cosh(2 x - 8 t) + cosh(4 x - 64 t)) / (3 cosh(x - 28 t) + cosh(3 x - 36 t))^2, a
soliton of height 8 with speed 16 and one of height 2 with speed 4.
Source: Zabusky and Kruskal (1965); the formula of Gardner, Greene, Kruskal and Miura (1967).
"""

import jax
import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(end: float = 0.1) -> pv.Problem:
    """Returns the two solitons from the moment when they are one.

    - `end`: of time, nondimensional.
    """
    left, right = -5.0, 6.0

    def equation(u: Array, u_t: Array, u_x: Array, u_xxx: Array) -> Array:
        return u_t + 6 * u * u_x + u_xxx

    def exact(x: Array, t: Array) -> Array:
        above = 3 + 4 * jnp.cosh(2 * x - 8 * t) + jnp.cosh(4 * x - 64 * t)
        return 12 * above / (3 * jnp.cosh(x - 28 * t) + jnp.cosh(3 * x - 36 * t)) ** 2

    def start(x: Array) -> Array:
        return 6 / jnp.cosh(x) ** 2

    def leaves(u_x: Array, x: Array, t: Array) -> Array:
        return u_x - jax.grad(exact)(x, t)

    return pv.Problem(
        domain=pv.Interval(left, right) * pv.Time(0, end),
        fields="u",
        conditions={
            "pde": pv.PDE(equation),
            "start": pv.Initial(u=start),
            "ends": pv.Dirichlet(u=exact, on="x"),
            "leaves": pv.Boundary(leaves, on="x+"),
        },
        exact=exact,
    )
