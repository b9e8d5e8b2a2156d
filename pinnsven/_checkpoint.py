"""Files: one zip archive of plain arrays and one JSON text, written atomically, never executed."""

import contextlib
import dataclasses
import io
import itertools
import json
import os
import tempfile
import zipfile

import jax
import numpy as np

from ._domains import Ball, Box, Disk, Domain, Polygon, Time
from ._evaluate import Evaluator, SlabEvaluator
from ._memory import Memory
from ._networks import MLP, FourierMLP, SineMLP, build_model
from ._precision import precision_context
from ._problem import Problem, Reference
from ._solution import (
    RESULTS,
    ConditionReport,
    FieldErrors,
    Solution,
    StepRecord,
    UnknownEstimate,
    Unknowns,
)

FORMAT = 1
SAVED_NETWORKS = {"MLP": MLP, "FourierMLP": FourierMLP, "SineMLP": SineMLP}


@dataclasses.dataclass(frozen=True)
class RunState:
    """All that a run needs to go on: see `pinnsven._run`."""

    identity: str
    theta: np.ndarray
    state: list[np.ndarray]
    points: tuple[dict, dict[str, np.ndarray]]
    weights: dict[str, float]
    first_weights: dict[str, float]
    records: list[StepRecord]
    sizes: np.ndarray
    balance: np.ndarray
    best: tuple[float, np.ndarray]
    lowest: float
    quiet: int
    seconds: float
    estimate: dict | None


def write_archive(path, kind: str, meta: dict, arrays: dict[str, np.ndarray]) -> None:
    """Writes JSON-able facts and named arrays to `path`, all or nothing.

    The bytes go to a temporary file in the same folder, reach the disk, and are renamed into place.
    Raises `OSError` when the folder cannot be written.
    """
    buffer = io.BytesIO()
    header = json.dumps({"format": FORMAT, "kind": kind, "meta": meta})
    np.savez_compressed(buffer, **{"header": np.array(header)}, **arrays)  # type: ignore[arg-type]
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".pinnsven-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getvalue())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):  # the first failure is the one to report
            os.unlink(temporary)
        raise


def read_archive(path, kind: str) -> tuple[dict, dict[str, np.ndarray]]:
    """The facts and arrays of a file that `write_archive` wrote.

    Raises `FileNotFoundError`, or `ValueError` for a file that is truncated, foreign, of another
    kind, or written by a newer pinnsven.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(str(arrays.pop("header")))
        found, meta, version = header["kind"], dict(header["meta"]), int(header["format"])
    except (
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        EOFError,
        OSError,
        TypeError,
        AttributeError,
    ) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: not a pinnsven file, or damaged ({error})") from None
    if version > FORMAT:
        raise ValueError(f"{path}: written by a newer pinnsven (format {version}, known {FORMAT})")
    if found != kind:
        raise ValueError(f"{path}: holds a {found}, not a {kind}")
    return meta, arrays


def save_run(path, run: RunState) -> None:
    """Writes a checkpoint; raises `OSError` when the folder cannot be written."""
    facts, drawn = run.points
    meta = {
        "identity": run.identity,
        "points": facts,
        "weights": run.weights,
        "first_weights": run.first_weights,
        "best": run.best[0],
        "lowest": run.lowest,
        "quiet": run.quiet,
        "seconds": run.seconds,
        "leaves": len(run.state),
        "estimate": run.estimate,
    }
    arrays = {f"state{i}": np.asarray(leaf) for i, leaf in enumerate(run.state)}
    arrays |= {f"points.{name}": value for name, value in drawn.items()}
    arrays |= {f"history.{name}": value for name, value in _columns(run.records).items()}
    arrays |= {"theta": run.theta, "best": run.best[1], "sizes": run.sizes, "balance": run.balance}
    write_archive(path, "checkpoint", meta, arrays)


def load_run(path, identity: str) -> RunState:
    """Reads a checkpoint of the run that `identity` describes.

    Raises `ValueError` for a file that is damaged, foreign, or of another run.
    """
    meta, arrays = read_archive(path, "checkpoint")
    if meta.get("identity") != identity:
        raise ValueError(
            f"{path}: a checkpoint of another run ({meta.get('identity')!r}, not {identity!r})"
        )
    with _damage_named(path):
        return _assemble_run(identity, meta, arrays)


def _assemble_run(identity: str, meta: dict, arrays: dict) -> RunState:
    history = {n: arrays[f"history.{n}"].tolist() for n in StepRecord.__dataclass_fields__}
    records = [
        StepRecord(**dict(zip(history, row, strict=True)))
        for row in zip(*history.values(), strict=True)
    ]
    drawn = {n.removeprefix("points."): a for n, a in arrays.items() if n.startswith("points.")}
    return RunState(
        identity=identity,
        theta=arrays["theta"],
        state=[arrays[f"state{i}"] for i in range(meta["leaves"])],
        points=(meta["points"], drawn),
        weights=meta["weights"],
        first_weights=meta["first_weights"],
        records=records,
        sizes=arrays["sizes"],
        balance=arrays["balance"],
        best=(meta["best"], arrays["best"]),
        lowest=meta["lowest"],
        quiet=meta["quiet"],
        seconds=meta["seconds"],
        estimate=meta["estimate"],
    )


def _columns(records: list[StepRecord]) -> dict[str, np.ndarray]:
    return {
        name: np.array([getattr(record, name) for record in records])
        for name in StepRecord.__dataclass_fields__
    }


def save_solution(solution: Solution, path) -> None:
    """Writes a solution; raises `OSError` when the folder cannot be written."""
    evaluator = solution.evaluator
    meta = {
        "name": solution.name,
        "fields": list(solution.fields),
        "domain": _describe_domain(solution.domain),
        "network": _describe_network(evaluator.description),  # type: ignore[attr-defined]
        "precision": evaluator.precision,  # type: ignore[attr-defined]
        "edges": evaluator.edges.tolist() if isinstance(evaluator, SlabEvaluator) else None,
        "status": str(solution.status),
        "message": solution.message,
        "conditions": {n: dataclasses.asdict(c) for n, c in solution.conditions.items()},
        "unknowns": {n: [float(v), v.standard_error] for n, v in solution.unknowns.items()},
        "error": solution.error,
        "error_estimate": solution.error_estimate,
        "reference_floor": solution.reference_floor,
        "rank": solution.rank,
        "steps": solution.steps,
        "seconds": solution.seconds,
        "compile_seconds": solution.compile_seconds,
        "memory": dataclasses.asdict(solution.memory),
        "known": list(solution.known.values) if solution.known is not None else None,  # type: ignore
    }
    arrays = {f"history.{name}": value for name, value in solution.history.items()}
    arrays |= {
        "theta": evaluator.parameters(),  # type: ignore[attr-defined]
        "spectrum": solution.spectrum,
        "correlation": solution.unknowns.correlation,
    }
    known = solution.known
    if isinstance(known, Reference):
        arrays |= {f"known.point.{name}": np.asarray(v) for name, v in known.points.items()}
        arrays |= {f"known.value.{name}": np.asarray(v) for name, v in known.values.items()}
    write_archive(path, "solution", meta, arrays)


def load_solution(path, problem: Problem | None = None, network: object = None) -> Solution:
    """Reads a solution that `Solution.save` wrote.

    - `problem`: needed when its domain is built of set operations or products of shapes.
    - `network`: needed when it is not one of pinnsven's own with a named activation.

    Raises `ValueError` for a damaged or foreign file, or when `problem` or `network` is needed.
    """
    meta, arrays = read_archive(path, "solution")
    with _damage_named(path):
        return _assemble_solution(path, meta, arrays, problem, network)


@contextlib.contextmanager
def _damage_named(path):
    """Turns whatever goes wrong with a file's content into a `ValueError` that names the file."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: damaged ({type(error).__name__}: {error})") from error


def _assemble_solution(path, meta: dict, arrays: dict, problem, network) -> Solution:
    domain = problem.domain if problem is not None else _build_domain(meta["domain"], path)
    if network is None and problem is not None and meta["network"] is None:
        network = problem.network
    network = network if network is not None else _build_network(meta["network"], path)
    if edges := meta.get("edges"):
        slabs = zip(itertools.pairwise(edges), arrays["theta"], strict=False)
        parts = [_restore_evaluator(network, domain.during(*ends), meta, t) for ends, t in slabs]
        evaluator = SlabEvaluator(edges, parts)
    else:
        evaluator = _restore_evaluator(network, domain, meta, arrays["theta"])
    unknowns = {n: UnknownEstimate(*pair) for n, pair in meta["unknowns"].items()}
    return Solution(
        name=meta["name"],
        fields=tuple(meta["fields"]),
        domain=domain,
        evaluator=evaluator,
        status=RESULTS(meta["status"]),
        message=meta["message"],
        conditions={n: ConditionReport(**c) for n, c in meta["conditions"].items()},
        unknowns=Unknowns(unknowns, arrays["correlation"]),
        error=_errors(meta["error"]),
        error_estimate=_errors(meta["error_estimate"]),
        reference_floor=meta["reference_floor"],
        spectrum=arrays["spectrum"],
        rank=meta["rank"],
        steps=meta["steps"],
        seconds=meta["seconds"],
        compile_seconds=meta["compile_seconds"],
        memory=Memory(**meta["memory"]),
        history={n: arrays[f"history.{n}"] for n in StepRecord.__dataclass_fields__},
        known=_restore_known(meta, arrays),
    )


def _errors(found: dict | None) -> FieldErrors | None:
    return FieldErrors(found) if found is not None else None


def _restore_evaluator(network, domain: Domain, meta: dict, theta: np.ndarray) -> Evaluator:
    import equinox as eqx
    from jax.flatten_util import ravel_pytree

    with precision_context(meta["precision"]):
        model = build_model(network, domain, tuple(meta["fields"]), jax.random.PRNGKey(0))
        arrays, static = eqx.partition(model, eqx.is_inexact_array)
        flat, unravel = ravel_pytree(arrays)
        if flat.shape != theta.shape:
            raise ValueError(f"the network has {flat.size} parameters, the file {theta.size}")
        model = eqx.combine(unravel(jax.numpy.asarray(theta, flat.dtype)), static)
        return Evaluator(model, meta["precision"], network)


def _restore_known(meta: dict, arrays: dict) -> Reference | None:
    if meta["known"] is None:
        return None
    points = {
        n.removeprefix("known.point."): a for n, a in arrays.items() if n.startswith("known.point.")
    }
    values = {name: arrays[f"known.value.{name}"] for name in meta["known"]}
    return Reference(points, floor=meta["reference_floor"], **values)


def _describe_network(network: object) -> dict | None:
    if type(network) not in SAVED_NETWORKS.values():
        return None
    fields = {f.name: getattr(network, f.name) for f in dataclasses.fields(network)}  # type: ignore
    if not all(isinstance(value, (str, int, float, type(None))) for value in fields.values()):
        return None
    return {"class": type(network).__name__, "arguments": fields}


def _build_network(description: dict | None, path) -> object:
    if description is None:
        raise ValueError(f"{path}: the network is not one of pinnsven's own; pass network=...")
    return SAVED_NETWORKS[description["class"]](**description["arguments"])


def _describe_domain(domain: Domain) -> dict | None:
    space = domain.space
    if isinstance(space, Box):
        shape: object = {"box": [dataclasses.asdict(c) for c in space.coordinates]}
    elif isinstance(space, Ball):
        names = None if space.coordinates[0].vector else [c.name for c in space.coordinates]
        shape = {"ball": [space.center, space.radius, names, space.name]}
    elif isinstance(space, Polygon):
        shape = {"polygon": [space.vertices, [c.name for c in space.coordinates]]}
    elif space is None:
        shape = None
    else:
        return None
    time = domain.time
    return {
        "space": shape,
        "time": [time.start, time.stop, time.coordinate.name] if time is not None else None,
    }


def _build_domain(description: dict | None, path) -> Domain:
    if description is None:
        raise ValueError(f"{path}: its domain is a combination of shapes; pass problem=...")
    time = description["time"]
    moment = Time(time[0], time[1], name=time[2]) if time is not None else None
    match description["space"]:
        case None:
            space = None
        case {"box": coordinates}:
            bounds = {c["name"]: _pairs(c) for c in coordinates}
            space = Box(periodic=[c["name"] for c in coordinates if c["periodic"]], **bounds)
        case {"ball": [center, radius, names, name]}:
            kind = Disk if len(center) == 2 else Ball
            space = kind(center, radius, coordinates=names, name=name)
        case {"polygon": [vertices, names]}:
            space = Polygon(vertices, coordinates=tuple(names))
        case _:
            raise ValueError(f"{path}: its domain is not known to this pinnsven")
    return Domain(space, moment)


def _pairs(coordinate: dict):
    pairs = list(zip(coordinate["lower"], coordinate["upper"], strict=True))
    return [tuple(pair) for pair in pairs] if coordinate["vector"] else tuple(pairs[0])
