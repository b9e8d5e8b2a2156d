"""The file of a run that may go on: all that it needs, and what it must be a run of."""

import dataclasses

import numpy as np

from .._basics._messages import listing
from .._networks import Scaling
from .._output._archive import damage_named, read_archive, write_archive
from .._output._facts import Facts, as_number, column, finite_column
from .._output._records import StepRecord
from .._output._solution_file import read_history


@dataclasses.dataclass(frozen=True)
class RunState:
    """All that a run needs to go on: see `pinnsven._solving._loop`."""

    identity: dict[str, str]
    theta: np.ndarray
    state: list[np.ndarray]
    points: tuple[dict, dict[str, np.ndarray]]
    weights: dict[str, float]
    first_weights: dict[str, float]
    records: list[StepRecord]
    sizes: np.ndarray
    balance: np.ndarray
    scaling: Scaling
    best: tuple[float, np.ndarray]
    lowest: float
    quiet: int
    seconds: float
    estimate: dict | None


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
    arrays |= {f"history.{name}": value for name, value in StepRecord.columns(run.records).items()}
    arrays |= {"theta": run.theta, "best": run.best[1], "sizes": run.sizes, "balance": run.balance}
    arrays |= {"shift": run.scaling.shift, "size": run.scaling.size}
    write_archive(path, "checkpoint", meta, arrays)


def load_run(path, identity: dict[str, str]) -> RunState:
    """Reads a checkpoint of the run that `identity` describes.

    - `identity`: a hash of everything that decides the run, by what it is a hash of.

    Raises `ValueError` for a file that is damaged, foreign, or of another run, and says what differs.
    """
    meta, arrays = read_archive(path, "checkpoint")
    with damage_named(path):
        facts = Facts(meta)
        if isinstance(found := facts["identity"], str):
            raise ValueError(
                f"{path}: a checkpoint of an older pinnsven, which did not write down what its run "
                f"depends on ({found[:80]}), so that nothing shows whether this is the same run. Solve "
                "from the start, with another file"
            )
        _check_identity(path, facts.table("identity"), identity)
        return _assemble(identity, facts, arrays)


def _check_identity(path, found: Facts, wanted: dict[str, str]) -> None:
    differing = [label for label, part in wanted.items() if found.given.get(label) != part]
    differing += [label for label in found.given if label not in wanted]
    if differing:
        more = ", and more" if len(differing) > 6 else ""
        raise ValueError(
            f"{path}: a checkpoint of another run, which this one cannot resume. What differs: "
            f"{listing(differing[:6])}{more}. Undo the change, or solve from the start with another "
            "file"
        )


def _assemble(identity: dict[str, str], facts: Facts, arrays: dict) -> RunState:
    """The state of a run from the facts and arrays of its file, held against one another's shapes."""
    steps = len(column(arrays, "history.step", (None,), "iuf"))
    history = {name: values.tolist() for name, values in read_history(arrays, steps).items()}
    records = StepRecord.of_columns(history)
    drawn = {n.removeprefix("points."): a for n, a in arrays.items() if n.startswith("points.")}
    weights, first_weights = facts.numbers("weights"), facts.numbers("first_weights")
    theta = finite_column(arrays, "theta", (None,))
    sizes = column(arrays, "sizes", (None,))
    size = finite_column(arrays, "size", (None,))
    scaling = Scaling(finite_column(arrays, "shift", size.shape), size)  # type: ignore[call-arg]
    best = finite_column(arrays, "best", theta.shape)
    state = [arrays[f"state{i}"] for i in range(facts.whole("leaves"))]
    estimate = None if facts["estimate"] is None else dict(_estimate(facts.table("estimate")))
    return RunState(
        identity=identity,
        theta=theta,
        state=state,
        points=(facts.table("points").given, drawn),
        weights=weights,
        first_weights=first_weights,
        records=records,
        sizes=sizes,
        balance=finite_column(arrays, "balance", sizes.shape),
        scaling=scaling,
        best=(facts.number("best"), best),
        lowest=facts.number("lowest"),
        quiet=facts.whole("quiet"),
        seconds=facts.finite("seconds"),
        estimate=estimate,
    )


def _estimate(facts: Facts):
    """The last estimate, as `Estimate.from_dict` takes it."""
    names = facts.texts("names")
    yield "names", names
    for key in ("training", "held_out"):
        given = facts[key]
        if not isinstance(given, list) or len(given) != len(names):
            raise ValueError(f"{key!r} of the last estimate has not one number per condition")
        yield key, [as_number(value, f"{key!r} of the last estimate") for value in given]
    for key in ("relative", "gap"):
        yield key, facts.number(key)
