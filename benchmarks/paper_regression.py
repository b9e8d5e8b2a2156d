"""The two regression tasks of the Sven paper, with its settings and with ours untouched.

    python benchmarks/paper_regression.py [--seeds 5] [--only toy] [--robust] [--core 0]

Bright-Thonney, Harvey, Lukas, Thaler 2026 (arXiv 2604.01279):

- toy: $y = e^{-10 x^2} \\sin 2x$ on [-1, 1], a 1-16-16-16-1 GELU network of 593 parameters.
- polynomial: 210 random monomials of degree 4 at most in 6 normal variables, 673 parameters.

10,000 points each to train, validate and test, targets standardized, 20 epochs. The published
settings use batches of 32 in float32 (6,240 steps); ours, the same for both tasks, are `pv.Sven()` in
float64 on batches of 1,000 (200 steps, as many passes over the data). `--robust` repeats ours with
rtol, max_rank and the paper's eta a factor ten off. Adam, SGD and L-BFGS are optax's.

Writes `results/paper_regression.json`, `.md` and pictures of loss and spectrum; runs that are stored
already are not repeated.
"""

import argparse
import itertools
import os
import statistics
import time

from _records import FOLDER, ONE_THREAD, Results, find_source_tree, headed, today

find_source_tree()

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

import pinnsven as pv

RESULTS = Results("paper_regression", indent=None)
COUNT, EPOCHS, SMALL_BATCH, LARGE_BATCH = 10_000, 20, 32, 1_000
PUBLISHED = {"toy": 5.1e-7, "polynomial": 0.139}  # validation loss of Sven, mean over the paper's seeds


def toy(rng: np.random.Generator):
    """Points (n, 1) and values of the one-dimensional task."""
    x = rng.uniform(-1, 1, (3 * COUNT, 1))
    return x, np.exp(-10 * x[:, 0] ** 2) * np.sin(2 * x[:, 0])


def polynomial(rng: np.random.Generator):
    """Points (n, 6) and values of the six-dimensional task."""
    x = rng.standard_normal((3 * COUNT, 6))
    total = np.zeros(len(x))
    for powers in itertools.product(range(5), repeat=6):
        if sum(powers) <= 4:
            # The mean square of a normal variable's p-th power is (2p - 1)!!.
            size = np.prod([np.prod(np.arange(2 * p - 1, 0, -2)) for p in powers if p])
            total += rng.standard_normal() / np.sqrt(size) * np.prod(x**powers, axis=1)
    return x, total


TASKS = {"toy": toy, "polynomial": polynomial}


def published(task: str) -> pv.Sven:
    """The paper's solver with its settings for a task."""
    options = {"toy": (32, 0.01, 1e-4), "polynomial": (16, 0.5, 3e-2)}[task]
    rank, eta, rtol = options
    return pv.Sven(max_rank=rank, rtol=rtol, kappa=2.0, control=pv.FixedStep(eta))


def methods(task: str, robust: bool) -> dict:
    """Solver, batch and precision by name."""
    table = {
        "paper": (published(task), SMALL_BATCH, "float32"),
        "default": (pv.Sven(), LARGE_BATCH, "float64"),
        "Adam": (optax.adam(1e-3 if task == "toy" else 1e-2), SMALL_BATCH, "float32"),
        "SGD": (optax.sgd(1e-2), SMALL_BATCH, "float32"),
        "L-BFGS": (optax.lbfgs(), LARGE_BATCH, "float64"),
    }
    if robust:
        large = {"rtol 1e-11": {"rtol": 1e-11}, "rtol 1e-9": {"rtol": 1e-9}}
        large |= {"max_rank / 10": {"max_rank": 60}, "early_share / 2": {"early_share": 0.25}}
        for name, options in large.items():
            table[f"default, {name}"] = (pv.Sven(**options), LARGE_BATCH, "float64")
    return table


def run_once(task: str, method: str, seed: int) -> dict:
    """Trains once; returns the validation loss after each epoch, with seconds and spectra."""
    solver, batch, precision = methods(task, robust=True)[method]
    with jax.enable_x64(precision == "float64"):
        record = _train(task, solver, batch, seed)
    if (method, seed) != ("default", 0):  # the only ones that are drawn
        del record["spectra"]
    return record | {"task": task, "method": method, "seed": seed}


def _train(task: str, solver, batch: int, seed: int) -> dict:
    """Trains the paper's network on a task: its losses after each epoch, and what they took."""
    rng = np.random.default_rng(1000 + seed)
    x, y = TASKS[task](rng)
    y = (y - y[:COUNT].mean()) / y[:COUNT].std()
    x, y = jnp.asarray(x, float), jnp.asarray(y, float)
    network = eqx.nn.MLP(
        x.shape[1], "scalar", 16, 3, activation=jax.nn.gelu, key=jax.random.PRNGKey(seed)
    )
    params, static = eqx.partition(network, eqx.is_inexact_array)

    def of_sample(params, x, y):
        return eqx.combine(params, static)(x) - y

    residual = pv.Samples(of_sample)

    def mean_square(params, x, y):
        return jnp.mean(residual(params, x, y) ** 2)

    if isinstance(solver, pv.Sven):
        state = solver.init(residual, params, x[:batch], y[:batch])

        def step(carry, data):
            params, state, report = solver.step(residual, *carry, *data)
            return (params, state), report.singular_values
    else:
        optimizer = optax.with_extra_args_support(solver)
        state = optimizer.init(params)

        def step(carry, data):
            params, state = carry

            def objective(p):
                return mean_square(p, *data)

            value, gradient = jax.value_and_grad(objective)(params)
            updates, state = optimizer.update(
                gradient, state, params, value=value, grad=gradient, value_fn=objective
            )
            return (optax.apply_updates(params, updates), state), jnp.zeros(0)

    @jax.jit
    def epoch(carry, order):
        batches = order[: len(order) // batch * batch].reshape(-1, batch)
        carry, spectra = jax.lax.scan(lambda c, i: step(c, (x[i], y[i])), carry, batches)
        return carry, spectra[-1]

    validate = jax.jit(lambda p: mean_square(p, x[COUNT : 2 * COUNT], y[COUNT : 2 * COUNT]))
    test = jax.jit(lambda p: mean_square(p, x[2 * COUNT :], y[2 * COUNT :]))
    carry = params, state
    began = time.perf_counter()
    jax.block_until_ready(epoch(carry, jnp.arange(COUNT)))
    compiling = time.perf_counter() - began
    losses, seconds, spectra, spent = [float(validate(params))], [0.0], [], 0.0
    for _ in range(EPOCHS):
        order = jnp.asarray(rng.permutation(COUNT))
        began = time.perf_counter()
        carry, spectrum = jax.block_until_ready(epoch(carry, order))
        spent += time.perf_counter() - began
        losses.append(float(validate(carry[0])))
        seconds.append(spent)
        spectra.append([float(f"{value:.3e}") for value in np.asarray(spectrum)])
    return {
        "validation": losses,
        "test": float(test(carry[0])),
        "seconds": seconds,
        "compile_seconds": compiling,
        "steps": EPOCHS * (COUNT // batch),
        "finished": bool(np.all(np.isfinite(losses))),
        "spectra": spectra[:: EPOCHS // 4],
    }


def table(records: list[dict]) -> str:
    """The records as Markdown."""
    lines = [
        "| task | method | validation loss, median | min | max | steps | seconds | finished |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in TASKS:
        for method in dict.fromkeys(r["method"] for r in records if r["task"] == task):
            mine = [r for r in records if (r["task"], r["method"]) == (task, method)]
            last = [r["validation"][-1] for r in mine if r["finished"]] or [float("nan")]
            lines.append(
                f"| {task} | {method} | {statistics.median(last):.2e} | {min(last):.1e} | "
                f"{max(last):.1e} | {mine[0]['steps']} | "
                f"{statistics.median(r['seconds'][-1] for r in mine):.1f} | "
                f"{sum(r['finished'] for r in mine)} of {len(mine)} |"
            )
        lines.append(f"| {task} | published, Sven | {PUBLISHED[task]:.2e} | | | 6240 | | |")
    return "\n".join(lines)


def draw(records: list[dict]) -> None:
    """Loss against epoch and seconds, and the spectrum over training, one picture per task."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for task in TASKS:
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
        names = list(methods(task, robust=False))
        for number, method in enumerate(names):
            mine = [r for r in records if (r["task"], r["method"]) == (task, method) and r["finished"]]
            for i, record in enumerate(mine):
                style = {"color": f"C{number}", "alpha": 0.7, "label": method if i == 0 else None}
                left.semilogy(record["validation"], **style)
                middle.loglog(record["seconds"][1:], record["validation"][1:], **style)
        ours = [r for r in records if (r["task"], r["method"]) == (task, "default")][:1]
        for record in ours:
            shades = np.linspace(0.2, 0.9, len(record["spectra"]))
            for i, (spectrum, shade) in enumerate(zip(record["spectra"], shades, strict=True)):
                values = np.array([s for s in spectrum if s > 0])
                label = f"epoch {1 + i * (EPOCHS // 4)}"
                right.semilogy(values / values[0], color=plt.cm.viridis(shade), label=label)
        left.set(xlabel="epoch", ylabel="validation loss (nondimensional)", title=task)
        middle.set(xlabel="seconds", title="the same against time")
        right.set(xlabel="index", title="singular values / largest, default")
        left.legend()
        right.legend()
        figure.savefig(FOLDER / f"paper_{task}.png", dpi=110)
        plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=TASKS)
    parser.add_argument("--method", action="append", help="a method; may be repeated")
    parser.add_argument("--robust", action="store_true")
    options = parser.parse_args()
    stored = RESULTS.load()
    known = {(r["task"], r["method"], r["seed"]) for r in stored["records"]}
    for task in [options.only] if options.only else TASKS:
        for method in options.method or methods(task, options.robust):
            for seed in range(options.seeds):
                if (task, method, seed) in known:
                    continue
                record = run_once(task, method, seed)
                stored["records"].append(record)
                stored |= today()
                RESULTS.save(stored, headed(stored, table(stored["records"])))
                print(
                    f"{task} {method} seed {seed}: {record['validation'][-1]:.2e} in "
                    f"{record['seconds'][-1]:.1f} s",
                    flush=True,
                )
    RESULTS.save(stored, headed(stored, table(stored["records"])))
    draw(stored["records"])
    print(table(stored["records"]))


if __name__ == "__main__":
    os.environ.update({k: v for k, v in ONE_THREAD.items() if k not in os.environ})
    main()
