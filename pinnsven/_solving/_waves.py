"""How often what a problem prescribes turns along each coordinate: so often its solution has to."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._networks import Parameters
from ._residual import ResidualSystem

WAVE = 3.2  # radians per half of the domain, up to which units need not be steeper along a coordinate


def stretched(system: ResidualSystem, theta, batches, compiled) -> Float[np.ndarray, " dim"]:
    """How much steeper units are along each coordinate, from the waves in what conditions prescribe.

    Sources and prescribed values are those of a solution: as often as they turn along a coordinate,
    that has to.

    - `compiled`: makes a compiled function of a name, a function and its arguments, and keeps it.
    """
    assert isinstance(system.parameters, Parameters)
    model = system.parameters.model
    domain, shift = model.embedding.domain, np.asarray(model.scaling.shift)
    given = (system, theta, shift, batches)
    squares = compiled("waves", _changes, *given)(*given)
    half, most = (domain.upper - domain.lower) / 2, np.ones(domain.dim)
    for varied, turned in ((np.asarray(v), np.asarray(t)) for v, t in squares):
        usable = np.isfinite(turned) & (varied > 0)[:, None] & np.isfinite(varied)[:, None]
        ratio = np.where(usable, turned / np.where(usable, varied[:, None], 1.0), 0.0)
        most = np.maximum(most, np.sqrt(ratio.max(axis=0, initial=0.0)) * half / WAVE)
    return most


def _changes(system: ResidualSystem, theta, shift, batches):
    """Of constant fields' residuals: variance, and mean squared derivatives along the coordinates.

    By block, (components,) and (components, dim). On a wall, and at a moment, what is prescribed says
    nothing of how it would go on beyond.
    """
    numbers, found = system.unpack(theta)[1], []
    for block, data, batch in zip(system.blocks, system.data, batches, strict=True):
        if not block.plan.is_local:
            nothing = jnp.zeros((block.components, batch.points.shape[1]))
            found.append((nothing[:, 0], nothing))
            continue

        def at(point, normal, auxiliary, block=block, data=data):
            values = block.plan.evaluate(
                lambda place: shift + 0 * jnp.sum(place), point, normal, numbers
            )
            residuals = block.residual(values | auxiliary, data)
            return jnp.stack([jnp.asarray(r, float) + 0 * point[0] for r in residuals])

        rows = (batch.points, batch.normals, batch.auxiliary)
        values, slopes = jax.vmap(at)(*rows), jax.vmap(jax.jacfwd(at))(*rows)
        counts = (batch.scale[:, 0] > 0).astype(values.dtype)
        weight = counts / jnp.sum(counts)
        slopes = _along(slopes, batch.points, batch.normals, weight)
        spread = values - jnp.sum(weight[:, None] * values, axis=0)[None]
        varied = jnp.sum(weight[:, None] * spread**2, axis=0)
        found.append((varied, jnp.sum(weight[:, None, None] * slopes**2, axis=0)))
    return found


def _along(slopes, points, normals, weight):
    """Slopes along what the points fill: not across a wall, nor along what is one number for all.

    - `slopes`: (points, components, dim), `weight`: of the points, which sum to one.
    """
    across = jnp.zeros_like(points).at[:, : normals.shape[1]].set(normals)
    slopes = slopes - jnp.einsum("ncd,nd->nc", slopes, across)[..., None] * across[:, None]
    spread = points - jnp.sum(weight[:, None] * points, axis=0)[None]
    filled = jnp.sum(weight[:, None] * spread**2, axis=0) > 0
    return jnp.where(filled[None, None], slopes, 0.0)
