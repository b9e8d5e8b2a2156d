"""Helpers for error texts: what exists, and what is nearest to what was written."""

import difflib
from collections.abc import Iterable


def listing(names: Iterable[str]) -> str:
    """The names as one comma-separated line, or "(none)"."""
    return ", ".join(names) or "(none)"


def nearest(name: str, candidates: Iterable[str]) -> str:
    """A sentence that proposes the candidate closest to `name`, or nothing if none is close."""
    match = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.5)
    return f" Did you mean {match[0]!r}?" if match else ""
