"""The Allen-Cahn equation of the PINN literature, diffusion 1e-4.

    u_t = D u_xx + r (u - u^3)              for x in [-1, 1], periodic, 0 < t <= 1
    u(x, 0) = x^2 cos(pi x)

Coefficients: D = 1e-4, r = 5. (Another Allen-Cahn has D = 1e-3 and walls at u = -1.)
The periodic start has a slope jump of 4 at the seam x = +-1, smoothed over sqrt(D t) only.

Reference: u is even, hence a cosine series on [0, 1]. That of the start is known in closed form;
taken from samples it would alias the jump (error 2e-7). ETDRK4 in time (`_etdrk4.py`), the first
step halved ten times for the sake of the seam. Floor: the distance to half the modes and half the
steps, 6e-11. (To eight times as many it is 4e-12, to spectral elements with Radau 1.4e-11.)
Source: Raissi, Perdikaris and Karniadakis (2019).
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

import pinnsven as pv
from _etdrk4 import coefficients, step


def _march(modes: int, steps: int, diffusion: float, rate: float) -> Float[np.ndarray, "times points"]:
    """Returns u at 51 times and at x = 0, 1 / 256, ..., 1."""
    from scipy.fft import dct, idct

    def moment(m: np.ndarray) -> np.ndarray:  # the integral of x^2 cos(m pi x) over [0, 1]
        return np.where(m == 0, 1 / 3, 2 * (-1.0) ** m / (np.pi * np.where(m == 0, 1, m)) ** 2)

    def reaction(v: np.ndarray) -> np.ndarray:
        u = np.asarray(idct(v, 1))
        return np.asarray(dct(rate * (u - u**3), 1))

    mode, x = np.arange(modes + 1), np.linspace(0, 1, modes + 1)
    linear, full = -diffusion * (np.pi * mode) ** 2, 1 / steps
    v = modes * (moment(mode + 1) + moment(mode - 1))  # in the scaling of dct(., 1)
    u = [x**2 * np.cos(np.pi * x)]
    for halvings in (10, *range(10, 0, -1)):  # together they make the first step
        v = step(v, reaction, coefficients(linear, full / 2**halvings))
    c = coefficients(linear, full)
    for done in range(2, steps + 1):
        v = step(v, reaction, c)
        if done % (steps // 50) == 0:
            u.append(np.asarray(idct(v, 1)))
    return np.array(u)[:, :: modes // 256]


def allen_cahn_reference(diffusion: float, rate: float) -> pv.Reference:
    """Returns the solution on a uniform grid of 512 x 51 points, -1 <= x < 1 (about 1 s)."""
    u = _march(2048, 1000, diffusion, rate)
    floor = np.linalg.norm(u - _march(1024, 500, diffusion, rate)) / np.linalg.norm(u)
    t, x = np.meshgrid(np.linspace(0, 1, 51), np.arange(-256, 256) / 256, indexing="ij")
    around = np.concatenate([u[:, :0:-1], u[:, :-1]], axis=1)  # u is even
    return pv.Reference({"x": x.ravel(), "t": t.ravel()}, floor=float(floor), u=around.ravel())


def make_problem(diffusion: float = 1e-4, rate: float = 5.0) -> pv.Problem:
    """Returns the Allen-Cahn equation on the periodic interval [-1, 1].

    - `diffusion`, `rate`: D and r, nondimensional.
    """

    def reaction_diffusion(u: Array, u_t: Array, u_xx: Array) -> Array:
        return u_t - diffusion * u_xx - rate * (u - u**3)

    return pv.Problem(
        domain=pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1),
        fields="u",
        conditions={
            "pde": pv.PDE(reaction_diffusion),
            "start": pv.Initial(u=lambda x: x**2 * jnp.cos(jnp.pi * x)),
        },
        reference=lambda: allen_cahn_reference(diffusion, rate),
        network=pv.MLP(width=20, depth=4),
    )
