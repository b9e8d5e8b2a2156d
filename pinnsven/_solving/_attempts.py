"""Parts of the ending of a run, none of which may lose what the others have found."""

from collections.abc import Callable
from typing import TypeVar

from .._basics._compiled import NotCompiled
from .._basics._memory import shortage_as_memory_error

Found = TypeVar("Found")


class Attempts:
    """Runs the parts of an ending one by one, and keeps in sentences what failed.

    - `run`: told of Ctrl-C. A second one gives up: it is raised.
    - `said`: the sentences.
    """

    def __init__(self, run):
        self.run = run
        self.said: list[str] = []

    def __call__(self, failure: str, part: Callable[[], Found]) -> Found | None:
        """What a part returns; None where it fails, or is interrupted.

        - `failure`: what is said then, in front of the reason.
        """
        try:
            return self.interruptibly(part)
        except NotCompiled:
            return None  # after Ctrl-C, which is said already
        except Exception as error:
            first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
            self.said.append(
                f"{failure[0].upper()}{failure[1:]}: {type(error).__name__}{first and f': {first}'}."
            )
            return None

    def interruptibly(self, part: Callable[[], Found]) -> Found | None:
        """What a part returns or raises; None where Ctrl-C interrupts it."""
        try:
            with shortage_as_memory_error():
                return part()
        except KeyboardInterrupt as error:
            if self.run.interrupted:
                raise
            self.run.interrupt(error)
            return None
