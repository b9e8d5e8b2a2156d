"""Burgers' equation with an unknown viscosity, found from scattered samples of the solution.

    u_t + u u_x = nu u_xx                   for -1 < x < 1, 0 < t <= 1, nu unknown
    u(x, 0) = -sin(pi x),   u(-1, t) = u(1, t) = 0,   u(x_i, t_i) = u_i for the samples

Coefficient: the samples come from nu = 0.01 / pi = 0.003183; the solver starts from nu = 0.05.

Samples: uniformly random points, values by Cole-Hopf quadrature (`_cole_hopf.py`, accurate to
rounding) plus noise.
Reference: the same quadrature on a grid, floor 1e-14.
Source: Raissi, Perdikaris and Karniadakis (2019), who give 2000 samples, no start and no walls, and
let the factor of u u_x be unknown too.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from _cole_hopf import burgers_reference, burgers_solution


def make_problem(
    viscosity: float = 0.01 / math.pi,
    guess: float = 0.05,
    *,
    samples: int = 200,
    noise: float = 0.0,
    seed: int = 0,
) -> pv.Problem:
    """Returns the inverse problem for the viscosity `nu`.

    - `viscosity`: the nu to be found, nondimensional.
    - `guess`: the nu to start from, nondimensional.
    - `samples`: number of samples of u.
    - `noise`: standard deviation of the Gaussian noise, as a fraction of that of the samples.
    - `seed`: of the sample points and the noise.
    """
    rng = np.random.default_rng(seed)
    x, t = rng.uniform(-1, 1, samples), rng.uniform(0, 1, samples)
    clean = burgers_solution(x, t, viscosity)
    values = clean + noise * np.std(clean) * rng.standard_normal(samples)

    def burgers(u: Array, u_t: Array, u_x: Array, u_xx: Array, nu: Array) -> Array:
        return u_t + u * u_x - nu * u_xx

    def start(x: Array) -> Array:
        return -jnp.sin(jnp.pi * x)

    return pv.Problem(
        domain=pv.Interval(-1, 1) * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(burgers),
            "start": pv.Initial(u=start),
            "walls": pv.Dirichlet(u=0.0, on="x"),
            "samples": pv.Data({"x": x, "t": t}, u=values),
        },
        unknowns={"nu": guess},
        reference=lambda: burgers_reference(viscosity),
    )
