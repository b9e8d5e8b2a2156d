"""How wrong the answer is, estimated without knowing the right one.

The error e of a solution u solves, to first order, the linearized equations $R'(u) e = -R(u)$. Like
the hierarchical estimators of adaptive finite elements (Bank and Weiser 1985; Bank and Smith 1993)
this looks for it in a second space of functions: the tangent space of the same network at disturbed
parameters, which bends where the solution bends but holds other functions than those among which the
solution is the best. The correction is fitted by damped least squares on fresh points; more fresh
points say how much of the residual it explains, and choose the damping.

Where a block knows better than what was prescribed (its `truth`: the start of a slab of time, which is
the end of the one before with *its* estimated error), the residual is measured against that, so that
errors grow or fade from slab to slab as the equation has it.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._networks import FieldModel
from .._points import PointSet
from .._residual import Batch, ResidualSystem, make_batch

LEAST, MOST = 600, 1500  # functions in the second space
DISTURBANCE = 0.3  # of the parameters, relative to the root mean square of their leaf
OVERSAMPLING = 4  # fresh points of the equations per function
DAMPINGS = 10.0 ** np.arange(0, -17, -1)
AS_GOOD = 1.05  # a correction that leaves this much more than the best explains the residual as well
LEAST_SHARE = 0.1  # of the residual that is explained; a smaller one is believed by chance only


class _Enriched(ResidualSystem):
    """The residuals of u + e as a function of the coefficients of e.

    The coefficients are those of tangent vectors at one or several disturbed parameter vectors, then
    the changes of the unknowns.

    - `base`: the parameters of u.
    - `near`: the disturbed ones, shape (copies, params).
    - `index`: which parameters span the tangent space.
    """

    base: Float[Array, " params"]
    near: Float[Array, "copies params"]
    index: Int[Array, " subset"]

    @property
    def size(self) -> int:
        """The number of coefficients."""
        return self.near.shape[0] * self.index.size + len(self.unknown_names)

    def unpack(self, theta):
        number, copies = len(self.unknown_names), self.near.shape[0]
        split = theta.size - number
        moved = self.base.at[self.base.size - number :].add(theta[split:])
        plain = ResidualSystem(self.blocks, self.model, self.unknown_names, self.unknown_scale)
        model, unknowns = plain.unpack(moved)
        changes = jnp.zeros((copies, self.base.size), theta.dtype)
        changes = changes.at[:, self.index].set(theta[:split].reshape(copies, -1))

        def values(inputs, at):
            return jnp.atleast_1d(plain.unpack(at)[0].network(inputs))  # type: ignore[operator]

        def network(inputs):
            def along(at, change):
                return jax.jvp(lambda t: values(inputs, t), (at,), (change,))[1]

            return values(inputs, self.base) + jnp.sum(jax.vmap(along)(self.near, changes), axis=0)

        return FieldModel(model.embedding, network, model.transform), unknowns  # type: ignore


def estimate_errors(
    system: ResidualSystem, theta, points: PointSet, weights: dict[str, float], compiled
) -> tuple[Float[np.ndarray, " fields"], FieldModel] | None:
    """The estimated relative L2 error of each field, over interior points, and u + e.

    None if not finite.

    With $\\beta$ the share of the held-out residual that the correction e leaves, and errors taken to
    be in proportion to the residuals behind them, it is $\\|e\\| / (\\|u\\| \\sqrt{1 - \\beta^2})$. Of
    what no fresh point has seen it knows nothing.

    - `points`: draws the fresh points.
    - `weights`: of the conditions.
    - `compiled`: makes a compiled function of a name, a function and its arguments.
    """
    enriched = _second_space(system, theta)
    fitted, held = (_fresh(system.blocks, points, weights, enriched.size) for _ in range(2))
    zero = jnp.zeros(enriched.size, theta.dtype)

    def linear(s, c, b):
        whole = s.linearize(c, b)
        return whole.jacobian(), whole.residual

    linear = compiled("error", linear, enriched, zero, fitted)
    parts = [linear(enriched, zero, batches) for batches in (fitted, held)]
    parts = [tuple(np.asarray(found, float) for found in pair) for pair in parts]
    if not all(np.all(np.isfinite(found)) for pair in parts for found in pair):
        return None
    corrections, left = _corrections(*parts)
    interior = [batch for block, batch in zip(system.blocks, held, strict=True) if block.interior]
    inside = max(interior or held, key=lambda batch: len(batch.scale)).points
    good = jnp.asarray(corrections[left <= AS_GOOD * left.min()][-1], theta.dtype)

    def sizes(s, c, at):
        plain, moved = (jax.vmap(s.unpack(k)[0])(at) for k in (jnp.zeros_like(c), c))
        return jnp.linalg.norm(plain, axis=0), jnp.linalg.norm(moved - plain, axis=0)

    size, moved = compiled("error size", sizes, enriched, zero, inside)(enriched, good, inside)
    size, moved = np.asarray(size, float), np.asarray(moved, float)
    explained = max(1 - left.min() ** 2, LEAST_SHARE**2) ** 0.5
    corrected, _ = enriched.unpack(good)
    return moved / np.where(size > 0, size, 1) / explained, corrected


def bytes_needed(system: ResidualSystem, params: int) -> int:
    """Bytes that an estimate takes at most: the Jacobians of both sets of points, and one copy."""
    number = params - len(system.unknown_names)
    functions = _copies(number) * min(number, MOST) + len(system.unknown_names)
    rows = sum(OVERSAMPLING if block.interior else 1 for block in system.blocks) * functions
    return 3 * rows * functions * np.dtype(float).itemsize


def _copies(number: int) -> int:
    """How many disturbed copies of a network with so many parameters span the second space."""
    return max(-(-LEAST // number), 1)


def _second_space(system: ResidualSystem, theta) -> _Enriched:
    number = theta.size - len(system.unknown_names)
    rng = np.random.default_rng(0)
    copies = _copies(number)
    index = np.sort(rng.choice(number, min(number, MOST), replace=False))
    arrays = jax.tree.map(np.asarray, eqx.filter(system.unpack(theta)[0], eqx.is_inexact_array))
    # Leaf after leaf, in the order in which theta holds them.
    sizes = np.concatenate(
        [np.full(leaf.size, np.sqrt(np.mean(leaf**2))) for leaf in jax.tree.leaves(arrays)]
    )
    noise = DISTURBANCE * sizes * rng.standard_normal((copies, number))
    near = np.tile(np.asarray(theta), (copies, 1))
    near[:, :number] += noise
    blocks = tuple(block.truth or block for block in system.blocks)
    common = (blocks, system.model, system.unknown_names, system.unknown_scale)
    return _Enriched(*common, theta, jnp.asarray(near, theta.dtype), jnp.asarray(index))


def _fresh(blocks, points, weights, functions: int) -> tuple[Batch, ...]:
    """Fresh points of every block, in numbers that suit the number of functions."""
    batches = []
    for block in blocks:
        wanted = OVERSAMPLING * functions if block.interior else functions
        drawn = points.fresh(block, wanted // block.components)
        arrays = (drawn.points, drawn.normals, drawn.auxiliary)
        batches.append(make_batch(*arrays, weights[block.name], block.components))
    return tuple(batches)


def _corrections(fitted, held) -> tuple[np.ndarray, np.ndarray]:
    """Corrections by damping, and the share of the held-out residual that each leaves."""
    jacobian, residual = fitted
    squares, vectors = np.linalg.eigh(jacobian.T @ jacobian)
    gradient = vectors.T @ (jacobian.T @ residual)
    shifts = DAMPINGS[:, None] * max(squares[-1], np.finfo(float).tiny)
    corrections = -(gradient / (np.maximum(squares, 0) + shifts)) @ vectors.T
    left = np.linalg.norm(held[1] + corrections @ held[0].T, axis=1)
    return corrections, left / max(np.linalg.norm(held[1]), np.finfo(float).tiny)
