"""Columns of readings by name: from CSV files, npz archives, and tables such as those of pandas."""

import csv
import os
from pathlib import Path

import numpy as np

from .._basics._messages import listing, nearest

ABSENT = ("", "na", "n/a", "nan", "null", "none", "-")  # as files write a missing value
DELIMITERS = ",;\t|"  # between the columns; spaces where there is none of them


def read_columns(source, wanted: dict[str, str]) -> dict[str, np.ndarray]:
    """Columns (n,) of floats, a missing value being NaN.

    - `source`: a path to a `.npz` archive or to text with one line of names, or a mapping of columns.
    - `wanted`: the names of columns, by what they stand for.

    Raises `ValueError` for a column that does not exist or holds something else than numbers, and
    `OSError` for a file that cannot be read.
    """
    if isinstance(source, (str, os.PathLike)):
        label = os.fspath(source)
        table = _archive(label) if label.lower().endswith(".npz") else _text(label)
    elif hasattr(source, "keys") and hasattr(source, "__getitem__"):
        label = type(source).__name__
        table = {str(key): source[key] for key in source.keys()}  # noqa: SIM118  # of pandas too
    else:
        raise ValueError(f"{source!r}: give a file, a dict of columns or a pandas.DataFrame")
    found = {}
    for role, name in wanted.items():
        if name not in table:
            raise ValueError(
                f"{role}={name!r}: {label} has no such column; there are {listing(table)}."
                + nearest(str(name), list(table))
            )
        found[role] = _floats(f"{label}: column {name!r}", table[name])
    lengths = {wanted[role]: len(column) for role, column in found.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{label}: its columns have different lengths {lengths}")
    return found


def _archive(path: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _text(path: str) -> dict[str, list[str]]:
    """The columns of a text file as they are written.

    Lines that are empty or begin with `#` are left out, but for one before the first: those are names.
    """
    text = Path(path).read_text(encoding="utf-8-sig")
    lines = [line for line in text.splitlines() if line.strip()]
    comments = [line for line in lines if line.lstrip().startswith("#")]
    lines = [line for line in lines if not line.lstrip().startswith("#")]
    if not lines:
        raise ValueError(f"{path}: there are no readings in it")
    delimiter = next((mark for mark in DELIMITERS if mark in lines[0]), " ")
    rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
    names = [name.strip() for name in rows[0]]
    if all(_is_number(name) for name in names):
        if not comments:
            raise ValueError(
                f"{path}: its first line {lines[0]!r} holds numbers; write the names of the columns "
                "there"
            )
        names = next(
            csv.reader([comments[-1].lstrip("# ")], delimiter=delimiter, skipinitialspace=True)
        )
        names = [name.strip() for name in names]
    else:
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise ValueError(
                f"{path}: reading {number} has {len(row)} entries for {len(names)} columns, "
                f"{listing(names)}"
            )
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _floats(label: str, column) -> np.ndarray:
    """A column as floats (n,); `ValueError` for an entry that is neither a number nor missing."""
    array = np.asarray(column)
    if array.ndim != 1:
        raise ValueError(f"{label} has shape {array.shape}; a column has one axis")
    if array.dtype.kind in "fiub":
        return array.astype(float)
    found = np.empty(len(array))
    for number, entry in enumerate(array):
        text = str(entry).strip()
        absent = entry is None or text.lower() in ABSENT
        try:
            found[number] = np.nan if absent else float(text)
        except ValueError:
            raise ValueError(f"{label}: reading {number + 1} is {text!r}, not a number") from None
    return found
