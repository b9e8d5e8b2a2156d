"""Session settings: float64, strict promotion, a place to import problem files from, two processes."""

import os
import sys
from pathlib import Path

import jax
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the source tree wins over an installed copy
sys.path.insert(0, str(ROOT / "problems"))
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """The whole suite runs in two processes of one thread each, whole files in either.

    Most of its time is XLA compiling, on one thread. `-n` decides otherwise.
    """
    if not config.pluginmanager.hasplugin("xdist") or config.option.usepdb:
        return
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and config.option.numprocesses is None:
        config.option.numprocesses = min(2, os.cpu_count() or 1)
        config.option.dist = "loadfile"
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        one_thread = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ.setdefault("XLA_FLAGS", one_thread)


@pytest.fixture(autouse=True)
def cache_settings():
    """The command turns JAX's cache on disk on for its process: no other test is to use that."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    yield
    for name, value in before.items():
        jax.config.update(name, value)
