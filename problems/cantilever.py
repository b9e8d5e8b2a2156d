"""A steel cantilever under a load at its free end: plane stress, in SI units.

    div s = 0,  s = E / (1 - nu^2) ((1 - nu) e + nu tr(e) I),  e the strain of w
        for 0 < x < L, -H/2 < y < H/2
    s n = 0 at y = -H/2 and H/2;  w given at x = 0;  s n = (0, P / (2 I) (H^2/4 - y^2)) at x = L

w is the displacement (m), s the stress (Pa).
Coefficients: E = 2.1e11 Pa, nu = 0.3, L = 1 m, H = 0.2 m, P = 1e6 N per metre of depth, I = H^3 / 12.

Exact: bending with the shear of a parabola, w = (u, v) with
    u = -P y / (6 E I) ((6 L - 3 x) x + (2 + nu) (y^2 - H^2/4)),
    v = P / (6 E I) (3 nu y^2 (L - x) + (4 + 5 nu) H^2 x / 4 + (3 L - x) x^2).
Source: Timoshenko and Goodier, Theory of Elasticity, 3rd edition, section 21.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def make_problem(load: float = 1e6, young: float = 2.1e11, nu: float = 0.3) -> pv.Problem:
    """Returns the bending of a cantilever, a vector and a tensor field.

    - `load`: P, the force at the free end, N/m.
    - `young`, `nu`: Young's modulus in Pa, and Poisson's ratio.
    """
    length, height = 1.0, 0.2
    inertia = height**3 / 12

    def displacement(x: Array, y: Array) -> tuple[Array, Array]:
        share = load / (6 * young * inertia)
        along = -y * ((6 * length - 3 * x) * x + (2 + nu) * (y**2 - height**2 / 4))
        across = (
            3 * nu * y**2 * (length - x) + (4 + 5 * nu) * height**2 * x / 4 + (3 * length - x) * x**2
        )
        return share * along, share * across

    def shear(y: Array) -> Array:
        return load / (2 * inertia) * (height**2 / 4 - y**2)

    def stress(x: Array, y: Array) -> Array:
        bending = -load * (length - x) * y / inertia
        return jnp.array([[bending, shear(y)], [shear(y), 0.0]])

    def hooke(s: Array, strain_w: Array) -> Array:
        of_shape = (1 - nu) * strain_w + nu * jnp.trace(strain_w) * jnp.eye(2)
        return s - young / (1 - nu**2) * of_shape

    return pv.Problem(
        domain=pv.Box(x=(0, length), y=(-height / 2, height / 2)),
        fields=[pv.Field("w", vector="u v"), pv.Field("s", tensor=True)],
        conditions={
            "balance": pv.PDE(lambda div_s: div_s),
            "hooke": pv.PDE(hooke),
            "held": pv.Dirichlet(w=displacement, on="x-"),
            "free": pv.Boundary(lambda s, normal: s @ normal, on="y"),
            "loaded": pv.Boundary(
                lambda s, normal, y: s @ normal - jnp.array([0.0, shear(y)]), on="x+"
            ),
        },
        exact={"w": displacement, "s": stress},
    )
