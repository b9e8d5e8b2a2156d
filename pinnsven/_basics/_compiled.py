"""Compiled functions of a run: each compiled once for its structure, and the time of it apart.

A function is traced with its arguments as flat arrays, and what JAX would hand to its compiler is the
name under which the program is kept, for all runs of the process and on disk. Nothing that a function
closes over can therefore be out of date: another number in it is another program. What differs between
two solves without compiling must be among the arguments.
"""

import functools
import hashlib
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from . import _disk
from ._interruptible import beside, interruptible, leave_alone
from ._precision import precision_context
from ._processes import number_of_processes
from ._traces import TracesOfRun, asked

# Of JAX, which the program does not show.
SETTINGS = ("jax_default_device", "jax_disable_most_optimizations", "jax_compiler_enable_remat_pass")
LEVEL = "xla_backend_optimization_level"
# What XLA is asked for, the first of each that it knows. Half of a compilation on a CPU went into MLIR,
# built anew for each of some 500 kernels: the older way of writing them takes half as long for kernels
# as fast (experiment 149), but JAX 0.12 has it no more. There LLVM's cheaper passes take off a sixth
# (experiment 86). A GPU's search for the best kernels took 8 of 24 s on an H100, for as many steps.
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "cpu": (
        {
            "xla_cpu_use_fusion_emitters": False,
            "xla_cpu_parallel_codegen_split_count": 1,
            LEVEL: 2,
        },
        {LEVEL: 1},
    ),
    "gpu": ({"xla_gpu_autotune_level": 0},),
}
# For what runs once or twice: a third of the compilation, for programs two to four times as slow.
BRIEF: dict[str, dict[str, Any]] = {"cpu": {LEVEL: 0}}
MOST_KEPT = 256  # programs in a process; the least recently used go first


class NotCompiled(RuntimeError):
    """A function is needed that was not compiled before the run was interrupted."""


class Program:
    """A compiled function of pytrees of arrays."""

    def __init__(self, compiled: jax.stages.Compiled, outputs: Any):
        self._compiled, self._outputs = compiled, outputs

    def __call__(self, *arguments):
        return self._outputs.unflatten(self._compiled(*jax.tree.leaves(arguments)))

    def memory_analysis(self):
        """What the compiler has planned, see `pinnsven._basics._memory.needed`."""
        return self._compiled.memory_analysis()


class Compiler:
    """Compiles functions, and keeps them.

    - `announce`: called with the name of a function before that is compiled.
    - `announce_end`: called with the name and the seconds that it took, after that.
    - `folder`: where programs are kept for other processes, None for nowhere.
    - `traces`: what the run shares with others of the same structure; None for none.
    - `seconds`: spent tracing and compiling so far, as far as the run had to wait for it.
    - `closed`: whether no more is compiled, for who has pressed Ctrl-C waits for no compilation.
    """

    def __init__(
        self,
        announce: Callable[[str], None],
        announce_end: Callable[[str, float], None] = lambda name, seconds: None,
        folder: Path | None = None,
        traces: TracesOfRun | None = None,
    ):
        self.seconds = 0.0
        self.closed = False
        self.folder, self.traces = folder, traces
        self._announce, self._announce_end = announce, announce_end
        self._kept: dict[tuple, Program] = {}
        self._ahead: dict[tuple, Future[Program]] = {}
        self._queue: deque[tuple[Future[Program], Callable[[], Program]]] = deque()
        self._worker: threading.Thread | None = None

    @property
    def works_beside(self) -> bool:
        """Whether there is a second core on which to compile ahead, and no process that has none."""
        return cores() > 1 and not self.closed and number_of_processes() == 1

    @property
    def number(self) -> int:
        """How many functions are kept."""
        return len(self._kept)

    def function(
        self, name: str, function, *arguments, donate: tuple[int, ...] = (), brief: bool = False
    ) -> Program:
        """A function compiled for its arguments, once for all shapes of the last of them.

        - `arguments`: arrays, or what describes their shapes.
        - `donate`: which of them it may overwrite.
        - `brief`: whether it runs so seldom that its compilation is what it costs.
        """
        key = _key(name, arguments, brief)
        if key not in self._kept:
            found = self._wait_for(name, self._ahead.pop(key, None))
            if found is None:
                found = self.compile(name, function, *arguments, donate=donate, brief=brief)
            self._kept[key] = found
        return self._kept[key]

    def is_ready(self, name: str, *arguments, brief: bool = False) -> bool:
        """Whether a function is compiled for these shapes, here or ahead of its use."""
        key = _key(name, arguments, brief)
        return key in self._kept or (key in self._ahead and self._ahead[key].done())

    def ahead(
        self, name: str, function, *arguments, donate: tuple[int, ...] = (), brief: bool = False
    ) -> None:
        """Begins to compile what `function` will be asked for, in a thread beside.

        One after the other, and only where a second core exists; XLA lets others run meanwhile.
        """
        key = _key(name, arguments, brief)
        if not self.works_beside or key in self._kept or key in self._ahead:
            return
        precision = str(jax.dtypes.canonicalize_dtype(float))  # that of this thread, now

        def work() -> Program:
            with precision_context(precision):
                shared = self._shared(name, arguments, donate, brief)
                if shared is not None and (known := shared[0].find(shared[1])) is not None:
                    return known
                lowered, outputs = _lowered(function, arguments, donate)
                options = _options(brief)
                digest, program = self._known(lowered, arguments, options)
                made = program or _programs.make(digest, lowered, self.folder, options)
                return self._noted(Program(made, outputs), digest, shared)

        self._ahead[key] = Future()
        self._queue.append((self._ahead[key], work))
        if self._worker is None or not self._worker.is_alive():
            self._worker = beside(self._work, "pinnsven-ahead")

    def close(self) -> None:
        """Begins no other compilation ahead."""
        self._queue.clear()
        self._ahead = {}

    def interrupt(self) -> None:
        """Compiles nothing any more, and waits for nothing."""
        self.closed = True
        self.close()
        if self._worker is not None:
            leave_alone(self._worker)

    def _work(self) -> None:
        # LAPACK's threads wait for one another by spinning: beside a compilation a step on two of them
        # takes twice as long as on one (experiment 89).
        with threadpool_limits(limits=1, user_api="blas"):
            self._empty_the_queue()

    def _empty_the_queue(self) -> None:
        while True:
            try:
                future, work = self._queue.popleft()
            except IndexError:
                return
            try:
                future.set_result(work())
            except BaseException as error:  # it is raised where the program is needed
                future.set_exception(error)

    def _wait_for(self, name: str, future: "Future[Program] | None") -> Program | None:
        """What is compiled ahead; None where it is not, or was not begun."""
        if future is None or self.closed:
            return None
        if any(future is waiting for waiting, _ in list(self._queue)):
            self._queue = deque(pair for pair in self._queue if pair[0] is not future)
            return None
        start = time.perf_counter()
        try:
            if future.done():
                return future.result()
            self._announce(name)
            program = interruptible(future.result)
        except Exception:
            return None  # compiled here it fails again, or does not
        finally:
            self.seconds += (spent := time.perf_counter() - start)
        self._announce_end(name, spent)
        return program

    def compile(
        self, name: str, function, *arguments, donate: tuple[int, ...] = (), brief: bool = False
    ) -> Program:
        """The same for a function that is needed once.

        Raises `NotCompiled` where no more is compiled; `KeyboardInterrupt` does not wait for its end.
        """
        if self.closed:
            raise NotCompiled(f"the {name} function was not compiled yet")
        start = time.perf_counter()
        try:
            shared = self._shared(name, arguments, donate, brief)
            if shared is not None and (known := shared[0].find(shared[1])) is not None:
                return known
            # Traced here, where the settings of JAX hold, which are those of a thread.
            lowered, outputs = _lowered(function, arguments, donate)
            options = _options(brief)
            key, program = self._known(lowered, arguments, options)
            if program is not None:
                return self._noted(Program(program, outputs), key, shared)
            self._announce(name)
            program = interruptible(lambda: _programs.make(key, lowered, self.folder, options))
        finally:
            self.seconds += (spent := time.perf_counter() - start)
        self._announce_end(name, spent)
        return self._noted(Program(program, outputs), key, shared)

    def _shared(self, name, arguments, donate, brief: bool) -> "tuple[TracesOfRun, tuple] | None":
        """Where other runs have left programs, and what asks for this one; None for nowhere."""
        if self.traces is None:
            return None
        how = (donate, brief, str(jax.dtypes.canonicalize_dtype(float)), *_devices(arguments))
        return self.traces, asked(name, arguments, how)

    def _noted(self, program: Program, digest: str, shared) -> Program:
        """The program, left for other runs."""
        if shared is not None:
            shared[0].note(shared[1], digest, program)
        return program

    def _known(self, lowered: jax.stages.Lowered, arguments, options) -> tuple[str, Any]:
        """The name of a program, and itself where it need not be compiled."""
        devices = _devices(arguments)
        digest = _digest(lowered, devices, options)
        return digest, _programs.find(digest, lowered, self.folder, devices)

    def forget(self) -> None:
        """Keeps no function any more, since the run asks for others by the same names."""
        self._kept, self.traces = {}, None  # to other runs too the names mean what they did
        self.close()

    def free(self) -> None:
        """Keeps nothing at all, for lack of memory."""
        self.forget()
        _programs.forget()


def briefly(function: Callable) -> Callable:
    """A function as `jax.jit` has it, for what runs once or twice: quick to compile, slow to run."""
    return jax.jit(function, compiler_options=_options(brief=True))


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _key(name: str, arguments, brief: bool) -> tuple:
    return name, brief, tuple(np.shape(leaf) for leaf in jax.tree.leaves(arguments[-1]))


def _lowered(function, arguments, donate) -> tuple[jax.stages.Lowered, Any]:
    """A function of flat arrays as its compiler gets it, and the structure of its results.

    What is static in the structures of arguments and results stays with the caller.
    """
    leaves, structure = jax.tree.flatten(arguments)
    given = [number for number, part in enumerate(arguments) for _ in jax.tree.leaves(part)]
    outputs: list = []

    def flat(*values):
        found, tree = jax.tree.flatten(function(*structure.unflatten(values)))
        outputs.append(tree)
        return found

    positions = [place for place, number in enumerate(given) if number in donate]
    # With arguments that are not used left out, unequal ones would make equal programs.
    jitted = jax.jit(flat, donate_argnums=positions, keep_unused=True)
    return jitted.lower(*leaves), outputs[-1]


class _Programs:
    """The compiled programs of this process, by digest; those on their way are waited for."""

    def __init__(self):
        self._lock = threading.Lock()  # on what is kept
        self._compiling = threading.Lock()
        self._kept: OrderedDict[str, Future] = OrderedDict()

    def find(self, key: str, lowered: jax.stages.Lowered, folder: Path | None, devices: list) -> Any:
        """A program that need not be compiled, or None."""
        with self._lock:
            found = self._kept.get(key)
        if found is not None and found.done():
            return self._noted(key, found.result())
        if found is None and folder is not None:
            loaded = _disk.load(folder, key, lowered, devices)
            return None if loaded is None else self._noted(key, loaded)
        return None

    def make(self, key: str, lowered: jax.stages.Lowered, folder: Path | None, options: dict) -> Any:
        """The program, compiled here, or by who began earlier."""
        with self._lock:
            found = self._kept.get(key)
            mine = found is None
            if found is None:
                found = self._kept[key] = Future()
        if not mine:
            return found.result()
        try:
            # One at a time: several at once, of which one was written to JAX's own cache, have crashed.
            with self._compiling:
                began = time.perf_counter()
                compiled = lowered.compile(compiler_options=options)
                if folder is not None and time.perf_counter() - began > _disk.WORTH:
                    _disk.store(folder, key, compiled)
            found.set_result(compiled)
            return self._noted(key, compiled)
        except BaseException as error:
            with self._lock:
                self._kept.pop(key, None)
            found.set_exception(error)
            raise

    def forget(self) -> None:
        """Keeps no program that is not on its way."""
        with self._lock:
            self._kept = OrderedDict((k, f) for k, f in self._kept.items() if not f.done())

    def _noted(self, key: str, program: Any) -> Any:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = Future()
                self._kept[key].set_result(program)
            self._kept.move_to_end(key)
            done = [k for k, f in self._kept.items() if f.done()]
            for old in done[: max(len(done) - MOST_KEPT, 0)]:
                del self._kept[old]
        return program


def _options(brief: bool) -> dict[str, Any]:
    """What XLA is asked for; its level is left to JAX where that was asked for quick compilations."""
    backend = jax.default_backend()
    options = _known_options(backend) | (BRIEF.get(backend, {}) if brief else {})
    if jax.config.values.get("jax_disable_most_optimizations"):
        return {name: value for name, value in options.items() if name != LEVEL}
    return options


@functools.cache
def _known_options(backend: str) -> dict[str, Any]:
    """The first options of a backend that its compiler knows: asked once, with an empty program."""
    empty = jax.jit(lambda: ()).lower()
    for options in OPTIONS.get(backend, ()):
        try:
            empty.compile(compiler_options=options)
        except jax.errors.JaxRuntimeError:
            continue
        return options
    return {}


def _devices(arguments) -> list:
    """The devices for which a function of these arguments is compiled, in their order."""
    for leaf in jax.tree.leaves(arguments):
        sharding = getattr(leaf, "sharding", None)
        if isinstance(sharding, jax.sharding.NamedSharding):
            return np.asarray(sharding.mesh.devices).ravel().tolist()
    return jax.local_devices()[:1]


def _digest(lowered: jax.stages.Lowered, devices: list, options: dict[str, Any]) -> str:
    """A name for all that decides a program within one process."""
    settings = [*map(str, devices), os.environ.get("XLA_FLAGS", "")]
    settings.append(str(options))
    settings += [str(jax.config.values.get(name)) for name in SETTINGS]
    return hashlib.sha256("\n".join([*settings, lowered.as_text()]).encode()).hexdigest()


_programs = _Programs()
