"""The sizes of conditions at the end of a run."""

import numpy as np

RESPONSE_ROOM = 10.0  # a size is at most this much larger than the response at the end
LAST_PROBES = 4  # directions in which the response is asked: a few tell a factor of ten


def settle(run) -> None:
    """Holds sizes, and weights with them, against how strongly the conditions answer now.

    An equation whose terms fall away as the solution takes shape, as the square of a small field
    does, would else be measured against what it was for another function. Nothing answers a network
    that drawn functions have replaced.
    """
    if run.stands_alone:
        return
    sizes = np.asarray(run.sizes, float)
    room = RESPONSE_ROOM * run.response(LAST_PROBES)[0]
    shrinks = (room > 0) & (room < sizes)
    shrunk = np.where(shrinks, room / np.where(shrinks, sizes, 1.0), 1.0)
    run.sizes = shrunk * sizes
    most = np.ones(len(run.system.blocks))
    np.minimum.at(most, run.system.owners, shrunk)
    run.balance = run.balance * (most[run.system.owners] / shrunk) ** 2
    run.weights = {
        name: weight / share**2
        for (name, weight), share in zip(run.weights.items(), most.tolist(), strict=True)
    }
