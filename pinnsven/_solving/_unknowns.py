"""Unknowns: their values, and how far the residuals leave them open."""

import math

import jax.numpy as jnp
import numpy as np

from .._solution import UnknownEstimate, Unknowns


def estimate_unknowns(run) -> Unknowns:
    """Values, standard errors and correlations of the unknowns.

    To first order the unknowns err by $A e$ where the rows err by e, A the last rows of $J^+$, so
    their covariance is $A \\Sigma A^T$. The variances $\\Sigma$ are those of the noise where a
    condition states one, and the loss per degree of freedom elsewhere. $J^+$ is taken over the
    directions above the noise of the Gram matrix.
    """
    names, blocks = run.system.unknown_names, run.system.blocks
    if not names:
        return Unknowns({}, np.zeros((0, 0)))
    scale = np.array(run.system.unknown_scale)
    values = np.asarray(run.theta[-len(names) :], dtype=float) * scale
    residual = run.rows(run.batches).astype(float)
    compiled = run.compiler.compile  # where Ctrl-C ends the wait
    squared = compiled("Gram", lambda t, b: run.system.gram(t, b), run.theta, run.batches)
    gram = squared(run.theta, run.batches)
    squares, vectors = np.linalg.eigh(np.asarray(gram, dtype=float))
    kept = squares > 1e-14 * squares[-1]
    rows = sum(run.points.rows(b) for b in blocks)
    freedom = max(rows - int(kept.sum()), 1) / rows
    variance, exact, number = np.zeros(residual.size), np.zeros(residual.size, bool), 0
    layout = run.system.layout(run.batches)
    for block, batch in zip(blocks, run.batches, strict=True):
        part = layout.rows[block.name]
        variance[part] = (block.noise * np.max(batch.scale)) ** 2
        exact[part] = block.noise == 0
        number += (block.noise == 0) * run.points.rows(block)
    variance[exact] = np.sum(residual[exact] ** 2) / max(number, 1) / freedom
    effect = (vectors[-len(names) :, kept] / squares[kept]) @ vectors[:, kept].T
    given = (run.theta, run.batches, jnp.asarray(effect, run.theta.dtype))
    products = compiled("product", lambda t, b, e: run.system.implicit(t, b).apply(e), *given)
    inverse = np.asarray(products(*given))
    covariance = (inverse * variance) @ inverse.T * np.outer(scale, scale)
    deviation = np.sqrt(np.diag(covariance))
    safe = np.where(deviation > 0, deviation, 1.0)
    estimates = {
        name: UnknownEstimate(value, error)
        for name, value, error in zip(names, values.tolist(), deviation.tolist(), strict=True)
    }
    return Unknowns(estimates, covariance / np.outer(safe, safe))


def plain_unknowns(run) -> Unknowns:
    """The values alone, where nothing could be found out about their errors."""
    names = run.system.unknown_names
    values = np.asarray(run.theta[run.theta.size - len(names) :], float) * run.system.unknown_scale
    estimates = {n: UnknownEstimate(v, math.nan) for n, v in zip(names, values.tolist(), strict=True)}
    return Unknowns(estimates, np.full((len(names), len(names)), math.nan))
