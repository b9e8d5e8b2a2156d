"""Problems as people pose them, smooth or not, in any units: what `at_once.py` solves."""

import math


def problems() -> dict:
    """The problems by name."""
    import jax
    import jax.numpy as jnp

    import pinnsven as pv

    pi = math.pi
    square = pv.Box(x=(0, 1), y=(0, 1))

    def product(x, y):
        return jnp.sin(pi * x) * jnp.sin(pi * y)

    def bratu(u, laplacian_u, x, y):
        right = -2 * pi**2 * product(x, y) + jnp.exp(product(x, y))
        return laplacian_u + jnp.exp(u) - right

    def shown(x, y):
        return (1 - x * x - y * y) * jnp.sin(x + 2 * y)

    def laplacian_shown(x, y):
        bent = jax.hessian(lambda p: shown(p[0], p[1]))(jnp.stack([x, y]))
        return bent[0, 0] + bent[1, 1]

    def membrane(u, laplacian_u, x, y):
        return laplacian_u - 3 * u - laplacian_shown(x, y) + 3 * shown(x, y)

    def helmholtz(a, k):
        def waves(x, y):
            return jnp.sin(a * pi * x) * jnp.sin(a * pi * y)

        def equation(u, laplacian_u, x, y):
            return laplacian_u + k * k * u - (k * k - 2 * (a * pi) ** 2) * waves(x, y)

        conditions = {"pde": pv.PDE(equation), "walls": pv.Dirichlet(u=0.0)}
        return pv.Problem(pv.Box(x=(-1, 1), y=(-1, 1)), "u", conditions, exact=waves)

    def corner(x, y):
        return (x * x + y * y) ** (1 / 3) * jnp.sin(2 / 3 * (jnp.arctan2(y, x) % (2 * pi)))

    def bent_corner(laplacian_u, x, y):
        angle = jnp.arctan2(y, x) % (2 * pi)
        return laplacian_u + 4 / 3 * (x * x + y * y) ** (-1 / 6) * jnp.sin(angle / 3)

    l_shape = pv.Polygon([(0, 0), (1, 0), (1, 1), (-1, 1), (-1, -1), (0, -1)])

    def times(x, y):
        return corner(x, y) * (1 + x)

    def layer(thickness):
        def exact(x):
            steep = jnp.exp(-(1 - x) / thickness) - jnp.exp(-1 / thickness)
            return x - steep / (1 - jnp.exp(-1 / thickness))

        conditions = {
            "pde": pv.PDE(lambda u_xx, u_x: -thickness * u_xx + u_x - 1),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        }
        return pv.Problem(pv.Interval(0, 1), "u", conditions, exact=exact)

    def bar(x, t):
        decay = jnp.exp(-1.0 / 2e6 * (pi / 200) ** 2 * t)
        return 300 + 20 * x / 200 + 20 * decay * jnp.sin(pi * x / 200)

    def many(x, y, t):
        return jnp.sin(20 * pi * x) * jnp.sin(pi * y) * jnp.exp(-((20 / 500) ** 2 + 1) * t)

    lam = 20 - math.sqrt(400 + 4 * pi**2)
    flow = {
        "u": lambda x, y: 1 - jnp.exp(lam * x) * jnp.cos(2 * pi * y),
        "v": lambda x, y: lam / (2 * pi) * jnp.exp(lam * x) * jnp.sin(2 * pi * y),
        "p": lambda x, y: (1 - jnp.exp(2 * lam * x)) / 2,
    }

    def navier_stokes(u, v, u_x, u_y, v_x, v_y, p_x, p_y, laplacian_u, laplacian_v):
        return (
            u * u_x + v * u_y + p_x - laplacian_u / 40,
            u * v_x + v * v_y + p_y - laplacian_v / 40,
            u_x + v_y,
        )

    disks = pv.Box(x=(-0.5, 0.5), y=(-0.5, 0.5))
    for x in (-0.3, 0.3):
        for y in (-0.3, 0.3):
            disks = disks - pv.Disk((x, y), 0.1)

    walls = {"walls": pv.Dirichlet(u=0.0)}
    return {
        "Bratu-like": pv.Problem(square, "u", {"pde": pv.PDE(bratu)} | walls, exact=product),
        "membrane, a disk minus a square": pv.Problem(
            pv.Disk() - pv.Box(x=(-0.3, 0.3), y=(-0.3, 0.3)),
            "u",
            {"pde": pv.PDE(membrane), "walls": pv.Dirichlet(u=shown)},
            exact=shown,
        ),
        "-Laplace u = 1 on a square": pv.Problem(
            square, "u", {"pde": pv.PDE(lambda laplacian_u: laplacian_u + 1)} | walls
        ),
        "-Laplace u = 1 on an L": pv.Problem(
            l_shape, "u", {"pde": pv.PDE(lambda laplacian_u: laplacian_u + 1)} | walls
        ),
        "u = r^(2/3) sin(2 theta / 3) (1 + x) on an L": pv.Problem(
            l_shape, "u", {"pde": pv.PDE(bent_corner), "walls": pv.Dirichlet(u=times)}, exact=times
        ),
        "layer of 1e-2": layer(1e-2),
        "layer of 1e-3": layer(1e-3),
        "layer of 1e-4": layer(1e-4),
        "layer of 1e-6": layer(1e-6),
        "a bar of 200 m over 1e9 s near 300 K": pv.Problem(
            pv.Interval(0, 200) * pv.Time(0, 1e9),
            "T",
            {
                "heat": pv.PDE(lambda T_t, T_xx: 2e6 * T_t - T_xx),
                "start": pv.Initial(T=lambda x: bar(x, 0.0)),
                "ends": pv.Dirichlet(T=lambda x: 300 + 20 * x / 200, on="x"),
            },
            exact=bar,
        ),
        "thermoelastic bar, E = 2.1e11": pv.Problem(
            pv.Interval(0, 1),
            "u T",
            {
                "heat": pv.PDE(lambda T_xx: 50 * T_xx),
                "force": pv.PDE(lambda u_xx, T_x: 2.1e11 * (u_xx - 1.2e-5 * T_x)),
                "ends": pv.Dirichlet(u=0.0, on="x"),
                "hot": pv.Dirichlet(T=lambda x: 293 + 100 * x, on="x"),
            },
            exact={"u": lambda x: 6e-4 * (x * x - x), "T": lambda x: 293 + 100 * x},
        ),
        "four disks (PINNacle 2d-C)": pv.Problem(
            disks,
            "u",
            {
                "pde": pv.PDE(lambda laplacian_u: laplacian_u),
                "box": pv.Dirichlet(u=1.0, on="x y"),
                "disks": pv.Dirichlet(u=0.0, on="circle"),
            },
        ),
        "helmholtz (6, 6), k = 10": helmholtz(6, 10),
        "helmholtz (10, 10), k = 1": helmholtz(10, 1),
        "kovasznay, Re 40": pv.Problem(
            pv.Box(x=(-0.5, 1), y=(-0.5, 1.5)),
            "u v p",
            {
                "flow": pv.PDE(navier_stokes),
                "walls": pv.Dirichlet(u=flow["u"], v=flow["v"]),
                "outlet": pv.Dirichlet(p=flow["p"], on="x+"),
            },
            exact=flow,
        ),
        "heat with many scales": pv.Problem(
            square * pv.Time(0, 5),
            "u",
            {
                "pde": pv.PDE(lambda u_t, u_xx, u_yy: u_t - u_xx / (500 * pi) ** 2 - u_yy / pi**2),
                "start": pv.Initial(u=lambda x, y: jnp.sin(20 * pi * x) * jnp.sin(pi * y)),
                "walls": pv.Dirichlet(u=0.0),
            },
            exact=many,
        ),
    }
