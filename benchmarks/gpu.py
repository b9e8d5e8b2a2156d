"""What a GPU changes: Burgers to the last digits, float32 in seconds, and the cost of each backend.

    python benchmarks/gpu.py [--small] [--only backends]

- burgers: viscosity 0.01, float64, 40 units a layer, 200 s, against 8e-14 in 346 s (Webb, Jerad,
  Cartis 2026, an H100).
- single: the same in float32 with 20 units, against 4.75e-7 in 10 s (the same source).
- backends: seconds of one factorization against rows and parameters, up to 65,536 x 10,000.

`--small` runs all of it at sizes for a machine without a GPU, which shows that it works and nothing
else, and writes no file. Otherwise `results/gpu.json` and `.md` name the device.
"""

import argparse
import datetime
import statistics
import time
from collections.abc import Iterator

from _records import Results, find_source_tree, gallery_problem, stepping

find_source_tree()

RESULTS = Results("gpu")
REPEATS, ENOUGH = 5, 2.0  # factorizations of one size, and seconds after which none is added
DEAR = 10.0  # seconds: a backend that needs more is not tried with as many parameters again
VISCOSITY = 0.01
ROWS, PARAMS = (4096, 16384, 65536), (500, 1341, 4000, 10000)


def burgers(seconds: float, precision: str, width: int) -> dict:
    """A solve of Burgers' equation at viscosity 0.01 with the default settings."""
    import pinnsven as pv

    problem = gallery_problem("burgers", {"viscosity": VISCOSITY})
    network = pv.MLP(width=width, depth=4)
    found = pv.solve(problem, precision=precision, network=network, **stepping(seconds))
    return {
        "error": float(found.error),
        "estimate": float(found.error_estimate),
        "status": str(found.status),
        "steps": found.steps,
        "seconds": found.seconds - found.compile_seconds,
        "compile_seconds": found.compile_seconds,
    }


def backend_cost(name: str, rows: int, params: int) -> float:
    """The median seconds of one factorization of a random Jacobian in float64, compiled before."""
    import jax
    import jax.numpy as jnp

    import pinnsven as pv
    from pinnsven._solving._residual import slab_rows
    from pinnsven._sven import Linearization

    kinds = {
        "tridiagonal": pv.GramTridiagonal(),
        "refined": pv.RefinedGram(),
        "Gram": pv.GramEigh(),
        "QR and SVD": pv.QRSVD(),
        "randomized, k = 64": pv.RandomizedSVD(rank=64),
        "sketched, 2 P rows": pv.Sketched(),
    }
    with jax.enable_x64(True):
        key = jax.random.PRNGKey(0)
        # Slabs as a residual system makes them, and columns that fade out.
        width = min(slab_rows(), rows)
        slabs = jax.random.normal(key, (rows // width, params, width), float)
        slabs = slabs * (10 ** (-6 * jnp.arange(params) / params))[None, :, None]
        whole = Linearization(jnp.zeros(rows), slabs)
        factorize = jax.jit(lambda linear: jax.tree.leaves(kinds[name].init(linear, key)))
        jax.block_until_ready(factorize(whole))
        times = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            jax.block_until_ready(factorize(whole))
            times.append(time.perf_counter() - began)
            if sum(times) > ENOUGH:
                break
    return statistics.median(times)


BACKENDS = ("tridiagonal", "refined", "Gram", "QR and SVD", "randomized, k = 64", "sketched, 2 P rows")


def backends(found: list[dict], rows: tuple[int, ...], params: tuple[int, ...]) -> Iterator[list[dict]]:
    """The cost of each backend at each size, all that are known after each.

    What does not fit into memory is named, with the reason.

    - `found`: those that an earlier run has measured.
    """
    known = {(r["backend"], r["rows"], r["params"]) for r in found}
    dear: dict[str, int] = {}
    for record in found:
        if record["seconds"] is None or record["seconds"] > DEAR:
            dear[record["backend"]] = record["params"]
    for many in rows:
        for size in params:
            for name in BACKENDS:
                if (name, many, size) in known or size >= dear.get(name, size + 1):
                    continue
                record: dict = {"backend": name, "rows": many, "params": size}
                try:
                    record["seconds"] = backend_cost(name, many, size)
                except Exception as error:  # out of device memory: an outcome like any other
                    record |= {"seconds": None, "why": str(error).splitlines()[0][:200]}
                if record["seconds"] is None or record["seconds"] > DEAR:
                    dear[name] = size
                found.append(record)
                print(record, flush=True)
                yield found


def table(stored: dict) -> str:
    """All results as Markdown."""
    lines = [f"{stored['device']}, {stored['date']}", ""]
    lines += ["| run | error | estimated | status | steps | seconds | compiling (s) |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name in ("burgers", "single"):
        if run := stored["records"].get(name):
            lines.append(
                f"| {name} | {run['error']:.1e} | {run['estimate']:.1e} | {run['status']} | "
                f"{run['steps']} | {run['seconds']:.1f} | {run['compile_seconds']:.1f} |"
            )
    lines += ["", f"| rows | params | {' | '.join(BACKENDS)} |", "|---" * (2 + len(BACKENDS)) + "|"]
    costs = {
        (r["rows"], r["params"], r["backend"]): r["seconds"]
        for r in stored["records"].get("backends", [])
    }
    for rows, params in sorted({key[:2] for key in costs}):
        cells = [costs.get((rows, params, name)) for name in BACKENDS]
        shown = " | ".join("-" if c is None else f"{1e3 * c:.1f} ms" for c in cells)
        lines.append(f"| {rows} | {params} | {shown} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--only", choices=("burgers", "single", "backends"))
    options = parser.parse_args()
    import jax

    small = options.small
    runs = {
        "single": lambda: [burgers(2.0 if small else 10.0, "float32", 20)],
        "burgers": lambda: [burgers(2.0 if small else 200.0, "float64", 40)],
        "backends": lambda: backends(
            stored["records"].get("backends", []), *((512,), (100,)) if small else (ROWS, PARAMS)
        ),
    }
    stored: dict = {"records": {}} if small else RESULTS.load(records={})
    stored |= {"device": str(jax.devices()[0].device_kind), "date": datetime.date.today().isoformat()}
    for name, run in runs.items():
        if options.only in (None, name):
            for stored["records"][name] in run():
                if not small:
                    RESULTS.save(stored, table(stored))
    print(table(stored))


if __name__ == "__main__":
    main()
