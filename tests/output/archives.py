"""Saved solutions, taken apart and put together again."""

import io
import json

import numpy as np

import pinnsven as pv
from helpers import DATA

OLDER = DATA
HOLDS_NONE = {"equal_nan": True}


def parts(content: bytes):
    """The header and the arrays of a file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return json.loads(str(arrays.pop("header"))), arrays


def joined(header: dict | str, arrays: dict) -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, header=np.array(text), **arrays)
    return buffer.getvalue()


def same(one: pv.Solution, other: pv.Solution) -> bool:
    """Whether two solutions are the same in all that a file holds."""
    return (
        str(one) == str(other)
        and one.to_json() == other.to_json()
        and np.array_equal(one.evaluator.parameters(), other.evaluator.parameters())  # type: ignore
        and np.array_equal(one.spectrum, other.spectrum)
        and all(np.array_equal(one.history[n], other.history[n], **HOLDS_NONE) for n in one.history)
    )


# What a stranger may have written


def changed(change):
    """A file with its header and arrays changed by a function."""

    def make(content: bytes) -> bytes:
        header, arrays = parts(content)
        change(header, arrays)
        header["arrays"] = sorted(arrays)
        return joined(header, arrays)

    return make


def arrays(**values):
    return changed(lambda h, a: a.update(values))


def network(**settings):
    return changed(lambda h, a: h["meta"]["network"]["arguments"].update(settings))


# A run's file


def decay(**options):
    conditions = {"pde": pv.PDE(lambda u, u_t: u_t + u), "start": pv.Initial(u=1.0)}
    problem = pv.Problem(pv.Time(0, 1), "u", conditions)
    options = {"network": pv.MLP(5, 1), "points": 16, "max_steps": 5, "estimate_error": False} | options
    return pv.solve(problem, **options)
