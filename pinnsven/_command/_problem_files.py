"""Files that define `make_problem`: the user's by path, those of the gallery by name.

The gallery is the folder `problems` of the repository. A wheel carries it as `pinnsven/_gallery`
(pyproject.toml); beside a source tree it is found where it stands.
"""

import ast
import difflib
import importlib.util
import inspect
import sys
import types
import warnings
from pathlib import Path

from .._basics._messages import listing
from .._problem import Problem

PACKAGE = Path(__file__).resolve().parent.parent
HERE = Path("problems")  # where `pinnsven list` looks first


def gallery() -> Path:
    """The folder of the problems that come with pinnsven."""
    installed = PACKAGE / "_gallery"
    return installed if installed.is_dir() else PACKAGE.parent / "problems"


def problem_files(folder: Path) -> list[Path]:
    """The problem files of a folder by name; what starts with an underscore is imported by others."""
    return [f for f in sorted(folder.glob("*.py")) if f.is_file() and not f.name.startswith("_")]


def catalog(folder: str | None) -> list[str]:
    """One line for each problem of a folder: what `solve` calls it, and what its file says of it.

    - `folder`: a path. None for `problems` in the working directory, or else the gallery.

    Raises `ValueError` if there is no such folder. No file is executed.
    """
    place = HERE if folder is None else Path(folder)
    if place.is_dir():
        names = {str(file): file for file in problem_files(place)}
    elif folder is None:
        names = {file.stem: file for file in problem_files(gallery())}
    else:
        raise ValueError(f"{folder}: there is no such folder")
    return [f"{name:<32} {_summary(file)}".rstrip() for name, file in names.items()]


def _summary(file: Path) -> str:
    """The first line of a file's docstring, or why there is none to be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape sequence is the file's own affair
            doc = ast.get_docstring(ast.parse(file.read_bytes()))
    except SyntaxError as error:
        place = "" if error.lineno is None else f" in line {error.lineno}"
        return f"(SyntaxError{place}: {error.msg})"
    except (ValueError, OSError, RecursionError, MemoryError) as error:
        reason = (str(error).splitlines() or [""])[0]
        return f"(cannot be read: {type(error).__name__}: {reason})"
    return (doc or "").split("\n")[0]


def load_problem(path: str, parameters: dict[str, object]) -> Problem:
    """The problem that a file makes.

    - `path`: Python that defines `make_problem`; its own folder is importable while it runs. A bare
      name that is no file here is that of a problem of the gallery.
    - `parameters`: passed to `make_problem` by name.

    Raises `ValueError` for a file that does not exist, fails, or makes no problem.
    """
    file = _find(path)
    module = _import(file)
    make = getattr(module, "make_problem", None)
    if not callable(make):
        raise ValueError(f"{path}: defines no function make_problem(**parameters)")
    accepted = inspect.signature(make)
    try:
        accepted.bind(**parameters)
    except TypeError as error:
        raise ValueError(
            f"{path}: make_problem does not take {listing(parameters)} ({error}); it takes "
            f"{listing(accepted.parameters)}"
        ) from None
    try:
        problem = make(**parameters)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"{path}: make_problem failed with {type(error).__name__}: {error}") from error
    if not isinstance(problem, Problem):
        raise ValueError(f"{path}: make_problem returned {type(problem).__name__}, not a pv.Problem")
    if problem.name == "problem":
        object.__setattr__(problem, "name", file.stem)
    return problem


def _find(path: str) -> Path:
    """The file at a path, or the gallery's file of a name."""
    file = Path(path)
    if file.is_file():
        return file
    of_gallery = {f.stem: f for f in problem_files(gallery())}
    if path in of_gallery:
        return of_gallery[path]
    what = (
        "no such file, nor a problem of that name in the gallery"
        if file.stem == path
        else "no such file"
    )
    raise ValueError(f"{path}: there is {what}.{_meant(file, list(of_gallery))}")


def _meant(file: Path, of_gallery: list[str]) -> str:
    """A sentence that proposes what has nearly the name of a missing file, here or in the gallery."""
    if file.stem in of_gallery:
        return f" `pinnsven solve {file.stem}` solves the gallery's."
    around = (file.parent if file.parent.is_dir() else Path(), HERE)
    known = {name: name for name in of_gallery}
    known |= {f.stem: str(f) for folder in around for f in problem_files(folder)}
    match = difflib.get_close_matches(file.stem, known, n=1, cutoff=0.5)
    return f" Did you mean {known[match[0]]!r}?" if match else ""


def _import(file: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    folder = str(file.parent.resolve())
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{file}: failed with {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(folder)
    return module
