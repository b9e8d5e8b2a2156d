"""The state of a run as its checkpoint holds it."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from .._output._records import Estimate
from ._run_file import RunState


def state_of(run) -> RunState:
    """All that a run needs to go on."""
    assert run.sizes is not None  # set before the first step
    return RunState(
        identity=run.identity,
        theta=np.asarray(run.theta),
        state=[np.asarray(leaf) for leaf in jax.tree.leaves(run.state)],
        points=run.points.snapshot(),
        weights=run.weights,
        first_weights=run.first_weights,
        records=[] if run.stands_alone else run.records,  # it is found again at once
        sizes=run.sizes,
        balance=run.balance,
        scaling=run.scaling,
        best=(run.best[0], np.asarray(run.best[1])),
        lowest=run.lowest,
        quiet=run.quiet,
        seconds=run.seconds(),
        estimate=None if run.estimate is None else run.estimate.to_dict(),
    )


def restore(run, saved: RunState) -> None:
    """Continues from a checkpoint."""
    leaves, structure = jax.tree.flatten(run.state)
    kinds = [(leaf.shape, leaf.dtype) for leaf in (*leaves, run.theta)]
    if kinds != [(leaf.shape, leaf.dtype) for leaf in (*saved.state, saved.theta)]:
        raise ValueError("checkpoint: it was written with another network or solver")
    run.theta = jnp.asarray(saved.theta)
    run.state = jax.tree.unflatten(structure, [jnp.asarray(x) for x in saved.state])
    if len(saved.scaling.size) != len(run.problem.fields):
        raise ValueError("checkpoint: it has units of other fields")
    if not saved.weights.keys() == saved.first_weights.keys() == run.weights.keys():
        raise ValueError("checkpoint: its weights are of other conditions")
    run.points.restore(saved.points)
    run.weights, run.first_weights = saved.weights, saved.first_weights
    run.records, run.sizes = list(saved.records), saved.sizes
    run.balance = saved.balance
    run.set_scaling(saved.scaling)
    run.best, run.lowest, run.quiet = saved.best, saved.lowest, saved.quiet
    run.estimate = None if saved.estimate is None else Estimate.from_dict(saved.estimate)
    run.before = saved.seconds
    run.began = time.perf_counter()
    run.batches = run.points.batches(run.row_weights())
