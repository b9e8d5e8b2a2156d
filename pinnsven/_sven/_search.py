"""The default step control: many dampings from one factorization, each corrected with it."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._control import AbstractControl, Move, check_momentum, finite_or_infinite, squared_norm
from ._square import Damping


class SpectralSearch(AbstractControl):
    """Many dampings from one factorization, corrected with it, chosen by what they really achieve.

    Candidate k has the filter $\\phi_k = 1 / (s^2 + \\mu_k^2)$ on the kept directions, with $\\mu_k$
    spread over `2 * spread` decades around the last one used. Each is then improved with the same
    factors (Shamanskii 1967): with $d$ the step so far, $e = r(\\theta + d) - r - J d$ is what the
    linear model missed, and $d \\leftarrow d^0 - V \\psi_k S U^T e$ accounts for it at the price of one
    residual. Here the damping is `calm` times $\\mu_k$: in the weakest directions e is rounding, or
    says what J was before the step, and undoing it there leads astray. That iteration converges
    linearly where it does; mixing its last few iterates (Anderson 1965; type II as in Walker and Ni
    2011, eq. 2.3), in the norm of the damped problem, makes it converge faster and for less damping. A
    corrected step that leaves the first one by more than `trust` times its length is not believed.

    Among the candidates the least damped one whose actual reduction is at least `ratio` times the
    predicted one is taken; choosing the lowest loss instead is short-sighted, since long steps with a
    poor ratio pay off later (Webb, Jerad, Cartis 2026, arXiv 2607.02194, section 3).

    With momentum every candidate starts from that share of the last step and solves for what it
    leaves of the residual (SPRING: Goldshlager, Abrahamsen, Lin 2024, eq. 27): along directions that
    the damping fades out, steps that agree add up.

    - `probes`: the number of candidates.
    - `spread`: decades to either side of the last damping.
    - `ratio`, `late_ratio`: the acceptable ratio of actual to predicted reduction, early and late.
    - `calm`: the damping of corrections, relative to that of their candidate.
    - `trust`: the longest believable correction, relative to the step.
    - `worth`: corrections go on while the loss of some candidate falls below this share of its best.
    - `patience`: a candidate whose loss has not done so this many times in a row is evaluated no more.
    - `memory`: how many past corrections are mixed; 0 for the plain iteration.
    - `momentum`: in [0, 1).

    Raises `ValueError` for fewer than one probe, a patience below one, a negative memory, or a
    momentum outside [0, 1).
    """

    probes: int = eqx.field(static=True, default=5)
    spread: float = 1.0
    ratio: float = 0.15
    late_ratio: float = 0.15
    calm: float = 30.0
    trust: float = 0.75
    worth: float = 0.8
    patience: int = eqx.field(static=True, default=2)
    memory: int = eqx.field(static=True, default=3)
    momentum: float = eqx.field(static=True, default=0.5)  # type: ignore[assignment]

    def __check_init__(self):
        if self.probes < 1:
            raise ValueError(f"probes={self.probes!r}: need at least one candidate")
        if self.patience < 1:
            raise ValueError(f"patience={self.patience!r}: must be at least one")
        if self.memory < 0:
            raise ValueError(f"memory={self.memory!r}: must not be negative")
        check_momentum(self.momentum)

    @property
    def damps(self):
        return True

    def search(self, offer):
        """All candidates at once: first steps, corrections while they pay, the choice by true losses.

        Steps have the shape (probes, params), their coefficients in the factors' basis (probes, k).
        """
        evaluate, linearization, factors = offer.evaluate, offer.linearization, offer.factors
        square, state, loss = offer.square, offer.state, offer.loss
        residual, log_damping = linearization.residual, state.log_damping
        start = jnp.zeros((1, linearization.params), loss.dtype)
        if self.remembers:
            start = self.momentum * state.velocity[None]
        # From the most to the least damped candidate.
        offsets = jnp.linspace(self.spread, -self.spread, self.probes, dtype=loss.dtype)
        damping = square.largest * 10 ** (log_damping + offsets)
        calmed = self.calm * damping
        gradient = offer.gradient
        first = -square.solve(damping, jnp.broadcast_to(gradient[None], (self.probes, gradient.size)))
        begun = factors.lift(linearization, first)
        lengths = jnp.linalg.norm(begun + start, axis=1)
        # What the linear model loses by a step d of (J^T J + mu^2) d = -g: -d.g + mu^2 d.d.
        fading = (damping * jnp.linalg.norm(begun, axis=1)) ** 2
        predicted = loss - squared_norm(residual) - first @ gradient + fading

        def evaluate_unless_idle(candidate):
            idle, lifted, known = candidate
            return jax.lax.cond(idle < self.patience, lambda: evaluate(lifted), lambda: known)

        def attempt(carry):
            """One round: the losses of all candidates, and the next correction of each, mixed."""
            steps, lifted, best, lowest, mixing, count, idle, residuals = carry
            residuals = jax.lax.map(evaluate_unless_idle, (idle, lifted, residuals))
            losses = finite_or_infinite(jnp.sum(residuals**2, axis=1))
            best = jnp.where((losses < lowest)[:, None], lifted, best)
            paid = (losses < self.worth * lowest) & (idle < self.patience)
            idle = jnp.where(paid, 0, idle + 1)
            missed = jnp.nan_to_num(residuals - residual[None] - linearization.apply(lifted))
            target = first - square.solve(calmed, factors.gradient(linearization, missed))
            candidates, mixing = mixing.mix(
                steps, target, lambda x: square.apply(calmed, x), count == 0
            )
            raised = factors.lift(linearization, candidates)
            believed = jnp.linalg.norm(raised - begun, axis=1) < self.trust * lengths
            steps = jnp.where(believed[:, None], candidates, steps)
            lifted = jnp.where(believed[:, None], raised, lifted)
            lowest = jnp.minimum(losses, lowest)
            return steps, lifted, best, lowest, mixing, count + 1, idle, residuals

        def worthwhile(carry):
            *_, count, idle, _ = carry
            return jnp.any(idle == 0) & (count <= offer.corrections)

        mixing = _Mixing.start(self.memory, first)
        none = jnp.full(self.probes, jnp.inf, loss.dtype)
        idle = jnp.zeros(self.probes, int)
        residuals = jnp.zeros((self.probes, residual.size), residual.dtype)
        start = (first, begun, begun, none, mixing, 0, idle, residuals)
        _, _, best, lowest, *_ = jax.lax.while_loop(worthwhile, attempt, start)

        ratio = jnp.where(state.late, self.late_ratio, self.ratio)
        good = (loss - lowest >= ratio * predicted) & (lowest < loss)
        least_damped = self.probes - 1 - jnp.argmax(good[::-1])
        chosen = jnp.where(jnp.any(good), least_damped, jnp.argmin(lowest))
        accepted = (lowest[chosen] < loss) & jnp.all(jnp.isfinite(best[chosen]))
        moved = jnp.where(accepted, offsets[chosen], 1.0)
        return Move(
            step=best[chosen],
            loss=lowest[chosen],
            predicted=predicted[chosen],
            filter=Damping(square, damping[chosen]),
            log_damping=log_damping + moved,
            used_damping=log_damping + offsets[chosen],
            accepted=accepted,
        )


class _Mixing(eqx.Module):
    """Anderson mixing of a fixed-point iteration, for several candidates at once.

    - `target`, `change`: the last value of the iterated map, and its distance from its argument.
    - `targets`, `changes`: differences of consecutive ones, the newest last.
    """

    target: Float[Array, "probes k"]
    change: Float[Array, "probes k"]
    targets: Float[Array, "probes memory k"]
    changes: Float[Array, "probes memory k"]

    @classmethod
    def start(cls, memory: int, like: Float[Array, "probes k"]) -> "_Mixing":
        past = jnp.zeros((like.shape[0], memory, like.shape[1]), like.dtype)
        return cls(jnp.zeros_like(like), jnp.zeros_like(like), past, past)

    def mix(self, argument, target, metric, first) -> tuple[Float[Array, "probes k"], "_Mixing"]:
        """The next argument of the map, from its last argument and value.

        - `metric`: maps vectors (probes, memory, k) to their products with the matrix in whose norm
          the remaining change is made small.
        - `first`: true at the first call, when there is no difference to learn from.
        """
        change = target - argument
        memory = self.changes.shape[1]
        if memory == 0:
            return target, self
        newest = [jnp.where(first, 0, change - self.change), jnp.where(first, 0, target - self.target)]
        changes = jnp.concatenate([self.changes[:, 1:], newest[0][:, None]], axis=1)
        targets = jnp.concatenate([self.targets[:, 1:], newest[1][:, None]], axis=1)
        weighted = metric(changes)
        normal = jnp.einsum("pik,pjk->pij", weighted, changes)
        right = jnp.einsum("pik,pk->pi", weighted, change)
        # Past differences that are missing or parallel make this singular: a hair of the trace on
        # the diagonal picks the smallest mixture.
        hair = 1e-12 * jnp.trace(normal, axis1=1, axis2=2) + jnp.finfo(target.dtype).tiny
        normal = normal + hair[:, None, None] * jnp.eye(memory, dtype=target.dtype)[None]
        share = _solved(normal, right)
        mixed = target - jnp.einsum("pi,pik->pk", share, targets)
        usable = jnp.all(jnp.isfinite(mixed), axis=1, keepdims=True)
        return jnp.where(usable, mixed, target), _Mixing(target, change, targets, changes)


def _solved(square: Float[Array, "probes k k"], right: Float[Array, "probes k"]):
    """Solutions of a few small positive definite systems, by Cholesky's elimination written out.

    As stable as with pivots there (Higham 2002, chapter 10), and of a few kernels: a library's LU of
    3 by 3 matrices takes as long to compile as the rest of the mixing.
    """
    size = right.shape[1]
    rows = [[square[:, i, j] for j in range(size)] + [right[:, i]] for i in range(size)]
    for pivot in range(size):
        for below in range(pivot + 1, size):
            factor = rows[below][pivot] / rows[pivot][pivot]
            for column in range(pivot + 1, size + 1):
                rows[below][column] = rows[below][column] - factor * rows[pivot][column]
    found: list = [None] * size
    for row in reversed(range(size)):
        rest = rows[row][size]
        for column in range(row + 1, size):
            rest = rest - rows[row][column] * found[column]
        found[row] = rest / rows[row][row]
    return jnp.stack(found, axis=1)
