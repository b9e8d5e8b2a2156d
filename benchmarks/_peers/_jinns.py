"""jinns: self-scaled Broyden with resampled points, and natural gradient descent.

Settings: 2,048 points of the equation (1,024 where that does better, see `_number`), weights 1 for the
equation and 100 for every other condition. SSBroyden resamples by the residual (RAR-D, k = c = 1, half
of the points) every 500 iterations; NGD keeps its points, as in the package's example.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from _peers._course import (
    DIFFUSION,
    DIFFUSIVITY,
    DIMENSION,
    HIDDEN,
    RATE,
    SPEED,
    VISCOSITY,
    Course,
    bounds,
)

jax.config.update("jax_enable_x64", True)

import equinox as eqx
import jinns
import optax
from jinns.solver import GetJinnsVariableName

CONDITION_POINTS = 256
WEIGHT = 100.0


def callback_value(params, loss, batch):
    """The loss, for the line search."""
    return loss.evaluate(params, batch)[0]


def callback_gradient(params, loss, batch):
    """The gradient of the loss at the new parameters."""
    import jax

    return jax.grad(lambda p: loss.evaluate(p, batch)[0])(params)


def _stationary(source):
    class Poisson(jinns.loss.PDEStatio):
        def equation(self, x, u, params):
            def second(direction):
                return _along(x, direction, u, params)[1]

            laplacian = jnp.sum(jax.vmap(second)(jnp.eye(x.size)))
            return laplacian[None] + source(x)

    return Poisson()


def _along(point, direction, u, params):
    """The first and the second derivative along a direction, in forward mode."""

    def first(z):
        return jax.jvp(lambda y: u(y, params)[0], (z,), (direction,))[1]

    return jax.jvp(first, (point,), (direction,))


def _derivatives(t_x, u, params):
    """u, u_t, u_tt, u_x, u_xx at one point."""
    in_time, in_space = jnp.eye(2)
    (u_t, u_tt), (u_x, u_xx) = _along(t_x, in_time, u, params), _along(t_x, in_space, u, params)
    return u(t_x, params)[0], u_t, u_tt, u_x, u_xx


def _evolution(residual):
    class Evolution(jinns.loss.PDENonStatio):
        def equation(self, t_x, u, params):
            return jnp.atleast_1d(residual(*_derivatives(t_x, u, params)))

    return Evolution()


class _AtRest(jinns.loss.PDENonStatio):
    """u_t = 0 at t = 0, below the x of every point of the equation."""

    def equation(self, t_x, u, params):
        return _derivatives(t_x.at[0].set(0.0), u, params)[1][None]


RESIDUALS = {
    "heat_1d": lambda u, u_t, u_tt, u_x, u_xx: u_t - DIFFUSIVITY * u_xx,
    "burgers": lambda u, u_t, u_tt, u_x, u_xx: u_t + u * u_x - VISCOSITY * u_xx,
    "allen_cahn": lambda u, u_t, u_tt, u_x, u_xx: u_t - DIFFUSION * u_xx - RATE * (u - u**3),
    "wave_1d": lambda u, u_t, u_tt, u_x, u_xx: u_tt - SPEED**2 * u_xx,
}
STARTS = {
    "heat_1d": lambda x: jnp.sin(jnp.pi * x),
    "burgers": lambda x: -jnp.sin(jnp.pi * x),
    "allen_cahn": lambda x: x**2 * jnp.cos(jnp.pi * x),
    "wave_1d": lambda x: jnp.sin(jnp.pi * x) + jnp.sin(4 * jnp.pi * x) / 2,
}


def _network(problem: str, key):
    """The network and its parameters; Allen-Cahn gets t, cos(pi x), sin(pi x) for its inputs."""
    periodic = problem == "allen_cahn"
    inputs = 3 if periodic else DIMENSION.get(problem, 2)
    sizes = [inputs, *HIDDEN[problem], 1]
    layers = []
    for number, (before, after) in enumerate(itertools.pairwise(sizes)):
        layers += [(jax.nn.tanh,)] if number else []
        layers.append((eqx.nn.Linear, before, after))

    def circle(t_x, params):
        angle = jnp.pi * t_x[1]
        return jnp.stack([t_x[0], jnp.cos(angle), jnp.sin(angle)])

    u, first = jinns.nn.PINN_MLP.create(
        key=key,
        eqx_list=tuple(layers),
        eq_type="PDEStatio" if problem in DIMENSION else "PDENonStatio",
        input_transform=circle if periodic else None,
    )
    return u, jinns.parameters.Params(nn_params=first, eq_params={})


def _number(problem: str, resampled: bool) -> int:
    """Points of the equation; in five dimensions points that are replaced may be fewer."""
    few = problem in ("poisson_2d", "heat_1d") or (problem == "poisson_5d" and resampled)
    return 1024 if few else 2048


def _stationary_case(problem: str, u, params, keys, resampling):
    """Points, observed values and the loss of a problem without time."""
    dimension = DIMENSION[problem]
    least, largest = bounds(problem)
    data = jinns.data.CubicMeshPDEStatio(
        key=keys[0],
        n=_number(problem, resampling is not None),
        nb=CONDITION_POINTS if dimension == 2 else None,
        dim=dimension,
        min_pts=(least,) * dimension,
        max_pts=(largest,) * dimension,
        rar_parameters=resampling,
    )
    if dimension == 2:

        def source(x):
            return 2 * jnp.pi**2 * jnp.prod(jnp.sin(jnp.pi * x))

        weights = jinns.loss.LossWeightsPDEStatio(dyn_loss=1.0, boundary_loss=WEIGHT)
        more, observed = {"boundary_condition": jinns.loss.Dirichlet()}, None
    else:
        # the package has no boundary in five dimensions: its values are given as observations
        def source(x):
            return jnp.pi**2 * jnp.sum(jnp.cos(jnp.pi * x))

        rng = np.random.default_rng(np.asarray(keys[1]))
        wall = rng.uniform(size=(1000, dimension))
        wall[np.arange(1000), np.arange(1000) // 2 % dimension] = np.arange(1000) % 2
        values = np.cos(np.pi * wall).sum(axis=1, keepdims=True)
        observed = jinns.data.DataGeneratorObservations(
            key=keys[1],
            obs_batch_size=(None,),
            observed_pinn_in=jnp.asarray(wall),
            observed_values=jnp.asarray(values),
        )
        weights, more = jinns.loss.LossWeightsPDEStatio(dyn_loss=1.0, observations=WEIGHT), {}
    loss = jinns.loss.LossPDEStatio(
        u=u, dynamic_loss=_stationary(source), loss_weights=weights, params=params, **more
    )
    return data, observed, loss


def _evolution_case(problem: str, u, params, keys, resampling):
    """Points, observed values (none) and the loss of a problem in time."""
    least, largest = bounds(problem)
    periodic = problem == "allen_cahn"
    data = jinns.data.CubicMeshPDENonStatio(
        key=keys[0],
        n=_number(problem, resampling is not None),
        nb=CONDITION_POINTS,
        ni=CONDITION_POINTS,
        dim=1,
        min_pts=(least,),
        max_pts=(largest,),
        tmin=0.0,
        tmax=1.0,
        rar_parameters=resampling,
    )
    equation = _evolution(RESIDUALS[problem])
    swings = problem == "wave_1d"
    loss = jinns.loss.LossPDENonStatio(
        u=u,
        dynamic_loss=(equation, _AtRest()) if swings else equation,
        initial_condition_fun=STARTS[problem],
        boundary_condition=None if periodic else jinns.loss.Dirichlet(),
        loss_weights=jinns.loss.LossWeightsPDENonStatio(
            dyn_loss=(1.0, WEIGHT) if swings else 1.0,
            initial_condition=WEIGHT,
            boundary_loss=None if periodic else WEIGHT,
        ),
        params=params,
    )
    return data, None, loss


def run(problem: str, seed: int, course: Course, natural: bool = False) -> None:
    """Races SSBroyden, or natural gradient descent.

    - `natural`: whether to take the latter.
    """
    keys = jax.random.split(jax.random.PRNGKey(seed), 4)
    u, params = _network(problem, keys[2])
    resampling = None
    if not natural:
        resampling = jinns.data.RARParameters(
            update_every=500, novelty_proportion=0.5, method="D", k=1.0, c=1.0
        )
    make = _stationary_case if problem in DIMENSION else _evolution_case
    data, observed, loss = make(problem, u, params, keys, resampling)
    extra = None
    # the default line search, without the text that it prints
    search = optax.scale_by_backtracking_linesearch(max_backtracking_steps=15, verbose=False)
    optimizer = jinns.optimizers.vanilla_ngd(linesearch=search)
    if not natural:
        optimizer = jinns.optimizers.scale_by_SSBroyden_family()
        extra = {
            "value": GetJinnsVariableName("train_loss_value"),
            "grad_pt": GetJinnsVariableName("grads"),
            "value_fn": callback_value,
            "grad_fn": callback_gradient,
            "loss": GetJinnsVariableName("loss"),
            "batch": GetJinnsVariableName("batch"),
        }
    chunk = 1 if natural else 5

    def advance(carry):
        """A chunk of steps, from and to all that the package carries from one to the next."""
        params, state, data, observed, key = carry
        key, inner = jax.random.split(key)
        found = jinns.solve(
            n_iter=chunk,
            init_params=params,
            data=data,
            loss=loss,
            optimizer=optimizer,
            opt_state=state,
            obs_data=observed,
            verbose=False,
            ahead_of_time=False,  # so that one compilation serves every chunk
            extra_optax_args_and_kwargs=extra,
            key=inner,
        )
        new = found[0], found[5], found[3], found[8], key
        return jax.tree.map(lambda old, now: jnp.asarray(now, old.dtype), carry, new)

    carry = params, optimizer.init(params), data, observed, keys[3]
    carry = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.asarray(leaf).dtype), carry)
    compiled = jax.jit(advance).lower(carry).compile()
    values = jax.jit(lambda params, points: jax.vmap(lambda z: u(z, params)[0])(points))

    def predict(points):
        ordered = points if problem in DIMENSION else points[:, ::-1]
        return values(carry[0], jnp.asarray(ordered))

    predict(course.points)
    course.start()
    while course.look(predict):
        carry = jax.block_until_ready(compiled(carry))
