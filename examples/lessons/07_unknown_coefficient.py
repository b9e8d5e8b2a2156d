# %%
"""Lesson 7: an unknown coefficient and its error bar.

A rate is found from noisy readings, together with the solution. Its standard error is held against
scipy and against repetitions with fresh noise. Then two unknowns come that nobody could tell apart, and
two that are hard to tell apart. Fifteen minutes.
"""

# %% [markdown]
# ## The problem
#
# Something decays: $u' = -k u$ with $u(0) = 1$. The rate k is not known. There are twenty readings of
# u, each with an error of standard deviation 0.02. An unknown gets a name and a starting value, and
# may appear in any condition. The readings are a condition too, and say how noisy they are.

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import curve_fit

import pinnsven as pv

RATE, NOISE = 1.5, 0.02
t = np.linspace(0.1, 2, 20)


def readings(seed):
    return np.exp(-RATE * t) + NOISE * np.random.default_rng(seed).standard_normal(20)


def declare(measured, equation, unknowns):
    """The decay with an equation and its unknowns, and measured values."""
    conditions = {
        "decay": pv.PDE(equation),
        "start": pv.Initial(u=1.0),
        "readings": pv.Data({"t": t}, u=measured, noise=NOISE),
    }
    network = pv.MLP(width=8, depth=1)
    return pv.Problem(pv.Time(0, 2), "u", conditions, unknowns=unknowns, network=network, name="decay")


def one_rate(u, u_t, k):
    return u_t + k * u


solution = pv.solve(declare(readings(0), one_rate, {"k": 1.0}))
print(solution)
k = solution.unknowns["k"]
print(f"k = {k:.4f} +- {k.standard_error:.4f}, true value {RATE}")

# %% [markdown]
# ## What a standard error is
#
# Had the readings had other errors, k would have come out a little different. The standard error is
# the spread of k over such repetitions, found from one set of readings. It comes from the Jacobian:
# the inverse of $J^T J$, with rows divided by the noise, has the square of the standard error in the
# row and column of k. A direction with a small singular value is one that readings hardly fix, and an
# unknown that lies along it has a large error bar.
#
# Here the closed form is known, so scipy can fit it to the readings directly.


# %%
def by_scipy(curve, measured, start):
    """The fitted constants and their covariance."""
    return curve_fit(curve, t, measured, start, sigma=np.full(20, NOISE), absolute_sigma=True)


fitted, covariance = by_scipy(lambda t, k: np.exp(-k * t), readings(0), [1.0])
print(f"scipy: k = {fitted[0]:.4f} +- {covariance[0, 0] ** 0.5:.4f}")

moments = np.linspace(0, 2, 101)
band = 1.96 * solution.standard_error(t=moments)
figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
axes.errorbar(t, readings(0), NOISE, fmt="ko", markersize=4, capsize=2, label="readings")
axes.plot(moments, solution(t=moments), "-", label="solution")
axes.plot(moments, np.exp(-RATE * moments), "--", label="truth")
axes.fill_between(
    moments, solution(t=moments) - band, solution(t=moments) + band, alpha=0.3, label="95 %"
)
axes.set(xlabel="t", ylabel="u", title="readings, solution and its band")
axes.legend()
plt.show()

# %% [markdown]
# ## Repeat it
#
# Five more sets of readings give five more rates. Divided by its standard error, each deviation from
# the truth should be of the order of one. Only about one in twenty should exceed two.

# %%
again = [declare(readings(seed), one_rate, {"k": 1.0}) for seed in range(1, 6)]
repeats = [solution, *(pv.solve(problem, estimate_error=False) for problem in again)]
found = np.array([float(run.unknowns["k"]) for run in repeats])
bars = np.array([run.unknowns["k"].standard_error for run in repeats])
deviations = (found - RATE) / bars
print("deviations in standard errors:", deviations.round(2))

figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
axes.errorbar(range(6), found, 1.96 * bars, fmt="o", capsize=4, label="k with its 95 % interval")
axes.axhline(RATE, color="k", linestyle="--", label="truth")
axes.set(xlabel="seed of the noise", ylabel="k")
axes.legend()
plt.show()

# %% [markdown]
# ## Two unknowns that cannot be told apart
#
# Let the decay have two causes with rates a and c: $u' = -(a + c) u$. The residual is still as small
# as the noise, and the curve is as good as before. But only the sum is determined. The status says so,
# and both standard errors are infinite.


# %%
def two_rates(u, u_t, a, c):
    return u_t + (a + c) * u


both = pv.solve(declare(readings(0), two_rates, {"a": 1.0, "c": 0.3}))
print(both)
a, c = both.unknowns["a"], both.unknowns["c"]
print(f"a + c = {a + c:.4f}; correlation {both.unknowns.correlation[0, 1]:.6f}")

# %% [markdown]
# ## Two unknowns that are hard to tell apart
#
# Let the second cause need two partners: $u' = -a u - c u^2$. Now both constants can be found in
# principle, since the curve bends a little differently. The correlation is close to -1, and both error
# bars are much larger than that of k: twenty readings of this noise cannot say how the decay divides.


# %%
def with_pairs(u, u_t, a, c):
    return u_t + a * u + c * u**2


def logistic(t, a, c):
    return a * np.exp(-a * t) / (a + c * (1 - np.exp(-a * t)))


bent = pv.solve(declare(readings(0), with_pairs, {"a": 1.0, "c": 0.3}))
fitted, covariance = by_scipy(logistic, readings(0), [1.0, 0.3])
for number, name in enumerate("ac"):
    value = bent.unknowns[name]
    print(f"{name} = {value:.3f} +- {value.standard_error:.3f}", end="; ")
    print(f"scipy: {fitted[number]:.3f} +- {covariance[number, number] ** 0.5:.3f}")
correlation = bent.unknowns.correlation[0, 1]
print(f"correlation {correlation:.4f}")

figure, axes = plt.subplots(figsize=(5.5, 4.2), layout="constrained")
angle = np.linspace(0, 2 * np.pi, 100)
ellipse = fitted[:, None] + np.linalg.cholesky(covariance) @ np.stack([np.cos(angle), np.sin(angle)])
axes.plot(*ellipse, "-", label="one standard error, scipy")
spread = [bent.unknowns[name].standard_error for name in "ac"]
center = [float(bent.unknowns[name]) for name in "ac"]
axes.errorbar(*center, spread[1], spread[0], fmt="s", capsize=4, label="pinnsven")
axes.plot(RATE, 0, "k*", markersize=12, label="truth")
axes.set(xlabel="a", ylabel="c", title="along the narrow ellipse the readings say little")
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# ## Exercises
#
# 1. How many readings would halve the error bar of k?
# 2. State a noise that is twice too large. What happens to k and to its error bar?
# 3. A colleague has measured $a = 1.50 \pm 0.03$ elsewhere. How do you tell this to the solver, in the
#    last problem, and what becomes of c? Compute it by the formula for combining covariances.
#
# ## Answers
#
# 1. Four times as many: errors of independent readings fall with the root of their number. By scipy's
#    formula, with each reading taken four times:

# %%
slope = -t * np.exp(-RATE * t)
bar = NOISE / np.linalg.norm(slope)
halved = NOISE / np.linalg.norm(np.tile(slope, 4))
print(f"{bar:.4f} with 20 readings, {halved:.4f} with 80; pinnsven, with 20: {bars[0]:.4f}")

# %% [markdown]
# 2. k stays nearly the same, since all readings still count alike. The error bar would be twice as
#    large if it followed the statement. pinnsven compares the statement with the scatter that the
#    readings have around the curve. Where this scatter does not bear the statement out, it takes the
#    scatter:

# %%
overstated = declare(readings(0), one_rate, {"k": 1.0})
data = pv.Data({"t": t}, u=readings(0), noise=2 * NOISE)
wide = pv.solve(
    pv.Problem(
        overstated.domain,
        "u",
        overstated.conditions | {"readings": data},
        unknowns={"k": 1.0},
        network=overstated.network,
    )
)
print(f"k = {wide.unknowns['k']:.4f} +- {wide.unknowns['k'].standard_error:.4f}")

# %% [markdown]
# 3. As one more condition, of a with its own noise. Inverses of covariances add, so the inverse gets
#    $1 / 0.03^2$ more at a. Fixing a to three hundredths makes c more than twice as well known.

# %%
combined = np.linalg.inv(np.linalg.inv(covariance) + np.diag([1 / 0.03**2, 0]))
print(f"c: +- {covariance[1, 1] ** 0.5:.3f} before, +- {combined[1, 1] ** 0.5:.3f} with a known")

# %% [markdown]
# ## What this lesson claims

# %%
one, its_covariance = by_scipy(lambda t, k: np.exp(-k * t), readings(0), [1.0])
assert abs(k - one[0]) < 1e-3 and abs(k.standard_error / its_covariance[0, 0] ** 0.5 - 1) < 0.05
assert np.all(np.abs(deviations) < 3.5)
assert both.status == "undetermined" and np.isinf(a.standard_error) and np.isinf(c.standard_error)
assert abs(a + c - k) < 1e-2 and both.unknowns.correlation[0, 1] < -0.999
assert correlation < -0.9 and spread[0] > 3 * bars[0]
assert np.allclose(spread, np.sqrt(np.diag(covariance)), rtol=0.1) and np.allclose(
    center, fitted, atol=0.02
)
assert abs(bar / bars[0] - 1) < 0.1 and np.isclose(halved, bar / 2)
assert abs(wide.unknowns["k"] - k) < 1e-2 and wide.unknowns["k"].standard_error < 1.5 * bars[0]
assert combined[1, 1] < 0.25 * covariance[1, 1]
