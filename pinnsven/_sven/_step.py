"""What goes from one step of Sven to the next, and what a step tells of itself."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, PyTree

from ._square import AbstractSquare


class SvenState(eqx.Module):
    """What one step hands to the next, as one pytree.

    - `log_damping`: logarithm (base 10) of the damping relative to the largest singular value.
    - `late`: whether steps use all columns of the Jacobian.
    - `key`: for the random subsets.
    - `velocity`: the last step, shape (params,), where the control has momentum; else empty.
    - `memory`: what the backend remembers of the last factors.
    """

    log_damping: Float[Array, ""]
    late: Bool[Array, ""]
    key: PRNGKeyArray
    velocity: PyTree = ()
    memory: PyTree = ()


class StepReport(eqx.Module):
    """What one step saw.

    - `loss`: the sum of squared residuals before the step.
    - `new_loss`: after it, or before it if it was rejected.
    - `predicted`: the reduction that the linear model predicted.
    - `ratio`: actual over predicted reduction.
    - `accepted`: whether the step was taken.
    - `rank`: how many singular directions the step used: those that the cut kept and, where the step is
      damped, whose singular values exceed the damping.
    - `square`: the spectrum of the (half) Jacobian, as the backend knows it.
    - `noise_floor`: the relative singular value below which this backend's are rounding noise.
    - `rtol`: the relative cut in force, which is at least the noise floor where nothing is damped.
    - `damping`: relative to the largest singular value.
    - `step_norm`: Euclidean norm of the change of the parameters.
    - `shares`: of the step, by part of the residual (condition, or key in sorted order); they sum to
      one. To first order, before corrections.
    - `fell_back`: whether a second backend had to factorize.
    """

    loss: Float[Array, ""]
    new_loss: Float[Array, ""]
    predicted: Float[Array, ""]
    ratio: Float[Array, ""]
    accepted: Bool[Array, ""]
    rank: Int[Array, ""]
    square: AbstractSquare
    noise_floor: Float[Array, ""]
    rtol: Float[Array, ""]
    damping: Float[Array, ""]
    step_norm: Float[Array, ""]
    shares: Float[Array, " parts"]
    fell_back: Bool[Array, ""]

    @property
    def singular_values(self) -> Float[Array | np.ndarray, "*runs k"]:
        """Of the (half) Jacobian, descending; the backend may compute them only now."""
        return self.square.values()

    @property
    def smallest_kept(self) -> Float[Array, ""]:
        """The smallest singular value in use; infinite when there is none."""
        s = self.singular_values
        return jnp.min(jnp.where(jnp.arange(s.size) < self.rank, s, jnp.inf))
