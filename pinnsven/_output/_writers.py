"""Files of a solution, by their suffix: pictures, pages, records, solution files, and others' own."""

import abc
import json
import os
from collections.abc import Sequence

from .._basics._messages import listing, nearest
from ._data import SolutionData
from ._plot import plot_solution
from ._report import write_report
from ._solution_file import save_solution
from ._tables import solution_record


class AbstractWriter(abc.ABC):
    """Writes a solution as one kind of file; made known by `register_writer`.

    - `suffixes`: how the names of such files end, in small letters with their dot: `(".vtk",)`.
    """

    suffixes: Sequence[str] = ()

    @abc.abstractmethod
    def write(self, solution: SolutionData, path: str | os.PathLike[str]) -> None:
        """Writes the file, whole. Raises `OSError` where that cannot be done."""


_WRITERS: list[AbstractWriter] = []  # the last one that knows a suffix is asked


def register_writer(writer: AbstractWriter) -> AbstractWriter:
    """Lets `solution.write` find a writer by the suffix of the file, before those known already.

    Returns the writer. Raises `ValueError` for one without suffixes, or a suffix of another form.
    """
    if isinstance(writer, type):
        raise ValueError(f"writer: give an object, {writer.__name__}(), not the class")
    if not isinstance(writer, AbstractWriter):
        raise ValueError(f"writer={writer!r}: derive it from AbstractWriter")
    suffixes = writer.suffixes
    if isinstance(suffixes, str) or not suffixes:
        raise ValueError(f"suffixes={suffixes!r}: give several, or one in a tuple, such as ('.vtk',)")
    for suffix in suffixes:
        if not suffix.startswith(".") or suffix != suffix.lower() or len(suffix) < 2:
            raise ValueError(
                f"suffix {suffix!r}: write it with its dot, in small letters, as in '.vtk'"
            )
    _WRITERS.append(writer)
    return writer


def write_solution(solution: SolutionData, path: str | os.PathLike[str]) -> None:
    """Writes a solution as the kind of file that the suffix of its name says.

    Raises `ValueError` for a suffix that no writer has, and `OSError` where the file cannot be written.
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    for writer in reversed(_WRITERS):
        if suffix and suffix in writer.suffixes:
            writer.write(solution, path)
            return
    known = sorted({known for writer in _WRITERS for known in writer.suffixes})
    named = f"there is no writer for {suffix!r}" if suffix else "the name has no suffix to choose by"
    raise ValueError(f"{os.fspath(path)}: {named}; known are {listing(known)}.{nearest(suffix, known)}")


def write_json(path: str | os.PathLike[str], record: dict) -> None:
    """Writes a record as JSON; raises `OSError` where the file cannot be written."""
    text = json.dumps(record, indent=2, allow_nan=False)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")


class _Picture(AbstractWriter):
    """The picture that `Solution.plot` draws, in any format that matplotlib knows."""

    @property
    def suffixes(self):  # type: ignore[override]  # not before it is asked for: matplotlib takes its time
        from matplotlib.figure import Figure

        return [f".{kind}" for kind in sorted(Figure().canvas.get_supported_filetypes())]

    def write(self, solution, path):
        plot_solution(solution, path)


class _Page(AbstractWriter):
    """The page that `Solution.report` writes."""

    suffixes = (".html", ".htm")

    def write(self, solution, path):
        write_report(solution, path)


class _Record(AbstractWriter):
    """The figures of `Solution.to_json`."""

    suffixes = (".json",)

    def write(self, solution, path):
        write_json(path, solution_record(solution))


class _Archive(AbstractWriter):
    """The file that `Solution.save` writes and `pinnsven.load` reads."""

    suffixes = (".pv",)

    def write(self, solution, path):
        save_solution(solution, path)


for _writer in (_Picture(), _Page(), _Record(), _Archive()):
    _WRITERS.append(_writer)
