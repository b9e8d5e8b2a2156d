"""Rows on several devices, in a process that has eight of them."""

import pytest

from helpers import run_python

FLAGS = "--xla_force_host_platform_device_count=8 --xla_cpu_multi_thread_eigen=false"


@pytest.mark.solves
@pytest.mark.parametrize("marked", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_what_needs_several_devices_passes_on_eight(marked):
    """The tests of `tests/devices`, which are not collected where there is one device."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-m", marked, "tests/devices"]
    code = f"import sys, pytest; sys.exit(pytest.main({options}))"
    environment = {"XLA_FLAGS": FLAGS, "PYTEST_XDIST_WORKER": ""}
    done = run_python(code, environment=environment, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
