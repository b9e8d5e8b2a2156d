"""What a residual cannot say: how much of it is rounding, and whether a small field is zero."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from .._networks import DrawnLayer, Silenced
from ._residual import ResidualSystem, split_rows
from ._verdict import AGREE

TINY = 1e-6  # a field of this size may be zero
ROUNDING_DRAWS = 4  # of parameters moved by their rounding errors
ROUNDING_ROOM = 3.0  # times what they do to the residual counts as rounding
SHIFTED = 1e-6  # relative, of the fields, by which their terms are seen


def rounding(run) -> np.ndarray:
    """What rounding alone does to each component of the residual, its root mean square.

    Found by moving every parameter, and every coefficient beside the network, by about its own rounding
    error.
    """
    rng, eps = np.random.default_rng(0), np.finfo(run.theta.dtype).eps
    here, squares = run.rows(run.batches), np.zeros(len(run.system.owners))
    beside = run.model.addition
    for _ in range(ROUNDING_DRAWS):
        noise = 1 + eps * rng.standard_normal(run.theta.size)
        theta, system = jnp.asarray(np.asarray(run.theta) * noise, run.theta.dtype), run.system
        if isinstance(beside, DrawnLayer) and beside.used:
            noise = 1 + eps * rng.standard_normal(beside.coefficients.shape)
            shaken = dataclasses.replace(beside, coefficients=np.asarray(beside.coefficients) * noise)
            system = system.around(addition=shaken)
        moved = run.rows(run.batches, theta, system, "residual")
        squares += run.squares(run.batches, moved - here) / ROUNDING_DRAWS
    return ROUNDING_ROOM * np.sqrt(squares)


def terms(run, residual) -> list[np.ndarray]:
    """The sizes of the terms of residuals that fields give, by block: what shifts of the fields move.

    - `residual`: all rows at the fields as they are.
    """
    rng, scaling = np.random.default_rng(0), run.scaling
    shift = scaling.shift * (1 + SHIFTED * rng.standard_normal(len(scaling.shift)))
    system = run.system.around(scaling=dataclasses.replace(scaling, shift=shift))
    moved = np.abs(run.rows(run.batches, run.theta, system, "residual") - residual) / SHIFTED
    return split_rows(run.system, run.batches, moved)


def vanishing(run, sizes: dict[str, float], training: np.ndarray) -> tuple[str, ...]:
    """Fields near their zero that might as well be it: no condition's residual would be larger.

    Nothing is small beside zero, so their residuals count as those of a field of size one.

    - `sizes`: of the fields, `training`: the mean square of each component of the residual.
    """
    found, fields = [], run.problem.fields
    noise = (1e-13 * np.asarray(run.sizes)) ** 2
    for field in [name for name in fields if sizes[name] < TINY]:
        parameters = Silenced(  # type: ignore[call-arg]
            plain=run.system.parameters, field=fields.index(field)
        )
        silent = ResidualSystem(run.system.blocks, parameters, run.system.constants)
        rows = run.rows(run.batches, system=silent, name=f"residual without {field}")
        if np.all(run.squares(run.batches, rows) <= AGREE * training + noise):
            found.append(field)
    return tuple(found)
