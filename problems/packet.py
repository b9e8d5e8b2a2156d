"""A quantum packet at a barrier: half of it is reflected, half of it goes through.

    i psi_t + psi_xx / 2 = V psi            for x in [-20, 20], periodic, 0 < t <= 5
    psi = exp(-(x + 8)^2 / 4 + 3 i x)       at t = 0
    V = 5 exp(-x^2)

Nondimensional. The energy of the packet is 4.5 and a little, that of the barrier 5.

Reference: Fourier collocation, of which the matrix is diagonalized, so that time is exact.
Source: Schiff, Quantum Mechanics (1968), section 17, with a barrier that is smooth.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import pinnsven as pv
from _periodic_reaction import split_field

HALF, TIMES = 20.0, 51


def make_problem(height: float = 5.0, end: float = 5.0) -> pv.Problem:
    """Returns the equation on a ring of length 40, a complex field.

    - `height`: of the barrier, `end`: the last time; nondimensional.
    """

    def equation(psi: Array, psi_t: Array, psi_xx: Array, x: Array) -> Array:
        return 1j * psi_t + psi_xx / 2 - height * jnp.exp(-(x**2)) * psi

    def start(x: Array) -> Array:
        size = jnp.exp(-((x + 8) ** 2) / 4)
        return jax.lax.complex(size * jnp.cos(3 * x), size * jnp.sin(3 * x))

    return pv.Problem(
        domain=pv.Box(x=(-HALF, HALF), periodic="x") * pv.Time(0, end),
        fields=pv.Field("psi", complex=True),
        conditions={"equation": pv.PDE(equation), "start": pv.Initial(psi=start)},
        reference=lambda: _reference(height, end),
    )


def _evolved(count: int, height: float, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns 128 places and psi at these and at times, from so many places."""
    x = -HALF + 2 * HALF * np.arange(count) / count
    waves = np.pi / HALF * np.fft.fftfreq(count, 1 / count)
    kinetic = np.fft.ifft(waves[:, None] ** 2 / 2 * np.fft.fft(np.eye(count), axis=0), axis=0)
    energies, states = np.linalg.eigh(kinetic + height * np.diag(np.exp(-(x**2))))
    parts = states.conj().T @ np.exp(-((x + 8) ** 2) / 4 + 3j * x)
    psi = (states @ (parts[:, None] * np.exp(-1j * energies[:, None] * times))).T
    return x[:: count // 128], psi[:, :: count // 128]


def _reference(height: float, end: float) -> pv.Reference:
    """Returns psi on a uniform grid, its floor the distance to half as many places."""
    times = np.linspace(0, end, TIMES)
    (x, fine), (_, coarse) = (_evolved(count, height, times) for count in (512, 256))
    t, x = np.meshgrid(times, x, indexing="ij")
    values = split_field("psi", fine.ravel(), is_complex=True)
    floor = float(np.linalg.norm(fine - coarse) / np.linalg.norm(fine))
    return pv.Reference({"x": x.ravel(), "t": t.ravel()}, floor=floor, **values)
