"""What the residual at points that were never fitted says of a solution."""

import math

import numpy as np

from .._output._records import Estimate
from ._points import PointSet

NOISE_ROOM = 1.5  # noisy data count as met within this factor of their noise
FAINT = 1e-3  # a field this much smaller than the largest may be zero, and is not resolved further


def block_scales(blocks, field_sizes: dict[str, float]) -> np.ndarray:
    """By block, the size of the largest field in it, where that is less than one.

    A residual that is small beside what an ordinary field would leave says nothing of a field that
    is smaller still. A field below `FAINT` times the largest one counts as that: it may be zero.
    """
    floor = FAINT * max(field_sizes.values())
    scales = []
    for block in blocks:
        named = block.plan.fields
        size = max(max(field_sizes[name], floor) for name in named)
        scales.append(size if 0 < size < 1 else 1.0)
    return np.array(scales)


def summarize(system, points: PointSet, sizes, training, held, rounding=None) -> Estimate:
    """An `Estimate` from the mean squares of all components.

    - `system`: a `ResidualSystem`, whose points these are.
    - `sizes`: of each component, (components,).
    - `rounding`: the residual that rounding alone leaves in each component, where it was measured.
    """
    relative, gap = 0.0, 1.0
    sizes = np.where(sizes > 0, sizes, 1.0)
    noise = np.maximum(np.zeros_like(sizes) if rounding is None else rounding, 1e-13 * sizes) ** 2
    for i, number in enumerate(system.owners):
        block = system.blocks[number]
        excess = max(held[i] - (NOISE_ROOM * block.noise) ** 2, 0.0)
        relative = (
            max(relative, math.sqrt(excess) / float(sizes[i])) if np.isfinite(held[i]) else math.inf
        )
        # Residuals at the level of rounding say nothing about resolution.
        if (block.finer or not points.is_complete(block)) and np.isfinite(held[i]):
            gap = max(gap, math.sqrt((held[i] + noise[i]) / (training[i] + noise[i])))
    names = tuple(b.name for b in system.blocks)
    trained, kept = (np.sqrt(system.per_block(found)) for found in (training, held))
    return Estimate(names, trained, kept, relative, gap)
