# %%
"""Lesson 5: a first equation, from paper to `print(solution)`.

A cooling fin is solved in the units in which it is sold, and every line of the printed table is read.
Then come a nonlinear equation and a declaration that forgets something. Fifteen minutes.
"""

# %% [markdown]
# ## On paper
#
# A metal fin of length L = 0.1 m is held at 100 °C at one end. Air of 20 °C cools it along its sides,
# and no heat leaves at the tip. In a steady state, what is conducted away is what the air takes:
#
# $$k A \, T'' = h P \, (T - T_{air}), \qquad T(0) = 100, \qquad T'(L) = 0 ,$$
#
# with conductivity k = 200 W/(m K), cross section A = 1e-4 m², perimeter P = 0.04 m and a transfer
# coefficient h = 25 W/(m² K). Before solving anything, count: one unknown function, one equation of
# second order, two conditions at the ends. This is what such an equation needs.
#
# ## In code
#
# A problem has a domain, named fields, and named conditions. An equation is a function that returns
# what should be zero. Its arguments say what it needs: `T_xx` is the second derivative of the field T
# by x.

# %%
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

import pinnsven as pv

LENGTH, BASE, AIR = 0.1, 100.0, 20.0
CONDUCTIVITY, AREA, PERIMETER, TRANSFER = 200.0, 1e-4, 0.04, 25.0


def balance(T, T_xx):
    return CONDUCTIVITY * AREA * T_xx - TRANSFER * PERIMETER * (T - AIR)


problem = pv.Problem(
    domain=pv.Interval(0, LENGTH),
    fields="T",
    conditions={
        "balance": pv.PDE(balance),
        "base": pv.Dirichlet(T=BASE, on="x-"),
        "tip": pv.Neumann(T=0.0, on="x+"),
    },
    name="fin",
)
solution = pv.solve(problem)
print(solution)

# %% [markdown]
# ## How to read it
#
# - The first word is the status. `converged` is said when the answer is resolved between the points,
#   determined by the conditions, and right as far as can be told. Any other word comes with a reason.
# - "held-out residual": the equation was tested at points where it was never fitted.
# - The table has a row for each condition. "rows" counts the points, "training" is the residual at the
#   fitted points, "held out" the one at fresh points. The base is built in: the solution has this
#   value whatever the network does.
# - The estimated error is made without knowing the answer.
# - A linear equation with a smooth solution needs no training. One step of Sven, for the factors of
#   drawn functions, solves it.
#
# ## Is it right?
#
# This equation has a closed form, with $m^2 = h P / (k A)$:
#
# $$T = T_{air} + 80 \, \frac{\cosh m (L - x)}{\cosh m L} .$$

# %%
m = np.sqrt(TRANSFER * PERIMETER / (CONDUCTIVITY * AREA))
x = np.linspace(0, LENGTH, 101)


def exact(x):
    return AIR + (BASE - AIR) * np.cosh(m * (LENGTH - x)) / np.cosh(m * LENGTH)


error = np.abs(solution(x=x) - exact(x)).max()
print(f"T at the tip: {solution(x=LENGTH):.9f} °C, exactly {exact(LENGTH):.9f}")
print(f"largest error: {error:.1e} K; estimated relative error: {solution.error_estimate['T']:.1e}")

# %% [markdown]
# ## Ask the solution
#
# A solution answers for values, derivatives, residuals and integrals, by name. The heat that enters
# the fin at its base must be what the air takes along it. `T_n` is the derivative along the normal,
# which points out of the domain.

# %%
entering = solution.integrate(lambda T_n: CONDUCTIVITY * AREA * T_n, on="x-")
taken = solution.integrate(lambda T: TRANSFER * PERIMETER * (T - AIR))
heat = np.sqrt(TRANSFER * PERIMETER * CONDUCTIVITY * AREA) * (BASE - AIR) * np.tanh(m * LENGTH)
print(f"entering {entering:.9f} W, taken {taken:.9f} W, closed form {heat:.9f} W")
print("slope at the tip:", f"{solution.T_x(x=LENGTH):.1e} K/m")

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
left.plot(x, solution(x=x), "-", label="pinnsven")
left.plot(x[::10], exact(x[::10]), "o", fillstyle="none", label="closed form")
left.set(xlabel="x in m", ylabel="T in °C")
left.legend()
right.plot(x, -CONDUCTIVITY * AREA * solution.T_x(x=x), "-", label="through the cross section at x")
right.plot(
    x,
    TRANSFER * PERIMETER * (solution(x=x) - AIR) * LENGTH,
    "--",
    label="to the air, all along at this T",
)
right.set(xlabel="x in m", ylabel="heat in W", title="where the heat goes")
right.legend()
plt.show()

# %% [markdown]
# ## A nonlinear equation
#
# In a chemical reactor heat is made the faster the hotter it is. In suitable units (Bratu's equation):
#
# $$u'' + e^u = 0, \qquad u(0) = u(1) = 0 .$$
#
# The declaration does not change in kind. The closed form is $u = 2 \ln \left( \cosh(\theta / 4) /
# \cosh(\theta (x - 1/2) / 2) \right)$, where $\theta$ solves $\theta = \sqrt{2} \cosh(\theta / 4)$.

# %%
reactor = pv.Problem(
    domain=pv.Interval(0, 1),
    fields="u",
    conditions={"heat": pv.PDE(lambda u, u_xx: u_xx + jnp.exp(u)), "walls": pv.Dirichlet(u=0.0)},
    name="reactor",
)
reaction = pv.solve(reactor)
print(reaction)


def condition(theta):
    return theta - np.sqrt(2) * np.cosh(theta / 4)


def closed_form(theta, s):
    return 2 * np.log(np.cosh(theta / 4) / np.cosh(theta * (s - 0.5) / 2))


lower, upper = brentq(condition, 0, 5), brentq(condition, 5, 20)
s = np.linspace(0, 1, 101)
difference = np.abs(reaction(x=s) - closed_form(lower, s)).max()
print(f"theta = {lower:.6f}: largest difference {difference:.1e}")

# %% [markdown]
# ## Exercises
#
# 1. Let heat leave the tip of the fin too: $k T'(L) = -h (T(L) - T_{air})$. Use `pv.Boundary(lambda T,
#    T_n: ..., on="x+")`. Is the tip colder? Does the balance of heat still hold?
# 2. Forget a condition: insulate the fin at both ends and heat it inside, by `pv.PDE(lambda T_xx, x:
#    T_xx + jnp.cos(jnp.pi * x))` on the interval from 0 to 1. What is the status?
# 3. The equation for $\theta$ has a second root. What does this say of the reactor?
#
# ## Answers
#
# 1. Colder by a fraction of a kelvin. At the base enters what the sides and the tip let go:

# %%
open_tip = {"tip": pv.Boundary(lambda T, T_n: CONDUCTIVITY * T_n + TRANSFER * (T - AIR), on="x+")}
leaking = pv.solve(pv.Problem(problem.domain, "T", problem.conditions | open_tip, name="open tip"))
colder = exact(LENGTH) - leaking(x=LENGTH)
enters = leaking.integrate(lambda T_n: CONDUCTIVITY * AREA * T_n, on="x-")
sides = leaking.integrate(lambda T: TRANSFER * PERIMETER * (T - AIR))
tip = TRANSFER * AREA * (leaking(x=LENGTH) - AIR)
print(f"tip colder by {colder:.4f} K; entering {enters:.6f} W, sides {sides:.6f} W + tip {tip:.6f} W")

# %% [markdown]
# 2. `undetermined`: the equation and the slopes allow any constant to be added. The residual alone is
#    as small as in a good run; it cannot tell. The message says what may be added and what is missing.

# %%
conditions = {"balance": pv.PDE(lambda T_xx, x: T_xx + jnp.cos(jnp.pi * x)), "ends": pv.Neumann(T=0.0)}
forgotten = pv.solve(pv.Problem(pv.Interval(0, 1), "T", conditions, name="forgotten"))
print(forgotten.status, "-", forgotten.message)

# %% [markdown]
# 3. The reactor has two steady states, a mild one and a hot one. Both meet all conditions. pinnsven
#    found the mild one and called it converged, and it would say the same of the other. Only a person
#    who knows the reactor can say which one is wanted.

# %%
print(f"u in the middle: {closed_form(lower, 0.5):.4f} or {closed_form(upper, 0.5):.4f}")

figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.plot(s, reaction(x=s), "-", label="pinnsven")
axes.plot(s[::5], closed_form(lower, s[::5]), "o", fillstyle="none", label="closed form, small root")
axes.plot(s, closed_form(upper, s), "--", label="closed form, large root")
axes.set(xlabel="x", ylabel="u", title="one equation, two answers")
axes.legend()
plt.show()

# %% [markdown]
# ## What this lesson claims

# %%
assert solution.status == "converged" and error < 1e-6
assert abs(entering - heat) < 1e-6 * heat and abs(taken - heat) < 1e-6 * heat
assert reaction.status == "converged" and difference < 1e-6
assert leaking.status == "converged" and 0 < colder < 1
assert abs(enters - sides - tip) < 1e-6 * enters
assert forgotten.status == "undetermined"
assert closed_form(upper, 0.5) > 10 * closed_form(lower, 0.5)
