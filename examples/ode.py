"""A damped pendulum: a nonlinear ordinary differential equation of second order.

    theta'' + 0.5 theta' + 9.81 sin(theta) = 0,    theta(0) = 2, theta'(0) = 0

Compares with diffrax at the end.
"""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

import pinnsven as pv


def pendulum(theta, theta_t, theta_tt):
    # Divided by 9.81, so that every term is of order one.
    return (theta_tt + 0.5 * theta_t) / 9.81 + jnp.sin(theta)


problem = pv.Problem(
    domain=pv.Time(0, 3),
    fields="theta",
    conditions={
        "motion": pv.PDE(pendulum),
        "release": pv.Initial(theta=2.0, theta_t=0.0),
    },
    network=pv.MLP(width=20, depth=2),
    name="pendulum",
)
solution = pv.solve(problem)
print(solution)

# The same by a Runge-Kutta method of order eight.
times = np.linspace(0, 3, 31)
with jax.enable_x64(True):
    classical = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, _: jnp.stack([y[1], -0.5 * y[1] - 9.81 * jnp.sin(y[0])])),
        diffrax.Dopri8(),
        0.0,
        3.0,
        1e-3,
        jnp.array([2.0, 0.0]),
        saveat=diffrax.SaveAt(ts=jnp.asarray(times)),
        stepsize_controller=diffrax.PIDController(rtol=1e-11, atol=1e-11),
    ).ys[:, 0]
    classical = np.asarray(classical)
print(f"largest difference to diffrax: {np.max(np.abs(solution(t=times) - classical)):.1e}")
