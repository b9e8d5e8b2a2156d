"""What may end a run from outside: steps, and seconds of the user's clock."""

import dataclasses
import math
import time

from .._basics._processes import agreed

TOLERANCE = 1e-6
VERDICT_SECONDS = 2.0  # that a verdict takes once it is compiled (experiment 85)
VERDICT_STEPS = 4.0  # steps that one takes at least, where these are dear (experiment 122)
VERDICT_LOOKS = 8.0  # times all first looks in drawn functions, that one takes
MOST_VERDICT = 15.0  # seconds by that measure, since a look may have taken many steps
CORRECTION_SECONDS = 2.0  # that a correction in drawn functions takes, with a thousand of them
MEASURE_SECONDS = 0.3  # the same without an estimate of the error
DOUBLED_SECONDS = 5.0  # that an estimate in twice as many functions takes, with its compilation
CHEAP = 1e-4  # of the tolerance: what is cheap is done until there
OVERRUN = 3.0, 0.05  # seconds, or a share of the limit, by which a run may be late


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a run.

    - `tolerance`: on the relative held-out residual, None for the default.
    - `max_steps`: None for any number.
    - `time_limit`: seconds of the whole call, None for any number.
    - `stepping`: seconds without compilation, which a slab of a march gets as its share.
    - `began`: when the call began, by `time.perf_counter`.
    """

    tolerance: float | None = None
    max_steps: int | None = None
    time_limit: float | None = None
    stepping: float | None = None
    began: float = dataclasses.field(default_factory=time.perf_counter)

    @property
    def target(self) -> float:
        """The tolerance, the default where none was given."""
        return TOLERANCE if self.tolerance is None else self.tolerance

    @property
    def are_budgets(self) -> bool:
        """Whether the run uses all of what it was given, since no tolerance says when to stop."""
        return self.tolerance is None and not (self.max_steps is None and self.time_limit is None)

    @property
    def finest(self) -> float:
        """The relative residual below which nothing more is wanted where more is cheap."""
        return 1e-13 if self.are_budgets else CHEAP * self.target

    def left(self) -> float:
        """Seconds until the call has to return."""
        if self.time_limit is None:
            return math.inf
        return agreed(self.began + self.time_limit - time.perf_counter())

    def overrun(self) -> float:
        """By how many seconds the call may return too late."""
        seconds, share = OVERRUN
        return max(seconds, share * (self.time_limit or 0.0))
