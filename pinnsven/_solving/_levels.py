"""Which residual counts as one where errors are judged: what fresh points have found, by condition."""

import dataclasses

import numpy as np
from jaxtyping import Float

from ._residual import ResidualSystem

LEAST = 1e-3  # of the largest relative residual: smaller ones are judged as if they were that
SCATTERED = 10.0  # times the relative residual of all else, from where that of readings is scatter


@dataclasses.dataclass(frozen=True)
class Levels:
    """The residual of each component of each condition that counts as one.

    - `levels`: by condition, (components,).
    - `relative`: the largest of them beside its size, where nothing scatters.
    - `scatter`: by condition whose readings scatter, how much larger its level is than if they were as
      exact as everything else.
    """

    levels: dict[str, Float[np.ndarray, " components"]]
    scatter: dict[str, float]
    relative: float


def residual_levels(
    system: ResidualSystem,
    held: Float[np.ndarray, " components"],
    sizes: Float[np.ndarray, " components"],
) -> Levels:
    """The levels of held-out residuals.

    - `held`: their root mean squares.
    - `sizes`: of the components, beside which they are relative.
    """
    sizes = np.where(sizes > 0, sizes, 1.0)
    relative = held / sizes
    named = system.split_components(relative)
    most = {name: float(part.max()) for name, part in named.items()}
    scatter = {}
    for block in system.blocks:
        others = [found for name, found in most.items() if name != block.name]
        rest = max(others, default=0.0)
        if block.noise > 0 or (block.is_measured and most[block.name] > SCATTERED * rest > 0):
            scatter[block.name] = rest
    exact = max((found for name, found in most.items() if name not in scatter), default=0.0)
    exact = max(exact, float(np.finfo(float).eps))
    least = np.repeat(
        [LEAST * (most[b.name] if b.name in scatter else exact) for b in system.blocks],
        [b.components for b in system.blocks],
    )
    levels = system.split_components(sizes * np.maximum(relative, least))
    return Levels(levels, {name: max(most[name] / exact, 1.0) for name in scatter}, exact)
