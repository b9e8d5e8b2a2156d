"""Step control: which of the steps that one factorization offers is taken, and how far."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ._backends import AbstractFactors
from ._linearization import AbstractLinearization
from ._square import AbstractFilter, AbstractSquare, Diagonal, Scaling

BELIEVED = 0.75  # the longest second-order correction, relative to half the step


class Move(eqx.Module):
    """The outcome of a search.

    - `step`: the change of the parameters, shape (params,).
    - `loss`: the true loss after it (the sum of squared residuals).
    - `predicted`: the reduction that the linear model predicts for the chosen filter.
    - `filter`: the chosen filter.
    - `log_damping`: the logarithm (base 10) of the damping for the next step, relative to the
      largest singular value.
    - `used_damping`: the same of the step chosen.
    - `accepted`: whether the step is to be taken.
    """

    step: Float[Array, " params"]
    loss: Float[Array, ""]
    predicted: Float[Array, ""]
    filter: AbstractFilter
    log_damping: Float[Array, ""]
    used_damping: Float[Array, ""]
    accepted: Bool[Array, ""]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Offer:
    """What one factorization offers a search, from which it makes its `Move`.

    - `evaluate`: maps a step (params,) to the residual (rows,) after it.
    - `linearization`: the residual and the products of its Jacobian.
    - `factors`: of that Jacobian.
    - `square`: the Gram matrix in the basis of the factors, on the directions that are kept; `Diagonal`
      unless the control `damps`.
    - `state`: the solver's state: `log_damping`, where a search starts, `late`, and `velocity`, the
      last step. With momentum `linearization` is that of the residual which its share of it leaves.
    - `loss`: the true loss before the step, without that share.
    - `corrections`: how many chord corrections may be spent on it.
    """

    evaluate: Callable[[Float[Array, " params"]], Float[Array, " rows"]]
    linearization: AbstractLinearization
    factors: AbstractFactors
    square: AbstractSquare
    state: Any
    loss: Float[Array, ""]
    corrections: Int[Array, ""]

    @property
    def gradient(self) -> Float[Array, " k"]:
        """The gradient $S U^T r$ in the basis of the factors."""
        return self.factors.gradient(self.linearization, self.linearization.residual[None])[0]

    def lift(self, coefficients: Float[Array, " k"]) -> Float[Array, " params"]:
        """The step $V a$ of coefficients in the basis of the factors."""
        return self.factors.lift(self.linearization, coefficients[None])[0]

    def loss_after(self, step: Float[Array, " params"]) -> Float[Array, ""]:
        """The true loss after a step; infinite where the residual is not finite."""
        return finite_or_infinite(squared_norm(self.evaluate(step)))


class AbstractControl(eqx.Module):
    """Chooses a step from spectral factors."""

    @property
    @abc.abstractmethod
    def damps(self) -> bool:
        """Whether the filters fade out small singular values instead of cutting them off."""

    @property
    def momentum(self) -> float:
        """The share of the last step from which the next one starts."""
        return 0.0

    @property
    def remembers(self) -> bool:
        """Whether there is momentum."""
        return self.momentum > 0

    @abc.abstractmethod
    def search(self, offer: Offer) -> Move:
        """The step to take."""


class SpectralFilter(eqx.Module):
    """$\\phi(s) = (s^2 + \\mu^2)^{-(1 + \\beta) / 2}$ on the kept directions; the step is
    $-V \\phi S U^T r$.

    Without damping and with $\\beta = 1$ it is the truncated pseudoinverse, with $\\beta = 1/2$ the
    half-inverse gradient (Schnell, Holl, Thuerey 2022, eq. 5), with $\\beta = -1$ the gradient.

    - `damping`: $\\mu$ relative to the largest singular value; 0 for truncation alone.
    - `exponent`: $\\beta$.

    Raises `ValueError` for a negative damping.
    """

    damping: float = 0.0
    exponent: float = 1.0

    def __check_init__(self):
        if not self.damping >= 0:
            raise ValueError(f"damping={self.damping!r}: must not be negative")

    def __call__(
        self, singular_values: Float[Array, " k"], kept: Bool[Array, " k"]
    ) -> Float[Array, " k"]:
        """The factors $\\phi$, zero on directions that are not kept."""
        squares = singular_values**2 + (self.damping * singular_values[0]) ** 2
        safe = jnp.where(kept, squares, 1)
        return jnp.where(kept, safe ** (-(1 + self.exponent) / 2), 0)


class AbstractOneStep(AbstractControl):
    """Controls that follow the step of one filter."""

    filter: eqx.AbstractVar[SpectralFilter]
    geodesic: eqx.AbstractVar[bool]

    @property
    def damps(self):
        return False

    def direction(self, offer: Offer):
        """The step, the filter and the gradient in the spectral basis.

        With `geodesic`, half the second-order correction is added: with v the step, r'' the second
        derivative of the residual along it, $a = -V \\phi S U^T r''$ and $v + a / 2$, unless a is
        too long to be believed (Transtrum, Sethna 2012, arXiv 1201.5885, section 5).
        """
        square, gradient = offer.square, offer.gradient
        assert isinstance(square, Diagonal)  # these controls do not damp
        factor = self.filter(square.singular_values, square.kept)
        step = -offer.lift(factor * gradient)
        if self.geodesic:

            def slope(at):
                return jax.jvp(offer.evaluate, (at,), (step,))[1]

            bend = jax.jvp(slope, (jnp.zeros_like(step),), (step,))[1]
            bent = offer.factors.gradient(offer.linearization, bend[None])[0]
            curve = -offer.lift(factor * bent)
            believed = 2 * jnp.linalg.norm(curve) <= BELIEVED * jnp.linalg.norm(step)
            step = jnp.where(believed, step + curve / 2, step)
        return step, factor, gradient


class FixedStep(AbstractOneStep):
    """The paper's step: $-\\eta J^+ r$ with a truncated pseudoinverse, taken without asking.

    Bright-Thonney, Harvey, Lukas, Thaler 2026 (arXiv 2604.01279), section 2. Only a result that is
    not finite is rejected. With `momentum` the step starts from that share of the last one and
    solves for what it leaves of the residual (SPRING: Goldshlager, Abrahamsen, Lin 2024, eq. 27):
    for minibatches.

    - `eta`: the learning rate, nondimensional.
    - `filter`: the spectral filter; the truncated pseudoinverse by default.
    - `momentum`: in [0, 1).
    - `geodesic`: add the second-order correction.

    Raises `ValueError` for a momentum outside [0, 1).
    """

    eta: float = 1.0
    filter: SpectralFilter = SpectralFilter()
    momentum: float = eqx.field(static=True, default=0.0)  # type: ignore[assignment]
    geodesic: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        check_momentum(self.momentum)

    def search(self, offer):
        step, factor, gradient = self.direction(offer)
        step = self.eta * step
        after = squared_norm(offer.evaluate(step))
        factor = self.eta * factor
        return Move(
            step=step,
            loss=after,
            predicted=predicted_reduction(offer.factors.singular_values, factor, gradient),
            filter=Scaling(factor),
            log_damping=offer.state.log_damping,
            used_damping=jnp.full_like(after, -jnp.inf),
            accepted=jnp.isfinite(after) & jnp.all(jnp.isfinite(step)),
        )


class Backtracking(AbstractOneStep):
    """The step of one filter, shortened until the loss falls.

    Armijo's rule: the actual reduction must be `sufficient` times the predicted one; as in ANaGRAM
    (Schwencke, Furtlehner 2025) the step is halved up to thirty times.

    - `filter`: the spectral filter; the truncated pseudoinverse by default.
    - `shrink`: the factor between trials, in (0, 1).
    - `trials`: the most shortenings.
    - `sufficient`: the wanted ratio of actual to predicted reduction.
    - `geodesic`: add the second-order correction.

    Raises `ValueError` for a factor outside (0, 1) or fewer than one trial.
    """

    filter: SpectralFilter = SpectralFilter()
    shrink: float = 0.5
    trials: int = eqx.field(static=True, default=30)
    sufficient: float = 1e-4
    geodesic: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        if not 0 < self.shrink < 1:
            raise ValueError(f"shrink={self.shrink!r}: must lie in (0, 1)")
        if not self.trials >= 1:
            raise ValueError(f"trials={self.trials!r}: need at least one")

    def search(self, offer):
        """Shortens the step from its full length until the loss falls by enough of what is predicted.

        A step that still does not lower the loss after the last trial is refused.
        """
        whole, factor, gradient = self.direction(offer)

        def outcome(length):
            share = length * factor
            predicted = predicted_reduction(offer.factors.singular_values, share, gradient)
            return offer.loss_after(length * whole), predicted

        def refused(carry):
            trial, _, after, predicted = carry
            return (offer.loss - after < self.sufficient * predicted) & (trial < self.trials)

        def shorten(carry):
            trial, length, _, _ = carry
            length = length * self.shrink
            return trial + 1, length, *outcome(length)

        one = jnp.ones((), whole.dtype)
        _, length, after, predicted = jax.lax.while_loop(refused, shorten, (0, one, *outcome(one)))
        step = length * whole
        return Move(
            step=step,
            loss=after,
            predicted=predicted,
            filter=Scaling(length * factor),
            log_damping=offer.state.log_damping,
            used_damping=jnp.full_like(after, -jnp.inf),
            accepted=(after < offer.loss) & jnp.all(jnp.isfinite(step)),
        )


def predicted_reduction(singular_values, factor, gradient):
    """What the linear model loses by a filter: $\\sum (2 \\phi - s^2 \\phi^2) g^2$."""
    return (2 * factor - singular_values**2 * factor**2) @ gradient**2


def check_momentum(momentum: float) -> None:
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum={momentum!r}: must lie in [0, 1)")


def squared_norm(residual):
    """The loss: the sum of squares."""
    return jnp.sum(residual**2)


def finite_or_infinite(losses):
    """Losses with infinity for what is not a number, so that it never wins."""
    return jnp.where(jnp.isfinite(losses), losses, jnp.inf)
