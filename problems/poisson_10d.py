"""Laplace's equation in ten dimensions.

    sum_i d^2 u / dx_i^2 = 0                for 0 < x_1, ..., x_10 < 1
    u = x_1 x_2 + x_3 x_4 + ... + x_9 x_10 on the boundary

Exact: the same inside.
Source: the case of W. E and B. Yu, The deep Ritz method, Commun. Math. Stat. 6 (2018), section 3.2.
"""

from jax import Array

import pinnsven as pv


def make_problem(pairs: int = 5) -> pv.Problem:
    """Returns Laplace's equation on the unit cube of 2 pairs dimensions.

    - `pairs`: half the number of dimensions.
    """

    def exact(x: Array) -> Array:
        return x[0::2] @ x[1::2]

    return pv.Problem(
        domain=pv.Box(x=[(0, 1)] * (2 * pairs)),
        fields="u",
        conditions={
            "pde": pv.PDE(lambda laplacian_u: laplacian_u),
            "walls": pv.Dirichlet(u=exact),
        },
        exact=exact,
        network=pv.SeparableMLP(rank=8, width=6, depth=1),
    )
