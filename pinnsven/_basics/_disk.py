"""Compiled programs in a folder of the user's, so that a second process compiles nothing.

A program is kept under the digest of all that decides it. Loading one runs what it contains: a file is
read only where it belongs to the user, nobody else may write it, and its contents are what was written.
Whatever goes wrong here costs a compilation and nothing else.
"""

import contextlib
import functools
import hashlib
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import jax
import jaxlib.version
from jax.experimental.serialize_executable import deserialize_and_load, serialize

from ._processes import number_of_processes

VARIABLE = "PINNSVEN_CACHE"  # "off", or a folder
OFF = ("off", "0", "no", "false")
MOST_BYTES = 2**30  # in the folder; the least recently used programs go first
WORTH = 0.1  # seconds of compiling, above which a program is kept
MARK = b"pinnsven program 1\n"
SUFFIX = ".program"


def default_folder() -> Path | None:
    """Where programs are kept if nothing else is asked for; None where the variable says off."""
    asked = os.environ.get(VARIABLE, "").strip()
    if asked.lower() in OFF:
        return None
    if asked:
        return Path(asked).expanduser()
    with contextlib.suppress(RuntimeError):  # there is no home
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pinnsven"
    return None


def program_folder(cache: object) -> Path | None:
    """The folder that a `cache=` stands for: a path, True for the user's own, or False for none.

    None with several processes, whose programs are not those of one.
    """
    if isinstance(cache, bool):
        folder = default_folder() if cache else None
    elif isinstance(cache, (str, os.PathLike)):
        folder = Path(cache).expanduser()
    else:
        raise ValueError(f"cache={cache!r}: give a folder, or True or False")
    return folder if number_of_processes() == 1 else None


def load(folder: Path, key: str, lowered: jax.stages.Lowered, devices: list) -> Any:
    """The program of a key on some devices; None where there is none that can be trusted and used."""
    path = folder / (_entry(key) + SUFFIX)
    try:
        content = _own_content(path)
        if content is None:
            return None
        head = len(MARK) + hashlib.sha256().digest_size
        payload = content[head:]
        if content[:head] != MARK + hashlib.sha256(payload).digest():
            return None
        inputs = jax.tree.structure(lowered.args_info)
        found = deserialize_and_load(payload, inputs, lowered.out_tree, execution_devices=devices)
        os.utime(path)
        return found
    except Exception:  # of another JAX, damaged in a way the digest does not show, gone meanwhile
        return None


def store(folder: Path, key: str, compiled: jax.stages.Compiled) -> None:
    """Keeps a program, if the folder can be written and the program be taken apart."""
    try:
        payload = serialize(compiled)[0]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = hashlib.sha256(payload).digest()
        # Written beside and renamed: another process never sees half of it.
        with tempfile.NamedTemporaryFile(dir=folder, prefix="new-", delete=False) as file:
            try:
                file.write(MARK + digest + payload)
                file.close()
                os.replace(file.name, folder / (_entry(key) + SUFFIX))
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _keep_within(folder, MOST_BYTES)
    except Exception:  # full, read-only, no folder, a program that cannot be taken apart
        return


def _own_content(path: Path) -> bytes | None:
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        return file.read()


def _keep_within(folder: Path, most: int) -> None:
    found = []
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):  # another process was faster
            if entry.name.endswith(SUFFIX):
                status = entry.stat()
                found.append((status.st_mtime, status.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size


def _entry(key: str) -> str:
    """The name of a program on this machine, with these versions."""
    return hashlib.sha256(f"{key} {_machine()}".encode()).hexdigest()


@functools.cache
def _machine() -> str:
    """What a program on disk depends on beside itself: versions, flags, the device and its features."""
    device = jax.local_devices()[0]
    features = platform.processor()
    with contextlib.suppress(OSError):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = {line for line in file if line.startswith(("model name", "flags"))}
        features = "".join(sorted(lines))
    parts = (jax.__version__, jaxlib.version.__version__, platform.python_version(), platform.machine())
    return " ".join([*parts, device.platform, device.device_kind, features])
