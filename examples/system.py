"""Two fields: diffusing predator and prey on a periodic line.

    u_t = 0.02 u_xx + u (1 - v),    v_t = 0.01 v_xx + v (u - 1)

One condition may return several residuals, and one network gives both fields.
"""

import jax.numpy as jnp

import pinnsven as pv


def interaction(u, v, u_t, v_t, u_xx, v_xx):
    prey = u_t - 0.02 * u_xx - u * (1 - v)
    predator = v_t - 0.01 * v_xx - v * (u - 1)
    return prey, predator


problem = pv.Problem(
    domain=pv.Box(x=(0, 1), periodic="x") * pv.Time(0, 3),
    fields="u v",
    conditions={
        "interaction": pv.PDE(interaction),
        "start": pv.Initial(
            u=lambda x: 1 + 0.5 * jnp.cos(2 * jnp.pi * x),
            v=lambda x: 1 + 0.3 * jnp.sin(2 * jnp.pi * x),
        ),
    },
    network=pv.MLP(width=20, depth=3),
    name="predator and prey",
)
solution = pv.solve(problem, time_limit=20)
print(solution)

# A field at points of any shape; x = 0 and x = 1 are the same place, exactly.
print("prey at the end:    ", solution.u(x=[0.0, 0.25, 0.5, 1.0], t=3.0).round(6))
print("predator at the end:", solution.v(x=[0.0, 0.25, 0.5, 1.0], t=3.0).round(6))
solution.plot("system.png")
