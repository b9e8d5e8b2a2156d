"""A user's script, checked strictly by pyright (it does not run): what is public has complete types."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from pinnsven.extend import StepRecord


def burgers(u: Array, u_t: Array, u_x: Array, u_xx: Array, nu: Array) -> Array:
    return u_t + u * u_x - nu * u_xx


def start(x: Array) -> Array:
    return -jnp.sin(jnp.pi * x)


readings = np.array([0.1, 0.2])
problem = pv.Problem(
    domain=pv.Interval(-1, 1) * pv.Time(0, 1),
    fields="u",
    conditions={
        "pde": pv.PDE(burgers),
        "start": pv.Initial(u=start),
        "walls": pv.Dirichlet(u=0.0, on="x"),
        "readings": pv.Data({"x": readings, "t": readings}, u=readings, noise=0.1),
    },
    unknowns={"nu": 0.01},
)


class Watching(pv.Callback):
    """Keeps the held-out residuals."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def on_step(self, record: StepRecord) -> None:
        self.found.append(record.held_out)


solution = pv.solve(
    problem,
    network=pv.MLP(width=20, depth=2),
    seed=1,
    tolerance=1e-8,
    time_limit=60.0,
    callbacks=[Watching()],
    progress=False,
)
assert solution.status == "converged", solution.message
nu = solution.unknowns["nu"]
print(f"nu = {float(nu):.3f}, give or take {nu.standard_error:.1e}")
print(solution.error_estimate, solution.history["loss"][-1], solution.conditions["pde"].held_out)
values = solution(x=np.linspace(-1, 1, 5), t=0.5)
slopes = solution.u_x(x=0.5, t=np.array([0.1, 0.2]))
solution.plot("burgers.png", at={"t": [0.0, 0.5]}, along="x")
solution.report(Path("burgers.html"))
solution.save("burgers.pv")
again = pv.load("burgers.pv")
changed = problem.with_constants()
longer = pv.march(problem, slabs=2, time_limit=10.0)
several = pv.sweep(problem, seeds=2, nu=[0.01, 0.02])
print(longer.status, changed.fields, again.seconds, values, slopes, several)


def conducts(laplacian_a: Array) -> Array:
    return 1.38 * laplacian_a


def joined(a: Array, b: Array, a_n: Array, b_n: Array) -> tuple[Array, Array]:
    return a - b, 1.38 * a_n - 400 * b_n


def flux(u_n: Array) -> Array:
    return u_n


glass = pv.Box(x=(0, 1), y=(0, 0.5)) - pv.Disk((0.5, 0.25), 0.1)
copper = pv.Box(x=(0, 1), y=(0.5, 1))
wall = pv.Problem(
    pv.Box(x=(0, 1), y=(0, 1)) - pv.Disk((0.5, 0.25), 0.1),
    [pv.Field("a", on=glass), pv.Field("b", on=copper)],
    {
        "below": pv.PDE(conducts, weight=1.0, points=400),
        "bottom": pv.Dirichlet(a=20.0, on="y-"),
        "top": pv.Neumann(b=0.5, on="y+"),
        "mean": pv.Integral(conducts, value=0.0),
        "glue": pv.Interface(joined, between=("a", "b")),
    },
    constants={"k": 1.0},
)
field = pv.Gridded(x=np.linspace(0, 1, 5), values=np.ones(5))
places = solution.grid(x=11, t=3)
print(field, places["u"], solution.integrate(flux, on="x+"), solution.error_at(x=0.1, t=0.2))
modes = pv.eigen(problem, 2)
print(modes.values, modes.solutions[0].status, solution.to_json()["status"])
