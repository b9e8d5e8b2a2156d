"""Whether bands of 95 % hold the truth 95 times in 100: noisy readings, drawn again and again.

    python benchmarks/coverage.py [--seeds 100] [--core 0]

Three problems are solved from readings whose noise is stated, overstated threefold, or not stated; each
draw of the noise asks whether 1.96 standard errors hold the field, at three places, and the unknowns.
Draws that `benchmarks/results/coverage.json` holds already are not repeated; the table goes to
`benchmarks/results/coverage.md`.
"""

import argparse
import json
import sys

import numpy as np

from _records import Results, find_source_tree, headed, output_of, today

RESULTS = Results("coverage")

STATED = {"stated": 1.0, "overstated threefold": 3.0, "not stated": 0.0}  # times the true noise
BAND = 1.96  # standard errors


def vibration(rng, stated: float):
    """u'' + pi^2 u = 0 on [0, 1] from 20 readings of sin(pi x) with errors of 0.1."""
    import jax.numpy as jnp

    import pinnsven as pv

    x, noise = np.linspace(0.02, 0.98, 20), 0.1
    readings = np.sin(np.pi * x) + noise * rng.standard_normal(20)
    conditions = {
        "ode": pv.PDE(lambda u_xx, u: u_xx + jnp.pi**2 * u),
        "readings": pv.Data({"x": x}, u=readings, noise=stated * noise),
    }
    return pv.Problem(pv.Interval(0, 1), "u", conditions, name="vibration"), np.sin, {}, np.pi


def decay(rng, stated: float):
    """y' = -k y on [0, 2], y(0) = 1, k = 1.5 from 20 readings with errors of 0.03."""
    import pinnsven as pv

    t, noise = np.linspace(0.1, 2, 20), 0.03
    readings = np.exp(-1.5 * t) + noise * rng.standard_normal(20)
    conditions = {
        "ode": pv.PDE(lambda y_t, y, k: y_t + k * y),
        "start": pv.Initial(y=1.0),
        "readings": pv.Data({"t": t}, y=readings, noise=stated * noise),
    }
    problem = pv.Problem(pv.Time(0, 2), "y", conditions, unknowns={"k": 1.0}, name="decay")
    return problem, lambda t: np.exp(-1.5 * t), {"k": 1.5}, 1.0


def growth(rng, stated: float):
    """n' = r n (1 - n) on [0, 6], r = 1 and the start 0.1 from 25 readings with errors of 0.02."""
    import pinnsven as pv

    t, noise = np.linspace(0, 6, 25), 0.02
    truth = lambda t: 1 / (1 + 9 * np.exp(-t))
    conditions = {
        "ode": pv.PDE(lambda n_t, n, r: n_t - r * n * (1 - n)),
        "readings": pv.Data(
            {"t": t}, n=truth(t) + noise * rng.standard_normal(25), noise=stated * noise
        ),
    }
    problem = pv.Problem(pv.Time(0, 6), "n", conditions, unknowns={"r": 0.7}, name="growth")
    return problem, truth, {"r": 1.0}, 1.0


PROBLEMS = {f.__name__: f for f in (vibration, decay, growth)}


def child(name: str, stated: str, seeds: list[int]) -> None:
    """Solves one problem for several draws of the noise; prints a line of JSON for each."""
    find_source_tree()
    import pinnsven as pv

    for seed in seeds:
        problem, truth, unknowns, unit = PROBLEMS[name](np.random.default_rng(seed), STATED[stated])
        limits = {"tolerance": 1e-5, "max_steps": 400, "points": 64}
        solution = pv.solve(problem, network=pv.MLP(10, 1), estimate_error=False, **limits)
        domain = problem.domain
        places = domain.lower[0] + np.array([0.2, 0.5, 0.8]) * (domain.upper[0] - domain.lower[0])
        where = {domain.coordinates[0].name: places}
        off = np.abs(solution(**where) - truth(unit * places)) / solution.standard_error(**where)
        far = {
            key: abs(float(solution.unknowns[key]) - meant) / solution.unknowns[key].standard_error
            for key, meant in unknowns.items()
        }
        record = {"problem": name, "stated": stated, "seed": seed, "status": str(solution.status)}
        print(json.dumps(record | {"field": off.tolist(), "unknowns": far}), flush=True)


def table(records: list[dict]) -> str:
    """How many of 100 bands hold the truth, as Markdown."""
    lines = [
        "| problem | noise | draws | field at three places | unknown |",
        "|---|---|---|---|---|",
    ]
    for name in PROBLEMS:
        for stated in STATED:
            mine = [r for r in records if (r["problem"], r["stated"]) == (name, stated)]
            if not mine:
                continue
            field = 100 * np.mean([np.array(r["field"]) <= BAND for r in mine], axis=0)
            keys = list(mine[0]["unknowns"])
            held = [100 * np.mean([r["unknowns"][k] <= BAND for r in mine]) for k in keys]
            lines.append(
                f"| {name} | {stated} | {len(mine)} | {', '.join(f'{f:.0f}' for f in field)} | "
                f"{', '.join(f'{k} {h:.0f}' for k, h in zip(keys, held, strict=True)) or '-'} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--core", type=int, default=0)
    options = parser.parse_args()
    stored = RESULTS.load()
    for name in PROBLEMS:
        for stated in STATED:
            known = {
                r["seed"] for r in stored["records"] if (r["problem"], r["stated"]) == (name, stated)
            }
            missing = [str(seed) for seed in range(options.seeds) if seed not in known]
            if not missing:
                continue
            command = [sys.executable, __file__, "--child", name, stated, *missing]
            stored["records"] += [json.loads(line) for line in output_of(command, options.core)]
            stored |= today()
            note = "; of 100 bands of 95 %, how many hold the truth"
            RESULTS.save(stored, headed(stored, table(stored["records"]), note))
    print(RESULTS.page())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], [int(seed) for seed in sys.argv[4:]])
    else:
        main()
