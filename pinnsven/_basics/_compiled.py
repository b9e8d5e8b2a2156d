"""Compiled functions of a run: each compiled once for the shapes it meets, the time of it apart."""

import time
from collections.abc import Callable

import jax
import numpy as np

from ._interruptible import interruptible


class NotCompiled(RuntimeError):
    """A function is needed that was not compiled before the run was interrupted."""


class Compiler:
    """Compiles functions, and keeps them.

    - `announce`: called with the name of a function before that is compiled.
    - `announce_end`: called with the name and the seconds that it took, after that.
    - `seconds`: spent compiling so far.
    - `closed`: whether no more is compiled, for who has pressed Ctrl-C waits for no compilation.
    """

    def __init__(self, announce: Callable[[str], None], announce_end: Callable[[str, float], None]):
        self.seconds = 0.0
        self.closed = False
        self._announce, self._announce_end = announce, announce_end
        self._kept = {}

    @property
    def number(self) -> int:
        """How many functions are kept."""
        return len(self._kept)

    def function(self, name: str, function, *arguments, donate: tuple[int, ...] = ()):
        """A function compiled for its arguments, once for all shapes of the last of them.

        - `arguments`: arrays, or what describes their shapes.
        - `donate`: which of them it may overwrite.
        """
        shapes = tuple(np.shape(leaf) for leaf in jax.tree.leaves(arguments[-1]))
        if (name, shapes) not in self._kept:
            self._kept[name, shapes] = self.compile(name, function, *arguments, donate=donate)
        return self._kept[name, shapes]

    def compile(self, name: str, function, *arguments, donate: tuple[int, ...] = ()):
        """The same for a function that is needed once.

        Raises `NotCompiled` where no more is compiled; `KeyboardInterrupt` does not wait for its end.
        """
        if self.closed:
            raise NotCompiled(f"the {name} function was not compiled yet")
        start = time.perf_counter()
        self._announce(name)
        try:
            # Traced here, where the settings of JAX hold, which are those of a thread.
            lowered = jax.jit(function, donate_argnums=donate).lower(*arguments)
            compiled = interruptible(lowered.compile)
        finally:
            self.seconds += (spent := time.perf_counter() - start)
        self._announce_end(name, spent)
        return compiled

    def forget(self) -> None:
        """Keeps nothing any more, for lack of memory."""
        self._kept = {}
