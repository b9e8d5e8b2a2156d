"""A second answer: the solution is pushed along a movement that seems free, and steps are taken again.

What costs no residual to first order may cost some to second order, as where two solutions meet; and
what the conditions leave open is best shown by another answer that meets them as well. So the solution
is moved much further than it could be wrong, and Gauss-Newton steps, each the smallest that will do,
are taken from there, in the space in which the movement was found. An answer that stays away with
residuals as small is a second one. One that comes back, from where the residual had risen by more than
the linearized equations say, is held by them after all.
"""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._precision import precision_context
from .._networks import FieldModel
from ._error_estimate import ErrorEstimate
from ._fitted import AS_GOOD, Linearized, corrections

PUSH = 0.3  # of the size of what moves most: how far the solution is pushed
LOOKS = 24  # at the residual at most, after a push
SHORTER = 0.25  # of a step that has not helped is tried next
AS_SMALL = 2.0  # times the residual that was found counts as as small
AWAY = 0.1  # of its size, from where an answer is another one
BENT = 3.0  # times what the linearized equations say, from where a residual has risen by curvature


@dataclasses.dataclass(frozen=True)
class Pushed:
    """Where a solution has come to that was pushed.

    - `apart`: how far it is from where it was, in units of what has moved most.
    - `residual`: that of fresh points, relative to its size.
    - `second`: whether it is another answer; `held`: whether it has come back.
    - `model`, `unknowns`: of it.
    """

    apart: float
    residual: float
    second: bool
    held: bool
    model: FieldModel
    unknowns: Mapping[str, float]


def push(found: ErrorEstimate, direction: Float[np.ndarray, " functions"], tolerance: float) -> Pushed:
    """Pushes a solution along coefficients of a movement, and takes steps again.

    - `tolerance`: on the relative residual, that of the run.
    """
    with precision_context("float64"):
        fit = found.fit
        first, level = fit.found, found.relative / found.level
        enough = max(AS_SMALL * float(np.linalg.norm(first.held[1])), tolerance / level)
        pushed = direction * (PUSH / max(_moved(found, direction), 1e-300))
        at = fit.asked.at(pushed)
        straight = first.held[1] + first.held[0] @ pushed
        free = np.linalg.norm(straight) <= enough
        bent = free and np.linalg.norm(at.held[1] - straight) > BENT * np.linalg.norm(straight)
        coefficients, at = _stepped(fit.asked, pushed, at, enough)
        apart = _moved(found, coefficients)
        residual = float(np.linalg.norm(at.held[1]))
        small = bool(np.isfinite(residual) and residual <= enough)
        model, unknowns = fit.space.unpack(jnp.asarray(coefficients))
        return Pushed(
            apart=apart,
            residual=residual * level,
            second=small and apart >= AWAY,
            held=bool(bent) and apart < AWAY * PUSH,
            model=model,
            unknowns={name: float(value) for name, value in unknowns.items()},
        )


def _stepped(asked, coefficients, at: Linearized, enough: float):
    """Where Gauss-Newton steps lead until the residual is small enough, and what is found there."""
    for _ in range(LOOKS):
        now = np.linalg.norm(at.fitted[1])
        if not np.isfinite(now) or np.linalg.norm(at.held[1]) <= enough:
            break
        steps, _ = corrections(at)
        predicted = np.linalg.norm(at.fitted[1] + steps @ at.fitted[0].T, axis=1)
        # The most damped of those that will do: what is free need not move.
        step = steps[np.argmax(predicted <= max(AS_GOOD * predicted.min(), enough / AS_SMALL))]
        share = 1.0
        while share > SHORTER**3:
            tried = asked.at(coefficients + share * step)
            if np.linalg.norm(tried.fitted[1]) < now:
                break
            share *= SHORTER
        else:
            break
        coefficients, at = coefficients + share * step, tried
    return coefficients, at


def _moved(found: ErrorEstimate, coefficients) -> float:
    """The largest movement of a field beside its size, or of an unknown beside its value."""
    space = found.fit.space
    fields = np.sqrt(np.mean((found.fit.found.slopes @ coefficients) ** 2, axis=1)) / found.size
    values = np.array([float(v) for v in space.unpack(jnp.zeros(space.size))[1].values()])
    scale = np.asarray(space.plain.unknown_scale)
    unknowns = np.abs(coefficients[space.functions :]) * scale / np.maximum(np.abs(values), 1e-300)
    return float(np.max(np.concatenate([fields, unknowns])))
