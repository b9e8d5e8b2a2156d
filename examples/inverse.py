"""An inverse problem: how fast does heat spread, and how fast does it leave at the wall?

    u_t = kappa u_xx on [0, 1],    u_x(0) = 0,    u_n + loss u = 0 at x = 1

`kappa` and `loss` are found from forty noisy readings of two thermometers. An unknown may appear in
any condition, and comes back with a standard error and with its correlation to the others.
"""

import jax.numpy as jnp
import numpy as np

import pinnsven as pv

KAPPA, LOSS, ROOT, NOISE = 0.2, 1.5, 0.98824, 1e-3  # ROOT tan(ROOT) = LOSS: the slowest mode


def temperature(x, t):
    return np.exp(-KAPPA * ROOT**2 * t) * np.cos(ROOT * x)


rng = np.random.default_rng(0)
t = np.tile(np.linspace(0.05, 1, 20), 2)
x = np.repeat([0.3, 0.9], 20)
readings = temperature(x, t) + NOISE * rng.standard_normal(40)

problem = pv.Problem(
    domain=pv.Interval(0, 1) * pv.Time(0, 1),
    fields="u",
    conditions={
        "heat": pv.PDE(lambda u_t, u_xx, kappa: u_t - kappa * u_xx),
        "insulated": pv.Neumann(u=0.0, on="x-"),
        "losing": pv.Boundary(lambda u_n, u, loss: u_n + loss * u, on="x+"),
        "start": pv.Initial(u=lambda x: jnp.cos(ROOT * x)),
        "readings": pv.Data({"x": x, "t": t}, u=readings, noise=NOISE),
    },
    unknowns={"kappa": 1.0, "loss": 1.0},
    network=pv.MLP(width=12, depth=2),
    name="heat loss",
)
solution = pv.solve(problem)
print(solution)
for name, truth in (("kappa", KAPPA), ("loss", LOSS)):
    found = solution.unknowns[name]
    print(f"{name}: {found:.5f} +- {found.standard_error:.5f}, true value {truth}")
print("correlation:", solution.unknowns.correlation[0, 1].round(3))
