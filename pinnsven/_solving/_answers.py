"""Networks that cannot answer: refused before the first step, with the reason.

A derivative that is zero wherever it is looked at (the second one of a piecewise linear network) meets
an equation by being absent, and a residual that no parameter moves will never be met.
"""

import dataclasses
from collections.abc import Callable

import jax
import numpy as np

from .._basics._messages import listing
from .._calculus._names import Derivative, Gradient, Laplacian, NormalDerivative
from .._networks import MLP, Ansatz, FourierMLP, Identity, SineMLP
from ._residual import ResidualSystem

LOOKED_AT = 64  # points of each condition
DISTURBANCE = 0.1  # of the parameters, so that a start of zeros says nothing
MOST_RESIDUAL = 1e4  # of which a difference along parameters can be told from rounding
MET = 1e-9  # of its terms, below which a residual is rounding, or good enough whatever moves it
ALL = 0.999  # of readings
SILENT = 0.05  # of a condition's residuals that may not depend on any parameter


def check_derivatives(system: ResidualSystem, network, theta, batches, compiled) -> None:
    """`ValueError` where a derivative that a condition asks for is zero everywhere for this network.

    pinnsven's own networks with an activation of its own are smooth, and not looked at.

    - `compiled`: makes a compiled function of a name, a function and its arguments.
    """
    plain = network.network if isinstance(network, Ansatz) else network
    own = isinstance(plain, (MLP, FourierMLP, SineMLP))
    if own and isinstance(getattr(plain, "activation", ""), str):
        return
    kinds = (Derivative, Gradient, Laplacian, NormalDerivative)
    wanted = [
        {name for name, q in block.plan.quantities.items() if isinstance(q, kinds)}
        for block in system.blocks
    ]
    if not any(wanted):
        return
    places = [(b.points[:LOOKED_AT], b.normals[:LOOKED_AT]) for b in batches]

    def largest(s, t, given):
        model, unknowns = s.unpack(t)
        # A distance that is built in has derivatives of its own, which hide that the network has none.
        model = dataclasses.replace(model, built_in=Identity())
        found = []
        for block, names, (points, normals) in zip(s.blocks, wanted, given, strict=True):

            def at(point, normal, block=block, names=names):
                values = block.plan.evaluate(model, point, normal, unknowns)
                return {name: values[name] for name in names}

            values = jax.vmap(at)(points, normals)
            found.append({name: abs(value).max() for name, value in values.items()})
        return found

    noise = DISTURBANCE * np.random.default_rng(0).standard_normal(theta.size)
    moved = theta + noise.astype(theta.dtype)
    found = compiled("derivatives", largest, system, moved, places)(system, moved, places)
    for block, sizes in zip(system.blocks, found, strict=True):
        dead = sorted(name for name, size in sizes.items() if float(size) == 0)
        if dead:
            raise ValueError(
                f"condition {block.name!r} asks for {listing(dead)}, which is zero everywhere for "
                "this network: it is piecewise linear (relu and its like), constant, or takes no "
                "notice of a coordinate. Use a smooth activation, such as tanh, and all inputs."
            )


def check_response(
    system: ResidualSystem,
    silent: list[np.ndarray],
    rows: list[np.ndarray],
    terms: Callable[[], list[np.ndarray]],
) -> None:
    """`ValueError` where residuals that are not zero depend on no parameter.

    - `silent`: by block, which residuals no parameter has moved, (n, components).
    - `rows`: the residuals, likewise.
    - `terms`: the sizes of the terms that they are the sum of, likewise.
    """
    for number, (block, still, residual) in enumerate(zip(system.blocks, silent, rows, strict=True)):
        # Of a residual that is larger than this the moves of its parameters are lost in rounding.
        stuck = still & (residual != 0) & (np.abs(residual) < MOST_RESIDUAL)
        # A reading where a value is built in is not met, and does no harm beside others.
        most = ALL if block.is_measured else SILENT
        if np.mean(np.any(stuck, axis=1)) <= most:
            continue
        stuck &= np.abs(residual) > MET * terms()[number]
        share = np.mean(np.any(stuck, axis=1))
        if share > most:
            look = "Look for a network or an ansatz that is constant there."
            if block.finer:
                look = (
                    "It integrates: where its integrand is zero but in a narrow part, all nodes of the "
                    "rule may miss that. Give more nodes=, or a smooth weight of the same width."
                )
            raise ValueError(
                f"condition {block.name!r} has residuals that depend on no parameter of the network "
                f"and on no unknown, and are not zero ({share:.0%} of its points): they can never be "
                f"met. {look}"
            )
