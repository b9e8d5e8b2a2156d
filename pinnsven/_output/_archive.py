"""Files: one zip archive of plain arrays and one JSON text, written atomically, never executed.

A file may be damaged, foreign or made to harm. So it is believed step by step, and nothing of any size
is read before it is known to be wanted: the directory of the archive says how large every member is
and how it is packed, the first bytes of a member say its type and shape, and only where both agree are
the numbers read, under the checksum that zip keeps of them. A header is parsed by one regular
expression: numpy's own reader would evaluate it as Python.
"""

import contextlib
import io
import json
import math
import os
import re
import secrets
import zipfile

import numpy as np

FORMAT = 1
HEADER = "header"
MOST_HEADER = 2**24  # bytes of the JSON text, four to a character
FREE = 2**26  # bytes that the members of any archive may unpack to,
UNPACKED = 100  # and as many times its own size (numbers that repeat are packed some tenfold)
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1  # the flag of a member
MAGIC = b"\x93NUMPY\x01\x00"
DESCRIPTION = re.compile(
    rb"\{'descr': '([<>|][biuU]\d{1,9}|[<>]f[248])', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,15}, ?)*\d{0,15})\), \} *\n"
)
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def write_archive(path, kind: str, meta: dict, arrays: dict[str, np.ndarray]) -> None:
    """Writes JSON-able facts and named arrays to `path`, all or nothing.

    The bytes go to a temporary file in the same folder, reach the disk, and are renamed into place.
    Numbers in `meta` that are not finite become the texts "nan", "inf" and "-inf", since JSON has no
    such numbers. Raises `OSError` when the folder cannot be written.
    """
    facts = {"format": FORMAT, "kind": kind, "arrays": sorted(arrays), "meta": _spelled(meta)}
    header = json.dumps(facts, allow_nan=False)
    buffer = io.BytesIO()
    # Not packed: the digits of parameters do not repeat, and what is as large as it says is no bomb.
    np.savez(buffer, **{HEADER: np.array(header)}, **arrays)  # type: ignore[arg-type]
    write_bytes(path, buffer.getvalue())


def write_bytes(path, content: bytes) -> None:
    """Writes a whole file or nothing; a symbolic link stays one, and its target is written."""
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):  # /dev/null is no file to be replaced
        with open(target, "wb") as device:
            device.write(content)
        return
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".pinnsven-{secrets.token_hex(8)}")
    # Opened like any other file: the system takes the user's umask off these permissions.
    handle = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
    )
    try:
        with _closed_on_failure(handle) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            with contextlib.suppress(OSError):  # where a file system knows no permissions
                os.chmod(temporary, os.stat(target).st_mode & 0o777)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):  # the first failure is the one to report
            os.unlink(temporary)
        raise


def _closed_on_failure(handle: int):
    try:
        return os.fdopen(handle, "wb")
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(handle)
        raise


def read_archive(path, kind: str) -> tuple[dict, dict[str, np.ndarray]]:
    """The facts and arrays of a file that `write_archive` wrote.

    Raises `FileNotFoundError`, or `ValueError` for a file that is truncated, foreign, encrypted, far
    larger than it looks, of another kind, or written by a newer pinnsven.
    """
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            members = _directory(archive, os.fstat(file.fileno()).st_size)
            header = _header(archive, members.pop(HEADER, None))
            found, meta, version = header["kind"], header["meta"], header["format"]
            if not (isinstance(meta, dict) and isinstance(found, str) and type(version) is int):
                raise ValueError("its header has another structure")
            # Damage to the directory itself hides members; older files have no list of them.
            if header.get("arrays", sorted(members)) != sorted(members):
                raise ValueError("its members are not those that its header lists")
            if found == kind and version <= FORMAT:
                arrays = {name: _array(archive, member) for name, member in members.items()}
    except FileNotFoundError:
        raise
    except Exception as error:  # zip, zlib and JSON fail in a dozen ways, of which none is ours
        raise ValueError(f"{path}: not a pinnsven file, or damaged ({_words(error)})") from None
    if version > FORMAT:
        raise ValueError(f"{path}: written by a newer pinnsven (format {version}, known {FORMAT})")
    if found != kind:
        raise ValueError(f"{path}: holds a {found[:40]}, not a {kind}")
    return meta, arrays


@contextlib.contextmanager
def damage_named(path):
    """Turns whatever goes wrong with a file's content into a `ValueError` that names the file."""
    try:
        yield
    except Exception as error:
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        raise ValueError(f"{path}: damaged ({_words(error)})") from error


def _words(error: Exception) -> str:
    kind = "" if type(error) is ValueError else f"{type(error).__name__}: "
    return kind + str(error)[:300]


def _directory(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members by name, once the directory of the archive shows that they may be read."""
    infos = archive.infolist()
    for info in infos:
        if info.flag_bits & ENCRYPTED:
            raise ValueError(f"its member {info.filename!r} is encrypted")
        if info.compress_type not in PACKED:
            raise ValueError(f"its member {info.filename!r} is packed in an unknown way")
        if not info.filename.endswith(".npy"):
            raise ValueError(f"its member {info.filename!r} is no array")
    members = {info.filename.removesuffix(".npy"): info for info in infos}
    if len(members) < len(infos):
        raise ValueError("two of its members have one name")
    unpacked, most = sum(info.file_size for info in infos), FREE + UNPACKED * size
    if unpacked > most:
        raise ValueError(f"it would unpack to {unpacked} bytes, of which at most {most} are read")
    return members


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo | None) -> dict:
    if member is None:
        raise ValueError("it has no header")
    if member.file_size > MOST_HEADER:
        raise ValueError(f"its header of {member.file_size} bytes is longer than any of ours")
    header = json.loads(str(_array(archive, member)))
    if not isinstance(header, dict):
        raise ValueError("its header has another structure")
    return header


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One member, whose own description must ask for as many bytes as the directory promises."""
    with archive.open(member) as file:
        start = file.read(len(MAGIC) + 2)
        length = int.from_bytes(start[len(MAGIC) :], "little")
        found = DESCRIPTION.fullmatch(file.read(length))
        if start[: len(MAGIC)] != MAGIC or found is None:
            raise ValueError(f"its member {member.filename!r} is no array of plain numbers")
        dtype = np.dtype(found[1].decode())
        shape = tuple(int(n) for n in found[3].replace(b" ", b"").split(b",") if n)
        wanted = math.prod(shape) * dtype.itemsize
        if len(start) + length + wanted != member.file_size:
            raise ValueError(
                f"its member {member.filename!r} of shape {shape} has {member.file_size} bytes"
            )
        content = file.read(wanted + 1)  # to the end, where the checksum is compared
    if len(content) != wanted:
        raise ValueError(f"its member {member.filename!r} has another length than it says")
    order = "F" if found[2] == b"True" else "C"
    values = np.frombuffer(content, dtype).reshape(shape, order=order)
    return values.astype(dtype.newbyteorder("="), order=order)


def _spelled(value):
    """The same facts with every number that is not finite as a text."""
    if isinstance(value, dict):
        return {key: _spelled(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return next(word for word, number in NOT_FINITE.items() if repr(number) == repr(float(value)))
    return value
