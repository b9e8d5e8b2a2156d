"""A steel plate with a round hole, pulled along x: a quarter of it, in plane stress, in SI units.

    div s = 0,  s = E / (1 - nu^2) ((1 - nu) e + nu tr(e) I),  e the strain of w
        for 0 < x, y < 4 a without the disk of radius a
    s n = 0 at the hole;   no displacement across x = 0 and y = 0, and no shear there
    s n as below at x = 4 a and y = 4 a

w is the displacement (m), s the stress (Pa).
Coefficients: E = 2.1e11 Pa, nu = 0.3, a = 0.01 m, pull S = 1e8 Pa far away. At the hole the stress is
three times as large.

Exact: Kirsch's stresses of the infinite plate, and the displacement that belongs to them.
Source: Timoshenko and Goodier, Theory of Elasticity, 3rd edition, section 35.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(pull: float = 1e8, young: float = 2.1e11, nu: float = 0.3) -> pv.Problem:
    """Returns the quarter of a plate, a vector and a tensor field.

    - `pull`: S, in Pa.
    - `young`, `nu`: Young's modulus in Pa, and Poisson's ratio.
    """
    a, side = 0.01, 0.04
    shear, kappa = young / (2 * (1 + nu)), (3 - nu) / (1 + nu)

    def turned(x: Array, y: Array) -> tuple[Array, ...]:
        """(a/r)^2, and cos and sin of twice and four times the angle."""
        r2 = x * x + y * y
        c2, s2 = (x * x - y * y) / r2, 2 * x * y / r2
        return a * a / r2, c2, s2, c2**2 - s2**2, 2 * c2 * s2

    def stress(x: Array, y: Array) -> Array:
        q, c2, s2, c4, s4 = turned(x, y)
        sxx = 1 - q * (1.5 * c2 + c4) + 1.5 * q * q * c4
        syy = -q * (0.5 * c2 - c4) - 1.5 * q * q * c4
        sxy = -q * (0.5 * s2 + s4) + 1.5 * q * q * s4
        return pull * jnp.array([[sxx, sxy], [sxy, syy]])

    def displacement(x: Array, y: Array) -> tuple[Array, Array]:
        q, c2, *_ = turned(x, y)
        share = pull / (8 * shear)
        # cos 3 t = cos t (2 cos 2 t - 1), and sin 3 t = sin t (2 cos 2 t + 1)
        u = x * ((kappa + 1) + 2 * q * ((1 + kappa) + (2 * c2 - 1)) - 2 * q * q * (2 * c2 - 1))
        v = y * ((kappa - 3) + 2 * q * ((1 - kappa) + (2 * c2 + 1)) - 2 * q * q * (2 * c2 + 1))
        return share * u, share * v

    def hooke(s: Array, strain_w: Array) -> Array:
        of_shape = (1 - nu) * strain_w + nu * jnp.trace(strain_w) * jnp.eye(2)
        return s - young / (1 - nu**2) * of_shape

    def pulled(s: Array, normal: Array, x: Array, y: Array) -> Array:
        return (s - stress(x, y)) @ normal

    plate = pv.Box(x=(0, side), y=(0, side)) - pv.Disk((0, 0), a, name="hole")
    return pv.Problem(
        domain=plate,
        fields=[pv.Field("w", vector="u v"), pv.Field("s", tensor=True)],
        conditions={
            "balance": pv.PDE(lambda div_s: div_s),
            "hooke": pv.PDE(hooke),
            "hole": pv.Boundary(lambda s, normal: s @ normal, on="hole"),
            "across x": pv.Boundary(lambda u, s12: (u / a, s12 / pull), on="x-"),
            "across y": pv.Boundary(lambda v, s12: (v / a, s12 / pull), on="y-"),
            "pulled along x": pv.Boundary(pulled, on="x+"),
            "pulled along y": pv.Boundary(pulled, on="y+"),
        },
        exact={"w": displacement, "s": stress},
    )
