"""Solution: what a solve returns, and what can be made of it."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ._ask import asks_for_field, estimated_error, integral, named_values, residual_values
from ._data import SolutionData
from ._grids import GridValues, grid_values, to_pandas, to_vtk, to_xarray
from ._movie import animate_solution
from ._plot import plot_solution
from ._report import solution_html, write_report
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

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name not in self.fields and asks_for_field(self, name):
            return functools.partial(_named, self, name)
        return super().__getattr__(name)

    def residual(self, condition: str, *, outside: str = "nan", **coordinates: Any) -> np.ndarray:
        """What a condition leaves at coordinates, unweighted, in the unit in which it was written.

        - `condition`: its name.
        - `outside`: as for a call of the solution.
        - `coordinates`: as for a call. An initial condition needs no time, an integral over space no
          place, and data, which hold at their own points alone, none at all.

        Returns an array of the shape of the coordinates; with several equations in the condition they
        are on a last axis. Raises `ValueError` for a name that is no condition, for coordinates as a
        call does, away from the boundary where the condition asks for the normal, and for a solution
        without its problem, as one from a file is.
        """
        return residual_values(self, condition, coordinates, outside)

    def error_at(self, *, outside: str = "nan", **coordinates: Any) -> Any:
        """The estimated error at coordinates, in the fields' units: the size of what should be added.

        - `outside`, `coordinates`: as for a call of the solution.

        Returns what a call returns. Raises `ValueError` as that does, and where no error was estimated:
        `solve(estimate_error=False)`, a run without a verdict, slabs, a solution from a file.
        """
        return estimated_error(self, coordinates, outside)

    def integrate(
        self, function: Callable[..., Any], on: Any = None, *, nodes: int = 24, **time: Any
    ) -> np.ndarray:
        """The integral of a function of named values over the domain, or over a part of its boundary.

        `solution.integrate(lambda u_n: u_n, on="x+")` is the flux through a wall,
        `solution.integrate(lambda u: u, t=0.5)` the content at one time.

        - `function`: of fields, derivatives, coordinates, unknowns, constants, on the boundary of
          `u_n` and `normal` too, called at one point; returns a scalar.
        - `on`: a part of the boundary as conditions name it; None for the whole domain.
        - `nodes`: of Gauss-Legendre's rule along every side; see `pv.Integral` for how good that is. A
          face in three dimensions that a set operation has cut is good to about three digits.
        - `time`: the time, one or an array, at which to integrate over space; else also over time.

        Returns a float64 array of the shape of the time that was given, () without. Raises `ValueError`
        for a name or a part that does not exist, a time outside, and a function that returns no scalar.
        """
        return integral(self, function, on, nodes, time)

    def grid(self, names: Any = None, *, outside: str = "nan", **axes: Any) -> GridValues:
        """The solution on a grid of all combinations: `solution.grid(x=101, t=5)`.

        - `names`: what to evaluate, one or several: fields and their derivatives; None for all fields.
        - `outside`: as for a call of the solution.
        - `axes`: for a coordinate how many places from end to end, or the places. Of one that is left
          out there are 201 in one dimension, 101 in two, 33 in three and 9 in more. A vector coordinate
          `x` has an axis for each component, `x0`, `x1`, ...

        Returns a dict of the places (n,) along each axis and of the values, whose axes are the
        coordinates in their order. Raises `ValueError` for a name or a coordinate that does not exist,
        and for places that are none.
        """
        return grid_values(self, names, axes, outside)

    def to_xarray(self, names: Any = None, **axes: Any) -> Any:
        """The solution on a grid as an `xarray.Dataset`, with the verdict among its attributes.

        - `names`, `axes`: as for `grid`.

        Raises `ValueError` as `grid` does, `ImportError` where xarray is not installed.
        """
        return to_xarray(self, names, axes)

    def to_pandas(self, names: Any = None, **axes: Any) -> Any:
        """The solution on a grid as a `pandas.DataFrame`: a row for each point inside the domain.

        - `names`, `axes`: as for `grid`.

        Raises `ValueError` as `grid` does, `ImportError` where pandas is not installed.
        """
        return to_pandas(self, names, axes)

    def to_vtk(self, path: str | os.PathLike[str], names: Any = None, **axes: Any) -> None:
        """Writes the solution on a grid for ParaView and its like; cells outside are left out.

        In up to three dimensions one file, `.vtu` or `.vtk`, time being the second coordinate of one in
        space. For two or three dimensions and time a `.pvd` that lists a `.vtu` beside it for each
        moment, eleven unless `axes` says otherwise.

        - `names`, `axes`: as for `grid`.

        Raises `ValueError` as `grid` does and for another suffix, `ImportError` where meshio is not
        installed, `OSError` when a file cannot be written.
        """
        to_vtk(self, path, names, axes)

    def plot(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        field: str | Sequence[str] | None = None,
        show: str | None = None,
        at: Mapping[str, Any] | None = None,
        along: str | Sequence[str] | None = None,
        ax: Any = None,
        cmap: str | None = None,
        dpi: float = 150,
        units: Mapping[str, str] | None = None,
    ) -> Any:
        """Draws the solution, or what else is to be shown of it; returns the matplotlib figure.

        By default what suits the domain: curves over one coordinate, the fields of a system together
        and against each other; maps over two, beside what is known; snapshots of a plane in time; the
        middle planes of a solid; of more dimensions the first two, the others held at their middle.

        - `path`: where to write the picture, in any format that matplotlib knows; None for nowhere.
        - `field`: a field, a derivative of one, or several; None for all fields.
        - `show`: "solution" alone; "error" (from the exact solution, else as estimated); "residual" of
          the equations; "points" of each condition; "data" beside the solution; "flow" of two fields in
          the plane; "phase" of two over time; "convergence", "spectrum" or "unknowns" of the run.
        - `at`: where coordinates are held that are not drawn: `at={"t": [0, 0.5, 1]}` gives a curve or
          a map for each.
        - `along`: the coordinate that curves are drawn over, or the two of a map; of "convergence" and
          "unknowns" "seconds" or "step".
        - `ax`: axes of matplotlib to draw into, for a picture of one part.
        - `cmap`: a color map by name; None for one that suits the range.
        - `dpi`: of a picture in pixels.
        - `units`: what to write behind names: `units={"x": "m", "T": "K"}`.

        Raises `ValueError`, before anything is computed, for what does not exist or does not fit
        together, and `OSError` when the file cannot be written.
        """
        return plot_solution(
            self,
            path,
            field=field,
            show=show,
            at=at,
            along=along,
            ax=ax,
            cmap=cmap,
            dpi=dpi,
            units=units,
        )

    def animate(
        self,
        path: str | os.PathLike[str],
        *,
        field: str | None = None,
        frames: int = 50,
        frames_per_second: float = 20.0,
        along: str | Sequence[str] | None = None,
        at: Mapping[str, Any] | None = None,
        cmap: str | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        """Writes a movie of the solution as time goes on: curves over one coordinate, maps over two.

        - `path`: a `.gif`, or an `.mp4` where ffmpeg is installed.
        - `frames`: pictures from the start to the end, all in one range.
        - `frames_per_second`: how many of them are shown in a second.
        - `field`, `along`, `at`, `cmap`, `units`: as for `plot`.

        Raises `ValueError`, before anything is computed, for a solution without space or time, another
        suffix, an `.mp4` without ffmpeg, and as `plot` does; `OSError` when the file cannot be written.
        """
        options = {"along": along, "at": at, "cmap": cmap, "units": units}
        animate_solution(self, path, field, frames, frames_per_second, options)

    def report(self, path: str | os.PathLike[str], command: str = "") -> None:
        """Writes one self-contained HTML page: verdict, problem, pictures, tables, course of the run.

        - `command`: what solves the problem again, to be printed at the end.

        Raises `OSError` when the file cannot be written; what stood there is then as it was.
        """
        write_report(self, path, command)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the solution to one file that `pv.load` reads; nothing in it is ever executed."""
        save_solution(self, path)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the kind of file that the suffix of its name says.

        A picture (`.png`, `.pdf`, `.svg` and whatever else matplotlib knows), a page (`.html`), the
        figures (`.json`), a file to load again (`.pv`), or what a writer of your own makes (see
        `pinnsven.extend.register_writer`).

        Raises `ValueError` for a suffix that nothing writes, naming those that are known, and `OSError`
        when the file cannot be written.
        """
        write_solution(self, path)

    def to_json(self) -> dict[str, Any]:
        """The figures of this solution as a dict that `json.dump` takes."""
        return solution_record(self)

    def __str__(self) -> str:
        return solution_table(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return solution_html(self)


def _named(
    solution: Solution, name: str, *, on=None, outside: str = "nan", **coordinates
) -> np.ndarray:
    """What a name asks for at coordinates, as `solution.u_x(x=...)`.

    - `on`: the part of the boundary of which the normal is meant, where the name asks for one.
    - `outside`, `coordinates`: as for a call of the solution.
    """
    return named_values(solution, name, coordinates, outside, on)


def load(
    path: str | os.PathLike[str], problem: Declared | None = None, network: object = None
) -> Solution:
    """Reads a solution that `Solution.save` wrote.

    - `problem`: needed when its shape is one that files do not know (see `extend.register_shape`).
    - `network`: needed when it is not one of pinnsven's own with a named activation.

    Raises `ValueError` for a damaged or foreign file, or when `problem` or `network` is needed.
    """
    return read_solution(Solution, path, problem, network)
