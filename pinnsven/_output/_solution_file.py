"""A solution as a file: what is written, and the checks under which it is read again."""

import dataclasses
import itertools
from typing import Any, Protocol, TypeVar

import jax
import numpy as np

from .._basics._memory import Memory
from .._basics._precision import precision_context
from .._basics._results import RESULTS
from .._calculus._layout import PLAIN, FieldLayout, FieldPlace
from .._conditions import BuiltIn, describe_terms, terms_of
from .._domains import Domain, Parameter, Time, describe_shape, shape_of, tupled
from .._networks import (
    AbstractFeature,
    Embedding,
    build_model,
    describe_features,
    feature_of,
    field_groups,
    flat_parameters,
    with_parameters,
)
from ._archive import damage_named, read_archive, write_archive
from ._around import describe_around, restore_around
from ._data import SolutionData
from ._described import describe_layout, describe_network, layout_of_facts, network_of
from ._evaluate import Evaluator, SlabEvaluator, Spread
from ._facts import Facts, as_number, column, finite_column
from ._records import (
    OF_UNKNOWN,
    ConditionReport,
    FieldErrors,
    Reference,
    StepRecord,
    UnknownEstimate,
    Unknowns,
)

DTYPES = {"float64": np.float64, "float32": np.float32}
KINDS = {int: "iu", float: "f", bool: "b"}  # of numpy's dtypes, for the columns of the history

Read = TypeVar("Read", bound=SolutionData)


class Declared(Protocol):
    """What a file may lack: the domain and the network of the problem that was solved."""

    domain: Domain
    network: Any
    terms: tuple
    constants: dict[str, float]


def save_solution(solution: SolutionData, path) -> None:
    """Writes a solution; raises `OSError` when the folder cannot be written."""
    evaluator = solution.evaluator
    known = solution.known if isinstance(solution.known, Reference) else None
    meta = {
        "name": solution.name,
        "fields": list(solution.fields),
        "domain": _describe_domain(solution.domain),
        "network": describe_network(evaluator.description),  # type: ignore[attr-defined]
        "features": describe_features(_embedding(evaluator).features),
        "layout": describe_layout(solution.layout),
        "built_in": _describe_built_in(_parts(evaluator)[0][1].model.built_in),
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
        "verdict_seconds": solution.verdict_seconds,
        "memory": dataclasses.asdict(solution.memory),
        "known": list(known.values) if known is not None else None,
    }
    arrays = {f"history.{name}": value for name, value in solution.history.items()}
    arrays |= {
        "theta": evaluator.parameters(),  # type: ignore[attr-defined]
        "spectrum": solution.spectrum,
        "correlation": solution.unknowns.correlation,
    }
    for prefix, part in _parts(evaluator):
        arrays |= {prefix + name: array for name, array in describe_around(part.model).items()}
    if isinstance(solution.spread, Spread):
        arrays |= solution.spread.described()
    if known is not None:
        arrays |= {f"known.point.{name}": np.asarray(v) for name, v in known.points.items()}
        arrays |= {f"known.value.{name}": np.asarray(v) for name, v in known.values.items()}
    write_archive(path, "solution", meta, arrays)


def _embedding(evaluator) -> Embedding:
    """How the coordinates reach the network, or the first of several."""
    return _parts(evaluator)[0][1].model.embedding


def _parts(evaluator) -> list[tuple[str, Evaluator]]:
    """The networks of an evaluator, with the prefix of their arrays in a file."""
    if isinstance(evaluator, SlabEvaluator):
        return [(f"slab{number}.", part) for number, part in enumerate(evaluator.parts)]
    return [("", evaluator)]


def read_solution(kind: type[Read], path, problem: Declared | None, network: object) -> Read:
    """A solution of some kind that was written; see `pinnsven.load`."""
    meta, arrays = read_archive(path, "solution")
    with damage_named(path):
        return _assemble(kind, Facts(meta), arrays, path, problem, network)


def _assemble(kind: type[Read], facts: Facts, arrays: dict, path, problem, network) -> Read:
    """A solution from the facts and arrays of its file.

    Raises `ValueError`, or an error that `damage_named` turns into one, where they do not fit together.
    """
    domain = problem.domain if problem is not None else _build_domain(facts["domain"], path)
    fields, steps = facts.texts("fields"), facts.whole("steps")
    layout = _restore_layout(facts, path, problem)
    measured = (*fields, *(composite.name for composite in layout.composites))
    evaluator = _restore_evaluators(facts, arrays, path, domain, problem, network, layout)
    unknowns = {n: _unknown(n, pair) for n, pair in facts.table("unknowns").items()}
    spectrum, size = column(arrays, "spectrum", (None,)), arrays["theta"].shape[-1]
    drawn = max((a.size for n, a in arrays.items() if n.endswith("drawn.coefficients")), default=0)
    if len(spectrum) > max(size + len(unknowns), drawn):
        raise ValueError(f"the array 'spectrum' has {len(spectrum)} values for {size} parameters")
    return kind(
        name=facts.text("name"),
        fields=fields,
        domain=domain,
        evaluator=evaluator,
        status=RESULTS(facts.text("status")),
        message=facts.text("message"),
        conditions={
            n: _condition(facts.table("conditions"), n) for n in facts.table("conditions").given
        },
        unknowns=Unknowns(unknowns, column(arrays, "correlation", (len(unknowns),) * 2)),
        error=_errors(facts, "error", measured),
        error_estimate=_errors(facts, "error_estimate", measured),
        reference_floor=None if facts["reference_floor"] is None else facts.finite("reference_floor"),
        spectrum=spectrum,
        rank=facts.whole("rank"),
        steps=steps,
        seconds=facts.finite("seconds"),
        compile_seconds=facts.finite("compile_seconds"),
        memory=_memory(facts.table("memory")),
        history=read_history(arrays, steps),
        known=_restore_known(facts, arrays, domain, fields, layout),
        layout=layout,
        problem=problem,
        spread=Spread.of_arrays(arrays, evaluator, len(unknowns)),
        verdict_seconds=facts.finite("verdict_seconds") if "verdict_seconds" in facts.given else 0.0,
    )


def read_history(arrays: dict, steps: int) -> dict[str, np.ndarray]:
    """The columns of the history; `ValueError` unless there is one entry per step in each."""
    fields = StepRecord.__dataclass_fields__
    found = {
        name: column(arrays, f"history.{name}", (steps,), KINDS[fields[name].type] if steps else "iufb")
        for name in StepRecord.plain()
    }
    for name in arrays:
        if name.startswith(f"history.{OF_UNKNOWN}"):
            found[name.removeprefix("history.")] = column(arrays, name, (steps,))
    return found


def _unknown(name: str, pair: object) -> UnknownEstimate:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValueError(f"the unknown {name!r} has no pair of value and standard error")
    return UnknownEstimate(*(as_number(value, f"the unknown {name!r}") for value in pair))


def _condition(table: Facts, name: str) -> ConditionReport:
    row = table.table(name)
    numbers = {key: row.number(key) for key in ("weight", "training", "held_out")}
    return ConditionReport(rows=row.whole("rows"), **numbers)


def _errors(facts: Facts, key: str, fields: tuple[str, ...]) -> FieldErrors | None:
    if facts[key] is None:
        return None
    found = facts.numbers(key)
    if not found or not set(found) <= set(fields):
        raise ValueError(f"{key!r} in the header is of other fields than the solution has")
    return FieldErrors(found)


def _memory(table: Facts) -> Memory:
    def size(key):
        return None if table[key] is None else table.whole(key)

    return Memory(predicted=size("predicted"), peak=size("peak"))


def _restore_evaluators(facts: Facts, arrays: dict, path, domain: Domain, problem, network, layout):
    """What evaluates the fields: one network, or one for each slab of time that was solved."""
    if network is None and problem is not None and facts["network"] is None:
        network = problem.network
    built_in = _restore_built_in(facts, path, domain, problem)
    if facts["edges"] is None:
        theta = column(arrays, "theta", (None,))
        return _restore_evaluator(network, built_in, layout, facts, path, domain, theta, arrays)
    edges = facts["edges"]
    if not isinstance(edges, list) or len(edges) < 2:
        raise ValueError("'edges' in the header is no list of times")
    edges = [as_number(edge, "'edges' in the header") for edge in edges]
    theta = column(arrays, "theta", (None, None))
    if not 0 < len(theta) < len(edges):
        raise ValueError(f"the array 'theta' has {len(theta)} slabs between {len(edges)} edges")
    slabs = zip(itertools.pairwise(edges), theta, strict=False)
    parts = []
    for number, (ends, t) in enumerate(slabs):
        prefix = f"slab{number}."
        mine = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        during = domain.during(*ends)
        parts.append(_restore_evaluator(network, built_in, layout, facts, path, during, t, mine))
    return SlabEvaluator(edges, parts)


def _describe_built_in(built_in) -> dict | None:
    """What is built in; None where nothing is. Functions and a start are left to the problem."""
    if not isinstance(built_in, BuiltIn):
        return None
    constants = {name: float(value) for name, value in built_in.constants.items()}
    return {"terms": describe_terms(built_in.terms), "constants": constants}


def _restore_built_in(facts: Facts, path, domain: Domain, problem) -> BuiltIn | None:
    """What is built in, with the constants of the file; older files hold nothing of the kind."""
    if facts.given.get("built_in") is None:
        return None
    given = facts.table("built_in")
    constants = given.numbers("constants")
    terms: Any = given["terms"]
    if terms is not None:
        terms = terms_of(terms, domain)
        if len(terms) != len(facts.texts("fields")):
            raise ValueError("what is built in is of other fields than the solution has")
    elif problem is None or not problem.terms:
        raise ValueError(f"{path}: conditions are built into it (exact=True); pass their problem=...")
    elif set(constants) != set(problem.constants):
        raise ValueError("what is built in rests on other constants than the problem's")
    else:
        terms = problem.terms
    arrays = {name: np.asarray(value) for name, value in constants.items()}
    return BuiltIn(terms, arrays)  # type: ignore[call-arg]


def _restore_evaluator(
    network, built_in, layout, facts: Facts, path, domain: Domain, theta: np.ndarray, around: dict
) -> Evaluator:
    """A network with the parameters of the file.

    - `built_in`: what is built into it, `around`: the arrays of what is around it.

    Raises `ValueError` where their number, type or finiteness is not what the header says.
    """
    precision, fields = facts.text("precision"), facts.texts("fields")
    if theta.dtype != DTYPES.get(precision):
        raise ValueError(f"its parameters are {theta.dtype}, its precision {precision[:20]!r}")
    # A run that diverged may end with none; of any other status such a file was tampered with.
    if facts.text("status") != RESULTS.diverged and not np.all(np.isfinite(theta)):
        raise ValueError("its parameters are not all finite, but its status says that it is a solution")
    features, places = _build_features(facts), layout.places
    if network is None:
        given = (facts["network"], path, domain, fields, theta.size, features, places)
        network = _build_network(*given)
    with precision_context(precision):
        key = jax.random.PRNGKey(0)
        model = build_model(network, domain, fields, key, features, built_in=built_in, places=places)
        size = flat_parameters(model).size
        if theta.shape != (size,):
            raise ValueError(f"the network has {size} parameters, the file {theta.size}")
        model = restore_around(with_parameters(model, theta), around)
        return Evaluator(model, precision, network)


def _restore_known(facts: Facts, arrays: dict, domain: Domain, fields, layout) -> Reference | None:
    """The values that the solution was compared with, or None where the file has none."""
    if facts["known"] is None:
        return None
    names = facts.texts("known")
    if not set(names) <= set(fields):
        raise ValueError("'known' in the header names fields that the solution does not have")
    # A field on a part of the domain is known there alone.
    taken = column if layout.has_parts else finite_column
    values = {name: taken(arrays, f"known.value.{name}", (None,)) for name in names}
    count = min((len(v) for v in values.values()), default=0)
    for name in names:
        column(arrays, f"known.value.{name}", (count,))
    points = {
        c.name: finite_column(
            arrays, f"known.point.{c.name}", (count, c.size) if c.vector else (count,)
        )
        for c in domain.coordinates
    }
    return Reference(points, floor=facts.finite("reference_floor"), **values)


def _build_features(facts: Facts) -> tuple[AbstractFeature, ...]:
    """The features that were found for the problem; those of the user's come with the network."""
    given = facts.given.get("features")  # files from before 27 November 2026 have none
    found = []
    for entry in given if isinstance(given, list) else []:
        feature = Facts(entry, "'features'")
        arguments = {k: tupled(v) for k, v in feature.table("arguments").given.items()}
        found.append(feature_of(feature.text("class"), arguments))
    return tuple(found)


def _build_network(
    given: object,
    path,
    domain: Domain,
    fields: tuple[str, ...],
    size: int,
    features: tuple[AbstractFeature, ...],
    places: tuple[FieldPlace, ...],
) -> object:
    """The architecture of a file, once its parameters are known to be as many as those in the file."""
    if given is None:
        raise ValueError(f"{path}: the network is not one of pinnsven's own; pass network=...")
    facts = Facts(given, "'network'")
    network: Any = network_of(facts)
    inputs, wanted = Embedding(domain, features).inputs, 0
    for group in field_groups(places) or (tuple(range(len(fields))),):
        own: Any = places[group[0]].network if places else None
        wanted += (network if own is None else own).parameter_count(inputs, len(group))
    if wanted != size:
        raise ValueError(f"the network of its header has {wanted} parameters, the file {size}")
    return network


def _restore_layout(facts: Facts, path, problem) -> FieldLayout:
    """What is particular about the fields; files from before 27 November 2026 know nothing of it.

    Raises `ValueError` where the file cannot hold it, and no problem is given.
    """
    if facts.given.get("layout") is None:
        return PLAIN
    if problem is not None:
        return problem.layout
    if not facts.table("layout").given:
        raise ValueError(
            f"{path}: its fields live on shapes, or have networks, that no file holds; pass their "
            "problem=..."
        )
    return layout_of_facts(facts.table("layout"))


def _describe_domain(domain: Domain) -> dict | None:
    """The domain as JSON holds it; None for a shape that files do not know."""
    time, space = domain.time, domain.space
    ranges = None if domain.parameters is None else domain.parameters.coordinates
    try:
        described = describe_shape(space) if space is not None else None
    except ValueError:
        return None
    return {
        "space": described,
        "time": [time.start, time.stop, time.coordinate.name] if time is not None else None,
        "parameters": None if ranges is None else [[c.name, c.lower[0], c.upper[0]] for c in ranges],
    }


def _build_domain(description, path) -> Domain:
    """The inverse of `_describe_domain`.

    Raises `ValueError` where the header holds no domain, or one that this version does not know.
    """
    if description is None:
        raise ValueError(
            f"{path}: its shape was not known to files when it was written; pass problem=..."
        )
    time, space = description["time"], description["space"]
    moment = Time(time[0], time[1], name=time[2]) if time is not None else None
    ranges = description.get("parameters")  # files from before 28 November 2026 have none
    parameters = None if ranges is None else Parameter(**{n: (low, high) for n, low, high in ranges})
    return Domain(shape_of(space) if space is not None else None, moment, parameters)
