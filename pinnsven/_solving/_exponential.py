r"""An exponential integrator: what is linear in a rate is followed exactly, however fast it is.

Of $\dot y = F(t, y)$ the linear part L is the Jacobian where it begins. A step is Krogstad's of the
fourth order (Krogstad 2005, ETD4RK-B; Cox and Matthews 2002), taken once and in two halves, which tells
its error; what is kept is extrapolated from both. Lengths are halves of the whole time, so that the
matrix functions $\varphi_k(h L)$ of all of them come from one chain of doublings (Higham 2008, 10.7).
"""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

FINEST = 22  # times that the whole time is halved to the shortest step
SMALL = 0.5  # the norm of h L, of which a series is formed
TERMS = 18  # of it
EASY = 1 / 64  # of the error that is allowed, below which steps double
MOST = 2**13  # steps, beyond which other methods are no slower
MEMORY = 1e9  # bytes of all matrices


class Found(NamedTuple):
    """What an integration has found.

    - `times`, `states`: (n,) and (n, size): of the ends and the middles of steps.
    - `is_coarse`: whether that was what ended it.
    """

    times: np.ndarray
    states: np.ndarray
    is_coarse: bool

    @property
    def reached(self) -> float:
        """The last time."""
        return float(self.times[-1])


class _Now(NamedTuple):
    """The state of the loop.

    - `ticks`: the time, in shortest steps, `level`: how often the whole time is halved to this step.
    - `y`: the state, `number`: of those that are kept in `times` and `states`.
    - `ends`: zero where it goes on, one where it is too coarse, two for anything else.
    """

    ticks: Any
    level: Any
    y: Any
    number: Any
    times: Any
    states: Any
    ends: Any


def exponential(
    rate: Callable,
    start: Float[Array, " size"],
    interval: tuple[float, float],
    accuracy: float,
    floor: float,
    is_coarse: Callable,
    deadline: float,
    coarsest: int = 8,
) -> Found | None:
    """States from the beginning of an interval to its end; None where its matrices are too large.

    - `rate`: F of a time and a state.
    - `accuracy`: relative, `floor`: absolute, of each step.
    - `is_coarse`: of a time and a state, ends it; `deadline`: of the clock, the same.
    - `coarsest`: how often the whole time is halved to the longest step.
    """
    size = start.size
    if 3 * (FINEST + 3 - coarsest) * size**2 * 8 > MEMORY:
        return None
    steps = _Steps(rate, interval, (accuracy, floor), is_coarse, deadline, coarsest)
    linear = jax.jit(jax.jacfwd(rate, 1))(jnp.asarray(interval[0]), start)
    with np.errstate(over="ignore", invalid="ignore"):
        made = phis(np.asarray(linear), steps.length, coarsest, deadline)
    room = min(2 * MOST, int(MEMORY / (8 * size)))
    begun = _Now(
        jnp.asarray(0),
        jnp.asarray(FINEST),
        start,
        jnp.asarray(1),
        jnp.zeros(room, start.dtype).at[0].set(interval[0]),
        jnp.zeros((room, size), start.dtype).at[0].set(start),
        jnp.asarray(0),
    )
    found = jax.jit(steps.all)(begun, linear, jnp.asarray(made))
    number = int(found.number)
    times, states = np.asarray(found.times[:number]), np.asarray(found.states[:number])
    return Found(times, states, int(found.ends) == 1)


class _Steps:
    """Steps of an integration.

    - `allowed`: relative and absolute errors of a step. The others are those of `exponential`.
    """

    def __init__(self, rate, interval, allowed, is_coarse, deadline: float, coarsest: int):
        self.rate, self.is_coarse, self.deadline, self.coarsest = rate, is_coarse, deadline, coarsest
        self.accuracy, self.floor = allowed
        self.begin, self.length = interval[0], interval[1] - interval[0]

    def all(self, now: _Now, linear, matrices) -> _Now:
        """All steps until something ends them.

        - `linear`: L, `matrices`: see `phis`.
        """

        def goes_on(now: _Now):
            room = now.number < len(now.times) - 4
            return (now.ticks < 2**FINEST) & (now.ends == 0) & room

        return jax.lax.while_loop(goes_on, lambda now: self._visit(now, linear, matrices), now)

    def _one(self, t, y, level, linear, matrices):
        """One step of Krogstad's."""
        h = self.length * _power(-level, y.dtype)
        one, two, three = (matrices[level - self.coarsest, k] for k in range(3))
        half, other = (matrices[level + 1 - self.coarsest, k] for k in range(2))
        here = self.rate(t, y)
        beyond = lambda s, given: self.rate(s, given) - here - linear @ (given - y)
        ahead, whole = half @ here, one @ here
        first = beyond(t + h / 2, y + h / 2 * ahead)
        second = beyond(t + h / 2, y + h * (ahead / 2 + other @ first))
        third = beyond(t + h, y + h * (whole + 2 * (two @ second)))
        middle = first + second
        return y + h * (whole + two @ (2 * middle - third) + three @ (4 * third - 4 * middle))

    def _visit(self, now: _Now, linear, matrices) -> _Now:
        """A step that is taken or not, and the length of the next one."""
        unit, kind = self.length * 2.0**-FINEST, now.y.dtype
        t, h = self.begin + unit * now.ticks.astype(kind), self.length * _power(-now.level, kind)

        def again(before, which):  # one program for the three steps: once, a half, the other half
            given, moment = jnp.where(which == 2, before, now.y), jnp.where(which == 2, t + h / 2, t)
            level = now.level + jnp.minimum(which, 1)
            found = self._one(moment, given, level, linear, matrices)
            return found, found

        which = jnp.arange(3, dtype=now.level.dtype)
        once, middle, twice = jax.lax.scan(again, now.y, which)[1]
        apart = (twice - once) / 15
        allowed = self.floor + self.accuracy * jnp.maximum(jnp.abs(now.y), jnp.abs(twice))
        error = jnp.sqrt(jnp.mean((apart / allowed) ** 2))
        taken = error <= 1  # not for what is no number
        ticks = now.ticks + jnp.where(taken, 2 ** (FINEST - now.level), 0)
        even = ticks % 2 ** (FINEST - now.level + 1) == 0
        longer = taken & (error < EASY) & even & (now.level > self.coarsest)
        level = jnp.where(taken, now.level - longer.astype(now.level.dtype), now.level + 1)
        y = jnp.where(taken, twice + apart, now.y)
        at = jnp.where(taken, now.number, len(now.times) - 2)  # room for what is not kept
        times = now.times.at[at].set(t + h / 2).at[at + 1].set(self.begin + unit * ticks.astype(kind))
        states = now.states.at[at].set(middle).at[at + 1].set(y)
        coarse = taken & self.is_coarse(t + h, y)
        ends = jnp.where(coarse, 1, jnp.where((level > FINEST) | self._is_late(t), 2, 0))
        return _Now(ticks, level, y, now.number + jnp.where(taken, 2, 0), times, states, ends)

    def _is_late(self, t):
        """Whether the time is over, asked of the clock at every step."""
        if self.deadline == math.inf:
            return jnp.asarray(False)
        return asked_outside(lambda: time.perf_counter() > self.deadline, t)


def asked_outside(question: Callable[[], bool], t):
    """What a question is answered outside of a program, at each of its times."""
    answer = jax.ShapeDtypeStruct((), bool)
    return jax.pure_callback(lambda t: np.asarray(question()), answer, t)


def _power(exponent, dtype):
    """Two to the power of a whole number."""
    return jnp.exp2(exponent.astype(dtype))


def phis(
    linear: Float[np.ndarray, "size size"], length: float, coarsest: int, deadline: float = math.inf
) -> Float[np.ndarray, "levels 3 size size"]:
    r"""$\varphi_1$, $\varphi_2$, $\varphi_3$ of h L for all lengths h, the longest first.

    Where they overflow, of what grows as fast as no solution does, they are not a number.

    - `length`: of the whole time, `coarsest`: how often it is halved to the longest.
    - `deadline`: of the clock, after which what is left stays zero.
    """
    last = FINEST + 2
    level = max(last, _level(linear, length))
    flow, one, two, three = _series(linear * (length * 2.0**-level))
    found = np.zeros((last - coarsest + 1, 3, *linear.shape))
    while True:
        if level <= last:
            found[level - coarsest] = one, two, three
        if level == coarsest or time.perf_counter() > deadline:
            return found
        # Of 2 z from those of z; of z itself nothing is made, which is large where they are small. What
        # moves slowly keeps its digits in exp(z) - 1.
        flow, one, two, three = (
            2 * flow + flow @ flow,
            one + flow @ one / 2,
            (one @ one + 2 * two) / 4,
            (one @ two + two + 2 * three) / 8,
        )
        level -= 1


def flow_of(linear: Float[np.ndarray, "size size"], time: float) -> np.ndarray:
    """exp(t L), by squaring; not a number where it overflows."""
    level = max(_level(linear, time), 0)
    flow = _series(linear * (time * 2.0**-level))[0]
    for _ in range(level):
        flow = 2 * flow + flow @ flow
    return np.eye(len(linear)) + flow


def _level(linear, time: float) -> int:
    """How often a time is halved until a series of its flow converges fast."""
    norm = float(np.linalg.norm(linear, 1)) * time
    return math.ceil(math.log2(max(norm, 1e-300) / SMALL))


def _series(z) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    r"""$\exp(z) - 1$, $\varphi_1$, $\varphi_2$ and $\varphi_3$ of a small matrix."""
    eye = np.eye(len(z))
    three = eye / math.factorial(TERMS + 3)
    for k in range(TERMS - 1, -1, -1):
        three = eye / math.factorial(k + 3) + z @ three
    two = eye / 2 + z @ three
    one = eye + z @ two
    return z @ one, one, two, three
