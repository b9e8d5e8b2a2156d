# %%
"""Lesson 9: marching in time.

A pendulum swings for thirty seconds. One network on the whole time finds an answer that obeys the
equation nearly everywhere and is wrong. Slab after slab, small networks find the motion to five digits
and more. Fifteen minutes.
"""

# %% [markdown]
# ## The problem
#
# A pendulum without friction, in units in which small swings take $2 \pi$:
#
# $$u'' + \sin u = 0, \qquad u(0) = 2, \quad u'(0) = 0 .$$
#
# The swing is large, so the equation is far from linear. A Runge-Kutta method of scipy gives the
# truth.

# %%
import itertools
import time

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import ellipk

import pinnsven as pv

END = 30.0
t = np.linspace(0, END, 601)


def motion(u, u_tt):
    return u_tt + jnp.sin(u)


problem = pv.Problem(
    domain=pv.Time(0, END),
    fields="u",
    conditions={"motion": pv.PDE(motion), "release": pv.Initial(u=2.0, u_t=0.0)},
    network=pv.MLP(width=16, depth=2),
    name="pendulum",
)


def runge_kutta():
    """The angle at the times t, to about eleven digits, and the seconds it took."""
    began = time.perf_counter()
    settings = {"method": "DOP853", "rtol": 1e-12, "atol": 1e-12, "t_eval": t}
    found = solve_ivp(lambda t, y: [y[1], -np.sin(y[0])], (0, END), [2.0, 0.0], **settings)
    return found.y[0], time.perf_counter() - began


truth, classical_seconds = runge_kutta()
period = 4 * ellipk(np.sin(1.0) ** 2)
print(f"one period takes {period:.4f}: {END / period:.1f} periods")

# %% [markdown]
# ## One network for all of it
#
# 150 steps on 256 points. The residual stops falling. The network bends at the beginning and then
# rests, for a pendulum at rest obeys the equation too, even upside down at $u = \pi$. Only the first
# seconds object. To be right later, all earlier times have to be right first, and the sum of squares
# does not know this order.

# %%
whole = pv.solve(problem, drawn=False, max_steps=150, points=256, estimate_error=False)
print(whole)
wrong = np.abs(whole(t=t) - truth).max()
print(f"angle at the end {whole(t=END):.3f}; largest error {wrong:.2f}")

# %% [markdown]
# ## Slab after slab
#
# `pv.march` cuts the time into slabs. Each has a network of its own, and starts from the angle and the
# speed at the end of the one before. All slabs share the compiled programs of the first.

# %%
solution = pv.march(problem, 6, drawn=False, points=256)
print(solution)
error = np.abs(solution(t=t) - truth)
print(f"largest error {error.max():.1e}")

# %%
edges = np.linspace(0, END, 7)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
left.plot(t, truth, "k-", linewidth=1, label="Runge-Kutta")
left.plot(t, whole(t=t), ":", label="one network")
left.plot(t[::12], solution(t=t[::12]), "o", fillstyle="none", markersize=4, label="six slabs")
left.set(xlabel="t", ylabel="angle u", title="the motion")
left.set(ylim=(-2.3, 5.5))
left.legend(loc="upper right")
right.semilogy(t, np.abs(whole(t=t) - truth) + 1e-12, ":", label="one network")
right.semilogy(t, error + 1e-12, "-", label="six slabs")
for edge in edges:
    right.axvline(edge, color="0.85", linewidth=1, zorder=0)
right.set(xlabel="t (gray: edges of slabs)", ylabel="error of the angle", ylim=(1e-12, 20))
right.legend()
plt.show()

# %% [markdown]
# ## Errors are handed on
#
# An error at the end of a slab is the start of the next one. A pendulum makes it grow slowly: an error
# of the energy changes the period, and the phase runs away like t. A chaotic system would multiply it
# in every slab. pinnsven measures each slab against the end of the last one with its estimated error
# added, so the error that it prints is one of the whole march.

# %%
by_slab = [error[(t >= a) & (t <= b)].max() for a, b in itertools.pairwise(edges)]
relative = np.sqrt(np.mean(error**2) / np.mean(truth**2))
print("largest error in each slab:", *(f"{e:.0e}" for e in by_slab))
print(f"relative error {relative:.1e}, estimated {solution.error_estimate['u']:.1e}")

# %% [markdown]
# ## Exercises
#
# 1. The energy $u'^2 / 2 - \cos u$ never changes. How well does the march keep it? Ask the solution
#    for `u_t`.
# 2. Read the period off the solution, and hold it against $4 K(\sin^2 1)$, an elliptic integral.
# 3. Are three slabs enough? Allow 100 steps for each.
# 4. How long does the classical method take? When would you march with networks all the same?
#
# ## Answers
#
# 1. To about as many digits as the angle:

# %%
energy = solution.u_t(t=t) ** 2 / 2 - np.cos(solution(t=t))
print(
    f"energy: {-np.cos(2.0):.9f} at the start, off by {np.abs(energy + np.cos(2.0)).max():.1e} at most"
)

# %% [markdown]
# 2. The angle is zero a quarter of a period after the start, and once more a period later:

# %%
fine = np.linspace(0, END, 30_001)
swing = solution(t=fine)
falls = np.flatnonzero((swing[:-1] > 0) & (swing[1:] <= 0))
zeros = fine[falls] + (fine[1] - fine[0]) * swing[falls] / (swing[falls] - swing[falls + 1])
measured = (zeros[-1] - zeros[0]) / (len(zeros) - 1)
print(f"period {measured:.7f}, by the integral {period:.7f}")

# %% [markdown]
# 3. No: ten seconds are more than a period, and this network already fails in such a slab.

# %%
three = pv.march(problem, 3, drawn=False, points=256, max_steps=100, estimate_error=False)
print(f"three slabs: {three.status}, largest error {np.abs(three(t=t) - truth).max():.1e}")

# %% [markdown]
# 4. Milliseconds. For an initial value problem of few unknowns a Runge-Kutta method is the right tool,
#    here and nearly always. Networks have a point where coefficients are unknown and readings are
#    given, or for equations in space and time on an awkward domain; marching then works just as here.

# %%
print(f"Runge-Kutta {1e3 * classical_seconds:.0f} ms, marching {solution.seconds:.0f} s")

# %% [markdown]
# ## What this lesson claims

# %%
assert wrong > 0.5 and whole.status != "converged"
assert solution.status == "converged" and error.max() < 1e-5
assert 0.01 < solution.error_estimate["u"] / relative < 100
assert np.abs(energy + np.cos(2.0)).max() < 1e-4 and abs(measured - period) < 1e-4
assert three.status != "converged" and np.abs(three(t=t) - truth).max() > 100 * error.max()
assert classical_seconds < solution.seconds
