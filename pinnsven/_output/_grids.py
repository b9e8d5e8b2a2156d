"""A solution on a grid, and as other libraries hold such: xarray, pandas, files of VTK."""

import importlib
import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._basics._messages import listing, nearest
from ._ask import asks_for_field, name_space, named_values
from ._data import SolutionData

LINE, PLANE, SPACE, MORE = 201, 101, 33, 9  # points along each coordinate, by their number
MOST = 50_000_000  # points of a grid


class GridValues(dict[str, np.ndarray]):
    """Coordinates and fields on a grid, by name.

    A coordinate has one axis, (n,); a field has one for every coordinate, in their order.

    - `axes`: the names of the axes, in order.
    """

    axes: tuple[str, ...]

    def __init__(self, values: dict[str, np.ndarray], axes: Sequence[str]):
        super().__init__(values)
        self.axes = tuple(axes)

    def __repr__(self) -> str:
        return listing(f"{name} {values.shape}" for name, values in self.items())


def grid_values(solution: SolutionData, names, given: dict, outside: str) -> GridValues:
    """Fields, and whatever else is named, on a grid; see `Solution.grid`."""
    wanted = _wanted(solution, names)
    axes = _axes(solution, given)
    number = int(np.prod([len(values) for values in axes.values()]))
    if number > MOST:
        raise ValueError(f"grid: {number} points are more than {MOST}; ask for fewer along an axis")
    meshes = np.meshgrid(*axes.values(), indexing="ij")
    coordinates, meshed = {}, iter(meshes)
    for coordinate in solution.domain.coordinates:
        parts = list(itertools.islice(meshed, coordinate.size))
        coordinates[coordinate.name] = np.stack(parts, axis=-1) if coordinate.vector else parts[0]
    found: dict[str, np.ndarray] = dict(axes)
    fields = solution.evaluate(coordinates, outside) if set(wanted) & set(solution.fields) else None
    for name in wanted:
        if fields is not None and name in solution.fields:
            found[name] = fields[..., solution.fields.index(name)]
        else:
            found[name] = named_values(solution, name, coordinates, outside, None)
    return GridValues(found, list(axes))


def _wanted(solution: SolutionData, names) -> tuple[str, ...]:
    """The names to evaluate; `ValueError` for one that the solution does not know."""
    every = solution.layout.names(solution.fields, shaped=False)
    wanted = every if names is None else (names,) if isinstance(names, str) else tuple(names)
    for name in wanted:
        if not asks_for_field(solution, name):
            known = name_space(solution).examples()
            raise ValueError(
                f"names: {name!r} is no field, nor a derivative of one; fields are "
                f"{listing(every)}." + nearest(str(name), known)
            )
    return wanted


def _axes(solution: SolutionData, given: dict) -> dict[str, np.ndarray]:
    """The axes of a grid by name: a coordinate's own, or one for each of its components."""
    domain = solution.domain
    known = [c.name for c in domain.coordinates]
    for name in given:
        if name not in known:
            raise ValueError(
                f"grid: there is no coordinate {name!r}; there are {listing(known)}."
                + nearest(name, known)
            )
    default = (LINE, PLANE, SPACE)[domain.dim - 1] if domain.dim <= 3 else MORE
    asked = [given.get(c.name, default) for c in domain.coordinates for _ in range(c.size)]
    parts = zip(domain.component_names(), asked, domain.lower, domain.upper, strict=True)
    return {name: _axis(name, wanted, low, high) for name, wanted, low, high in parts}


def _axis(name: str, asked, low: float, high: float) -> np.ndarray:
    """Places along an axis: as many as asked, evenly from end to end, or those that were given."""
    if isinstance(asked, (int, np.integer)) and not isinstance(asked, bool):
        if asked < 1:
            raise ValueError(f"grid: {name}={asked}: give a positive number of points, or the places")
        return np.linspace(low, high, int(asked)) if asked > 1 else np.array([(low + high) / 2])
    places = np.atleast_1d(np.asarray(asked, float))
    if places.ndim != 1 or not len(places) or not np.all(np.isfinite(places)):
        raise ValueError(f"grid: {name}={asked!r}: give a number of points, or the places along it")
    return places


# Other libraries


def library(name: str, what: str) -> Any:
    """A library that is not installed with pinnsven unless asked for.

    - `what`: asks for it.

    Raises `ImportError` with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{what} needs {name}, which is not installed: pip install {name}") from error


def to_xarray(solution: SolutionData, names, given: dict) -> Any:
    """A grid as an `xarray.Dataset`; see `Solution.to_xarray`."""
    xarray = library("xarray", "to_xarray")
    grid = grid_values(solution, names, given, "nan")
    fields = {name: (grid.axes, values) for name, values in grid.items() if name not in grid.axes}
    facts = {
        "problem": solution.name,
        "status": str(solution.status),
        "message": solution.message,
        "tool": "pinnsven",
    }
    dataset = xarray.Dataset(fields, coords={name: grid[name] for name in grid.axes}, attrs=facts)
    for name, error in (solution.error_estimate or {}).items():
        if name in dataset:
            dataset[name].attrs["estimated_relative_error"] = float(error)
    return dataset


def to_pandas(solution: SolutionData, names, given: dict) -> Any:
    """A grid as a `pandas.DataFrame`; see `Solution.to_pandas`."""
    pandas = library("pandas", "to_pandas")
    grid = grid_values(solution, names, given, "nan")
    meshes = np.meshgrid(*(grid[name] for name in grid.axes), indexing="ij")
    columns = dict(zip(grid.axes, meshes, strict=True))
    columns |= {name: values for name, values in grid.items() if name not in grid.axes}
    flat = {}
    for name, values in columns.items():
        parts = values.reshape(meshes[0].size, -1)
        many = {f"{name}{i}": column for i, column in enumerate(parts.T)}
        flat |= many if parts.shape[1] > 1 else {name: parts[:, 0]}
    frame = pandas.DataFrame(flat)
    outside = frame[[name for name in flat if name not in grid.axes]].isna().all(axis=1)
    return frame[~outside].reset_index(drop=True)


CELLS = {1: "line", 2: "quad", 3: "hexahedron"}
CORNERS = {  # of a cell, in VTK's order
    1: [(0,), (1,)],
    2: [(0, 0), (1, 0), (1, 1), (0, 1)],
    3: [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
}
COLLECTION = """<?xml version="1.0"?>
<VTKFile type="Collection" version="0.1"><Collection>
{rows}
</Collection></VTKFile>
"""


def to_vtk(solution: SolutionData, path: str | os.PathLike[str], names, given: dict) -> None:
    """A grid as files that ParaView reads; see `Solution.to_vtk`."""
    meshio = library("meshio", "to_vtk")
    base, suffix = os.path.splitext(os.fspath(path))
    series = solution.domain.time is not None and solution.domain.space_dim > 1
    allowed = (".pvd",) if series else (".vtu", ".vtk")
    if suffix.lower() not in allowed:
        raise ValueError(
            f"to_vtk: {os.fspath(path)} must end in {' or '.join(allowed)}"
            + (": one file for each moment, and one that lists them" if series else "")
        )
    time = solution.domain.time.coordinate.name if solution.domain.time is not None else None
    if series:
        given = {time: 11, **given}
    grid = grid_values(solution, names, given, "nan")
    if not series:
        _write_cells(meshio, path, grid, grid.axes, slice(None))
        return
    rows = []
    axes = [name for name in grid.axes if name != time]
    for number, moment in enumerate(grid[time]):  # type: ignore[index]
        part = f"{base}_{number:04d}.vtu"
        _write_cells(meshio, part, grid, axes, number)
        name = os.path.basename(part)
        rows.append(f'<DataSet timestep="{float(moment)!r}" file="{name}"/>')
    with open(path, "w", encoding="utf-8") as file:
        file.write(COLLECTION.format(rows="\n".join(rows)))


def _write_cells(meshio, path, grid: GridValues, axes: Sequence[str], moment) -> None:
    """Writes the cells of a grid whose corners all lie inside.

    - `axes`: of space; `moment`: the index along the last axis of the fields.
    """
    dim = len(axes)
    if dim > 3:
        raise ValueError(f"to_vtk: {dim} coordinates are more than a file of VTK can hold")
    lengths = [len(grid[name]) for name in axes]
    meshes = np.meshgrid(*(grid[name] for name in axes), indexing="ij")
    places = np.zeros((meshes[0].size, 3))
    places[:, :dim] = np.stack([mesh.ravel() for mesh in meshes], axis=1)
    values = {name: v[..., moment] for name, v in grid.items() if name not in grid.axes}
    index = np.arange(meshes[0].size).reshape(lengths)
    corners = [
        index[tuple(slice(at, at + n - 1) for at, n in zip(corner, lengths, strict=True))].ravel()
        for corner in CORNERS[dim]
    ]
    cells = np.stack(corners, axis=1)
    flat = {name: v.reshape(meshes[0].size, -1) for name, v in values.items()}
    inside = np.all([np.isfinite(v).all(axis=1) for v in flat.values()], axis=0)
    cells = cells[inside[cells].all(axis=1)]
    used, cells = np.unique(cells, return_inverse=True)
    data = {
        name: np.squeeze(v[used], axis=1) if v.shape[1] == 1 else v[used] for name, v in flat.items()
    }
    mesh = meshio.Mesh(places[used], [(CELLS[dim], cells.reshape(-1, 2**dim))], point_data=data)
    mesh.write(path)
