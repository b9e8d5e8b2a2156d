"""Burgers' equation with viscosity 0.01 / pi, whose solution steepens into a shock at x = 0."""

import jax.numpy as jnp

import pinnsven as pv


def burgers(u, u_t, u_x, u_xx):
    return u_t + u * u_x - (0.01 / jnp.pi) * u_xx


problem = pv.Problem(
    domain=pv.Box(x=(-1, 1)) * pv.Time(0, 1),
    fields="u",
    conditions={
        "pde": pv.PDE(burgers),
        "start": pv.Initial(u=lambda x: -jnp.sin(jnp.pi * x)),
        "walls": pv.Dirichlet(u=0.0, on="x"),
    },
    name="burgers",
)

# Without a limit the run goes on until the residual at points it never saw is 1e-6 of its size,
# about a minute. Twenty seconds give four digits, and the status says that there is more to get.
solution = pv.solve(problem, time_limit=30, callbacks=pv.Progress())
print(solution)
solution.plot("burgers.png")
