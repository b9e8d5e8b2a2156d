"""Waiting for the compiler such that Ctrl-C ends the wait.

A compilation is one call of XLA, minutes long at times, and Python handles no signal before it returns.
It therefore runs in a thread of its own, which is left alone when the wait is interrupted: nothing can
stop it. A process that ended beside such a thread would crash in its last moment (the thread asks for
an interpreter that is gone), so it leaves without the interpreter's own clean-up.
"""

import _thread
import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

LOOK = 0.1  # seconds between two looks at signals, where a lock cannot be interrupted (Windows)
GRACE = 1.0  # seconds that a process waits at its end for a compilation that was abandoned
AGAIN = 0.05  # seconds after which an interrupt that was lost comes again
INTERRUPTED_STATUS = 130

_abandoned: list[threading.Thread] = []
_beside: list[threading.Thread] = []
_lost: list[bool] = []


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


@contextlib.contextmanager
def lost_interrupts_return() -> Iterator[None]:
    """Sends Ctrl-C again where Python dropped it, as it does what is raised while it collects garbage.

    A signal that came during a long call is handled at the next line of Python, which is often there.
    """
    before = sys.unraisablehook

    def hook(raised):
        if not issubclass(raised.exc_type, KeyboardInterrupt):
            return before(raised)
        _lost.append(True)
        again = threading.Timer(AGAIN, _press)
        again.daemon = True
        return again.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def _press() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # which ends a sleep too
    else:
        _thread.interrupt_main()


def was_lost() -> bool:
    """Whether an interrupt that arrives now is one that was lost before; asked once for each."""
    return bool(_lost) and _lost.pop()


def is_abandoned() -> bool:
    """Whether a compilation that nobody waits for is still going on."""
    return any(thread.is_alive() for thread in _abandoned)


def leave(status: int) -> None:
    """Ends the process at once, with what was printed, and without the interpreter's clean-up."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # full, closed, or none
            stream.flush()
    os._exit(status)


def beside(work: Callable[[], Any], name: str) -> threading.Thread:
    """A thread that works while others go on; at its end the process waits for it, unless by Ctrl-C.

    - `work`: keeps what it raises to itself.
    """
    thread = threading.Thread(target=work, daemon=True, name=name)
    if not _beside:
        atexit.register(_wait_for_those_beside)
    _beside[:] = [other for other in _beside if other.is_alive()] + [thread]
    thread.start()
    return thread


def leave_alone(thread: threading.Thread) -> None:
    """Lets nobody wait for a thread any more, not even at the end of the process."""
    if thread in _beside:
        _beside.remove(thread)
    if thread.is_alive():
        _abandon(thread)


def _wait_for_those_beside() -> None:
    try:
        for thread in _beside:
            thread.join()
    except KeyboardInterrupt:
        leave(INTERRUPTED_STATUS)


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
