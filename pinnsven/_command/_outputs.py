"""The files that the command writes: checked before anything is solved, written one by one after it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from .._output._plot import check_format
from .._output._solution import Solution
from .._output._tables import finite_or_none
from .._output._writers import write_json
from ._process import say, show

OUTPUTS = ("save", "json", "plot", "report")  # in this order: what cannot be made again comes first


def default_picture(problem: str) -> str:
    """Where a picture goes that nobody asked for: beside the problem's file, or in this folder.

    - `problem`: a file, or a name of the gallery.
    """
    file = Path(problem)
    beside = file.is_file() and os.access(file.parent, os.W_OK)
    return str(file.with_suffix(".png")) if beside else f"{file.stem}.png"


def check_outputs(options) -> None:
    """Raises `ValueError` for a file that cannot be written, or a picture of an unknown format.

    - `options`: of the command.
    """
    taken = {}
    for name in (*OUTPUTS, "checkpoint"):
        path = getattr(options, name)
        if path is None:
            continue
        _check_writable(name, path, whole=name in ("save", "checkpoint"))
        place = os.path.realpath(path)
        ordinary = os.path.isfile(place) or not os.path.exists(place)
        if ordinary and place in taken:
            raise ValueError(f"--{name} {path}: that file is --{taken[place]}'s already")
        taken[place] = name
    if options.plot is not None:
        check_format(options.plot, f"--plot {options.plot}")


def _check_writable(option: str, path: str, whole: bool) -> None:
    """The file may be replaced (`whole`), or written where it is."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"--{option} {path}: the folder does not exist")
    place = folder if whole or not os.path.exists(path) else path
    if os.path.isdir(path) or not os.access(place, os.W_OK):
        raise ValueError(f"--{option} {path}: cannot be written")


def write_outputs(solution: Solution, options, facts: dict) -> bool:
    """Writes every file that was asked for and prints the table; whether all of that worked.

    One that fails is said on stderr, and the others are written.

    - `facts`: what the record says of the run beside the solution.
    """
    writers: dict[str, Callable[[str], object]] = {
        "save": lambda path: solution.save(path),
        "json": lambda path: write_json(path, finite_or_none(solution.to_json() | facts)),
        "plot": lambda path: solution.plot(path),
        "report": lambda path: solution.report(path, command=" ".join(["pinnsven", *sys.argv[1:]])),
    }
    failed = []
    for name in OUTPUTS:
        path = getattr(options, name)
        if path is None:
            continue
        try:
            writers[name](path)
        except Exception as error:
            reason = str(error).strip() or "no reason was given"
            say(f"--{name} {path}: could not be written: {type(error).__name__}: {reason}")
            failed.append(name)
        except KeyboardInterrupt:
            say(f"--{name} {path}: interrupted, and not written")
            failed.append(name)
    said = [str(solution)]
    if options.plot is not None and "plot" not in failed:
        said.append(f"  the picture is {options.plot}")
    return show("\n".join(said)) and not failed
