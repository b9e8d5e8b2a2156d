"""Sven, the step. Reads like the algorithm box in docs/sven.md.

r, J   = linearize(theta)
U, S, V = factorize(J)            early: of a random half of its columns
kept    = the first max_rank with s >= rtol * s_1
move    = search over filters of S, true residual of each, chord corrections
theta   = theta + step if accepted
"""

import numbers

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from ._backends import AbstractBackend, AbstractFactors, GramEigh
from ._control import AbstractControl, Move, SpectralSearch
from ._linearization import AbstractResidual, Linearization, flat_problem, restore

SMALL = 128  # parameters below which a factorization costs too little to be thinned
LATE_SHARE = 1 / 3
LOG_DAMPING_RANGE = (-16.0, 4.0)


class SvenState(eqx.Module):
    """What one step hands to the next, as one pytree.

    - `log_damping`: logarithm (base 10) of the damping relative to the largest singular value.
    - `late`: whether steps use all columns of the Jacobian.
    - `key`: for the random subsets.
    """

    log_damping: Float[Array, ""]
    late: Bool[Array, ""]
    key: PRNGKeyArray


class StepReport(eqx.Module):
    """What one step saw.

    - `loss`: the sum of squared residuals before the step.
    - `new_loss`: after it, or before it if it was rejected.
    - `predicted`: the reduction that the linear model predicted.
    - `ratio`: actual over predicted reduction.
    - `accepted`: whether the step was taken.
    - `rank`: the number of singular values that the filter kept or, with damping, exceeded it.
    - `singular_values`: of the (half) Jacobian, descending.
    - `damping`: relative to the largest singular value.
    - `step_norm`: Euclidean norm of the change of the parameters.
    """

    loss: Float[Array, ""]
    new_loss: Float[Array, ""]
    predicted: Float[Array, ""]
    ratio: Float[Array, ""]
    accepted: Bool[Array, ""]
    rank: Int[Array, ""]
    singular_values: Float[Array, " k"]
    damping: Float[Array, ""]
    step_norm: Float[Array, ""]


class Sven(eqx.Module):
    """Singular Value Descent: solves $J \\delta \\approx -r$ by a filtered spectral pseudoinverse.

    Bright-Thonney, Harvey, Lukas, Thaler 2026 (arXiv 2604.01279) with step control, damping and
    chord corrections added; `Sven(control=FixedStep(eta), max_rank=..., rtol=...)` is theirs.

    - `max_rank`: at most this many singular directions are used; None for all.
    - `rtol`: directions below `rtol` times the largest singular value are dropped; raised to the
      noise floor of the backend where the control does not damp.
    - `control`: how a step is chosen.
    - `backend`: how the Jacobian is factorized.
    - `early_share`: share of the parameters, a new random subset at each step, that steps move
      while few directions matter; 1 for all. Half of them costs an eighth of the factorization.
    - `corrections`: the most chord corrections per step.

    Raises `ValueError` for `max_rank < 1`, `rtol` outside [0, 1), or a share outside (0, 1].
    """

    max_rank: int | None = None
    rtol: float = 0.0
    control: AbstractControl = SpectralSearch()
    backend: AbstractBackend = GramEigh()
    early_share: float = eqx.field(static=True, default=0.5)
    corrections: int = 16

    def __check_init__(self):
        if self.max_rank is not None and not (
            isinstance(self.max_rank, (numbers.Integral, jax.Array)) and self.max_rank >= 1
        ):
            raise ValueError(f"max_rank={self.max_rank!r}: must be at least 1, or None for no cap")
        if not 0 <= self.rtol < 1:
            raise ValueError(f"rtol={self.rtol!r}: must lie in [0, 1)")
        if not 0 < self.early_share <= 1:
            raise ValueError(f"early_share={self.early_share!r}: must lie in (0, 1]")

    def init(self, residual, params: PyTree, *data, seed: int = 0) -> SvenState:
        """The state before the first step on a residual function of your own.

        - `residual`: `residual(params, *data)` returns an array, or a pytree of arrays.
        - `params`: any pytree; its floating-point arrays are solved for.
        - `seed`: of the random subsets.

        Raises `ValueError` for parameters without a floating-point array or a residual without rows.
        """
        system, theta = flat_problem(residual, params)
        if not jax.eval_shape(lambda t: system.residual(t, data), theta).size:
            raise ValueError("residual: it has no rows; return at least one value")
        return self.init_state(theta.dtype, jax.random.PRNGKey(seed))

    def step(
        self, residual, params: PyTree, state: SvenState, *data
    ) -> tuple[PyTree, SvenState, StepReport]:
        """One step on a residual function of your own: new parameters, new state, what was seen.

        Arguments as for `init`; jit it, scan it, or map it over seeds as you like.
        """
        system, theta = flat_problem(residual, params)
        theta, state, report = self.advance(system, theta, state, data)
        return restore(params, theta), state, report

    def init_state(self, dtype, key: PRNGKeyArray) -> SvenState:
        """The state before the first step, for parameters of a dtype."""
        return SvenState(jnp.asarray(-1.0, dtype), jnp.zeros((), bool), key)

    def advance(
        self,
        residual: AbstractResidual,
        theta: Float[Array, " params"],
        state: SvenState,
        data,
    ) -> tuple[Float[Array, " params"], SvenState, StepReport]:
        """One step from a flat parameter vector: new parameters, new state, and what was seen."""
        linearization = residual.linearize(theta, data)
        key, subset_key = jax.random.split(state.key)
        factors = self._factorize(linearization, state.late, subset_key)
        kept = self._kept(factors)
        move = self.control.search(
            lambda step: residual.residual(theta + step, data),
            linearization,
            factors,
            kept,
            state.log_damping,
            jnp.asarray(self.corrections),
        )
        loss = jnp.sum(linearization.residual**2)
        new_loss = jnp.where(move.accepted, move.loss, loss)
        s = factors.singular_values
        report = StepReport(
            loss=loss,
            new_loss=new_loss,
            predicted=move.predicted,
            ratio=(loss - move.loss) / jnp.where(move.predicted > 0, move.predicted, 1),
            accepted=move.accepted,
            rank=jnp.sum(kept & (s > s[0] * 10**move.used_damping)),
            singular_values=s,
            damping=10**move.used_damping,
            step_norm=jnp.linalg.norm(move.step),
        )
        theta = jnp.where(move.accepted, theta + move.step, theta)
        return theta, self._next_state(state, move, report.rank, key), report

    def _factorize(self, linearization: Linearization, late, key) -> AbstractFactors:
        """Factors of the whole Jacobian, or before the endgame of a random half of its columns.

        A subset with more columns than there are rows would save nothing: then always of the whole.
        """
        rows, params = linearization.rows, linearization.params
        size = max(round(self.early_share * params), 1)
        if size == params or rows <= size or params < SMALL:
            return self.backend.init(linearization)

        # Neither branch returns anything of the Jacobian, which would be copied.
        def early():
            index = jax.random.choice(key, params, (size,), replace=False)
            part = linearization.columns(index)
            return self.backend.init(part).explicit(part).embed(index, (rows, params))

        def whole():
            return self.backend.init(linearization).explicit(linearization)

        return jax.lax.cond(late, whole, early)

    def _kept(self, factors: AbstractFactors) -> Bool[Array, " k"]:
        s = factors.singular_values
        # Damping fades noisy directions out by itself; a bare pseudoinverse must not divide by noise.
        noise = 0.0 if self.control.damps else self.backend.noise_floor(s.dtype)
        rtol = jnp.maximum(self.rtol, noise).astype(s.dtype)
        kept = (s >= rtol * s[0]) & (s > 0)
        if self.max_rank is not None:
            kept &= jnp.arange(s.size) < self.max_rank
        return kept

    def _next_state(self, state: SvenState, move: Move, rank, key) -> SvenState:
        # A random half of the columns serves while few directions matter; once the filter passes a
        # third of as many as it has, the half itself limits the step.
        crowded = rank > int(LATE_SHARE * self.early_share * move.step.size)
        return SvenState(
            log_damping=jnp.clip(move.log_damping, *LOG_DAMPING_RANGE),
            late=state.late | crowded,
            key=key,
        )
