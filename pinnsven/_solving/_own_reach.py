"""How far a combination of drawn functions may be off along the functions that it is made of.

The second space of an estimate holds few functions, smooth ones and some steep ones. Where equations
multiply what is steep without end, as those of a Cauchy problem, a solution in thousands of functions
may have moved along some that this space cannot form: its own step knows them (experiment 167).
"""

import numpy as np
from jaxtyping import Float

from ._drawn_programs import functions_at
from ._drawn_step import Combination
from ._error_estimate import CONSTANT, largest_of_one


def own_reach(run, found: Combination, places, alive, shown) -> float:
    """The largest movement of a field, beside its variation, for a residual as small as what is left.

    - `found`: the combination that the solution is, `places`: points all over the domain, (n, dim).
    - `alive`: which fields live there, (n, fields): functions grow without end beyond a field's part.
    - `shown`: the fields there, (n, fields).
    """
    if found.inverse is None:
        return 0.0
    embedding, fields, parts = run.model.embedding, len(run.problem.fields), []
    for portion in found.drawn.portions:
        parts.append(functions_at(portion, embedding, places, run.compiler.function))
    values = np.concatenate(parts, axis=2)  # (fields or one, points, functions)
    functions, units = values.shape[2], np.asarray(run.model.scaling.size)
    # Of a residual below the rounding of what it began with nothing is known.
    least = found.held * max(1.0, float(np.finfo(float).eps) / max(found.left, 1e-300))
    most, sizes = 0.0, _sizes(run.problem, shown, alive)
    for number in range(fields):
        mine = values[min(number, len(values) - 1)][alive[:, number]]
        whole = np.zeros((len(mine), functions * fields))
        whole[:, number::fields] = mine / np.sqrt(len(mine))
        moved = found.inverse.largest(whole) * least * units[number]
        most = max(most, moved / sizes[number] if sizes[number] > 0 else 0.0)
    return most


def _sizes(problem, shown, alive) -> Float[np.ndarray, " fields"]:
    """What the movement of each field is held against: its variation, or its size where it has none.

    One component of a field, which may be zero, is held against the largest of them.
    """
    there = [values[mine] for values, mine in zip(shown.T, alive.T, strict=True)]
    sizes = largest_of_one([np.sqrt(np.mean(values**2)) for values in there], problem.space)
    variation = largest_of_one([np.std(values) for values in there], problem.space)
    return np.where(variation > CONSTANT * sizes, variation, sizes)
