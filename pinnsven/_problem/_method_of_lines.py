"""References by the method of lines: differences in space, then a classical integrator in time.

On a ring a smooth function is its Fourier series, and a derivative of the series costs a transform.
What is left is an ordinary differential equation for the values on a grid, which diffrax integrates.
The equation's own terms are evaluated on that grid, and of what comes out only the lower two thirds of
the waves are kept, so that no alias of a square reaches them (Orszag 1971).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._basics._functions import NamedFunction
from .._basics._messages import listing
from .._basics._numbers import finite_number
from .._basics._precision import precision_context
from .._calculus._names import CoordinateValue, Derivative, NameSpace, Value
from .._domains import Domain, as_domain
from .._output._records import Reference

FINER = 16  # samples of the start for each point of the grid
STEPS = 100_000
KEPT = 2 / 3  # of the waves, by the run that tells the floor; its steps are ten times as rough


def method_of_lines(
    rate: Callable,
    start: Callable,
    domain,
    *,
    field: str = "u",
    points: int = 4096,
    places: int = 512,
    times: int = 51,
    tolerance: float = 1e-12,
) -> Reference:
    """A reference for the solution of $u_t =$ `rate` on a ring, with the error that it carries itself.

    The integrator has order eight (Dormand and Prince) and is explicit: fit for waves, reactions and
    mild diffusion, while a stiff equation takes too many steps. The floor is the distance to a run with
    two thirds of the waves and ten times the tolerance.

    - `rate`: u_t, of what its argument names ask for: the field, its derivatives in space, coordinates.
    - `start`: the field at first, of the coordinate in space. It may have a kink where the ring closes.
    - `domain`: one periodic coordinate times time: `pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1)`.
    - `field`: its name.
    - `points`: of the grid; two thirds of its waves are kept.
    - `places`, `times`: the uniform grid of the reference. `points` is a multiple of `places`.
    - `tolerance`: of each step of the integrator, absolute and relative.

    Raises `ValueError` for another domain, a name that `rate` or `start` cannot have, numbers that do
    not fit, and a solution that does not stay finite or takes more than 100,000 steps.
    """
    domain = as_domain(domain)
    if domain.dim != 2 or domain.time is None or not domain.coordinates[0].periodic:
        raise ValueError(
            f"domain={domain!r}: the method of lines wants one periodic coordinate and time, as in "
            'pv.Box(x=(-1, 1), periodic="x") * pv.Time(0, 1)'
        )
    for name, count in (("points", points), ("places", places), ("times", times)):
        if isinstance(count, bool) or not isinstance(count, int) or count < 2:
            raise ValueError(f"{name}={count!r}: must be an integer of at least 2")
    if points % places:
        raise ValueError(f"points={points}: must be a multiple of places={places}")
    if finite_number("tolerance =", tolerance, "must be positive") <= 0:
        raise ValueError(f"tolerance={tolerance!r}: must be positive")
    lines = _Lines(rate, start, domain, field, points)
    moments = np.linspace(domain.lower[1], domain.upper[1], times)
    with precision_context("float64"):
        fine, coarse = (
            lines.integrated(moments, share, rough)[:, :: points // places]
            for share, rough in ((1.0, tolerance), (KEPT, 10 * tolerance))
        )
    floor = np.linalg.norm(fine - coarse) / max(np.linalg.norm(fine), np.finfo(float).tiny)
    t, x = np.meshgrid(moments, lines.x[:: points // places], indexing="ij")
    names = [coordinate.name for coordinate in domain.coordinates]
    columns = dict(zip(names, (x.ravel(), t.ravel()), strict=True))
    return Reference(columns, floor=float(floor), **{field: fine.ravel()})


class _Lines:
    """The equation on a grid around a ring.

    - `x`: the grid.
    """

    def __init__(self, rate: Callable, start: Callable, domain: Domain, field: str, points: int):
        space = NameSpace((field,), domain, ())
        self._rate = NamedFunction.of(rate, space.knows)
        self._asked = {name: _readable(name, space) for name in self._rate.names}
        self._start = NamedFunction.of(start, space.knows)
        self._names = space.coordinates
        if self._start.names not in ((), self._names[:1]):
            raise ValueError(
                f"start asks for {listing(self._start.names)}; it is a function of {self._names[0]}"
            )
        lower, upper = float(domain.lower[0]), float(domain.upper[0])
        self._length = upper - lower
        self.x = lower + self._length * np.arange(points) / points
        self._finer = lower + self._length * np.arange(FINER * points) / (FINER * points)
        self._waves = 2j * np.pi / self._length * np.arange(points // 2 + 1)
        self._run = None

    def integrated(
        self, moments: Float[np.ndarray, " times"], share: float, tolerance: float
    ) -> Float[np.ndarray, "times points"]:
        """The values at all moments, from a share of the waves; exact ones at the first moment."""
        points = len(self.x)
        begun = np.asarray(jax.vmap(self._at_start)(jnp.asarray(self._finer)))
        # Simpson's rule: the plain mean of samples is wrong to second order where the ring has a kink.
        weights = np.where(np.arange(len(begun)) % 2, 4 / 3, 2 / 3)
        kept = np.arange(len(self._waves)) < share * points / 3
        waves = np.fft.rfft(weights * begun)[: len(kept)] / FINER
        values, finished = self._compiled()(
            jnp.asarray(np.fft.irfft(kept * waves, points)),
            jnp.asarray(kept),
            jnp.asarray(moments),
            jnp.asarray(tolerance),
        )
        found = np.array(values)
        found[0] = begun[::FINER]
        if not finished or not np.all(np.isfinite(found)):
            raise ValueError(
                f"method_of_lines: no solution up to {self._names[1]} = {moments[-1]:g} within "
                f"{STEPS:,} steps; the equation may be stiff, or its solution grow without bound"
            )
        return found

    def _at_start(self, x):
        return jnp.asarray(self._start({self._names[0]: x}), float)

    def _compiled(self):
        """The compiled integration; both runs are made by the same program."""
        import diffrax  # takes half a second, and nothing else needs it

        if self._run is not None:
            return self._run
        points, x = len(self.x), jnp.asarray(self.x)
        orders = {name: len(q.along) for name, q in self._asked.items() if isinstance(q, Derivative)}
        factors = {name: jnp.asarray(self._waves**order) for name, order in orders.items()}

        def slope(t, u, kept):
            series = jnp.fft.rfft(u)
            place, moment = self._names
            given = {place: x, moment: jnp.full(points, t)}
            for name, quantity in self._asked.items():
                if isinstance(quantity, Value):
                    given[name] = u
                elif name in factors:
                    given[name] = jnp.fft.irfft(factors[name] * series, points)
            rates: Any = jax.vmap(self._rate)({name: given[name] for name in self._rate.names})
            return jnp.fft.irfft(kept * jnp.fft.rfft(rates), points)

        def run(u, kept, moments, tolerance):
            """The values at the moments, and whether the integrator reached the last of them."""
            # diffrax mixes dtypes (counts with steps) in ways that strict promotion forbids.
            with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
                found = diffrax.diffeqsolve(
                    diffrax.ODETerm(slope),
                    diffrax.Dopri8(),
                    moments[0],
                    moments[-1],
                    None,
                    u,
                    kept,
                    saveat=diffrax.SaveAt(ts=moments),
                    stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
                    max_steps=STEPS,
                    throw=False,
                )
            return found.ys, found.result == diffrax.RESULTS.successful

        self._run = jax.jit(run)
        return self._run


def _readable(name: str, space: NameSpace) -> Value | Derivative | CoordinateValue:
    """What a name of `rate` asks for; `ValueError` unless a grid in space has it."""
    quantity = space.read(name)
    if isinstance(quantity, (Value, CoordinateValue)):
        return quantity
    if isinstance(quantity, Derivative) and space.coordinates[1] not in quantity.along:
        return quantity
    raise ValueError(
        f"rate asks for {name!r}; it may ask for {space.fields[0]}, for its derivatives along "
        f"{space.coordinates[0]}, and for {listing(space.coordinates)}"
    )
