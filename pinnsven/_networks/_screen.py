"""Functions that fade from holes and poles by themselves, as those of laplacian u = k^2 u do."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

NODES = 96  # of the rule for a modified Bessel function: to 1e-11 from k r = 1e-3, up to order 32


class Screen(eqx.Module):
    """Modified Bessel functions of a distance r, one where r is a given radius.

    In the plane K_n(k r) is the integral of exp(-k r cosh t) cosh(n t) over t > 0 (Abramowitz and
    Stegun 9.6.24), whose trapezoidal rule converges geometrically (Trefethen and Weideman 2014): a sum
    of exponentials with positive factors. In space they are exp(-k r) times polynomials of 1 / r.

    - `rates`: of the exponentials, (nodes,); k alone in space, and none where nothing is screened.
    - `about`: their factors for each order about each hole, (holes, orders, nodes).
    - `near`: the same of each pole's K_0, (poles, nodes).
    - `reach`: the distance from each pole where its function is about one, (poles,).
    """

    rates: Float[Array | np.ndarray, " nodes"]
    about: Float[Array | np.ndarray, "holes orders nodes"]
    near: Float[Array | np.ndarray, "poles nodes"]
    reach: Float[Array | np.ndarray, " poles"]

    @classmethod
    def of(cls, k: float, orders, radii, reach, power: int) -> "Screen":
        """Those of an equation, about holes and poles.

        - `k`: zero where nothing is screened, `orders`: from zero on, (orders,).
        - `radii`, `reach`: (holes,) and (poles,), in the unit of 1 / k.
        - `power`: of the distance from a pole, zero in the plane.
        """
        orders, radii, reach = (np.asarray(a, float) for a in (orders, radii, reach))
        if k == 0:
            reach = reach[:0]  # no pole asks
        if k == 0 or power:
            rates = np.full(int(k != 0), float(k))
            about, near = np.zeros((len(radii), len(orders), 0)), np.zeros((len(reach), 0))
            return cls(rates, about, near, reach)  # type: ignore[call-arg]
        most, least = np.max(orders, initial=0.0), k * min(*radii, *reach)
        # Beyond, exp(-x cosh t + n t) is below rounding of its largest value.
        t = np.linspace(0.0, np.arcsinh((2 * most + 60) / least), NODES)
        rates = k * np.cosh(t)
        return cls(  # type: ignore[call-arg]
            rates=rates,
            about=_factors(rates, t, orders, radii),
            near=_factors(rates, t, np.zeros(1), reach)[:, 0],
            reach=reach,
        )

    @property
    def is_there(self) -> bool:
        """Whether anything is screened."""
        return self.rates.shape[-1] > 0


def _factors(rates, t, orders, radii) -> Float[np.ndarray, "radii orders nodes"]:
    """Factors of exp(-rate (r - radius)), whose sum is one where r is the radius."""
    exponents = orders[:, None] * t - rates * radii[:, None, None]
    # cosh(n t) by its two exponentials: alone it would overflow.
    sizes = np.exp(exponents - exponents.max(axis=-1, keepdims=True))
    sizes = sizes * (1 + np.exp(-2 * orders[:, None] * t))
    sizes[..., 0] /= 2  # the rule's end
    return sizes / np.sum(sizes, axis=-1, keepdims=True)
