"""Several processes that compute together: what they agree on, and how they see arrays of all of them.

Every process runs the same program and takes the same decisions, for each waits for the others wherever
they compute together (`jax.distributed`). What differs between them, clocks above all, is that of the
first process everywhere.
"""

import jax
import numpy as np
from jax.sharding import Sharding


def join_processes() -> None:
    """Lets this process compute with those that were started with it, by mpirun, srun or the like.

    Raises `ValueError` where it was started alone.
    """
    try:
        jax.distributed.initialize()
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            "--processes: start this by mpirun, srun or the like, which say how many there are "
            f"({str(error).strip().splitlines()[0].rstrip('.')})"
        ) from None


def number_of_processes() -> int:
    """How many processes compute together, one without `jax.distributed.initialize()`."""
    return jax.process_count()


def is_first() -> bool:
    """Whether this process writes files and talks to the user."""
    return jax.process_index() == 0


def agreed(value: float) -> float:
    """A number of the first process, for all of them: they have to ask together."""
    if number_of_processes() == 1:
        return value
    from jax.experimental.multihost_utils import broadcast_one_to_all

    return float(np.asarray(broadcast_one_to_all(np.float32(value))))


def placed(tree, sharding: Sharding):
    """Arrays that every process has, placed on the devices of all of them."""
    if number_of_processes() == 1:
        return jax.device_put(tree, sharding)

    def put(leaf):
        whole = np.asarray(leaf)
        return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])

    return jax.tree.map(put, tree)


def whole(array) -> np.ndarray:
    """An array of the devices of all processes, as each of them sees it; they have to ask together."""
    if number_of_processes() == 1 or array.is_fully_addressable:
        return np.asarray(array)
    from jax.experimental.multihost_utils import process_allgather

    return np.asarray(process_allgather(array, tiled=True))
