# %%
"""Lesson 3: how much to keep of a spectrum.

Small singular values divide noise. With too few directions the answer is blurred, with too many it is
noise; in between the error has a minimum. This lesson shows it where theory gives every number, then on
a network. It ends with what a computer loses when it works with J^T J. Fifteen minutes.
"""

# %% [markdown]
# ## Heat, backward in time
#
# A bar is warmed for a moment. Later, at time T, its temperature is measured at 100 places. How warm
# was it at the start? Heat spreads by
#
# $$u_t = u_{xx}, \qquad u(0, t) = u(1, t) = 0 ,$$
#
# so the part $\sin(k \pi x)$ of the start has shrunk to $e^{-k^2 \pi^2 T}$ of its size. These numbers
# are the singular values of the map from start to readings, and its singular vectors are the sines.

# %%
import matplotlib.pyplot as plt
import numpy as np

import pinnsven as pv

SIZE, TIME, NOISE = 100, 0.01, 1e-3
x = np.arange(1, SIZE + 1) / (SIZE + 1)
k = np.arange(1, SIZE + 1)
sines = np.sqrt(2 / (SIZE + 1)) * np.sin(np.pi * np.outer(x, k))
J = sines * np.exp(-(k**2) * np.pi**2 * TIME) @ sines.T

truth = np.exp(-60 * (x - 0.35) ** 2) + 0.5 * np.exp(-200 * (x - 0.7) ** 2)
readings = J @ truth + NOISE * np.random.default_rng(0).standard_normal(SIZE)
U, S, VT = np.linalg.svd(J)
print("singular values:", *(f"{s:.1e}" for s in S[:12]))

# %% [markdown]
# ## Keep some, drop the rest
#
# With the first n directions the answer is $\sum_{k \le n} v_k (u_k \cdot r) / s_k$, r being the
# readings. The noise has about the same part along every $u_k$. It is divided by $s_k$ too, and for
# late directions this is all that is left.

# %%
signal, parts = np.abs(U.T @ (J @ truth)), np.abs(U.T @ readings)
figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
number = np.arange(1, 31)
axes.semilogy(number, S[:30], "o-", label="singular value")
axes.semilogy(number, parts[:30], "s--", label="part of the readings along $u_k$")
axes.semilogy(number, signal[:30], "^:", label="the same without noise")
axes.axhline(NOISE, color="0.5", linestyle="-.", label="noise of a reading")
axes.set(xlabel="k", ylabel="size", ylim=(1e-12, 1e2), title="where the readings become noise")
axes.legend()
plt.show()

# %% [markdown]
# ## The minimum
#
# The expected error can be written down. What is dropped is missing, what is kept brings its noise:
#
# $$E|\text{error}|^2 = \sum_{k > n} (v_k \cdot p)^2 + \sum_{k \le n} \sigma^2 / s_k^2 ,$$
#
# with p the true start and $\sigma$ the noise. The first sum falls with n, the second one grows.


# %%
def keep(n):
    """The start that the first n directions give."""
    return VT[:n].T @ ((U[:, :n].T @ readings) / S[:n])


counts = np.arange(15)
found = np.array([np.linalg.norm(keep(n) - truth) for n in counts]) / np.linalg.norm(truth)
missing = np.array([np.sum((VT[n:] @ truth) ** 2) for n in counts])
noise = np.array([np.sum(NOISE**2 / S[:n] ** 2) for n in counts])
expected = np.sqrt(missing + noise) / np.linalg.norm(truth)
best = int(np.argmin(found))
print(
    "relative error by the number kept:", *(f"{n}: {e:.3f}" for n, e in zip(counts, found, strict=True))
)
print("best number:", best, " by the formula:", int(np.argmin(expected)))

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4), layout="constrained")
left.semilogy(counts, found, "o-", label="these readings")
left.semilogy(counts, expected, "k:", label="expected")
left.set(
    xlabel="directions kept", ylabel="relative error of the start", title="the error has a minimum"
)
left.legend()
right.plot(x, truth, "k-", label="truth")
for n, style in ((3, "--"), (best, "-."), (9, ":")):
    right.plot(x, keep(n), style, label=f"{n} kept")
right.set(xlabel="x", ylabel="temperature at the start", title="too few, right, too many")
right.legend()
plt.show()

# %% [markdown]
# ## Damping
#
# Damping replaces the cut by a slope: $1 / s_k$ becomes $s_k / (s_k^2 + \lambda^2)$. Directions far
# above $\lambda$ are kept, those far below are dropped, and none has to be counted. Sven damps,
# because a search for one number $\lambda$ is easy, and because all values of $\lambda$ share one
# factorization.

# %%
dampings = 10.0 ** np.linspace(-6, 0, 49)


def damp(damping, data):
    return VT.T @ (S / (S**2 + damping**2) * (U.T @ data))


soft = np.array([np.linalg.norm(damp(d, readings) - truth) for d in dampings]) / np.linalg.norm(truth)
print(
    f"best damping {dampings[np.argmin(soft)]:.1e}: error {soft.min():.3f}; best cut: {found.min():.3f}"
)

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4), layout="constrained")
left.loglog(dampings, soft, "-", label="damped")
left.axhline(found.min(), linestyle="--", color="tab:orange", label="the best cut")
left.set(xlabel=r"damping $\lambda$", ylabel="relative error of the start", ylim=(0.05, 100))
left.legend()
s = 10.0 ** np.linspace(-4, 0, 200)
right.semilogx(s, s**2 / (s**2 + 1e-4), "-", label=r"damped, $\lambda = 0.01$")
right.semilogx(s, s > 1e-2, "--", label="cut at 0.01")
right.set(xlabel="singular value", ylabel="share that is kept", title="a soft cut and a hard one")
right.legend()
plt.show()

# %% [markdown]
# ## A network
#
# Nothing changes when J comes from a network. Sixty noisy readings of a curve are fitted by one step
# from random parameters, in the linear model at the start. The model has 61 parameters, more than
# there are readings. The more directions are kept, the closer it comes to the readings; between the
# readings it becomes useless.

# %%
places, fine = np.linspace(0.01, 0.99, 60), np.linspace(0, 1, 300)


def curve(x):
    return np.sin(2 * np.pi * x) + 0.5 * x


scattered = curve(places) + 0.1 * np.random.default_rng(0).standard_normal(60)
fit = pv.Problem(pv.Interval(0, 1), "u", {"readings": pv.Data({"x": places}, u=scattered, noise=0.1)})
start = pv.linearize(fit, pv.MLP(width=20, depth=1, scale=3.0))
kept = np.arange(40)
steps = [start.step(rank=int(n)) for n in kept]
models = [start.fields(x=fine) + start.change(step, x=fine) for step in steps]
errors = [np.sqrt(np.mean((model - curve(fine)) ** 2)) for model in models]
misfits = [np.linalg.norm(start.residual + start.J @ step) for step in steps]
fewest = int(np.argmin(errors))
print(f"best number {fewest}: error {errors[fewest]:.3f}, misfit of the readings {misfits[fewest]:.3f}")
print(f"with {kept[-1]} directions: error {errors[-1]:.3f}, misfit {misfits[-1]:.3f}")

figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
axes.semilogy(kept, errors, "o-", markersize=4, label="error of the curve")
axes.semilogy(kept, misfits, "s--", markersize=4, label="misfit of the readings")
axes.set(
    xlabel="directions kept", ylabel="root mean square", title="the misfit falls, the error does not"
)
axes.legend()
plt.show()

# %% [markdown]
# ## What J^T J cannot see
#
# Singular values are the roots of the eigenvalues of $J^T J$, a smaller matrix that is cheap to make.
# But a computer keeps 16 digits. In $J^T J$ the square of a small singular value stands beside
# $s_1^2$, and below $10^{-16} s_1^2$ it is rounded away. So $J^T J$ knows nothing of singular values
# below $10^{-8} s_1$. With damping well above this nobody notices, and Sven uses $J^T J$. For the last
# digits it factorizes in another way (docs/sven.md, "The last digits").

# %%
by_gram = np.sqrt(np.abs(np.linalg.eigvalsh(J.T @ J)[::-1]))
exact = np.exp(-(k**2) * np.pi**2 * TIME)
floor = np.sqrt(np.finfo(float).eps) * S[0]
print(f"direction 16: exactly {exact[15]:.1e}, by SVD {S[15]:.1e}, by J^T J {by_gram[15]:.1e}")

figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
axes.semilogy(number, exact[:30], "k-", label="exact")
axes.semilogy(number, S[:30], "o", fillstyle="none", label="SVD of J")
axes.semilogy(number, by_gram[:30], "x", label="roots of eigenvalues of $J^T J$")
axes.axhline(floor, linestyle="--", color="0.5", label=f"{floor:.0e}")
axes.set(xlabel="k", ylabel="singular value", ylim=(1e-20, 10))
axes.legend()
plt.show()

# %% [markdown]
# ## Exercises
#
# 1. Halve the noise a few times. How does the best number of directions change?
# 2. The best number needs the truth. Morozov's rule does not: keep the fewest directions whose misfit
#    $|J p - r|$ is at most $\sigma \sqrt{100}$. What does it choose here?
# 3. What would float32, with 7 digits, leave of a spectrum by $J^T J$?
#
# ## Answers
#
# 1. By the formula, slowly. From direction k to the next one the singular value falls by $e^{-(2 k +
#    1) \pi^2 T}$, and the noise has to fall as much before the next one is worth keeping.

# %%
smaller = [NOISE / 2**i for i in range(12)]
best_counts = [int(np.argmin(missing + (sigma / NOISE) ** 2 * noise)) for sigma in smaller]
print("best numbers as the noise is halved:", *best_counts)

# %% [markdown]
# 2. A number that is close to the best one:

# %%
misfit = np.array([np.linalg.norm(J @ keep(n) - readings) for n in counts])
chosen = int(np.argmax(misfit <= NOISE * np.sqrt(SIZE)))
print(f"Morozov's rule: {chosen} directions, error {found[chosen]:.3f}; best: {found[best]:.3f}")

# %% [markdown]
# 3. Nothing below $3.5 \cdot 10^{-4} s_1$, the root of the rounding unit of float32:

# %%
single = np.sqrt(np.finfo(np.float32).eps)
print(f"{single:.1e}, or {int(np.sum(exact > single))} directions of this problem")

# %% [markdown]
# ## What this lesson claims

# %%
assert np.allclose(S[:8], exact[:8], rtol=1e-8)  # the sines are the singular vectors
assert best == int(np.argmin(expected)) == 7 and found[best] < 0.15 < found[3]
assert found[10] > 1.0 and expected[10] > 1.0
assert soft.min() < 1.2 * found.min()
assert 5 <= fewest <= 15 and errors[-1] > 3 * errors[fewest] and misfits[-1] < misfits[fewest]
assert abs(S[15] / exact[15] - 1) < 1e-3 and np.median(by_gram[15:30]) > 1e-10 > 1e4 * exact[19]
assert np.all(np.diff(best_counts) >= 0) and best_counts[-1] - best_counts[0] <= 5
assert found[chosen] < 2 * found[best] and abs(single - 3.5e-4) < 1e-5
