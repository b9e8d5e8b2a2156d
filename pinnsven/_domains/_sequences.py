"""Sequences that fill the unit cube evenly."""

import numpy as np
from jaxtyping import Float


def sobol(dim: int, exponent: int, rng: np.random.Generator) -> Float[np.ndarray, "n dim"]:
    """$2^{exponent}$ scrambled Sobol points (Sobol 1967; scrambling by Owen 1998), (n, dim).

    - `rng`: scrambles them; scipy also spawns from it.
    """
    from scipy.stats import qmc  # takes half a second, which `import pinnsven` need not

    return qmc.Sobol(dim, scramble=True, rng=rng).random_base2(exponent)
