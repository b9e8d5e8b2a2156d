"""Whether functions may lack eigenfunctions: those that cannot form waves as short as an equation's.

Two sets of one kind lack the same ones, and agree on the others. So plane waves are asked for: along
several directions the shortest one that the equation, at an eigenvalue, lets oscillate.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._conditions import Block
from .._domains import Domain, Interior, Sobol

LOOKED_AT = 64  # points at which an equation is applied to a wave
WAVES = np.geomspace(1.0, 1e4, 65)  # how many radians a wave has along half of the domain's extents
SLANTED = 4  # directions beside those of the coordinates
MISSED = 1e-5  # of a wave, from where it is not formed


def not_formed(
    equations: list[Block], domain: Domain, name: str, value: float, points, plain
) -> Float[np.ndarray, " dim"] | None:
    """The wave vector that a set of functions cannot form, (dim,) per unit of length; None for none.

    - `equations`: homogeneous, with the eigenvalue by its name.
    - `value`: of that.
    - `points`, `plain`: the values of the functions at points, (points, functions).
    """
    left, sizes, _ = np.linalg.svd(plain, full_matrices=False)
    formed = left[:, sizes > 1e-12 * sizes[0]]
    half = (domain.upper - domain.lower) / 2
    drawn = np.random.default_rng(0).standard_normal((SLANTED * (domain.dim > 1), domain.dim))
    slanted = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    for field in range(len(equations[0].plan.space.fields)):
        for direction in np.concatenate([np.eye(domain.dim), slanted]):
            along = direction / np.linalg.norm(direction * half)
            radians = _shortest(equations, domain, name, value, field, along)
            angles = radians * (points - domain.lower) @ along
            waves = np.stack([np.sin(angles), np.cos(angles)], axis=1)
            rest = waves - formed @ (formed.T @ waves)
            if np.linalg.norm(rest) > MISSED * np.linalg.norm(waves):
                return radians * along
    return None


def _shortest(equations: list[Block], domain: Domain, name: str, value: float, field: int, along):
    """The radians along `along` of the shortest wave that the equations let oscillate."""
    points, _ = Interior(domain).draw(LOOKED_AT, Sobol(), np.random.default_rng(0))
    number = len(equations[0].plan.space.fields)

    def terms(radians, eigenvalue):
        """Root mean square of all residuals, where one field is a wave and the others are zero."""

        def fields(point):
            wave = jnp.sin(radians * jnp.dot(point - domain.lower, along) + 0.7)
            return jnp.zeros(number).at[field].set(wave)

        def rows(point):
            normal = jnp.zeros(domain.space_dim)
            found = [
                b.residual(b.plan.evaluate(fields, point, normal, {name: eigenvalue}))
                for b in equations
            ]
            return jnp.stack([jnp.asarray(row) for part in found for row in part])

        return jax.vmap(rows)(jnp.asarray(points)).ravel()

    # Operation by operation: another problem compiles nothing.
    at = jax.vmap(terms, (0, None))
    without, whole = (np.asarray(at(jnp.asarray(WAVES), e)) for e in (0.0, value))
    size = lambda rows: np.linalg.norm(rows, axis=1)
    lets = np.flatnonzero(size(without) <= size(whole - without))
    return WAVES[lets[-1]] if len(lets) else WAVES[0]
