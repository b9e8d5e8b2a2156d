"""The memory that a run will take, said before it takes it."""

from .._basics._memory import in_use, size_of
from .._output._callbacks import tell
from ._error_estimate import bytes_needed


def predict_memory(run, step: int) -> None:
    """Predicts the peak from what is in use, and tells the hooks if the last prediction fails.

    - `step`: bytes that a step takes.
    """
    now = in_use()
    if now is None:
        return
    now -= size_of(run.scratch)  # a step counts them as its own
    more = step
    if run.predicted is None:
        rows = run.system.capacity(run.batches)
        last = run.stepper.after(0.0, rows, run.theta)  # more of them for the last digits
        first, most = (
            size_of(s.scratch(run.system, run.theta, run.batches)) for s in (run.stepper, last)
        )
        error = bytes_needed(run.system, run.theta.size) if run.estimates_error else 0
        more = max(step + most - first, error)
    if now + more > (run.predicted or 0):
        run.predicted = now + more
        tell(run.hooks, "on_memory", run.predicted)
