"""Sven as an optax transformation, for training loops that exist already."""

import jax
import optax

from ._function import FunctionResidual


def as_optax(solver, residual, seed: int = 0) -> optax.GradientTransformationExtraArgs:
    """A transformation whose updates are Sven's steps.

    - `solver`: a `Sven`.
    - `residual`: as for `Sven.init`.
    - `seed`: of the random subsets.
    """

    def init(params):
        theta = FunctionResidual(residual, params, None, solver.trainable).start()
        return solver.init_state(theta, jax.random.PRNGKey(seed))

    def update(updates, state, params=None, *, data=(), **extra):
        del updates, extra
        if params is None:
            raise ValueError("params: Sven needs them; call update(updates, state, params, data=...)")
        moved, state, _ = solver.step(residual, params, state, *data)
        return jax.tree.map(_difference, moved, params), state

    return optax.GradientTransformationExtraArgs(init, update)  # type: ignore[arg-type]


def _difference(after, before):
    return after - before
