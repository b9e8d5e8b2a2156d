"""DeepXDE on PyTorch: Adam, then L-BFGS.

Settings: Adam (rate 1e-3) for a sixth of the time, L-BFGS for the rest; Glorot's initialization; 2,048
Hammersley points of the equation (1,024 in the two linear problems of dimension 2); weights 1 for the
equation and 100 for every other condition, as for the other first-order peer.
"""

import os

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde as dde
import numpy as np
import torch

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

POINTS = {"poisson_2d": 1024, "heat_1d": 1024}  # 2,048 for the others
CONDITION_POINTS = 256
WEIGHT = 100.0
ADAM_SHARE = 1 / 6
ITERATIONS = 20  # of L-BFGS between two looks at the clock


def _poisson(dimension: int):
    def equation(x, u):
        laplacian = sum(dde.grad.hessian(u, x, i=i, j=i) for i in range(dimension))
        if dimension == 2:
            return laplacian + 2 * np.pi**2 * torch.prod(torch.sin(np.pi * x), dim=1, keepdim=True)
        return laplacian + np.pi**2 * torch.sum(torch.cos(np.pi * x), dim=1, keepdim=True)

    return equation


def _evolution(problem: str):
    def equation(x, u):
        u_xx = dde.grad.hessian(u, x, i=0, j=0)
        if problem == "wave_1d":
            return dde.grad.hessian(u, x, i=1, j=1) - SPEED**2 * u_xx
        u_t = dde.grad.jacobian(u, x, i=0, j=1)
        if problem == "heat_1d":
            return u_t - DIFFUSIVITY * u_xx
        if problem == "burgers":
            return u_t + u * dde.grad.jacobian(u, x, i=0, j=0) - VISCOSITY * u_xx
        return u_t - DIFFUSION * u_xx - RATE * (u - u**3)

    return equation


STARTS = {
    "heat_1d": lambda x: np.sin(np.pi * x),
    "burgers": lambda x: -np.sin(np.pi * x),
    "allen_cahn": lambda x: x**2 * np.cos(np.pi * x),
    "wave_1d": lambda x: np.sin(np.pi * x) + np.sin(4 * np.pi * x) / 2,
}


def _data(problem: str):
    """The problem in the words of the package, with its points."""
    least, largest = bounds(problem)
    number = POINTS.get(problem, 2048)
    if problem in DIMENSION:
        dimension = DIMENSION[problem]
        cube = dde.geometry.Hypercube([least] * dimension, [largest] * dimension)
        flat = dimension == 2

        def wall(x):
            return np.zeros((len(x), 1)) if flat else np.cos(np.pi * x).sum(axis=1, keepdims=True)

        condition = dde.icbc.DirichletBC(cube, wall, lambda x, on_boundary: on_boundary)
        return dde.data.PDE(
            cube,
            _poisson(dimension),
            [condition],
            num_domain=number,
            num_boundary=CONDITION_POINTS if flat else 1000,
            train_distribution="Hammersley" if flat else "pseudo",
        )
    region = dde.geometry.GeometryXTime(
        dde.geometry.Interval(least, largest), dde.geometry.TimeDomain(0, 1)
    )
    conditions = [dde.icbc.IC(region, lambda x: STARTS[problem](x[:, :1]), lambda x, initial: initial)]
    if problem != "allen_cahn":
        conditions.append(dde.icbc.DirichletBC(region, lambda x: 0, lambda x, boundary: boundary))
    if problem == "wave_1d":
        conditions.append(
            dde.icbc.OperatorBC(
                region,
                lambda x, u, _: dde.grad.jacobian(u, x, i=0, j=1),
                lambda x, _: dde.utils.isclose(x[1], 0),
            )
        )
    return dde.data.TimePDE(
        region,
        _evolution(problem),
        conditions,
        num_domain=number,
        num_boundary=0 if problem == "allen_cahn" else CONDITION_POINTS,
        num_initial=CONDITION_POINTS,
        train_distribution="Hammersley",
    )


class _Watch(dde.callbacks.Callback):
    """Looks at the clock after every step, and stops Adam or the run when its time is over."""

    def __init__(self, course: Course, predict, until: float):
        super().__init__()
        self.course, self.predict, self.until = course, predict, until

    def on_batch_end(self):
        left = self.course.look(self.predict)
        if not left or self.course.elapsed() >= self.until:
            self.model.stop_training = True


def run(problem: str, seed: int, course: Course) -> None:
    """Races Adam followed by L-BFGS."""
    torch.set_num_threads(1)
    dde.config.set_default_float("float64")
    dde.config.set_random_seed(seed)
    data = _data(problem)
    periodic = problem == "allen_cahn"
    inputs = 3 if periodic else DIMENSION.get(problem, 2)
    network = dde.nn.FNN([inputs, *HIDDEN[problem], 1], "tanh", "Glorot normal")
    if periodic:
        network.apply_feature_transform(
            lambda x: torch.cat(
                [torch.cos(np.pi * x[:, :1]), torch.sin(np.pi * x[:, :1]), x[:, 1:]], dim=1
            )
        )
    model = dde.Model(data, network)
    weights = [1.0] + [WEIGHT] * len(data.bcs)

    def predict(points):
        return model.predict(points)

    quiet = {"display_every": 10**9, "verbose": 0}
    model.compile("adam", lr=1e-3, loss_weights=weights, verbose=0)
    model.train(iterations=1, **quiet)  # the one step that pays for what is set up once
    course.start()
    model.train(
        iterations=10**7, callbacks=[_Watch(course, predict, ADAM_SHARE * course.limit)], **quiet
    )
    dde.optimizers.set_LBFGS_options(ftol=0, gtol=0, maxiter=10**7)
    dde.optimizers.config.LBFGS_options["iter_per_step"] = ITERATIONS
    dde.optimizers.config.LBFGS_options["fun_per_step"] = ITERATIONS * 5 // 4
    model.compile("L-BFGS", loss_weights=weights, verbose=0)
    model.train(callbacks=[_Watch(course, predict, course.limit)], **quiet)
    course.finish(predict)
