"""scimba (its JAX half): ANaGRAM and DSGNAR.

Settings: points drawn anew at every step; weights 1 for the equation and 10 for every other condition
(the package's defaults), but 100 and 1,000 in two problems that do better so. ANaGRAM with its default
cut-off, 1e-4; where networks are deep it does far better with few points, a larger cut-off and shorter
steps in its line search. DSGNAR with its own reweighting; its sketches, whose defaults are meant for
much larger networks, and the ratio that its radius aims at are the best of a few that were tried.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scimba_jax.domains.meshless_domains.domains_1d import Segment1D
from scimba_jax.domains.meshless_domains.domains_nd import HypercubeND
from scimba_jax.nonlinear_approximation.approximation_spaces.approximation_spaces import (
    ApproximationSpace,
)
from scimba_jax.nonlinear_approximation.integration.monte_carlo import DomainSampler, TensorizedSampler
from scimba_jax.nonlinear_approximation.integration.monte_carlo_time import UniformTimeSampler
from scimba_jax.nonlinear_approximation.networks.mlp import MLP
from scimba_jax.nonlinear_approximation.numerical_solvers.projectors import Projector
from scimba_jax.physical_models.abstract_physical_model import AbstractPhysicalModel
from scimba_jax.physical_models.abstract_residuals import InteriorResidual
from scimba_jax.physical_models.boundary_residuals import DirichletResidual
from scimba_jax.physical_models.elliptic_pde.laplacians import LaplacianDirichletND
from scimba_jax.physical_models.initial_residuals import ProjectionResidual
from scimba_jax.physical_models.temporal_pde.allen_cahn import AllenCahnND
from scimba_jax.physical_models.temporal_pde.viscous_burgers import ViscousBurgers1D
from scimba_jax.physical_models.temporal_pde.wave_equations import InitialWaveResidual
from scimba_jax.utils.scimba_pytree import strip_weak_types

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

DEEP = {"burgers": 1e-3, "allen_cahn": 1e-3, "wave_1d": 0.3}  # the cut-off of ANaGRAM
WEIGHT = {"allen_cahn": 100.0, "wave_1d": 1000.0}  # of all conditions but the equation; 10 elsewhere


class _Linear(InteriorResidual):
    """The heat and the wave equation, whose coefficients the package's own classes fix at 1."""

    second_order: bool
    factor: float

    def __init__(self, domain, time_domain, second_order, factor):
        super().__init__(domain=domain, size=1, model_type="t_x", time_domain=time_domain)
        self.second_order, self.factor = second_order, factor

    def construct_residual(self, *variables):
        u = variables[0]
        return (u.d_tt() if self.second_order else u.d_t()) - self.factor * u.laplacian("x")


class _Heat(AbstractPhysicalModel):
    def __init__(self, main_domain, time_domain):
        super().__init__(main_domain=main_domain, time_domain=time_domain)
        equation = _Linear(main_domain, time_domain, False, DIFFUSIVITY)
        self.physical_residuals = {main_domain.get_label(): equation}
        self.add_on_every_boundary(DirichletResidual, model_type="t_x", time_domain=time_domain)
        self.add_initial_condition(
            ProjectionResidual, model_type="t_x", f_rhs=lambda x: jnp.sin(jnp.pi * x)
        )


class _Wave(AbstractPhysicalModel):
    def __init__(self, main_domain, time_domain):
        super().__init__(main_domain=main_domain, time_domain=time_domain)
        equation = _Linear(main_domain, time_domain, True, SPEED**2)
        self.physical_residuals = {main_domain.get_label(): equation}
        self.add_on_every_boundary(DirichletResidual, model_type="t_x", time_domain=time_domain)

        def start(x):
            shape = jnp.sin(jnp.pi * x) + jnp.sin(4 * jnp.pi * x) / 2
            return jnp.concatenate([shape, jnp.zeros_like(x)], axis=-1)

        self.add_initial_condition(InitialWaveResidual, size=2, model_type="t_x", f_rhs=start)


def _model(problem: str, domain):
    """The problem in the words of the package."""
    if problem == "poisson_2d":
        return LaplacianDirichletND(
            domain,
            f_rhs=lambda x: 2 * jnp.pi**2 * jnp.prod(jnp.sin(jnp.pi * x), axis=-1, keepdims=True),
        )
    if problem == "poisson_5d":

        def exact(x, *normals):
            return jnp.sum(jnp.cos(jnp.pi * x), axis=-1, keepdims=True)

        return LaplacianDirichletND(domain, f_rhs=lambda x: jnp.pi**2 * exact(x), f_bc_rhs=exact)
    time = (0.0, 1.0)
    if problem == "burgers":
        return ViscousBurgers1D(domain, time, sigma=VISCOSITY, f_ic_rhs=lambda x: -jnp.sin(jnp.pi * x))
    if problem == "allen_cahn":  # periodic by the network's inputs, see `_space`
        return AllenCahnND(
            domain,
            time,
            epsilon_sq=DIFFUSION,
            alpha=RATE,
            bc=None,
            f_ic_rhs=lambda x: x**2 * jnp.cos(jnp.pi * x),
        )
    return (_Heat if problem == "heat_1d" else _Wave)(domain, time)


def _space(problem: str, seed: int) -> ApproximationSpace:
    """The network; Allen-Cahn gets t, cos(pi x), sin(pi x) for its inputs."""
    stationary, dimension = problem in DIMENSION, DIMENSION.get(problem, 1)
    periodic = {}
    if problem == "allen_cahn":
        periodic = {"embedding": "periodic", "periods": (2.0,), "embedding_axes": (1,)}
    network = MLP(
        in_size=dimension if stationary else dimension + 1,
        out_size=1,
        hidden_sizes=list(HIDDEN[problem]),
        activation="tanh",
        key=jax.random.PRNGKey(seed),
        **periodic,
    )
    kind = "x" if stationary else "t_x"
    return ApproximationSpace({"x": dimension}, [(network, "scalar", None)], model_type=kind)


def _points(problem: str, sketched: bool) -> tuple[int, int, int]:
    """The numbers of points of the equation, the boundary and the start."""
    if problem == "poisson_5d":
        return (1024, 500, 0) if sketched else (2048, 1000, 0)
    if problem in DEEP:
        return (1024, 128, 128) if sketched else (512, 64, 64)
    return 1024, 256, 256


def run(problem: str, seed: int, course: Course, sketched: bool = False) -> None:
    """Races ANaGRAM, or DSGNAR.

    - `sketched`: whether to take the latter.
    """
    least, largest = bounds(problem)
    stationary, dimension = problem in DIMENSION, DIMENSION.get(problem, 1)
    if stationary:
        domain = HypercubeND([(least, largest)] * dimension, is_main_domain=True)
        sampler = TensorizedSampler([DomainSampler(domain)], model_type="x")
    else:
        domain = Segment1D((least, largest), is_main_domain=True)
        clock = UniformTimeSampler((0.0, 1.0))
        sampler = TensorizedSampler(
            [clock, DomainSampler(domain)], model_type="t_x", bc=problem != "allen_cahn"
        )
    space = _space(problem, seed)
    options = {"svd_threshold": DEEP[problem], "nb_max_steps": 16} if problem in DEEP else {}
    if sketched:
        options = {
            "parameter_sketch": min(space.ndof, 400),
            "residual_sketch": 1200,
            "target_rho": 0.5,
            "seed": seed,
        }
    model = _model(problem, domain)
    weights = {
        label: [WEIGHT.get(problem, 10.0)] * residual.size
        for label, residual in model.physical_residuals.items()
    }
    weights[domain.get_label()] = [1.0]
    projector = Projector(
        model,
        space,
        sampler,
        optimizer="DSGNAR" if sketched else "ANaGRAM",
        weights=weights,
        **options,
    )
    step = projector.build_one_step_optim(*_points(problem, sketched))
    key = jax.random.PRNGKey(seed + 1)
    # without weak types, which the outputs of a step do not have, one compilation serves every step
    current = {
        "space": strip_weak_types(space),
        "key": key,
        "optimizer": strip_weak_types(projector.optimizer),
    }

    def advance():
        _, new, key, optimizer = step(current["space"], current["key"], current["optimizer"])
        new, optimizer = jax.block_until_ready((new, optimizer))
        current.update(space=new, key=key, optimizer=optimizer)

    values = jax.jit(projector.evaluator.evaluate_variables)

    def predict(points):
        columns = (points,) if stationary else (points[:, -1:], points[:, :-1])
        return np.asarray(values(current["space"], *columns))

    begin = dict(current)
    for _ in range(2):  # compiles; the second step may see other types than the first
        advance()
    predict(course.points)
    current.update(begin)
    course.start()
    while course.look(predict):
        advance()
