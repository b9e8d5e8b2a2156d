"""How a run goes, as displays tell it: what is done, what is left, and the line that stays."""

import collections
import math
import time
from typing import Any

import numpy as np

TRACE = 24  # estimates in a sparkline
LOOKED_AT = 8  # of the last estimates, from which the time left is told
BLOCKS = "▁▂▃▄▅▆▇█"
SURE = 0.8  # correlation of the residual's logarithm with time, from which a slope is believed


class Course:
    """How a run goes: what displays draw and foretell from.

    - `info`: a `RunInfo`.
    - `record`: of the last step, None before the first.
    - `seen`: pairs of seconds and held-out residual.
    - `latest`: the last estimate, None before the first.
    - `traces`: the held-out residuals of each condition, by name.
    """

    def __init__(self, info):
        self.info, self.began = info, time.monotonic()
        self.record: Any = None
        self.latest: Any = None
        self.seen: list[tuple[float, float]] = []
        self.traces: dict[str, collections.deque] = {}

    def add(self, estimate) -> None:
        """Takes note of an estimate."""
        self.latest = estimate
        if math.isfinite(estimate.relative) and estimate.relative > 0:
            self.seen.append((self.seconds, estimate.relative))
        for name, held in zip(estimate.names, estimate.held_out, strict=True):
            self.traces.setdefault(name, collections.deque(maxlen=TRACE)).append(float(held))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def share(self) -> float:
        """How much is done, from 0 to 1: on the way to the tolerance, or of the time."""
        limit, tolerance = self.info.time_limit, self.info.tolerance
        shares = [self.seconds / limit] if limit else []
        if self.seen and not limit:
            first, last = self.seen[0][1], min(residual for _, residual in self.seen)
            way = math.log(max(first / tolerance, 1.0 + 1e-9))
            shares.append(math.log(max(first / max(last, 1e-300), 1.0)) / way)
        return min(max(shares, default=0.0), 1.0)

    def left(self) -> str:
        """The time left in words, or that it is not known."""
        if limit := self.info.time_limit:
            return f"at most {max(limit - self.seconds, 0):.0f} s left"
        recent = self.seen[-LOOKED_AT:]
        if len(recent) < 4:
            return "time left: not known yet"
        at, residual = np.array(recent).T
        logs = np.log(residual)
        if logs[-1] <= math.log(self.info.tolerance):
            return "tolerance met"
        falls = float(np.polyfit(at, logs, 1)[0])
        sure = np.std(logs) > 0 and np.corrcoef(at, logs)[0, 1] < -SURE
        if not sure:
            return "time left: not known, the held-out residual does not fall steadily"
        left = (logs[-1] - math.log(self.info.tolerance)) / -falls
        return f"about {_rounded(left)} left, as the held-out residual falls now"


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def sparkline(values) -> str:
    """Positive values on a logarithmic scale as a row of blocks, the largest as the highest."""
    found = np.array([v for v in values if v > 0 and math.isfinite(v)])
    if len(found) < 2:
        return ""
    logs = np.log(found)
    low, high = logs.min(), logs.max()
    heights = np.zeros(len(logs)) if high == low else (logs - low) / (high - low)
    heights = heights.tolist()
    return "".join(BLOCKS[round(height * (len(BLOCKS) - 1))] for height in heights)


def trace_of(solution) -> str:
    """The line that a display leaves."""
    said = f"{solution.name}: {solution.status} after {solution.seconds:.1f} s"
    said += f" ({solution.compile_seconds:.1f} s compiling), {solution.steps} steps"
    if solution.error_estimate is not None:
        said += f", estimated relative error {float(solution.error_estimate):.1e}"
    return said
