"""Solution: what a solve returns, and what can be made of it."""

import dataclasses

from ._data import SolutionData
from ._plot import plot_solution
from ._report import write_report
from ._solution_file import Declared, read_solution, save_solution
from ._tables import solution_record, solution_table
from ._writers import write_solution


@dataclasses.dataclass(frozen=True)
class Solution(SolutionData):
    """The answer, and how far it can be trusted.

    Call it with named coordinates of any shape: `solution(x=..., t=...)` gives one array, or a dict
    of arrays when there are several fields; `solution.u(x=..., t=...)` gives the field `u`. What it
    holds is listed at `SolutionData`.
    """

    def plot(self, path=None):
        """Draws the solution, beside the exact one and the difference where known.

        - `path`: where to write the picture (any format matplotlib knows); None returns the figure.
        """
        return plot_solution(self, path)

    def report(self, path) -> None:
        """Writes one self-contained HTML page: status, table, pictures, history, spectrum."""
        write_report(self, path)

    def save(self, path) -> None:
        """Writes the solution to one file that `pv.load` reads; nothing in it is ever executed."""
        save_solution(self, path)

    def write(self, path) -> None:
        """Writes the kind of file that the suffix of its name says.

        A picture (`.png`, `.pdf`, `.svg` and whatever else matplotlib knows), a page (`.html`), the
        figures (`.json`), a file to load again (`.pv`), or what a writer of your own makes (see
        `pinnsven.extend.register_writer`).

        Raises `ValueError` for a suffix that nothing writes, naming those that are known, and `OSError`
        when the file cannot be written.
        """
        write_solution(self, path)

    def to_json(self) -> dict:
        """The figures of this solution as a dict that `json.dump` takes."""
        return solution_record(self)

    def __str__(self) -> str:
        return solution_table(self)

    __repr__ = __str__


def load(path, problem: Declared | None = None, network: object = None) -> Solution:
    """Reads a solution that `Solution.save` wrote.

    - `problem`: needed when its shape is one that files do not know (see `extend.register_shape`).
    - `network`: needed when it is not one of pinnsven's own with a named activation.

    Raises `ValueError` for a damaged or foreign file, or when `problem` or `network` is needed.
    """
    return read_solution(Solution, path, problem, network)
