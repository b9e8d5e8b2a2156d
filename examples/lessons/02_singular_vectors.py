# %%
"""Lesson 2: what a singular vector is.

A network's parameters mean nothing by themselves. The Jacobian of the residual has directions that
mean something: each one changes the residual by a known pattern and a known amount. This lesson draws
these patterns for an equation in one dimension. Fifteen minutes.
"""

# %% [markdown]
# ## The problem
#
# Poisson's equation on an interval, with two walls:
#
# $$u'' + \pi^2 \sin(\pi x) = 0, \qquad u(0) = u(1) = 0 .$$
#
# Its solution is $u = \sin(\pi x)$. A network with 31 parameters $\theta$ stands for u. At 200 points
# inside and at the two walls we ask how far u is from meeting the conditions. The 202 answers are the
# residual $r(\theta)$. Its Jacobian $J = \partial r / \partial\theta$ has 202 rows and 31 columns.

# %%
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np

import pinnsven as pv

problem = pv.Problem(
    domain=pv.Interval(0, 1),
    fields="u",
    conditions={
        "pde": pv.PDE(lambda u_xx, x: u_xx + jnp.pi**2 * jnp.sin(jnp.pi * x)),
        "walls": pv.Dirichlet(u=0.0),
    },
)
network = pv.MLP(width=10, depth=1, scale=2.0)
start = pv.linearize(problem, network, points=200)
residual, J, U, S, V = start
print(start)

# %% [markdown]
# ## The factors
#
# Every matrix is $J = U S V^T$. The columns of V are directions of the parameters, those of U are
# patterns of the residual, and S is a row of numbers in falling order. If the parameters move a little
# along column k of V, the residual changes along column k of U, by $s_k$ times as much:
#
# $$J v_k = s_k u_k .$$
#
# Columns of U are at right angles to each other and have length one, and so have those of V.

# %%
print("J v_k - s_k u_k, largest entry:", np.abs(J @ V - U * S).max())
print("U^T U - 1, largest entry:      ", np.abs(U.T @ U - np.eye(31)).max())
print("the spectrum S:", *(f"{s:.1e}" for s in S))

# %% [markdown]
# ## Columns of U, over x
#
# Each row of J belongs to a point, so a column of U is a function of x. The first columns are smooth.
# Later ones change their sign more and more often. A network learns smooth patterns easily, since a
# small move of the parameters makes a large pattern; for wiggly patterns it has to move far.

# %%
order = np.argsort(start.points["pde"]["x"])
x = start.points["pde"]["x"][order]
patterns = U[start.rows["pde"]][order]  # (points, 31), from left to right
shown = (0, 4, 12, 20)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for k, style in zip(shown, ("-", "--", "-.", ":"), strict=True):
    left.plot(x, patterns[:, k], style, label=f"column {k}")
    change = start.change(V[:, k], x=x)
    right.plot(
        x, change / np.abs(change).max(), style, label=f"column {k}, largest {np.ptp(change):.0e}"
    )
left.set(xlabel="x", ylabel="entry of U", title="patterns of the residual")
right.set(
    xlabel="x", ylabel="change of u, scaled to one", title="the same columns of V, as changes of u"
)
left.legend()
right.legend()
plt.show()

sign_changes = [int(np.sum(np.diff(np.sign(patterns[:, k])) != 0)) for k in range(24)]
print("sign changes of column 0, 1, 2, ...:", *sign_changes)

# %% [markdown]
# ## Columns of V, as changes of the solution
#
# `start.change(V[:, k], x=x)` is what column k does to u, to first order. Inside the domain the second
# derivative of this change is $s_k u_k$, apart from the factor $\sqrt{200}$ by which the rows of a
# mean square are divided. The change of u is smoother than the pattern, since u is the pattern
# integrated twice. The right-hand picture shows the shapes alone; the legend says how large they are.
# Columns 4 and 12 move u along nearly straight lines, which the equation does not see: only the walls
# do.

# %%
h = 1e-3
inside = np.linspace(0.05, 0.95, 7)
middle, above, below = (start.change(V[:, 4], x=inside + shift) for shift in (0.0, h, -h))
second_derivative = (above - 2 * middle + below) / h**2
pattern_there = np.interp(inside, x, patterns[:, 4] * S[4] * np.sqrt(200))
print("second derivative of the change:", second_derivative.round(3))
print("s u sqrt(200) at the same places:", pattern_there.round(3))

# %% [markdown]
# ## The spectrum
#
# The singular values fall by many powers of ten. The residual of the start has a part along each
# pattern, $u_k \cdot r$. To remove that part, the parameters have to move by $(u_k \cdot r) / s_k$
# along $v_k$. One step of Sven with nothing cut off is
#
# $$\delta = -\sum_k v_k (u_k \cdot r) / s_k .$$

# %%
parts = np.abs(U.T @ residual)
figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
axes.semilogy(S, "o-", label="singular value $s_k$")
axes.semilogy(parts, "s--", label=r"part of the residual $|u_k \cdot r|$")
axes.semilogy(parts / S, "^:", label=r"move that removes it, $|u_k \cdot r| / s_k$")
axes.set(xlabel="k", ylabel="size", title="small singular values ask for long moves", ylim=(1e-16, 1e8))
axes.legend()
plt.show()

# %% [markdown]
# ## One step, and what it does in truth
#
# The linear model $r + J\delta$ says what a step should leave. Take more and more directions along.
# The model promises a residual that falls to rounding. The true residual at $\theta + \delta$ does the
# opposite, because a long move leaves the region in which the network is nearly linear. This is why
# Sven never takes the bare step: it keeps a number of directions, or damps the weak ones (lesson 3).

# %%
print(" kept   length     model      truth")
kept = (2, 5, 10, 15, 20, 25)
promised, true = [], []
for rank in kept:
    step = start.step(rank=rank)
    promised.append(np.linalg.norm(residual + J @ step))
    true.append(np.linalg.norm(start.at(start.parameters + step).residual))
    print(f"{rank:5d}{np.linalg.norm(step):10.2f}{promised[-1]:11.1e}{true[-1]:11.1e}")

# %% [markdown]
# ## Many steps
#
# With damping the same step can be taken again and again. Below, each step tries four values of
# damping and takes the one with the smallest true residual. `pv.solve` does this too, with more care.


# %%
def descend(at, steps):
    """Damped steps from a linearization, each with the best of four dampings; the norms it passes."""
    norms, damping = [np.linalg.norm(at.residual)], 1e-1
    for _ in range(steps):
        trials = [damping * factor for factor in (10.0, 1.0, 0.1, 0.01)]
        reached = [at.at(at.parameters + at.step(damping=trial)) for trial in trials]
        sizes = [np.linalg.norm(there.residual) for there in reached]
        best = int(np.argmin(sizes))
        if sizes[best] < norms[-1]:
            at = reached[best]
            damping = trials[best]
        else:
            damping *= 10
        norms.append(np.linalg.norm(at.residual))
    return at, norms


end, norms = descend(start, 25)
error = np.abs(end.fields(x=x) - np.sin(np.pi * x)).max()
print(f"norm of the residual: {norms[0]:.1f} at the start, {norms[-1]:.1e} after 25 steps")
print(f"largest error of u: {error:.1e}")

figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.semilogy(norms, "o-", markersize=4)
axes.set(xlabel="steps", ylabel="norm of the residual", title="damped steps, one after the other")
plt.show()

# %% [markdown]
# ## Exercises
#
# 1. Which columns of U live at the walls? Add the squares of their entries there.
# 2. Make the network wider, 20 units in place of 10. How many more singular values lie above a
#    millionth of the first?
# 3. Give the problem a condition twice: `"again": pv.Dirichlet(u=0.0)`. What happens to J, and how
#    many singular values does the copy add?
#
# ## Answers
#
# 1. A few columns in the middle of the spectrum hold nearly all of it:

# %%
at_walls = np.sum(U[start.rows["walls"]] ** 2, axis=0)
print("share of each column at the walls:", *(f"{share:.2f}" for share in at_walls[:16]))
strongest = np.sort(at_walls)[::-1]

# %% [markdown]
# Together the shares cannot exceed 2, since there are two rows at the walls.
#
# 2. Only some: the spectrum of a smooth network falls by powers of ten however wide it is. Most of the
#    new parameters add directions that the residual hardly sees.


# %%
def count(linearized):
    return int(np.sum(linearized.S / linearized.S[0] > 1e-6))


wide = pv.linearize(problem, pv.MLP(width=20, depth=1, scale=2.0), points=200)
print(f"{len(S)} parameters: {count(start)} directions; {len(wide.S)} parameters: {count(wide)}")

# %% [markdown]
# 3. J gets two more rows which equal two others. The rank stays: a condition that is given twice only
#    counts twice as much.

# %%
twice = pv.Problem(pv.Interval(0, 1), "u", problem.conditions | {"again": pv.Dirichlet(u=0.0)})
more = pv.linearize(twice, network, points=200)
print(more, "rank", np.linalg.matrix_rank(more.J), "instead of", np.linalg.matrix_rank(J))

# %% [markdown]
# ## What this lesson claims

# %%
assert np.abs(J @ V - U * S).max() < 1e-12 and np.abs(U.T @ U - np.eye(31)).max() < 1e-12
assert sign_changes[0] <= 4 and sign_changes[20] >= 14  # later columns change sign more often
assert np.allclose(second_derivative, pattern_there, rtol=0.02, atol=0.02 * np.abs(pattern_there).max())
assert promised[-1] < 1e-6 * promised[0] and true[-1] > norms[0]  # the model against truth
assert norms[-1] < 1e-2 and error < 1e-3
assert strongest[:4].sum() > 1.5 and abs(at_walls.sum() - 2) < 0.05
assert count(wide) - count(start) < 15
assert np.linalg.matrix_rank(more.J) == np.linalg.matrix_rank(J)
