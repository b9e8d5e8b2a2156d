"""From what was estimated to what a verdict needs: numbers beside limits, and sentences with places."""

import math
from collections.abc import Mapping

import numpy as np

from .._basics._messages import listing
from .._output._records import Estimate, FieldErrors
from ._coefficients import Jump
from ._determined import GROWTH, OPEN
from ._error_estimate import ErrorEstimate
from ._push import Pushed
from ._uncertainty import unknowns_in_words

EDGE = 0.03  # of an extent: a movement that is largest so near to an end of it is largest there
OPEN_REACH = 0.3  # of its value, from where an unknown is not determined
EVEN = 0.995  # of its root mean square is the mean of a movement that counts as a constant
ALONE = 100.0  # times the residual of all else, from where readings alone are not met
ROUNDING = float(np.finfo(float).eps)  # no error is smaller, whatever the residual
SUSPECT = 30.0  # times its residual, from where a movement that goes on growing is open
STANDS_OUT = 1e3  # times its residual, from where what a solution may be off deserves a sentence


def field_errors(
    fields: tuple[str, ...],
    found: ErrorEstimate | None,
    scatter: np.ndarray,
    least: float = 0.0,
    most: float = math.inf,
) -> FieldErrors:
    """The estimated relative error of every field; not a number where nothing could be estimated.

    - `scatter`: what the scatter of readings leaves, (fields,).
    - `least`: the relative residual of a run that has not met its tolerance: no error is smaller.
    - `most`: a field that may be off by more than this, where the equations multiply what is left of
      them, errs by what it may be off: of such a movement a correction shows little.
    """
    if found is None:
        return FieldErrors(dict.fromkeys(fields, math.nan))
    doubted = (found.bounds > most) & (found.amplification > STANDS_OUT)
    errors = np.where(doubted, np.maximum(found.errors, found.bounds), found.errors)
    errors = np.maximum(np.hypot(errors, scatter), max(least, ROUNDING))
    return FieldErrors(zip(fields, errors.tolist(), strict=True))


def left_open(problem, found: ErrorEstimate) -> str:
    """Which direction the conditions leave open, as a sentence; empty where none.

    A movement is open where its residual is rounding, or where it goes further with every function
    more.
    """
    kappa = found.amplification
    if not (kappa > OPEN or (kappa > SUSPECT and found.freedom.growth > GROWTH)):
        return ""
    field = problem.fields[found.freedom.field]
    moves = f"{field} may change by its own size and the residuals by {1 / kappa:.0e} of theirs"
    if found.even > EVEN:
        return (
            f"{moves}: any constant may be added to {field}. Prescribe a value of {field} somewhere, "
            "or a pv.Integral."
        )
    where, at_end = _place(problem.domain, found.place)
    if at_end:
        return f"{moves}; most at {where}: is a condition on {field} missing there?"
    return f"{moves}; most near {where}. Is a condition on {field} missing, or met by many solutions?"


def second_in_words(second: Pushed | None) -> str:
    """That there is another answer, as a sentence; empty for none."""
    if second is None:
        return ""
    return (
        f" A second answer, {100 * second.apart:.0f} % of its size away, leaves residuals of "
        f"{second.residual:.0e} of theirs: solution.second_answer shows it."
    )


def noisy(blocks, estimate: Estimate, scatter: Mapping[str, float]) -> str:
    """Which readings alone are not met, as a sentence; empty where none, or where they state a noise.

    - `scatter`: how much less all else is missed, by the conditions whose readings stand out.
    """
    found = [
        b.name for b in blocks if b.is_measured and b.noise == 0 and scatter.get(b.name, 0) > ALONE
    ]
    if not found or len(found) < len(scatter):
        return ""
    left = dict(zip(estimate.names, estimate.held_out.tolist(), strict=True))
    each = listing(f"noise={left[name]:.1e} of {name!r}" for name in found)
    return f"Readings alone are not met: if what is left is their scatter, state it, {each}."


def amplified(problem, found: ErrorEstimate) -> str:
    """What multiplies residuals, as a sentence; empty where nothing stands out."""
    kappa = found.amplification
    if kappa < STANDS_OUT:
        return ""
    field = problem.fields[found.freedom.field]
    where, _ = _place(problem.domain, found.place)
    return f"the equations multiply what is left of them by up to {kappa:.0e} in {field}, near {where}."


def open_unknowns(values: Mapping[str, float], found: ErrorEstimate, scale) -> tuple[np.ndarray, str]:
    """Which unknowns may move by much of their size with the residuals that there are, and in words.

    - `values`: of the unknowns, `scale`: the units in which they move.
    """
    size = np.maximum(np.abs(list(values.values())), 1e-300)
    reach = found.unknown_reach * scale / size
    which = reach > OPEN_REACH
    if not which.any():
        return which, ""
    free = np.where(which, found.freedom.together, 0.0)[:, None] * np.asarray(scale)[:, None]
    return which, unknowns_in_words(tuple(values), np.array(list(values.values())), free, which)


def jump_words(jump: Jump | None, domain) -> str:
    """A jump of a coefficient and what to do about it, as a sentence; empty where there is none."""
    if jump is None:
        return ""
    names = [
        f"{c.name}[{i}]" if c.vector else c.name for c in domain.coordinates for i in range(c.size)
    ]
    where = jump.value or (names[jump.axis], jump.point[jump.axis])
    return (
        f"{jump} at {where[0]} = {where[1]:.6g}: written so, no point sees what "
        "holds across the jump, and the flux may be wrong there. A jump in a coefficient needs an "
        "interface: a field for each side, joined by pv.Condition on the value and on the flux "
        "(docs/trust.md, section Materials)."
    )


def _place(domain, point) -> tuple[str, bool]:
    """A point in words, its ends of the domain alone where it has some, and whether it has."""
    words, ends = [], []
    lower, upper = domain.lower, domain.upper
    for coordinate, part in zip(domain.coordinates, domain.slices().values(), strict=True):
        for i, axis in enumerate(range(part.start, part.stop)):
            name = f"{coordinate.name}[{i}]" if coordinate.vector else coordinate.name
            share = (point[axis] - lower[axis]) / (upper[axis] - lower[axis])
            words.append(f"{name} = {point[axis]:.3g}")
            if not coordinate.periodic and min(share, 1 - share) < EDGE:
                ends.append(f"{name} = {(lower if share < 0.5 else upper)[axis]:.6g}")
    return ", ".join(ends or words), bool(ends)
