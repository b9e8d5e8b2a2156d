"""Whether functions may lack eigenfunctions: those that cannot form waves as short as an equation's.

Two sets of one kind lack the same ones, and agree on the others. So plane waves are asked for: along
several directions the shortest one that the equation, at an eigenvalue, lets oscillate.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._domains import Interior, Sobol
from .._problem import Problem

LOOKED_AT = 64  # points at which an equation is applied to a wave
WAVES = np.geomspace(1.0, 1e4, 65)  # how many radians a wave has along half of the domain's extents
SLANTED = 4  # directions beside those of the coordinates
MISSED = 1e-5  # of a wave, from where it is not formed


def not_formed(
    problem: Problem, name: str, value: float, points, plain
) -> Float[np.ndarray, " dim"] | None:
    """The wave vector that a set of functions cannot form, (dim,) per unit of length; None for none.

    - `problem`: of homogeneous equations, with the eigenvalue by its name.
    - `value`: of that.
    - `points`, `plain`: the values of the functions at points, (points, functions).
    """
    domain = problem.domain
    left, sizes, _ = np.linalg.svd(plain, full_matrices=False)
    formed = left[:, sizes > 1e-12 * sizes[0]]
    half = (domain.upper - domain.lower) / 2
    periodic = np.concatenate([np.full(c.size, c.periodic) for c in domain.coordinates])
    drawn = np.random.default_rng(0).standard_normal((SLANTED * (domain.dim > 1), domain.dim))
    slanted = np.where(periodic, 0.0, drawn)
    slanted = slanted[np.any(slanted != 0, axis=1)]
    for field in range(len(problem.fields)):
        for direction in np.concatenate([np.eye(domain.dim), slanted]):
            along = direction / np.linalg.norm(direction * half)
            wave = _shortest(problem, name, value, field, along) * along
            turns = np.maximum(np.rint(wave * half / np.pi), 1.0)  # of a ring: a whole number
            wave = np.where(periodic & (direction != 0), turns * np.pi / half, wave)
            angles = (points - domain.lower) @ wave
            waves = np.stack([np.sin(angles), np.cos(angles)], axis=1)
            rest = waves - formed @ (formed.T @ waves)
            if np.linalg.norm(rest) > MISSED * np.linalg.norm(waves):
                return wave
    return None


def _shortest(problem: Problem, name: str, value: float, field: int, along) -> float:
    """The radians along `along` of the shortest wave that the equations let oscillate."""
    domain, equations = problem.domain, [block for block in problem.blocks if block.interior]
    points, _ = Interior(domain).draw(LOOKED_AT, Sobol(), np.random.default_rng(0))
    constants = {n: jnp.asarray(v, float) for n, v in problem.constants.items()}

    def terms(radians, eigenvalue):
        """All residuals where one field is a wave and the others are zero."""

        def fields(point):
            wave = jnp.sin(radians * jnp.dot(point - domain.lower, along) + 0.7)
            return jnp.zeros(len(problem.fields)).at[field].set(wave)

        def rows(point):
            normal, numbers = jnp.zeros(domain.space_dim), constants | {name: eigenvalue}
            found = [b.residual(b.plan.evaluate(fields, point, normal, numbers)) for b in equations]
            return jnp.stack([jnp.asarray(row) for part in found for row in part])

        return jax.vmap(rows)(jnp.asarray(points)).ravel()

    # Operation by operation: another problem compiles nothing.
    at = jax.vmap(terms, (0, None))
    without, whole = (np.asarray(at(jnp.asarray(WAVES), e)) for e in (0.0, value))
    size = lambda rows: np.linalg.norm(rows, axis=1)
    lets = np.flatnonzero(size(without) <= size(whole - without))
    return float(WAVES[lets[-1]] if len(lets) else WAVES[0])
