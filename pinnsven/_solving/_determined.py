"""Is the answer determined? How far the solution may move while its residual stays as small as it is.

In a second space of functions let J be the linearized residual, its rows scaled so that the residual
that was found has the norm one in every condition, and B the values of a field over the root mean
square of that field. The largest generalized singular value of (B, J), $\\kappa = \\max |B c| / |J c|$,
is how far the field may move, relative to its size, for one such residual. A direction that the
conditions leave open has no residual: then kappa is as large as the space can show, and grows without
end with the number of functions; an equation that merely multiplies what is left of a residual (an
unstable mode, a resonance) has a kappa of its own.

The generalized singular values are found as Van Loan (1976) has them, from an orthonormal basis of the
columns of J and B together: what is small in both is a function that the space has twice, and goes.
"""

import dataclasses

import numpy as np
import scipy.linalg
from jaxtyping import Float

CUT = 1e-13  # of the largest singular value of J and B together, below which a direction is rounding
FAINTEST = 1e-15  # singular value of J in the orthonormal basis; rounding shows no smaller one
OPEN = 1e9  # times its relative residual: a movement that no equation explains (experiment 76)
GROWTH = 4.0  # of kappa, when the functions are doubled, that says it has no end (experiment 78)


class Directions:
    """Functions of a space by how strongly the residual answers them.

    - `basis`: coefficients (functions, directions) with J basis orthonormal, the freest direction last.
    """

    def __init__(self, jacobian, values):
        """From R factors (functions, functions) of J and of B, all fields together."""
        norms = [np.maximum(np.linalg.norm(part, axis=0), 1e-300) for part in (jacobian, values)]
        both = (norms[0] > 1e-290) & (norms[1] > 1e-290)
        share = np.exp(np.mean(np.log(norms[0][both] / norms[1][both]))) if both.any() else 1.0
        whole = np.concatenate([jacobian, share * values])
        # Of one size, for rounding in steep functions would hide what smooth ones do.
        lengths = np.linalg.norm(whole, axis=0)
        # What is zero in both, as the slope along a coordinate that a field does not see, goes.
        scale = np.where(lengths > 1e-290, 1 / np.maximum(lengths, 1e-290), 0.0)
        _, sizes, right = scipy.linalg.svd(triangle(whole * scale), check_finite=False)
        kept = sizes > CUT * sizes[0]
        basis = scale[:, None] * right[kept].T / sizes[kept]
        _, small, turned = scipy.linalg.svd(jacobian @ basis, check_finite=False)
        self.basis = basis @ (turned.T / np.maximum(small, FAINTEST))

    def largest(self, values) -> tuple[float, np.ndarray]:
        """The largest |B c| with |J c| = 1, and its coefficients.

        - `values`: an R factor of B, or B itself.
        """
        _, found, directions = scipy.linalg.svd(values @ self.basis, check_finite=False)
        return float(found[0]), self.basis @ directions[0]


def triangle(matrix):
    """R of a QR factorization, square: the same norms for every vector of coefficients."""
    found = scipy.linalg.qr(matrix, mode="r", check_finite=False)[0][: matrix.shape[1]]
    return np.pad(found, ((0, matrix.shape[1] - len(found)), (0, 0)))


@dataclasses.dataclass(frozen=True)
class Freedom:
    """How freely the fields and the unknowns may move in a space.

    - `kappas`: of each field, its relative movement for a residual of one.
    - `unknowns`: of each unknown, its movement for a residual of one.
    - `together`: how the unknowns move with the freest of them, each (unknowns,).
    - `fitted`: of each field, the movement that fits the residual which was found.
    - `chance`: the same for a residual of that norm without any pattern, by its expectation.
    - `growth`: of the largest of them, from half of the functions to all.
    - `field`: the number of the field that is freest.
    - `direction`: the coefficients of its movement, with a residual of one.
    - `of_unknowns`: the same of the freest unknown's.
    """

    kappas: Float[np.ndarray, " fields"]
    unknowns: Float[np.ndarray, " unknowns"]
    together: Float[np.ndarray, " unknowns"]
    fitted: Float[np.ndarray, " fields"]
    chance: Float[np.ndarray, " fields"]
    growth: float
    field: int
    direction: Float[np.ndarray, " functions"]
    of_unknowns: Float[np.ndarray, " functions"]


def freedom(
    jacobian: Float[np.ndarray, "rows functions"],
    residual: Float[np.ndarray, " rows"],
    values: list[Float[np.ndarray, "points functions"]],
    unknowns: int,
    beside: int = 0,
) -> Freedom:
    """How freely each field and each unknown may move.

    - `jacobian`: J, in the order of the functions, the first half being a space of the same kind.
    - `residual`: that was found.
    - `values`: B of each field.
    - `unknowns`: how many of the last columns are those of unknowns.
    - `beside`: how many of the first columns are functions made of the solution. They may explain its
      residual, but are no witnesses of how far it may move: half of the functions has them too.
    """
    number = jacobian.shape[1] - unknowns
    # An unknown that moves no field, and no residual, is no function that the space has twice.
    moves = np.eye(jacobian.shape[1])[number:]
    rows, parts = triangle(jacobian), [triangle(found) for found in values]
    shown = np.vstack([*parts, moves])
    fitted, chance = _likely(jacobian, residual, Directions(rows, shown), parts)

    drawn = np.r_[beside : jacobian.shape[1]]
    kept = np.r_[beside : (beside + number) // 2, number : jacobian.shape[1]]
    whole = Directions(triangle(rows[:, drawn]), shown[:, drawn])
    found = [whole.largest(part[:, drawn]) for part in parts]
    kappas = np.array([kappa for kappa, _ in found])
    freest = int(np.argmax(kappas))
    half = Directions(triangle(rows[:, kept]), shown[:, kept])
    before, _ = half.largest(parts[freest][:, kept])
    along = moves[:, drawn] @ whole.basis
    strengths = np.linalg.norm(along, axis=1)
    freest_one = along[np.argmax(strengths)] if unknowns else np.zeros(whole.basis.shape[1])
    return Freedom(
        kappas=kappas,
        unknowns=strengths,
        together=along @ freest_one,
        fitted=fitted,
        chance=chance,
        growth=float(kappas[freest] / max(before, 1e-300)),
        field=freest,
        direction=np.concatenate([np.zeros(beside), found[freest][1]]),
        of_unknowns=np.concatenate([np.zeros(beside), whole.basis @ freest_one]),
    )


def _likely(jacobian, residual, directions: Directions, parts) -> tuple[np.ndarray, np.ndarray]:
    """How each field moves to fit a residual, and for one of that norm without a pattern."""
    best = directions.basis.T @ (jacobian.T @ residual)
    shown = [part @ directions.basis for part in parts]
    chance = np.array([np.linalg.norm(part) for part in shown])
    norm = np.linalg.norm(residual) / max(len(residual), 1) ** 0.5
    return np.array([np.linalg.norm(part @ best) for part in shown]), chance * norm
