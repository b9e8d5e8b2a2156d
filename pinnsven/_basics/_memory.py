"""The memory of a run: what it will take, what it took, and how it is said that there is no more.

On a CPU the bytes of the whole process count, on an accelerator those of the device.
"""

import contextlib
import dataclasses
import math
import os
import sys

import jax

OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory")


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes of memory; None where they cannot be told.

    - `predicted`: the peak of the run as it was predicted before the steps began, the estimate of the
      error and room for points to grow included; renewed when points outgrow that.
    - `peak`: the most in use until the end of the run, by the whole process on a CPU.
    """

    predicted: int | None
    peak: int | None

    def __str__(self) -> str:
        predicted = "" if self.predicted is None else f" (predicted {in_words(self.predicted)})"
        return f"{in_words(self.peak)} of memory{predicted}"


def in_use() -> int | None:
    """Bytes in use now; None where this cannot be told."""
    statistics = jax.local_devices()[0].memory_stats()
    if statistics is not None:
        return statistics["bytes_in_use"]
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no Linux
        return peak()


def peak() -> int | None:
    """The most bytes in use so far; None where this cannot be told."""
    statistics = jax.local_devices()[0].memory_stats()
    if statistics is not None:
        return statistics["peak_bytes_in_use"]
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def size_of(arrays) -> int:
    """The bytes of some arrays, or of what describes them."""
    return sum(math.prod(array.shape) * array.dtype.itemsize for array in arrays)


def needed(compiled) -> int:
    """Bytes that a compiled function takes, as its compiler planned them.

    What it may overwrite counts among its results, other arguments do not count.
    """
    planned = compiled.memory_analysis()
    if planned is None:
        return 0
    return planned.temp_size_in_bytes + planned.output_size_in_bytes


@contextlib.contextmanager
def shortage_as_memory_error():
    """Raises `MemoryError` for what JAX raises where a device, or the system, has no more memory."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if not any(sign in str(error) for sign in OUT_OF_MEMORY):
            raise
        raise MemoryError(str(error)) from error


def in_words(size: int | None) -> str:
    """A number of bytes in gigabytes."""
    return "unknown" if size is None else f"{size / 1e9:.2f} GB"
