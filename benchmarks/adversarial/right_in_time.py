"""Right, in time: well-posed twins of the other kinds, which must be called right."""

import jax.numpy as jnp
import numpy as np

import pinnsven as pv

from ._case import NETWORK, SMALL, Kind

kind = Kind("right")
PI = jnp.pi


@kind.case("the twin of cascade, with all starts", may_converge=True)
def cascade_started() -> pv.Problem:
    """a' = -a, b' = a - 2 b, c' = 2 b on [0, 3], from (1, 0, 0)."""
    return pv.Problem(
        pv.Time(0, 3),
        "a b c",
        {
            "flow": pv.PDE(lambda a, b, a_t, b_t, c_t: (a_t + a, b_t - a + 2 * b, c_t - 2 * b)),
            "start": pv.Initial(a=1.0, b=0.0, c=0.0),
        },
        exact={
            "a": lambda t: jnp.exp(-t),
            "b": lambda t: jnp.exp(-t) - jnp.exp(-2 * t),
            "c": lambda t: 1 - 2 * jnp.exp(-t) + jnp.exp(-2 * t),
        },
        network=SMALL,
    )


def _relaxation(rate: float) -> pv.Problem:
    """y' = -rate (y - cos t) - sin t on [0, 1], y(0) = 1; exact: cos t."""
    return pv.Problem(
        pv.Time(0, 1),
        "y",
        {
            "ode": pv.PDE(lambda y_t, y, t: y_t + rate * (y - jnp.cos(t)) + jnp.sin(t)),
            "start": pv.Initial(y=1.0),
        },
        exact=lambda t: jnp.cos(t),
        network=SMALL,
    )


@kind.case("the twin of unstable_rate, stable", may_converge=True)
def stable_rate() -> pv.Problem:
    """y' = -25 (y - cos t) - sin t on [0, 1], y(0) = 1; exact: cos t."""
    return _relaxation(25.0)


@kind.case("moderately stiff", may_converge=True)
def stiff_rate() -> pv.Problem:
    """y' = -1000 (y - cos t) - sin t on [0, 1], y(0) = 1; exact: cos t."""
    return _relaxation(1e3)


@kind.case("the answer is zero, the equation's parts are not", may_converge=True)
def zero_answer() -> pv.Problem:
    """u_t = u_xx + 1 - exp(u), u = 0 at the start and at the walls."""
    return pv.Problem(
        pv.Interval(0, 1) * pv.Time(0, 1),
        "u",
        {
            "heat": pv.PDE(lambda u_t, u_xx, u: u_t - u_xx + jnp.exp(u) - 1.0),
            "start": pv.Initial(u=0.0),
            "walls": pv.Dirichlet(u=0.0, on="x"),
        },
        exact=lambda x: 0.0 * x,
        network=NETWORK,
    )


@kind.case("a large, tidy offset", may_converge=True)
def offset_tidy() -> pv.Problem:
    """g' = -(g - 1000) on [0, 3], g(0) = 1020; exact: 1000 + 20 exp(-t)."""
    return pv.Problem(
        pv.Time(0, 3),
        "g",
        {"cooling": pv.PDE(lambda g_t, g: g_t + g - 1000.0), "start": pv.Initial(g=1020.0)},
        exact=lambda t: 1000 + 20 * jnp.exp(-t),
        network=SMALL,
    )


@kind.case("an unknown coefficient, no noise", may_converge=True, unknowns={"k": 1.5})
def rate_exactly_read() -> pv.Problem:
    """y' = -k y on [0, 2], y(0) = 1, readings of exp(-1.5 t)."""
    t = np.linspace(0.1, 2, 20)
    return pv.Problem(
        pv.Time(0, 2),
        "y",
        {
            "decay": pv.PDE(lambda y_t, y, k: y_t + k * y),
            "start": pv.Initial(y=1.0),
            "readings": pv.Data({"t": t}, y=np.exp(-1.5 * t)),
        },
        unknowns={"k": 1.0},
        exact=lambda t: jnp.exp(-1.5 * t),
        network=SMALL,
    )


@kind.case("a tuple of residuals of one size", may_converge=True)
def rotation() -> pv.Problem:
    """f' = -3 g, g' = 3 f on [0, 2] from (1, 0), as one PDE; the twin of phase_of_wave."""
    return pv.Problem(
        pv.Time(0, 2),
        "f g",
        {
            "turn": pv.PDE(lambda f_t, g_t, f, g: (f_t + 3 * g, g_t - 3 * f)),
            "start": pv.Initial(f=1.0, g=0.0),
        },
        exact={"f": lambda t: jnp.cos(3 * t), "g": lambda t: jnp.sin(3 * t)},
        network=SMALL,
    )
