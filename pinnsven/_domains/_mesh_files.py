"""Meshes and surfaces in files, which meshio reads."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._basics._messages import listing


def read_file(path, asker: str) -> Any:
    """What meshio reads from a file.

    - `asker`: named where meshio is missing.

    Raises `ModuleNotFoundError` without meshio, `OSError` where there is no file, `ValueError` for one
    that cannot be read.
    """
    try:
        import meshio
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"{asker} needs meshio: pip install 'pinnsven[data]'") from None
    with open(path, "rb"):
        pass  # meshio ends the process where there is no file
    try:
        with np.errstate(over="ignore"):  # of a text that it first takes for numbers
            return meshio.read(path)
    except (SystemExit, Exception) as error:
        raise ValueError(f"{path}: meshio cannot read it: {error}") from None


def surface_of(found: Any) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "m 3"]]:
    """Vertices and triangles of a surface in space, corners at one place made one.

    - `found`: what meshio has read.

    Raises `ValueError` where it holds no triangles in space.
    """
    kinds = found.cells_dict
    pieces = [kinds[kind] for kind in ("triangle",) if kind in kinds]
    if "quad" in kinds:
        pieces += [kinds["quad"][:, [0, 1, 2]], kinds["quad"][:, [0, 2, 3]]]
    if not pieces or found.points.shape[1] != 3:
        raise ValueError(
            f"holds {listing(kinds) or 'no cells'}; a surface is made of triangles in space"
        )
    triangles = np.concatenate(pieces).astype(np.int64)
    places = np.asarray(found.points, float)
    # STL rounds to single precision: what is nearer than that is one place.
    grain = 1e-6 * float(np.max(np.ptp(places, axis=0)))
    _, first, number = np.unique(
        np.round(places / grain), axis=0, return_index=True, return_inverse=True
    )
    triangles = number.reshape(-1)[triangles]
    distinct = np.array([len(set(t)) == 3 for t in triangles.tolist()])
    return places[first], triangles[distinct]
