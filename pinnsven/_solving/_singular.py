"""What of a solution cannot be smooth, found from the problem: corners, boundary layers, bends.

Each is answered with a function of the coordinates that the network gets beside them (see
`pinnsven._networks._features`), and with a sentence that says why.
"""

from .._basics._precision import precision_context
from .._networks import MLP, FourierMLP, RandomFeatures, SineMLP
from ._domain_corners import corners_of_the_domain
from ._kinks import kinks
from ._layers import wall_layers
from ._reading import Singularity as Singularity
from ._start_corners import corners_of_the_start

SHOWN = 3  # reasons in a message


def find_singularities(problem, network) -> list[Singularity]:
    """What a network of pinnsven's own is given beside the coordinates of a problem.

    None where the network is the user's, or names its features itself, where fields have parts of the
    domain, or coordinates, of their own, and for a family of problems.
    """
    if problem.layout.places or problem.domain.parameters is not None:
        return []  # what is not smooth where parts of the domain meet is not looked for
    own = isinstance(network, (MLP, FourierMLP, RandomFeatures, SineMLP))
    if not own or (isinstance(network, MLP) and network.features is not None):
        return []
    with precision_context("float64"):
        found: list[Singularity] = []
        for look in (corners_of_the_start, corners_of_the_domain, wall_layers, kinks):
            try:
                found += look(problem)
            except Exception:  # a function of the user's that fails elsewhere than at the points
                continue
    return found


def in_words(found: list[Singularity]) -> str:
    """A sentence on what the network was given; empty for nothing."""
    if not found:
        return ""
    reasons = list(dict.fromkeys(s.reason for s in found))
    shown = reasons[:SHOWN] + ([f"{len(reasons) - SHOWN} more"] if len(reasons) > SHOWN else [])
    return f"Inputs were added for {'; '.join(shown)}."
