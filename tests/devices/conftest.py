"""These tests want eight devices, which JAX makes of one processor if it is told to before it starts.

`tests/solving/test_devices.py` runs them all in such a process.
"""

import jax

DEVICES = 8

collect_ignore_glob = [] if jax.device_count() == DEVICES else ["test_*.py"]
