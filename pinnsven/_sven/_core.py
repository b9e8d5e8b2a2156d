"""Sven, the step. Reads like the algorithm box in docs/sven.md.

r, J   = linearize(theta)
U, S, V = factorize(J)            early: of a random half of its columns
kept    = the first max_rank with s >= rtol * s_1
move    = the control's choice among filters of S, by the true residual
theta   = theta + step if accepted
"""

import dataclasses
import math
import numbers

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from ._automatic import Automatic
from ._backends import AbstractBackend, AbstractFactors
from ._control import AbstractControl, Move, Offer
from ._function import FunctionResidual, PowerResidual, check_residual
from ._linearization import AbstractLinearization, AbstractResidual
from ._optax import as_optax
from ._search import SpectralSearch
from ._step import StepReport, SvenState

SMALL = 128  # parameters below which a factorization costs too little to be thinned
LATE_SHARE = 1 / 3
LOG_DAMPING_RANGE = (-16.0, 4.0)


class Sven(eqx.Module):
    """Singular Value Descent: solves $J \\delta \\approx -r$ by a filtered spectral pseudoinverse.

    Bright-Thonney, Harvey, Lukas, Thaler 2026 (arXiv 2604.01279) with step control, damping and
    chord corrections added; `Sven(control=FixedStep(eta), max_rank=..., rtol=..., kappa=2.0)` is
    theirs.

    - `max_rank`: at most this many singular directions are used; None for all.
    - `rtol`: directions below `rtol` times the largest singular value are dropped; raised to the
      noise floor of the backend where the control does not damp (the step's report says so).
    - `control`: how a step is chosen.
    - `backend`: how the Jacobian is factorized.
    - `kappa`: rows are $\\mathrm{sign}(r) |r|^\\kappa$, or $\\ell^{\\kappa / 2}$ for losses.
    - `trainable`: a regular expression; only leaves of the parameters in whose path it is found are
      solved for. None for all.
    - `early_share`: share of the parameters, a new random subset at each step, that steps move
      while few directions matter; 1 for all. Half of them costs an eighth of the factorization.
    - `early_backend`: factorizes that subset; None for the same backend.
    - `corrections`: the most chord corrections per step.

    Raises `ValueError` for `max_rank < 1`, `rtol` outside [0, 1), `kappa <= 0`, or a share outside
    (0, 1].
    """

    max_rank: int | None = None
    rtol: float = 0.0
    control: AbstractControl = SpectralSearch()
    backend: AbstractBackend = Automatic()
    kappa: float = eqx.field(static=True, default=1.0)
    trainable: str | None = eqx.field(static=True, default=None)
    early_share: float = eqx.field(static=True, default=0.5)
    early_backend: AbstractBackend | None = None
    corrections: int = 16

    def __check_init__(self):
        if self.max_rank is not None and not (
            isinstance(self.max_rank, (numbers.Integral, jax.Array)) and self.max_rank >= 1
        ):
            raise ValueError(f"max_rank={self.max_rank!r}: must be at least 1, or None for no cap")
        if not 0 <= self.rtol < 1:
            raise ValueError(f"rtol={self.rtol!r}: must lie in [0, 1)")
        if not 0 < self.kappa < float("inf"):
            raise ValueError(f"kappa={self.kappa!r}: must be positive; 1 leaves the rows as they are")
        if self.backend.damps_only and (self._truncates or not self.control.damps):
            raise ValueError(
                f"backend={self.backend!r}: knows no singular vectors, so it serves damping only; "
                "leave max_rank and rtol alone and use SpectralSearch(), or choose pv.GramEigh()"
            )
        if not 0 < self.early_share <= 1:
            raise ValueError(f"early_share={self.early_share!r}: must lie in (0, 1]")

    def init(
        self, residual, params: PyTree, *data, seed: int = 0, weights: dict | None = None
    ) -> SvenState:
        """The state before the first step on a residual function of your own.

        - `residual`: `residual(params, *data)` returns an array, or a pytree of arrays, or is a
          `Samples`.
        - `params`: any pytree; its floating-point arrays are solved for.
        - `seed`: of the random subsets.
        - `weights`: by name, for a residual that returns a dict: a factor w on the mean square of
          each part, whose n rows are scaled by $\\sqrt{w / n}$.

        Raises `ValueError` for parameters without a floating-point array, a residual without rows or
        without parameters in it, and weights that do not name its parts.
        """
        system = FunctionResidual(residual, params, weights, self.trainable)
        check_residual(system, data)
        return self.init_state(system.start(), jax.random.PRNGKey(seed))

    def step(
        self, residual, params: PyTree, state: SvenState, *data, weights: dict | None = None
    ) -> tuple[PyTree, SvenState, StepReport]:
        """One step on a residual function of your own: new parameters, new state, what was seen.

        Arguments as for `init`; jit it, scan it, or map it over seeds as you like. The data may be
        another minibatch at each step.
        """
        system = FunctionResidual(residual, params, weights, self.trainable)
        theta, state, report = self.advance(system, system.start(), state, data)
        return system.restore(theta), state, report

    def as_optax(self, residual, seed: int = 0):
        """This solver as an `optax.GradientTransformationExtraArgs`, for an existing training loop.

        `update(updates, state, params, data=(...))` ignores the gradients it is given, which may be
        None, and returns the change of the parameters.

        - `residual`: as for `init`.
        - `seed`: of the random subsets.
        """
        return as_optax(self, residual, seed)

    def init_state(self, theta: Float[Array, " params"], key: PRNGKeyArray) -> SvenState:
        """The state before the first step from a flat parameter vector."""
        return SvenState(
            jnp.asarray(np.array(-1.0, theta.dtype)),  # numpy's, which are not compiled
            jnp.asarray(np.zeros((), bool)),
            key,
            jnp.asarray(np.zeros(theta.shape, theta.dtype)) if self.control.remembers else (),
            self.backend.start(theta.size, theta.dtype),
        )

    def advance(
        self,
        residual: AbstractResidual,
        theta: Float[Array, " params"],
        state: SvenState,
        data,
    ) -> tuple[Float[Array, " params"], SvenState, StepReport]:
        """One step from a flat parameter vector: new parameters, new state, and what was seen.

        Matrix products keep all digits of the precision, also on a GPU.
        """
        return self.advance_within((), residual, theta, state, data)[:3]

    def scratch(
        self, residual: AbstractResidual, theta: Float[Array, " params"], data
    ) -> tuple[jax.ShapeDtypeStruct, ...]:
        """The memory that `advance_within` can use again from step to step."""
        made = residual.scratch(theta, data) if self._power(residual) == 1 else None
        if made is None:
            return ()
        return (made,) * self._backend(math.prod(made.shape) // theta.size, theta).jacobians

    def skips_idle_rows(self, rows: int, theta: Float[Array, " params"]) -> bool:
        """Whether rows of slabs that are not active cost a step no time."""
        backends = [self._backend(rows, theta)]
        if self.early_backend is not None:
            backends.append(self.early_backend)
        return all(backend.skips_idle_rows(rows, theta.size) for backend in backends)

    def advance_within(
        self,
        scratch: tuple[Array, ...],
        residual: AbstractResidual,
        theta: Float[Array, " params"],
        state: SvenState,
        data,
    ) -> tuple[Float[Array, " params"], SvenState, StepReport, tuple[Array, ...]]:
        """As `advance`, with the Jacobian in memory that is given and returned.

        Donate it (`jax.jit(..., donate_argnums=...)`): no time then goes into clearing new memory.

        - `scratch`: arrays as `scratch` describes them, of any content; or none.
        """
        with jax.default_matmul_precision("highest"):
            return self._advance(scratch, residual, theta, state, data)

    def _power(self, residual: AbstractResidual) -> float:
        """The power of the residual's rows that makes the rows of the step."""
        return self.kappa / 2 if residual.of_losses else self.kappa

    def _advance(self, scratch, residual, theta, state, data):
        """The step itself, in the order of the algorithm at the top of this file.

        - `scratch`: memory for the Jacobian, and for factors that take as much; may be empty.

        Returns theta, the next state, the report, and the scratch memory to go on with.
        """
        power = self._power(residual)
        system = residual if power == 1 else PowerResidual(residual, power)
        rows = jax.eval_shape(lambda t: system.residual(t, data), theta).size
        backend = self._backend(rows, theta)
        # One call for all: each call of the generator is as long to compile as a product.
        key, *factor_keys = jax.random.split(state.key, 3)
        linear, used = _linearized(system, theta, data, backend, scratch)
        loss = jnp.sum(linear.residual**2)

        # Momentum: the step starts from a share of the last one, and solves for what that leaves.
        start = self.control.momentum * state.velocity if self.control.remembers else None
        if start is not None:
            linear = linear.with_residual(linear.residual + linear.apply(start[None])[0])
        origin = theta if start is None else theta + start

        factors = self._factorize(backend, linear, state, factor_keys)
        floor = jnp.asarray(backend.noise_floor(theta.dtype), theta.dtype)
        rtol = self._rtol(floor)
        square = factors.square(self._kept(factors, rtol))
        move = self.control.search(
            Offer(
                evaluate=lambda step: system.residual(origin + step, data),
                linearization=linear,
                factors=factors,
                square=square,
                state=state,
                loss=loss,
                corrections=jnp.asarray(self.corrections),
            )
        )
        step = move.step if start is None else move.step + start
        new_loss = jnp.where(move.accepted, move.loss, loss)
        report = StepReport(
            loss=loss,
            new_loss=new_loss,
            predicted=move.predicted,
            ratio=(loss - move.loss) / jnp.where(move.predicted > 0, move.predicted, 1),
            accepted=move.accepted,
            rank=square.count(square.largest * 10**move.used_damping),
            square=square,
            noise_floor=floor,
            rtol=rtol,
            damping=10**move.used_damping,
            step_norm=jnp.linalg.norm(step),
            shares=_shares(system.parts(data), linear, factors, move),
            fell_back=factors.fell_back,
        )
        theta = jnp.where(move.accepted, theta + step, theta)
        velocity = () if start is None else jnp.where(move.accepted, step, 0)
        memory = self.backend.remember(factors)
        state = self._next_state(state, move, report.rank, key, velocity, memory)
        if len(scratch) > 1:
            used += factors.spare
        return theta, state, report, used

    def refined(self, rows: int, theta: Float[Array, " params"]) -> "Sven | None":
        """This solver with a backend that is right below the noise of a Gram matrix.

        None where the backend is not left to choose, or none would be gained.
        """
        if not isinstance(self.backend, Automatic):
            return None
        finer = dataclasses.replace(self, backend=dataclasses.replace(self.backend, refined=True))
        return None if finer._backend(rows, theta) == self._backend(rows, theta) else finer

    @property
    def _truncates(self) -> bool:
        """Whether directions may be dropped; a traced cut-off could be anything."""
        return self.max_rank is not None or not isinstance(self.rtol, numbers.Real) or self.rtol > 0

    def _backend(self, rows: int, theta) -> AbstractBackend:
        """The backend, chosen here where it is left to choose."""
        if not isinstance(self.backend, Automatic):
            return self.backend
        cut = None
        if not self.control.damps:
            cut = float(self.rtol) if isinstance(self.rtol, numbers.Real) else 0.0
        truncates = self._truncates or self.early_backend is not None
        return self.backend.choose(rows, theta.size, theta.dtype, cut, truncates)

    def _factorize(
        self, backend: AbstractBackend, linear: AbstractLinearization, state: SvenState, keys
    ) -> AbstractFactors:
        """Factors of the whole Jacobian, or before the endgame of a random half of its columns.

        A subset with more columns than there are rows would save nothing: then always of the whole.
        """
        rows, params = linear.rows, linear.params
        size = max(round(self.early_share * params), 1)
        key, subset_key = keys
        few = size == params or rows <= size or params < SMALL
        if few or not backend.takes_subsets:
            return backend.init(linear, key, state.memory)
        early_backend = self.early_backend or backend

        # Neither branch returns anything of the Jacobian, which would be copied.
        def whole():
            return backend.init(linear, key, state.memory).explicit(linear)

        number = jax.eval_shape(whole).number

        def early():
            index = jnp.argsort(jax.random.bits(subset_key, (params,)))[:size]
            part = linear.columns(index)
            factors = early_backend.init(part, key).explicit(part)
            return factors.embed(index, params, number)

        if type(jax.eval_shape(whole)) is type(jax.eval_shape(early)):
            return jax.lax.cond(state.late, whole, early)
        # Two kinds of factors, as of two backends: both have V.
        return jax.lax.cond(state.late, lambda: whole().plain(), lambda: early().plain())

    def _rtol(self, floor) -> Float[Array, ""]:
        """The relative cut in force."""
        # Damping fades noisy directions out by itself; a bare pseudoinverse must not divide by noise.
        return jnp.maximum(self.rtol, 0.0 if self.control.damps else floor).astype(floor.dtype)

    def _kept(self, factors: AbstractFactors, rtol) -> Bool[Array, " k"]:
        """Which directions the truncation keeps."""
        if not self._truncates and self.control.damps:
            return jnp.ones(factors.number, bool)
        s = factors.singular_values
        kept = s >= rtol * s[0]
        if self.max_rank is not None:
            kept &= jnp.arange(s.size) < self.max_rank
        return kept

    def _next_state(self, state: SvenState, move: Move, rank, key, velocity, memory) -> SvenState:
        # A random half of the columns serves while few directions matter; once the filter passes a
        # third of as many as it has, the half itself limits the step.
        crowded = rank > int(LATE_SHARE * self.early_share * move.step.size)
        log_damping = jnp.clip(move.log_damping, *LOG_DAMPING_RANGE)
        return SvenState(log_damping, state.late | crowded, key, velocity, memory)


def _linearized(system: AbstractResidual, theta, data, backend: AbstractBackend, scratch: tuple):
    """The linearization that a backend wants, and what it holds of the scratch memory."""
    if scratch:
        linear = system.linearize_into(scratch, theta, data)
        return linear, (linear.slabs,)
    return (system.linearize if backend.stores_jacobian else system.implicit)(theta, data), ()


def _shares(parts, linear: AbstractLinearization, factors: AbstractFactors, move: Move):
    """How much of the step each part of the residual asked for.

    The step is linear in the residual, so each part has a step of its own; its share is the length
    of that along the whole step, over the length of the whole step.
    """
    if len(parts) == 1:
        return jnp.ones(1, linear.residual.dtype)
    alone = jnp.where(parts, linear.residual[None], 0)
    steps = move.filter(factors.gradient(linear, alone))
    whole = jnp.sum(steps, axis=0)
    square = jnp.sum(whole**2)
    return steps @ whole / jnp.where(square > 0, square, 1)
