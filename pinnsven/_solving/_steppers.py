"""One step of whatever solver was asked for, behind one interface: Sven, or any optax method."""

import abc
import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from .._sven import Automatic, Diagonal, StepReport, Sven
from ._residual import ResidualSystem

NOISY = 3.0  # times the noise floor of the Gram matrix, below which it is refined


class AbstractStepper(eqx.Module):
    """A solver bound to a residual system."""

    estimate_every: eqx.AbstractVar[int]
    name: eqx.AbstractVar[str]

    @abc.abstractmethod
    def init(self, theta, key):
        """The state before the first step."""

    @abc.abstractmethod
    def step(self, system: ResidualSystem, theta, state, scratch, batches):
        """New parameters, new state, a `StepReport`, and the scratch memory; to be jitted."""

    def scratch(self, system: ResidualSystem, theta, batches) -> tuple[jax.ShapeDtypeStruct, ...]:
        """The memory that a step wants, of any content, and hands on to the next."""
        del system, theta, batches
        return ()

    def skips_idle_rows(self, rows: int, theta) -> bool:
        """Whether rows of slabs that are not active cost a step no time."""
        del rows, theta
        return True

    def after(self, damping: float, rows: int, theta) -> "AbstractStepper":
        """The stepper that suits a step after one with this relative damping.

        - `rows`: for which it is compiled.
        """
        del damping, rows, theta
        return self

    def leaner(self) -> "AbstractStepper | None":
        """The same method, from the same state, for less memory and more time; None if it is this."""
        return None


class SvenStepper(AbstractStepper):
    """Sven's step.

    A backend that is left to choose is refined once the damping comes down to the noise of the Gram
    matrix, which then limits the steps.
    """

    solver: Sven
    estimate_every: int = eqx.field(static=True)
    name: str = eqx.field(static=True)

    def __init__(self, solver: Sven, name: str = "step"):
        self.solver, self.estimate_every, self.name = solver, 5, name

    def init(self, theta, key):
        return self.solver.init_state(theta, key)

    def step(self, system, theta, state, scratch, batches):
        return self.solver.advance_within(scratch, system, theta, state, batches)

    def scratch(self, system, theta, batches):
        return self.solver.scratch(system, theta, batches)

    def skips_idle_rows(self, rows, theta):
        return self.solver.skips_idle_rows(rows, theta)

    def after(self, damping, rows, theta):
        if damping < NOISY * self.solver.backend.noise_floor(theta.dtype):
            refined = self.solver.refined(rows, theta)
            return self if refined is None else SvenStepper(refined, "refined step")
        return self

    def leaner(self):
        backend = self.solver.backend
        if not isinstance(backend, Automatic) or backend.implicit:
            return None
        backend = dataclasses.replace(backend, implicit=True)
        return SvenStepper(dataclasses.replace(self.solver, backend=backend))


class OptaxStepper(AbstractStepper):
    """An optax method on half the squared norm of the same weighted residual vector."""

    transformation: optax.GradientTransformationExtraArgs = eqx.field(static=True)
    estimate_every: int = eqx.field(static=True)
    name: str = eqx.field(static=True)

    def __init__(self, transformation: optax.GradientTransformation):
        self.name = "step"
        self.transformation = optax.with_extra_args_support(transformation)
        self.estimate_every = 100

    def init(self, theta, key):
        del key
        return self.transformation.init(theta)

    def step(self, system, theta, state, scratch, batches):
        """One update by the method, refused where it leads to what is not finite.

        The report has no spectrum, and not-a-number for what only Sven can say.
        """

        def half_square(t):
            return system.half_square(t, batches)

        value, gradient = jax.value_and_grad(half_square)(theta)
        # optax mixes dtypes (counts with rates) in ways that strict promotion forbids.
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            step, state = self.transformation.update(
                gradient, state, theta, value=value, grad=gradient, value_fn=half_square
            )
        moved = jnp.asarray(optax.apply_updates(theta, step))
        finite = jnp.all(jnp.isfinite(moved)) & jnp.isfinite(value)
        moved = jnp.where(finite, moved, theta)
        report = StepReport(
            loss=2 * value,
            new_loss=2 * value,
            predicted=jnp.zeros_like(value),
            ratio=jnp.full_like(value, jnp.nan),
            accepted=finite,
            rank=jnp.zeros((), int),
            square=Diagonal(jnp.zeros(0, theta.dtype), jnp.zeros(0, bool)),
            noise_floor=jnp.full_like(value, jnp.nan),
            rtol=jnp.zeros_like(value),
            damping=jnp.zeros_like(value),
            step_norm=jnp.linalg.norm(moved - theta),
            shares=jnp.full(len(system.blocks), jnp.nan, theta.dtype),
            fell_back=jnp.zeros((), bool),
        )
        return moved, state, report, scratch


def as_stepper(solver: object) -> AbstractStepper:
    """A stepper from a `Sven` or an `optax.GradientTransformation`; `ValueError` otherwise."""
    if isinstance(solver, Sven):
        return SvenStepper(solver)
    if isinstance(solver, optax.GradientTransformation):
        return OptaxStepper(solver)
    raise ValueError(f"solver={solver!r}: give pv.Sven(...) or an optax.GradientTransformation")
