"""Problems as people pose them, smooth or not, in any units: what `at_once.py` solves."""

import math

import jax
import jax.numpy as jnp

from _records import find_source_tree

find_source_tree()
import pinnsven as pv

PI = math.pi
SQUARE = pv.Box(x=(0, 1), y=(0, 1))
L_SHAPE = pv.Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])
WALLS = {"walls": pv.Dirichlet(u=0.0)}


def bratu() -> pv.Problem:
    """Laplace u + exp u = f with u = sin(pi x) sin(pi y)."""

    def exact(x, y):
        return jnp.sin(PI * x) * jnp.sin(PI * y)

    def equation(u, laplacian_u, x, y):
        return laplacian_u + jnp.exp(u) + 2 * PI**2 * exact(x, y) - jnp.exp(exact(x, y))

    return pv.Problem(SQUARE, "u", {"pde": pv.PDE(equation)} | WALLS, exact=exact)


def membrane() -> pv.Problem:
    """Laplace u - 3 u = f on a disk minus a square."""

    def exact(x, y):
        return (1 - x * x - y * y) * jnp.sin(x + 2 * y)

    def equation(u, laplacian_u, x, y):
        bent = jax.hessian(lambda p: exact(p[0], p[1]))(jnp.stack([x, y]))
        return laplacian_u - 3 * u - bent[0, 0] - bent[1, 1] + 3 * exact(x, y)

    domain = pv.Disk() - pv.Box(x=(-0.3, 0.3), y=(-0.3, 0.3))
    conditions = {"pde": pv.PDE(equation), "walls": pv.Dirichlet(u=exact)}
    return pv.Problem(domain, "u", conditions, exact=exact)


def torsion(domain) -> pv.Problem:
    """-Laplace u = 1, zero on the walls."""
    return pv.Problem(domain, "u", {"pde": pv.PDE(lambda laplacian_u: laplacian_u + 1)} | WALLS)


def bent_corner() -> pv.Problem:
    """Laplace u = f on an L with u = r^(2/3) sin(2 theta / 3) (1 + x)."""

    def turn(x, y):
        return jnp.arctan2(y, x) % (2 * PI)

    def exact(x, y):
        return (x * x + y * y) ** (1 / 3) * jnp.sin(2 / 3 * turn(x, y)) * (1 + x)

    def equation(laplacian_u, x, y):
        return laplacian_u + 4 / 3 * (x * x + y * y) ** (-1 / 6) * jnp.sin(turn(x, y) / 3)

    conditions = {"pde": pv.PDE(equation), "walls": pv.Dirichlet(u=exact)}
    return pv.Problem(L_SHAPE, "u", conditions, exact=exact)


def layer(thickness: float) -> pv.Problem:
    """-eps u'' + u' = 1 on (0, 1)."""

    def exact(x):
        steep = jnp.exp(-(1 - x) / thickness) - jnp.exp(-1 / thickness)
        return x - steep / (1 - jnp.exp(-1 / thickness))

    conditions = {
        "pde": pv.PDE(lambda u_xx, u_x: -thickness * u_xx + u_x - 1),
        "walls": pv.Dirichlet(u=0.0, on="x"),
    }
    return pv.Problem(pv.Interval(0, 1), "u", conditions, exact=exact)


def bar() -> pv.Problem:
    """Heat in a bar of 200 m over 1e9 s near 300 K."""

    def exact(x, t):
        decay = jnp.exp(-1.0 / 2e6 * (PI / 200) ** 2 * t)
        return 300 + 20 * x / 200 + 20 * decay * jnp.sin(PI * x / 200)

    conditions = {
        "heat": pv.PDE(lambda T_t, T_xx: 2e6 * T_t - T_xx),
        "start": pv.Initial(T=lambda x: exact(x, 0.0)),
        "ends": pv.Dirichlet(T=lambda x: 300 + 20 * x / 200, on="x"),
    }
    return pv.Problem(pv.Interval(0, 200) * pv.Time(0, 1e9), "T", conditions, exact=exact)


def thermoelastic() -> pv.Problem:
    """A bar that is heated and held, with E = 2.1e11 Pa."""
    conditions = {
        "heat": pv.PDE(lambda T_xx: 50 * T_xx),
        "force": pv.PDE(lambda u_xx, T_x: 2.1e11 * (u_xx - 1.2e-5 * T_x)),
        "ends": pv.Dirichlet(u=0.0, on="x"),
        "hot": pv.Dirichlet(T=lambda x: 293 + 100 * x, on="x"),
    }
    exact = {"u": lambda x: 6e-4 * (x * x - x), "T": lambda x: 293 + 100 * x}
    return pv.Problem(pv.Interval(0, 1), "u T", conditions, exact=exact)


def helmholtz(a: int, k: float) -> pv.Problem:
    """Laplace u + k^2 u = f with u = sin(a pi x) sin(a pi y)."""

    def exact(x, y):
        return jnp.sin(a * PI * x) * jnp.sin(a * PI * y)

    def equation(u, laplacian_u, x, y):
        return laplacian_u + k * k * u - (k * k - 2 * (a * PI) ** 2) * exact(x, y)

    box = pv.Box(x=(-1, 1), y=(-1, 1))
    return pv.Problem(box, "u", {"pde": pv.PDE(equation)} | WALLS, exact=exact)


def kovasznay() -> pv.Problem:
    """The flow behind a grid at a Reynolds number of 40."""
    lam = 20 - math.sqrt(400 + 4 * PI**2)
    exact = {
        "u": lambda x, y: 1 - jnp.exp(lam * x) * jnp.cos(2 * PI * y),
        "v": lambda x, y: lam / (2 * PI) * jnp.exp(lam * x) * jnp.sin(2 * PI * y),
        "p": lambda x, y: (1 - jnp.exp(2 * lam * x)) / 2,
    }

    def navier_stokes(u, v, u_x, u_y, v_x, v_y, p_x, p_y, laplacian_u, laplacian_v):
        return (
            u * u_x + v * u_y + p_x - laplacian_u / 40,
            u * v_x + v * v_y + p_y - laplacian_v / 40,
            u_x + v_y,
        )

    conditions = {
        "flow": pv.PDE(navier_stokes),
        "walls": pv.Dirichlet(u=exact["u"], v=exact["v"]),
        "outlet": pv.Dirichlet(p=exact["p"], on="x+"),
    }
    return pv.Problem(pv.Box(x=(-0.5, 1), y=(-0.5, 1.5)), "u v p", conditions, exact=exact)


PROBLEMS = {
    "Bratu-like": bratu,
    "membrane, a disk minus a square": membrane,
    "-Laplace u = 1 on a square": lambda: torsion(SQUARE),
    "-Laplace u = 1 on an L": lambda: torsion(L_SHAPE),
    "u = r^(2/3) sin(2 theta / 3) (1 + x) on an L": bent_corner,
    "layer of 1e-2": lambda: layer(1e-2),
    "layer of 1e-3": lambda: layer(1e-3),
    "layer of 1e-4": lambda: layer(1e-4),
    "layer of 1e-6": lambda: layer(1e-6),
    "a bar of 200 m over 1e9 s near 300 K": bar,
    "thermoelastic bar, E = 2.1e11": thermoelastic,
    "helmholtz (6, 6), k = 10": lambda: helmholtz(6, 10.0),
    "helmholtz (10, 10), k = 1": lambda: helmholtz(10, 1.0),
    "kovasznay, Re 40": kovasznay,
}
