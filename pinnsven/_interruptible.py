"""Waiting for the compiler such that Ctrl-C ends the wait.

A compilation is one call of XLA, minutes long at times, and Python handles no signal before it returns.
It therefore runs in a thread of its own, which is left alone when the wait is interrupted: nothing can
stop it. A process that ended beside such a thread would crash in its last moment (the thread asks for
an interpreter that is gone), so it leaves without the interpreter's own clean-up.
"""

import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

LOOK = 0.1  # seconds between two looks at signals, where a lock cannot be interrupted (Windows)
GRACE = 1.0  # seconds that a process waits at its end for a compilation that was abandoned
INTERRUPTED_STATUS = 130

_abandoned: list[threading.Thread] = []


def interruptible(work: Callable[[], Any]) -> Any:
    """What `work` returns or raises, from a thread; `KeyboardInterrupt` leaves that to itself."""
    outcome: dict[str, Any] = {}
    done = threading.Event()

    def run():
        try:
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error
        finally:
            done.set()

    thread = threading.Thread(target=run, daemon=True, name="pinnsven-compile")
    thread.start()
    try:
        while not done.wait(LOOK):
            pass
    except BaseException:
        _abandon(thread)
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def is_abandoned() -> bool:
    """Whether a compilation that nobody waits for is still going on."""
    return any(thread.is_alive() for thread in _abandoned)


def leave(status: int) -> None:
    """Ends the process at once, with what was printed, and without the interpreter's clean-up."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # full, closed, or none
            stream.flush()
    os._exit(status)


def _abandon(thread: threading.Thread) -> None:
    if not _abandoned:
        atexit.register(_leave_beside_a_compilation)  # last registered, first called: before JAX's
    _abandoned.append(thread)


def _leave_beside_a_compilation() -> None:
    """At the end of a process: no one can say any more with which status it wanted to end."""
    with contextlib.suppress(KeyboardInterrupt):
        for thread in _abandoned:
            thread.join(GRACE)
    if is_abandoned():
        leave(INTERRUPTED_STATUS)
