"""What a step of Sven costs: against Adam, against its Gram matrix, against the rank, and in memory.

    python benchmarks/step_cost.py [--only wide]

- wide: 128 rows x 1 million parameters, a plain network in float32, beside one step of Adam.
- tall: 4,096 rows x 1,361 parameters, a Burgers residual in float64, beside its Gram matrix alone.
- rank: the randomized path against its rank k, 512 rows x 100,000 parameters.
- memory: the peak of the wide step by each of the paper's mitigations.

Every line is a process of its own on one thread. Writes `results/step_cost.json` and `.md`.
"""

import argparse
import json
import statistics
import sys
import time

from _records import Results, find_source_tree, gallery_problem, output_of, peak_megabytes, today

find_source_tree()

RESULTS = Results("step_cost")
REPEATS = 7
RANKS = (8, 16, 32, 64, 128)

WIDE = {
    "Adam": "adam",
    "Sven, layered kernel": "layered",
    "Sven, Jacobian stored": "stored",
    "Sven, micro-batches of 8": "group",
    "Sven, last layers only": "trainable",
    "Sven, randomized, k = 16": "randomized",
}


def median_seconds(call) -> float:
    """The median time of a call that returns arrays, the first one left out."""
    import jax

    jax.block_until_ready(call())
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def network(width: int, depth: int, inputs: int = 16):
    """A GELU network and a function of its arrays and one sample."""
    import equinox as eqx
    import jax

    built = eqx.nn.MLP(
        inputs, "scalar", width, depth, activation=jax.nn.gelu, key=jax.random.PRNGKey(0)
    )
    params, static = eqx.partition(built, eqx.is_inexact_array)
    return params, lambda params, x, y: eqx.combine(params, static)(x) - y


def wide(kind: str) -> dict:
    """One step at 128 rows x 1 million parameters."""
    import jax
    import jax.numpy as jnp
    import optax

    import pinnsven as pv

    params, of_sample = network(576, 4)
    x = jax.random.normal(jax.random.PRNGKey(1), (128, 16))
    y = jnp.sin(x[:, 0])
    if kind == "adam":
        optimizer = optax.adam(1e-3)
        state = optimizer.init(params)

        def loss(p):
            return jnp.mean(jax.vmap(lambda a, b: of_sample(p, a, b))(x, y) ** 2)

        @jax.jit
        def step(params, state):
            updates, state = optimizer.update(jax.grad(loss)(params), state)
            return optax.apply_updates(params, updates), state
    else:
        options = {"control": pv.FixedStep(0.5), "rtol": 1e-3, "early_share": 1.0}
        if kind == "trainable":
            options |= {"trainable": r"layers\[[34]\]"}
        backends = {"stored": pv.GramEigh(), "randomized": pv.RandomizedSVD(rank=16)}
        backend = backends.get(kind, pv.GramEigh(implicit=True))
        solver = pv.Sven(backend=backend, **options)
        residual = pv.Samples(of_sample, group=8 if kind == "group" else 1)
        state = solver.init(residual, params, x, y)

        @jax.jit
        def step(params, state):
            return solver.step(residual, params, state, x, y)

    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    return {"seconds": median_seconds(lambda: step(params, state)), "params": count}


def tall(kind: str) -> dict:
    """One step at 4,096 rows x 1,361 parameters, or its Gram matrix alone."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import numpy as np

    import pinnsven as pv
    from pinnsven._solving._points import PointSet
    from pinnsven._solving._residual import ResidualSystem

    jax.config.update("jax_enable_x64", True)
    problem = gallery_problem("burgers")
    system, theta = ResidualSystem.build(problem, pv.MLP(20, 4), jax.random.PRNGKey(0))
    points = PointSet(problem, {"pde": 3840}, pv.Sobol(), np.random.default_rng(0))
    batches = jax.tree.map(jnp.asarray, points.batches({b.name: 1.0 for b in problem.blocks}))
    if kind == "Gram":
        linear = jax.jit(lambda t: system.linearize(t, batches))(theta)
        gram = jax.jit(lambda whole: whole.gram())
        return {"seconds": median_seconds(lambda: gram(linear)), "params": theta.size}
    solver = pv.Sven(corrections=0) if kind == "no corrections" else pv.Sven()
    state = solver.init_state(theta, jax.random.PRNGKey(0))
    if kind != "early":
        state = eqx.tree_at(lambda s: s.late, state, jnp.ones((), bool))
    step = jax.jit(lambda t, s: solver.advance(system, t, s, batches))
    return {"seconds": median_seconds(lambda: step(theta, state)), "params": theta.size}


def rank(kind: str) -> dict:
    """One step of the randomized path at 512 rows x 100,000 parameters."""
    import jax
    import jax.numpy as jnp

    import pinnsven as pv

    params, of_sample = network(180, 4)
    x = jax.random.normal(jax.random.PRNGKey(1), (512, 16))
    y = jnp.sin(x[:, 0])
    backend = pv.RandomizedSVD(rank=int(kind), oversample=8, power_iterations=1)
    solver = pv.Sven(backend=backend, control=pv.FixedStep(0.5), rtol=1e-3)
    residual = pv.Samples(of_sample)
    state = solver.init(residual, params, x, y)
    step = jax.jit(lambda p, s: solver.step(residual, p, s, x, y))
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    return {"seconds": median_seconds(lambda: step(params, state)), "params": count}


CASES = {
    "wide": (wide, WIDE),
    "tall": (tall, {k: k for k in ("Gram", "no corrections", "late", "early")}),
    "rank": (rank, {f"k = {k}": str(k) for k in RANKS}),
}


def child(case: str, kind: str) -> None:
    """Measures one line and prints it as JSON."""
    record = CASES[case][0](kind)
    print(json.dumps(record | {"peak_megabytes": peak_megabytes()}))


def measure(case: str, kind: str) -> dict:
    """One line in a process of its own."""
    command = [sys.executable, __file__, "--child", case, kind]
    return json.loads(output_of(command, core=None)[-1])


def table(records: dict) -> str:
    """All cases as Markdown; ratios are to the first line of a case."""
    lines = []
    for case, rows in records.items():
        lines += ["", f"## {case}", "", "| | params | ms | ratio | peak MB |", "|---|---|---|---|---|"]
        first = next(iter(rows.values()))["seconds"]
        for name, row in rows.items():
            lines.append(
                f"| {name} | {row['params']} | {1e3 * row['seconds']:.1f} | "
                f"{row['seconds'] / first:.2f} | {row['peak_megabytes']:.0f} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=CASES)
    options = parser.parse_args()
    stored = RESULTS.load(records={})
    for case in [options.only] if options.only else CASES:
        names = CASES[case][1]
        stored["records"][case] = {name: measure(case, kind) for name, kind in names.items()}
        stored |= today()
        RESULTS.save(stored, f"{stored['machine']}, {stored['date']}\n{table(stored['records'])}")
    print(table(stored["records"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
    else:
        main()
