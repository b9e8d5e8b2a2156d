"""What the residual at points that were never fitted says of a solution."""

import math

import numpy as np

from .._points import PointSet
from .._solution import Estimate

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
        named = {q.field for q in block.plan.quantities.values() if hasattr(q, "field")}
        size = max(max(field_sizes[name], floor) for name in named)
        scales.append(size if 0 < size < 1 else 1.0)
    return np.array(scales)


def summarize(system, points: PointSet, sizes, training, held) -> Estimate:
    """An `Estimate` from mean squares per block."""
    relative, gap = 0.0, 1.0
    for i, block in enumerate(system.blocks):
        scale = sizes[i] if sizes[i] > 0 else 1.0
        excess = max(held[i] - (NOISE_ROOM * block.noise) ** 2, 0.0)
        relative = max(relative, math.sqrt(excess) / scale) if np.isfinite(held[i]) else math.inf
        # Residuals at the rounding level of the block's own size say nothing about resolution.
        noise = (1e-13 * scale) ** 2
        if not points.is_complete(block) and np.isfinite(held[i]):
            gap = max(gap, math.sqrt((held[i] + noise) / (training[i] + noise)))
    names = tuple(b.name for b in system.blocks)
    return Estimate(names, np.sqrt(training), np.sqrt(held), relative, gap)
