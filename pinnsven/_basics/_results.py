"""How a solve can end."""

import enum


class RESULTS(enum.StrEnum):
    """How a solve ended. Each value compares equal to its name as a string."""

    converged = "converged"
    unresolved = "unresolved"
    undetermined = "undetermined"
    stalled = "stalled"
    time_limit = "time_limit"
    max_steps = "max_steps"
    stopped = "stopped"
    diverged = "diverged"
