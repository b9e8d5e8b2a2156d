# %%
"""Lesson 4: Sven against Adam and L-BFGS, in steps and in seconds.

The same network fits the same curve by three methods. A step of each costs something else, so steps
alone say little; neither do seconds on one machine alone. Fifteen minutes.
"""

# %% [markdown]
# ## What is fitted
#
# A curve with a slow part and a short wave packet, at 200 points without noise, by a network with two
# layers of 20 units. It has 481 parameters. Nothing here is a differential equation, so we use the
# solver alone. `pv.Samples` makes a residual vector of a function of one sample, and Sven works on
# this vector. Adam and L-BFGS get the mean of its squares.

# %%
import time

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

import pinnsven as pv

x = np.linspace(-1, 1, 200)


def curve(x):
    return np.sin(3 * x) + 0.3 * np.cos(20 * x) * np.exp(-4 * x**2)


def draw(width, seed=0):
    """Weights and biases of a network with two hidden layers."""
    rng = np.random.default_rng(seed)
    first = (3 * rng.standard_normal((width, 1)), rng.uniform(-3, 3, width))
    second = (rng.standard_normal((width, width)) / width**0.5, np.zeros(width))
    return [first, second, (rng.standard_normal((1, width)) / width**0.5, np.zeros(1))]


def network(params, x):
    hidden = jnp.reshape(x, (1,))
    for weight, bias in params[:-1]:
        hidden = jnp.tanh(weight @ hidden + bias)
    weight, bias = params[-1]
    return (weight @ hidden + bias)[0]


mismatch = pv.Samples(lambda params, x, y: network(params, x) - y)
size = sum(part.size for part in jax.tree.leaves(draw(20)))
print("parameters:", size)

# %% [markdown]
# ## Three ways to take a step
#
# Each method is a function from its state to its next state. Several steps are compiled into one
# program, and run once before the clock starts, so the seconds below are seconds of stepping. The
# clock and the error are read after each such portion.


# %%
def by_sven(data):
    """Sven's state to start with, and its step."""
    solver = pv.Sven()

    def step(carry):
        params, state = carry
        return solver.step(mismatch, params, state, *data)[:2]

    return step, lambda params: (params, solver.init(mismatch, params, *data))


def by_optax(method, data):
    """The same for a method of optax, which minimizes the mean square."""

    def loss(params):
        return jnp.mean(mismatch(params, *data) ** 2)

    def step(carry):
        params, state = carry
        value, slope = jax.value_and_grad(loss)(params)
        more = {"value": value, "grad": slope, "value_fn": loss}
        update, state = method.update(slope, state, params, **more)
        return optax.apply_updates(params, update), state

    return step, lambda params: (params, method.init(params))


def race(make, data, width, steps, portion):
    """Steps, seconds and errors of a run in float64, and its last parameters."""
    with jax.enable_x64(True):
        data = tuple(jnp.asarray(part) for part in data)
        step, begin = make(data)
        carry = begin(jax.tree.map(jnp.asarray, draw(width)))
        several = jax.jit(lambda c: jax.lax.scan(lambda c, _: (step(c), None), c, length=portion)[0])
        error = jax.jit(lambda params: jnp.sqrt(jnp.mean(mismatch(params, *data) ** 2)))
        jax.block_until_ready(several(several(carry)))  # compiles
        rows = [(0, 0.0, float(error(carry[0])))]
        for number in range(portion, steps + 1, portion):
            began = time.perf_counter()
            carry = jax.block_until_ready(several(carry))
            spent = rows[-1][1] + time.perf_counter() - began
            rows.append((number, spent, float(error(carry[0]))))
    return np.array(rows).T, jax.tree.map(np.asarray, carry[0])


def by_adam(data):
    return by_optax(optax.with_extra_args_support(optax.adam(3e-3)), data)


def by_lbfgs(data):
    return by_optax(optax.lbfgs(), data)


data = (x, curve(x))
runs = {
    "Sven": race(by_sven, data, 20, 100, 2),
    "Adam": race(by_adam, data, 20, 40_000, 1000),
    "L-BFGS": race(by_lbfgs, data, 20, 2000, 50),
}

# %% [markdown]
# ## The result

# %%
print("method    steps  seconds  a step    error")
cost = {}
for name, ((steps, seconds, errors), _) in runs.items():
    cost[name] = seconds[-1] / steps[-1]
    print(f"{name:8}{steps[-1]:7.0f}{seconds[-1]:8.2f} s{1e3 * cost[name]:6.2f} ms  {errors[-1]:.1e}")

figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4), layout="constrained")
for (name, ((steps, seconds, errors), _)), style in zip(runs.items(), ("o-", "--", ":"), strict=True):
    left.loglog(steps[1:], errors[1:], style, markersize=3, label=name)
    right.loglog(seconds[1:], errors[1:], style, markersize=3, label=name)
left.set(xlabel="steps", ylabel="root mean square error", title="in steps")
right.set(xlabel="seconds of stepping", ylabel="root mean square error", title="in seconds")
left.legend()
right.legend()
plt.show()

# %% [markdown]
# ## What a step costs
#
# - **Adam** needs one gradient. It costs about three evaluations of the network, whatever the number
#   of parameters.
# - **L-BFGS** needs a gradient and a line search with a few more. It remembers ten pairs of steps and
#   gradients.
# - **Sven** needs the whole Jacobian, here 200 rows of 481 numbers, and a factorization. Its work
#   grows with rows times parameters times the smaller of the two, its memory with rows times
#   parameters.
#
# So a step of Sven is many times dearer. It pays when the last digits are wanted and the network is
# small, since the cheap methods crawl along the narrow valley of lesson 1. It does not pay for a
# network with a billion parameters, nor where a few percent of error are good enough. There Adam is
# the better tool. Adam's rate was not tuned here.

# %%
ratio = cost["Sven"] / cost["Adam"]
print(f"one step of Sven costs as much as {ratio:.0f} of Adam on this machine")

# %% [markdown]
# ## Exercises
#
# 1. Repeat Sven with widths of 10 and 40. How do the cost of a step and the error change?
# 2. Add noise of 0.1 to the values. Does the lowest training error give the best curve?
# 3. Do it in one line: fit the curve by `pv.least_squares`. What ends the run?
#
# ## Answers
#
# 1. A step gets dearer with the number of parameters. The narrow network cannot bend as often as the
#    curve does, so it ends with a larger error. The wide one ends far below it.

# %%
for width in (10, 40):
    (steps, seconds, errors), _ = race(by_sven, data, width, 60, 20)
    runs[width] = ((steps, seconds, errors), None)
    print(f"width {width}: {1e3 * seconds[-1] / steps[-1]:.1f} ms a step, error {errors[-1]:.1e}")

# %% [markdown]
# 2. No. Sven follows the noise as well as the curve, and quickly: 481 parameters can bend to 200 noisy
#    values. Adam, stopped early, never gets that far. What helps is not a worse method but fewer
#    parameters, more readings, or a cut of the spectrum (lesson 3).

# %%
noise = 0.1 * np.random.default_rng(1).standard_normal(200)
noisy = (x, curve(x) + noise)
fine = np.linspace(-1, 1, 1001)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
axes.plot(*noisy, ".", color="0.6", label="noisy values")
axes.plot(fine, curve(fine), "k-", label="curve")
misfits = {}
for name, make, steps, style in (("Sven", by_sven, 60, "--"), ("Adam", by_adam, 3000, ":")):
    (_, _, errors), params = race(make, noisy, 20, steps, steps)
    with jax.enable_x64(True):
        values = np.asarray(jax.vmap(lambda x, params=params: network(params, x))(jnp.asarray(fine)))
    misfits[name] = errors[-1], np.sqrt(np.mean((values - curve(fine)) ** 2))
    misfit, wrong = misfits[name]
    print(f"{name}: misfit of the values {misfit:.3f}, error of the curve {wrong:.3f}")
    axes.plot(fine, values, style, label=f"{name}, {steps} steps")
axes.set(xlabel="x", ylabel="y", ylim=(-1.6, 1.6), title="what a fast method does with noise")
axes.legend()
plt.show()

# %% [markdown]
# 3. The tolerance: by default the residual shall fall to the root of the rounding unit, relative to
#    the first one.

# %%
with jax.enable_x64(True):
    params = jax.tree.map(jnp.asarray, draw(20))
    fitted = pv.least_squares(mismatch, params, jnp.asarray(x), jnp.asarray(curve(x)), max_steps=400)
print(fitted.status, "after", fitted.steps, "steps:", fitted.message)

# %% [markdown]
# ## What this lesson claims

# %%
final = {name: run[0][2][-1] for name, run in runs.items()}
assert size == 481
assert final["Sven"] < 1e-5 and final["Sven"] < 1e-2 * min(final["Adam"], final["L-BFGS"])
assert cost["Sven"] > 3 * cost["Adam"]
assert final[40] < final[10]
assert misfits["Sven"][0] < misfits["Adam"][0] and misfits["Sven"][1] > 0.3 * misfits["Adam"][1]
assert fitted.status == "converged" and np.sqrt(np.mean(fitted.residual**2)) < 1e-6
