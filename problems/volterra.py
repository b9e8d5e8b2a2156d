"""An oscillator with memory: a friction that remembers what was.

    u'(t) + int_0^t exp(-(t - s)) u(s) ds = 0        for 0 < t < 6
    u = 1                                            at t = 0

With v the integral, v' = u - v and u' = -v: exact is
exp(-t / 2) (cos(w t) + sin(w t) / sqrt(3)), w = sqrt(3) / 2.
Source: H. Brunner, Volterra Integral Equations (2017), section 1.3: an integro-differential equation
with a kernel that is a sum of exponentials is a system of ordinary ones.
"""

import jax.numpy as jnp
from jax import Array

import pinnsven as pv


def exact(t: Array) -> Array:
    """The solution of the system that the equation is."""
    w = 3**0.5 / 2
    return jnp.exp(-t / 2) * (jnp.cos(w * t) + jnp.sin(w * t) / 3**0.5)


def make_problem() -> pv.Problem:
    """Returns the equation on [0, 6]."""
    memory = pv.Convolution(
        lambda u_t, integral: u_t + integral,
        lambda u_there, t, t_there: jnp.exp(t_there - t) * u_there,
        along="t",
    )
    return pv.Problem(
        domain=pv.Time(0, 6),
        fields="u",
        conditions={"memory": memory, "start": pv.Initial(u=1.0)},
        exact=exact,
    )
