"""Programs of runs that differ in numbers alone.

What two of them have traced alike, the others need not trace.
"""

import threading
from typing import Any

import jax
import numpy as np


class SharedTraces:
    """The programs of several runs, by what asks for them: a name and the shapes of its arguments.

    Tracing costs a run seconds even where nothing is left to compile. Where two runs that differ in all
    of their numbers have traced a function to the same program, those numbers are among its arguments,
    and a third run takes the program as it is. Where the two differ, every run traces it.
    """

    def __init__(self):
        self._lock = threading.Lock()
        # The digest (None where two runs differ), the run that noted it, and the program once a second
        # run has found the same.
        self._noted: dict[tuple, tuple[str | None, object, Any]] = {}

    def of_run(self) -> "TracesOfRun":
        """What one more run sees of them."""
        return TracesOfRun(self)

    def find(self, key: tuple) -> Any:
        """The program that two runs have found, or None."""
        with self._lock:
            return self._noted.get(key, (None, None, None))[2]

    def note(self, key: tuple, digest: str, program: Any, run: object) -> None:
        """Takes note of what a run has traced.

        - `digest`: a name for all that decides the program.
        - `run`: what tells the run from others.
        """
        with self._lock:
            first, by, found = self._noted.setdefault(key, (digest, run, None))
            if first != digest:
                self._noted[key] = (None, by, None)
            elif by is not run and found is None:
                self._noted[key] = (digest, by, program)


class TracesOfRun:
    """The programs that a run shares with others, whichever of its compilers asks.

    - `shared`: those of all runs.
    """

    def __init__(self, shared: SharedTraces):
        self._shared = shared

    def find(self, key: tuple) -> Any:
        """The program that two runs have found, or None."""
        return self._shared.find(key)

    def note(self, key: tuple, digest: str, program: Any) -> None:
        """Takes note of what this run has traced."""
        self._shared.note(key, digest, program, self)


def asked(name: str, arguments: tuple, how: tuple) -> tuple:
    """What asks for a program: its name, the shapes and kinds of its arguments, how it is compiled."""
    leaves = jax.tree.leaves(arguments)
    kinds = tuple((np.shape(leaf), str(getattr(leaf, "dtype", type(leaf)))) for leaf in leaves)
    return name, kinds, how
