# %%
"""Lesson 1: two parameters and three conditions.

A line through three points is the smallest problem that shows what Sven does. It has two parameters,
so every step can be drawn. A gradient method zigzags down a narrow valley; one step of Sven is at the
bottom. Fifteen minutes, numpy alone.
"""

# %% [markdown]
# ## The problem
#
# A line $y = a + b x$ shall pass through the points (1, 1), (2, 2) and (3, 2). Each point is a
# condition, and each condition leaves a residual:
#
# $$r_i = a + b x_i - y_i, \qquad i = 1, 2, 3 .$$
#
# Three conditions and two parameters: no line meets all of them. We look for the one with the smallest
# loss $L = |r|^2$. The Jacobian $J$ has a row for each condition and a column for each parameter. Here
# it does not depend on the parameters, since the residual is linear in them.

# %%
import matplotlib.pyplot as plt
import numpy as np

x = np.array([1.0, 2.0, 3.0])
y = np.array([1.0, 2.0, 2.0])
J = np.stack([np.ones(3), x], axis=1)


def residual(p):
    return J @ p - y


U, S, VT = np.linalg.svd(J, full_matrices=False)
best = np.linalg.lstsq(J, y)[0]
print("J =", *J.tolist(), sep="\n  ")
print("singular values:", S.round(4), "quotient", round(S[0] / S[1], 3))
print("best line: a =", best[0].round(6), " b =", best[1].round(6))

# %% [markdown]
# ## The ellipse
#
# The loss is constant on ellipses around the best line, because
#
# $$L(p) = L(p^*) + (p - p^*)^T J^T J \,(p - p^*) .$$
#
# The axes of the ellipses are the columns of V, with $J = U S V^T$. The ellipse on which the loss has
# grown by one has half-axes $1 / s_1$ and $1 / s_2$. A large singular value makes a short axis: along
# it the conditions see every small move. The long axis is a direction that they hardly see: a line
# turned a little around a place between the points fits nearly as well.

# %%
angle = np.linspace(0, 2 * np.pi, 200)
circle = np.stack([np.cos(angle), np.sin(angle)])


def ellipses(axes, sizes):
    """Draws the lines of equal loss, those where it has grown by the squares of `sizes`."""
    for number, size in enumerate(sizes):
        a, b = best[:, None] + size * VT.T @ (circle / S[:, None])
        axes.plot(a, b, "-", color="0.75", linewidth=1, label=None if number else "equal loss")
    axes.plot(*best, "k+", markersize=12, label="best line")
    axes.set(xlabel="a, where the line starts", ylabel="b, its slope")


figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
ellipses(axes, [1.0])
for k, style in enumerate(("--", ":")):
    end = best + VT[k] / S[k]
    axes.plot(*np.stack([best, end]).T, style, marker="o", label=f"half-axis $v_{k + 1} / s_{k + 1}$")
axes.set(title="where the loss is one larger than at the best line", aspect="equal")
axes.legend()
plt.show()

growth = [np.sum(residual(best + VT[k] / S[k]) ** 2) - np.sum(residual(best) ** 2) for k in (0, 1)]
print("growth of the loss at the ends of the half-axes:", np.round(growth, 12))

# %% [markdown]
# ## A gradient method
#
# The gradient of $L / 2$ is $J^T r$. A step $-\eta J^T r$ multiplies the distance to the best line by
# $1 - \eta s_k^2$ along $v_k$. Along $v_1$ this must not exceed one in size, so $\eta < 2 / s_1^2$.
# Along $v_2$ the distance then shrinks only a little. The best compromise is $\eta = 2 / (s_1^2 +
# s_2^2)$: both shrink by the same factor, and along $v_1$ the sign alternates. This is the zigzag.


# %%
def gradient_path(start, steps):
    """The points that steps along the gradient pass, with the best fixed step size."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - 2 / np.sum(S**2) * J.T @ residual(path[-1]))
    return np.array(path)


start = best + VT.T @ (np.array([1.0, 1.0]) / S)
path = gradient_path(start, 400)
distances = np.linalg.norm(path - best, axis=1)
factor = (S[0] ** 2 - S[1] ** 2) / (S[0] ** 2 + S[1] ** 2)
steps_needed = int(np.argmax(distances < 1e-3 * distances[0]))
print(f"factor per step: {factor:.4f}; steps for three digits: {steps_needed}")

# %% [markdown]
# ## One step of Sven
#
# Sven divides by the singular values instead of multiplying with them:
#
# $$\delta = -\sum_k v_k \frac{u_k \cdot r}{s_k} = -J^+ r .$$
#
# With a linear residual one step is enough, however narrow the valley is.

# %%
step = -VT.T @ ((U.T @ residual(start)) / S)
print(
    "after one step of Sven:", (start + step).round(12), "distance", np.linalg.norm(start + step - best)
)

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
ellipses(left, [0.3, 0.6, 0.9, 1.2, 1.5])
left.plot(*path[:60].T, ".-", color="tab:blue", linewidth=0.8, label="gradient, 60 steps")
left.annotate("", xy=best, xytext=start, arrowprops={"arrowstyle": "->", "color": "tab:red", "lw": 2})
left.plot(*start, "rs", label="start; the arrow is Sven's step")
left.legend()
right.semilogy(distances, "-", label="gradient")
right.semilogy([0, 1], [distances[0], 1e-15], "rs--", label="Sven (rounding after one step)")
right.set(xlabel="steps", ylabel="distance to the best line", title="two ways down")
right.legend()
plt.show()

# %% [markdown]
# ## A residual that is not linear
#
# Take $y = a e^{-b x}$ and three values that this curve meets exactly, with $a = 3$ and $b = 0.7$. Now
# J depends on the parameters, and Sven takes a step, computes J anew, and goes on. Near the solution
# the number of right digits doubles with each step.


# %%
def curve(p):
    """The residual of the exponential curve, and its Jacobian."""
    a, b = p
    decay = np.exp(-b * x)
    return a * decay - 3 * np.exp(-0.7 * x), np.stack([decay, -a * x * decay], axis=1)


p, errors = np.array([2.0, 0.4]), []
for number in range(7):
    r, slope = curve(p)
    errors.append(np.linalg.norm(p - [3.0, 0.7]))
    print(f"step {number}: a = {p[0]:.12f}  b = {p[1]:.12f}  distance {errors[-1]:.1e}")
    p = p - np.linalg.pinv(slope) @ r

# %% [markdown]
# ## Exercises
#
# 1. How many steps does the gradient method need for three digits, by the formula for its factor?
# 2. Measure the third condition in another unit: multiply its row and value by 1000. What happens to
#    the singular values, to the gradient method, and to one step of Sven?
# 3. Put all three points at x = 2. One singular value becomes zero. Which of all the best lines does
#    the pseudoinverse choose, starting from a = b = 0?
#
# ## Answers
#
# 1. The distance after n steps is the first one times $q^n$, with q the factor above.

# %%
predicted = int(np.ceil(np.log(1e-3) / np.log(factor)))
print("predicted:", predicted, " counted:", steps_needed)

# %% [markdown]
# 2. The quotient of the singular values grows, and the gradient method needs more steps as the square
#    of this quotient grows. Sven still needs one step. The answer itself moves: the third point now
#    counts a million times more in the loss. Units are weights.

# %%
unit = np.array([1.0, 1.0, 1000.0])
J2, y2 = J * unit[:, None], y * unit
S2 = np.linalg.svd(J2, compute_uv=False)
factor2 = (S2[0] ** 2 - S2[1] ** 2) / (S2[0] ** 2 + S2[1] ** 2)
moved = np.linalg.pinv(J2) @ y2
print("quotient", round(S2[0] / S2[1]), " gradient steps", round(np.log(1e-3) / np.log(factor2)))
print("line by one step of Sven:", moved.round(6), " at x = 3:", (moved[0] + 3 * moved[1]).round(6))

# %% [markdown]
# 3. Only $a + 2 b$ is determined, as the mean of the three values. The pseudoinverse leaves the
#    direction that J does not see alone. Among all best lines it takes the one with the shortest step.

# %%
J3 = np.stack([np.ones(3), np.full(3, 2.0)], axis=1)
shortest = np.linalg.pinv(J3) @ y
print(
    "a, b =", shortest.round(6), " a + 2 b =", (shortest @ [1, 2]).round(6), " mean", y.mean().round(6)
)

# %% [markdown]
# ## What this lesson claims

# %%
assert np.allclose(best, [2 / 3, 1 / 2])  # by hand, from the normal equations
assert np.allclose(S**2, [(17 + np.sqrt(265)) / 2, (17 - np.sqrt(265)) / 2])  # trace 17, determinant 6
assert np.allclose(growth, 1.0)
assert np.allclose(start + step, best, atol=1e-12) and abs(predicted - steps_needed) <= 1
assert np.allclose(distances[1:50] / distances[:49], factor, rtol=1e-6)
assert errors[-1] < 1e-10 and errors[4] < errors[3] ** 1.5
assert S2[0] / S2[1] > 1000 and abs(moved[0] + 3 * moved[1] - 2) < 1e-5
assert np.allclose(shortest, y.mean() / 5 * np.array([1, 2]))
