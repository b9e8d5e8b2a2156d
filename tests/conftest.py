"""Session settings: one thread, float64, strict promotion, a place to import problem files from."""

import contextlib
import gc
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache
from jaxtyping import install_import_hook

# Whose annotations of arrays are held against what is passed. The rest of the domains, which call
# themselves a million times for a rule of integration, would cost the tests of the domains half as much
# again.
CHECKED = [
    *("pinnsven._sven", "pinnsven._calculus"),
    *(
        f"pinnsven._domains._{name}"
        for name in ("box", "domain", "polygon", "round", "sampling", "shape")
    ),
]
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the source tree wins over an installed copy
sys.path.insert(0, str(ROOT / "problems"))
install_import_hook(CHECKED, "arrays_checked.arrays_checked")  # before any of them is imported
# Read when JAX first computes: the test processes would wait for one another's threads.
one_thread = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ.setdefault("XLA_FLAGS", one_thread)
# Each process of a session gets a core of its own, and so compiles nothing in a thread beside.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER and hasattr(os, "sched_setaffinity"):
    given = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {given[int(WORKER.removeprefix("gw")) % len(given)]})
# Processes of one session share what they compile, and leave the user's own programs alone.
PROGRAMS = "PINNSVEN_CACHE"
MADE_HERE = PROGRAMS not in os.environ
if MADE_HERE:
    os.environ[PROGRAMS] = tempfile.mkdtemp(prefix="pinnsven-tests-")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

from pinnsven._basics._compiled import _programs  # noqa: E402 (after its settings)

CACHE = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
MOST_MAPS = 30_000  # of the 65,530 that Linux allows a process
LONG = (
    *(
        "at_once",
        "units",
        "devices",
        "evolve",
        "pictures",
        "kernel",
        "parts",
        "cli",
        "march",
        "nothing_lost",
        "residual_rows",
        "endings",
        "docs",
        "unknowns",
        "backends",
    ),
    *("uncertainty", "determined", "runs", "solve", "samples", "descent", "library", "factors"),
)


def pytest_unconfigure(config):
    if MADE_HERE:
        shutil.rmtree(os.environ[PROGRAMS], ignore_errors=True)


def pytest_collection_modifyitems(items):
    """The longest files come first, so that no process is left alone with one of them."""
    place = {f"test_{name}.py": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))


@pytest.fixture(autouse=True, scope="session")
def interrupts_are_heard():
    """A shell that starts the tests in the background has them ignore Ctrl-C."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """Programs are forgotten before there are too many: each is mapped into memory some times, and a
    process that has as many maps as it may have dies while it compiles."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_text().count("\n") > MOST_MAPS:
        _programs.forget()
        jax.clear_caches()
        gc.collect()


@contextlib.contextmanager
def cache_kept():
    """Brings the settings of JAX's cache on disk back as they were."""
    before = {name: getattr(jax.config, name) for name in CACHE}
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="module")
def quick_compilation():
    """For tests that compile much, and run what they have compiled a few times only."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """The folder of what `shared_compilations` has compiled."""
    return str(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def shared_compilations(quick_compilation, compiled):
    """The same, with JAX's cache on disk: functions of equal shapes share what was compiled."""
    with cache_kept():
        for name, value in zip(CACHE, (compiled, 0.05), strict=True):
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        yield
    compilation_cache.reset_cache()


@pytest.fixture
def nothing_compiled(monkeypatch):
    """For tests of what happens while something is compiled: no program is known."""
    monkeypatch.setenv(PROGRAMS, "off")
    _programs.forget()
