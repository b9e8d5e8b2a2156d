"""The process of the command: its signals, its standard streams and its end.

Whatever happens to the process, a run that it has made is written: Ctrl-C and SIGTERM end the run, not
the process, and nobody has to be listening to what it prints.
"""

import contextlib
import os
import signal
import sys
import time
from typing import ClassVar

from .._basics._interruptible import INTERRUPTED_STATUS, is_abandoned, leave, was_lost
from .._output._callbacks import Callback

SAME = 0.3  # seconds within which a signal that comes twice is one: `timeout` sends two
NAMES = {
    "SIGINT": "it was interrupted",
    "SIGTERM": "SIGTERM asked for it",
    "SIGHUP": "SIGHUP asked for it",
}


class Signals:
    """Turns the signals that ask a process to end into `KeyboardInterrupt`, which ends a run.

    A second Ctrl-C ends the process at once.

    - `received`: the first signal in words, empty before.
    """

    def __init__(self):
        self.received = ""
        self._when = 0.0

    def catch(self) -> None:
        """Catches the signals from now on, those left out that the process was told to ignore."""
        for name in NAMES:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    def _handle(self, number, frame) -> None:
        del frame
        now = time.monotonic()
        if not self.received:
            self.received, self._when = NAMES[signal.Signals(number).name], now
            raise KeyboardInterrupt(self.received)
        if was_lost():
            raise KeyboardInterrupt(self.received)
        if number == signal.SIGINT and now - self._when > SAME:
            os._exit(INTERRUPTED_STATUS)


class Watch(Callback):
    """Ends a run that went on for all that: some library caught its `KeyboardInterrupt`."""

    hears_slabs: ClassVar[bool] = True  # one run after the other is to it like one

    def __init__(self, signals: Signals):
        self._signals = signals

    def on_compile(self, what):
        self._look()

    def on_step(self, record):
        self._look()

    def _look(self) -> None:
        if self._signals.received:
            raise KeyboardInterrupt(self._signals.received)


def open_standard_streams() -> None:
    """Puts the null device where a standard stream is closed.

    Else the next file that is opened takes its number, and gets what is printed.
    """
    number = -1
    while number <= 2:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(text: str) -> None:
    """Prints a line on stderr if it can be."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(f"pinnsven: {text}", file=sys.stderr, flush=True)


def show(text: str) -> bool:
    """Prints text on stdout; whether that worked, or nobody wanted to read it."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        return True  # `| head` has seen enough
    except (OSError, ValueError) as error:
        say(f"the table could not be printed: {error}")
        return False
    return True


def end(status: int) -> None:
    """Ends the process with a status, beside a compilation that nobody waits for if need be."""
    for stream in (sys.stdout, sys.stderr):
        _empty(stream)
    if is_abandoned():
        leave(status)
    sys.exit(status)


def _empty(stream) -> None:
    """Leaves nothing in a stream's buffer on which the interpreter could fail at its end."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            stream.flush()
